"""The transactional outbox: an event is a row written in the transaction of the change it tells of."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from coterie.kit.tables import outbox
from coterie.query.sql import JSON_CODEC

if TYPE_CHECKING:
    from coterie.kit.call import Call


_COLUMNS = ("tenant", "type", "subject", "payload", "internal", "created_at")
_to_json = JSON_CODEC["json_serializer"]


class Event(NamedTuple):
    """Something that happened. Events of one `subject` are delivered in order.

    payload: JSON that subscribers get, encoded already where no reaction reads it. internal: only this server's
    services hear of it, subscribers don't.
    facts: what reactions inside the transaction need besides; it is never stored.
    """

    type: str
    subject: str
    payload: Any
    internal: bool
    facts: dict[str, Any]


async def flush(call: Call) -> int:
    """Run the reactions to the events of this call, theirs included, and write all of them as one set.

    The number written. A transaction does this last: by then it holds the locks of what it changed, so of two
    transactions that changed the same thing, the later one's events have the higher ids.
    """
    written: list[Event] = []
    while call.events:
        batch, call.events = call.events, []
        written += batch
        # In order, since what is deleted and made again must end as made; a bulk is one run of one type.
        heard = [event for event in batch if event.type in call.runtime.reactions]
        for type_, group in groupby(heard, key=lambda event: event.type):
            events = list(group)
            for reaction in call.runtime.reactions[type_]:
                await reaction(call, events)
    if written:
        tenant, at = call.tenant.name, call.at
        rows = [
            (tenant, event.type, event.subject, _to_json(event.payload), event.internal, at)
            for event in written
        ]
        await call.db.load(outbox, _COLUMNS, rows)
    return len(written)
