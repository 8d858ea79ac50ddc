"""Which companies a customer acts for, kept in step with the contact assignments of client management."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, delete, select

from coterie.database.session import Hot
from coterie.kit.call import Call
from coterie.kit.outbox import Event
from coterie.kit.store import among
from coterie.query.sql import Str
from coterie.services.customer.tables import company


async def link(call: Call, created: list[Event]) -> None:
    """Contacts were assigned: their facts are `customer_id` and `legal_entity_id`."""
    rows = [
        {"tenant": call.tenant.name, "customer_id": customer_id, "legal_entity_id": entity_id}
        for customer_id, entity_id in sorted({_pair(event) for event in created})
    ]
    await call.db.run(call.db.insert(company).on_conflict_do_nothing(), rows)


async def unlink(call: Call, deleted: list[Event]) -> None:
    """Contacts were unassigned."""
    columns = company.c
    pairs = sorted({_pair(event) for event in deleted})
    gone = among(call.db, [columns.customer_id, columns.legal_entity_id], pairs)
    await call.db.run(delete(company).where(columns.tenant == call.tenant.name, gone))


async def of_customers(call: Call, customer_ids: Collection[str]) -> dict[str, list[str]]:
    """The companies of each customer that has any, in order."""
    columns = company.c
    statement = (
        select(columns.customer_id, columns.legal_entity_id)
        .where(columns.tenant == call.tenant.name, columns.customer_id.in_(customer_ids))
        .order_by(columns.customer_id, columns.legal_entity_id)
    )
    found: dict[str, list[str]] = {}
    for row in await call.db.all(statement):
        found.setdefault(row.customer_id, []).append(row.legal_entity_id)
    return found


_OF_ONE = Hot(
    select(company.c.legal_entity_id)
    .where(
        company.c.tenant == bindparam("tenant", type_=Str()),
        company.c.customer_id == bindparam("customer", type_=Str()),
    )
    .order_by(company.c.legal_entity_id)
)


async def of_customer(call: Call, customer_id: str) -> tuple[str, ...]:
    """The companies of one customer, in order; every storefront read of a customer asks for them."""
    rows = await call.db.hot(_OF_ONE, tenant=call.tenant.name, customer=customer_id)
    return tuple(row[0] for row in rows)


def _pair(event: Event) -> tuple[str, str]:
    return event.facts["customer_id"], event.facts["legal_entity_id"]
