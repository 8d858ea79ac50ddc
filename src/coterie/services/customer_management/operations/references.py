"""What legal entities list: their locations and the contact assignments that approve, shown as they are now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, exists, select

from coterie.kit.call import Call
from coterie.kit.store import Document, Written, among_stored
from coterie.services.customer import facade as customers
from coterie.services.customer.facade import Person
from coterie.services.customer_management import rules
from coterie.services.customer_management.operations import locations
from coterie.services.customer_management.tables import contact, location, reference

_TARGETS = {"entitiesAddresses": location.c.id, "approvalGroup": contact.c.id}


async def existing(call: Call, documents: Sequence[Document]) -> Mapping[str, Collection[str]]:
    """What of the lists of legal entities is there, by list; none of it can be deleted meanwhile."""
    return {
        name: await among_stored(call, column, {id for each in documents for id in rules.listed(each, name)})
        for name, column in _TARGETS.items()
    }


async def note(call: Call, changed: Sequence[Written]) -> None:
    """Keep the references of legal entities that were written in step with their lists."""
    lists = {
        each.key[0]: {(name, id) for name in rules.LISTS for id in rules.listed(each.document, name)}
        for each in changed
        if any(each.document.get(name) != (each.before or {}).get(name) for name in rules.LISTS)
    }
    await forget(call, lists)
    rows = [
        {"tenant": call.tenant.name, "legal_entity_id": entity, "kind": name, "target_id": id}
        for entity, targets in lists.items()
        for name, id in sorted(targets)
    ]
    if rows:
        await call.db.run(reference.insert(), rows)


async def forget(call: Call, entity_ids: Collection[str]) -> None:
    """Drop the references of legal entities."""
    if entity_ids:
        columns = reference.c
        mine = (columns.tenant == call.tenant.name, columns.legal_entity_id.in_(sorted(entity_ids)))
        await call.db.run(delete(reference).where(*mine))


async def lonely_locations(call: Call, entity_ids: Collection[str]) -> list[str]:
    """The locations that these legal entities list and no other one does."""
    columns, other = reference.c, reference.alias()
    shared = exists().where(
        other.c.tenant == columns.tenant,
        other.c.kind == columns.kind,
        other.c.target_id == columns.target_id,
        other.c.legal_entity_id.not_in(sorted(entity_ids)),
    )
    statement = select(columns.target_id).where(
        columns.tenant == call.tenant.name,
        columns.legal_entity_id.in_(sorted(entity_ids)),
        columns.kind == "entitiesAddresses",
        ~shared,
    )
    return sorted({row.target_id for row in await call.db.all(statement)})


async def referring(call: Call, name: str, ids: Collection[str]) -> list[str]:
    """The legal entities whose list names one of `ids`."""
    columns = reference.c
    statement = select(columns.legal_entity_id).where(
        columns.tenant == call.tenant.name, columns.kind == name, columns.target_id.in_(sorted(ids))
    )
    return sorted({row.legal_entity_id for row in await call.db.all(statement)})


async def expand(call: Call, views: list[Document]) -> None:
    """Make the lists in views of legal entities lists of what they name, as it is now."""
    homes = await locations.views(call, _named(views, "entitiesAddresses"))
    approvers = await _approvers(call, _named(views, "approvalGroup"))
    for view in views:
        for name, known in (("entitiesAddresses", homes), ("approvalGroup", approvers)):
            if name in view:
                view[name] = [known[id] for id in rules.listed(view, name) if id in known]


def _named(views: list[Document], name: str) -> set[str]:
    return {id for view in views for id in rules.listed(view, name)}


async def _approvers(call: Call, ids: Collection[str]) -> dict[str, Document]:
    if not ids:
        return {}
    columns = contact.c
    statement = select(contact).where(columns.tenant == call.tenant.name, columns.id.in_(sorted(ids)))
    rows = await call.db.all(statement)
    people = await customers.people(call, {row.customer_id for row in rows})
    return {row.id: _approver(row, people.get(row.customer_id)) for row in rows}


def _approver(row: Row[Any], person: Person | None) -> Document:
    return {
        "id": row.id,
        "legalEntity": {"id": row.legal_entity_id},
        "customer": named(row.customer_id, person),
        "type": row.type,
        "primary": row.is_primary,
        "metadata": {
            "version": row.version,
            "createdAt": row.created_at,
            "modifiedAt": row.modified_at,
        },
    }


def named(customer_id: str, person: Person | None) -> Document:
    """The customer of a contact assignment, as clients see him."""
    if person is None:
        return {"id": customer_id}
    known = {"name": person.name, "surname": person.surname, "email": person.email, "phone": person.phone}
    return {"id": customer_id, **{name: value for name, value in known.items() if value is not None}}
