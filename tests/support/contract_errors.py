"""The shapes of error bodies, and which service speaks which (CONTRACT §2.11)."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

DETAIL: Json = {
    "type": "object",
    "properties": {key: {"type": "string"} for key in ("field", "type", "message", "moreInfo")},
}
DETAILS: Json = {"type": "array", "items": {"anyOf": [{"type": "string"}, DETAIL]}}

SHAPES: dict[str, Json] = {
    "A": {
        "type": "object",
        "required": ["code", "status", "message"],
        "properties": {
            "code": {"type": "integer"},
            "status": {"type": "string"},
            "message": {"type": "string"},
            "resourceId": {"type": "string"},
            "errorCode": {"type": "string"},
            "details": DETAILS,
        },
    },
    "B": {
        "type": "object",
        "required": ["status", "type", "message"],
        "properties": {
            "status": {"type": "integer"},
            "type": {"type": "string", "pattern": "^[a-z]+(_[a-z]+)*$"},
            "message": {"type": "string"},
            "moreInfo": {"type": "string"},
            "details": {"type": "array", "items": DETAIL},
        },
    },
    "C": {
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": {"type": ["integer", "string"]},
            "message": {"type": "string"},
            "sessionId": {"type": "string"},
            "timestamp": {"type": "string"},
            "detailInfo": {"type": "string"},
        },
    },
    "F": {
        "type": "object",
        "required": ["fault"],
        "properties": {
            "fault": {
                "type": "object",
                "required": ["faultstring", "detail"],
                "properties": {
                    "faultstring": {"type": "string"},
                    "detail": {
                        "type": "object",
                        "required": ["errorcode"],
                        "properties": {"errorcode": {"type": "string"}},
                    },
                },
            }
        },
    },
}
"""The error bodies of CONTRACT §2.11: A modern, B legacy, C minimal, F fault (every 401)."""

# The configuration service says of most errors that they are JSON, and `Forbidden` (CONTRACT §3.10).
SHAPES["B, configuration"] = {
    **SHAPES["B"],
    "properties": {
        **SHAPES["B"]["properties"],
        "type": {"enum": ["application/json", "bad_payload_syntax", "Forbidden"]},
    },
}

B_SERVICES = (
    *("checkout", "coupon", "customer-customer-managed", "customer-tenant-managed", "fee"),
    *("label", "sequential-id", "shipping", "shopping-list", "site-settings"),
)
C_SERVICES = ("ai", "ai-rag-indexer", "delivery-providers", "invoice", "pick-pack", "session-context")

ENVELOPES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(B_SERVICES, ("B",)),
    **dict.fromkeys(C_SERVICES, ("C",)),
    "configuration": ("B, configuration",),
    "oauth": ("F",),
    "payment-gateway": ("B", "C"),
    # The documents and CONTRACT §2.11 name different shapes: whoever builds the service decides.
    "order": ("A", "B"),
    "reward-points": ("A", "B"),
    "unit-handling": ("A", "B"),
    "GET /category/{tenant}/categories/categoryTree": ("B",),
}
"""The shapes of a service's errors, or of one operation's; every other service speaks A."""

UNAUTHORIZED: dict[str, tuple[str, ...]] = {
    "POST /customer/{tenant}/exchangeauthtoken": ("F", "B"),
    "POST /customer/{tenant}/socialLogin": ("F", "B"),
    "POST /customer/{tenant}/login": ("F", "B"),
    "POST /customer/{tenant}/password/change": ("F", "B"),
    "POST /customer/{tenant}/me/accounts/internal/email/change": ("F", "B"),
}
"""Where a 401 may also mean a wrong password, told in the service's own shape (CONTRACT §1.4)."""
