"""PostgreSQL 15 or newer through asyncpg: snapshot reads, read-committed writes, hot reads on raw connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any

import asyncpg
from sqlalchemy import Executable, Row, Table, event, text
from sqlalchemy.connectors.asyncio import AsyncAdapt_Error
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from coterie.database.session import Database, Hot, Retry, Session
from coterie.query.sql import JSON_CODEC

# Serialization failure, deadlock, and a unique key that another transaction took after our look: run again,
# the same transaction will do, or see what it lost to.
_RETRIED = {"40001", "40P01", "23505"}
# The server is ending the connection. What it says can be read before the end of its stream is: the driver then
# still holds the connection for open, and fails a statement with an InternalClientError.
_ENDED = {"57P01", "57P02", "57P03"}
_CUT = (asyncpg.InternalClientError, asyncpg.PostgresConnectionError)


class PostgresSession(Session):
    """A transaction on one connection of a pool."""

    def __init__(self, database: PostgresDatabase, connection: AsyncConnection | None) -> None:
        super().__init__(database)
        self._database, self._connection = database, connection

    async def _open(self) -> AsyncConnection:
        assert self._connection is not None
        return self._connection

    async def all(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> Sequence[Row[Any]]:
        if rows is not None and not rows:
            return []
        self.statements += 1
        return (await (await self._open()).execute(statement, rows)).all()

    async def run(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        if rows is not None and not rows:
            return -1
        self.statements += 1
        changed = (await (await self._open()).execute(statement, rows)).rowcount
        return changed if rows is None else -1

    async def hot(self, statement: Hot, **values: Any) -> Sequence[tuple[Any, ...]]:
        sql, arguments = statement.bound(self.sql, values)
        self.statements += 1
        if self._connection is None:
            return await self._database.hot.fetch(sql, arguments)
        raw = (await self._connection.get_raw_connection()).driver_connection
        assert raw is not None
        return list(map(tuple, await raw.fetch(sql, *arguments)))

    async def load(self, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        self.statements += 1
        raw = (await (await self._open()).get_raw_connection()).driver_connection
        assert raw is not None
        if not raw.is_in_transaction():  # it begins with the first ordinary statement
            await self.run(text("SELECT 1"))
        await raw.copy_records_to_table(table.name, columns=columns, records=rows)

    async def stream(self, statement: Executable, size: int = 1000) -> AsyncIterator[Sequence[Row[Any]]]:
        self.statements += 1
        result = await (await self._open()).stream(statement, execution_options={"yield_per": size})
        async for batch in result.partitions(size):
            yield batch


class _LazyRead(PostgresSession):
    """A read that takes a pooled connection at its first ordinary statement; a hot read alone needs none."""

    async def _open(self) -> AsyncConnection:
        if self._connection is None:
            self._connection = await self._database.reads.connect()
        return self._connection

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._connection is None and error is None:
            return
        with _lost_race_is_retry(), _lost_connection_is_retry():
            try:
                if error is not None:
                    raise error
            finally:
                if self._connection is not None:
                    # A cancelled request must give its connection back too.
                    await asyncio.shield(asyncio.ensure_future(self._connection.close()))


class HotConnections:
    """Connections for single statements without a transaction: taking one costs a fifth of what the driver's pool asks.

    A statement may be run twice, so it must only read.
    """

    def __init__(self, target: str, most: int) -> None:
        self._target, self._turns = target, asyncio.Semaphore(most)
        self._idle: list[asyncpg.Connection[Any]] = []

    async def fetch(self, text: str, arguments: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
        """The rows of a statement."""
        async with self._turns:
            while True:
                lay_idle = bool(self._idle)
                connection = self._idle.pop() if lay_idle else await asyncpg.connect(self._target)
                try:
                    rows = await connection.fetch(text, *arguments)
                except BaseException as error:
                    # Also when cancelled: the answer may be on its way still.
                    connection.terminate()
                    if lay_idle and _is_cut(error):
                        continue
                    raise
                self._idle.append(connection)
                return list(map(tuple, rows))

    async def close(self) -> None:
        """Close every idle connection."""
        while self._idle:
            await self._idle.pop().close()


class PostgresDatabase(Database):
    """A PostgreSQL database; every worker process has its own pools."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.writes = postgres_engine(
            url, pool_size=pool_size, max_overflow=0, isolation_level="READ COMMITTED"
        )
        self.reads = postgres_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            isolation_level="REPEATABLE READ",
            execution_options={"postgresql_readonly": True},
        )
        self.sql = self.writes.dialect
        self.hot = HotConnections(dsn(url), pool_size)

    def reading(self) -> _LazyRead:
        return _LazyRead(self, None)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Session]:
        with _lost_race_is_retry():
            async with self.writes.begin() as connection:
                # Not around the commit: whether one that got no answer stands, nobody knows.
                with _lost_connection_is_retry():
                    yield PostgresSession(self, connection)

    async def close(self) -> None:
        await self.writes.dispose()
        await self.reads.dispose()
        await self.hot.close()


def dsn(url: str) -> str:
    """The URL as PostgreSQL's own tools take it, `?sslmode=…` and `?host=/socket/folder` included."""
    return "postgresql://" + url.split("://", 1)[1]


def postgres_engine(url: str, **options: Any) -> AsyncEngine:
    """An engine for a URL; `options` are those of SQLAlchemy's `create_async_engine`."""
    target = dsn(url)

    async def connect() -> asyncpg.Connection[Any]:
        return await asyncpg.connect(target)

    # The driver reads the URL itself: SQLAlchemy would not know libpq's parameters, such as sslmode.
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, **JSON_CODEC, **options)

    @event.listens_for(engine.sync_engine, "checkout")
    def check(connection: Any, _record: object, _proxy: object) -> None:
        # After a restart of the server, pooled connections are dead, and known to be without a round trip.
        if connection.driver_connection.is_closed():
            raise DisconnectionError

    @event.listens_for(engine.sync_engine, "handle_error")
    def notice(context: ExceptionContext) -> None:
        if _is_cut(context.original_exception):
            context.is_disconnect = True

    return engine


def _is_cut(error: BaseException) -> bool:
    """Whether an error of the driver, wrapped or not, says that the connection is lost."""
    cause = error.__cause__ if isinstance(error, AsyncAdapt_Error) else error
    if isinstance(cause, asyncpg.InterfaceError):
        return "connection is closed" in str(cause)
    return isinstance(cause, _CUT) or getattr(cause, "sqlstate", None) in _ENDED


@contextmanager
def _lost_connection_is_retry() -> Iterator[None]:
    """What a lost connection had not committed is undone, and can be run again on another one."""
    try:
        yield
    except (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if error.connection_invalidated if isinstance(error, DBAPIError) else _is_cut(error):
            raise Retry(str(error)) from error
        raise


@contextmanager
def _lost_race_is_retry() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, asyncpg.PostgresError) as error:
        original = getattr(error, "orig", error)
        if getattr(original, "sqlstate", None) in _RETRIED:
            raise Retry(str(original)) from error
        raise
