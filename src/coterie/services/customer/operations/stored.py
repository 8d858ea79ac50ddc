"""What is stored of customers: profiles and postal addresses as kinds, how they are searched, shown and told of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import bindparam, select, true

from coterie.database.session import Hot, HotRows
from coterie.kit.call import Call
from coterie.kit.errors import NotFound, Problem
from coterie.kit.store import Document, Kind, Written
from coterie.query.q_sql import Field, Fields
from coterie.query.sql import Str
from coterie.services.customer import events, rules
from coterie.services.customer.operations import accounts, companies
from coterie.services.customer.tables import address, company, customer, email


async def _written(call: Call, changed: Sequence[Written]) -> None:
    for each in changed:
        type_ = events.CREATED if each.before is None else events.UPDATED
        payload = events.written(call.tenant.name, each.view)
        call.emit(type_, events.subject(each.key[0]), payload, id=each.key[0])


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        payload = events.deleted(call.tenant.name, each.key[0])
        call.emit(events.DELETED, events.subject(each.key[0]), payload, id=each.key[0])


async def _address_changed(call: Call, changed: Sequence[Written]) -> None:
    """An address is a part of its customer's profile; that of a new one is told with him."""
    new = {event.facts["id"] for event in call.events if event.type == events.CREATED}
    for id in sorted({each.key[0] for each in changed} - new):
        row = await call.db.first(select(customer).where(KIND.where(call, (id,))))
        if row is not None:
            payload = events.written(call.tenant.name, KIND.view_of(row))
            call.emit(events.UPDATED, events.subject(id), payload, id=id)


KIND = Kind(
    noun="customer",
    table=customer,
    columns={
        "firstName": "first_name",
        "lastName": "last_name",
        "contactEmail": "contact_email",
        "active": "active",
        "onHold": "on_hold",
    },
    defaults=rules.DEFAULTS,
    rules=rules.profile_problems,
    written=_written,
    removed=_removed,
)
ADDRESS = Kind(
    noun="address",
    table=address,
    key=("customer_id", "id"),
    rules=rules.address_problems,
    written=_address_changed,
    removed=_address_changed,
)

_OF_COMPANY = select(true()).where(
    company.c.tenant == customer.c.tenant, company.c.customer_id == customer.c.id
)
FIELDS = Fields(
    {
        "id": Field(customer.c.id),
        "firstName": Field(customer.c.first_name),
        "lastName": Field(customer.c.last_name),
        "contactEmail": Field(customer.c.contact_email),
        "active": Field(customer.c.active, "boolean"),
        "onHold": Field(customer.c.on_hold, "boolean"),
        "lastLogin": Field(customer.c.last_login, "date"),
        "b2b.legalEntities.id": Field(company.c.legal_entity_id, rows=_OF_COMPANY),
        "metadata.version": Field(customer.c.version, "number"),
        "metadata.createdAt": Field(customer.c.created_at, "date"),
        "metadata.modifiedAt": Field(customer.c.modified_at, "date"),
    },
    customer.c.doc,
    {
        "customerNumber": "id",
        "metadataCreatedAt": "metadata.createdAt",
        "metadataModifiedAt": "metadata.modifiedAt",
    },
)


# What a storefront asks for at every page is read by hot statements.
_OWNER = {"tenant": bindparam("tenant", type_=Str()), "customer": bindparam("customer", type_=Str())}
_MINE = HotRows(
    select(customer).where(customer.c.tenant == _OWNER["tenant"], customer.c.id == _OWNER["customer"])
)
_MY_LOGINS = Hot(
    select(email.c.email)
    .where(
        email.c.tenant == _OWNER["tenant"],
        email.c.customer_id == _OWNER["customer"],
        email.c.login.is_(True),
    )
    .order_by(email.c.created_at, email.c.folded)
)


def view(row: Any) -> Document:
    """A stored profile as the tenant sees it, before `expand`."""
    view = KIND.view_of(row)
    view["metadataCreatedAt"] = row.created_at
    if row.last_login is not None:
        view["lastLogin"] = row.last_login
    return view


async def own_profile(call: Call, customer_id: str, wanted: str | None) -> Document:
    """The profile of a customer as he sees it himself, with his accounts. Raises NotFound."""
    key = {"tenant": call.tenant.name, "customer": customer_id}
    row = await _MINE.first(call.db, **key)
    if row is None:
        raise missing(customer_id)
    asked = rules.expansions(wanted)
    shown = rules.shown(view(row), list(await companies.of_customer(call, customer_id)), asked)
    shown["accounts"] = [{"id": login} for (login,) in await call.db.hot(_MY_LOGINS, **key)]
    if "addresses" in asked:
        _add_addresses(shown, (await _addresses(call, [customer_id])).get(customer_id, []))
    return {name: value for name, value in shown.items() if name not in rules.TENANT_ONLY}


async def expand(call: Call, views: list[Document], wanted: frozenset[str]) -> None:
    """Complete views of stored profiles with what is kept elsewhere, as far as it is wanted."""
    ids = [view["id"] for view in views]
    firms = await companies.of_customers(call, ids)
    logins = await accounts.logins(call, ids) if "accounts" in wanted else {}
    homes = await _addresses(call, ids) if "addresses" in wanted else {}
    for view in views:
        id = view["id"]
        shown = rules.shown(view, firms.get(id, []), wanted)
        if "accounts" in wanted:
            shown["accounts"] = [{"id": each} for each in logins.get(id, [])]
        if "addresses" in wanted:
            _add_addresses(shown, homes.get(id, []))
        view.clear()
        view.update(shown)


def _add_addresses(shown: Document, addresses: list[Document]) -> None:
    shown["addresses"] = addresses
    default = rules.default_address(addresses)
    if default is not None:
        shown["defaultAddress"] = default


async def _addresses(call: Call, ids: Collection[str]) -> dict[str, list[Document]]:
    columns = address.c
    statement = (
        select(address)
        .where(columns.tenant == call.tenant.name, columns.customer_id.in_(ids))
        .order_by(columns.customer_id, columns.created_at, columns.id)
    )
    found: dict[str, list[Document]] = {}
    for row in await call.db.all(statement):
        found.setdefault(row.customer_id, []).append(ADDRESS.view_of(row))
    return found


def missing(customer_number: str) -> NotFound:
    """The error for a customer that is not there, or not the caller's."""
    error = NotFound("customer", customer_number)
    message = f"Couldn't find a customer with customerNumber '{customer_number}'"
    error.problems = (Problem("customerNumber", "resource_not_found", message),)
    return error
