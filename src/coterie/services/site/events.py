"""The events of sites: names and payloads (CONTRACT §3.9)."""

from __future__ import annotations

from typing import Any

SITE_CREATED = "site.site-created"
SITE_UPDATED = "site.site-updated"
SITE_DELETED = "site.site-deleted"

ALL = (SITE_CREATED, SITE_UPDATED, SITE_DELETED)


def subject(code: str) -> str:
    """Events of one site are delivered in order."""
    return f"site:{code}"


def changed(tenant: str, view: dict[str, Any]) -> dict[str, Any]:
    """Payload of site-created and site-updated: the site as it is now."""
    return {**view, "tenant": tenant}


def deleted(tenant: str, code: str) -> dict[str, Any]:
    """Payload of site-deleted."""
    return {"code": code, "tenant": tenant}
