"""Bringing a database to the schema of this coterie: safe to run by several processes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from coterie.database.engines import engine_of
from coterie.database.postgres import postgres_engine
from coterie.database.session import DatabaseError
from coterie.database.sqlite import driver, opening_failed, sqlite_engine, use_wal

T = TypeVar("T")
_SCRIPTS = Path(__file__).parent
_OLDEST_POSTGRES = 150000
# Any number will do as long as nothing else in the database uses it: "coterie" in ASCII, cut to 63 bits.
_LOCK = int.from_bytes(b"coterie", "big")


async def upgrade(url: str) -> None:
    """Create or upgrade the schema; all of it or nothing. An embedded file is created when missing.

    Raises DatabaseError when the database can't be used, or is of a newer version than this coterie.
    """
    await _on(url, lambda connection: _upgrade(url, connection), write=True)


async def status(url: str) -> tuple[str | None, str]:
    """The revision of the database (None: never migrated) and the one that this coterie needs."""
    head = _scripts().get_current_head()
    assert head is not None
    if engine_of(url) == "sqlite" and not await asyncio.to_thread(Path(_path(url)).exists):
        return None, head
    return await _on(url, _current, write=False), head


async def require_current(url: str) -> None:
    """Raises DatabaseError, with the way out, unless the schema is the one that this coterie needs."""
    current, head = await status(url)
    if current is None:
        raise DatabaseError(
            f"The database {shown(url)} has no tables of coterie yet; run `coterie migrate` first."
        )
    _refuse_newer(url, current)
    if current != head:
        raise DatabaseError(
            f"The database {shown(url)} is at revision {current}, this coterie needs {head}; "
            "run `coterie migrate`."
        )


def shown(url: str) -> str:
    """The URL without its password."""
    return make_url(url).render_as_string(hide_password=True)


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration: these migrations, on this connection."""
    made = Config()
    made.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(url: str, connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Held until the transaction ends: a second `coterie migrate` waits, then finds nothing to do.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        version, encoding = connection.execute(
            text("SELECT current_setting('server_version_num')::int, current_setting('server_encoding')")
        ).one()
        if version < _OLDEST_POSTGRES:
            raise DatabaseError(
                f"The server of {shown(url)} is PostgreSQL {version // 10000}; use 15 or newer."
            )
        if encoding != "UTF8":
            raise DatabaseError(f"The database {shown(url)} is encoded in {encoding}; create it with UTF8.")
    current = _current(connection)
    if current is not None:
        _refuse_newer(url, current)
    command.upgrade(config(connection), "head")


def _refuse_newer(url: str, current: str) -> None:
    if all(script.revision != current for script in _scripts().walk_revisions()):
        raise DatabaseError(
            f"The database {shown(url)} is of a newer version (rev {current}) than this coterie knows; "
            "upgrade coterie."
        )


async def _on(url: str, work: Callable[[Connection], T], *, write: bool) -> T:
    """Run `work` in one transaction on a connection of its own."""
    if engine_of(url) == "sqlite":
        return await asyncio.to_thread(_on_sqlite, _path(url), work, write)
    engine = postgres_engine(url, pool_size=1)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    except (OSError, DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = getattr(error, "orig", None) or error
        raise DatabaseError(f"The database {shown(url)} can't be used: {reason}") from error
    finally:
        await engine.dispose()


def _path(url: str) -> str:
    return url.removeprefix("sqlite:///")


def _on_sqlite(path: str, work: Callable[[Connection], T], write: bool) -> T:
    engine = sqlite_engine(path)
    try:
        if write:
            Path(path).resolve().parent.mkdir(parents=True, exist_ok=True)
        with engine.connect() as connection:
            if write:
                use_wal(driver(connection))
            connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                result = work(connection)
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                with suppress(DBAPIError):
                    connection.exec_driver_sql("ROLLBACK")
                raise
            return result
    except (DBAPIError, OSError) as error:
        raise opening_failed(path, error) from error
    finally:
        engine.dispose()
