"""What other services may ask of IAM: what people may do, the groups of companies, and the first administrator."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from coterie.kit.call import Call
from coterie.services.iam.operations import administrators, company_groups, employees, grants, scopes
from coterie.services.iam.operations.company_groups import Group
from coterie.services.iam.operations.invitations import Invitation

__all__ = [
    "Group",
    "Invitation",
    "administrator_invited",
    "company_group_assigned",
    "company_group_removed",
    "company_group_unassigned",
    "company_groups_created",
    "custom_scopes_defined",
    "employees_among",
    "groups_of_companies",
    "scopes_of",
]


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


async def administrator_invited(call: Call, email: str, first_name: str, last_name: str) -> Invitation:
    """Make somebody an employee who may do everything; the link by which he sets his password."""
    return await administrators.invited(call, email, first_name, last_name)


async def custom_scopes_defined(call: Call, texts: Mapping[str, str]) -> None:
    """Define scopes of the tenant's own, so that access controls can hold them; `texts`: what each is for.

    Those that are there already stay as they are.
    """
    await scopes.defined(call, texts)


async def employees_among(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are employees; none of them can be deleted until the transaction ends."""
    return await employees.existing(call, ids)
