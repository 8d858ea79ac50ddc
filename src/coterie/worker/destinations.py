"""The statements of webhook deliveries: which destination is due, what it is told next, and what became of it.

A destination is one worker's at a time, by a lease that is renewed with every batch; what a worker that lost its lease
has sent is sent again. A place in the feed and a batch of outcomes cost one write, however many events they are of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, tuple_, update

from coterie.database.session import Session
from coterie.kit.clock import iso
from coterie.kit.outbox import entries
from coterie.kit.tables import outbox
from coterie.services.webhook import facade
from coterie.services.webhook.facade import aside, config, destination, first_of_subject, month, subscription

# How far apart, in seconds, the clocks of two servers may be.
_SKEW = 60.0
_ERROR_LENGTH = 500


class Key(NamedTuple):
    """A destination."""

    tenant: str
    code: str
    entry: str

    @property
    def here(self) -> ColumnElement[bool]:
        """Its row."""
        return and_(*(destination.c[name] == value for name, value in self._asdict().items()))

    @property
    def aside(self) -> ColumnElement[bool]:
        """The rows of what it has not taken."""
        return and_(*(aside.c[name] == value for name, value in self._asdict().items()))


class Item(NamedTuple):
    """An event for a destination; `attempts`: how often it has failed there."""

    id: int
    position: int
    type: str
    subject: str
    payload: dict[str, Any]
    created_at: str
    attempts: int = 0


@dataclass
class Batch:
    """What a destination is told next: events that were set aside, or those of the feed up to `after`.

    blocked: subjects of the feed whose events wait behind one that was set aside. failures: how many deliveries have
    failed in a row.
    """

    provider: str
    configuration: dict[str, Any]
    excluded: dict[str, list[str]]
    after: tuple[int, int]
    failures: int
    retried: bool
    items: list[Item] = field(default_factory=list)
    lost: list[tuple[int, int]] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)


@dataclass
class Outcomes:
    """What became of a batch: done with, failed with the error, or left for later. sent: how many were delivered."""

    done: list[Item] = field(default_factory=list)
    failed: list[tuple[Item, str]] = field(default_factory=list)
    left: list[Item] = field(default_factory=list)
    failures: int = 0
    sent: int = 0


def _over(column: ColumnElement[Any], now: datetime, longest: float) -> ColumnElement[bool]:
    # What lies further ahead than any wait was written before the clock went back: it is over.
    latest = iso(now + timedelta(seconds=longest + _SKEW))
    return or_(column.is_(None), column <= iso(now), column > latest)


def _retriable(now: datetime, longest: float) -> ColumnElement[bool]:
    return and_(aside.c.parked_at.is_(None), _over(aside.c.retry_at, now, longest), first_of_subject())


async def due(
    session: Session, now: datetime, horizon: int | None, longest: tuple[float, float, float], limit: int
) -> list[Key]:
    """Destinations of any tenant that nobody serves and that have something to be told.

    longest: the longest lease, pause of a destination, and wait for a retry, in seconds.
    """
    lease, pause, retry = longest
    mine = and_(*(aside.c[name] == destination.c[name] for name in Key._fields))
    events, columns = outbox.c, destination.c
    more = or_(
        events.id > columns.after_id,
        and_(events.id == columns.after_id, events.events > columns.after_position + 1),
    )
    fed = [events.tenant == columns.tenant, events.internal.is_(False), events.id >= columns.after_id, more]
    if horizon is not None:
        fed.append(events.id <= horizon)
    found = select(columns.tenant, columns.code, columns.entry).where(
        columns.active,
        _over(columns.lease_until, now, lease),
        _over(columns.open_until, now, pause),
        or_(exists().where(*fed), exists().where(mine, _retriable(now, retry))),
    )
    return [Key(row.tenant, row.code, row.entry) for row in await session.all(found.limit(limit))]


async def take(session: Session, key: Key, token: str, now: datetime, lease: float) -> bool:
    """Lease a destination. False when somebody else was quicker."""
    values = {"lease": token, "lease_until": iso(now + timedelta(seconds=lease))}
    free = (key.here, destination.c.active, _over(destination.c.lease_until, now, lease))
    return await session.run(update(destination).where(*free).values(**values)) == 1


async def give_back(session: Session, key: Key, token: str) -> None:
    """Let others serve a destination."""
    mine = (key.here, destination.c.lease == token)
    await session.run(update(destination).where(*mine).values(lease=None, lease_until=None))


async def batch(
    session: Session,
    key: Key,
    token: str,
    now: datetime,
    horizon: int | None,
    limit: int,
    breaker: int,
    retry: float,
) -> Batch | None:
    """What the destination is told next; None when nothing is, or it is this worker's no more.

    One event only after `breaker` failures in a row: it shows whether the destination is back.
    """
    row = await session.first(select(destination).where(key.here, destination.c.lease == token))
    if row is None or not row.active or (row.open_until is not None and row.open_until > iso(now)):
        return None
    stored = (config.c.tenant == key.tenant, config.c.code == key.code)
    doc = await session.value(select(config.c.doc).where(*stored))
    subscribed = (subscription.c.tenant == key.tenant, subscription.c.subscribed)
    wanted = await session.all(select(subscription.c.event_type, subscription.c.excluded).where(*subscribed))
    excluded = {each.event_type: each.excluded for each in wanted}
    most = 1 if row.failures >= breaker else limit
    after = row.after_id, row.after_position
    found = Batch(doc["provider"], doc["configuration"], excluded, after, row.failures, retried=False)
    told: list[facade.Told] = []
    # Whether it is back, an event shows that has not failed yet, lest one that is never taken keeps it shut.
    if most == 1:
        told, found.after = await facade.page(session, key.tenant, after, horizon, most)
    if not told:
        await _set_aside(session, key, now, most, retry, found)
        if found.items or found.lost:
            found.retried = True
            return found
        told, found.after = await facade.page(session, key.tenant, after, horizon, most)
    found.items = [Item(*each) for each in told]
    subjects = {each.subject for each in told}
    if subjects:
        held = select(aside.c.subject).distinct().where(key.aside, aside.c.subject.in_(subjects))
        found.blocked = {each.subject for each in await session.all(held)}
    return found if found.items else None


async def _set_aside(
    session: Session, key: Key, now: datetime, limit: int, retry: float, found: Batch
) -> None:
    """Fill a batch with the first events of subjects that are due, and what is behind them."""
    heads = select(aside.c.subject).where(key.aside, _retriable(now, retry))
    subjects = [
        row.subject
        for row in await session.all(heads.order_by(aside.c.retry_at, aside.c.event_id).limit(limit))
    ]
    if not subjects:
        return
    behind = select(aside).where(key.aside, aside.c.subject.in_(subjects))
    rows = await session.all(behind.order_by(aside.c.event_id, aside.c.position).limit(limit))
    ids = {row.event_id for row in rows}
    kept = await session.all(
        select(outbox.c.id, outbox.c.payload, outbox.c.created_at).where(outbox.c.id.in_(ids))
    )
    payloads = {
        (row.id, at): (payload, row.created_at) for row in kept for at, payload in entries(row.payload)
    }
    for row in rows:
        id = row.event_id, row.position
        if id in payloads:
            found.items.append(Item(*id, row.type, row.subject, *payloads[id], row.attempts))
        else:
            found.lost.append(id)  # it was kept for so long and is pruned


async def save(
    session: Session,
    key: Key,
    token: str,
    now: datetime,
    taken: Batch,
    outcomes: Outcomes,
    *,
    lease: float,
    pause: float | None,
    waits: Sequence[float | None],
) -> bool:
    """Keep what became of a batch. False when another worker took the destination over: it will do it again.

    pause: seconds for which the destination is left alone. waits: for each failed event the seconds until it is tried
    again, or None: it is parked.
    """
    values = {
        "after_id": taken.after[0],
        "after_position": taken.after[1],
        "failures": outcomes.failures,
        "open_until": None if pause is None else iso(now + timedelta(seconds=pause)),
        "lease_until": iso(now + timedelta(seconds=lease)),
    }
    mine = (key.here, destination.c.lease == token, destination.c.active)
    if await session.run(update(destination).where(*mine).values(**values)) != 1:
        return False
    failed: list[dict[str, Any]] = [
        {
            "attempts": item.attempts + 1,
            "error": error.replace("\0", "")[:_ERROR_LENGTH],
            "retry_at": None if wait is None else iso(now + timedelta(seconds=wait)),
            "parked_at": iso(now) if wait is None else None,
        }
        for (item, error), wait in zip(outcomes.failed, waits, strict=True)
    ]
    if taken.retried:
        gone = [(item.id, item.position) for item in outcomes.done] + taken.lost
        if gone:
            ids = tuple_(aside.c.event_id, aside.c.position).in_(gone)
            await session.run(delete(aside).where(key.aside, ids))
        for (item, _), change in zip(outcomes.failed, failed, strict=True):
            at = (key.aside, aside.c.event_id == item.id, aside.c.position == item.position)
            await session.run(update(aside).where(*at).values(**change))
    else:
        new = {"attempts": 0, "error": None, "retry_at": None, "parked_at": None}
        kept = [(item, change) for (item, _), change in zip(outcomes.failed, failed, strict=True)]
        kept += [(item, new) for item in outcomes.left]
        rows = [
            {**key._asdict(), "event_id": item.id, "position": item.position, "type": item.type}
            | {"subject": item.subject, **change}
            for item, change in kept
        ]
        await session.run(session.insert(aside).on_conflict_do_nothing(), rows)
    if outcomes.sent:
        row = {"tenant": key.tenant, "month": iso(now)[:7], "sent": outcomes.sent}
        insert = session.insert(month).values(**row)
        adding = {"sent": month.c.sent + outcomes.sent}
        await session.run(insert.on_conflict_do_update(index_elements=["tenant", "month"], set_=adding))
    return True


async def pause(session: Session, key: Key, token: str, until: datetime) -> None:
    """Leave a destination alone until an instant."""
    mine = (key.here, destination.c.lease == token)
    await session.run(update(destination).where(*mine).values(open_until=iso(until)))


async def sent(session: Session, tenant: str, now: datetime) -> int:
    """How many events the tenant's destinations took this month."""
    found = select(month.c.sent).where(month.c.tenant == tenant, month.c.month == iso(now)[:7])
    return await session.value(found) or 0
