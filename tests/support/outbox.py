"""Helpers of the worker's tests: events to deliver, consumers that remember, a clock that is moved by hand."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from coterie.database.engines import open_database
from coterie.database.session import Database, Retry
from coterie.kit.clock import Clock, iso
from coterie.kit.tables import outbox
from coterie.worker.claims import Pace, StoredEvent
from coterie.worker.worker import Worker

PACE = Pace(first_idle=0.005, longest_idle=0.02)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class StillClock(Clock):
    """Stands at an instant until moved."""

    def __init__(self, instant: datetime = NOON) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant

    def move(self, **delta: float) -> None:
        self.instant += timedelta(**delta)


class Recorder:
    """Keeps what it is told, after whatever `first` does with it."""

    name = "recorder"
    types: frozenset[str] | None = None

    def __init__(self, first: Callable[[StoredEvent], Awaitable[None]] | None = None) -> None:
        self.events: list[StoredEvent] = []
        self._first = first

    async def deliver(self, event: StoredEvent) -> None:
        if self._first is not None:
            await self._first(event)
        self.events.append(event)

    @property
    def subjects(self) -> list[str]:
        return [event.subject for event in self.events]

    def by_subject(self) -> dict[tuple[str, str], list[int]]:
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for event in self.events:
            found[event.tenant, event.subject].append(event.id)
        return found


def run(url: str, test: Callable[[Database], Awaitable[None]]) -> None:
    """The test, with the database at `url`, for at most a minute."""

    async def whole() -> None:
        database = open_database(url)
        try:
            await asyncio.wait_for(test(database), 60)
        finally:
            await database.close()

    asyncio.run(whole())


async def emit(
    database: Database,
    *subjects: str,
    tenant: str = "acme",
    internal: bool = False,
    first_id: int | None = None,
) -> None:
    """One event for each of `subjects`, in order, committed together."""
    rows = [
        {
            "tenant": tenant,
            "type": "thing.changed",
            "subject": subject,
            "payload": {"position": position},
            "internal": internal,
            "created_at": iso(NOON),
            **({} if first_id is None else {"id": first_id + position}),
        }
        for position, subject in enumerate(subjects)
    ]
    while True:
        try:
            async with database.writing() as session:
                await session.run(outbox.insert(), rows)
            return
        except Retry:
            pass


async def emit_group(database: Database, subject: str, events: int, tenant: str = "acme") -> None:
    """One row that tells of many events of a subject."""
    row = {
        "tenant": tenant,
        "type": "thing.changed",
        "subject": subject,
        "payload": [{"position": position} for position in range(events)],
        "internal": False,
        "created_at": iso(NOON),
        "events": events,
    }
    async with database.writing() as session:
        await session.run(outbox.insert(), [row])


async def stored(database: Database) -> list[sa.Row[Any]]:
    """Every row of the outbox, by id."""
    async with database.reading() as session:
        return list(await session.all(sa.select(outbox).order_by(outbox.c.id)))


async def open_subjects(database: Database) -> list[str]:
    return [row.subject for row in await stored(database) if row.done_at is None]


async def drain(*workers: Worker) -> None:
    """Rounds until nothing can be done now."""
    while any([await worker.round() for worker in workers]):
        pass


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():  # noqa: ASYNC110 - the condition is a database's or another process'
        await asyncio.sleep(0.02)


async def all_done(database: Database) -> bool:
    return not await open_subjects(database)


@asynccontextmanager
async def running(*workers: Worker) -> AsyncIterator[None]:
    """The workers at work until the block ends."""
    async with asyncio.TaskGroup() as tasks:
        for worker in workers:
            tasks.create_task(worker.run())
        try:
            yield
        finally:
            for worker in workers:
                worker.stop()
