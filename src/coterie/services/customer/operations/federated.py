"""Customers sign in with an identity provider: by its token, or by an authorisation code (CONTRACT §1.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from coterie.federation import proofs
from coterie.federation.claims import Identity
from coterie.federation.configured import DEFAULT, SOCIAL_LOGIN, TOKEN_EXCHANGE, named_by, providers
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
P = TypeVar("P", bound=Provider)


async def exchange(call: Call, query: ExchangeQuery) -> ExchangedView:
    """The tokens of a customer for an identity provider's access token; the session of the visitor's token goes on."""
    known = await _providers(call, TOKEN_EXCHANGE, ExchangeProvider)
    provider = _named(TOKEN_EXCHANGE, known, query.config or DEFAULT, "config")
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
    known = await _providers(call, SOCIAL_LOGIN, LoginProvider)
    provider = _named(SOCIAL_LOGIN, known, named_by(query.state, known), "state")
    page = _page(provider, query.redirect_uri)
    if query.code_verifier is None and provider.client_secret is None:
        text = "is required: without a secret of the provider's client nothing else says whose code it is"
        raise Invalid(problems=(Problem.violation("code_verifier", text),))
    await attempts.begin(call, SIGN_IN, digest(query.code))
    proven = await proofs.by_code(call, provider, query.code, page, query.code_verifier)
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


def _page(provider: LoginProvider, redirect_uri: str | None) -> str:
    """The page that the code was sent to: one of those that the tenant has configured. Raises Invalid."""
    if redirect_uri is None and len(provider.pages) == 1:
        return provider.pages[0]
    if redirect_uri is None:
        problem = Problem.violation("redirect_uri", "is required, since several are configured")
    elif redirect_uri in provider.pages:
        return redirect_uri
    else:
        text = f"{redirect_uri[:200]!r} is not among those that are configured"
        problem = Problem.violation("redirect_uri", text)
    raise Invalid(problems=(problem,))


async def _providers(call: Call, key: str, kind: type[P]) -> dict[str, P]:
    async with call.reading() as db:
        value = await configuration.opened_value(call, db, key)
    return {} if value is None else providers(value, kind)


def _named(key: str, known: dict[str, P], name: str, field: str) -> P:
    """The provider of a name. Raises Invalid."""
    if name not in known:
        text = f"there is no identity provider {name[:80]!r} in the configuration {key}"
        raise Invalid(problems=(Problem.violation(field, text),))
    return known[name]
