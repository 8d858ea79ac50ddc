"""The transactional outbox: events are rows written in the transaction of the changes they tell of.

Events of one type and subject share rows: a row for each cost an import of members more than the members.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Raw

from coterie.kit.tables import outbox
from coterie.kit.wire import encode
from coterie.query.sql import JSON_CODEC

if TYPE_CHECKING:
    from coterie.kit.call import Call


_COLUMNS = ("tenant", "type", "subject", "payload", "internal", "created_at", "events")
# The most that one row tells: what a worker has in memory of a subject at least, and decodes at once.
_MOST_EVENTS, _MOST_BYTES = 500, 256 * 1024
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
            (tenant, type_, subject, _to_json(told if len(told) > 1 else told[0]), internal, at, len(told))
            for (type_, subject, internal), told in _grouped(written)
        ]
        await call.db.load(outbox, _COLUMNS, rows)
    return len(written)


def _grouped(events: Sequence[Event]) -> list[tuple[tuple[str, str, bool], list[Raw]]]:
    """The payloads of each row. A subject's order is kept; its events stand where the first of their row stood."""
    rows: list[tuple[tuple[str, str, bool], list[Raw]]] = []
    # For each subject the key and the payloads of its last row, and the bytes that still fit.
    last: dict[str, tuple[tuple[str, str, bool], list[Raw], int]] = {}
    for type_, subject, payload, internal, _ in events:
        raw = payload if isinstance(payload, Raw) else Raw(encode(payload))
        key, size = (type_, subject, internal), len(memoryview(raw))
        known, told, room = last.get(subject) or (None, [], 0)
        if known != key or size > room or len(told) == _MOST_EVENTS:
            told, room = [], _MOST_BYTES
            rows.append((key, told))
        told.append(raw)
        last[subject] = key, told, room - size
    return rows


def entries(payload: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """The events that a row tells of, by its payload: the position in the row, and the payload, of each."""
    return enumerate(payload if isinstance(payload, list) else [payload])
