"""The events of categories and assignments: names and payloads (CONTRACT §3.3)."""

from __future__ import annotations

from typing import Any

CATEGORY_CREATED = "category.created"
CATEGORY_UPDATED = "category.updated"
CATEGORY_DELETED = "category.deleted"
ASSIGNMENT_CREATED = "assignment.created"
ASSIGNMENT_DELETED = "assignment.deleted"

# Internal: what products in these categories have to hold changed; a hierarchy was mended.
CLASSIFIED = "category.classified"
REBUILT = "category.tree-rebuilt"

ALL = (CATEGORY_CREATED, CATEGORY_UPDATED, CATEGORY_DELETED, ASSIGNMENT_CREATED, ASSIGNMENT_DELETED)


def subject(category_id: str) -> str:
    """Events of one category, its assignments included, are delivered in order."""
    return f"category:{category_id}"


def category(tenant: str, view: dict[str, Any]) -> dict[str, Any]:
    """Payload of created and updated."""
    return {**view, "tenant": tenant}


def category_deleted(tenant: str, category_id: str) -> dict[str, Any]:
    """Payload of deleted."""
    return {"id": category_id, "tenant": tenant}


def assignment(tenant: str, id: str, category_id: str, ref: dict[str, Any]) -> dict[str, Any]:
    """Payload of an assignment that came or went."""
    return {"id": id, "categoryId": category_id, "ref": ref, "tenant": tenant}
