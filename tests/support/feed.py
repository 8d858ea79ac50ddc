"""The segments that a subscriber knows of who heard every event, to be held against the tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from coterie.database.session import Database
from coterie.kit.outbox import entries
from coterie.kit.tables import outbox
from coterie.services.customer_segment import events
from coterie.services.customer_segment.tables import item, member, segment

Document = dict[str, Any]
EventId = tuple[int, int]
"""The row of an event, and its position there."""


@dataclass
class Feed:
    """Segments by id, members by (segment, customer, entity or ""), items by (segment, type, id): their mixins.

    Two feeds are equal when they have the same segments and assignments with the same content. Versions are not
    compared: a write that changes nothing has one, but no event.
    """

    segments: dict[str, Document] = field(default_factory=dict)
    members: dict[tuple[str, str, str], Document] = field(default_factory=dict)
    items: dict[tuple[str, str, str], Document] = field(default_factory=dict)

    def hear(self, type: str, payload: Document) -> None:
        """Take one event. Fails for what can't follow what was heard: made twice, changed or deleted while absent."""
        if type in (events.SEGMENT_CREATED, events.SEGMENT_UPDATED, events.SEGMENT_DELETED):
            known: dict[Any, Document] = self.segments
            key: Any = payload["id"]
            content: Document = {
                name: payload[name] for name in ("name", "status", "siteCode") if name in payload
            }
            if type == events.SEGMENT_DELETED:
                left = [each for each in (*self.members, *self.items) if each[0] == key]
                assert not left, f"the segment {key} was deleted before its assignments {left[:3]}"
        elif type in (events.CUSTOMER_CREATED, events.CUSTOMER_UPDATED):
            known, content = self.members, payload.get("mixins") or {}
            entity = (payload.get("legalEntity") or {}).get("id", "")
            key = (payload["segmentId"], payload["customer"]["id"], entity)
        elif type == events.CUSTOMER_DELETED:
            known, content = self.members, {}
            key = (payload["segmentId"], payload["customerId"], payload.get("legalEntityId", ""))
        elif type in (events.ITEM_CREATED, events.ITEM_UPDATED):
            known, content = self.items, payload.get("mixins") or {}
            key = (payload["segmentId"], payload["type"], payload["item"]["id"])
        else:
            assert type == events.ITEM_DELETED, type
            known, content = self.items, {}
            key = (payload["segmentId"], payload["type"], payload["itemId"])
        assert (key in known) != type.endswith("-created"), f"{type} of {key}, which is {known.get(key)}"
        if type.endswith("-deleted"):
            del known[key]
        else:
            known[key] = content


async def from_events(database: Database, tenant: str, ids: Iterable[EventId] | None = None) -> Feed:
    """The feed rebuilt from the events of a tenant, none of which may have been pruned.

    ids: the order in which they were delivered, repetitions included; without it, that of their changes.
    """
    statement = (
        select(outbox.c.id, outbox.c.type, outbox.c.payload)
        .where(outbox.c.tenant == tenant, outbox.c.type.in_(events.ALL))
        .order_by(outbox.c.id)
    )
    feed = Feed()
    async with database.reading() as session:
        rows = await session.all(statement)
    known = {(row.id, at): (row.type, payload) for row in rows for at, payload in entries(row.payload)}
    for id in dict.fromkeys(known if ids is None else ids):
        if id in known:
            feed.hear(*known[id])
    return feed


async def from_tables(database: Database, tenant: str) -> Feed:
    """What the tables of a tenant hold."""
    async with database.reading() as session:
        segments, members, items = [
            await session.all(select(table).where(table.c.tenant == tenant))
            for table in (segment, member, item)
        ]
    return Feed(
        {
            row.id: {"name": row.doc["name"], "status": row.status, "siteCode": row.site_code}
            for row in segments
        },
        {
            (row.segment_id, row.customer_id, row.legal_entity_id): row.doc.get("mixins") or {}
            for row in members
        },
        {(row.segment_id, row.type, row.item_id): row.doc.get("mixins") or {} for row in items},
    )


async def checked(database: Database, tenant: str) -> Feed:
    """The feed of a tenant; fails unless the events and the tables tell the same."""
    heard, stored = await from_events(database, tenant), await from_tables(database, tenant)
    for name in ("segments", "members", "items"):
        ours, theirs = getattr(heard, name), getattr(stored, name)
        differing = sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))
        told = [(key, ours.get(key), theirs.get(key)) for key in differing[:3]]
        assert not differing, f"{len(differing)} {name} differ between events and tables, such as {told}"
    return stored
