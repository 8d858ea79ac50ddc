"""Employees sign in with a password, refresh their tokens, and log out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from coterie.kit import attempts
from coterie.kit.call import Call
from coterie.kit.errors import Unauthorized
from coterie.kit.logins import BEARER, Issued, Issuer
from coterie.services.iam.operations import employees, grants, users
from coterie.services.iam.rules import employees as rules
from coterie.services.iam.schemas import EmployeeCredentials, EmployeeTokensView, RefreshRequest
from coterie.services.iam.tables import employee, password

# What attempts are counted as: apart from those of customers, who may have the same address.
SIGN_IN, MAIL = "employee-sign-in", "employee-mail"
# Worded by the dialect like a wrong password, whatever was wrong.
REFUSED = "credentials"


async def log_in(call: Call, body: EmployeeCredentials) -> EmployeeTokensView:
    """The tokens of an employee for his e-mail address and password.

    Raises Unauthorized or TooMany.
    """
    name = rules.folded(body.email)
    await attempts.begin(call, SIGN_IN, name)
    async with call.reading() as db:
        known = await db.first(account(call, employee.c.folded == name))
    stored = None if known is None else known.hash
    verdict = await call.runtime.passwords.verify(stored, body.password)
    if known is None or not verdict.right:
        raise Unauthorized(REFUSED)
    issuer = await call.runtime.tokens.issuer()
    async with call.writing():
        # The password may have changed, or the employee gone, while it was verified.
        still = await call.db.first(account(call, employee.c.id == known.id).with_for_update(key_share=True))
        if still is None or still.hash != stored:
            raise Unauthorized(REFUSED)
        await attempts.succeeded(call, SIGN_IN, name)
        if verdict.rehashed is not None:
            mine = (password.c.tenant == call.tenant.name, password.c.employee_id == known.id)
            await call.db.run(update(password).where(*mine).values(hash=verdict.rehashed))
        return await begin(call, issuer, known.id)


async def begin(call: Call, issuer: Issuer, employee_id: str) -> EmployeeTokensView:
    """The tokens of an employee who has proven who he is, in the call's transaction, which has locked him."""
    issued = await issuer.employee(call.db, call.tenant.name, employee_id, client_id=call.caller.client_id)
    await employees.signed_in(call, employee_id)
    return await _view(call, issued)


async def refresh(call: Call, body: RefreshRequest) -> EmployeeTokensView:
    """Further tokens of a login; the refresh token is used up, and one that comes back later ends the login."""
    tokens = call.runtime.tokens
    issuer = await tokens.issuer()
    view: EmployeeTokensView | None = None
    async with call.writing():
        known = await tokens.redeem(call.db, call.tenant.name, "employee", body.refresh_token)
        if known is not None:
            view = await _view(call, await issuer.continued(call.db, known))
    # Raised after the commit: a copied refresh token has ended its login.
    if view is None:
        raise Unauthorized
    return view


async def log_out(call: Call) -> None:
    """End the login of an employee's token, and all its tokens with it."""
    if call.caller.employee_id is None:
        raise Unauthorized
    await call.runtime.tokens.end(call.db, call.tenant.name, call.caller.login_id)


def account(call: Call, *where: Any, isouter: bool = False) -> Any:
    """An employee who has a password: id, folded, hash. isouter: one who has none as well, whose hash is None."""
    his = (password.c.tenant == employee.c.tenant) & (password.c.employee_id == employee.c.id)
    found = select(employee.c.id, employee.c.folded, password.c.hash).join_from(
        employee, password, his, isouter=isouter
    )
    return found.where(employee.c.tenant == call.tenant.name, *where)


async def _view(call: Call, issued: Issued) -> EmployeeTokensView:
    assert issued.caller.employee_id is not None
    granted = await grants.employee_may(call, issued.caller.employee_id)
    return EmployeeTokensView(
        access_token=issued.access_token,
        token_type=BEARER,
        expires_in=issued.expires_in,
        refresh_token=issued.refresh_token,
        refresh_token_expires_in=issued.refresh_expires_in,
        scope=await users.scope_names(call, granted or frozenset()),
    )
