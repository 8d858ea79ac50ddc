"""What other services may ask of customers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, select

from coterie.kit.call import Call
from coterie.kit.store import among_stored, kept_rows
from coterie.services.customer import rules
from coterie.services.customer.operations import companies, profiles
from coterie.services.customer.schemas import CustomerView
from coterie.services.customer.tables import company, customer

names = select(
    customer.c.tenant,
    customer.c.id,
    customer.c.first_name,
    customer.c.last_name,
    customer.c.contact_email.label("email"),
)
"""Customers by name, for joins: tenant, id, first_name, last_name, email."""

links = select(company.c.tenant, company.c.customer_id, company.c.legal_entity_id)
"""Of which legal entities customers are contacts, for joins: tenant, customer_id, legal_entity_id."""

READ = (rules.READ, rules.READ_OWN)
MANAGE = (rules.MANAGE, rules.MANAGE_OWN)
DIALECT = rules.DIALECT
View = CustomerView
list_customers = profiles.list_customers
search_customers = profiles.search_customers
create_customer = profiles.create_customer
get_customer = profiles.get_customer
put_customer = profiles.put_customer
patch_customer = profiles.patch_customer
delete_customer = profiles.delete_customer
"""The operations on customers, for the path that older clients know them by."""


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are customers; none of them can be deleted until the transaction ends."""
    return await among_stored(call, customer.c.id, ids)


async def named(call: Call, ids: Collection[str]) -> Sequence[Row[Any]]:
    """The same as rows with id, first_name, last_name, email."""
    columns = customer.c
    shown = [columns.id, columns.first_name, columns.last_name, columns.contact_email.label("email")]
    return await kept_rows(call, columns.id, shown, ids)


async def companies_of(call: Call, customer_id: str) -> tuple[str, ...]:
    """The legal entities that a customer is a contact of, in order."""
    return await companies.of_customer(call, customer_id)
