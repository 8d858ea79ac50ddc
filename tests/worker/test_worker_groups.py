"""A row may tell of many events: each is delivered, repeated, parked and counted for itself, on both engines."""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import Raw

from coterie.database.session import Database
from coterie.kit import outbox
from coterie.kit.outbox import entries
from coterie.worker import claims
from coterie.worker.claims import StoredEvent
from coterie.worker.worker import Worker
from support.api import Api
from support.outbox import NOON, PACE, Recorder, StillClock, all_done, drain, emit, emit_group, run, stored
from support.shop import SEGMENTS, Shop


def test_the_events_of_a_row_arrive_one_by_one_between_those_of_others(database_url: str) -> None:
    async def test(database: Database) -> None:
        consumer, outcomes = Recorder(), []
        await emit(database, "a")
        await emit_group(database, "a", 3)
        await emit(database, "a", "b")
        worker = Worker(database, StillClock(), [consumer], observe=lambda *each: outcomes.append(each))
        await drain(worker)
        told = [(event.id, event.position, event.of) for event in consumer.events if event.subject == "a"]
        assert told == [(1, 0, 1), (2, 0, 3), (2, 1, 3), (2, 2, 3), (3, 0, 1)]
        assert [event.payload["position"] for event in consumer.events if event.id == 2] == [0, 1, 2]
        assert sum(number for outcome, number in outcomes if outcome == "delivered") == 6
        assert await all_done(database)

    run(database_url, test)


def test_what_nobody_wants_counts_by_the_event(database_url: str) -> None:
    async def test(database: Database) -> None:
        outcomes = []
        await emit_group(database, "a", 300)
        await drain(Worker(database, StillClock(), observe=lambda *each: outcomes.append(each)))
        assert outcomes == [("delivered", 300)]

    run(database_url, test)


def test_a_failure_in_the_middle_of_a_row_is_repeated_from_there(database_url: str) -> None:
    failing = {1, 2}

    async def fail(event: StoredEvent) -> None:
        if event.id == 1 and event.position in failing:
            failing.remove(event.position)
            raise ValueError("not now")

    async def test(database: Database) -> None:
        clock, consumer = StillClock(), Recorder(fail)
        worker = Worker(database, clock, [consumer])
        await emit_group(database, "a", 4)
        await emit(database, "a")
        for done in (1, 2):
            await drain(worker)
            assert [event.position for event in consumer.events] == list(range(done))
            first, second = await stored(database)
            assert (first.delivered, first.attempts, first.error) == (
                done,
                1,
                "recorder: ValueError: not now",
            )
            assert (first.lease, second.lease) == (None, None)
            clock.move(seconds=1)
        await drain(worker)
        told = [(event.id, event.position, event.attempts) for event in consumer.events]
        assert told == [(1, 0, 0), (1, 1, 1), (1, 2, 1), (1, 3, 0), (2, 0, 0)]
        assert await all_done(database)

    run(database_url, test)


def test_of_a_parked_row_the_next_event_is_replayed_or_given_up(database_url: str) -> None:
    async def fail(event: StoredEvent) -> None:
        if event.position in (1, 3):
            raise ValueError("never")

    async def test(database: Database) -> None:
        consumer = Recorder(fail)
        worker = Worker(database, StillClock(), [consumer], pace=replace(PACE, attempts=1))
        await emit_group(database, "a", 4)
        await emit(database, "a")
        await drain(worker)
        async with database.writing() as session:
            assert await claims.replay(session) == 2
        await drain(worker)
        assert [event.position for event in consumer.events] == [0]
        async with database.writing() as session:
            assert await claims.discard(session, [1], NOON) == 1
        await drain(worker)
        assert [event.position for event in consumer.events] == [0, 2]
        async with database.writing() as session:
            assert await claims.discard(session, [1], NOON) == 1
        await drain(worker)
        assert [(event.id, event.position) for event in consumer.events] == [(1, 0), (1, 2), (2, 0)]
        assert await all_done(database)

    run(database_url, test)


def test_a_claim_takes_rows_until_it_has_events_enough(database_url: str) -> None:
    async def test(database: Database) -> None:
        for _ in range(3):
            await emit_group(database, "a", 5)
        async with database.writing() as session:
            claim = await claims.claim(session, NOON, replace(PACE, events=8), wanted=claims.Wanted())
        assert [event.id for event in claim.events] == [1] * 5 + [2] * 5
        async with database.writing() as session:
            until = NOON + timedelta(seconds=9)
            assert await claims.renew(session, claim.token, {1, 2}, until)

    run(database_url, test)


def test_a_bulk_writes_a_row_for_each_type_and_subject(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_MOST_EVENTS", 30)
    shop = Shop(api)
    shop.site()
    shop.setting("references", "open")
    shop.segment("gold")
    people = [{"customerId": f"c{at}"} for at in range(70)]
    before = len(api.events())

    def rows() -> list[int]:
        database = api.server.runtime.database
        mine = [row for row in api.run(stored(database)) if row.tenant == api.tenant]
        return [row.events for row in mine if row.subject == "customer-segment:gold"]

    assert api.put(f"{SEGMENTS}/gold/customers/bulk", people).status == 207
    assert rows() == [1, 30, 30, 10]
    told = api.events()[before:]
    assert [each["customer"]["id"] for each in told] == [each["customerId"] for each in people]
    assert api.delete(f"{SEGMENTS}/gold/customers/bulk", people[:2]).status == 207
    assert rows() == [1, 30, 30, 10, 2]


def test_rows_are_bounded_and_keep_the_order_of_each_subject() -> None:
    large = Raw(b'"' + b"x" * (outbox._MOST_BYTES // 2) + b'"')
    given = [
        ("made", "a", 1), ("made", "b", 2), ("made", "a", 3), ("gone", "a", 4), ("made", "a", 5), ("made", "b", 6)
    ]  # fmt: skip
    events = [outbox.Event(type, subject, {"n": n}, False, {}) for type, subject, n in given]
    rows = [(key[:2], [bytes(each) for each in told]) for key, told in outbox._grouped(events)]
    assert rows == [
        (("made", "a"), [b'{"n":1}', b'{"n":3}']),
        (("made", "b"), [b'{"n":2}', b'{"n":6}']),
        (("gone", "a"), [b'{"n":4}']),
        (("made", "a"), [b'{"n":5}']),
    ]
    some = [outbox.Event("made", "a", large, False, {})] * 5
    assert [len(told) for _, told in outbox._grouped(some)] == [1] * 5
    many = [outbox.Event("made", "a", {}, False, {})] * (outbox._MOST_EVENTS + 1)
    assert [len(told) for _, told in outbox._grouped(many)] == [outbox._MOST_EVENTS, 1]
    inner = [outbox.Event("made", "a", {}, False, {}), outbox.Event("made", "a", {}, True, {})]
    assert [key[2] for key, _ in outbox._grouped(inner)] == [False, True]


def test_old_rows_are_read_as_one_event() -> None:
    assert list(entries({"id": "x"})) == [(0, {"id": "x"})]
    assert list(entries([{"id": "x"}, {"id": "y"}])) == [(0, {"id": "x"}), (1, {"id": "y"})]
