"""What this server's services hear of currencies; the reference has no events of them."""

from __future__ import annotations

CURRENCY_DELETED = "currency.deleted"


def subject(code: str) -> str:
    """Events of one currency are delivered in order."""
    return f"currency:{code}"
