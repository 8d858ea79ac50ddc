"""Who is calling: what a verified token says, and what it allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ALL_SCOPES = "*"
RESTRICTION = "--"
Kind = Literal["service", "anonymous", "customer", "employee"]


@dataclass(frozen=True)
class Caller:
    """A verified token. `scopes` holds scope names, or `*` for every scope of the tenant.

    client_id: the API key the token was asked with. session_id: the anonymous session, which a customer's
    token continues. legal_entity_id: the company a customer acts for, if any (CONTRACT §1.5). vendor_id: the vendor
    whose an employee is. login_id: the login that every token but a service token belongs to and ends with.
    expires: Unix seconds.
    """

    kind: Kind
    tenant: str
    scopes: frozenset[str]
    client_id: str = ""
    customer_id: str | None = None
    employee_id: str | None = None
    legal_entity_id: str | None = None
    vendor_id: str | None = None
    session_id: str | None = None
    login_id: str = ""
    expires: int = 0

    def may(self, scopes: tuple[str, ...]) -> bool:
        """Whether one of `scopes` is granted; with none asked, every valid token may."""
        return not scopes or ALL_SCOPES in self.scopes or any(scope in self.scopes for scope in scopes)

    def restricted_to(self, scopes: tuple[str, ...]) -> frozenset[str]:
        """The values for which one of `scopes` is granted narrowed, as in `order.order_read--DE` (CONTRACT §2.13)."""
        parts = (scope.partition(RESTRICTION) for scope in self.scopes)
        return frozenset(value for base, _, value in parts if value and base in scopes)
