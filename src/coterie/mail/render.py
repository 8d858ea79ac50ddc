"""From a letter to a message: its template in the best language, as text and as HTML.

A template is a file `KIND.LANGUAGE.txt` whose first line is the subject; `KIND.LANGUAGE.html` is its HTML, for which
`layout.html` is used where there is none. The folder of the setting `mail_templates` comes before the built-in ones,
and in it the subfolder of the tenant. What the tenant sets as `emailTemplates` comes first of all; it may only fill
in values, since a tenant must not run code here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import structlog
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    nodes,
    select_autoescape,
)

from coterie.mail.letters import Letter

log = structlog.get_logger("coterie.mail")
_BUILT_IN = Path(__file__).parent / "templates"
_LAST = "en"


class Unsendable(Exception):
    """A letter that no try will get to its address."""


@dataclass(frozen=True)
class Text:
    """What a letter says: one line of subject, and its body twice."""

    subject: str
    plain: str
    html: str


class Renderer:
    """Renders letters. folder: the operator's own templates, or empty."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._built_in = _environment([_BUILT_IN])
        self._own: dict[str, Environment] = {}

    def text(self, letter: Letter, tenant: str, own: Any) -> Text:
        """The letter's text; `own` is the tenant's `emailTemplates`. One that is broken is passed over, and logged."""
        attempts: list[Callable[[], Text | None]] = [lambda: _set_by_tenant(own, letter)]
        if self._folder:
            attempts.append(lambda: _from_files(self._of_tenant(tenant), letter))
        for attempt in attempts:
            try:
                found = attempt()
            except TemplateError as error:
                log.warning("a mail template is broken", tenant=tenant, kind=letter.kind, error=str(error))
                continue
            if found is not None:
                return found
        built_in = _from_files(self._built_in, letter)
        assert built_in is not None, letter.kind
        return built_in

    def _of_tenant(self, tenant: str) -> Environment:
        if tenant not in self._own:
            self._own[tenant] = _environment([Path(self._folder) / tenant, Path(self._folder), _BUILT_IN])
        return self._own[tenant]


def message(text: Text, sender: str, to: str, id: str) -> EmailMessage:
    """The message, with an id of ours by which its receivers tell a repetition. Raises Unsendable."""
    made = EmailMessage(policy=SMTP)
    try:
        made["From"], made["To"] = Address(addr_spec=sender), Address(addr_spec=to)
    except (ValueError, IndexError, MessageError) as error:
        raise Unsendable(f"it has no address that mail takes: {error}") from None
    made["Subject"] = " ".join(text.subject.split())
    made["Message-ID"] = f"<{id}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text.plain)
    made.add_alternative(text.html, subtype="html")
    return made


def languages(letter: Letter) -> Iterator[str]:
    """The languages to look for, best first: `de-AT`, then `de`, for each asked for; in the end English."""
    for tag in (*letter.languages, _LAST):
        parts = tag.replace("_", "-").lower().split("-")
        yield "-".join(parts)
        yield parts[0]


def _environment(folders: list[Path]) -> Environment:
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=select_autoescape(["html"], default_for_string=False),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


def _from_files(environment: Environment, letter: Letter) -> Text | None:
    for language in languages(letter):
        name = f"{letter.kind}.{language}"
        try:
            template = environment.get_template(f"{name}.txt")
        except TemplateNotFound:
            continue
        subject, _, plain = template.render(letter.values).partition("\n")
        plain = plain.strip("\n") + "\n"
        html = environment.select_template([f"{name}.html", "layout.html"])
        paragraphs = [part.split("\n") for part in plain.strip().split("\n\n")]
        shown = {"language": language, "subject": subject, "paragraphs": paragraphs}
        return Text(subject, plain, html.render({**letter.values, **shown}))
    return None


def _set_by_tenant(own: Any, letter: Letter) -> Text | None:
    """What the tenant has set for this kind, if it is of the right shape."""
    by_language = own.get(letter.kind) if isinstance(own, Mapping) else None
    if not isinstance(by_language, Mapping):
        return None
    folded = {str(tag).replace("_", "-").lower(): each for tag, each in by_language.items()}
    for language in languages(letter):
        each = folded.get(language)
        if (
            isinstance(each, Mapping)
            and isinstance(each.get("subject"), str)
            and isinstance(each.get("text"), str)
        ):
            subject, plain = _filled(each["subject"], letter), _filled(each["text"], letter)
            html = each.get("html")
            if isinstance(html, str):
                return Text(subject, plain, _filled(html, letter, html=True))
            lines = Environment(autoescape=True).from_string("<p>{{ text }}</p>").render(text=plain)
            return Text(subject, plain, lines.replace("\n", "<br>"))
    return None


def _filled(source: str, letter: Letter, *, html: bool = False) -> str:
    """`{{ name }}` replaced by its value; nothing else of the template language is allowed. Raises TemplateError."""
    environment = Environment(autoescape=html, undefined=StrictUndefined)  # noqa: S701 - text is no HTML
    for node in environment.parse(source).iter_child_nodes():
        parts = list(node.iter_child_nodes()) if isinstance(node, nodes.Output) else [node]
        if not all(isinstance(part, nodes.TemplateData | nodes.Name) for part in parts):
            raise TemplateError("a template of a tenant may hold names in braces only, such as {{ link }}")
    return environment.from_string(source).render(letter.values)
