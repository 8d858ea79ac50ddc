"""Counts: how many members and items segments have, kept in every change's transaction and read from a few rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from zlib import crc32

from sqlalchemy import BigInteger, cast, delete, func, literal, select, union_all

from coterie.kit.call import Call, Reply
from coterie.kit.errors import NotFound
from coterie.kit.listing import counted, window
from coterie.kit.outbox import Event
from coterie.services.customer_segment import rules
from coterie.services.customer_segment.schemas import CountsQuery, CountView
from coterie.services.customer_segment.tables import count, member, segment

# Parallel writers to one segment rarely meet in one row; a reader sums up this many.
SHARDS = 8


@dataclass(frozen=True)
class Tally:
    """What a segment has: members that count, members that expired and are still stored, products, categories."""

    members: int = 0
    expired: int = 0
    products: int = 0
    categories: int = 0


async def adjust(call: Call, deltas: Mapping[tuple[str, str], int]) -> None:
    """Add to the counters of (segment id, kind), in one statement; the only writer of counters that go on.

    kind: rules.CUSTOMER, rules.PRODUCT or rules.CATEGORY. Who emits the events of created and deleted assignments
    need not call it: the reactions to them do.
    """
    shard = crc32(call.request_id.encode()) % SHARDS
    rows = [
        {
            "tenant": call.tenant.name,
            "segment_id": segment_id,
            "kind": kind,
            "shard": shard,
            "number": delta,
        }
        # In one order, so that two writers who meet in several rows don't deadlock.
        for (segment_id, kind), delta in sorted(deltas.items())
        if delta
    ]
    added = call.db.insert(count)
    sum_ = {"number": count.c.number + added.excluded.number}
    if rows:
        await call.db.run(
            added.on_conflict_do_update(index_elements=list(count.primary_key.columns), set_=sum_), rows
        )


async def add(call: Call, created: list[Event]) -> None:
    """Assignments were created."""
    await adjust(call, Counter(map(_counter, created)))


async def subtract(call: Call, deleted: list[Event]) -> None:
    """Assignments were deleted."""
    await adjust(call, {key: -number for key, number in Counter(map(_counter, deleted)).items()})


def _counter(event: Event) -> tuple[str, str]:
    """The counter of an assignment's event; a customer's has no type."""
    return event.facts["segment_id"], event.facts.get("type", rules.CUSTOMER)


async def forget_segments(call: Call, deleted: list[Event]) -> None:
    """The counters of deleted segments go with them."""
    ids = [event.facts["id"] for event in deleted]
    await call.db.run(delete(count).where(count.c.tenant == call.tenant.name, count.c.segment_id.in_(ids)))


async def tallies(call: Call, ids: Collection[str]) -> dict[str, Tally]:
    """What each of the segments has at the instant of the request, by id; of none it is empty."""
    if not ids:
        return {}
    here = call.tenant.name
    stored = (
        select(count.c.segment_id, count.c.kind, cast(func.sum(count.c.number), BigInteger).label("number"))
        .where(count.c.tenant == here, count.c.segment_id.in_(ids))
        .group_by(count.c.segment_id, count.c.kind)
    )
    expired = (
        select(member.c.segment_id, literal("EXPIRED").label("kind"), func.count().label("number"))
        .where(
            member.c.tenant == here,
            member.c.segment_id.in_(ids),
            member.c.expires_at.is_not(None),
            member.c.expires_at <= call.at,
        )
        .group_by(member.c.segment_id)
    )
    found: dict[str, dict[str, int]] = {id: {} for id in ids}
    for row in await call.db.all(union_all(stored, expired)):
        found[row.segment_id][row.kind] = row.number
    return {
        id: Tally(
            members=numbers.get(rules.CUSTOMER, 0) - numbers.get("EXPIRED", 0),
            expired=numbers.get("EXPIRED", 0),
            products=numbers.get(rules.PRODUCT, 0),
            categories=numbers.get(rules.CATEGORY, 0),
        )
        for id, numbers in found.items()
    }


async def list_counts(call: Call, query: CountsQuery) -> Reply:
    """How many members, products and categories segments have, by id; `segmentIds` limits the list to these."""
    known = select(segment.c.id).where(segment.c.tenant == call.tenant.name)
    if query.segment_ids is not None:
        known = known.where(segment.c.id.in_(rules.listed(query.segment_ids)))
    limit, offset = window(call, query)
    rows = await call.db.all(known.order_by(segment.c.id).limit(limit).offset(offset))
    views = [_view(id, tally) for id, tally in (await tallies(call, [row.id for row in rows])).items()]
    return Reply(value=views, headers=await counted(call, known))


async def get_count(call: Call, segment_id: str) -> CountView:
    """How many members, products and categories a segment has."""
    known = select(segment.c.id).where(segment.c.tenant == call.tenant.name, segment.c.id == segment_id)
    if await call.db.first(known) is None:
        raise NotFound("segment", segment_id)
    return _view(segment_id, (await tallies(call, [segment_id]))[segment_id])


def _view(id: str, tally: Tally) -> CountView:
    return CountView(
        segment_id=id, members=tally.members, products=tally.products, categories=tally.categories
    )
