"""Language headers and localised values."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.kit.errors import Problem
from coterie.kit.language import (
    MAX_ELEMENTS,
    Accept,
    Content,
    LanguageError,
    Languages,
    check_accept,
    check_map,
    choose,
    filter_map,
    localized,
    parse_accept,
    parse_content,
    to_map,
)

TENANT = Languages(("en", "de", "fr-CH"), "en")
NAME = {"en": "Red", "de": "Rot", "fr-CH": "Rouge"}

TAGS = st.sampled_from(["en", "de", "de-AT", "DE-at", "fr", "fr-CH", "zh-Hant-TW", "zh-Hant", "zh", "ru"])
WEIGHTS = st.sampled_from(["", ";q=1", ";q=0.9", "; q=0.5", " ;Q=0.001", ";q=0", ";q=0."])
HEADERS = st.lists(st.tuples(TAGS | st.just("*"), WEIGHTS).map("".join), max_size=6).map(", ".join)
MAPS = st.dictionaries(TAGS, st.text(max_size=3), max_size=6)


@pytest.mark.parametrize(
    ("header", "ranges", "excluded"),
    [
        (None, (), set()),
        ("", (), set()),
        (" , ,", (), set()),
        ("de", ("de",), set()),
        ("fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5", ("fr-CH", "fr", "en", "*"), set()),
        ("en;q=0.2,de;q=0.8", ("de", "en"), set()),
        ("en;q=0.5,de;q=0.5,fr", ("fr", "en", "de"), set()),
        ("en ; Q=1.000 ,\tde", ("en", "de"), set()),
        ("de, EN;q=0", ("de",), {"en"}),
        ("de, *;q=0.0", ("de",), {"*"}),
        ("de, de;q=0.5", ("de",), set()),
    ],
)
def test_accept_language_is_read_by_preference(
    header: str | None, ranges: tuple[str, ...], excluded: set[str]
) -> None:
    assert parse_accept(header) == Accept(ranges, frozenset(excluded))


@pytest.mark.parametrize(
    "header",
    [
        *("de_AT", "d e", "123", "ä", "de-", "-de", "abcdefghi", "de-abcdefghi", "**", "de\n"),
        *("de;", "de;q", "de;q=2", "de;q=1.5", "de;q=0.1234", "de;q=-1", "de;q=٠", "de;level=1", ";q=1"),
        *("en;q=1;q=1", "en," * (MAX_ELEMENTS + 1)),
    ],
)
def test_a_malformed_accept_language_is_refused(header: str) -> None:
    with pytest.raises(LanguageError, match="Accept-Language") as caught:
        parse_accept(header)
    assert caught.value.malformed
    assert caught.value.header == "Accept-Language"


@pytest.mark.parametrize(
    ("header", "available", "chosen"),
    [
        ("fr-CH, fr;q=0.9, en;q=0.8", ["en", "fr"], "fr"),
        ("fr-CH, fr;q=0.9, en;q=0.8", ["en", "de"], "en"),
        ("fr-CH, fr;q=0.9, en;q=0.8", ["en", "fr", "fr-CH"], "fr-CH"),
        ("de-AT", ["en", "de"], "de"),
        ("de", ["en", "de-AT"], "de-AT"),
        ("DE", ["en", "de"], "de"),
        ("de", ["de-AT", "de"], "de"),
        ("zh-Hant-TW", ["zh", "zh-Hant"], "zh-Hant"),
        ("de", ["en", "den"], "en"),
        ("ru", ["de", "en"], "en"),
        ("ru", ["de", "fr"], "de"),
        ("*", ["de", "en"], "en"),
        ("ru, *;q=0.5, de;q=0.1", ["de", "en"], "en"),
        ("*, en;q=0", ["en", "de"], "de"),
        ("de-AT, de;q=0", ["de", "en"], "en"),
        ("de-AT, de;q=0", ["de-AT", "en"], "de-AT"),
        ("de, *;q=0", ["en", "de"], "de"),
        ("ru, *;q=0", ["de", "en"], "en"),
        (None, ["de", "en"], "en"),
        (None, ["de"], "de"),
        ("de", [], None),
    ],
)
def test_the_best_match(header: str | None, available: list[str], chosen: str | None) -> None:
    assert choose(parse_accept(header), available, "en") == chosen


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (None, "en de fr-CH"),
        ("*", "en de fr-CH"),
        ("de, *;q=0.1", "en de fr-CH"),
        ("*, de;q=0", "en fr-CH"),
        ("de;q=0", "en fr-CH"),
        ("de", "de"),
        ("de-AT", "de"),
        ("fr, en;q=0.5", "en fr-CH"),
        ("ru, en", "en"),
        ("ru", ""),
    ],
)
def test_maps_hold_the_languages_asked_for(header: str | None, tags: str) -> None:
    assert list(filter_map(NAME, parse_accept(header))) == tags.split()


@pytest.mark.parametrize(
    ("header", "value", "answer"),
    [
        (None, NAME, "Red"),
        ("de-AT, en;q=0.1", NAME, "Rot"),
        ("fr", {"en": "Red"}, "Red"),
        ("fr", {"de": "Rot"}, "Rot"),
        ("*", NAME, NAME),
        ("*, de;q=0", NAME, {"en": "Red", "fr-CH": "Rouge"}),
        ("de, *;q=0.5", NAME, "Rot"),
        ("de", "plain", "plain"),
        ("de", None, None),
        ("de", {}, None),
        ("*", {}, {}),
    ],
)
def test_localised_fields(header: str | None, value: Any, answer: Any) -> None:
    assert localized(value, parse_accept(header), TENANT) == answer


def test_languages_that_the_tenant_lacks() -> None:
    for fine in (None, "*", "de", "DE-at", "fr", "ru, en;q=0.1", "ru, *;q=0.1", "ru;q=0"):
        check_accept(parse_accept(fine), TENANT)
    with pytest.raises(LanguageError) as caught:
        check_accept(parse_accept("ru"), TENANT)
    assert caught.value.message == "Following languages are not supported: 'ru'"
    assert (caught.value.header, caught.value.malformed) == ("Accept-Language", False)
    with pytest.raises(LanguageError, match="not supported: 'it', 'ru-RU'"):
        check_accept(parse_accept("ru-RU;q=0.1, it"), TENANT)


@pytest.mark.parametrize(
    ("header", "allowed", "text"),
    [
        (None, ("en", "de", "fr-CH"), "en"),
        ("", ("en", "de", "fr-CH"), "en"),
        ("*", ("en", "de", "fr-CH"), "en"),
        ("de", ("de",), "de"),
        ("DE", ("de",), "de"),
        ("fr-ch, de , DE", ("fr-CH", "de"), "fr-CH"),
    ],
)
def test_content_language(header: str | None, allowed: tuple[str, ...], text: str) -> None:
    assert parse_content(header, TENANT) == Content(allowed, text)


def test_content_language_must_be_supported_and_well_formed() -> None:
    with pytest.raises(LanguageError) as caught:
        parse_content("de, ru, it", TENANT)
    assert caught.value.message == "Following languages are not supported: 'ru', 'it'"
    assert (caught.value.header, caught.value.malformed) == ("Content-Language", False)
    for header in ("de-AT", "fr"):  # a body is written under one of the tenant's own tags
        with pytest.raises(LanguageError, match="not supported"):
            parse_content(header, TENANT)
    for header in ("de_AT", "de;q=1", "d e", "de," * (MAX_ELEMENTS + 1)):
        with pytest.raises(LanguageError) as caught:
            parse_content(header, TENANT)
        assert caught.value.malformed


@pytest.mark.parametrize(
    ("header", "value", "problems"),
    [
        (None, "Red", []),
        (None, NAME, []),
        (None, {}, []),
        ("de", {"de": "Rot"}, []),
        (None, {"ru": "x", "de": "y", "EN": "z"}, [("name", "languages are not supported: 'ru', 'EN'")]),
        ("de", {"de": "Rot", "en": "Red"}, [("name", "not named in the Content-Language header: 'en'")]),
        (None, {"de": 5, "en": None}, [("name.de", "must be a text"), ("name.en", "must be a text")]),
        (None, None, [("name", "must be a text or an object")]),
        (None, ["Red"], [("name", "must be a text or an object")]),
        (None, 5, [("name", "must be a text or an object")]),
    ],
)
def test_what_a_body_may_hold(header: str | None, value: Any, problems: list[tuple[str, str]]) -> None:
    found = check_map(value, parse_content(header, TENANT), TENANT, "name")
    assert [problem.field for problem in found] == [field for field, _ in problems]
    for problem, (_, text) in zip(found, problems, strict=True):
        assert text in problem.message
        assert problem == Problem(problem.field, "validation_violation", problem.message)


def test_a_problem_does_not_repeat_everything_that_was_sent() -> None:
    value = {f"language-{i}" * 100: "x" for i in range(1000)}
    (problem,) = check_map(value, parse_content(None, TENANT), TENANT, "name")
    assert len(problem.message) < 500


def test_the_default_must_be_supported() -> None:
    with pytest.raises(ValueError, match="default language 'pl'"):
        Languages(("en",), "pl")


@given(st.text() | HEADERS)
def test_no_header_crashes(header: str) -> None:
    for parse in (parse_accept, lambda text: parse_content(text, TENANT)):
        with suppress(LanguageError):
            parse(header)


@given(HEADERS, MAPS, TAGS)
def test_the_choice_is_available_and_among_what_was_asked_for(
    header: str, texts: dict[str, str], default: str
) -> None:
    accept = parse_accept(header)
    chosen = choose(accept, texts, default)
    assert chosen in texts if texts else chosen is None
    wanted = filter_map(texts, accept)
    if wanted:
        assert chosen in wanted


@given(HEADERS, MAPS)
def test_filtering_a_map_is_idempotent_and_only_leaves_out(header: str, texts: dict[str, str]) -> None:
    accept = parse_accept(header)
    once = filter_map(texts, accept)
    assert filter_map(once, accept) == once
    assert once.items() <= texts.items()


@given(st.text(), st.sampled_from([None, "*", "de", "fr-CH,en"]))
def test_a_text_is_read_back_in_the_language_it_was_written_in(text: str, header: str | None) -> None:
    content = parse_content(header, TENANT)
    assert check_map(text, content, TENANT, "name") == []
    stored = to_map(text, content)
    assert check_map(stored, content, TENANT, "name") == []
    assert localized(stored, parse_accept(content.text), TENANT) == text
    assert to_map(stored, content) == stored
