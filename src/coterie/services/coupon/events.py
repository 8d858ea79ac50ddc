"""The events of coupons. The reference has none, so they are internal: webhooks never carry them."""

from __future__ import annotations

from typing import Any

COUPON_CREATED = "coupon.created"
COUPON_UPDATED = "coupon.updated"
COUPON_DELETED = "coupon.deleted"
COUPON_REDEEMED = "coupon.redeemed"
REDEMPTION_DELETED = "coupon.redemption-deleted"


def subject(code: str) -> str:
    """Events of one coupon, its redemptions included, are delivered in order."""
    return f"coupon:{code}"


def changed(tenant: str, code: str, document: dict[str, Any]) -> dict[str, Any]:
    """Payload of created and updated: the coupon's document."""
    return {"code": code, **document, "tenant": tenant}


def deleted(tenant: str, code: str, *, permanently: bool) -> dict[str, Any]:
    """Payload of deleted."""
    return {"code": code, "permanently": permanently, "tenant": tenant}


def redemption(tenant: str, view: dict[str, Any]) -> dict[str, Any]:
    """Payload of redeemed and redemption-deleted: the redemption as clients see it."""
    return {**view, "tenant": tenant}
