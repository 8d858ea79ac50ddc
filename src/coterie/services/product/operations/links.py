"""A product's categories and segments: the copies of their assignments, and how they are kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, delete, select

from coterie.kit.call import Call
from coterie.kit.outbox import Event
from coterie.query.q_sql import Field
from coterie.query.sql import json_array_agg
from coterie.services.product.tables import product, product_category, product_segment

_CATEGORY = product_category.c.category_id
_SEGMENT = product_segment.c.segment_id


def _rows(other: Any) -> Any:
    links = other.table.c
    return [links.tenant == product.c.tenant, links.product_id == product.c.id]


def _ids(other: Any) -> ColumnElement[Any]:
    """The sorted ids that each product is linked to, as a JSON array."""
    return json_array_agg(select(other).where(*_rows(other)).order_by(other).correlate(product))


def _field(other: Any) -> Field:
    return Field(other, rows=select(1).select_from(other.table).where(*_rows(other)))


COMPUTED: dict[str, ColumnElement[Any]] = {
    "categoryIds": _ids(_CATEGORY),
    "customerSegmentIds": _ids(_SEGMENT),
}
FIELDS = {"categoryIds": _field(_CATEGORY), "customerSegmentIds": _field(_SEGMENT)}


async def links_of(call: Call, ids: Collection[str]) -> dict[str, dict[str, list[str]]]:
    """`categoryIds` and `customerSegmentIds` of products."""
    columns = [column.label(name) for name, column in COMPUTED.items()]
    statement = select(product.c.id, *columns).where(
        product.c.tenant == call.tenant.name, product.c.id.in_(ids)
    )
    rows = await call.db.all(statement)
    return {row.id: {name: row._mapping[name] for name in COMPUTED} for row in rows}


async def add_categories(call: Call, created: list[Event]) -> None:
    """Products were assigned to categories."""
    await _add(call, _CATEGORY, _categories(created))


async def remove_categories(call: Call, deleted: list[Event]) -> None:
    """Products are no longer assigned to categories."""
    await _remove(call, _CATEGORY, _categories(deleted))


async def add_segments(call: Call, created: list[Event]) -> None:
    """Products were assigned to segments."""
    await _add(call, _SEGMENT, _segments(created))


async def remove_segments(call: Call, deleted: list[Event]) -> None:
    """Products are no longer assigned to segments."""
    await _remove(call, _SEGMENT, _segments(deleted))


def _categories(events: Sequence[Event]) -> set[tuple[str, str]]:
    return {(event.facts["product_id"], event.facts["category_id"]) for event in events}


def _segments(events: Sequence[Event]) -> set[tuple[str, str]]:
    """Segments hold categories as well; those are not a product's."""
    return {
        (event.facts["item_id"], event.facts["segment_id"])
        for event in events
        if event.facts["type"] == "PRODUCT"
    }


async def _add(call: Call, other: Any, links: set[tuple[str, str]]) -> None:
    table: Table = other.table
    rows = [{"tenant": call.tenant.name, "product_id": one, other.name: two} for one, two in sorted(links)]
    if rows:
        await call.db.run(call.db.insert(table).on_conflict_do_nothing(), rows)


async def _remove(call: Call, other: Any, links: set[tuple[str, str]]) -> None:
    table: Table = other.table
    rows = [{"_tenant": call.tenant.name, "_product": one, "_other": two} for one, two in sorted(links)]
    statement = delete(table).where(
        table.c.tenant == bindparam("_tenant"),
        table.c.product_id == bindparam("_product"),
        other == bindparam("_other"),
    )
    if rows:
        await call.db.run(statement, rows)
