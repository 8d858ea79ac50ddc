"""What travels: queries and the token of an anonymous visit, with the names the reference mixes."""

from __future__ import annotations

import msgspec

from coterie.kit.wire import Wire


class VisitQuery(Wire, rename=str):
    """Who asks: a tenant, under either name, and its storefront client."""

    tenant: str | None = None
    hybris_tenant: str | None = msgspec.field(name="hybris-tenant", default=None)
    client_id: str | None = None


class LoginQuery(VisitQuery, rename=str):
    """What the session's context is to start with besides; the site decides what is left out."""

    currency: str | None = None
    site_code: str | None = msgspec.field(name="siteCode", default=None)
    language: str | None = None
    target_location: str | None = msgspec.field(name="targetLocation", default=None)


class RefreshQuery(VisitQuery, rename=str):
    """`anonymous_token` is the older alternative to `refresh_token`: the access token itself."""

    refresh_token: str | None = None
    anonymous_token: str | None = None


class VisitView(Wire, rename=str):
    """The tokens of an anonymous visit; lifetimes in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    refresh_token_expires_in: int
    session_id: str = msgspec.field(name="sessionId")
    scope: str
