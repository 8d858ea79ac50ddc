"""The same tables on SQLite and PostgreSQL, and statements run on both that must answer alike."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from coterie.query.sql import JSON_CODEC, Json, Str, register_sqlite
from support.postgres import create_database, drop_database

metadata = sa.MetaData()
ITEMS = sa.Table(
    "q_items",
    metadata,
    sa.Column("id", Str, primary_key=True),
    sa.Column("code", Str),
    sa.Column("count", sa.Integer),
    sa.Column("price", sa.Double),
    sa.Column("active", sa.Boolean),
    sa.Column("created", Str),
    sa.Column("name", Json),
    sa.Column("tags", Json),
    sa.Column("document", Json, nullable=False),
)
LINKS = sa.Table(
    "q_links",
    metadata,
    sa.Column("item", Str, primary_key=True),
    sa.Column("category", Str, primary_key=True),
)


class TwoEngines:
    """Both databases, filled alike; `rows` fails when their answers differ."""

    items = ITEMS
    links = LINKS

    def __init__(self, sqlite_path: Path, postgres_url: str) -> None:
        self._runner = asyncio.Runner()
        self._sqlite = sa.create_engine(f"sqlite:///{sqlite_path}", isolation_level="AUTOCOMMIT")
        sa.event.listen(self._sqlite, "connect", _set_up_sqlite)
        self._postgres = create_async_engine(postgres_url, isolation_level="AUTOCOMMIT", **JSON_CODEC)
        self._lite = self._sqlite.connect()
        self._pg = self._runner.run(self._connect())
        self._both(metadata.create_all)

    async def _connect(self) -> Any:
        return await self._postgres.connect()

    def _both(self, *calls: Callable[[sa.Connection], object]) -> None:
        for call in calls:
            call(self._lite)
            self._runner.run(self._pg.run_sync(call))

    def fill(self, items: Sequence[dict[str, Any]], links: Sequence[dict[str, Any]] = ()) -> None:
        """Replaces all rows; columns that an item leaves out are NULL."""
        blank = dict.fromkeys(column.name for column in ITEMS.columns)
        self._both(
            lambda c: c.execute(sa.delete(ITEMS)),
            lambda c: c.execute(sa.delete(LINKS)),
            lambda c: c.execute(sa.insert(ITEMS), [blank | item for item in items]) if items else None,
            lambda c: c.execute(sa.insert(LINKS), list(links)) if links else None,
        )

    def on_each(self, statement: sa.Select[Any]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """The rows that SQLite answers, and those that PostgreSQL answers."""
        ours = [tuple(row) for row in self._lite.execute(statement)]
        theirs = [tuple(row) for row in self._runner.run(self._pg.execute(statement))]
        return ours, theirs

    def rows(self, statement: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """The rows, which are the same on both."""
        ours, theirs = self.on_each(statement)
        assert ours == theirs, (
            f"SQLite answered {ours}, PostgreSQL {theirs}, to {statement.compile(self._lite)}"
        )
        return ours

    def ids(self, condition: sa.ColumnElement[bool]) -> list[str]:
        return [row[0] for row in self.rows(sa.select(ITEMS.c.id).where(condition).order_by(ITEMS.c.id))]

    def close(self) -> None:
        self._lite.close()
        self._runner.run(self._pg.close())
        self._runner.run(self._postgres.dispose())
        self._sqlite.dispose()
        self._runner.close()


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    register_sqlite(connection)


@pytest.fixture(scope="module")
def both(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoEngines]:
    """Both engines, with the tables of this file."""
    url = create_database(postgres_url)  # its own, because files run at the same time
    engines = TwoEngines(tmp_path_factory.mktemp("q") / "q.sqlite", url)
    yield engines
    engines.close()
    drop_database(postgres_url, url)
