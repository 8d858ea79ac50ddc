"""The events of legal entities, contact assignments and locations: names and payloads (CONTRACT §3.8)."""

from __future__ import annotations

from typing import Any

ENTITY_CREATED = "client-management.legalentity-created"
ENTITY_UPDATED = "client-management.legalentity-updated"
ENTITY_DELETED = "client-management.legalentity-deleted"
USER_ASSIGNED = "client-management.user-assigned-to-legalentity"

# Of these only this server's services hear: who acts for which company, and which location is gone.
CONTACT_CREATED = "client-management.contact-assignment-created"
CONTACT_DELETED = "client-management.contact-assignment-deleted"
LOCATION_DELETED = "client-management.location-deleted"

ALL = (ENTITY_CREATED, ENTITY_UPDATED, ENTITY_DELETED, USER_ASSIGNED)


def subject(entity_id: str) -> str:
    """Events of one legal entity, its contacts included, are delivered in order."""
    return f"legal-entity:{entity_id}"


def entity_changed(tenant: str, view: dict[str, Any]) -> dict[str, Any]:
    """Payload of legalentity-created and legalentity-updated: the legal entity as it is now."""
    renamed = {"id": "legalEntityId", "entitiesAddresses": "addresses"}
    return {**{renamed.get(name, name): value for name, value in view.items()}, "tenant": tenant}


def entity_deleted(tenant: str, entity_id: str, parent_id: str | None) -> dict[str, Any]:
    """Payload of legalentity-deleted."""
    parent = {} if parent_id is None else {"legalEntityParentId": parent_id}
    return {"legalEntityId": entity_id, **parent, "tenant": tenant}


def user_assigned(tenant: str, id: str, document: dict[str, Any], email: str | None) -> dict[str, Any]:
    """Payload of user-assigned-to-legalentity; the user is a customer."""
    known = {} if email is None else {"email": email}
    return {
        "assignmentId": id,
        "userId": document["customerId"],
        **known,
        "legalEntityId": document["legalEntityId"],
        "type": document["type"],
        "primary": document["primary"],
        "tenant": tenant,
    }


def location_deleted(tenant: str, id: str) -> dict[str, Any]:
    """Payload of the internal location-deleted."""
    return {"id": id, "tenant": tenant}


def contact_pair(tenant: str, customer_id: str, entity_id: str) -> dict[str, Any]:
    """Payload of the internal events."""
    return {"customerId": customer_id, "legalEntityId": entity_id, "tenant": tenant}
