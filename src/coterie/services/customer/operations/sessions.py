"""Customers log in, refresh, act for a company, log out, and learn what their token says (CONTRACT §1.4, §1.5)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from coterie.kit import attempts
from coterie.kit.call import Call
from coterie.kit.caller import Caller
from coterie.kit.errors import Forbidden, Unauthorized
from coterie.kit.logins import BEARER, Issued, Issuer
from coterie.services.customer import events, rules
from coterie.services.customer.operations import accounts, companies, foreign
from coterie.services.customer.operations.credentials import REFUSED, SIGN_IN
from coterie.services.customer.schemas import (
    Credentials,
    LoginView,
    LogoutQuery,
    RefreshedView,
    RefreshQuery,
    TokenView,
)
from coterie.services.customer.tables import customer, email


async def log_in(call: Call, body: Credentials) -> LoginView:
    """The tokens of a customer; the session of the visitor's token goes on. Raises Unauthorized or TooMany."""
    name = rules.folded(body.email)
    await attempts.begin(call, SIGN_IN, name)
    async with call.reading() as db:
        known = await db.first(_account(call, body.email))
    stored, legacy = (None, None) if known is None else (known.password_hash, known.legacy_hash)
    verdict = await call.runtime.passwords.verify(stored, body.password, foreign.matcher(legacy))
    if known is None or not verdict.right:
        raise Unauthorized(REFUSED)
    issuer = await call.runtime.tokens.issuer()
    async with call.writing():
        # The password may have changed, or the customer gone, while it was verified.
        account = await call.db.first(_account(call, body.email).with_for_update(key_share=True))
        if account is None or (account.password_hash, account.legacy_hash) != (stored, legacy):
            raise Unauthorized(REFUSED)
        if not rules.may_log_in(account.active, account.on_hold):
            raise Unauthorized(REFUSED)
        await attempts.succeeded(call, SIGN_IN, name)
        if verdict.rehashed is not None:
            anew = {"password_hash": verdict.rehashed, "legacy_hash": None}
            await call.db.run(update(email).where(*accounts.at(call, body.email)).values(anew))
        return await begin(call, issuer, account.customer_id, initial=account.initial_password)


async def begin(call: Call, issuer: Issuer, customer_id: str, *, initial: bool = False) -> LoginView:
    """The tokens of a customer who has proven who he is, in the call's transaction.

    initial: he has used a password that an employee set.
    """
    return _login_view(*await issue(call, issuer, customer_id), initial)


async def issue(call: Call, issuer: Issuer, customer_id: str) -> tuple[Issued, str]:
    """The same tokens and the saas-token: the one place that begins a login. The session of the caller goes on."""
    issued = await issuer.customer(
        call.db,
        call.tenant.name,
        customer_id,
        client_id=call.caller.client_id,
        session_id=call.caller.session_id,
    )
    mine = (customer.c.tenant == call.tenant.name, customer.c.id == customer_id)
    await call.db.run(update(customer).where(*mine).values(last_login=call.at))
    call.emit(
        events.LOGGED_IN,
        events.subject(customer_id),
        events.logged_in(call.tenant.name, customer_id, call.at),
        customer_id=customer_id,
        session_id=issued.caller.session_id,
    )
    saas = call.runtime.tokens.saas_token(call.tenant.name, customer_id, issued.caller.expires)
    return issued, saas


async def refresh(call: Call, query: RefreshQuery) -> RefreshedView:
    """Further tokens of a login, acting for a company or for none; the refresh token is used up."""
    tokens = call.runtime.tokens
    issuer = await tokens.issuer()
    issued: Issued | None = None
    async with call.writing():
        known = await tokens.redeem(call.db, call.tenant.name, "customer", query.refresh_token)
        if known is not None and known.customer_id is not None and await _is_welcome(call, known.customer_id):
            entity = query.legal_entity_id
            if entity is not None and entity not in await companies.of_customer(call, known.customer_id):
                raise Forbidden(message=f"The customer is no contact of the legal entity {entity[:80]!r}.")
            issued = await issuer.continued(call.db, known, entity)
            _emit_session(call, events.SESSION_REFRESHED, issued.caller)
    # Raised after the commit: a copied refresh token has ended its login.
    if issued is None:
        raise Unauthorized
    return RefreshedView(**_tokens(issued))


async def log_out(call: Call, query: LogoutQuery) -> None:
    """End the login of a customer's token."""
    caller = call.caller
    if query.access_token is not None:
        caller = await call.runtime.tokens.verified(query.access_token)
    if caller.kind != "customer" or caller.tenant != call.tenant.name:
        raise Unauthorized
    async with call.writing():
        await call.runtime.tokens.end(call.db, call.tenant.name, caller.login_id)
        _emit_session(call, events.LOGGED_OUT, caller)


async def validate_token(call: Call) -> TokenView:
    """What the customer's token of the request says."""
    caller = call.caller
    if caller.kind != "customer" or caller.customer_id is None or caller.session_id is None:
        raise Unauthorized
    addresses = (await accounts.logins(call, [caller.customer_id])).get(caller.customer_id, [])
    return TokenView(
        token_type=BEARER,
        expires_in=caller.expires - int(call.now.timestamp()),
        scope=" ".join([*sorted(caller.scopes), f"tenant={caller.tenant}"]),
        session_id=caller.session_id,
        email=addresses[0] if addresses else "",
        legal_entity_id=caller.legal_entity_id,
    )


def _emit_session(call: Call, type_: str, caller: Caller) -> None:
    """Tell the services above what became of a customer's session."""
    assert caller.customer_id is not None
    id, session_id = caller.customer_id, caller.session_id
    payload = events.session(call.tenant.name, id, session_id)
    facts = {"customer_id": id, "session_id": session_id, "legal_entity_id": caller.legal_entity_id}
    call.emit(type_, events.subject(id), payload, internal=True, **facts)


def _account(call: Call, address: str) -> Any:
    """The account at an address, with what of its customer decides whether he may log in."""
    mine = (customer.c.tenant == email.c.tenant) & (customer.c.id == email.c.customer_id)
    return (
        select(
            email.c.customer_id,
            email.c.password_hash,
            email.c.legacy_hash,
            email.c.initial_password,
            customer.c.active,
            customer.c.on_hold,
        )
        .join_from(email, customer, mine)
        .where(email.c.tenant == call.tenant.name, email.c.folded == rules.folded(address))
        .where(email.c.login.is_(True))
    )


async def _is_welcome(call: Call, customer_id: str) -> bool:
    columns = customer.c
    statement = select(columns.active, columns.on_hold).where(
        columns.tenant == call.tenant.name, columns.id == customer_id
    )
    row = await call.db.first(statement)
    return row is not None and rules.may_log_in(row.active, row.on_hold)


def _tokens(issued: Issued) -> dict[str, Any]:
    return {
        "access_token": issued.access_token,
        "token_type": BEARER,
        "expires_in": issued.expires_in,
        "refresh_token": issued.refresh_token,
        "refresh_token_expires_in": issued.refresh_expires_in,
        "session_id": issued.caller.session_id,
    }


def _login_view(issued: Issued, saas: str, initial: bool) -> LoginView:
    return LoginView(
        **_tokens(issued),
        saas_token=saas,
        initial_password=initial,
        access_twin=issued.access_token,
        saas_twin=saas,
        expires_twin=issued.expires_in,
        refresh_twin=issued.refresh_token,
        refresh_expires_twin=issued.refresh_expires_in,
    )
