"""Groups of employees and of customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, NotFound, Problem
from coterie.kit.language import filter_map
from coterie.kit.listing import field_filters
from coterie.kit.outbox import Event
from coterie.kit.resource import Resource, check_id
from coterie.kit.store import (
    Change,
    Document,
    Kind,
    Refusal,
    Write,
    Written,
    locked,
    prepared,
    remove,
    store,
    store_one,
)
from coterie.kit.wire import to_document
from coterie.query.q_sql import Field, Fields
from coterie.services.configuration import facade as configurations
from coterie.services.iam import events
from coterie.services.iam.operations import access_controls, assignments
from coterie.services.iam.operations.grants import require_granting
from coterie.services.iam.rules import groups as rules
from coterie.services.iam.rules.catalogue import ACCESS_CONTROLS, CUSTOMER, EMPLOYEE
from coterie.services.iam.rules.grants import Grant
from coterie.services.iam.schemas import (
    ForceQuery,
    GroupCreation,
    GroupsQuery,
    GroupUpdate,
    GroupView,
    OwnControlsQuery,
)
from coterie.services.iam.tables import assignment, contact, group

READ, READ_OWN, MANAGE = "iam.group_read", "iam.group_read_own", "iam.group_manage"


async def _check(call: Call, writes: Sequence[Write]) -> list[Refusal]:
    """What a group names must be there, its users must fit its type, and nobody grants what he may not do."""
    own = await access_controls.own(call, {id for write in writes for id in _named(write.document)})
    allowed = None
    if any(write.document.get("restrictions") for write in writes):
        allowed = await configurations.restrictions(call)
    refusals: list[Refusal] = []
    for write in writes:
        before = write.before
        problems = rules.problems(write.document, own, allowed)
        retyped = before is not None and before["userType"] != write.document["userType"]
        if retyped and await _has_users(call, write.key[0]):
            text = "can't be changed while there are users in the group; remove them first"
            problems.append(Problem.violation("userType", text))
        if not problems:
            granted = _grant(write.document, own).scopes
            known = {} if before is None else await access_controls.own(call, _named(before))
            require_granting(call, granted, _grant(before, known).scopes if before else frozenset())
        refusals.append(problems)
    return refusals


def _named(document: Document | None) -> list[str]:
    return list((document or {}).get("accessControls", ()))


def _grant(document: Document, own: dict[str, Document]) -> Grant:
    custom = [scope for id in _named(document) if id in own for scope in own[id]["scopes"]]
    templates, restrictions = document.get("templates", ()), document.get("restrictions", ())
    return Grant(_named(document), templates, restrictions, custom)


async def _has_users(call: Call, group_id: str) -> bool:
    columns = assignment.c
    inside = select(columns.user_id).where(columns.tenant == call.tenant.name, columns.group_id == group_id)
    return await call.db.first(inside.limit(1)) is not None


async def _written(call: Call, changed: Sequence[Written]) -> None:
    call.regranted = True
    custom = {
        each.key[0]: _named(each.document)
        for each in changed
        if any(id not in ACCESS_CONTROLS for id in (*_named(each.document), *_named(each.before)))
    }
    await access_controls.with_custom_scopes(call, custom)
    for each in changed:
        (id,) = each.key
        type_ = events.GROUP_CREATED if each.before is None else events.GROUP_UPDATED
        entity = each.document.get("legalEntityId")
        moved = entity is not None and entity != (each.before or {}).get("legalEntityId")
        payload = events.written(call.tenant.name, rules.shown(dict(each.view)))
        # Client management refuses a company that is not there.
        call.emit(type_, events.subject("group", id), payload, company=entity if moved else None)


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    call.regranted = True
    await assignments.forget(call, assignment.c.group_id.in_([each.key[0] for each in gone]))
    for each in gone:
        payload = events.deleted(call.tenant.name, each.key[0])
        call.emit(events.GROUP_DELETED, events.subject("group", each.key[0]), payload)


KIND = Kind(
    noun="group",
    table=group,
    columns={
        "userType": "user_type",
        "code": "code",
        "legalEntityId": "legal_entity_id",
        "vendorId": "vendor_id",
        "accessControls": "access_controls",
        "templates": "templates",
        "restrictions": "restrictions",
    },
    localized=("name", "description"),
    defaults={"userType": EMPLOYEE},
    check=_check,
    written=_written,
    removed=_removed,
)

FIELDS = Fields(
    {
        "id": Field(group.c.id),
        "userType": Field(group.c.user_type),
        "code": Field(group.c.code),
        "vendorId": Field(group.c.vendor_id),
        "b2b.legalEntityId": Field(group.c.legal_entity_id),
        "accessControls": Field(group.c.access_controls, "text-array"),
        "templates": Field(group.c.templates, "text-array"),
        "restrictions": Field(group.c.restrictions, "text-array"),
        "name": Field(group.c.doc, "localized", ("name",)),
        "description": Field(group.c.doc, "localized", ("description",)),
        "metadata.version": Field(group.c.version, "number"),
        "metadata.createdAt": Field(group.c.created_at, "date"),
        "metadata.modifiedAt": Field(group.c.modified_at, "date"),
    },
    group.c.doc,
)


def _readable(call: Call) -> ColumnElement[bool] | None:
    """All for a reader; with the own scope the groups of customers, of companies only the caller's (CONTRACT §3.13)."""
    if call.caller.may((READ,)):
        return None
    mine = select(contact.c.legal_entity_id).where(
        contact.c.tenant == call.tenant.name, contact.c.customer_id == (call.caller.customer_id or "")
    )
    company = group.c.legal_entity_id
    return and_(group.c.user_type == CUSTOMER, or_(company.is_(None), company.in_(mine)))


def _shape(call: Call, view: Document) -> Document:
    shown = rules.shown(view)
    for name in ("name", "description"):
        if name in shown:
            shown[name] = filter_map(shown[name], call.accept)
    return shown


RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=GroupCreation,
    replace_type=GroupUpdate,
    item_type=GroupUpdate,
    view_type=GroupView,
    parameter="group_id",
    scope=_readable,
    adapt=lambda _call, document: rules.stored(document),
    shape=_shape,
)


async def list_groups(call: Call, query: GroupsQuery) -> Reply:
    """The groups that the caller may read."""
    conditions = field_filters(query, FIELDS, {"name": "contains", "description": "contains"})
    if query.user_type is not None:
        conditions.append(group.c.user_type == rules.user_type(query.user_type))
    if query.metadata_modified_at is not None:
        conditions.append(group.c.modified_at > query.metadata_modified_at)
    return await RESOURCE.page(call, query, None, *conditions)


async def create_group(call: Call, body: GroupCreation) -> Reply:
    """A new group."""
    call.require(MANAGE)
    outcome = await store_one(call, KIND, RESOURCE.change(call, body, "create", None))
    return Reply(201, {"id": outcome.id})


async def put_group(call: Call, group_id: str, body: GroupUpdate) -> Reply:
    """Create a group under this id, or replace it; its vendor stays."""
    call.require(MANAGE)
    check_id(group_id, "groupId")
    document, version = prepared(rules.stored(to_document(body)))
    stored = (await locked(call, KIND, [(group_id,)])).get((group_id,))
    document = rules.kept(document, None if stored is None else KIND.document_of(stored))
    outcome = await store_one(call, KIND, Change((group_id,), document, "upsert", version))
    return Reply(201, {"id": group_id}) if outcome.code == 201 else Reply(204)


async def delete_group(call: Call, group_id: str, query: ForceQuery) -> None:
    """Delete a group; with users in it only when forced, by whoever may also remove them."""
    await assignments.locked_group(call, group_id, exclusive=True)
    if await _has_users(call, group_id):
        if not query.force_delete:
            text = (
                f"there are users in the group; remove them, or send forceDelete=true ({assignments.MANAGE})"
            )
            refusal = Invalid(
                "Constraint validation failed", problems=(Problem.violation("forceDelete", text),)
            )
            refusal.id = group_id
            raise refusal
        call.require(assignments.MANAGE)
    await remove(call, KIND, [(group_id,)])


async def list_controls(call: Call, group_id: str, query: OwnControlsQuery) -> Reply:
    """The access controls of a group, those of its templates included."""
    row = await assignments.one_group(call, group_id)
    expand = access_controls.expansion(query.expand)
    return await access_controls.LIST.page(call, query, among=Grant.of(row._mapping).controls, expand=expand)


async def list_of_user(call: Call, user_id: str, query: GroupsQuery) -> Reply:
    """The groups that a user is in."""
    return await RESOURCE.page(call, query, None, group.c.id.in_(_with(call, user_id)))


async def get_of_user(call: Call, user_id: str, group_id: str) -> Document:
    """One of the groups that a user is in."""
    chosen = RESOURCE.selected(call).where(group.c.id == group_id, group.c.id.in_(_with(call, user_id)))
    row = await call.db.first(chosen)
    if row is None:
        raise NotFound("assignment", group_id)
    return RESOURCE.view(call, row)


def _with(call: Call, user_id: str) -> Any:
    return select(assignment.c.group_id).where(
        assignment.c.tenant == call.tenant.name, assignment.c.user_id == user_id
    )


async def forget_controls(call: Call, deleted: list[Event]) -> None:
    """Groups lose the access controls that were deleted."""
    gone = {event.facts["id"] for event in deleted}
    changes = []
    for row in await access_controls.naming(call, sorted(gone)):
        document = KIND.document_of(row)
        left = [id for id in document["accessControls"] if id not in gone]
        changes.append(Change((row.id,), {**document, "accessControls": left}, "amend"))
    await store(call, KIND, changes)


async def forget_companies(call: Call, deleted: list[Event]) -> None:
    """The groups of deleted legal entities go with them."""
    columns = group.c
    entities = [event.facts["id"] for event in deleted]
    statement = select(columns.id).where(
        columns.tenant == call.tenant.name, columns.legal_entity_id.in_(entities)
    )
    rows = await call.db.all(statement.order_by(columns.id).with_for_update())
    await remove(call, KIND, [(row.id,) for row in rows])
