"""Destinations: the addresses of configurations, each with its own place in the feed, and what they have not taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, not_, or_, select, update

from coterie.kit.call import Call
from coterie.kit.errors import Invalid, Problem
from coterie.kit.tables import outbox
from coterie.services.webhook.operations import feed
from coterie.services.webhook.schemas import AsideQuery, Changed, Replay
from coterie.services.webhook.tables import aside, destination

_MOST_LISTED = 1000


async def sync(call: Call, code: str, wanted: Mapping[str, bool]) -> None:
    """Let the destinations of a configuration be `wanted`, by entry, each active or not.

    Who is new, or active again, is told what happens from now on.
    """
    mine = (destination.c.tenant == call.tenant.name, destination.c.code == code)
    rows = await call.db.all(select(destination).where(*mine).with_for_update())
    known = {row.entry: row.active for row in rows}
    gone = sorted(known.keys() - wanted.keys())
    for table in (destination, aside):
        here = (table.c.tenant == call.tenant.name, table.c.code == code, table.c.entry.in_(gone))
        if gone:
            await call.db.run(delete(table).where(*here))
    now = {"after_id": await call.db.value(select(func.coalesce(func.max(outbox.c.id), 0)))}
    now |= {
        "after_position": feed.WHOLE,
        "failures": 0,
        "open_until": None,
        "lease": None,
        "lease_until": None,
    }
    new = [
        {"tenant": call.tenant.name, "code": code, "entry": entry, "active": active, **now}
        for entry, active in wanted.items()
        if entry not in known
    ]
    await call.db.run(destination.insert(), new)
    for entry in wanted.keys() & known.keys():
        if wanted[entry] != known[entry]:
            change = update(destination).where(*mine, destination.c.entry == entry)
            await call.db.run(change.values(active=wanted[entry], **now))


# What was set aside


async def list_aside(call: Call, query: AsideQuery) -> list[dict[str, Any]]:
    """Events that destinations have not taken: those tried again, and those parked until they are replayed."""
    found = select(aside).where(aside.c.tenant == call.tenant.name, first_of_subject())
    if query.parked is not None:
        parked = aside.c.parked_at.is_not(None)
        found = found.where(parked if query.parked else not_(parked))
    rows = await call.db.all(found.order_by(aside.c.event_id, aside.c.position).limit(_MOST_LISTED))
    return [_view(row) for row in rows]


def first_of_subject() -> ColumnElement[bool]:
    """Not behind another event of its subject, which holds it up."""
    earlier = aside.alias("earlier")
    return not_(exists().where(_same_subject(earlier), _before(earlier)))


def _same_subject(other: Any) -> ColumnElement[bool]:
    names = ("tenant", "code", "entry", "subject")
    return and_(*(other.c[name] == aside.c[name] for name in names))


def _before(other: Any) -> ColumnElement[bool]:
    same = and_(other.c.event_id == aside.c.event_id, other.c.position < aside.c.position)
    return or_(other.c.event_id < aside.c.event_id, same)


def _view(row: Any) -> dict[str, Any]:
    view = {
        "id": feed.cursor(row.event_id, row.position),
        "code": row.code,
        "entryId": row.entry or None,
        "type": row.type,
        "subject": row.subject,
        "attempts": row.attempts,
        "error": row.error,
        "retryAt": row.retry_at,
        "parkedAt": row.parked_at,
    }
    return {name: value for name, value in view.items() if value is not None}


async def replay(call: Call, body: Replay | None) -> Changed:
    """Try parked events again: those of `ids`, or all."""
    values = {"parked_at": None, "retry_at": None, "attempts": 0}
    return Changed(count=await call.db.run(update(aside).where(*_parked(call, body)).values(**values)))


async def discard(call: Call, body: Replay) -> Changed:
    """Give parked events up, and go on with what is behind them."""
    if not body.ids:
        raise Invalid(problems=(Problem.violation("ids", "is required: the ids of the events to give up"),))
    return Changed(count=await call.db.run(delete(aside).where(*_parked(call, body))))


def _parked(call: Call, body: Replay | None) -> list[ColumnElement[bool]]:
    where = [aside.c.tenant == call.tenant.name, aside.c.parked_at.is_not(None)]
    if body is not None and body.ids is not None:
        named = [feed.position(id, "ids") for id in body.ids[:_MOST_LISTED]]
        same = [and_(aside.c.event_id == id, aside.c.position == at) for id, at in named]
        where.append(or_(*same) if same else aside.c.event_id < 0)
    return where
