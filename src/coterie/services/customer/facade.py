"""What other services may ask of customers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from coterie.kit.call import Call
from coterie.kit.store import among_stored, kept_rows
from coterie.services.customer import rules
from coterie.services.customer.operations import companies, profiles, stored
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


DEFAULTS = rules.DEFAULTS
"""What a profile says that says nothing of its preferences."""


@dataclass(frozen=True)
class Shopper:
    """How a customer prefers to shop. country: where he is sent to, or else billed, as far as his addresses say."""

    site: str | None
    currency: str | None
    language: str | None
    country: str | None


async def shopper(call: Call, customer_id: str) -> Shopper:
    """How a customer prefers to shop. Raises NotFound."""
    profile = await stored.own_profile(call, customer_id, "addresses")
    return Shopper(
        site=profile.get("preferredSite"),
        currency=profile.get("preferredCurrency"),
        language=profile.get("preferredLanguage"),
        country=rules.shopping_country(profile["addresses"]),
    )


@dataclass(frozen=True)
class Person:
    """How a customer is called and reached, as far as he said."""

    name: str | None
    surname: str | None
    email: str | None
    phone: str | None


async def people(call: Call, ids: Collection[str]) -> dict[str, Person]:
    """Those of `ids` that are customers."""
    if not ids:
        return {}
    columns = customer.c
    statement = select(customer).where(columns.tenant == call.tenant.name, columns.id.in_(sorted(ids)))
    return {
        row.id: Person(row.first_name, row.last_name, row.contact_email, row.doc.get("contactPhone"))
        for row in await call.db.all(statement)
    }


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
