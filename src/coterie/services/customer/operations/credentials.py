"""Customers change what they log in with: a forgotten or known password, an e-mail address (CONTRACT §3.6).

Asking for a mail answers alike, and does the same work, whether or not there is such an account.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from coterie.kit import attempts
from coterie.kit.call import Call
from coterie.kit.errors import AlreadyExists, Forbidden, Invalid, Problem, Unauthorized
from coterie.kit.store import Change, locked, prepared
from coterie.mail.links import no_good
from coterie.services.customer import events, rules
from coterie.services.customer.operations import accounts, foreign, letters, me, profiles
from coterie.services.customer.operations.letters import LINKS
from coterie.services.customer.operations.stored import KIND
from coterie.services.customer.schemas import (
    EmailChange,
    EmailConfirmation,
    PasswordChange,
    PasswordReset,
    PasswordUpdate,
)
from coterie.services.customer.tables import customer, email

SIGN_IN, MAIL = "sign-in", "mail"
# Worded by the dialect like a wrong password, whatever was wrong.
REFUSED = "credentials"


async def ask_for_reset(call: Call, body: PasswordReset) -> None:
    """Send the customer of an address a link to set a new password."""
    await attempts.begin(call, MAIL, rules.folded(body.email))
    async with call.writing():
        known = await welcome_at(call, body.email)
        id, to = (known.customer_id, known.email) if known is not None else ("", "")
        profile = await me.preferences(call, id)
        await letters.send_link(call, rules.RESET, id, to, profile, site=body.site)
        if known is not None:
            payload = events.account(call.tenant.name, id, to)
            call.emit(events.PASSWORD_RESET, events.subject(id), payload)


async def reset_password(call: Call, body: PasswordUpdate) -> None:
    """Set a new password by the token of a mail; every login of the customer ends."""
    await LINKS.check(call, body.token, rules.RESET)
    secret = await call.runtime.passwords.hash(body.password)
    async with call.writing():
        id = (await LINKS.use(call, body.token, rules.RESET)).owner
        account = await accounts.of_customer(call.db, call.tenant.name, id)
        if account is None or not await accounts.set_password(call, account.folded, secret):
            raise no_good()
        # A change of the address may have been asked for by whoever knew the old password.
        await LINKS.forget(call, id, rules.EMAIL_CHANGE)
        await attempts.succeeded(call, SIGN_IN, account.folded)
        await call.runtime.tokens.end_customer(call.db, call.tenant.name, id)


async def change_password(call: Call, body: PasswordChange) -> None:
    """Set a new password by the old one; the customer's other logins end."""
    id = me.own_id(call)
    account = await _proven(call, id, body.current_password)
    secret = await call.runtime.passwords.hash(body.new_password)
    async with call.writing():
        same = email.c.password_hash.is_not_distinct_from(account.password_hash)
        if not await accounts.set_password(call, account.folded, secret, only=same):
            raise Unauthorized(REFUSED)
        await LINKS.forget(call, id, rules.RESET, rules.EMAIL_CHANGE)
        await attempts.succeeded(call, SIGN_IN, account.folded)
        await call.runtime.tokens.end_customer(call.db, call.tenant.name, id, keep=call.caller.login_id)


async def ask_for_email_change(call: Call, body: EmailChange) -> None:
    """Send a link to a new address of the customer, who proves himself by his password."""
    id = me.own_id(call)
    call.require(rules.EDIT)
    problems = rules.email_problems("newEmail", body.new_email)
    if problems:
        raise Invalid(problems=problems)
    account = await _proven(call, id, body.password, body.email)
    async with call.writing():
        await attempts.succeeded(call, SIGN_IN, account.folded)
        there = await call.db.first(select(email.c.customer_id).where(*accounts.at(call, body.new_email)))
        if there is not None and there.customer_id != id:
            raise _taken()
        data = {"from": account.folded, "to": body.new_email, "contact": bool(body.sync_contact_email)}
        profile = await me.preferences(call, id)
        await letters.send_link(call, rules.EMAIL_CHANGE, id, body.new_email, profile, data)
        payload = events.account(call.tenant.name, id, account.email, newEmail=body.new_email)
        call.emit(events.EMAIL_CHANGE_REQUEST, events.subject(id), payload)


async def confirm_email_change(call: Call, body: EmailConfirmation) -> None:
    """Log in with the new address from now on, by the token that it was sent; every login of the customer ends."""
    link = await LINKS.use(call, body.token, rules.EMAIL_CHANGE)
    id, new = link.owner, link.data["to"]
    stored = (await locked(call, KIND, [(id,)])).get((id,))
    account = await accounts.of_customer(call.db, call.tenant.name, id)
    if stored is None or account is None or not rules.may_log_in(stored.active, stored.on_hold):
        raise no_good()
    try:
        if rules.folded(new) != account.folded:
            await accounts.move_login(call, id, account, new)
        if link.data["contact"]:
            document, _ = prepared(KIND.document_of(stored) | {"contactEmail": new})
            await profiles.store_change(call, Change((id,), document, "amend"), stored)
    except AlreadyExists:
        raise _taken() from None
    contact = new if link.data["contact"] else stored.contact_email
    if rules.folded(contact or "") != account.folded != rules.folded(new):
        await accounts.release_contact(call, id, account.email)
    await LINKS.forget(call, id)
    payload = events.account(call.tenant.name, id, new, previousEmail=account.email)
    call.emit(events.EMAIL_CHANGE, events.subject(id), payload)
    await call.runtime.tokens.end_customer(call.db, call.tenant.name, id)


async def welcome_at(call: Call, address: str, *, opt_in: bool = False) -> Row[Any] | None:
    """Who may be sent a link to an address: `customer_id` and `email`, of one who may log in.

    opt_in: of one instead whose account waits for a link.
    """
    his = (customer.c.tenant == email.c.tenant) & (customer.c.id == email.c.customer_id)
    found = select(email.c.customer_id, email.c.email, email.c.opt_in, customer.c.active, customer.c.on_hold)
    row = await call.db.first(found.join_from(email, customer, his).where(*accounts.at(call, address)))
    if row is None or row.on_hold or (opt_in and not row.opt_in):
        return None
    return row if row.active or opt_in else None


async def _proven(call: Call, customer_id: str, password: str, address: str | None = None) -> Row[Any]:
    """The account of a customer who knows its password. Raises Unauthorized or TooMany; an attempt like a login."""
    async with call.reading() as db:
        account = await accounts.of_customer(db, call.tenant.name, customer_id)
    if account is None:
        raise Forbidden(message="The customer has no account to log in with.")
    await attempts.begin(call, SIGN_IN, account.folded)
    known = foreign.matcher(account.legacy_hash)
    verdict = await call.runtime.passwords.verify(account.password_hash, password, known)
    if not verdict.right or (address is not None and rules.folded(address) != account.folded):
        raise Unauthorized(REFUSED)
    return account


def _taken() -> Invalid:
    return Invalid(
        problems=(Problem.violation("newEmail", "belongs to another account; use another address"),)
    )
