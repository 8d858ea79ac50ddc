"""`sort` as ORDER BY: the same order on both engines, whatever the documents hold."""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coterie.query.q import QError
from coterie.query.q_sql import Field, Fields
from coterie.query.sort import MAX_SORTS, parse_sort

SHARED = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
ITEMS = [
    {"id": "a", "code": "b", "count": 2, "document": {"name": {"en": "x"}, "n": 10}},
    {"id": "b", "code": "B", "count": None, "document": {"name": {"en": "X"}, "n": 9}},
    {"id": "c", "code": None, "count": -1, "document": {"name": {"de": "x"}, "n": "9"}},
    {"id": "d", "code": "b", "count": 10, "document": {"name": {"en": "é"}, "n": True}},
]


def fields(both: Any) -> Fields:
    c = both.items.c
    return Fields(
        {
            "id": Field(c.id),
            "code": Field(c.code),
            "count": Field(c.count, "number"),
            "name": Field(c.document, "localized", ("name",)),
            "links": Field(both.links.c.category, rows=sa.select(1)),
        },
        c.document,
    )


def order(both: Any, sort: str | None, **options: Any) -> str:
    c = both.items.c
    orders = [key.order() for key in parse_sort(sort, fields(both), [c.id], **options)]
    return "".join(row[0] for row in both.rows(sa.select(c.id).order_by(*orders)))


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (None, "abcd"),
        ("", "abcd"),
        (" , ", "abcd"),
        ("id:desc", "dcba"),
        ("id:DESC", "dcba"),
        ("id:Asc", "abcd"),
        ("id:down", "abcd"),
        ("code", "cbad"),
        ("code:desc", "adbc"),
        ("code:desc,id:desc", "dabc"),
        ("count", "bcad"),
        ("count:DESC", "dacb"),
        ("name.en", "cbad"),
        ("name.en:desc", "dabc"),
        ("n", "dcba"),
        ("n:desc", "abcd"),
        ("no.such", "abcd"),
    ],
)
def test_sorts(both: Any, sort: str | None, expected: str) -> None:
    both.fill(ITEMS)
    assert order(both, sort) == expected


def test_strict_sorts_by_promoted_names_only(both: Any) -> None:
    both.fill(ITEMS)
    assert order(both, "name.en,code", strict=True) == "cbad"
    with pytest.raises(
        QError, match="cannot sort by 'nam'; these can be sorted by: code, count, id, name"
    ) as caught:
        order(both, "id,nam:desc", strict=True)
    assert caught.value.position == 4


@pytest.mark.parametrize(
    "sort", ["a..b", ".", "links", "a\0", "a" + ".a" * 16, ",".join("a" * (MAX_SORTS + 1))]
)
def test_refuses(both: Any, sort: str) -> None:
    with pytest.raises(QError):
        parse_sort(sort, fields(both))


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3),
    st.lists(st.integers(), max_size=1),
)


def rank(value: Any) -> tuple[Any, ...]:
    """Missing, then booleans, texts, numbers."""
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, str):
        return (2, value)
    if isinstance(value, int | float):
        return (3, float(value))
    return (0,)


@SHARED
@given(st.lists(VALUES, min_size=1, max_size=8))
def test_any_values_sort_alike(both: Any, values: list[Any]) -> None:
    both.fill([{"id": f"{i}", "document": {"v": value}} for i, value in enumerate(values)])
    by_value = sorted(range(len(values)), key=lambda i: rank(values[i]))
    assert order(both, "v") == "".join(map(str, by_value))
    falling = sorted(range(len(values)), key=lambda i: rank(values[i]), reverse=True)
    assert len(set(map(rank, values))) < len(values) or order(both, "v:desc") == "".join(map(str, falling))
