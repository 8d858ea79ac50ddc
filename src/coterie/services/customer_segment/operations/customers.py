"""Customer assignments: who belongs to a segment, for himself or for a legal entity."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from coterie.kit.bulk import Outcome, bulk_reply
from coterie.kit.call import Call, Reply
from coterie.kit.errors import CoterieError, NotFound
from coterie.kit.listing import FieldsQuery, ListQuery, chosen, page
from coterie.kit.outbox import Event
from coterie.kit.resource import check_id
from coterie.kit.rows import Bulk
from coterie.kit.store import Change, Document, among, prepared, remove, store_one
from coterie.kit.wire import Search, to_document
from coterie.query.q_sql import Field, Fields
from coterie.services.customer_segment import rules
from coterie.services.customer_segment.operations.audience import audience, membership
from coterie.services.customer_segment.operations.members import COMPANY, KIND, PERSON, assign, parties
from coterie.services.customer_segment.operations.segments import delete_members, existing, seen
from coterie.services.customer_segment.schemas import (
    AssignmentUpdate,
    CustomerAssignmentItem,
    CustomerAssignmentRef,
    ItemsQuery,
)
from coterie.services.customer_segment.tables import member

FIELDS = Fields(
    {
        "customer.id": Field(member.c.customer_id),
        "customer.firstName": Field(PERSON.c.first_name),
        "customer.lastName": Field(PERSON.c.last_name),
        "customer.email": Field(PERSON.c.email),
        "legalEntity.id": Field(func.nullif(member.c.legal_entity_id, rules.NO_ENTITY)),
        "legalEntity.name": Field(COMPANY.c.name),
        "assignmentType": Field(member.c.assignment_type),
        "metadata.version": Field(member.c.version, "number"),
        "metadata.createdAt": Field(member.c.created_at, "date"),
        "metadata.modifiedAt": Field(member.c.modified_at, "date"),
    },
    member.c.doc,
)


def _selected(call: Call) -> Select[Any]:
    """Members that count now, with the names of now."""
    here = call.tenant.name
    person = and_(PERSON.c.tenant == here, PERSON.c.id == member.c.customer_id)
    company = and_(COMPANY.c.tenant == here, COMPANY.c.id == member.c.legal_entity_id)
    return (
        select(
            member,
            PERSON.c.first_name,
            PERSON.c.last_name,
            PERSON.c.email,
            COMPANY.c.name.label("entity_name"),
        )
        .join_from(member, PERSON, person, isouter=True)
        .join(COMPANY, company, isouter=True)
        .where(member.c.tenant == here, or_(member.c.expires_at.is_(None), member.c.expires_at > call.at))
    )


def _view(row: Any) -> Document:
    view = KIND.view_of(row)
    del view["id"]
    return {**parties(row.customer_id, row.legal_entity_id, row, row.entity_name), **view}


async def _page(
    call: Call, segment_id: str, query: ListQuery, statement: Select[Any], q: str | None
) -> Reply:
    return await page(
        call,
        statement.where(member.c.segment_id == segment_id),
        query,
        FIELDS,
        view=_view,
        tie_break=[member.c.customer_id, member.c.legal_entity_id],
        q=q,
    )


async def list_customers(call: Call, segment_id: str, query: ItemsQuery) -> Reply:
    """A segment's assignments; a caller with the own scope gets his own of an active segment."""
    await seen(call, segment_id, query.legal_entity_id)
    who = await audience(call, query.legal_entity_id)
    statement = _selected(call)
    if who is not None:
        statement = statement.where(membership(call, who))
    return await _page(call, segment_id, query, statement, None)


async def search_customers(call: Call, segment_id: str, query: ListQuery, body: Search | None) -> Reply:
    """A segment's assignments that match the `q` of the body."""
    await seen(call, segment_id, None)
    return await _page(call, segment_id, query, _selected(call), body.q if body else None)


async def get_customer(call: Call, segment_id: str, customer_id: str, query: FieldsQuery) -> Document:
    """The B2C assignment of a customer."""
    return await _get(call, segment_id, customer_id, rules.NO_ENTITY, query)


async def get_contact(
    call: Call, segment_id: str, customer_id: str, legal_entity_id: str, query: FieldsQuery
) -> Document:
    """The assignment of a customer for a legal entity."""
    return await _get(call, segment_id, customer_id, legal_entity_id, query)


async def _get(call: Call, segment_id: str, customer_id: str, entity: str, query: FieldsQuery) -> Document:
    key = (customer_id, entity, segment_id)
    row = await call.db.first(_selected(call).where(KIND.where(call, key)))
    if row is None:
        raise NotFound("assignment", customer_id)
    return chosen(_view(row), query.fields)


async def put_customer(call: Call, segment_id: str, customer_id: str, body: AssignmentUpdate | None) -> Reply:
    """Assign a customer who acts for himself."""
    return await _put(call, segment_id, customer_id, rules.NO_ENTITY, body)


async def put_contact(
    call: Call, segment_id: str, customer_id: str, legal_entity_id: str, body: AssignmentUpdate | None
) -> Reply:
    """Assign a customer who acts for a legal entity."""
    return await _put(call, segment_id, customer_id, legal_entity_id, body)


async def _put(
    call: Call, segment_id: str, customer_id: str, entity: str, body: AssignmentUpdate | None
) -> Reply:
    await must_exist(call, segment_id)
    outcome = await store_one(call, KIND, change(segment_id, customer_id, entity, body))
    return Reply(outcome.code)


def change(segment_id: str, customer_id: str, entity: str | None, body: AssignmentUpdate | None) -> Change:
    """The change that assigns a customer. Raises Invalid."""
    check_id(customer_id, "customerId")
    if entity:
        check_id(entity, "legalEntityId")
    key = customer_id, entity or rules.NO_ENTITY, segment_id
    if body is None or (body.mixins is None and body.metadata is None):
        return Change(key, {}, "upsert")
    document, version = prepared(to_document(body))
    document = {name: value for name, value in document.items() if name in ("mixins", "metadata")}
    return Change(key, document, "upsert", version)


async def must_exist(call: Call, segment_id: str) -> None:
    """Raises NotFound unless the segment exists; it can't be deleted until the transaction ends.

    Who lost a race keeps the segment's other writers out: many who add the same assignments could lose for ever.
    """
    if segment_id not in await existing(call, [segment_id], exclusive=call.raced):
        raise NotFound("segment", segment_id)


async def put_customers(call: Call, segment_id: str, body: Bulk[CustomerAssignmentItem]) -> Reply:
    """Assign many customers, B2B and B2C mixed."""
    await must_exist(call, segment_id)
    changes: list[Change | CoterieError] = []
    for each in body.items:
        try:
            if isinstance(each, CoterieError):
                raise each
            changes.append(change(segment_id, each.customer_id, each.legal_entity_id, each))
        except CoterieError as error:
            changes.append(error)
    return bulk_reply(call, await assign(call, changes), ids=False)


async def delete_customer(call: Call, segment_id: str, customer_id: str) -> None:
    """Remove the B2C assignment of a customer."""
    await _delete_one(call, (customer_id, rules.NO_ENTITY, segment_id))


async def delete_contact(call: Call, segment_id: str, customer_id: str, legal_entity_id: str) -> None:
    """Remove the assignment of a customer for a legal entity."""
    await _delete_one(call, (customer_id, legal_entity_id, segment_id))


async def _delete_one(call: Call, key: tuple[str, str, str]) -> None:
    await must_exist(call, key[2])
    if not await remove(call, KIND, [key]):
        raise NotFound("assignment", key[0])


async def delete_customers(call: Call, segment_id: str, body: Bulk[CustomerAssignmentRef]) -> Reply:
    """Remove many assignments."""
    await must_exist(call, segment_id)
    keys = [
        each
        if isinstance(each, CoterieError)
        else (each.customer_id, each.legal_entity_id or rules.NO_ENTITY, segment_id)
        for each in body.items
    ]
    left = set(await remove(call, KIND, list({key: None for key in keys if isinstance(key, tuple)})))
    return bulk_reply(call, [removal(key, left, 0) for key in keys], ids=False)


def removal(key: tuple[str, ...] | CoterieError, left: set[tuple[str, ...]], at: int) -> Outcome:
    """What became of one item of a bulk removal; a second mention of the same assignment finds nothing.

    left: the keys that were there, each taken out when it is answered. at: the part of the key that names the item.
    """
    if isinstance(key, CoterieError):
        return Outcome.refused(key)
    if key in left:
        left.remove(key)
        return Outcome(204, key[at])
    return Outcome.refused(NotFound("assignment", key[at]), key[at])


async def forget_customers(call: Call, deleted: list[Event]) -> None:
    """The assignments of deleted customers go with them."""
    await delete_members(call, member.c.customer_id.in_([event.facts["id"] for event in deleted]))


async def forget_companies(call: Call, deleted: list[Event]) -> None:
    """The assignments for deleted legal entities go with them."""
    await delete_members(call, member.c.legal_entity_id.in_([event.facts["id"] for event in deleted]))


async def forget_contacts(call: Call, deleted: list[Event]) -> None:
    """Who is no longer a contact of a legal entity has no assignments for it."""
    pairs = [(event.facts["customer_id"], event.facts["legal_entity_id"]) for event in deleted]
    await delete_members(call, among(call.db, [member.c.customer_id, member.c.legal_entity_id], pairs))
