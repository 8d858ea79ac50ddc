"""Granting: what users may do, and that nobody grants what he may not do himself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Text, and_, cast, exists, literal, or_, select

from coterie.database.session import Hot
from coterie.kit.call import Call
from coterie.kit.caller import Caller
from coterie.kit.errors import Forbidden
from coterie.services.iam.operations.authority import AUTHORITY, admitted
from coterie.services.iam.rules.catalogue import CUSTOMER, EMPLOYEE, OF_CUSTOMERS
from coterie.services.iam.rules.grants import exceeding
from coterie.services.iam.tables import assignment, contact, employee, group

_FACTS = Hot(select(cast(AUTHORITY.facts, Text)))


async def customer_may(call: Call, customer_id: str, legal_entity_id: str | None) -> frozenset[str]:
    """What a customer may do who acts for a company, or for himself; as the transaction sees it."""
    rows = await call.db.hot(
        _FACTS, tenant=call.tenant.name, kind="customer", user=customer_id, entity=legal_entity_id or ""
    )
    caller = Caller(
        "customer", call.tenant.name, frozenset(), customer_id=customer_id, legal_entity_id=legal_entity_id
    )
    person = admitted(caller, msgspec.json.decode(rows[0][0]))
    assert person is not None
    return person.scopes


async def employee_may(call: Call, employee_id: str) -> frozenset[str] | None:
    """What an employee may do, or None when there is none with this id."""
    rows = await call.db.hot(_FACTS, tenant=call.tenant.name, kind="employee", user=employee_id, entity="")
    caller = Caller("employee", call.tenant.name, frozenset(), employee_id=employee_id)
    person = admitted(caller, msgspec.json.decode(rows[0][0]))
    return None if person is None else person.scopes


async def groups_of(call: Call, user_id: str, kind: str | None = None) -> Sequence[Row[Any]]:
    """The groups that a user is in, by all their columns; of a type of users, or whatever he is."""
    statement = (
        select(group)
        .join(assignment, and_(assignment.c.tenant == group.c.tenant, assignment.c.group_id == group.c.id))
        .where(assignment.c.tenant == call.tenant.name, assignment.c.user_id == user_id)
        .order_by(group.c.id)
    )
    return await call.db.all(statement if kind is None else statement.where(assignment.c.user_type == kind))


async def kind_of(call: Call, user_id: str) -> tuple[str, bool]:
    """Whether a user is an employee, else he is taken for a customer; and whether anything is known of him here."""
    here = call.tenant.name
    is_employee = exists().where(employee.c.tenant == here, employee.c.id == user_id)
    is_member = exists().where(assignment.c.tenant == here, assignment.c.user_id == user_id)
    is_contact = exists().where(contact.c.tenant == here, contact.c.customer_id == user_id)
    row = await call.db.first(
        select(literal(1), is_employee.label("employee"), or_(is_member, is_contact).label("known"))
    )
    assert row is not None
    return (EMPLOYEE, True) if row.employee else (CUSTOMER, bool(row.known))


def require_granting(call: Call, scopes: Collection[str], before: frozenset[str] = frozenset()) -> None:
    """Raises Forbidden when a person would grant what he may not do himself; `before`: what is granted already.

    What only customers may do makes no employee more, so employees grant it. An API client grants by the scopes of
    its operation alone: it is nobody that a group could make more of.
    """
    if call.caller.kind == "employee":
        refuse_beyond(call.caller.scopes | before | OF_CUSTOMERS, scopes)
    elif call.caller.kind == "customer":
        refuse_beyond(call.caller.scopes | before, scopes)


def refuse_beyond(held: Collection[str], scopes: Collection[str]) -> None:
    """Raises Forbidden for scopes beyond those that are held."""
    beyond = exceeding(held, scopes)
    if beyond:
        raise Forbidden(message=f"You can't grant what you may not do yourself: {', '.join(beyond[:10])}.")
