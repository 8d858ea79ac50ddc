"""The events of legal entities and contact assignments: names and payloads (CONTRACT §3.8)."""

from __future__ import annotations

from typing import Any

ENTITY_CREATED = "client-management.legalentity-created"
ENTITY_UPDATED = "client-management.legalentity-updated"
ENTITY_DELETED = "client-management.legalentity-deleted"
USER_ASSIGNED = "client-management.user-assigned-to-legalentity"

# Of these only this server's services hear: who acts for which company.
CONTACT_CREATED = "client-management.contact-assignment-created"
CONTACT_DELETED = "client-management.contact-assignment-deleted"

ALL = (ENTITY_CREATED, ENTITY_UPDATED, ENTITY_DELETED, USER_ASSIGNED)


def subject(entity_id: str) -> str:
    """Events of one legal entity, its contacts included, are delivered in order."""
    return f"legal-entity:{entity_id}"


def entity_changed(tenant: str, view: dict[str, Any]) -> dict[str, Any]:
    """Payload of legalentity-created and legalentity-updated: the legal entity as it is now."""
    return {**view, "tenant": tenant}


def entity_deleted(tenant: str, entity_id: str) -> dict[str, Any]:
    """Payload of legalentity-deleted."""
    return {"id": entity_id, "tenant": tenant}


def user_assigned(tenant: str, id: str, document: dict[str, Any]) -> dict[str, Any]:
    """Payload of user-assigned-to-legalentity: the contact assignment, its parties by their ids."""
    return {
        "id": id,
        "legalEntity": {"id": document["legalEntityId"]},
        "customer": {"id": document["customerId"]},
        "type": document["type"],
        "primary": document["primary"],
        "tenant": tenant,
    }


def contact_pair(tenant: str, customer_id: str, entity_id: str) -> dict[str, Any]:
    """Payload of the internal events."""
    return {"customerId": customer_id, "legalEntityId": entity_id, "tenant": tenant}
