"""What travels: the request for a service token and its answer, in OAuth's own snake_case."""

from __future__ import annotations

from coterie.kit.wire import Wire


class TokenRequest(Wire, rename=str):
    """Body of POST /oauth/token, as a form or as JSON. `scope`: names separated by spaces."""

    grant_type: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    scope: str | None = None


class TokenView(Wire, rename=str):
    """A service token. There is nothing to refresh it with; lifetimes in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    session_idle_time: int
    refresh_token: str
    refresh_token_expires_in: int
    scope: str
