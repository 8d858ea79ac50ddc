"""The events of instances: names and payloads (CONTRACT §3.14)."""

from __future__ import annotations

from typing import Any

INSTANCE_CREATED = "schema.custom-instance-created"
INSTANCE_UPDATED = "schema.custom-instance-updated"
INSTANCE_DELETED = "schema.custom-instance-deleted"

ALL = (INSTANCE_CREATED, INSTANCE_UPDATED, INSTANCE_DELETED)


def subject(type: str, id: str) -> str:
    """Events of one instance are delivered in order."""
    return f"custom-instance:{type}:{id}"


def written(tenant: str, view: dict[str, Any]) -> dict[str, Any]:
    """Payload of created and updated: the instance as it is now."""
    return {**view, "tenant": tenant}


def deleted(tenant: str, type: str, id: str) -> dict[str, Any]:
    """Payload of deleted."""
    return {"id": id, "type": type, "tenant": tenant}
