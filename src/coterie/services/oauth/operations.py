"""The token endpoint."""

from __future__ import annotations

from coterie.kit import clients
from coterie.kit.call import Call
from coterie.kit.errors import Invalid, Problem, Unauthorized
from coterie.kit.logins import BEARER
from coterie.kit.rows import TYPED, Form
from coterie.services.oauth import rules
from coterie.services.oauth.schemas import TokenRequest, TokenView

_SESSION_IDLE_SECONDS = 120


async def request_token(call: Call, body: Form[TokenRequest]) -> TokenView:
    """A service token for an API client that proves its secret."""
    request = body.value
    if request.grant_type != rules.GRANT_TYPE:
        message = f"{(request.grant_type or '')[:80]!r} is not supported; use {rules.GRANT_TYPE}"
        raise Invalid("Unsupported grant type.", problems=(Problem.violation("grant_type", message),))
    client_id, secret = request.client_id, request.client_secret
    if not client_id and not secret:
        client_id, secret = rules.basic_credentials(call.headers.get("authorization", ""))
    if not client_id or not secret:
        name = "client_secret" if client_id else "client_id"
        raise Invalid(problems=(Problem.violation(name, "is required"),))
    async with call.reading() as db:
        client = await clients.verified(db, client_id, secret)
    # A storefront's id is public and for anonymous tokens only.
    if client is None or client.kind == "storefront":
        raise Unauthorized("client")
    scopes = rules.granted(client.scopes, client.tenant, request.scope)
    issued = (await call.runtime.tokens.issuer()).service(client, scopes)
    named = (scope for service in call.runtime.services for row in service.rows for scope in row.scopes or ())
    every = frozenset(scope for scope in named if TYPED not in scope)
    return TokenView(
        access_token=issued.access_token,
        token_type=BEARER,
        expires_in=issued.expires_in,
        session_idle_time=_SESSION_IDLE_SECONDS,
        refresh_token="",
        refresh_token_expires_in=0,
        scope=rules.described(scopes, every, client.tenant),
    )
