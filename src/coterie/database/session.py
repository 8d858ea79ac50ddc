"""One database behind two engines: transactions that read, transactions that write, and hot statements.

Statements are SQLAlchemy Core. `Session` is what an operation holds; only the kit begins and commits one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from operator import itemgetter
from typing import Any, cast

import msgspec
from sqlalchemy import Boolean, Executable, Row, Select, Table, Text
from sqlalchemy import cast as cast_as
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.engine import result_tuple

from coterie.query.sql import Json


class DatabaseError(Exception):
    """The database can't be opened or used; the message says why and what to do, in one line."""


class Retry(Exception):
    """The transaction lost a race; rolled back and run again, it will succeed or fail cleanly."""


class Hot:
    """A statement of a hot read: compiled once for each engine, run on the raw driver.

    The columns of its rows are text, numbers or JSON text built by the database; the values it is given are
    bound as they are. Raises TypeError for a column of JSON, which the drivers would hand over in different
    shapes, and for a list in an IN, whose text depends on its length.
    """

    def __init__(self, statement: Select[Any]) -> None:
        for column in statement.selected_columns:
            if isinstance(column.type, Json):
                raise TypeError(f"the hot statement selects JSON as {column}; cast it to Text")
        self.statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def bound(self, dialect: SqlDialect, values: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        """SQL text and its parameters in order, with these values; the statement's own are bound already."""
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = self._compile(dialect)
        text, pick, own = known
        return text, pick({**own, **values})

    def _compile(self, dialect: SqlDialect) -> _Compiled:
        result = self.statement.compile(dialect=dialect)
        if "POSTCOMPILE" in str(result):
            raise TypeError("a hot statement can't have a list in an IN; bind JSON text instead")
        own = {}
        for parameter, name in result.bind_names.items():
            process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
            value = result.params[name]
            if not parameter.required:
                own[name] = value if process is None or value is None else process(value)
        order = tuple(cast("list[str]", result.positiontup))
        # `itemgetter` gives a tuple for two names or more only.
        pick = itemgetter(*order) if len(order) > 1 else lambda values: tuple(values[name] for name in order)
        return str(result), pick, own


# SQL text, what picks its parameters in their order, and the values that the statement holds itself.
_Compiled = tuple[str, Callable[[Mapping[str, Any]], tuple[Any, ...]], dict[str, Any]]


class HotRows(Hot):
    """A hot statement whose rows are those that the ordinary statement would give, JSON decoded."""

    def __init__(self, statement: Select[Any]) -> None:
        columns = list(statement.selected_columns)
        self._shape = result_tuple([str(column.key) for column in columns])
        self._read = [_READ.get(type(column.type)) for column in columns]
        texts = (
            cast_as(column, Text).label(column.key) if isinstance(column.type, Json) else column
            for column in columns
        )
        super().__init__(statement.with_only_columns(*texts, maintain_column_froms=True))

    async def first(self, session: Session, **values: Any) -> Row[Any] | None:
        """The first row, or None."""
        rows = await session.hot(self, **values)
        if not rows:
            return None
        pairs = zip(rows[0], self._read, strict=True)
        return self._shape([value if read is None or value is None else read(value) for value, read in pairs])


# What the drivers give back in another shape than the ordinary statements.
_READ: dict[type, Callable[[Any], Any]] = {Json: msgspec.json.decode, Boolean: bool}


class Session(ABC):
    """A transaction as an operation sees it. `statements` counts those it ran, for the budgets of the tests.

    It belongs to one task: its statements run one after the other.
    """

    sql: SqlDialect
    statements: int

    def __init__(self, database: Database) -> None:
        self.sql = database.sql
        self.statements = 0
        if database.sessions is not None:
            database.sessions.append(self)

    @abstractmethod
    async def all(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> Sequence[Row[Any]]:
        """Every row of the statement's result; with `rows`, those of all as a set."""

    @abstractmethod
    async def run(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        """Execute; the number of rows changed. With `rows`, once for each as a set, and -1: unknown."""

    @abstractmethod
    async def hot(self, statement: Hot, **values: Any) -> Sequence[tuple[Any, ...]]:
        """The rows of a hot statement, from the raw driver. It locks nothing."""

    @abstractmethod
    def stream(self, statement: Executable, size: int = 1000) -> AsyncIterator[Sequence[Row[Any]]]:
        """The rows in batches, in constant memory."""

    @abstractmethod
    async def load(self, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows in their order by the driver's own bulk load, JSON as text.

        On PostgreSQL a key that another transaction took meanwhile is a Retry.
        """

    async def first(self, statement: Executable) -> Row[Any] | None:
        """The first row, or None."""
        rows = await self.all(statement)
        return rows[0] if rows else None

    async def value(self, statement: Executable) -> Any:
        """The first column of the first row, or None."""
        row = await self.first(statement)
        return None if row is None else row[0]

    def insert(self, table: Table) -> Any:
        """An INSERT of this engine, which has `on_conflict_do_nothing` and `on_conflict_do_update`."""
        return (postgresql if self.sql.name == "postgresql" else sqlite).insert(table)


class Database(ABC):
    """A database and its connections. Tests set `sessions` to a list, which every session then joins."""

    sql: SqlDialect
    sessions: list[Session] | None = None

    @abstractmethod
    def reading(self) -> AbstractAsyncContextManager[Session]:
        """A transaction that sees one state throughout and changes nothing."""

    @abstractmethod
    def writing(self) -> AbstractAsyncContextManager[Session]:
        """A transaction that commits when the block ends, and rolls back when it raises."""

    @abstractmethod
    async def close(self) -> None:
        """Close every connection."""
