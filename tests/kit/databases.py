"""Databases for the tests of what stands on them alone: opened for one test, filled with tenants, cut off."""

import asyncio
from collections.abc import Awaitable, Callable

import sqlalchemy as sa

from coterie.database.engines import open_database
from coterie.database.session import Database
from coterie.kit.tables import tenant

ROW = {
    "languages": ["en"],
    "default_language": "en",
    "currency": "EUR",
    "created_at": "",
    "settings": {"a": "ä"},
}
# Run on one connection, it ends all others.
CUT = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


def run(url: str, test: Callable[[Database], Awaitable[None]], **options: int) -> None:
    async def whole() -> None:
        database = open_database(url, **options)
        try:
            await asyncio.wait_for(test(database), 60)
        finally:
            await database.close()

    asyncio.run(whole())


async def add(database: Database, *names: str) -> None:
    async with database.writing() as session:
        await session.run(tenant.insert(), [{"tenant": name, **ROW} for name in names])
