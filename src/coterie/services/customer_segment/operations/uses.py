"""Where segments are used: the coupons that name them, kept from the coupons' events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import and_, delete, func, select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import NotFound
from coterie.kit.listing import ListQuery, page
from coterie.kit.outbox import Event
from coterie.query.q_sql import Field, Fields
from coterie.services.customer_segment.tables import segment, use

COUPON = "COUPON"
# A refusal names this many of the users of a segment; the list has all.
NAMED = 10

FIELDS = Fields({"kind": Field(use.c.kind), "id": Field(use.c.user_id), "name": Field(use.c.name)})


async def note_coupons(call: Call, changed: list[Event]) -> None:
    """Coupons were created or changed: they use the segments that they name now."""
    # In a run of one type a coupon may come twice; the last one counts.
    coupons = {event.payload["code"]: event.payload for event in changed}
    await _remove(call, coupons)
    rows = [
        {
            "tenant": call.tenant.name,
            "segment_id": segment_id,
            "kind": COUPON,
            "user_id": code,
            "name": coupon["name"],
        }
        for code, coupon in sorted(coupons.items())
        for segment_id in sorted(set(coupon.get("restrictions", {}).get("segments", ())))
    ]
    if rows:
        await call.db.run(use.insert(), rows)


async def forget_coupons(call: Call, deleted: list[Event]) -> None:
    """Coupons were deleted, hidden or permanently: they use nothing any more."""
    await _remove(call, {event.payload["code"] for event in deleted})


async def _remove(call: Call, codes: Collection[str]) -> None:
    mine = and_(use.c.tenant == call.tenant.name, use.c.kind == COUPON, use.c.user_id.in_(sorted(codes)))
    await call.db.run(delete(use).where(mine))


async def list_uses(call: Call, segment_id: str, query: ListQuery) -> Reply:
    """Who names a segment: its coupons, by code."""
    known = select(segment.c.id).where(segment.c.tenant == call.tenant.name, segment.c.id == segment_id)
    if await call.db.first(known) is None:
        raise NotFound("segment", segment_id)
    return await page(
        call,
        select(use).where(use.c.tenant == call.tenant.name, use.c.segment_id == segment_id),
        query,
        FIELDS,
        view=lambda row: {"kind": row.kind, "id": row.user_id, "name": row.name},
        tie_break=[use.c.kind, use.c.user_id],
    )


async def told(call: Call, ids: Sequence[str]) -> dict[str, str]:
    """The coupons that use each of the segments, as the end of a sentence; those that no coupon uses are missing."""
    if not ids:
        return {}
    place = func.row_number().over(partition_by=use.c.segment_id, order_by=use.c.user_id)
    total = func.count().over(partition_by=use.c.segment_id)
    ranked = (
        select(use.c.segment_id, use.c.user_id, use.c.name, place.label("place"), total.label("total"))
        .where(use.c.tenant == call.tenant.name, use.c.segment_id.in_(ids), use.c.kind == COUPON)
        .subquery()
    )
    first = select(ranked).where(ranked.c.place <= NAMED).order_by(ranked.c.segment_id, ranked.c.place)
    found: dict[str, list[Any]] = {}
    for row in await call.db.all(first):
        found.setdefault(row.segment_id, []).append(row)
    return {id: _sentence(rows) for id, rows in found.items()}


def _sentence(rows: Sequence[Any]) -> str:
    more = rows[0].total - len(rows)
    names = ", ".join(f"{row.user_id} ({row.name})" for row in rows)
    return f"{'coupon' if rows[0].total == 1 else 'coupons'} {names}" + (f" and {more} more" if more else "")
