"""Letters as texts: the best language, own templates of operator and tenant, and nothing that they could do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import coterie
from coterie.mail.letters import Letter
from coterie.mail.render import Renderer

LINK = "https://shop.example.com/password-reset?token=t0ken"
VALUES = {
    "tenant": "acme",
    "email": "jane@example.com",
    "shop": "shop.example.com",
    "link": LINK,
    "token": "t0ken",
}
LETTER = Letter("password-reset", "jane@example.com", ("en",), {**VALUES, "hours": "", "minutes": "60"})
BUILT_IN = Path(coterie.__file__).parent / "mail" / "templates"
KINDS = sorted({file.name.split(".")[0] for file in BUILT_IN.glob("*.txt")})


def text(letter: Letter = LETTER, own: Any = None, folder: str = "", tenant: str = "acme") -> Any:
    return Renderer(folder).text(letter, tenant, own)


@pytest.mark.parametrize(
    ("languages", "subject"),
    [
        (("en",), "Set a new password"),
        (("de_DE",), "Neues Passwort setzen"),
        (("DE-at", "en"), "Neues Passwort setzen"),
        (("fr", "de"), "Neues Passwort setzen"),
        (("fr",), "Set a new password"),
        ((), "Set a new password"),
        (("../../etc/passwd", ""), "Set a new password"),
    ],
)
def test_the_best_language_that_there_is(languages: tuple[str, ...], subject: str) -> None:
    assert text(replace(LETTER, languages=languages)).subject == subject


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_there_in_the_same_languages(kind: str) -> None:
    assert {file.name for file in BUILT_IN.glob(f"{kind}.*")} == {f"{kind}.en.txt", f"{kind}.de.txt"}
    for language in ("en", "de"):
        for values in (LETTER.values, {**LETTER.values, "link": "", "shop": "", "hours": "48"}):
            letter = Letter(kind, "jane@example.com", (language,), {**values, "date": "2027-01-31"})
            made = text(letter)
            assert made.subject
            assert "{" not in made.plain + made.html
            assert "jane@example.com" in made.plain
            if kind != "sign-in-reminder":
                assert ("t0ken" if not values["link"] else LINK) in made.plain.splitlines()


def test_html_links_and_escapes() -> None:
    made = text(replace(LETTER, values={**LETTER.values, "shop": "<b>shop</b>"}))
    assert f'<a href="{LINK}">{LINK}</a>' in made.html
    assert "&lt;b&gt;shop&lt;/b&gt;" in made.html
    assert "<b>shop</b>" in made.plain


def test_the_operators_templates_come_first_and_the_tenants_folder_before_them(tmp_path: Path) -> None:
    (tmp_path / "password-reset.en.txt").write_text("Ours\nHello {{ email }}")
    (tmp_path / "globex").mkdir()
    (tmp_path / "globex" / "password-reset.en.txt").write_text("Theirs\nHi")
    (tmp_path / "globex" / "password-reset.en.html").write_text("<i>{{ link }}</i>")
    ours = text(folder=str(tmp_path))
    assert (ours.subject, ours.plain) == ("Ours", "Hello jane@example.com\n")
    theirs = text(folder=str(tmp_path), tenant="globex")
    assert (theirs.subject, theirs.html) == ("Theirs", f"<i>{LINK}</i>")
    # What the folder lacks is built in.
    assert text(replace(LETTER, languages=("de",)), folder=str(tmp_path)).subject == "Neues Passwort setzen"


@pytest.mark.parametrize("broken", ["Subject\n{{ unknown }}", "Subject\n{% if %}", "{{ email.x.y }}"])
def test_a_broken_template_is_passed_over(tmp_path: Path, broken: str) -> None:
    (tmp_path / "password-reset.en.txt").write_text(broken)
    assert text(folder=str(tmp_path)).subject == "Set a new password"


def own(**template: Any) -> Any:
    return {"password-reset": {"en": {"subject": "S {{ shop }}", "text": "T {{ link }}", **template}}}


def test_the_tenant_writes_its_own() -> None:
    made = text(own=own())
    assert (made.subject, made.plain) == ("S shop.example.com", f"T {LINK}")
    assert made.html == f"<p>T {LINK}</p>"
    assert text(own=own(html="<b>{{ link }}</b>")).html == f"<b>{LINK}</b>"
    letter = replace(LETTER, values={**LETTER.values, "link": "<x>"})
    assert text(letter, own(html="<b>{{ link }}</b>")).html == "<b>&lt;x&gt;</b>"


@pytest.mark.parametrize(
    "broken",
    [
        {"text": "{{ ''.__class__ }}"},
        {"text": "{{ link.__class__ }}"},
        {"text": "{{ link|length }}"},
        {"text": "{{ range(10) }}"},
        {"text": "{% for x in link %}x{% endfor %}"},
        {"text": "{% set x = 1 %}"},
        {"text": "{% include 'layout.html' %}"},
        {"text": "{{ unknown }}"},
        {"text": "{{ 1 * 2 }}"},
        {"text": 1},
        {"subject": None},
        {"html": "{{ link() }}"},
    ],
)
def test_a_tenants_template_fills_in_values_and_does_nothing_else(broken: dict[str, Any]) -> None:
    assert text(own=own(**broken)).subject == "Set a new password"


@pytest.mark.parametrize(
    "shape", [None, [], "x", {"password-reset": []}, {"password-reset": {"en": "x"}}, {"x": {}}]
)
def test_templates_of_another_shape_are_passed_over(shape: Any) -> None:
    assert text(own=shape).subject == "Set a new password"
