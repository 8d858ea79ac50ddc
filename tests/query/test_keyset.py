"""Paging properties: whatever the rows, the keys and the page size, pages tile the list exactly."""

from __future__ import annotations

from itertools import chain
from typing import Any

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from coterie.query.keyset import Key, after
from coterie.query.sql import Str

TABLE = sa.Table(
    "row",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("text", Str),
    sa.Column("number", sa.Float),
)
ROWS = st.lists(
    st.tuples(
        st.none() | st.sampled_from(["", "a", "B", "ä", "b"]), st.none() | st.sampled_from([-1.5, 0.0, 2.0])
    ),
    max_size=12,
)
KEYS = st.lists(st.tuples(st.sampled_from(["text", "number"]), st.booleans()), max_size=2)


def opened(rows: list[tuple[str | None, float | None]]) -> sa.Connection:
    connection = sa.create_engine("sqlite://").connect()
    TABLE.metadata.create_all(connection)
    if rows:
        connection.execute(TABLE.insert(), [{"text": text, "number": number} for text, number in rows])
    return connection


def plain(rows: list[Any], keys: list[Key]) -> list[int]:
    """The ids in order, by Python's own sort: NULL is the smallest."""
    for key in reversed(keys):
        name = str(key.expression.name)  # type: ignore[attr-defined]
        rows = sorted(
            rows,
            key=lambda row: (row[name] is not None, row[name] or 0 if name != "text" else row[name] or ""),
            reverse=key.descending,
        )
    return [row["id"] for row in rows]


@given(ROWS, KEYS, st.integers(1, 5), st.booleans())
def test_pages_tile_the_list_both_ways(
    rows: list[tuple[str | None, float | None]], chosen: list[tuple[str, bool]], size: int, backwards: bool
) -> None:
    keys = [Key(TABLE.c[name], descending) for name, descending in chosen] + [Key(TABLE.c.id)]
    with opened(rows) as connection:
        stored = [dict(row._mapping) for row in connection.execute(sa.select(TABLE))]
        walked = [key.reverse() for key in keys] if backwards else keys
        statement = sa.select(TABLE).order_by(*(key.order() for key in walked)).limit(size)
        pages, last = [], None
        while True:
            page = [
                dict(row._mapping)
                for row in connection.execute(
                    statement if last is None else statement.where(after(walked, last))
                )
            ]
            if not page:
                break
            pages.append(page)
            last = [page[-1][str(key.expression.name)] for key in walked]  # type: ignore[attr-defined]
    found = [row["id"] for row in chain(*pages)]
    assert found == (plain(stored, keys)[::-1] if backwards else plain(stored, keys))


@given(st.integers(0, 20), st.integers(1, 7))
def test_numbered_pages_tile_the_list(count: int, size: int) -> None:
    with opened([("a", None)] * count) as connection:
        ordered = sa.select(TABLE.c.id).order_by(Key(TABLE.c.text).order(), Key(TABLE.c.id).order())
        pages = [
            [row.id for row in connection.execute(ordered.limit(size).offset(number * size))]
            for number in range(count // size + 2)
        ]
    assert list(chain(*pages)) == list(range(1, count + 1))
    assert pages[-1] == []
