"""The events of products: names and payloads (CONTRACT §3.14)."""

from __future__ import annotations

from typing import Any

PRODUCT_CREATED = "product.created"
PRODUCT_UPDATED = "product.updated"
PRODUCT_DELETED = "product.deleted"

ALL = (PRODUCT_CREATED, PRODUCT_UPDATED, PRODUCT_DELETED)


def subject(product_id: str) -> str:
    """Events of one product are delivered in order."""
    return f"product:{product_id}"


def product_written(tenant: str, view: dict[str, Any]) -> dict[str, Any]:
    """Payload of created and updated: the product with all its translations."""
    return {**view, "tenant": tenant}


def product_deleted(tenant: str, product_id: str, yrn: str, code: str) -> dict[str, Any]:
    """Payload of deleted: what identified the product."""
    return {"id": product_id, "yrn": yrn, "code": code, "tenant": tenant}
