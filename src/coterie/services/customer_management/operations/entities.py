"""Legal entities: create, read, search, replace, and delete with all that stands below them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import CTE, ColumnElement, Select, and_, literal, select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, NotFound, Problem
from coterie.kit.listing import Match, field_filters
from coterie.kit.outbox import Event
from coterie.kit.resource import Resource
from coterie.kit.store import (
    Change,
    Document,
    Kind,
    Refusal,
    Write,
    Written,
    among_stored,
    locked,
    remove,
    store,
    store_one,
)
from coterie.kit.wire import Search
from coterie.query.json_match import JsonTest
from coterie.query.q_sql import Field, Fields
from coterie.query.sql import json_matches
from coterie.services.configuration import facade as configurations
from coterie.services.country import facade as countries
from coterie.services.customer_management import events, rules
from coterie.services.customer_management.operations import locations, references
from coterie.services.customer_management.schemas import (
    EntitiesQuery,
    EntityCreation,
    EntityUpdate,
    EntityView,
)
from coterie.services.customer_management.tables import contact, legal_entity
from coterie.services.iam import facade as iam

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
    """The parent must exist and not stand below the entity itself; so must what the entity lists."""
    known = await references.existing(call, [write.document for write in writes])
    restricted = any(write.document.get("restrictions") for write in writes)
    restrictions = await configurations.restrictions(call) if restricted else None
    wanted = {country for write in writes if (country := rules.new_country(write.document, write.before))}
    refused = await countries.refusals(call, wanted)
    return [
        [
            *await _check_parent(call, write),
            *rules.missing_targets(write.document, known),
            *rules.restriction_problems(write.document, restrictions),
            *rules.country_problems(write.document, write.before, refused),
        ]
        for write in writes
    ]


async def _check_parent(call: Call, write: Write) -> list[Problem]:
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
    await references.note(call, changed)
    for each in changed:
        if each.before is None:
            await iam.company_groups_created(call, each.key[0], each.document["name"])
    views = [dict(each.view) for each in changed]
    await expand(call, views)
    for each, view in zip(changed, views, strict=True):
        (id,) = each.key
        type_ = events.ENTITY_CREATED if each.before is None else events.ENTITY_UPDATED
        payload = events.entity_changed(call.tenant.name, view)
        call.emit(type_, events.subject(id), payload, id=id)


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        (id,) = each.key
        payload = events.entity_deleted(call.tenant.name, id, each.document.get("parentId"))
        call.emit(events.ENTITY_DELETED, events.subject(id), payload, id=id)


async def expand(call: Call, views: list[Document]) -> None:
    """What views of legal entities name by id, as it is now; and the groups that IAM has for them, first."""
    await references.expand(call, views)
    groups = await iam.groups_of_companies(call, {view["id"] for view in views})
    for view in views:
        found = groups.get(view["id"], ())
        own = [{"id": each.id, "name": dict(each.name)} | _role(each) for each in found]
        view["customerGroups"] = own + rules.without_ids(view.get("customerGroups", []), own)


def _role(group: iam.Group) -> Document:
    return {} if group.role is None else {"role": group.role}


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
    adapt=lambda _call, document: rules.without_repetition(document),
    expand=expand,
)


async def list_entities(call: Call, query: EntitiesQuery) -> Reply:
    """The legal entities that the caller may read."""
    return await RESOURCE.page(call, query, None, *field_filters(query, FIELDS, _FILTERS))


async def search_entities(call: Call, query: EntitiesQuery, body: Search | None) -> Reply:
    """The same, with the `q` in the body."""
    q = body.q if body else None
    return await RESOURCE.page(call, query, q, *field_filters(query, FIELDS, _FILTERS))


async def put_entity(call: Call, legal_entity_id: str, body: EntityUpdate) -> Reply:
    """Replace a legal entity or create it. A group that was made with it and is not in its groups is deleted."""
    change = RESOURCE.change(call, body, "upsert", legal_entity_id)
    found = (await iam.groups_of_companies(call, [legal_entity_id])).get(legal_entity_id, ())
    named = change.document.pop("customerGroups", None)
    if named is not None:
        kept = {each["id"] for each in named}
        for group in found:
            if group.role is not None and group.id not in kept:
                await iam.company_group_removed(call, legal_entity_id, group.id)
        others = rules.without_ids(named, [{"id": each.id} for each in found])
        change.document.update({"customerGroups": others} if others else {})
    outcome = await store_one(call, KIND, change)
    return Reply(201, {"id": legal_entity_id}) if outcome.code == 201 else Reply(204)


async def parent_hierarchy(call: Call, legal_entity_id: str) -> Reply:
    """A legal entity, its parent, the parent's parent and so on up to the company."""
    columns, here = legal_entity.c, call.tenant.name
    line = _line(here, columns.id == legal_entity_id, upward=True)
    statement = (
        select(legal_entity)
        .join(line, and_(columns.tenant == here, columns.id == line.c.id))
        .order_by(line.c.level)
    )
    rows = await call.db.all(statement)
    if not rows:
        raise NotFound(KIND.noun, legal_entity_id)
    views = [KIND.view_of(row) for row in rows]
    await expand(call, views)
    return Reply(value=views)


def _line(tenant: str, start: ColumnElement[bool], *, upward: bool) -> CTE:
    """The legal entities that meet a condition and those above or below: `start` says whose line an entity is in."""
    columns = legal_entity.c
    first = select(columns.id.label("start"), columns.id, columns.parent_id, literal(0).label("level"))
    line = first.where(columns.tenant == tenant, start).cte("line", recursive=True)
    next_one = columns.id == line.c.parent_id if upward else columns.parent_id == line.c.id
    further = select(line.c.start, columns.id, columns.parent_id, line.c.level + 1)
    return line.union_all(further.join(line, and_(columns.tenant == tenant, next_one)))


async def related(call: Call, ids: Collection[str], *, upward: bool) -> dict[str, list[str]]:
    """The legal entities above each of `ids`, or those below it, nearest first."""
    line = _line(call.tenant.name, legal_entity.c.id.in_(sorted(ids)), upward=upward)
    statement = select(line.c.start, line.c.id).where(line.c.level > 0).order_by(line.c.level, line.c.id)
    found: dict[str, list[str]] = {}
    for row in await call.db.all(statement):
        found.setdefault(row.start, []).append(row.id)
    return found


async def delete_entity(call: Call, legal_entity_id: str) -> None:
    """Delete a legal entity, all that stands below it, and the locations that only these have.

    Their contact assignments go with them.
    """
    doomed: list[str] = []
    level = await _locked(call, legal_entity.c.id == legal_entity_id)
    # Locked from the top: who puts an entity below one of these waits, and then finds its parent gone.
    while level:
        doomed += level
        level = await _locked(call, legal_entity.c.parent_id.in_(level))
    if not await remove(call, KIND, [(id,) for id in doomed]):
        raise NotFound(KIND.noun, legal_entity_id)
    lonely = await references.lonely_locations(call, doomed)
    await references.forget(call, doomed)
    await remove(call, locations.KIND, [(id,) for id in lonely])


async def forget_locations(call: Call, deleted: list[Event]) -> None:
    """Deleted locations are taken off the lists of legal entities."""
    await _unlist(call, "entitiesAddresses", {event.facts["id"] for event in deleted})


async def forget_contacts(call: Call, deleted: list[Event]) -> None:
    """Deleted contact assignments are taken off the approval groups; one that only moved stays and has no `id`."""
    await _unlist(call, "approvalGroup", {event.facts["id"] for event in deleted if event.facts.get("id")})


async def _unlist(call: Call, name: str, gone: Collection[str]) -> None:
    if not gone:
        return
    stored = await locked(call, KIND, [(id,) for id in await references.referring(call, name, gone)])
    documents = {key: KIND.document_of(row) for key, row in stored.items()}
    known = await references.existing(call, list(documents.values()))
    changes = [Change(key, rules.without_missing(each, known), "amend") for key, each in documents.items()]
    await store(call, KIND, changes)


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
    if missing and call.setting("references") != "open":
        text = f"there is no legal entity {min(missing)[:80]!r}; create it first"
        raise Invalid(problems=(Problem.violation("b2b.legalEntityId", text),))


async def views(call: Call, ids: Collection[str]) -> dict[str, Document]:
    """Legal entities as clients see them, by id."""
    if not ids:
        return {}
    statement = select(legal_entity).where(
        legal_entity.c.tenant == call.tenant.name, legal_entity.c.id.in_(sorted(ids))
    )
    found = {row.id: KIND.view_of(row) for row in await call.db.all(statement)}
    await expand(call, list(found.values()))
    return found
