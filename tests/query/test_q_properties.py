"""Random documents and queries: both engines answer as a plain evaluator of the rules does."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coterie.query.json_match import NumberBound
from coterie.query.q import AllOf, AnyOf, Node, OneOf, Present, Query, Range, Term, Value, parse
from coterie.query.q_sql import Field, Fields, compile_query

COMPARE = {">": gt, ">=": ge, "<": lt, "<=": le}
SHARED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

KEYS = ["a", "b", 'k"1', "é", "0"]
STRINGS = ["", "a", "A", "é", "1", "1.5", "true", "null", 'q"\\', "2026-01-01", "\u2028\U0001f600", "x" * 40]
INTEGERS = [0, 1, -1, 7, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1]
FLOATS = [
    0.0,
    -0.0,
    1.0,
    1.5,
    -0.1,
    0.1 + 0.2,
    1e22,
    1e23,
    1e300,
    5e-324,
    1.2345678901234567e19,
    float(2**53),
]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.sampled_from(STRINGS), st.sampled_from(INTEGERS), st.sampled_from(FLOATS)
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(KEYS),
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
        max_leaves=8,
    ),
)
NUMBERS = st.sampled_from(INTEGERS + FLOATS)
VALUES = st.one_of(
    st.sampled_from(STRINGS).map(lambda text: Value(text, True)),
    st.sampled_from(["a", "1", "1.5", "1.0", "true", "false", "null", "é"]).map(
        lambda text: Value(text, False)
    ),
    NUMBERS.map(lambda number: Value(repr(number).replace("e+", "e"), False)),
)
CONDITIONS = st.one_of(
    st.lists(VALUES, min_size=1, max_size=3).map(lambda values: OneOf(tuple(values))),
    st.booleans().map(Present),
    st.lists(st.builds(NumberBound, st.sampled_from(list(COMPARE)), NUMBERS), min_size=1, max_size=2).map(
        lambda bounds: Range(tuple(bounds))
    ),
)
TERMS = st.builds(
    Term, st.lists(st.sampled_from(KEYS), min_size=1, max_size=3).map(tuple), CONDITIONS, st.just(1)
)
NODES = st.recursive(
    TERMS,
    lambda inner: st.builds(
        lambda kind, parts: kind(tuple(parts)), st.sampled_from([AllOf, AnyOf]), st.lists(inner, max_size=3)
    ),
    max_leaves=4,
)


def holds(node: Node, document: Any) -> bool:
    """The rules of `q` on one document, spelled out; the first key `a` is declared localized."""
    if isinstance(node, AllOf):
        return all(holds(part, document) for part in node.parts)
    if isinstance(node, AnyOf):
        return any(holds(part, document) for part in node.parts)
    values = opened(document, node.path)
    if isinstance(node.condition, Present):
        return any(value is not None for value in values) is node.condition.wanted
    if node.path == ("a",):
        maps = [value for value in values if isinstance(value, dict)]
        values += [value for a_map in maps for key in a_map for value in opened(a_map, (key,))]
    return any(meets(value, node.condition) for value in values)


def opened(value: Any, path: tuple[str, ...]) -> list[Any]:
    parts = value if isinstance(value, list) else [value]
    if not path:
        return list(parts)
    return [
        found
        for part in parts
        if isinstance(part, dict) and path[0] in part
        for found in opened(part[path[0]], path[1:])
    ]


def number_of(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Decimal(repr(value))


def meets(value: Any, condition: Any) -> bool:
    number = number_of(value)
    if isinstance(condition, Range):
        if number is None:
            return False
        return all(COMPARE[b.operator](number, Decimal(repr(b.number))) for b in condition.bounds)
    for wanted in condition.values:
        if isinstance(value, str) and value == wanted.text:
            return True
        if wanted.quoted:
            continue
        if isinstance(value, bool) and wanted.text == ("true" if value else "false"):
            return True
        if (
            number is not None
            and wanted.text not in ("a", "true", "false", "null", "é")
            and number == Decimal(wanted.text)
        ):
            return True
    return False


@SHARED
@given(st.lists(DOCUMENTS, min_size=1, max_size=6), st.lists(NODES, min_size=1, max_size=6))
def test_both_engines_follow_the_rules(both: Any, documents: list[Any], nodes: list[Node]) -> None:
    both.fill([{"id": str(i), "document": document} for i, document in enumerate(documents)])
    column = both.items.c.document
    fields = Fields({"a": Field(column, "localized", ("a",))}, column)
    for node in nodes:
        expected = [str(i) for i, document in enumerate(documents) if holds(node, document)]
        assert both.ids(compile_query(Query(node), fields)) == expected, node


@SHARED
@given(
    st.lists(st.one_of(st.none(), st.integers(-3, 3)), min_size=1), st.lists(TERMS, min_size=1, max_size=5)
)
def test_a_promoted_number_answers_as_the_document_does(
    both: Any, numbers: list[int | None], terms: list[Term]
) -> None:
    both.fill(
        [{"id": f"{i:03}", "count": n, "price": n, "document": {"n": n}} for i, n in enumerate(numbers)]
    )
    c = both.items.c
    fields = Fields({"count": Field(c.count, "number"), "price": Field(c.price, "number")}, c.document)
    for term in terms:
        if isinstance(term.condition, OneOf) and any(value.quoted for value in term.condition.values):
            continue  # a column known to hold numbers takes quoted ones as well
        by_path = [
            both.ids(compile_query(Query(Term((key,), term.condition, 1)), fields))
            for key in ("count", "price", "n")
        ]
        assert by_path[0] == by_path[1] == by_path[2], term


MOMENTS = st.integers(0, 4 * 86_400_000).map(
    lambda ms: datetime(2025, 12, 30, tzinfo=UTC) + timedelta(milliseconds=ms)
) | st.integers(0, 4).map(lambda days: datetime(2025, 12, 30, tzinfo=UTC) + timedelta(days=days))


def full(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def short(moment: datetime) -> str:
    text = full(moment).replace("T00:00:00.000Z", "")
    return text.replace(".000Z", "Z")


@SHARED
@given(
    st.lists(MOMENTS, min_size=1, max_size=8), MOMENTS, st.sampled_from(list(COMPARE)), st.integers(-12, 12)
)
def test_dates_compare_as_instants(
    both: Any, stored: list[datetime], asked: datetime, operator: str, hours: int
) -> None:
    rows = {f"{i:03}": moment for i, moment in enumerate(stored)}
    both.fill(
        [
            {"id": key, "created": full(m), "document": {"d": short(m), "f": full(m)}}
            for key, m in rows.items()
        ]
    )
    c = both.items.c
    fields = Fields({"createdAt": Field(c.created, "date")}, c.document)
    local = asked + timedelta(hours=hours)
    text = full(local).replace("Z", f"{'-' if hours < 0 else '+'}{abs(hours):02}:00")
    expected = [key for key, moment in rows.items() if COMPARE[operator](moment, asked)]
    equal = [key for key, moment in rows.items() if moment == asked]
    for path in ("createdAt", "f"):
        assert both.ids(compile_query(parse(f'{path}:{operator}"{text}"'), fields)) == expected
        assert both.ids(compile_query(parse(f'{path}:"{text}"'), fields)) == equal
    found = set(both.ids(compile_query(parse(f'd:{operator}"{text}"'), fields)))
    same_second = {
        key
        for key, m in rows.items()
        if m != asked and m.replace(microsecond=0) == asked.replace(microsecond=0)
    }
    assert found ^ set(expected) <= same_second
