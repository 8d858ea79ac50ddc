"""Transactions begin, end and give back their connections on both engines, whatever happens inside them."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from coterie.database.engines import open_database
from coterie.database.postgres import PostgresDatabase
from coterie.database.session import Database, DatabaseError, Hot, Retry
from coterie.database.sqlite import SqliteDatabase
from coterie.kit.tables import outbox, tenant
from coterie.query.sql import json_object, json_text, key_rows
from kit.databases import CUT, ROW, add, run


async def names(database: Database) -> list[str]:
    async with database.reading() as session:
        return [row[0] for row in await session.all(sa.select(tenant.c.tenant).order_by(tenant.c.tenant))]


def test_a_block_that_raises_changes_nothing(database_url: str) -> None:
    async def test(database: Database) -> None:
        async def fail() -> None:
            async with database.writing() as session:
                await session.run(tenant.insert().values(tenant="a", **ROW))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        await add(database, "b")
        assert await names(database) == ["b"]

    run(database_url, test)


def test_a_statement_that_fails_leaves_the_next_transaction_whole(database_url: str) -> None:
    async def test(database: Database) -> None:
        async def fail() -> None:
            async with database.writing() as session:
                await session.run(tenant.insert().values(tenant="b", **ROW))
                await session.run(tenant.insert().values(tenant="c", **{**ROW, "currency": None}))

        await add(database, "a")
        for _ in range(4):
            with pytest.raises(sa.exc.IntegrityError):
                await fail()
        await add(database, "c")
        assert await names(database) == ["a", "c"]

    run(database_url, test, pool_size=2)


def test_no_rows_is_no_statement(database_url: str) -> None:
    async def test(database: Database) -> None:
        async with database.writing() as session:
            assert await session.run(tenant.insert(), []) == -1
            assert await session.all(tenant.insert().returning(tenant.c.tenant), []) == []
            assert await session.run(tenant.insert(), [{"tenant": "a", **ROW}, {"tenant": "b", **ROW}]) == -1
            assert await session.run(tenant.update().values(currency="USD")) == 2
            assert session.statements == 2

    run(database_url, test)


def test_reads_see_one_state_and_cannot_write(database_url: str) -> None:
    async def test(database: Database) -> None:
        await add(database, "a")
        count = sa.select(sa.func.count()).select_from(tenant)
        async with database.reading() as session:
            assert await session.value(count) == 1
            await add(database, "b")
            assert await session.value(count) == 1
        async with database.reading() as session:
            assert await session.value(count) == 2
            with pytest.raises(sa.exc.DBAPIError, match=r"read-?only"):
                await session.run(tenant.delete())

    run(database_url, test)


def test_cancelled_requests_leave_neither_locks_nor_connections_behind(database_url: str) -> None:
    async def test(database: Database) -> None:
        async def work(name: str) -> None:
            async with database.writing() as session:
                await session.run(tenant.insert().values(tenant=name, **ROW))
                await session.all(sa.select(tenant))
                await asyncio.sleep(0.002)
            async with database.reading() as session:
                await session.all(sa.select(tenant))

        tasks = [asyncio.create_task(work(f"t{number:03}")) for number in range(60)]
        for position, task in enumerate(tasks):
            await asyncio.sleep(0.001 * (position % 4))
            if position % 3:
                task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in results} == {type(None), asyncio.CancelledError}
        await add(database, "last")
        done = [f"t{position:03}" for position, result in enumerate(results) if result is None]
        assert set(done) | {"last"} <= set(await names(database))

    run(database_url, test, pool_size=3)


def test_streams_come_in_batches_and_can_be_left(database_url: str) -> None:
    async def test(database: Database) -> None:
        await add(database, *(f"t{number:03}" for number in range(25)))
        for transaction in (database.reading, database.writing):
            async with transaction() as session:
                statement = sa.select(tenant.c.tenant).order_by(tenant.c.tenant)
                assert [len(batch) async for batch in session.stream(statement, 10)] == [10, 10, 5]
                async for batch in session.stream(statement, 10):
                    assert batch[0].tenant == "t000"
                    break
                assert await session.value(sa.select(sa.func.count()).select_from(tenant)) == 25

    run(database_url, test)


def test_hot_statements_answer_alike_inside_and_outside_of_transactions(database_url: str) -> None:
    document = json_object(id=tenant.c.tenant, settings=tenant.c.settings)
    hot = Hot(
        sa.select(sa.cast(document, sa.Text), json_text(tenant.c.settings, ["a"]))
        .where(tenant.c.tenant == sa.bindparam("name"), tenant.c.currency == "EUR")
        .limit(sa.bindparam("most"))
    )

    async def test(database: Database) -> None:
        await add(database, "a", "b")
        answers = []
        async with database.reading() as session:
            answers.append(await session.hot(hot, name="b", most=5))
            await session.all(sa.select(tenant))
            answers.append(await session.hot(hot, name="b", most=5))
            assert session.statements == 3
        async with database.writing() as session:
            answers.append(await session.hot(hot, name="b", most=5))
        for ((text, value),) in answers:
            assert text.replace(" ", "") == '{"id":"b","settings":{"a":"ä"}}'
            assert value == "ä"

    run(database_url, test)


def test_hot_statements_that_would_not_answer_alike_are_refused(database_url: str) -> None:
    with pytest.raises(TypeError, match="cast it to Text"):
        Hot(sa.select(tenant.c.settings))

    async def test(database: Database) -> None:
        async with database.reading() as session:
            with pytest.raises(TypeError, match="list in an IN"):
                await session.hot(Hot(sa.select(tenant.c.tenant).where(tenant.c.tenant.in_(["a"]))))

    run(database_url, test)


def test_tests_can_count_the_statements_of_each_session(database_url: str) -> None:
    async def test(database: Database) -> None:
        database.sessions = []
        await add(database, "a", "b")
        await asyncio.gather(names(database), names(database))
        assert [session.statements for session in database.sessions] == [1, 1, 1]

    run(database_url, test)


# SQLite -------------------------------------------------------------------------------------------------


@pytest.fixture
def sqlite_url(sqlite_template, tmp_path: Path) -> str:
    return sqlite_template.copy(tmp_path)


def test_a_writer_cancelled_while_another_process_writes_gives_up_its_turn(sqlite_url: str) -> None:
    async def test(database: Database) -> None:
        # Another process' transaction, as far as SQLite can tell.
        other = sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(add(database, "cancelled"))
        await asyncio.sleep(0.05)
        started = time.monotonic()
        waiting.cancel()
        asyncio.get_running_loop().call_later(0.1, other.execute, "COMMIT")
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert time.monotonic() - started < 5
        other.execute("BEGIN IMMEDIATE")  # would fail if the cancelled BEGIN held the lock
        other.execute("COMMIT")
        await add(database, "next")
        assert await names(database) == ["next"]
        other.close()

    run(sqlite_url, test)


def test_a_commit_that_fails_ends_its_transaction(sqlite_url: str) -> None:
    async def test(database: Database) -> None:
        async with database.writing() as session:
            await session.run(sa.text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
            await session.run(
                sa.text("CREATE TABLE child (parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
            )
        database._thread.submit(database._writer.exec_driver_sql, "PRAGMA foreign_keys = ON").result()
        for _ in range(2):
            with pytest.raises(sqlite3.IntegrityError):
                async with database.writing() as session:
                    await session.run(sa.text("INSERT INTO child VALUES (7)"))
        await add(database, "a")
        assert await names(database) == ["a"]

    run(sqlite_url, test)


def test_a_lock_that_is_not_released_is_a_retry(sqlite_url: str) -> None:
    async def test(database: Database) -> None:
        database._thread.submit(database._writer.exec_driver_sql, "PRAGMA busy_timeout = 50").result()
        other = sqlite3.connect(database.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Retry):
            await add(database, "a")
        other.execute("COMMIT")
        other.close()
        await add(database, "b")
        assert await names(database) == ["b"]

    run(sqlite_url, test)


def test_waiting_for_another_process_does_not_stop_the_event_loop(sqlite_url: str) -> None:
    async def test(database: Database) -> None:
        other = sqlite3.connect(database.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(add(database, "a"))
        slowest = 0.0
        for _ in range(20):
            before = time.monotonic()
            await asyncio.sleep(0.01)
            assert await names(database) == []
            slowest = max(slowest, time.monotonic() - before)
        other.execute("COMMIT")
        await waiting
        assert slowest < 0.25
        assert await names(database) == ["a"]
        other.close()

    run(sqlite_url, test)


def test_files_that_cannot_be_a_database_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is not a database, although it is long enough for one's header" * 9)
    (tmp_path / "folder").mkdir()
    for name in ("text", "folder", "text/inside"):
        with pytest.raises(DatabaseError, match="can't be opened"):
            SqliteDatabase(str(tmp_path / name))
    for path in ("", ":memory:"):
        with pytest.raises(DatabaseError, match="in memory is not supported"):
            open_database(f"sqlite:///{path}")
    with pytest.raises(DatabaseError, match="not supported"):
        open_database("mysql://host/name")


# PostgreSQL ---------------------------------------------------------------------------------------------


def test_deadlocks_are_retries(postgres: str) -> None:
    async def test(database: Database) -> None:
        await add(database, "a", "b")
        both_began = asyncio.Barrier(2)

        async def lock(first: str, second: str) -> None:
            async with database.writing() as session:
                await session.all(sa.select(tenant).where(tenant.c.tenant == first).with_for_update())
                await both_began.wait()
                await session.all(sa.select(tenant).where(tenant.c.tenant == second).with_for_update())

        results = await asyncio.gather(lock("a", "b"), lock("b", "a"), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["NoneType", "Retry"]

    run(postgres, test)


@pytest.mark.parametrize(
    ("code", "expected"), [("40001", Retry), ("40P01", Retry), ("23514", sa.exc.IntegrityError)]
)
def test_a_race_lost_at_commit_is_a_retry(postgres: str, code: str, expected: type[Exception]) -> None:
    async def test(database: Database) -> None:
        async with database.writing() as session:
            await session.run(
                sa.text(
                    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                    f"$$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{code}'; END $$"
                )
            )
            await session.run(
                sa.text(
                    "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON tenant DEFERRABLE INITIALLY DEFERRED "
                    "FOR EACH ROW EXECUTE FUNCTION refuse()"
                )
            )
        for _ in range(3):
            with pytest.raises(expected):
                await add(database, "a")
        assert await names(database) == []

    run(postgres, test, pool_size=1)


async def retried(attempt: Callable[[], Awaitable[None]]) -> None:
    """As the kit runs a transaction; each lost connection may cost one attempt."""
    for _ in range(5):
        try:
            return await attempt()
        except Retry:
            await asyncio.sleep(0)
    raise AssertionError("the connections did not come back")


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_pools_survive_a_restart_of_the_server(postgres: str, pause: float) -> None:
    hot = Hot(sa.select(sa.func.max(tenant.c.tenant)))

    async def test(database: Database) -> None:
        admin = open_database(postgres)
        for number in range(20):
            name = f"a{number:02}"

            async def look(name: str = name) -> None:
                async with database.reading() as session:
                    assert await session.hot(hot) == [(name,)]
                    assert await session.value(sa.select(sa.func.max(tenant.c.tenant))) == name

            await retried(lambda name=name: add(database, name))
            await retried(look)
            async with admin.writing() as session:
                await session.all(CUT)
            # Without a pause, pooled connections are dead and the driver does not know it yet.
            await asyncio.sleep(pause)
        await admin.close()

    run(postgres, test, pool_size=2)


def test_a_connection_lost_before_the_commit_is_a_retry(postgres: str) -> None:
    async def test(database: Database) -> None:
        admin = open_database(postgres)

        async def write() -> None:
            async with database.writing() as session:
                await session.run(tenant.insert().values(tenant="a", **ROW))
                async with admin.writing() as other:
                    await other.all(CUT)
                await session.run(tenant.insert().values(tenant="b", **ROW))

        with pytest.raises(Retry):
            await write()
        await admin.close()
        assert await names(database) == []

    run(postgres, test)


def test_transactions_have_their_isolation_whatever_the_servers_default(postgres: str) -> None:
    async def test(database: Database) -> None:
        name = sa.text(
            f'ALTER DATABASE "{sa.make_url(postgres).database}" '
            "SET default_transaction_isolation = 'serializable'"
        )
        async with database.writing() as session:
            await session.run(name)
        other = PostgresDatabase(postgres)
        for transaction, expected in ((other.writing, "read committed"), (other.reading, "repeatable read")):
            async with transaction() as session:
                assert await session.value(sa.text("SHOW transaction_isolation")) == expected
        await other.close()

    run(postgres, test)


def test_parameters_of_the_url_are_those_of_postgresqls_own_tools(postgres: str) -> None:
    async def test(database: Database) -> None:
        async with database.reading() as session:
            assert await session.value(sa.text("SHOW application_name")) == "shop"
            assert await session.hot(Hot(sa.select(sa.func.current_setting("application_name")))) == [
                ("shop",)
            ]

    run(f"{postgres}&sslmode=disable&application_name=shop", test)


def test_a_load_is_part_of_its_transaction_and_keeps_the_order(database_url: str) -> None:
    rows = [("a", "thing.changed", subject, '{"n": "ä"}', False, "") for subject in ("x", "y", "x")]
    columns = ("tenant", "type", "subject", "payload", "internal", "created_at")

    async def test(database: Database) -> None:
        async def load(then: int) -> float:
            async with database.writing() as session:
                await session.load(outbox, columns, rows)
                return 1 / then

        with pytest.raises(ZeroDivisionError):
            await load(0)
        await load(1)
        async with database.reading() as session:
            found = await session.all(sa.select(outbox).order_by(outbox.c.id))
        assert [(row.subject, row.payload, row.internal, row.attempts) for row in found] == [
            (subject, {"n": "ä"}, False, 0) for subject in ("x", "y", "x")
        ]

    run(database_url, test)


@pytest.mark.parametrize("count", [1, 40_000])
def test_keys_are_rows_however_many_they_are(database_url: str, count: int) -> None:
    parts = [[f"a{number}" for number in range(count)], ["'\\\"ä,"] * count]

    async def test(database: Database) -> None:
        async with database.reading() as session:
            found = await session.all(key_rows(session.sql, ["left", "right"], parts))
        assert [tuple(row) for row in found] == list(zip(*parts, strict=True))

    run(database_url, test)
