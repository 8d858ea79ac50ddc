"""What `parse` reads, what it refuses and how it says so."""

from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coterie.query import pattern
from coterie.query.json_match import NumberBound
from coterie.query.q import (
    MAX_DEPTH,
    MAX_PATH,
    MAX_TERMS,
    MAX_TEXT,
    MAX_VALUES,
    AllOf,
    AnyOf,
    Contains,
    Node,
    OneOf,
    Present,
    QError,
    Range,
    Term,
    Value,
    parse,
    to_date,
)


@pytest.mark.parametrize(
    ("text", "problem", "position"),
    [
        ("word", "No value for key 'word'", 1),
        ("a:1 word", "No value for key 'word'", 5),
        ("name:", "No value for key 'name'", 1),
        ("name: foo", "No value for key 'name'", 1),
        ("name:(~)", "expected a pattern after '~'", 7),
        ("name:~ a", "expected a pattern after '~'", 6),
        ("name:~( )", "expected a pattern", 8),
        ("name:~( ab", "Missing closing parenthesis in value", 6),
        ("name:~", "expected a pattern after '~'", 6),
        ("name:~a(b)", "Missing closing parenthesis in value", 6),
        ('name:~a"b"', "Missing closing parenthesis in value", 6),
        ("name:(~a(b))", "Missing closing parenthesis in value", 7),
        ('name:(~a "b")', "Missing closing parenthesis in value", 7),
        ("name:(~ab", "Missing closing parenthesis in value", 7),
        ("name:~(ab", "Missing closing parenthesis in value", 6),
        ("name:~a)", "Missing closing parenthesis in value", 8),
        ('a:"b', "the quote is not closed", 3),
        ("a:", "No value for key 'a'", 1),
        ("a:()", "expected a value or a comparison", 4),
        ("a:(b", "expected ')'", 5),
        ("a:(b c)", "expected ')'", 6),
        ("a:(b,,c)", "expected a value", 6),
        ('a:(b,"c)', "the quote is not closed", 6),
        ("a:(b,>1)", "expected a value", 6),
        ('a:("b""c")', "expected ')'", 7),
        ("a:b)", "expected a term 'name:value'", 4),
        ("a:1 OR b:2", "OR stands between terms inside compoundLogicalQuery", 5),
        ("compoundLogicalQuery:((a:1)", "expected a term 'name:value' or ')'", 28),
        ("a..b:1", "'a..b' is not a path", 1),
        ("a:1 .b:1", "'.b' is not a path", 5),
        (":1", "expected a term 'name:value'", 1),
        ("a:>b", "'>' expects a number or an ISO 8601 date", 4),
        ('a:>"2026-13-01"', "'>' expects a number or an ISO 8601 date", 4),
        ("a:>1e999", "'>' expects a number or an ISO 8601 date", 4),
        ('b:1 a:(>1 AND <"2026-01-01")', "between two numbers or between two dates", 5),
        ("a:b\0", "cannot hold U+0000", 4),
        ("a:\ud800", "half of a surrogate pair", 3),
        ("a:~b**", "a quantifier cannot be repeated", 6),
        ("a:(~b c**)", "a quantifier cannot be repeated", 9),
        ("a:~[b", "'[' is not closed", 4),
        ("a:~(,)", "expected a pattern", 5),
        (f"a:~({'b,' * 100}b)", "patterns in a list have at most 200 characters together", 4),
        ("a:~(b, c**)", "a quantifier cannot be repeated", 10),
        ("a:~(b,c**)", "a quantifier cannot be repeated", 9),
        ("a:~" + "x" * (pattern.MAX_LENGTH + 1), f"at most {pattern.MAX_LENGTH} characters", 204),
        ("a" * (MAX_TEXT + 1), f"at most {MAX_TEXT} characters", MAX_TEXT + 1),
        ("a:1 " * (MAX_TERMS + 1), f"at most {MAX_TERMS} terms", 4 * MAX_TERMS + 1),
        (f"a:({'1,' * MAX_VALUES}1)", f"lists at most {MAX_VALUES} values", 1),
        (f"a:(>1{' AND >1' * MAX_VALUES})", f"lists at most {MAX_VALUES} values", 1),
        (f"a{'.a' * MAX_PATH}:1", f"at most {MAX_PATH} keys", 1),
        ("compoundLogicalQuery:" + "(" * 5000, f"at most {MAX_DEPTH} deep", 22 + MAX_DEPTH),
    ],
)
def test_refuses(text: str, problem: str, position: int) -> None:
    with pytest.raises(QError) as caught:
        parse(text)
    assert problem in str(caught.value)
    assert str(caught.value).endswith(f"(at position {position})")
    assert caught.value.position == position


def test_limits_are_inclusive() -> None:
    assert parse("a:1 " * MAX_TERMS)
    assert parse(f"a:({'1,' * (MAX_VALUES - 1)}1)")
    assert parse(f"a{'.a' * (MAX_PATH - 1)}:1")
    assert parse("compoundLogicalQuery:" + "(" * MAX_DEPTH + "a:1" + ")" * MAX_DEPTH)
    assert parse("a:~" + "x" * pattern.MAX_LENGTH)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (
            "a:urn:yaas:hybris:product:product:t;1",
            OneOf((Value("urn:yaas:hybris:product:product:t;1", False),)),
        ),
        ("a:b,c", OneOf((Value("b,c", False),))),
        ("a:in", OneOf((Value("in", False),))),
        (r'a:"say \"hi\" \\ \n"', OneOf((Value('say "hi" \\ \\n', True),))),
        ('a:"(b) OR c:d"', OneOf((Value("(b) OR c:d", True),))),
        ('a:in( "b" )', OneOf((Value("b", True),))),
        ('a:(b, "c, d",)', OneOf((Value("b", False), Value("c, d", True)))),
        ('a:("null",null)', OneOf((Value("null", True), Value("null", False)))),
        ("a:NULL", OneOf((Value("NULL", False),))),
        ("a:-5", OneOf((Value("-5", False),))),
        ("a:> 5", Range((NumberBound(">", 5),))),
        ('a:>"5"', Range((NumberBound(">", 5),))),
        ("a:(<-5)", Range((NumberBound("<", -5),))),
        ("a:(~b{1,2} c)", Contains("[Bb]{1,2} [Cc]")),
        ("a:~(b{1,2}, c)", Contains("[Bb]{1,2}|[Cc]")),
        ("a:null", Present(False)),
        ("a:missing", Present(False)),
        ("a:exists", Present(True)),
    ],
)
def test_reads_an_operand(text: str, condition: object) -> None:
    assert parse(text).root == Term(("a",), condition, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2026-01-02", "2026-01-02T00:00:00.000Z"),
        ("2026-01-02T03:04Z", "2026-01-02T03:04:00.000Z"),
        ("2026-01-02T03:04:05.6789Z", "2026-01-02T03:04:05.678Z"),
        ("2026-01-02T03:04:05.6", "2026-01-02T03:04:05.600Z"),
        ("2026-01-02T00:30:00+01:00", "2026-01-01T23:30:00.000Z"),
        ("2026-01-02T00:30:00-0130", "2026-01-02T02:00:00.000Z"),
        ("0099-01-02", "0099-01-02T00:00:00.000Z"),
        ("0001-01-01T00:00:00+01:00", None),
        ("2026-02-30", None),
        ("2026-01-02T25:00Z", None),
        ("20260102", None),
        ("2026-01-02 ", None),
        ("٢٠٢٦-01-02", None),
    ],
)
def test_normalises_dates(text: str, stored: str | None) -> None:
    date = to_date(text)
    assert (date[0] if date else None) == stored


_SYNTAX = [
    "a:",
    "b.c:",
    "(",
    ")",
    '"',
    "~",
    ">",
    "<=",
    ",",
    " AND ",
    " OR ",
    "in(",
    "null",
    "1",
    "\\",
    "[",
    "*",
    "{2}",
]


@given(
    st.one_of(
        st.text(), st.lists(st.sampled_from([*_SYNTAX, "compoundLogicalQuery:(", " ", "é"])).map("".join)
    )
)
@example("a:" + "(" * MAX_DEPTH)
@example("a:~\\")
def test_any_text_is_read_or_refused_at_a_position(text: str) -> None:
    error = refusal(text)
    assert error is None or 1 <= error.position <= len(text) + 1


def refusal(text: str) -> QError | None:
    try:
        parse(text)
    except QError as error:
        return error
    return None


_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='\0()"~<>,'), min_size=1).filter(
    lambda text: text not in ("null", "missing", "exists") and not any(c.isspace() for c in text)
)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_VALUES = st.one_of(_WORDS.map(lambda t: Value(t, False)), _TEXTS.map(lambda t: Value(t, True)))
_CONDITIONS = st.one_of(
    st.lists(_VALUES, min_size=1, max_size=3).map(lambda values: OneOf(tuple(values))),
    st.booleans().map(Present),
    st.lists(
        st.builds(NumberBound, st.sampled_from([">", ">=", "<", "<="]), st.integers(-9, 9)),
        min_size=1,
        max_size=2,
    ).map(lambda bounds: Range(tuple(bounds))),
)
_TERMS = st.builds(Term, st.sampled_from([("a",), ("b", "c")]), _CONDITIONS, st.just(0))
_NODES = st.recursive(
    _TERMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: AllOf(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
    ),
    max_leaves=6,
)


def write(node: Node) -> str:
    """A tree as a client would write it inside a compound."""
    if isinstance(node, Term):
        return f"{'.'.join(node.path)}:{write_condition(node.condition)}"
    joint = " AND " if isinstance(node, AllOf) else " OR "
    return joint.join(f"({write(part)})" for part in node.parts)


def write_condition(condition: OneOf | Range | Contains | Present) -> str:
    match condition:
        case OneOf(values):
            quoted = [
                '"' + v.text.replace("\\", "\\\\").replace('"', '\\"') + '"' if v.quoted else v.text
                for v in values
            ]
            return f"({','.join(quoted)})"
        case Range(bounds):
            inside = " AND ".join(f"{b.operator}{b.number}" for b in bounds if isinstance(b, NumberBound))
            return f"({inside})"
        case Present(wanted):
            return "exists" if wanted else "null"
        case Contains(source):
            return f"(~{source})"


def without_positions(node: Node) -> Node:
    if isinstance(node, Term):
        return Term(node.path, node.condition, 0)
    return type(node)(tuple(without_positions(part) for part in node.parts))


@given(_NODES)
def test_reads_back_what_is_written(node: Node) -> None:
    assert without_positions(parse(f"compoundLogicalQuery:({write(node)})").root) == node


@pytest.mark.parametrize(
    "text",
    [
        "a:~" + ":~" * 4990 + ")",
        '"\\' * 5000,
        "a:(" + "1," * 4990,
        "a:1 " * 2500,
        "a:~( " + " " * 9900 + '"',
        "." * 9990 + ":1",
        "a:(" + "b" * 9900,
        "a:(" + "b , " * 2400 + '"',
        "(" * MAX_DEPTH + " " * 9900,
    ],
)
def test_hostile_text_is_refused_quickly(text: str) -> None:
    started = process_time()
    with pytest.raises(QError):
        parse(text)
    assert process_time() - started < 2
