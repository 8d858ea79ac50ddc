"""The feed: a tenant's events in the order of their ids, read from a cursor without skipping any.

On PostgreSQL a row may become visible after one with a higher id. So a page ends where every id is settled: where no
transaction that may have drawn a lower one is still open. Who writes events has a transaction id before it draws their
ids, since a change comes before its event. A long transaction holds the feed up, and loses nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Text, and_, cast, column, func, or_, select, table

from coterie.database.session import Database, Hot, Session
from coterie.kit.call import Call
from coterie.kit.errors import Invalid, Problem
from coterie.kit.outbox import entries
from coterie.kit.tables import outbox
from coterie.services.webhook.schemas import FeedQuery

WHOLE = 2**30
"""The position after all of a row's."""
_PAGE, _MOST_ROWS = 100, 50
# Seconds for which a page waits for the transactions that are open.
_PATIENCE = 5.0
_LAST = Hot(select(column("last_value", BigInteger)).select_from(table("outbox_id_seq")))
# A number that no transaction has yet which drew one of the ids before; the snapshot's own upper bound would not do, as
# those behind it may be at work.
_NEXT = Hot(select(cast(cast(func.pg_current_xact_id(), Text), BigInteger)))
_OLDEST = Hot(select(cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger)))


class Told(NamedTuple):
    """An event of the feed."""

    id: int
    position: int
    type: str
    subject: str
    payload: dict[str, Any]
    created_at: str


class Horizon:
    """Up to which id of a database nothing can appear any more. One for a process, which remembers it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settled = -1

    async def id(self, patience: float = 0.25) -> int | None:
        """The last settled id; None: whatever is visible is. Waits so many seconds for transactions to end."""
        if self._database.sql.name != "postgresql":
            return None
        last = await self._number(_LAST)
        if last <= self._settled:
            return self._settled
        bound = await self._number(_NEXT)
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        while await self._number(_OLDEST) < bound:
            if loop.time() >= until:
                return self._settled
            await asyncio.sleep(0.005)
        self._settled = max(self._settled, last)
        return self._settled

    async def _number(self, statement: Hot) -> int:
        # Each sees a state of its own: in one transaction all would see that of the first.
        async with self._database.reading() as session:
            return int((await session.hot(statement))[0][0])


async def page(
    session: Session, tenant: str, after: tuple[int, int], horizon: int | None, limit: int
) -> tuple[list[Told], tuple[int, int]]:
    """The next events behind a cursor, and the cursor behind them."""
    columns = outbox.c
    behind = or_(columns.id > after[0], and_(columns.id == after[0], columns.events > after[1] + 1))
    found = select(
        columns.id, columns.type, columns.subject, columns.payload, columns.created_at, columns.events
    )
    found = found.where(columns.tenant == tenant, columns.internal.is_(False), columns.id >= after[0], behind)
    if horizon is not None:
        found = found.where(columns.id <= horizon)
    told: list[Told] = []
    for row in await session.all(found.order_by(columns.id).limit(_MOST_ROWS)):
        for position, payload in entries(row.payload):
            if (row.id, position) <= after:
                continue
            if len(told) == limit:
                return told, after
            told.append(Told(row.id, position, row.type, row.subject, payload, row.created_at))
            after = row.id, position
    return told, after


async def list_events(call: Call, query: FeedQuery) -> dict[str, Any]:
    """The tenant's events behind a cursor, oldest first, for consumers that pull; kept for `event_days`."""
    database = call.runtime.database
    after = position(query.after, "after") if query.after else (0, WHOLE)
    horizon = await Horizon(database).id(_PATIENCE)
    async with call.reading() as session:
        told, after = await page(session, call.tenant.name, after, horizon, query.limit or _PAGE)
    events = [
        {
            "id": cursor(each.id, each.position),
            "type": each.type,
            "subject": each.subject,
            "createdAt": each.created_at,
            "payload": each.payload,
        }
        for each in told
    ]
    return {"events": events, "next": cursor(*after)}


def cursor(id: int, position: int) -> str:
    """An event's id as clients see it."""
    return f"{id}.{position}"


def position(text: str, field: str) -> tuple[int, int]:
    """The row and the position that such an id names. Raises Invalid."""
    first, _, second = text.partition(".")
    if not (first.isascii() and first.isdigit() and second.isascii() and second.isdigit()) or len(text) > 30:
        raise Invalid(
            problems=(Problem.violation(field, f"{text[:40]!r} is not an event's id, such as 120.0"),)
        )
    return min(int(first), 2**63 - 1), min(int(second), WHOLE)
