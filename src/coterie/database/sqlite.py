"""SQLite: reads in process on their own connections, writes on one thread under BEGIN IMMEDIATE."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row, Table, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from coterie.database.session import Database, DatabaseError, Hot, Retry, Session
from coterie.query.sql import register_sqlite

T = TypeVar("T")
# How long the writer waits for another process to commit, on its thread.
_BUSY_SECONDS = 30
# How long a read may wait, on the event loop: only while another process recovers or removes the log.
_READ_BUSY_SECONDS = 0.25
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class SqliteSession(Session):
    """A transaction on one connection, whose steps run on `thread`, or in place when that is None."""

    def __init__(
        self,
        database: SqliteDatabase,
        connection: Connection,
        raw: sqlite3.Connection,
        thread: ThreadPoolExecutor | None,
    ) -> None:
        super().__init__(database)
        self._connection, self._raw, self._thread = connection, raw, thread

    async def _step(self, step: Callable[[], T]) -> T:
        if self._thread is None:
            return step()
        return await asyncio.wrap_future(self._thread.submit(step))

    async def all(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> Sequence[Row[Any]]:
        if rows is not None and not rows:
            return []
        self.statements += 1
        return await self._step(lambda: self._connection.execute(statement, rows).all())

    async def run(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        if rows is not None and not rows:
            return -1
        self.statements += 1
        changed = await self._step(lambda: self._connection.execute(statement, rows).rowcount)
        return changed if rows is None else -1

    async def hot(self, statement: Hot, **values: Any) -> Sequence[tuple[Any, ...]]:
        text, arguments = statement.bound(self.sql, values)
        self.statements += 1
        if self._thread is None:
            return self._raw.execute(text, arguments).fetchall()
        return await self._step(lambda: self._raw.execute(text, arguments).fetchall())

    async def load(self, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        self.statements += 1
        raw, marks = driver(self._connection), ", ".join("?" * len(columns))
        insert = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
        await self._step(lambda: raw.executemany(insert, rows))

    async def stream(self, statement: Executable, size: int = 1000) -> AsyncIterator[Sequence[Row[Any]]]:
        self.statements += 1
        result = await self._step(lambda: self._connection.execute(statement))
        while batch := await self._step(lambda: result.fetchmany(size)):
            yield batch


class SqliteRead(SqliteSession):
    """A reading transaction on a connection of its own, in place; written out, as every hot read pays for it."""

    def __init__(self, database: SqliteDatabase, connection: Connection, raw: sqlite3.Connection) -> None:
        super().__init__(database, connection, raw, None)
        self._readers = database.readers

    async def __aenter__(self) -> Session:
        self._raw.execute("BEGIN")
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            _roll_back(self._raw)
        finally:
            self._readers.append((self._connection, self._raw))
        if error is not None:
            with _busy_is_retry():
                raise error


class SqliteDatabase(Database):
    """The embedded database: one file, WAL, any number of readers and one writer at a time."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._engine = sqlite_engine(path, for_reading=True)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="coterie-writer")
        try:
            Path(path).resolve().parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._thread.submit(self._open_writer).result()
        except (DBAPIError, sqlite3.Error, OSError) as error:
            self._thread.shutdown()
            self._engine.dispose()
            raise opening_failed(path, error) from None
        self.readers: list[tuple[Connection, sqlite3.Connection]] = []
        self._gate = asyncio.Lock()
        self.sql = self._engine.dialect

    def _open_writer(self) -> Connection:
        connection = self._engine.connect()
        raw = driver(connection)
        raw.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
        raw.execute("PRAGMA query_only = OFF")
        use_wal(raw)
        return connection

    def reading(self) -> SqliteRead:
        # Kept open between reads: taking one from SQLAlchemy's pool costs more than a hot statement.
        if self.readers:
            return SqliteRead(self, *self.readers.pop())
        with _busy_is_retry():
            connection = self._engine.connect()
        return SqliteRead(self, connection, driver(connection))

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Session]:
        with _busy_is_retry():
            # Steps are queued on the thread at once, never by a task that runs later: whatever is awaited or
            # cancelled here, the next transaction's BEGIN stands behind this one's end.
            async with self._gate:
                raw = driver(self._writer)
                try:
                    await asyncio.wrap_future(self._thread.submit(raw.execute, "BEGIN IMMEDIATE"))
                    yield SqliteSession(self, self._writer, raw, self._thread)
                except BaseException:
                    # Also after a cancelled BEGIN, which may yet succeed on the thread.
                    await _finished(self._thread.submit(_roll_back, raw))
                    raise
                await _finished(self._thread.submit(_commit, raw))

    async def close(self) -> None:
        async with self._gate:
            await _finished(self._thread.submit(self._writer.close))
            while self.readers:
                self.readers.pop()[0].close()
            self._thread.shutdown()
            self._engine.dispose()


async def _finished(step: Future[T]) -> T:
    """Wait for a step that must not be taken back when the waiting task is cancelled."""
    return await asyncio.shield(asyncio.wrap_future(step))


def _roll_back(raw: sqlite3.Connection) -> None:
    if raw.in_transaction:  # SQLite itself rolls back after some errors, such as a full disk
        raw.execute("ROLLBACK")


def _commit(raw: sqlite3.Connection) -> None:
    try:
        raw.execute("COMMIT")
    except BaseException:
        # A failed COMMIT (a deferred constraint, a full disk) leaves the transaction open, and the lock held.
        _roll_back(raw)
        raise


@contextmanager
def _busy_is_retry() -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, DBAPIError) as error:
        original = getattr(error, "orig", error)
        # The low byte is the primary code; the rest says why.
        if getattr(original, "sqlite_errorcode", 0) & 0xFF in _BUSY:
            raise Retry(str(original)) from error
        raise


def driver(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def opening_failed(path: str, error: Exception) -> DatabaseError:
    """What to tell the operator when the file can't be opened."""
    reason = getattr(error, "orig", None) or error
    return DatabaseError(
        f"The database file {path} can't be opened: {reason}. Check the file and its folder."
    )


def use_wal(raw: sqlite3.Connection) -> None:
    """Put the file in WAL mode for good. Raises OperationalError where that can't be done."""
    # SQLite does not wait here while another process does the same to a new file, so this does.
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            mode = raw.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
            continue
        if mode != "wal":
            raise sqlite3.OperationalError(f"its file system has no shared memory for WAL (mode {mode})")
        return


def sqlite_engine(path: str, *, for_reading: bool = False) -> Engine:
    """An engine whose transactions are begun and ended by hand; with `for_reading` it can do nothing else."""
    busy = _READ_BUSY_SECONDS if for_reading else _BUSY_SECONDS
    engine = create_engine(
        f"sqlite:///{path}",
        isolation_level="AUTOCOMMIT",
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=-1,  # waiting for a connection would stop the event loop
        pool_reset_on_return=None,
        connect_args={"check_same_thread": False, "timeout": busy, "cached_statements": 512},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in (
            "synchronous = NORMAL",
            "cache_size = -65536",
            "temp_store = MEMORY",
            "mmap_size = 268435456",
        ):
            connection.execute(f"PRAGMA {pragma}")
        if for_reading:
            connection.execute("PRAGMA query_only = ON")
        register_sqlite(connection)

    return engine
