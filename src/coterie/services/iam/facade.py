"""What other services may ask of IAM: what people may do, the groups of companies, and employees."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from coterie.kit.call import Call
from coterie.services.iam.operations import company_groups, employees, grants, scopes
from coterie.services.iam.operations.company_groups import Group

__all__ = [
    "Employee",
    "Group",
    "company_group_assigned",
    "company_group_removed",
    "company_group_unassigned",
    "company_groups_created",
    "custom_scopes_defined",
    "employee",
    "employee_by_email",
    "employee_scopes",
    "employee_signed_in",
    "employees_among",
    "groups_of_companies",
    "scopes_of",
]


@dataclass(frozen=True)
class Employee:
    """An employee. status: PROVISIONED until the first time that he signs in, then ACTIVE."""

    id: str
    email: str
    first_name: str
    last_name: str
    status: str


async def scopes_of(call: Call, customer_id: str, legal_entity_id: str | None = None) -> frozenset[str]:
    """What a customer may do who acts for a legal entity, or for himself; as a token of his would now."""
    return await grants.customer_may(call, customer_id, legal_entity_id)


async def company_groups_created(call: Call, legal_entity_id: str, name: str) -> tuple[Group, ...]:
    """Make the groups Admin, Buyer and Requester of a new legal entity, and return them in this order."""
    return await company_groups.created(call, legal_entity_id, name)


async def groups_of_companies(call: Call, ids: Collection[str]) -> dict[str, tuple[Group, ...]]:
    """The groups of legal entities, oldest first; one without groups is left out."""
    return await company_groups.of_companies(call, ids)


async def company_group_removed(call: Call, legal_entity_id: str, group_id: str) -> None:
    """Delete a group of a legal entity, with its assignments. Raises NotFound.

    When a legal entity is deleted its groups go by themselves.
    """
    await company_groups.removed(call, legal_entity_id, group_id)


async def company_group_assigned(call: Call, legal_entity_id: str, group_id: str, customer_id: str) -> None:
    """Put a customer into a group of a legal entity; one who is in it stays. Raises NotFound or Invalid."""
    await company_groups.assigned(call, legal_entity_id, group_id, customer_id)


async def company_group_unassigned(call: Call, legal_entity_id: str, group_id: str, customer_id: str) -> None:
    """Take a customer out of a group of a legal entity, if he is in it. Raises NotFound.

    A customer who is a contact of the legal entity no longer leaves its groups by himself.
    """
    await company_groups.unassigned(call, legal_entity_id, group_id, customer_id)


async def custom_scopes_defined(call: Call, texts: Mapping[str, str]) -> None:
    """Define scopes of the tenant's own, so that access controls can hold them; `texts`: what each is for.

    Those that are there already stay as they are.
    """
    await scopes.defined(call, texts)


async def employees_among(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are employees; none of them can be deleted until the transaction ends."""
    return await employees.existing(call, ids)


async def employee(call: Call, id: str) -> Employee | None:
    """The employee with this id."""
    return _employee(await employees.by_id(call, id))


async def employee_by_email(call: Call, email: str) -> Employee | None:
    """The employee with this e-mail address, whatever its letter case."""
    return _employee(await employees.by_email(call, email))


async def employee_scopes(call: Call, id: str) -> frozenset[str] | None:
    """What an employee may do, or None when there is no employee with this id."""
    return await grants.employee_may(call, id)


async def employee_signed_in(call: Call, id: str) -> None:
    """Note that an employee has signed in; from the first time on he is active."""
    await employees.signed_in(call, id)


def _employee(row: Row[Any] | None) -> Employee | None:
    return row and Employee(row.id, row.email, row.first_name, row.last_name, row.status)
