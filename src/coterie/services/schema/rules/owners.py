"""Whose an instance is, and who is meant by the scopes that end in `_own` (CONTRACT §3.11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coterie.kit.caller import Caller
from coterie.kit.errors import Problem

CUSTOMER, EMPLOYEE, SERVICE = "CUSTOMER", "EMPLOYEE", "SERVICE"
GONE = "deleted"
"""The owner of what a deleted customer has left to his company."""

Owner = dict[str, Any]


def owner_of(caller: Caller) -> Owner:
    """Whose an instance is that a caller creates."""
    if caller.kind == "customer":
        entity = {"legalEntityId": caller.legal_entity_id} if caller.legal_entity_id is not None else {}
        return {"type": CUSTOMER, "userId": caller.customer_id, **entity}
    if caller.kind == "employee":
        return {"type": EMPLOYEE, "userId": caller.employee_id}
    return {"type": SERVICE, "userId": caller.client_id}


def is_own(caller: Caller, owner: Mapping[str, Any]) -> bool:
    """Whether an instance is the caller's: of a customer's, those for no company and for the one that he acts for."""
    me = owner_of(caller)
    entity = owner.get("legalEntityId")
    return (owner["type"], owner["userId"]) == (me["type"], me["userId"]) and (
        entity is None or entity == me.get("legalEntityId")
    )


def problems(owner: Owner, before: Owner | None, caller: Caller) -> list[Problem]:
    """What is wrong with the owner that a request names."""
    if before is not None:
        return [] if owner == before else [Problem.violation("owner", "can't be changed")]
    found = []
    if owner["type"] == SERVICE and owner != owner_of(caller):
        found.append(Problem.violation("owner.type", "use CUSTOMER or EMPLOYEE, or leave owner out"))
    if owner["type"] != CUSTOMER and "legalEntityId" in owner:
        found.append(Problem.violation("owner.legalEntityId", "is for a CUSTOMER only"))
    return found
