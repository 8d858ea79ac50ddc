"""Customers sign in with an identity provider: by its token, or by an authorisation code (CONTRACT §1.6)."""

from __future__ import annotations

from dataclasses import replace

from coterie.federation import proofs
from coterie.federation.claims import Identity
from coterie.federation.configured import (
    DEFAULT,
    SOCIAL_LOGIN,
    TOKEN_EXCHANGE,
    chosen,
    named_by,
    page_of,
)
from coterie.federation.schemas import ExchangeProvider, LoginProvider, Provider
from coterie.kit import attempts
from coterie.kit.call import Call
from coterie.kit.clients import digest
from coterie.kit.errors import Invalid, Problem, Unauthorized
from coterie.kit.logins import BEARER, Issued, Issuer
from coterie.services.configuration import facade as configuration
from coterie.services.customer.operations import identities, sessions
from coterie.services.customer.operations.credentials import SIGN_IN
from coterie.services.customer.schemas import ExchangedView, ExchangeQuery, SocialQuery, SocialView
from coterie.services.iam import facade as iam

# What clients are told of a session's idle time; nothing here ends by it.
_EXCHANGE_IDLE, _SOCIAL_IDLE = 120, 3600


async def exchange(call: Call, query: ExchangeQuery) -> ExchangedView:
    """The tokens of a customer for an identity provider's access token; the session of the visitor's token goes on."""
    known = await configuration.identity_providers(call, TOKEN_EXCHANGE, ExchangeProvider)
    provider = chosen(TOKEN_EXCHANGE, known, query.config or DEFAULT, "config")
    token = query.subject_access_token
    await attempts.begin(call, SIGN_IN, digest(token))
    person = await proofs.by_token(call, provider, token)
    issuer = await call.runtime.tokens.issuer()
    seconds, refresh = issuer.settings.exchange_seconds, issuer.settings.exchange_refresh_seconds
    lasting = replace(issuer.settings, customer_seconds=seconds, refresh_seconds=refresh)
    issuer = replace(issuer, settings=lasting)
    issued, saas, scope = await _enter(call, issuer, provider, person, digest(token))
    assert issued.caller.session_id is not None
    return ExchangedView(
        subject_access_token=token,
        access_token=issued.access_token,
        saas_token=saas,
        refresh_token=issued.refresh_token,
        refresh_token_expires_in=issued.refresh_expires_in,
        session_idle_time=_EXCHANGE_IDLE,
        token_type=BEARER,
        expires_in=issued.expires_in,
        scope=scope,
        session_id=issued.caller.session_id,
    )


async def social_login(call: Call, query: SocialQuery) -> SocialView:
    """The tokens of a customer for an identity provider's authorisation code; the visitor's session goes on."""
    await _as_visitor(call, query.anonymous_token)
    known = await configuration.identity_providers(call, SOCIAL_LOGIN, LoginProvider)
    provider = chosen(SOCIAL_LOGIN, known, named_by(query.state, known), "state")
    page = page_of(provider, query.redirect_uri)
    if query.code_verifier is None and provider.client_secret is None:
        text = "is required: without a secret of the provider's client nothing else says whose code it is"
        raise Invalid(problems=(Problem.violation("code_verifier", text),))
    await attempts.begin(call, SIGN_IN, digest(query.code))
    proven = await proofs.by_code(call, provider, query.code, page, query.code_verifier, query.nonce)
    issuer = await call.runtime.tokens.issuer()
    issued, saas, scope = await _enter(call, issuer, provider, proven.identity, digest(query.code))
    return SocialView(
        social_access_token=proven.access_token,
        social_id_token=proven.id_token,
        access_token=issued.access_token,
        saas_token=saas,
        refresh_token=issued.refresh_token,
        refresh_token_expires_in=str(issued.refresh_expires_in),
        session_idle_time=_SOCIAL_IDLE,
        token_type=BEARER,
        expires_in=str(issued.expires_in),
        expired_in=str(issued.expires_in),
        scope=scope,
    )


async def _enter(
    call: Call, issuer: Issuer, provider: Provider, person: Identity, attempt: str
) -> tuple[Issued, str, str]:
    """The tokens, the saas-token and the scopes of the customer who the person is."""

    async def once() -> tuple[Issued, str, str]:
        async with call.writing():
            id = await identities.customer_of(call, provider, person)
            await attempts.succeeded(call, SIGN_IN, attempt)
            issued, saas = await sessions.issue(call, issuer, id)
            scopes = await iam.scopes_of(call, id)
        return issued, saas, " ".join([*sorted(scopes), f"tenant={call.tenant.name}"])

    # Run again by itself after a lost race: what the provider was asked for is used up.
    return await call.runtime.retried(once, call)


async def _as_visitor(call: Call, anonymous_token: str | None) -> None:
    """Act for the visitor whose token is in the query, where a client sends it there. Raises Unauthorized or Invalid.

    A session id in a header is no proof, so it may only repeat the one of the token.
    """
    if anonymous_token is not None:
        visitor = await call.runtime.tokens.verified(anonymous_token)
        if visitor.tenant != call.tenant.name or visitor.kind != "anonymous":
            raise Unauthorized
        call.caller = visitor
    if call.headers.get("session-id") not in (None, "", call.caller.session_id):
        problem = Problem("session-id", "invalid_header", "is not the session of the token; leave it out")
        raise Invalid(problems=(problem,))
