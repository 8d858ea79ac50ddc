"""The transactional outbox: an event is a row written in the transaction of the change it tells of."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from coterie.kit.tables import outbox

if TYPE_CHECKING:
    from coterie.kit.call import Call


@dataclass(frozen=True)
class Event:
    """Something that happened. Events of one `subject` are delivered in order.

    payload: JSON that subscribers get. internal: only this server's services hear of it, subscribers don't.
    facts: what reactions inside the transaction need besides; it is never stored.
    """

    type: str
    subject: str
    payload: dict[str, Any]
    internal: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


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
        rows = [
            {
                "tenant": call.tenant.name,
                "type": event.type,
                "subject": event.subject,
                "payload": event.payload,
                "internal": event.internal,
                "created_at": call.at,
            }
            for event in written
        ]
        await call.db.run(outbox.insert(), rows)
    return len(written)
