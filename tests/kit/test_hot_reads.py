"""Hot reads get their own answers each; a lost connection, an error or a cancellation hurts no other."""

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from coterie.database.engines import open_database
from coterie.database.session import Database, Hot, Retry
from coterie.kit.tables import tenant
from kit.databases import CUT, add, run
from support.database import SqliteTemplate

ONE = Hot(sa.select(tenant.c.tenant).where(tenant.c.tenant == sa.bindparam("name", type_=sa.Text())))
COUNT = Hot(sa.select(sa.func.count()).select_from(tenant))


async def found(database: Database, name: str) -> list[str]:
    async with database.reading() as session:
        return [row[0] for row in await session.hot(ONE, name=name)]


async def sleeps(admin: Database) -> bool:
    """Whether a statement of another connection sleeps."""
    async with admin.writing() as session:
        return bool(
            await session.value(sa.text("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))
        )


def test_many_at_once_get_their_own_answers(database_url: str) -> None:
    async def test(database: Database) -> None:
        names = [f"t{number:02}" for number in range(40)]
        await add(database, *names)
        answers = await asyncio.gather(*(found(database, name) for name in [*names, "nobody"]))
        assert answers == [*([name] for name in names), []]

    run(database_url, test, pool_size=3)


def test_hot_and_ordinary_statements_of_one_read_see_one_state_on_sqlite(
    sqlite_template: SqliteTemplate, tmp_path: Path
) -> None:
    async def test(database: Database) -> None:
        await add(database, "a")
        async with database.reading() as session:
            assert await session.hot(COUNT) == [(1,)]
            await add(database, "b")
            assert await session.hot(COUNT) == [(1,)]
            assert await session.value(sa.select(sa.func.count()).select_from(tenant)) == 1
        async with database.reading() as session:
            assert await session.hot(COUNT) == [(2,)]

    run(sqlite_template.copy(tmp_path), test)


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_connections_that_were_cut_while_idle_fail_nothing(postgres: str, pause: float) -> None:
    async def test(database: Database) -> None:
        admin = open_database(postgres)
        await add(database, "a")
        for _ in range(5):
            # Several connections lie idle when the server cuts them.
            assert await asyncio.gather(*(found(database, "a") for _ in range(6))) == [["a"]] * 6
            async with admin.writing() as session:
                await session.all(CUT)
            # Without a pause, they are dead and the driver does not know it yet.
            await asyncio.sleep(pause)
            assert await found(database, "a") == ["a"]
        await admin.close()

    run(postgres, test, pool_size=6)


def test_a_connection_cut_while_it_answers_is_a_retry(postgres: str) -> None:
    slow = Hot(sa.select(sa.cast(sa.func.pg_sleep(30), sa.Text)))

    async def test(database: Database) -> None:
        admin = open_database(postgres)

        async def ask() -> None:
            async with database.reading() as session:
                await session.hot(slow)

        asked = asyncio.create_task(ask())
        while not await sleeps(admin):
            pass
        async with admin.writing() as session:
            await session.all(CUT)
        with pytest.raises(Retry):
            await asked
        await admin.close()

    run(postgres, test)


def test_a_cancelled_one_and_a_failing_one_leave_the_next_its_connection(postgres: str) -> None:
    slow = Hot(sa.select(sa.cast(sa.func.pg_sleep(30), sa.Text)))
    failing = Hot(sa.select(sa.literal(1) / sa.cast(sa.bindparam("by", type_=sa.Integer()), sa.Integer)))

    async def test(database: Database) -> None:
        await add(database, "a")

        async def ask(statement: Hot, **values: int) -> None:
            async with database.reading() as session:
                await session.hot(statement, **values)

        for _ in range(3):
            task = asyncio.create_task(ask(slow))
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(Exception, match="division by zero"):
                await ask(failing, by=0)
            assert await found(database, "a") == ["a"]

    run(postgres, test, pool_size=1)


def test_a_statement_outlives_a_change_of_the_schema(postgres: str) -> None:
    everything = Hot(sa.select(sa.text("tenant.*")).select_from(tenant))

    async def test(database: Database) -> None:
        await add(database, "a")

        async def width() -> int:
            async with database.reading() as session:
                return len((await session.hot(everything))[0])

        before = await width()
        async with database.writing() as session:
            await session.run(sa.text("ALTER TABLE tenant ADD COLUMN more TEXT"))
        assert await width() == before + 1

    run(postgres, test, pool_size=1)
