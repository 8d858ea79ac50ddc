"""Legal entities: create, read, search, replace, and delete with all that stands below them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Select, and_, literal, select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, NotFound, Problem
from coterie.kit.listing import Match, field_filters
from coterie.kit.outbox import Event
from coterie.kit.resource import Resource
from coterie.kit.store import Document, Kind, Refusal, Write, Written, among_stored, remove
from coterie.kit.wire import Search
from coterie.query.json_match import JsonTest
from coterie.query.q_sql import Field, Fields
from coterie.query.sql import json_matches
from coterie.services.customer_management import events, rules
from coterie.services.customer_management.schemas import (
    EntitiesQuery,
    EntityCreation,
    EntityUpdate,
    EntityView,
)
from coterie.services.customer_management.tables import contact, legal_entity

READ = "customermanagement.legalentity_read"
READ_OWN = "customermanagement.legalentity_read_own"
MANAGE = "customermanagement.legalentity_manage"

_FILTERS: Mapping[str, Match] = {
    "id": "folded",
    "name": "contains",
    "type": "equals",
    "parentId": "equals",
    "legalInfo.legalName": "contains",
    "legalInfo.registrationDate": "equals",
    "legalInfo.taxRegistrationNumber": "equals",
    "legalInfo.registrationAgency": "contains",
    "legalInfo.countryOfRegistration": "contains",
    "legalInfo.registrationId": "equals",
}


async def _check(call: Call, writes: Sequence[Write]) -> list[Refusal]:
    return [await _check_parent(call, write) for write in writes]


async def _check_parent(call: Call, write: Write) -> Refusal:
    """The parent must exist, and not stand below the entity itself."""
    parent_id = write.document.get("parentId")
    if parent_id is None or (write.before or {}).get("parentId") == parent_id:
        return []
    (entity_id,) = write.key
    ancestors: list[str] = []
    at: str | None = parent_id
    # Each level is locked as it is read: of two moves that would close a circle, the later one sees the other.
    while at is not None and len(ancestors) < rules.MOST_LEVELS:
        row = await call.db.first(_locked_parent(call, at))
        if at == entity_id or row is not None:
            ancestors.append(at)
        at = None if at == entity_id or row is None else row.parent_id
    problem = rules.parent_problem(entity_id, parent_id, ancestors, rooted=at is None)
    return [] if problem is None else [problem]


def _locked_parent(call: Call, id: str) -> Select[tuple[str | None]]:
    columns = legal_entity.c
    statement = select(columns.parent_id).where(columns.tenant == call.tenant.name, columns.id == id)
    return statement.with_for_update(read=True, key_share=True)


async def _written(call: Call, changed: Sequence[Written]) -> None:
    for each in changed:
        (id,) = each.key
        type_ = events.ENTITY_CREATED if each.before is None else events.ENTITY_UPDATED
        payload = events.entity_changed(call.tenant.name, each.view)
        call.emit(type_, events.subject(id), payload, id=id)


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        (id,) = each.key
        payload = events.entity_deleted(call.tenant.name, id)
        call.emit(events.ENTITY_DELETED, events.subject(id), payload, id=id)


KIND = Kind(
    noun="legal entity",
    table=legal_entity,
    columns={"name": "name", "type": "type", "parentId": "parent_id"},
    defaults={"type": "COMPANY"},
    rules=rules.entity_problems,
    check=_check,
    written=_written,
    removed=_removed,
)

FIELDS = Fields(
    {
        "id": Field(legal_entity.c.id),
        "name": Field(legal_entity.c.name),
        "type": Field(legal_entity.c.type),
        "parentId": Field(legal_entity.c.parent_id),
        "restrictions": Field(legal_entity.c.doc, "text-array", ("restrictions",)),
        "metadata.version": Field(legal_entity.c.version, "number"),
        "metadata.createdAt": Field(legal_entity.c.created_at, "date"),
        "metadata.modifiedAt": Field(legal_entity.c.modified_at, "date"),
    },
    legal_entity.c.doc,
)


def _readable(call: Call) -> ColumnElement[bool] | None:
    """All for a reader; with the own scope those that the calling customer is assigned to.

    With the scope narrowed to restrictions, those that carry one of these (CONTRACT §2.13).
    """
    if call.caller.may((READ,)):
        return None
    restricted = call.caller.restricted_to((READ,))
    if restricted:
        test = JsonTest(("restrictions",), one_of=tuple(sorted(restricted)))
        return json_matches(legal_entity.c.doc, test)
    mine = select(contact.c.legal_entity_id).where(
        contact.c.tenant == call.tenant.name, contact.c.customer_id == (call.caller.customer_id or "")
    )
    return legal_entity.c.id.in_(mine)


RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=EntityCreation,
    replace_type=EntityUpdate,
    item_type=EntityCreation,
    view_type=EntityView,
    parameter="legal_entity_id",
    scope=_readable,
)


async def list_entities(call: Call, query: EntitiesQuery) -> Reply:
    """The legal entities that the caller may read."""
    return await RESOURCE.page(call, query, None, *field_filters(query, FIELDS, _FILTERS))


async def search_entities(call: Call, query: EntitiesQuery, body: Search | None) -> Reply:
    """The same, with the `q` in the body."""
    q = body.q if body else None
    return await RESOURCE.page(call, query, q, *field_filters(query, FIELDS, _FILTERS))


async def parent_hierarchy(call: Call, legal_entity_id: str) -> Reply:
    """A legal entity, its parent, the parent's parent and so on up to the company."""
    columns, here = legal_entity.c, call.tenant.name
    start = select(columns.id, columns.parent_id, literal(0).label("level")).where(
        columns.tenant == here, columns.id == legal_entity_id
    )
    line = start.cte("line", recursive=True)
    above = select(columns.id, columns.parent_id, line.c.level + 1).join(
        line, and_(columns.tenant == here, columns.id == line.c.parent_id)
    )
    line = line.union_all(above)
    statement = (
        select(legal_entity)
        .join(line, and_(columns.tenant == here, columns.id == line.c.id))
        .order_by(line.c.level)
    )
    rows = await call.db.all(statement)
    if not rows:
        raise NotFound(KIND.noun, legal_entity_id)
    return Reply(value=[KIND.view_of(row) for row in rows])


async def delete_entity(call: Call, legal_entity_id: str) -> None:
    """Delete a legal entity and all that stands below it; their contact assignments go with them."""
    doomed: list[str] = []
    level = await _locked(call, legal_entity.c.id == legal_entity_id)
    # Locked from the top: who puts an entity below one of these waits, and then finds its parent gone.
    while level:
        doomed += level
        level = await _locked(call, legal_entity.c.parent_id.in_(level))
    if not await remove(call, KIND, [(id,) for id in doomed]):
        raise NotFound(KIND.noun, legal_entity_id)


async def _locked(call: Call, condition: ColumnElement[bool]) -> list[str]:
    statement = select(legal_entity.c.id).where(legal_entity.c.tenant == call.tenant.name, condition)
    rows = await call.db.all(statement.order_by(legal_entity.c.id).with_for_update())
    return [row.id for row in rows]


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are legal entities; none of them can be deleted until the transaction ends."""
    return await among_stored(call, legal_entity.c.id, ids)


async def require_companies(call: Call, changed: list[Event]) -> None:
    """A company that a group is made for must be there (decision 5). Raises Invalid."""
    ids = {event.facts["company"] for event in changed} - {None}
    missing = ids - await existing(call, ids)
    if missing and call.setting("references", "checked") != "open":
        text = f"there is no legal entity {min(missing)[:80]!r}; create it first"
        raise Invalid(problems=(Problem.violation("b2b.legalEntityId", text),))


async def views(call: Call, ids: Collection[str]) -> dict[str, Document]:
    """Legal entities as clients see them, by id."""
    if not ids:
        return {}
    statement = select(legal_entity).where(
        legal_entity.c.tenant == call.tenant.name, legal_entity.c.id.in_(sorted(ids))
    )
    return {row.id: KIND.view_of(row) for row in await call.db.all(statement)}
