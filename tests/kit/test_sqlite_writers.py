"""Concurrent writers of one SQLite file lose nothing and never see a lock error."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from coterie.database.engines import open_database
from coterie.database.session import Database, Session
from coterie.kit.tables import tenant

TASKS, ROUNDS = 8, 25


async def add_one(session: Session) -> None:
    """Read, let others run, and write what was read plus one: what a lost update would show in."""
    found = await session.value(sa.select(tenant.c.settings).where(tenant.c.tenant == "counter"))
    await asyncio.sleep(0)
    changed = await session.run(
        tenant.update().where(tenant.c.tenant == "counter").values(settings={"count": found["count"] + 1})
    )
    assert changed == 1


async def write(database: Database, times: int) -> None:
    for _ in range(times):
        async with database.writing() as session:
            await add_one(session)


async def prepare(database: Database) -> None:
    row = {"languages": [], "default_language": "", "currency": "", "created_at": ""}
    async with database.writing() as session:
        await session.run(tenant.insert().values(tenant="counter", settings={"count": 0}, **row))


async def count(database: Database) -> int:
    async with database.reading() as session:
        return (await session.value(sa.select(tenant.c.settings)))["count"]


def test_eight_tasks_lose_nothing(sqlite_template, tmp_path: Path) -> None:
    async def test() -> int:
        database = open_database(sqlite_template.copy(tmp_path))
        await prepare(database)
        seen = []

        async def read() -> None:
            while not seen or seen[-1] < TASKS * ROUNDS:
                seen.append(await count(database))
                await asyncio.sleep(0)

        await asyncio.wait_for(
            asyncio.gather(read(), *(write(database, ROUNDS) for _ in range(TASKS))), timeout=60
        )
        assert seen == sorted(seen)
        assert len(set(seen)) > 10, "readers waited for the writers"
        await database.close()
        return seen[-1]

    assert asyncio.run(test()) == TASKS * ROUNDS


def test_four_processes_with_two_writers_each_lose_nothing(sqlite_template, tmp_path: Path) -> None:
    url = sqlite_template.copy(tmp_path)

    async def start_and_count(start: bool) -> int:
        database = open_database(url)
        if start:
            await prepare(database)
        counted = await count(database)
        await database.close()
        return counted

    assert asyncio.run(start_and_count(True)) == 0
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, url],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    errors = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert errors == ["", "", "", ""]
    assert asyncio.run(start_and_count(False)) == TASKS * ROUNDS


async def main(url: str) -> None:
    """Two writers at once in this process."""
    database = open_database(url)
    await asyncio.gather(*(write(database, ROUNDS) for _ in range(2)))
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
