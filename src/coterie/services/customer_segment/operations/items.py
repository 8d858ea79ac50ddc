"""Item assignments: the products and categories of a segment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, and_, case, delete, func, select

from coterie.kit.bulk import Outcome, bulk_reply
from coterie.kit.call import Call, Reply
from coterie.kit.errors import CoterieError, Invalid, NotFound, Problem
from coterie.kit.language import filter_map
from coterie.kit.listing import ListQuery, chosen, page
from coterie.kit.outbox import Event
from coterie.kit.resource import check_id
from coterie.kit.rows import Bulk
from coterie.kit.store import Change, Document, Kind, Write, Written, prepared, remove, store, store_one
from coterie.kit.wire import Search, to_document
from coterie.query.q_sql import Field, Fields
from coterie.services.category import facade as categories
from coterie.services.customer_segment import events, rules
from coterie.services.customer_segment.operations.customers import must_exist, removal
from coterie.services.customer_segment.operations.segments import emit_item_deleted, seen
from coterie.services.customer_segment.operations.stamps import touch
from coterie.services.customer_segment.schemas import (
    AssignmentUpdate,
    ItemAssignmentItem,
    ItemsQuery,
    SegmentQuery,
)
from coterie.services.customer_segment.tables import item
from coterie.services.product import facade as products

_product = products.names.subquery("product_name")
_category = categories.names.subquery("category_name")

code = func.coalesce(_product.c.code, _category.c.code)
name = case((item.c.type == rules.PRODUCT, _product.c.name), else_=_category.c.name)

FIELDS = Fields(
    {
        "segmentId": Field(item.c.segment_id),
        "type": Field(item.c.type),
        "item.id": Field(item.c.item_id),
        "id": Field(item.c.item_id),
        "item.code": Field(code),
        "item.name": Field(name, "localized"),
        "metadata.version": Field(item.c.version, "number"),
        "metadata.createdAt": Field(item.c.created_at, "date"),
        "metadata.modifiedAt": Field(item.c.modified_at, "date"),
    },
    item.c.doc,
)


async def _check(call: Call, writes: Sequence[Write]) -> list[list[Problem]]:
    """Products and categories must exist (decision 5), unless the tenant keeps its catalogue elsewhere."""
    if call.setting("references") == "open":
        return [[] for _ in writes]
    wanted: dict[str, set[str]] = {rules.PRODUCT: set(), rules.CATEGORY: set()}
    for write in writes:
        wanted[write.key[1]].add(write.key[2])
    known: dict[str, Collection[str]] = {
        rules.PRODUCT: await products.existing(call, wanted[rules.PRODUCT]),
        rules.CATEGORY: await categories.existing(call, wanted[rules.CATEGORY]),
    }
    return [_missing(write.key[1], write.key[2], known[write.key[1]]) for write in writes]


def _missing(type: str, id: str, known: Collection[str]) -> list[Problem]:
    if id in known:
        return []
    return [Problem.violation("id", f"there is no {type.lower()} {id!r}; create it first")]


async def _written(call: Call, changed: Sequence[Written]) -> None:
    keys = [each.key for each in changed]
    rows = await call.db.all(
        _selected(call).where(item.c.segment_id.in_({key[0] for key in keys}), _among(keys))
    )
    views = {(row.segment_id, row.type, row.item_id): view_of(row) for row in rows}
    for each in changed:
        segment_id, type_, item_id = each.key
        payload = events.assignment(call.tenant.name, segment_id, views[segment_id, type_, item_id])
        event = events.ITEM_CREATED if each.before is None else events.ITEM_UPDATED
        subject = events.subject(segment_id)
        call.emit(event, subject, payload, segment_id=segment_id, type=type_, item_id=item_id)


def _among(keys: Sequence[tuple[str, ...]]) -> Any:
    return item.c.item_id.in_({key[2] for key in keys})


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        emit_item_deleted(call, *each.key)


KIND = Kind(
    noun="assignment",
    table=item,
    key=("segment_id", "type", "item_id"),
    check=_check,
    written=_written,
    removed=_removed,
)


def _selected(call: Call) -> Select[Any]:
    return selected().where(item.c.tenant == call.tenant.name)


def selected() -> Select[Any]:
    """Item assignments of every tenant with the code and name of now."""
    product = and_(
        item.c.type == rules.PRODUCT, _product.c.tenant == item.c.tenant, _product.c.id == item.c.item_id
    )
    category = and_(
        item.c.type == rules.CATEGORY, _category.c.tenant == item.c.tenant, _category.c.id == item.c.item_id
    )
    return (
        select(item, code.label("code"), name.label("name"))
        .join_from(item, _product, product, isouter=True)
        .join(_category, category, isouter=True)
    )


def view_of(row: Any) -> Document:
    """An item assignment as clients see it."""
    view = KIND.view_of(row)
    known = {"id": row.item_id, "code": row.code, "name": row.name}
    return {
        "segmentId": row.segment_id,
        "item": {name: value for name, value in known.items() if value is not None},
        "type": row.type,
        **{name: value for name, value in view.items() if name != "id"},
    }


def localized(call: Call, row: Any) -> Document:
    """The same, with its name in the languages asked for."""
    view = view_of(row)
    if "name" in view["item"]:
        view["item"]["name"] = filter_map(view["item"]["name"], call.accept)
    return view


async def item_page(call: Call, query: ListQuery, condition: Any, q: str | None) -> Reply:
    """A page of the item assignments that meet the condition."""
    return await page(
        call,
        _selected(call).where(condition),
        query,
        FIELDS,
        view=lambda row: localized(call, row),
        tie_break=[item.c.segment_id, item.c.type, item.c.item_id],
        q=q,
    )


async def list_items(call: Call, segment_id: str, query: ItemsQuery) -> Reply:
    """The items of a segment that the caller may see."""
    await seen(call, segment_id, query.legal_entity_id)
    return await item_page(call, query, item.c.segment_id == segment_id, None)


async def search_items(call: Call, segment_id: str, query: ItemsQuery, body: Search | None) -> Reply:
    """The same, with the `q` in the body."""
    await seen(call, segment_id, query.legal_entity_id)
    return await item_page(call, query, item.c.segment_id == segment_id, body.q if body else None)


async def get_item(call: Call, segment_id: str, type: str, item_id: str, query: SegmentQuery) -> Document:
    """One item assignment."""
    await seen(call, segment_id, query.legal_entity_id)
    key = (segment_id, type_of(type), item_id)
    row = await call.db.first(_selected(call).where(KIND.where(call, key)))
    if row is None:
        raise NotFound("assignment", item_id)
    return chosen(localized(call, row), query.fields)


async def put_item(
    call: Call, segment_id: str, type: str, item_id: str, body: AssignmentUpdate | None
) -> Reply:
    """Assign a product or a category."""
    await must_exist(call, segment_id)
    outcome = await store_one(call, KIND, change(segment_id, type_of(type), item_id, body))
    await touch(call, [segment_id])
    return Reply(outcome.code)


async def put_items(call: Call, segment_id: str, type: str, body: Bulk[ItemAssignmentItem]) -> Reply:
    """Assign many products, or many categories."""
    kind = type_of(type)
    await must_exist(call, segment_id)
    changes: list[Change | CoterieError] = []
    for each in body.items:
        try:
            if isinstance(each, CoterieError):
                raise each
            changes.append(change(segment_id, kind, each.id, each))
        except CoterieError as error:
            changes.append(error)
    return bulk_reply(call, await assign(call, changes))


async def delete_item(call: Call, segment_id: str, type: str, item_id: str) -> None:
    """Remove an item from a segment."""
    kind = type_of(type)
    await must_exist(call, segment_id)
    if not await remove(call, KIND, [(segment_id, kind, item_id)]):
        raise NotFound("assignment", item_id)


async def delete_items(call: Call, segment_id: str, type: str, body: Bulk[str]) -> Reply:
    """Remove many items from a segment."""
    kind = type_of(type)
    await must_exist(call, segment_id)
    keys = [each if isinstance(each, CoterieError) else (segment_id, kind, each) for each in body.items]
    left = set(await remove(call, KIND, list({key: None for key in keys if isinstance(key, tuple)})))
    return bulk_reply(call, [removal(key, left, -1) for key in keys])


async def assign(call: Call, changes: Sequence[Change | CoterieError]) -> list[Outcome]:
    """Write items of any segments, which lists of them then show."""
    outcomes = await store(call, KIND, changes)
    # Also where nothing changed but the version, which the lists show.
    written = {
        change.key[0]
        for change, outcome in zip(changes, outcomes, strict=True)
        if isinstance(change, Change) and change.key is not None and outcome.error is None
    }
    if written:
        await touch(call, written)
    return outcomes


def type_of(text: str) -> str:
    """The item type of a text, whatever its case. Raises Invalid."""
    found = rules.item_type(text)
    if found is None:
        raise Invalid(
            problems=(Problem.violation("type", f"{text!r} is not an item type; use PRODUCT or CATEGORY"),)
        )
    return found


def change(segment_id: str, type: str, item_id: str, body: AssignmentUpdate | None) -> Change:
    """The change that assigns an item. Raises Invalid."""
    check_id(item_id)
    document, version = prepared({} if body is None else to_document(body))
    return Change((segment_id, type, item_id), document, "upsert", version)


async def forget_products(call: Call, deleted: list[Event]) -> None:
    """The assignments of deleted products go with them."""
    await _forget(call, rules.PRODUCT, [event.facts["id"] for event in deleted])


async def forget_categories(call: Call, deleted: list[Event]) -> None:
    """The assignments of deleted categories go with them."""
    await _forget(call, rules.CATEGORY, [event.facts["id"] for event in deleted])


async def _forget(call: Call, type: str, ids: Sequence[str]) -> None:
    gone = (
        delete(item)
        .where(item.c.tenant == call.tenant.name, item.c.type == type, item.c.item_id.in_(ids))
        .returning(item.c.segment_id, item.c.item_id)
    )
    for row in await call.db.all(gone):
        emit_item_deleted(call, row.segment_id, type, row.item_id)
