"""Localised texts: which languages a request asks for and may write (CONTRACT §2.6). Pure.

Localised fields are stored as maps from language tag to text. What a service makes of the headers differs:

- `Accept-Language`: services that answer maps send `filter_map`, services that answer text send `localized`.
- `Content-Language`: what a body may hold is checked by `check_map`; `to_map` gives what is stored.

Tags are compared without regard to case. `de-AT` is served by `de` and `de` by `de-AT`, as RFC 4647 has it.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from coterie.kit.errors import Problem

ACCEPT_LANGUAGE = "Accept-Language"
CONTENT_LANGUAGE = "Content-Language"

MAX_ELEMENTS = 100
"""How many languages one header may name: each is compared with each text of an answer."""

_RANGE = re.compile(r"\*|[a-z]{1,8}(-[a-z0-9]{1,8})*", re.ASCII | re.IGNORECASE)
_WEIGHT = re.compile(r"[ \t]*q=(0(\.[0-9]{0,3})?|1(\.0{0,3})?)", re.ASCII | re.IGNORECASE)


class LanguageError(ValueError):
    """A language header that can't be honoured. `header` names it, `message` is the detail for the client.

    `malformed` tells a header that breaks its grammar from one that asks for languages the tenant lacks.
    """

    def __init__(self, header: str, message: str, *, malformed: bool = False) -> None:
        super().__init__(message)
        self.header = header
        self.message = message
        self.malformed = malformed


@dataclass(frozen=True)
class Languages:
    """The languages of a tenant or site, as its maps spell them. `default` must be one of them."""

    supported: tuple[str, ...]
    default: str

    def __post_init__(self) -> None:
        if self.default not in self.supported:
            raise ValueError(f"the default language {self.default!r} is not among {self.supported}")

    def find(self, tag: str) -> str | None:
        """The supported language with this tag, in its own spelling."""
        return next((own for own in self.supported if own.lower() == tag.lower()), None)


@dataclass(frozen=True)
class Accept:
    """What `Accept-Language` asks for: ranges by falling preference, and those it rules out (`q=0`).

    Without the header both are empty. A service whose answer is then the whole map parses `header or "*"`.
    """

    ranges: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()

    @property
    def absent(self) -> bool:
        """Nothing is asked for."""
        return not self.ranges and not self.excluded

    @property
    def translations(self) -> bool:
        """All translations are wanted (`*` comes first), so that the answer is a map and not a text."""
        return self.ranges[:1] == ("*",)


@dataclass(frozen=True)
class Content:
    """What `Content-Language` says of a body: which languages its maps may hold, and that of plain texts."""

    allowed: tuple[str, ...]
    text: str


@lru_cache(maxsize=256)  # browsers send few
def parse_accept(header: str | None) -> Accept:
    """`Accept-Language` by RFC 9110 §12.5.4. Raises `LanguageError` when malformed.

    Whether the tenant has the languages is `check_accept`'s question, which some services don't ask.
    """
    weighted: list[tuple[float, str]] = []
    for element in _elements(header, ACCEPT_LANGUAGE):
        tag, semicolon, weight = element.strip(" \t").partition(";")
        tag = tag.rstrip(" \t")
        if not tag and not semicolon:
            continue  # RFC 9110 §5.6.1: empty elements of a list are ignored
        quality = _WEIGHT.fullmatch(weight) if semicolon else None
        if not _RANGE.fullmatch(tag) or (semicolon and not quality):
            raise _malformed(ACCEPT_LANGUAGE, element)
        weighted.append((float(quality[1]) if quality else 1.0, tag))
    weighted.sort(key=lambda pair: -pair[0])
    ranges = tuple(dict.fromkeys(tag for quality, tag in weighted if quality))
    excluded = frozenset(tag.lower() for quality, tag in weighted if not quality)
    return Accept(ranges, excluded)


def parse_content(header: str | None, languages: Languages) -> Content:
    """`Content-Language` of a request body. Raises `LanguageError` when malformed or not supported.

    Absent or `*`: all of the tenant's languages, plain texts in the default one. Otherwise only those named,
    plain texts in the first.
    """
    named: list[str] = []
    for element in _elements(header, CONTENT_LANGUAGE):
        tag = element.strip(" \t")
        if tag and not _RANGE.fullmatch(tag):
            raise _malformed(CONTENT_LANGUAGE, element)
        if tag:
            named.append(tag)
    if not named or "*" in named:
        return Content(languages.supported, languages.default)
    unknown = [tag for tag in named if languages.find(tag) is None]
    if unknown:
        raise LanguageError(CONTENT_LANGUAGE, _unsupported(unknown))
    allowed = tuple(dict.fromkeys(own for tag in named if (own := languages.find(tag))))
    return Content(allowed, allowed[0])


def check_accept(accept: Accept, languages: Languages) -> None:
    """Raises `LanguageError` when none of the languages asked for is one of the tenant's.

    One match is enough: browsers send lists of everything that their user reads.
    """
    if accept.ranges and not any(_served(wanted, languages.supported) for wanted in accept.ranges):
        raise LanguageError(ACCEPT_LANGUAGE, _unsupported(accept.ranges))


def choose(accept: Accept, available: Collection[str], default: str) -> str | None:
    """The available language that suits best; where none does, the default, or the first that is available.

    None only when nothing is available. A range is tried as it is, then as a prefix (`de` for `de-AT`), then
    cut short from its end (`de-AT` for `de`), before the next range's turn.
    """
    candidates = [tag for tag in available if not _excludes(accept, tag)]
    for wanted in accept.ranges:
        if wanted == "*":
            break
        if found := _served(wanted, candidates):
            return found
    last = candidates or available
    return default if default in last else next(iter(last), None)


def filter_map(texts: Mapping[str, str], accept: Accept) -> dict[str, str]:
    """The texts in the languages asked for, in their order; all of them without the header or with `*`."""
    whole = not accept.ranges or "*" in accept.ranges
    return {
        tag: text
        for tag, text in texts.items()
        if (whole or any(_serves(tag, wanted) for wanted in accept.ranges)) and not _excludes(accept, tag)
    }


def localized(
    value: Mapping[str, str] | str | None, accept: Accept, languages: Languages
) -> dict[str, str] | str | None:
    """A field of a service that answers text: the best match, the map for `*`, None where nothing is."""
    if value is None or isinstance(value, str):
        return value
    if accept.translations:
        return filter_map(value, accept)
    chosen = choose(accept, value, languages.default)
    return None if chosen is None else value[chosen]


def check_map(value: object, content: Content, languages: Languages, field: str) -> list[Problem]:
    """What is wrong with a localised value of a request: a text, or a map of texts in allowed languages."""
    if isinstance(value, str):
        return []
    if not isinstance(value, dict):
        return [Problem.violation(field, "must be a text or an object from language to text")]
    problems = [
        Problem.violation(f"{field}.{tag}", "must be a text")
        for tag, text in value.items()
        if not isinstance(text, str)
    ]
    unknown = [tag for tag in value if tag not in languages.supported]
    if unknown:
        problems.append(Problem.violation(field, _unsupported(unknown)))
    unnamed = [tag for tag in value if tag in languages.supported and tag not in content.allowed]
    if unnamed:
        text = f"Following languages are not named in the {CONTENT_LANGUAGE} header: {_quoted(unnamed)}"
        problems.append(Problem.violation(field, text))
    return problems


def to_map(value: Mapping[str, str] | str, content: Content) -> dict[str, str]:
    """A localised value that `check_map` found right, as the map that is stored."""
    return {content.text: value} if isinstance(value, str) else dict(value)


def _elements(header: str | None, name: str) -> list[str]:
    elements = (header or "").split(",")
    if len(elements) > MAX_ELEMENTS:
        raise LanguageError(name, f"{name} names more than {MAX_ELEMENTS} languages", malformed=True)
    return elements


def _serves(tag: str, wanted: str) -> bool:
    """Whether a text in `tag` answers the range: one is the other, or its beginning up to a hyphen."""
    tag, wanted = tag.lower(), wanted.lower()
    return tag == wanted or tag.startswith(wanted + "-") or wanted.startswith(tag + "-")


def _served(wanted: str, available: Iterable[str]) -> str | None:
    """The available language that answers the range best: itself, a longer one, the longest shorter one."""
    fitting = [tag for tag in available if wanted == "*" or _serves(tag, wanted)]
    exact = (tag for tag in fitting if tag.lower() == wanted.lower())
    longer = (tag for tag in fitting if len(tag) > len(wanted))
    return next(exact, None) or next(longer, None) or max(fitting, key=len, default=None)


def _excludes(accept: Accept, tag: str) -> bool:
    """Whether `q=0` rules a language out: by its tag or a beginning of it, or by `*` unless asked for."""
    if not accept.excluded:
        return False
    if any(tag.lower() == other or tag.lower().startswith(other + "-") for other in accept.excluded - {"*"}):
        return not any(tag.lower() == wanted.lower() for wanted in accept.ranges)
    return "*" in accept.excluded and not any(_serves(tag, wanted) for wanted in accept.ranges)


def _unsupported(tags: Iterable[str]) -> str:
    return f"Following languages are not supported: {_quoted(tags)}"


def _quoted(tags: Iterable[str]) -> str:
    return ", ".join(f"'{tag[:35]}'" for tag in islice(tags, 10))


def _malformed(header: str, element: str) -> LanguageError:
    text = f"{header} holds {element.strip()[:35]!r}, which is not a language tag such as de or de-AT"
    return LanguageError(header, text, malformed=True)
