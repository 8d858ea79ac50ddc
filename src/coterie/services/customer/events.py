"""The events of customers: names and payloads (CONTRACT §3.6)."""

from __future__ import annotations

from typing import Any

CREATED = "customer.created"
UPDATED = "customer.updated"
DELETED = "customer.deleted"
LOGGED_IN = "customer.logged.in"
OPT_IN = "customer.opt-in"
REFRESH_TOKEN = "customer.refresh-token"  # noqa: S105 - an event's name
PASSWORD_RESET = "customer.password-reset"  # noqa: S105 - an event's name
EMAIL_CHANGE_REQUEST = "customer.email-change-request"
EMAIL_CHANGE = "customer.email-change"

# Of these only this server's services hear: what becomes of a customer's session.
SESSION_REFRESHED = "customer.session-refreshed"
LOGGED_OUT = "customer.logged-out"

ALL = (
    CREATED,
    UPDATED,
    DELETED,
    LOGGED_IN,
    OPT_IN,
    REFRESH_TOKEN,
    PASSWORD_RESET,
    EMAIL_CHANGE_REQUEST,
    EMAIL_CHANGE,
)


def subject(customer_id: str) -> str:
    """Events of one customer are delivered in order."""
    return f"customer:{customer_id}"


def written(tenant: str, view: dict[str, Any]) -> dict[str, Any]:
    """Payload of created and updated: the profile."""
    return {**view, "customerNumber": view["id"], "tenant": tenant}


def deleted(tenant: str, customer_id: str) -> dict[str, Any]:
    """Payload of deleted."""
    return {"id": customer_id, "customerNumber": customer_id, "tenant": tenant}


def account(tenant: str, customer_id: str, email: str, **more: str) -> dict[str, Any]:
    """Payload of what happens to an account; the token that its customer is sent is no part of it."""
    return {"id": customer_id, "customerNumber": customer_id, "email": email, "tenant": tenant, **more}


def logged_in(tenant: str, customer_id: str, at: str) -> dict[str, Any]:
    """Payload of logged.in."""
    return {"id": customer_id, "customerNumber": customer_id, "lastLogin": at, "tenant": tenant}


def session(tenant: str, customer_id: str, session_id: str | None) -> dict[str, Any]:
    """Payload of the internal events."""
    return {"customerId": customer_id, "sessionId": session_id, "tenant": tenant}
