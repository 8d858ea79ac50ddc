"""Employees sign in with an identity provider: by an authorisation code, or by its token.

The providers are configured apart from those of customers, so that none of these lets anybody in here. Who is no
employee yet is not made one: who may run the shop is decided in it.
"""

from __future__ import annotations

from sqlalchemy import select

from coterie.database.session import Retry
from coterie.federation import proofs
from coterie.federation.claims import Identity, Refused
from coterie.federation.configured import (
    DEFAULT,
    EMPLOYEE_EXCHANGE,
    EMPLOYEE_LOGIN,
    chosen,
    named_by,
    page_of,
)
from coterie.federation.schemas import ExchangeProvider, LoginProvider
from coterie.kit import attempts
from coterie.kit.call import Call
from coterie.kit.clients import digest
from coterie.services.configuration import facade as configurations
from coterie.services.iam.operations import employees
from coterie.services.iam.operations.sessions import SIGN_IN, begin
from coterie.services.iam.schemas import CodeLogin, EmployeeTokensView, TokenLogin
from coterie.services.iam.tables import identity


async def log_in_by_code(call: Call, body: CodeLogin) -> EmployeeTokensView:
    """The tokens of an employee for an authorisation code, with PKCE."""
    known = await configurations.identity_providers(call, EMPLOYEE_LOGIN, LoginProvider)
    provider = chosen(EMPLOYEE_LOGIN, known, named_by(body.state, known), "state")
    page = page_of(provider, body.redirect_uri)
    await attempts.begin(call, SIGN_IN, digest(body.code))
    proven = await proofs.by_code(call, provider, body.code, page, body.code_verifier, body.nonce)
    return await _enter(call, proven.identity, digest(body.code))


async def log_in_by_token(call: Call, body: TokenLogin) -> EmployeeTokensView:
    """The tokens of an employee for an identity provider's token."""
    known = await configurations.identity_providers(call, EMPLOYEE_EXCHANGE, ExchangeProvider)
    provider = chosen(EMPLOYEE_EXCHANGE, known, body.config or DEFAULT, "config")
    await attempts.begin(call, SIGN_IN, digest(body.token))
    person = await proofs.by_token(call, provider, body.token)
    return await _enter(call, person, digest(body.token))


async def _enter(call: Call, person: Identity, attempt: str) -> EmployeeTokensView:
    issuer = await call.runtime.tokens.issuer()

    async def once() -> EmployeeTokensView:
        async with call.writing():
            id = await _employee_of(call, person)
            await attempts.succeeded(call, SIGN_IN, attempt)
            return await begin(call, issuer, id)

    # Run again by itself after a lost race: what the provider was asked for is used up.
    return await call.runtime.retried(once, call)


async def _employee_of(call: Call, person: Identity) -> str:
    """The employee who a person is: known by his subject, or found by his verified address. Raises Refused."""
    columns = identity.c
    mine = (columns.tenant == call.tenant.name, columns.issuer == person.issuer)
    id = await call.db.value(select(columns.employee_id).where(*mine, columns.subject == person.subject))
    if id is not None:
        row = await employees.by_id(call, id, lock=True)
        if row is None:
            raise Retry("the employee was deleted a moment ago")
        return str(row.id)
    if person.email is None:
        raise Refused("it does not say that the e-mail address is verified, and the person is not known here")
    row = await employees.by_email(call, person.email, lock=True)
    if row is None:
        raise Refused("the person is no employee here")
    values = {
        "tenant": call.tenant.name,
        "issuer": person.issuer,
        "subject": person.subject,
        "employee_id": row.id,
        "created_at": call.at,
    }
    new = call.db.insert(identity).values(values).on_conflict_do_nothing().returning(columns.employee_id)
    if await call.db.first(new) is None:
        raise Retry("the person became known a moment ago")
    return str(row.id)
