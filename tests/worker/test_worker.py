"""The worker delivers at least once and in order per subject: the same promises on both engines."""

import asyncio
import os
import random
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from coterie.database.engines import open_database
from coterie.database.session import Database
from coterie.kit.clock import Clock, iso
from coterie.worker import claims
from coterie.worker.claims import StoredEvent
from coterie.worker.worker import Worker
from support.outbox import (
    NOON,
    PACE,
    Recorder,
    StillClock,
    all_done,
    drain,
    emit,
    emit_group,
    open_subjects,
    run,
    running,
    stored,
    until,
)


def test_events_arrive_with_their_content(database_url: str) -> None:
    async def test(database: Database) -> None:
        consumer = Recorder()
        await emit(database, "segment a", "segment a")
        await drain(Worker(database, StillClock(), [consumer]))
        first, second = consumer.events
        assert first == StoredEvent(
            first.id, "acme", "thing.changed", "segment a", {"position": 0}, iso(NOON), 0
        )
        assert second.id > first.id
        assert second.payload == {"position": 1}
        assert await all_done(database)

    run(database_url, test)


def test_several_workers_deliver_each_event_once_and_in_order(database_url: str) -> None:
    chance = random.Random(7)

    async def dawdle(_event: StoredEvent) -> None:
        await asyncio.sleep(chance.random() * 0.004)

    async def test(database: Database) -> None:
        others = [open_database(database_url) for _ in range(2)]
        consumer = Recorder(dawdle)
        pace = replace(PACE, subjects=4, events=9, at_once=3)
        workers = [Worker(each, Clock(), [consumer], pace=pace) for each in (database, *others)]
        subjects = [chance.choice("abcdefgh") for _ in range(150)]
        async with running(*workers):
            for start in range(0, len(subjects), 15):
                for tenant in ("acme", "other"):
                    await emit(database, *subjects[start : start + 15], tenant=tenant)
            await until(lambda: all_done(database))
        for other in others:
            await other.close()
        for ids in consumer.by_subject().values():
            assert ids == sorted(ids), "out of order"
        assert len({event.id for event in consumer.events}) == len(consumer.events) == 300

    run(database_url, test)


def test_a_killed_workers_events_are_delivered_by_another(database_url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"

    def delivered() -> list[str]:
        return log.read_text().splitlines() if log.exists() else []

    async def test(database: Database) -> None:
        await emit(database, *"ababacabdabacbaddbac" * 5)
        for subject in "dabcadb":
            await emit_group(database, subject, 30)
        ids = {f"{row.id} {at} {row.subject}" for row in await stored(database) for at in range(row.events)}
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "support.worker_process", database_url, str(log)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        )

        async def in_the_middle() -> bool:
            return len(delivered()) >= 10 or process.returncode is not None

        await until(in_the_middle)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        before = delivered()
        assert 10 <= len(before) < len(ids), "the worker was not killed in the middle"

        consumer = Recorder()
        await drain(Worker(database, Clock(), [consumer]))
        assert not consumer.events, "taken over while the lease of the killed worker ran"
        clock = StillClock(datetime.now(UTC) + timedelta(seconds=PACE.lease + 5))
        await drain(Worker(database, clock, [consumer]))
        after = [f"{event.id} {event.position} {event.subject}" for event in consumer.events]
        assert {*before, *after} == ids
        # What was being delivered when the process died may come again, nothing else: one of each subject.
        assert len(before) + len(after) - len(ids) <= 4
        for subject in "abcd":
            firsts = list(dict.fromkeys(line for line in [*before, *after] if line.endswith(subject)))
            assert firsts == sorted(firsts, key=lambda line: [int(each) for each in line.split()[:2]])

    run(database_url, test)


def test_a_failed_delivery_is_repeated_ever_later_and_holds_up_its_subject_only(database_url: str) -> None:
    failing = True

    async def fail(event: StoredEvent) -> None:
        if failing and event.subject == "bad":
            raise ConnectionError("no one there\0")

    async def test(database: Database) -> None:
        nonlocal failing
        clock, consumer, outcomes = StillClock(), Recorder(fail), []
        worker = Worker(database, clock, [consumer], observe=lambda *each: outcomes.append(each))
        await emit(database, "bad", "good", "bad", "bad")
        for attempt in range(1, 13):
            await drain(worker)
            assert consumer.subjects == ["good"]
            head = (await stored(database))[0]
            assert (head.attempts, head.error) == (attempt, "recorder: ConnectionError: no one there")
            wait = min(2 ** (attempt - 1), PACE.longest_retry)
            assert iso(clock.now() + timedelta(seconds=wait / 2)) <= head.retry_at
            assert head.retry_at <= iso(clock.now() + timedelta(seconds=wait))
            clock.instant = datetime.fromisoformat(head.retry_at) - timedelta(milliseconds=1)
            await drain(worker)
            assert (await stored(database))[0].attempts == attempt, "repeated before its time"
            clock.move(milliseconds=1)
        failing = False
        await drain(worker)
        assert consumer.subjects == ["good", "bad", "bad", "bad"]
        assert [event.attempts for event in consumer.events] == [0, 12, 0, 0]
        assert await all_done(database)
        assert outcomes.count(("retried", 1)) == 12
        assert outcomes.count(("delivered", 1)) == 4

    run(database_url, test)


def test_what_keeps_failing_is_parked_until_replayed(database_url: str) -> None:
    failing = True

    async def fail(event: StoredEvent) -> None:
        if failing and event.subject == "bad":
            raise ValueError("never")

    async def test(database: Database) -> None:
        nonlocal failing
        clock, consumer, outcomes = StillClock(), Recorder(fail), []
        pace = replace(PACE, attempts=3)

        def worker() -> Worker:
            return Worker(database, clock, [consumer], pace=pace, observe=lambda *each: outcomes.append(each))

        await emit(database, "bad", "bad", "good")
        for _ in range(5):
            await drain(worker())
            clock.move(hours=1)
        assert outcomes.count(("parked", 1)) == 1
        await emit(database, "bad", "good")
        await drain(worker())
        assert consumer.subjects == ["good", "good"]
        await drain(worker())  # a new one starts with its housekeeping, which parks what stands behind
        assert [row.parked_at is not None for row in await stored(database)] == [
            True,
            True,
            False,
            True,
            False,
        ]

        failing = False
        async with database.writing() as session:
            assert await claims.replay(session) == 3
        await drain(worker())
        assert consumer.subjects == ["good", "good", "bad", "bad", "bad"]
        ids = [event.id for event in consumer.events if event.subject == "bad"]
        assert ids == sorted(ids)
        assert await all_done(database)

    run(database_url, test)


def test_replay_and_discard_can_name_one_of_several_parked_subjects(database_url: str) -> None:
    async def fail(event: StoredEvent) -> None:
        if event.payload["position"] < 2:
            raise ValueError("never")

    async def test(database: Database) -> None:
        clock, consumer = StillClock(), Recorder(fail)
        pace = replace(PACE, attempts=1)
        await emit(database, "a", "b", "a", "b")
        await drain(Worker(database, clock, [consumer], pace=pace))
        await drain(Worker(database, clock, [consumer], pace=pace))
        rows = await stored(database)
        assert all(row.parked_at for row in rows)
        async with database.writing() as session:
            assert await claims.replay(session, [rows[2].id]) == 2
        assert [bool(row.parked_at) for row in await stored(database)] == [False, True, False, True]
        async with database.writing() as session:
            assert await claims.discard(session, [rows[1].id, rows[0].id], NOON) == 1, "only what is parked"
        await drain(Worker(database, clock, [consumer], pace=pace))
        assert consumer.subjects == ["b"]
        assert await open_subjects(database) == ["a", "a"]

    run(database_url, test)


def test_internal_events_and_those_without_consumers_are_done_undelivered(database_url: str) -> None:
    async def test(database: Database) -> None:
        consumer, outcomes = Recorder(), []
        await emit(database, "a", internal=True)
        await emit(database, "a")
        await drain(Worker(database, StillClock(), [consumer]))
        assert [event.payload for event in consumer.events] == [{"position": 0}]
        await emit(database, *"abc" * 300)
        worker = Worker(database, StillClock(), observe=lambda *each: outcomes.append(each))
        await drain(worker)
        rows = await stored(database)
        assert len(rows) == 902, "they are kept for the feed"
        assert {row.done_at for row in rows} == {iso(NOON)}
        assert sum(count for _, count in outcomes) == 900

    run(database_url, test)


def test_an_event_that_appears_late_does_not_let_later_ones_pass_those_that_wait(database_url: str) -> None:
    """On PostgreSQL the row of a lower id can become visible after that of a higher one."""

    async def fail(event: StoredEvent) -> None:
        if event.id == 10:
            raise ValueError("not yet")

    async def test(database: Database) -> None:
        consumer = Recorder(fail)
        worker = Worker(database, StillClock(), [consumer])
        await emit(database, "a", first_id=10)
        await drain(worker)
        await emit(database, "a", first_id=5)
        await emit(database, "a", first_id=11)
        await drain(worker)
        assert [event.id for event in consumer.events] == [5]

    run(database_url, test)


def test_a_claim_is_bounded(database_url: str) -> None:
    async def test(database: Database) -> None:
        await emit(database, *"aab" * 10, *"cdef")
        pace = replace(PACE, subjects=3, events=8)
        async with database.writing() as session:
            claim = await claims.claim(session, NOON, pace, wanted=claims.Wanted())
        assert [event.subject for event in claim.events] == list("aabaabaa")
        async with database.writing() as session:
            other = await claims.claim(session, NOON, pace, wanted=claims.Wanted())
        assert [event.subject for event in other.events] == list("cde")

    run(database_url, test)


def test_a_long_backlog_of_one_subject_hides_no_other(database_url: str) -> None:
    """Whether its events wait for a retry or are claimed bit by bit, in order and none twice."""

    async def fail(event: StoredEvent) -> None:
        if event.subject == "a" and clock.now() == NOON:
            raise ValueError("not yet")

    clock = StillClock()

    async def test(database: Database) -> None:
        consumer = Recorder(fail)
        worker = Worker(database, clock, [consumer], pace=replace(PACE, oldest=5, events=3))
        await emit(database, *"a" * 12, "b", "c")
        await drain(worker)
        assert consumer.subjects == ["b", "c"]
        clock.move(seconds=5)
        await drain(worker)
        assert [event.id for event in consumer.events] == [13, 14, *range(1, 13)]

    run(database_url, test)


def test_many_subjects_that_wait_hide_no_other(database_url: str) -> None:
    async def fail(event: StoredEvent) -> None:
        if event.subject.startswith("down") and clock.now() == NOON:
            raise ValueError("not yet")

    clock = StillClock()

    async def test(database: Database) -> None:
        consumer = Recorder(fail)
        worker = Worker(database, clock, [consumer], pace=replace(PACE, oldest=7))
        down = [f"down {number % 60}" for number in range(120)]
        await emit(database, *down)
        await drain(worker)
        await emit(database, "up")
        await drain(worker)
        assert consumer.subjects == ["up"]
        clock.move(seconds=5)
        await drain(worker)
        assert sorted(consumer.subjects[1:]) == sorted(down)

    run(database_url, test)
