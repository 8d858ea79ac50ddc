"""Contact assignments: which customers act for which legal entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, delete, select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Conflict, Problem
from coterie.kit.listing import Match, field_filters
from coterie.kit.outbox import Event
from coterie.kit.resource import Resource
from coterie.kit.store import Document, Kind, Refusal, Write, Written, among
from coterie.query.q_sql import Field, Fields
from coterie.services.customer import facade as customers
from coterie.services.customer_management import events
from coterie.services.customer_management.operations import entities, references
from coterie.services.customer_management.schemas import (
    ContactCreation,
    ContactsQuery,
    ContactUpdate,
    ContactView,
)
from coterie.services.customer_management.tables import contact

READ = "customermanagement.contactassignment_read"
MANAGE = "customermanagement.contactassignment_manage"

_FILTERS: Mapping[str, Match] = {
    "legalEntity.id": "equals",
    "customer.id": "equals",
    "type": "equals",
    "primary": "equals",
}


async def _check(call: Call, writes: Sequence[Write]) -> list[Refusal]:
    """Both parties must exist (decision 5), and a customer is assigned to a legal entity only once."""
    pairs = [_pair(write.document) for write in writes]
    known = await entities.existing(call, {entity for _, entity in pairs})
    people = {customer for customer, _ in pairs}
    if call.setting("references") != "open":
        people = await customers.existing(call, people)
    taken = await _assigned(call, pairs)
    refusals: list[Refusal] = []
    for write, (customer, entity) in zip(writes, pairs, strict=True):
        problems = []
        if entity not in known:
            problems.append(_missing("legalEntity.id", "legal entity", entity))
        if customer not in people:
            problems.append(_missing("customer.id", "customer", customer))
        other = taken.get((customer, entity), write.key[-1])
        if not problems and other != write.key[-1]:
            refusals.append(
                Conflict(
                    f"The customer {customer} is assigned to the legal entity {entity} already, "
                    f"by the contact assignment {other}."
                )
            )
        else:
            refusals.append(problems)
    return refusals


def _pair(document: Document) -> tuple[str, str]:
    return document["customerId"], document["legalEntityId"]


def _missing(field: str, what: str, id: str) -> Problem:
    return Problem.violation(field, f"there is no {what} {id[:80]!r}; create it first")


async def _assigned(call: Call, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The ids of the contact assignments that these pairs of customer and legal entity have."""
    columns = contact.c
    statement = select(columns.customer_id, columns.legal_entity_id, columns.id).where(
        columns.tenant == call.tenant.name,
        among(call.db, [columns.customer_id, columns.legal_entity_id], pairs),
    )
    return {(row.customer_id, row.legal_entity_id): row.id for row in await call.db.all(statement)}


async def _written(call: Call, changed: Sequence[Written]) -> None:
    assigned: list[tuple[str, Document]] = []
    for each in changed:
        before = None if each.before is None else _pair(each.before)
        if before == _pair(each.document):
            continue
        if before is not None:
            _emit_deleted(call, *before, None)
        assigned.append((each.key[-1], each.document))
    created = [each.document for each in changed if each.before is None]
    await _emit_created(call, [*assigned, *await _propagated(call, created)])


async def _propagated(call: Call, created: Sequence[Document]) -> list[tuple[str, Document]]:
    """Assign the customers of new assignments to the legal entities around, as the tenant wants it.

    Assignments of the same type, but not as the primary contact, for those who have none there yet: their ids and
    documents.
    """
    way = call.setting("companyContactPropagation")
    if way == "DISABLED" or not created:
        return []
    around = await entities.related(call, {_pair(each)[1] for each in created}, upward=way == "UPWARD")
    known = await entities.existing(call, {entity for found in around.values() for entity in found})
    rows = [
        {
            "tenant": call.tenant.name,
            "id": KIND.new_key(),
            **KIND.row_of({"type": each["type"], "primary": False}),
            "customer_id": each["customerId"],
            "legal_entity_id": entity,
            "version": call.service.dialect.first_version,
            "created_at": call.at,
            "modified_at": call.at,
        }
        for each in created
        for entity in around.get(each["legalEntityId"], ())
        if entity in known
    ]
    if not rows:
        return []
    statement = call.db.insert(contact).on_conflict_do_nothing().returning(contact)
    return [(row.id, KIND.document_of(row)) for row in await call.db.all(statement, rows)]


async def _emit_created(call: Call, assigned: Sequence[tuple[str, Document]]) -> None:
    people = await customers.people(call, {document["customerId"] for _, document in assigned})
    for id, document in assigned:
        customer, entity = _pair(document)
        _emit_pair(call, events.CONTACT_CREATED, customer, entity, id)
        person = people.get(customer)
        email = None if person is None else person.email
        payload = events.user_assigned(call.tenant.name, id, document, email)
        call.emit(events.USER_ASSIGNED, events.subject(entity), payload)


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        _emit_deleted(call, *_pair(each.document), each.key[-1])


def _emit_deleted(call: Call, customer: str, entity: str, id: str | None) -> None:
    """A customer acts no longer for a legal entity; `id` is that of his assignment, if it is gone."""
    _emit_pair(call, events.CONTACT_DELETED, customer, entity, id)


def _emit_pair(call: Call, type_: str, customer: str, entity: str, id: str | None) -> None:
    payload = events.contact_pair(call.tenant.name, customer, entity)
    facts = {"customer_id": customer, "legal_entity_id": entity, "id": id}
    call.emit(type_, events.subject(entity), payload, internal=True, **facts)


KIND = Kind(
    noun="contact assignment",
    table=contact,
    columns={
        "legalEntityId": "legal_entity_id",
        "customerId": "customer_id",
        "type": "type",
        "primary": "is_primary",
    },
    defaults={"type": "CONTACT", "primary": False},
    check=_check,
    written=_written,
    removed=_removed,
)

FIELDS = Fields(
    {
        "id": Field(contact.c.id),
        "legalEntity.id": Field(contact.c.legal_entity_id),
        "customer.id": Field(contact.c.customer_id),
        "type": Field(contact.c.type),
        "primary": Field(contact.c.is_primary, "boolean"),
        "metadata.version": Field(contact.c.version, "number"),
        "metadata.createdAt": Field(contact.c.created_at, "date"),
        "metadata.modifiedAt": Field(contact.c.modified_at, "date"),
    },
    contact.c.doc,
)


def _adapt(_call: Call, document: Document) -> Document:
    """The parties of a request by their ids."""
    rest = {name: value for name, value in document.items() if name not in ("customer", "legalEntity")}
    return {**rest, "customerId": document["customer"]["id"], "legalEntityId": document["legalEntity"]["id"]}


def _shape(_call: Call, view: Document) -> Document:
    """The parties of an answer as objects, which `_expand` fills."""
    customer, entity = view.pop("customerId"), view.pop("legalEntityId")
    return {**view, "customer": {"id": customer}, "legalEntity": {"id": entity}}


async def _expand(call: Call, views: list[Document]) -> None:
    """The legal entities and the names of the customers, as they are now."""
    companies = await entities.views(call, {view["legalEntity"]["id"] for view in views})
    people = await customers.people(call, {view["customer"]["id"] for view in views})
    for view in views:
        view["legalEntity"] = companies[view["legalEntity"]["id"]]
        id = view["customer"]["id"]
        view["customer"] = references.named(id, people.get(id))


RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=ContactCreation,
    replace_type=ContactUpdate,
    item_type=ContactCreation,
    view_type=ContactView,
    parameter="contact_assignment_id",
    adapt=_adapt,
    shape=_shape,
    expand=_expand,
)


async def list_contacts(call: Call, query: ContactsQuery) -> Reply:
    """The contact assignments of all legal entities."""
    return await RESOURCE.page(call, query, None, *field_filters(query, FIELDS, _FILTERS))


async def forget_customers(call: Call, deleted: list[Event]) -> None:
    """The contact assignments of deleted customers go with them."""
    await _forget(call, contact.c.customer_id.in_([event.facts["id"] for event in deleted]))


async def forget_entities(call: Call, deleted: list[Event]) -> None:
    """The contact assignments of deleted legal entities go with them."""
    await _forget(call, contact.c.legal_entity_id.in_([event.facts["id"] for event in deleted]))


async def _forget(call: Call, condition: ColumnElement[bool]) -> None:
    gone = delete(contact).where(contact.c.tenant == call.tenant.name, condition)
    columns = (contact.c.id, contact.c.customer_id, contact.c.legal_entity_id)
    for row in await call.db.all(gone.returning(*columns)):
        _emit_deleted(call, row.customer_id, row.legal_entity_id, row.id)
