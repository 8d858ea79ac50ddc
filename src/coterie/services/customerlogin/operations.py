"""Anonymous tokens: the first one of a visit, and those that refresh it (CONTRACT §1.3)."""

from __future__ import annotations

from coterie.kit import clients
from coterie.kit.call import Call
from coterie.kit.clients import Client
from coterie.kit.errors import Invalid, Problem, Unauthorized
from coterie.kit.logins import BEARER, Issued, Login
from coterie.services.customerlogin.schemas import LoginQuery, RefreshQuery, VisitQuery, VisitView
from coterie.services.session_context import facade as session_context


async def login(call: Call, query: LoginQuery) -> VisitView:
    """The tokens of a new visit with a session of its own, and that session's context."""
    client = await _client(call, query)
    tenant = await call.runtime.tenants.get(client.tenant)
    assert tenant is not None
    # The path names no tenant: the client does.
    call.tenant = tenant
    issuer = await call.runtime.tokens.issuer()
    seeds = session_context.Seeds(query.site_code, query.currency, query.language, query.target_location)
    async with call.writing():
        issued = await issuer.anonymous(call.db, client.tenant, client.id)
        assert issued.caller.session_id is not None
        await session_context.begin(call, issued.caller.session_id, seeds)
    return _view(issued)


async def refresh(call: Call, query: RefreshQuery) -> VisitView:
    """Further tokens of a visit, with the same session id."""
    client = await _client(call, query)
    tokens = call.runtime.tokens
    if not query.refresh_token:
        if not query.anonymous_token:
            raise Invalid(problems=(Problem.violation("refresh_token", "is required"),))
        known = await _visit(call, client, query.anonymous_token)
    issuer = await tokens.issuer()
    async with call.writing():
        if query.refresh_token:
            found = await tokens.redeem(call.db, client.tenant, "anonymous", query.refresh_token)
            if found is None or found.client_id != client.id:
                raise Unauthorized
            known = found
        return _view(await issuer.continued(call.db, known))


async def _visit(call: Call, client: Client, token: str) -> Login:
    """The visit of an anonymous access token of this client. Raises Unauthorized."""
    caller = await call.runtime.tokens.verified(token)
    if (caller.kind, caller.tenant, caller.client_id) != ("anonymous", client.tenant, client.id):
        raise Unauthorized
    assert caller.session_id is not None
    return Login(caller.tenant, caller.login_id, "anonymous", caller.session_id, client.id, None)


async def _client(call: Call, query: VisitQuery) -> Client:
    """The storefront client that the query names. Raises Invalid or Unauthorized."""
    tenant = query.tenant or query.hybris_tenant
    for name, value in (("tenant", tenant), ("client_id", query.client_id)):
        if not value:
            raise Invalid(problems=(Problem.violation(name, "is required"),))
    assert query.client_id is not None
    async with call.reading() as db:
        client = await clients.find(db, query.client_id)
    if client is None or client.tenant != tenant or client.kind != "storefront":
        raise Unauthorized("client")
    return client


def _view(issued: Issued) -> VisitView:
    caller = issued.caller
    assert caller.session_id is not None
    return VisitView(
        access_token=issued.access_token,
        token_type=BEARER,
        expires_in=issued.expires_in,
        refresh_token=issued.refresh_token,
        refresh_token_expires_in=issued.refresh_expires_in,
        session_id=caller.session_id,
        scope=f"tenant={caller.tenant}",
    )
