"""Stamps: what is kept in memory is good as long as its stamp stands in the database.

A stamp changes in the transaction of the change it tells of, so a reader who finds the stamp he knows has what a
reader of the tables would find, in this worker and in every other.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, select, update

from coterie.kit.call import Call
from coterie.kit.clock import new_id
from coterie.kit.outbox import Event
from coterie.services.customer_segment import rules
from coterie.services.customer_segment.tables import item, segment, tree


async def touch(call: Call, segments: Collection[str] | Select[Any]) -> None:
    """What lists of these segments' items show has changed: an assignment, or a name of an item."""
    ids = sorted(set(segments)) if not isinstance(segments, Select) else segments
    await call.db.run(
        update(segment)
        .where(segment.c.tenant == call.tenant.name, segment.c.id.in_(ids))
        .values(items_stamp=new_id())
    )


async def items_removed(call: Call, removed: list[Event]) -> None:
    """Assignments of items are gone."""
    await touch(call, {event.facts["segment_id"] for event in removed})


async def products_renamed(call: Call, changed: list[Event]) -> None:
    """Products came or changed, and with them what their assignments show."""
    await touch(call, _holding(call, rules.PRODUCT, changed))


async def categories_changed(call: Call, changed: list[Event]) -> None:
    """Categories came, changed or went, and with them trees and what their assignments show."""
    await _stamp(call, "stamp")
    await touch(call, _holding(call, rules.CATEGORY, changed))


async def categorised(call: Call, _changed: list[Event]) -> None:
    """Products came into categories, or left them."""
    await _stamp(call, "products_stamp")


async def _stamp(call: Call, column: str) -> None:
    """Stamp the tenant's row; who stamps segments too does it after this, so that no two wait for each other."""
    row = {"tenant": call.tenant.name, "stamp": new_id(), "products_stamp": new_id()}
    fresh = call.db.insert(tree).values(row)
    await call.db.run(fresh.on_conflict_do_update(index_elements=[tree.c.tenant], set_={column: row[column]}))


def _holding(call: Call, type: str, events: list[Event]) -> Select[Any]:
    ids = sorted({event.facts["id"] for event in events})
    return select(item.c.segment_id).where(
        item.c.tenant == call.tenant.name, item.c.type == type, item.c.item_id.in_(ids)
    )
