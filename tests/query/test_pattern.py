"""Patterns of `~`: what is refused, and that both engines and Python's own `re` find the same."""

import re
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from coterie.query.json_match import JsonTest
from coterie.query.pattern import MAX_LENGTH, PatternError, literal, render
from coterie.query.sql import json_matches, regexp

SHARED = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.parametrize(
    ("pattern", "problem", "offset"),
    [
        ("", "expected a pattern", 0),
        ("*a", "'*' has nothing to repeat", 0),
        ("a|+b", "'+' has nothing to repeat", 2),
        ("a*?", "a quantifier cannot be repeated", 2),
        ("a{2}{2}", "a quantifier cannot be repeated", 4),
        ("^*", "'^' cannot be repeated", 1),
        ("a||b", "'|' needs something on both sides", 2),
        ("a|", "expected a pattern", 2),
        ("(a)", "groups are not supported", 0),
        ("[a", "'[' is not closed by ']'", 0),
        ("[z-a]", "the range is not in order", 4),
        ("[a-", "a range needs an end", 3),
        ("[\\D]", "a negated escape cannot stand in a class", 3),
        ("\\", "'\\' needs a character after it", 1),
        ("\\b", "the escape '\\b' is not supported", 0),
        ("\\1", "the escape '\\1' is not supported", 0),
        ("a{2,1}", "a repetition counts from low to high, at most 100", 6),
        ("a{101}", "a repetition counts from low to high, at most 100", 6),
        ("{2}", "'{' has nothing to repeat", 0),
        ("[\u0100-\uffff]", "a class lists at most 1000 characters", 4),
        ("a{100}" * 10, "repetitions add up to more than 1000", 54),
        ("a" * (MAX_LENGTH + 1), f"a pattern has at most {MAX_LENGTH} characters", MAX_LENGTH),
    ],
)
def test_refuses(pattern: str, problem: str, offset: int) -> None:
    with pytest.raises(PatternError) as caught:
        render(pattern)
    assert problem in str(caught.value)
    assert caught.value.offset == offset


# Pieces as pairs: the pattern, and what it means to Python's `re` with ASCII classes, case ignored.
_LITERALS = st.sampled_from(list("aAbBzZ019_- .,:;!?#%&/'=@`<>^$|*+?{}[]\\~\n\t"))
_ESCAPED = _LITERALS.map(lambda c: re.escape(c) if c.strip() else c)
_CLASS_ITEMS = st.one_of(
    _LITERALS.map(lambda c: c if c.isalnum() or not c.strip() else "\\" + c),
    st.sampled_from(["a-f", "0-5", "Y-b", "\\d", "\\w", "\\s", "+-9"]),
)
_CLASSES = st.builds(
    lambda negated, items: f"[{negated}{''.join(items)}]",
    st.sampled_from(["", "^"]),
    st.lists(_CLASS_ITEMS, min_size=1, max_size=4),
)
_ATOMS = st.one_of(
    _ESCAPED, _CLASSES, st.sampled_from([".", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\t"])
)
_PIECES = st.builds(
    str.__add__, _ATOMS, st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,}", "{0,2}", "{0}"])
)
_BRANCHES = st.lists(st.one_of(_PIECES, st.sampled_from(["^", "$"])), min_size=1, max_size=5).map(tuple)
_PATTERNS = st.lists(_BRANCHES, min_size=1, max_size=3)


@SHARED
@given(_PATTERNS, st.lists(st.text(_LITERALS, max_size=8), min_size=1, max_size=8))
@example([("a", "$")], ["a\n", "a"])
@example([("$", "a")], ["a"])
@example([("\\.", ".")], [".\n"])
def test_both_engines_find_what_python_finds(
    both: Any, pieces: list[tuple[str, ...]], texts: list[str]
) -> None:
    pattern = "|".join("".join(branch) for branch in pieces)
    # Python's `$` also matches before a final newline.
    python = "|".join("".join("\\Z" if piece == "$" else piece for piece in branch) for branch in pieces)
    wanted = re.compile(python, re.IGNORECASE | re.ASCII | re.DOTALL)
    both.fill([{"id": f"{i:03}", "code": text, "document": {"t": text}} for i, text in enumerate(texts)])
    expected = [f"{i:03}" for i, text in enumerate(texts) if wanted.search(text)]
    rendered = render(pattern)
    assert both.ids(regexp(both.items.c.code, rendered)) == expected
    assert both.ids(json_matches(both.items.c.document, JsonTest(("t",), pattern=rendered))) == expected


_LETTERS = st.sampled_from(list("kK\u212asSſßẞiIıİσςΣéÉǆǅǄǰÿŸµμ中😀\u0301"))


@SHARED
@given(
    st.text(_LETTERS, min_size=1, max_size=4), st.lists(st.text(_LETTERS, max_size=6), min_size=1, max_size=8)
)
def test_case_outside_ascii_is_the_same_on_both_engines(both: Any, pattern: str, texts: list[str]) -> None:
    both.fill([{"id": f"{i:03}", "code": text, "document": {}} for i, text in enumerate(texts)])
    for source in (pattern, f"[{pattern}]$", f"[^{pattern}]"):
        both.ids(regexp(both.items.c.code, render(source)))


@given(st.text())
def test_any_text_is_rendered_or_refused(pattern: str) -> None:
    error = refusal(pattern)
    assert error is None or 0 <= error.offset <= len(pattern)


def refusal(pattern: str) -> PatternError | None:
    try:
        assert render(pattern)
    except PatternError as error:
        return error
    return None


@pytest.mark.parametrize(
    "pattern", ["a*" * 90 + "b", "a?" * 90 + "a" * 20, "[ab]*a" + "[ab]{90}" * 9 + "c", ".*" * 90 + "x"]
)
def test_no_pattern_hangs(both: Any, pattern: str) -> None:
    both.fill([{"id": "a", "code": "ab" * 5000, "document": {"t": "ab" * 5000}}])
    started = process_time()
    both.ids(regexp(both.items.c.code, render(pattern)))
    both.ids(json_matches(both.items.c.document, JsonTest(("t",), pattern=render(pattern))))
    assert process_time() - started < 10


@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
)
@example(text="a.*(b)[c]^$|\\d{2}")
def test_a_literal_finds_itself_and_only_itself(text: str) -> None:
    assert re.fullmatch(literal(text), text)
    assert not re.fullmatch(literal(text), text + "x")


def test_a_literal_is_found_in_either_case() -> None:
    assert re.search(literal("shoe"), "Red SHOES")


def test_a_literal_has_a_limit() -> None:
    literal("a" * MAX_LENGTH)
    with pytest.raises(PatternError):
        literal("a" * (MAX_LENGTH + 1))
