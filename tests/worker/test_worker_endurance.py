"""The worker outlives clocks that jump, slow consumers, outages, and years of events, on both engines."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from coterie.database.engines import open_database
from coterie.database.session import Database
from coterie.kit.clock import Clock
from coterie.worker import claims
from coterie.worker.claims import Pace, StoredEvent
from coterie.worker.worker import Worker
from support.outbox import (
    NOON,
    PACE,
    Recorder,
    StillClock,
    all_done,
    drain,
    emit,
    run,
    running,
    stored,
    until,
)


def test_a_clock_set_back_does_not_freeze_leases_and_retries(database_url: str) -> None:
    async def test(database: Database) -> None:
        clock, consumer = StillClock(), Recorder()
        await emit(database, "leased", "waiting")
        async with database.writing() as session:
            claim = await claims.claim(session, NOON, PACE, wanted=claims.Wanted())
            waiting = claim.events[1]
            retry = NOON + timedelta(seconds=300)
            await claims.failed(session, claim.token, waiting, "no", retry=retry, now=NOON)
        worker = Worker(database, clock, [consumer])
        await drain(worker)
        assert not consumer.events
        clock.move(days=-400)
        await drain(worker)
        assert sorted(consumer.subjects) == ["leased", "waiting"]

    run(database_url, test)


def test_workers_whose_clocks_differ_a_little_respect_each_others_leases(database_url: str) -> None:
    async def test(database: Database) -> None:
        await emit(database, "a")
        async with database.writing() as session:
            claim = await claims.claim(session, NOON, PACE, wanted=claims.Wanted())
            assert len(claim.events) == 1
        for seconds in (-30, 30):
            consumer = Recorder()
            await drain(Worker(database, StillClock(NOON + timedelta(seconds=seconds)), [consumer]))
            assert not consumer.events

    run(database_url, test)


def test_a_clock_set_forward_ends_leases_without_losing_order(database_url: str) -> None:
    """The first worker is in the middle of a delivery when its lease seems over; the second takes over."""

    async def test(database: Database) -> None:
        clock, other = StillClock(), open_database(database_url)
        started, go_on = asyncio.Event(), asyncio.Event()

        async def wait(_event: StoredEvent) -> None:
            started.set()
            await go_on.wait()

        slow, quick = Recorder(wait), Recorder()
        await emit(database, "a", "a", "a")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(drain(Worker(database, clock, [slow])))
            await started.wait()
            clock.move(days=400)
            await drain(Worker(other, clock, [quick]))
            go_on.set()
        await other.close()
        rows = await stored(database)
        assert [event.id for event in quick.events] == [row.id for row in rows]
        assert [event.id for event in slow.events] == [rows[0].id], "it noticed that the rest is not its own"
        assert await all_done(database)

    run(database_url, test)


def test_a_lease_is_renewed_while_a_subject_takes_long(database_url: str) -> None:
    async def test(database: Database) -> None:
        clock, other = StillClock(), open_database(database_url)
        rivals = Recorder()
        rival = Worker(other, clock, [rivals], pace=PACE)

        async def slow(_event: StoredEvent) -> None:
            clock.move(seconds=PACE.deliver - 1)
            await rival.round()

        consumer = Recorder(slow)
        await emit(database, *"aaaaaaaa")
        await drain(Worker(database, clock, [consumer], pace=PACE))
        await other.close()
        assert [event.id for event in consumer.events] == [row.id for row in await stored(database)]
        assert rivals.events == []

    run(database_url, test)


def test_a_delivery_that_hangs_counts_as_failed(database_url: str) -> None:
    async def hang(_event: StoredEvent) -> None:
        await asyncio.Event().wait()

    async def test(database: Database) -> None:
        await emit(database, "a")
        await drain(Worker(database, StillClock(), [Recorder(hang)], pace=replace(PACE, deliver=0.05)))
        (row,) = await stored(database)
        assert (row.attempts, row.error) == (1, "recorder: TimeoutError: ")
        assert row.lease is None

    run(database_url, test)


def test_stopping_ends_the_delivery_in_flight_and_gives_back_the_rest(database_url: str) -> None:
    async def test(database: Database) -> None:
        async def stop(_event: StoredEvent) -> None:
            worker.stop()
            await asyncio.sleep(0.05)

        consumer = Recorder(stop)
        worker = Worker(database, StillClock(), [consumer])
        await emit(database, "a", "a", "a")
        await worker.run()
        assert consumer.subjects == ["a"]
        rows = await stored(database)
        assert [row.done_at is None for row in rows] == [False, True, True]
        assert {row.lease for row in rows} == {None}

    run(database_url, test)


def test_an_idle_worker_wakes_at_once(database_url: str) -> None:
    async def test(database: Database) -> None:
        wake, consumer = asyncio.Event(), Recorder()
        # Longer than the test may take: who is not woken fails it.
        pace = Pace(first_idle=300, longest_idle=300)
        async with running(Worker(database, Clock(), [consumer], wake=wake, pace=pace)):
            await asyncio.sleep(0.2)  # it has found nothing by now
            await emit(database, "a")
            wake.set()
            await until(lambda: all_done(database))

    run(database_url, test)


def test_what_was_done_long_ago_is_pruned_in_bounded_batches(database_url: str) -> None:
    async def test(database: Database) -> None:
        clock, outcomes, calls = StillClock(), [], []

        async def prune_more(session, now: datetime, limit: int) -> int:
            assert now == clock.now()
            calls.append(limit)
            return [limit, 1, 0][len(calls) - 1]

        await emit(database, *"ab" * 12)
        await drain(Worker(database, clock))
        await emit(database, "open")
        clock.move(days=30)
        pace = replace(PACE, rows=10)
        await Worker(database, clock, [Recorder()], event_days=30, pace=pace).round()
        assert len(await stored(database)) == 25, "not older than 30 days yet"
        clock.move(milliseconds=1)
        worker = Worker(
            database,
            clock,
            event_days=30,
            pace=pace,
            prunes=[prune_more],
            observe=lambda *each: outcomes.append(each),
        )
        await drain(worker)
        assert [row.subject for row in await stored(database)] == ["open"]
        assert [count for outcome, count in outcomes if outcome == "pruned"] == [10, 10, 4, 10, 1]
        assert calls == [10, 10, 10]

    run(database_url, test)


def test_a_prune_that_fails_keeps_neither_deliveries_nor_other_prunes(database_url: str) -> None:
    async def test(database: Database) -> None:
        pruned = asyncio.Event()

        async def fail(session, now: datetime, limit: int) -> int:
            raise ValueError("a mistake in it")

        async def prune(session, now: datetime, limit: int) -> int:
            pruned.set()
            return 0

        await emit(database, "a")
        async with running(Worker(database, Clock(), prunes=[fail, prune], pace=PACE)):
            await until(lambda: all_done(database))
            await pruned.wait()

    run(database_url, test)


def test_outages_of_the_database_are_waited_out(database_url: str) -> None:
    async def test(database: Database) -> None:
        consumer = Recorder()
        reading, failures = database.reading, 3

        def unreliable():
            nonlocal failures
            failures -= 1
            if failures >= 0:
                raise ConnectionRefusedError("the database is restarting")
            return reading()

        database.reading = unreliable
        other = open_database(database_url)
        await emit(database, "a")
        async with running(Worker(database, Clock(), [consumer], pace=PACE)):
            await until(lambda: all_done(other))
        await other.close()
        assert failures < 0
        assert consumer.subjects == ["a"]

    run(database_url, test)


def test_cut_connections_are_replaced(postgres_template, postgres_url: str) -> None:
    url = postgres_template.copy()

    async def test(database: Database) -> None:
        consumer, admin = Recorder(), open_database(postgres_url)
        cut = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE :name")
        name = url.split("/")[3].split("?")[0]
        async with running(Worker(database, Clock(), [consumer], pace=PACE)):
            for _ in range(3):
                await emit(database, "a")
                await until(lambda: all_done(database))
                async with admin.writing() as session:
                    await session.all(cut.bindparams(name=name))
                await asyncio.sleep(0.05)
        await admin.close()
        assert consumer.subjects == ["a", "a", "a"]

    run(url, test)
    postgres_template.drop(url)
