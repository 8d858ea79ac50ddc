"""Claiming events for delivery, and what becomes of them: the statements of the worker.

The oldest open event of a subject (of one tenant) is its head. Only a head can be claimed, with the events
behind it in one go, so that a subject is one worker's at a time and its events are delivered in order. A
lease that has run out is as good as none: the events of a worker that was killed are claimed again.

A row may tell of many events. They are claimed together and delivered one after the other; `delivered` says how
many are done with, and what is noted of failures is of the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    and_,
    case,
    delete,
    exists,
    not_,
    or_,
    select,
    true,
    update,
)

from coterie.database.session import Session
from coterie.kit.clock import iso, new_secret
from coterie.kit.outbox import entries
from coterie.kit.store import among
from coterie.kit.tables import outbox

_ERROR_LENGTH = 500
# How far apart, in seconds, the clocks of two servers may be.
_SKEW = 60.0


@dataclass(frozen=True)
class Pace:
    """How much a worker takes at once, and how long it waits. Times are in seconds.

    A delivery that takes longer than `deliver`, all consumers together, has failed; a lease outlives one.
    After `attempts` failures an event is parked: with these numbers, about an hour after the first.
    """

    oldest: int = 1000
    subjects: int = 100
    events: int = 500
    at_once: int = 16
    deliver: float = 15.0
    lease: float = 60.0
    attempts: int = 15
    first_retry: float = 1.0
    longest_retry: float = 600.0
    first_idle: float = 0.05
    longest_idle: float = 2.0
    housekeeping: float = 60.0
    rows: int = 1000


@dataclass(frozen=True)
class Wanted:
    """The events that somebody is told of: those of `types` and, with `all`, every one that is not internal."""

    types: frozenset[str] = frozenset()
    all: bool = True

    def has(self, type_: str, *, internal: bool) -> bool:
        """Whether such an event is wanted."""
        return type_ in self.types or (self.all and not internal)

    @property
    def condition(self) -> ColumnElement[bool]:
        """The same of the outbox' rows."""
        named = outbox.c.type.in_(sorted(self.types))
        return or_(named, outbox.c.internal.is_(False)) if self.all else named


@dataclass(frozen=True)
class StoredEvent:
    """An event as consumers get it. `id` and then `position` grow, and tell a repeated delivery from a new one.

    attempts: how often its delivery has failed so far. created_at: the instant of its change, as text. internal:
    only for consumers that ask for its type by name. position: its place among the `of` events of its row.
    """

    id: int
    tenant: str
    type: str
    subject: str
    payload: dict[str, Any]
    created_at: str
    attempts: int
    internal: bool = False
    position: int = 0
    of: int = 1


@dataclass(frozen=True)
class Claim:
    """Events leased under `token`, each subject's in order, and how many were done without a delivery."""

    token: str
    until: datetime
    events: tuple[StoredEvent, ...]
    undelivered: int


def _open(table: FromClause) -> ColumnElement[bool]:
    return and_(table.c.done_at.is_(None), table.c.parked_at.is_(None))


def _ready(table: FromClause, now: datetime, pace: Pace) -> ColumnElement[bool]:
    """Neither leased nor waiting for a retry.

    What lies further ahead than any lease or retry was written before the clock went back: it is over.
    """

    def over(column: ColumnElement[str | None], longest: float) -> ColumnElement[bool]:
        latest = iso(now + timedelta(seconds=longest + _SKEW))
        return or_(column.is_(None), column <= iso(now), column > latest)

    return and_(over(table.c.lease_until, pace.lease), over(table.c.retry_at, pace.longest_retry))


async def anything(session: Session, now: datetime, pace: Pace) -> bool:
    """Whether something may be claimable: a read, so that idle workers take no lock."""
    return (
        await session.value(select(outbox.c.id).where(_open(outbox), _ready(outbox, now, pace)).limit(1))
        is not None
    )


async def _claimable(session: Session, now: datetime, pace: Pace) -> tuple[list[int], int]:
    """Heads, locked, and the id beyond which events behind them need not be looked for.

    Only the oldest events are looked at, whose first of a subject is its head unless one before it is parked:
    asking of each event whether it is the head would read all those of its subject, of which an import writes
    a million. When the subjects among them all wait, the oldest events of the others are looked at.
    """
    columns = outbox.c
    ready = _ready(outbox, now, pace).label("ready")
    oldest = select(columns.id, columns.tenant, columns.subject, ready).where(_open(outbox))
    waiting: set[tuple[str, str]] = set()
    last = 0
    while True:
        window = oldest.where(columns.id > last)
        if waiting:
            window = window.where(not_(among(session, [columns.tenant, columns.subject], sorted(waiting))))
        rows = await session.all(window.order_by(columns.id).limit(pace.oldest))
        if not rows:
            return [], last
        first: dict[tuple[str, str], Row[Any]] = {}
        for row in rows:
            first.setdefault((row.tenant, row.subject), row)
        last = rows[-1].id
        heads = await _lock(session, [row.id for row in first.values() if row.ready], now, pace)
        if heads or len(rows) < pace.oldest:
            return heads, last
        waiting |= first.keys()


async def _lock(session: Session, ids: Sequence[int], now: datetime, pace: Pace) -> list[int]:
    """Those of the first events of their subjects that are still claimable and behind none that is parked."""
    parked = outbox.alias("parked")
    behind = exists().where(
        parked.c.parked_at.is_not(None),
        parked.c.done_at.is_(None),
        parked.c.tenant == outbox.c.tenant,
        parked.c.subject == outbox.c.subject,
        parked.c.id < outbox.c.id,
    )
    free = select(outbox.c.id).where(outbox.c.id.in_(ids), _open(outbox), _ready(outbox, now, pace), ~behind)
    limited = free.order_by(outbox.c.id).limit(pace.subjects).with_for_update(skip_locked=True)
    return [row[0] for row in await session.all(limited)] if ids else []


async def claim(session: Session, now: datetime, pace: Pace, *, wanted: Wanted) -> Claim:
    """Lease the oldest claimable events. Those that nobody wants are done at once."""
    token, until = new_secret(12), now + timedelta(seconds=pace.lease)
    passed = await _pass_over(session, now, pace, wanted)
    heads, last = await _claimable(session, now, pace)
    if not heads:
        return Claim(token, until, (), passed)
    leased: list[Row[Any]] = []
    done: list[Row[Any]] = []
    blocked: set[tuple[str, str]] = set()
    room = pace.events
    for row in await session.all(_behind(heads, now, pace, last)):
        if (row.tenant, row.subject) in blocked:
            continue
        if not row.ready:
            # An event that is parked, waiting, or another worker's holds up those after it.
            blocked.add((row.tenant, row.subject))
        elif not wanted.has(row.type, internal=row.internal):
            done.append(row)
        elif room <= 0:
            break
        else:
            leased.append(row)
            room -= row.events - row.delivered
    if done:
        await _set(session, [row.id for row in done], true(), lease=None, lease_until=None, done_at=iso(now))
    if leased:
        await _set(session, [row.id for row in leased], true(), lease=token, lease_until=iso(until))
    return Claim(token, until, await _events(session, leased), passed + _left(done))


def _left(rows: Sequence[Row[Any]]) -> int:
    """How many events of these rows are not done with."""
    return sum(row.events - row.delivered for row in rows)


async def _events(session: Session, rows: Sequence[Row[Any]]) -> tuple[StoredEvent, ...]:
    """What is not done with of these rows, which have their payloads read only now: those of others are large."""
    if not rows:
        return ()
    stored = select(outbox.c.id, outbox.c.payload).where(outbox.c.id.in_([row.id for row in rows]))
    payloads = {each.id: each.payload for each in await session.all(stored)}
    events = []
    for row in rows:
        for position, payload in entries(payloads[row.id]):
            if position >= row.delivered:
                told = (row.id, row.tenant, row.type, row.subject, payload, row.created_at)
                attempts = row.attempts if position == row.delivered else 0
                events.append(StoredEvent(*told, attempts, row.internal, position, row.events))
    return tuple(events)


async def _pass_over(session: Session, now: datetime, pace: Pace, wanted: Wanted) -> int:
    """Mark some events that nobody wants as done, in no order of subjects: looking for the heads among very
    many events, such as a large import writes for one segment, would hold up its next step."""
    columns = outbox.c
    some = select(columns.id, columns.events, columns.delivered).where(_open(outbox), ~wanted.condition)
    some = some.where(_ready(outbox, now, pace)).limit(pace.events)
    found = await session.all(some.with_for_update(skip_locked=True))
    if found:
        ids = [row.id for row in found]
        await _set(session, ids, true(), lease=None, lease_until=None, done_at=iso(now))
    return _left(found)


def _behind(heads: Sequence[int], now: datetime, pace: Pace, last: int) -> Select[Any]:
    """The heads and the open events behind each as far as `last`, oldest first."""
    head, event = outbox.alias("head"), outbox.alias("event")
    behind = and_(
        event.c.tenant == head.c.tenant,
        event.c.subject == head.c.subject,
        event.c.id.between(head.c.id, last),
    )
    names = ("id", "tenant", "type", "subject", "internal", "created_at", "events", "delivered", "attempts")
    columns = [event.c[name] for name in names]
    ready = and_(event.c.parked_at.is_(None), _ready(event, now, pace)).label("ready")
    statement = select(*columns, ready).select_from(head.join(event, behind))
    return (
        statement.where(head.c.id.in_(heads), event.c.done_at.is_(None))
        .order_by(event.c.id)
        .limit(pace.events)
    )


async def _set(session: Session, ids: Collection[int], where: ColumnElement[bool], **values: Any) -> int:
    return await session.run(update(outbox).where(outbox.c.id.in_(ids), where).values(**values))


async def renew(session: Session, token: str, ids: Collection[int], until: datetime) -> bool:
    """Lease the rows `ids` until later. False when another worker has taken one of them over."""
    return await _set(session, ids, outbox.c.lease == token, lease_until=iso(until)) == len(ids)


async def delivered(session: Session, token: str, event: StoredEvent, now: datetime) -> bool:
    """Mark an event as done with. False when another worker took it over, and will deliver it again."""
    values: dict[str, Any] = {"delivered": event.position + 1, "attempts": 0, "retry_at": None, "error": None}
    if event.position + 1 == event.of:
        values |= {"lease": None, "lease_until": None, "done_at": iso(now)}
    return await _set(session, [event.id], outbox.c.lease == token, **values) == 1


async def release(session: Session, token: str, ids: Collection[int]) -> None:
    """Give leased rows back."""
    await _set(session, ids, outbox.c.lease == token, lease=None, lease_until=None)


async def failed(
    session: Session, token: str, event: StoredEvent, error: str, *, retry: datetime | None, now: datetime
) -> None:
    """Note a failed delivery: the event waits until `retry`, or is parked when that is None."""
    values = {
        "attempts": event.attempts + 1,
        "error": error.replace("\0", "")[:_ERROR_LENGTH],
        "retry_at": None if retry is None else iso(retry),
        "parked_at": iso(now) if retry is None else None,
    }
    await _set(session, [event.id], outbox.c.lease == token, lease=None, lease_until=None, **values)


async def park_behind(session: Session, now: datetime, limit: int) -> int:
    """Park the events behind parked ones, at most `limit`: workers need not look at them again and again."""
    rows = await session.all(_behind_parked(limit).with_for_update(skip_locked=True))
    return await _set(session, [row[0] for row in rows], true(), parked_at=iso(now)) if rows else 0


def _behind_parked(limit: int) -> Select[tuple[int]]:
    event, earlier = outbox.alias("event"), outbox.alias("earlier")
    held = exists().where(
        earlier.c.parked_at.is_not(None),
        earlier.c.tenant == event.c.tenant,
        earlier.c.subject == event.c.subject,
        earlier.c.id < event.c.id,
    )
    waiting = select(event.c.id).where(_open(event), event.c.lease.is_(None), held)
    return waiting.order_by(event.c.id).limit(limit)


async def replay(session: Session, ids: Sequence[int] | None = None) -> int:
    """Open parked rows again: all, or those of the subjects of `ids`. How many."""
    statement = update(outbox).where(outbox.c.parked_at.is_not(None))
    if ids is not None:
        named = outbox.alias("named")
        same = and_(named.c.tenant == outbox.c.tenant, named.c.subject == outbox.c.subject)
        statement = statement.where(exists().where(named.c.id.in_(ids), same))
    return await session.run(statement.values(parked_at=None, retry_at=None, attempts=0, error=None))


async def discard(session: Session, ids: Sequence[int], now: datetime) -> int:
    """Give parked events up, of each row the next, and open again what waited behind. How many were given up."""
    next_, last = outbox.c.delivered + 1, outbox.c.events
    values = {"delivered": next_, "done_at": case((next_ >= last, iso(now)))}
    values["parked_at"] = case((next_ < last, outbox.c.parked_at))
    gone = await _set(session, ids, outbox.c.parked_at.is_not(None), **values)
    await replay(session, ids)
    return gone


async def prune(session: Session, before: datetime, limit: int) -> int:
    """Delete at most `limit` events that were done before an instant. How many."""
    old = select(outbox.c.id).where(outbox.c.done_at.is_not(None), outbox.c.done_at < iso(before))
    chosen = old.order_by(outbox.c.done_at, outbox.c.id).limit(limit).with_for_update(skip_locked=True)
    return await session.run(delete(outbox).where(outbox.c.id.in_(chosen)))
