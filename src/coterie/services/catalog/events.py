"""The events of catalogs: names and payloads (CONTRACT §3.14)."""

from __future__ import annotations

from typing import Any

CATALOG_CREATED = "catalog.created"
CATALOG_UPDATED = "catalog.updated"
CATALOG_DELETED = "catalog.deleted"

ALL = (CATALOG_CREATED, CATALOG_UPDATED, CATALOG_DELETED)


def subject(catalog_id: str) -> str:
    """Events of one catalog are delivered in order."""
    return f"catalog:{catalog_id}"


def written(tenant: str, view: dict[str, Any]) -> dict[str, Any]:
    """Payload of created and updated: the catalog with all its translations."""
    return {**view, "tenant": tenant}


def deleted(tenant: str, catalog_id: str) -> dict[str, Any]:
    """Payload of deleted."""
    return {"id": catalog_id, "tenant": tenant}
