"""JSON text built by the database: what is sent is JSON, with nothing where NULL is."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from coterie.query.json_text import array_text, member, object_text
from coterie.query.sql import Json, Str, register_sqlite
from support.api import Server

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | TEXTS, lambda inner: st.lists(inner, max_size=3)
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(["mixins", "other", 'q"uote']), VALUES.filter(lambda v: v is not None), max_size=3
)


def statement(text: str | None, number: int | None, flag: bool | None, document: Any) -> sa.Select[Any]:
    doc = sa.literal(document, Json())
    built = object_text(
        text=sa.literal(text, Str()),
        number=sa.literal(number, sa.Integer()),
        flag=sa.literal(flag, sa.Boolean()),
        mixins=member(doc, "mixins"),
        inner=object_text(again=sa.literal(text, Str())),
    )
    return array_text(sa.select(built))


def expected(text: str | None, number: int | None, flag: bool | None, document: Any) -> Any:
    members = {"text": text, "number": number, "flag": flag, "mixins": document.get("mixins")}
    kept = {key: value for key, value in members.items() if value is not None}
    return [{**kept, "inner": {} if text is None else {"again": text}}]


@given(st.none() | TEXTS, st.none() | st.integers(-(2**31), 2**31 - 1), st.none() | st.booleans(), DOCUMENTS)
def test_on_sqlite_it_is_the_json_that_python_would_write(
    text: str | None, number: int | None, flag: bool | None, document: Any
) -> None:
    connection = sqlite3.connect(":memory:")
    register_sqlite(connection)
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=sa.pool.StaticPool)
    with engine.connect() as opened:
        row = opened.execute(statement(text, number, flag, document)).scalar()
    connection.close()
    assert json.loads(row) == expected(text, number, flag, document)


@pytest.mark.parametrize(
    "values",
    [
        ('a"b\\\n', 3, True, {"mixins": {"x": [1, None]}}),
        (None, None, None, {}),
        ("ü", 0, False, {"mixins": 0}),
    ],
)
def test_on_both_engines(server: Server, values: tuple[Any, ...]) -> None:
    async def read() -> Any:
        async with server.runtime.database.reading() as session:
            return await session.value(statement(*values))

    assert json.loads(server.run(read())) == expected(*values)


def test_it_compiles_once() -> None:
    compiled = [str(statement("a", 1, True, {}).compile(dialect=sqlite.dialect())) for _ in range(2)]
    assert compiled[0] == compiled[1]
