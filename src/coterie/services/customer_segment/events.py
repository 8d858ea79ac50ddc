"""The events of segments and their assignments: names and payloads (CONTRACT §3.1)."""

from __future__ import annotations

from typing import Any

SEGMENT_CREATED = "customer-segment.segment-created"
SEGMENT_UPDATED = "customer-segment.segment-updated"
SEGMENT_DELETED = "customer-segment.segment-deleted"
CUSTOMER_CREATED = "customer-segment.customer-assignment-created"
CUSTOMER_UPDATED = "customer-segment.customer-assignment-updated"
CUSTOMER_DELETED = "customer-segment.customer-assignment-deleted"
CUSTOMER_EXPIRED = "customer-segment.customer-assignment-expired"
"""Internal: a write met the row of an expired membership, which is gone now; subscribers hear of what is new only."""
ITEM_CREATED = "customer-segment.item-assignment-created"
ITEM_UPDATED = "customer-segment.item-assignment-updated"
ITEM_DELETED = "customer-segment.item-assignment-deleted"

ALL = (
    SEGMENT_CREATED,
    SEGMENT_UPDATED,
    SEGMENT_DELETED,
    CUSTOMER_CREATED,
    CUSTOMER_UPDATED,
    CUSTOMER_DELETED,
    ITEM_CREATED,
    ITEM_UPDATED,
    ITEM_DELETED,
)

_SEGMENT_FIELDS = ("id", "name", "description", "validity", "status", "siteCode", "metadata")


def subject(segment_id: str) -> str:
    """Events of one segment, its assignments included, are delivered in order."""
    return f"customer-segment:{segment_id}"


def segment_created(tenant: str, view: dict[str, Any]) -> dict[str, Any]:
    """Payload of segment-created."""
    return {name: view[name] for name in _SEGMENT_FIELDS if name in view} | {"tenant": tenant}


def segment_updated(tenant: str, view: dict[str, Any], previous_status: str) -> dict[str, Any]:
    """Payload of segment-updated."""
    payload = segment_created(tenant, view) | {"previousStatus": previous_status}
    if "mixins" in view:
        payload["mixins"] = view["mixins"]
    return payload


def segment_deleted(tenant: str, segment_id: str) -> dict[str, Any]:
    """Payload of segment-deleted."""
    return {"id": segment_id, "tenant": tenant}


def assignment(tenant: str, segment_id: str, view: dict[str, Any]) -> dict[str, Any]:
    """Payload of a created or updated assignment of a customer or an item: its view beside the segment's id."""
    return {"segmentId": segment_id, **view, "tenant": tenant}


def customer_deleted(tenant: str, segment_id: str, customer_id: str, legal_entity_id: str) -> dict[str, Any]:
    """Payload of customer-assignment-deleted."""
    payload = {"segmentId": segment_id, "customerId": customer_id, "tenant": tenant}
    return payload | ({"legalEntityId": legal_entity_id} if legal_entity_id else {})


def item_deleted(tenant: str, segment_id: str, item_id: str, type: str) -> dict[str, Any]:
    """Payload of item-assignment-deleted."""
    return {"segmentId": segment_id, "itemId": item_id, "type": type, "tenant": tenant}
