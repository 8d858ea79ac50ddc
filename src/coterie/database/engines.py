"""From a database URL to its engine."""

from __future__ import annotations

from typing import Literal

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from coterie.database.postgres import PostgresDatabase
from coterie.database.session import Database, DatabaseError
from coterie.database.sqlite import SqliteDatabase


def open_database(url: str, *, pool_size: int = 10) -> Database:
    """The database at `url` (sqlite:///PATH or postgresql://…). Raises DatabaseError."""
    if engine_of(url) == "sqlite":
        return SqliteDatabase(url.removeprefix("sqlite:///"))
    return PostgresDatabase(url, pool_size=pool_size)


def engine_of(url: str) -> Literal["sqlite", "postgresql"]:
    """Which engine a database URL names. Raises DatabaseError when it names none, or can't be read."""
    if url in ("sqlite:///", "sqlite:///:memory:"):
        raise DatabaseError(
            "A database in memory is not supported; use sqlite:///PATH with the path of a file."
        )
    if url.startswith("sqlite:///"):
        return "sqlite"
    if url.startswith(("postgresql://", "postgresql+asyncpg://", "postgres://")):
        try:
            make_url(url)
        except (ArgumentError, ValueError):
            # The URL may hold a password, so it is not repeated.
            raise DatabaseError(
                "The database URL can't be read; use postgresql://USER:PASSWORD@HOST:PORT/NAME."
            ) from None
        return "postgresql"
    raise DatabaseError(
        f"Database URL {url!r} is not supported; use sqlite:///PATH or postgresql://HOST/NAME."
    )
