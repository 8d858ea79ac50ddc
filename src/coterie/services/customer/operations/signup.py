"""A visitor becomes a customer, at once or once he has proven his address (CONTRACT §3.6)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from coterie.kit import attempts
from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_id
from coterie.kit.errors import Invalid, Problem
from coterie.kit.store import Change, locked, prepared
from coterie.kit.wire import to_document
from coterie.mail.links import no_good
from coterie.services.customer import events, rules
from coterie.services.customer.operations import addresses, letters, me, profiles, sessions
from coterie.services.customer.operations.accounts import Account
from coterie.services.customer.operations.credentials import MAIL, welcome_at
from coterie.services.customer.operations.letters import LINKS
from coterie.services.customer.operations.stored import KIND
from coterie.services.customer.schemas import LoginView, OptInRefresh, Signup
from coterie.services.customer.tables import email


async def sign_up(call: Call, body: Signup) -> Reply:
    """A new customer with an account; where the tenant wants it so, he first has to open a link he is sent."""
    details, _ = prepared(to_document(body.customer_details) if body.customer_details else {})
    separate = body.signup.email if body.signup else None
    login, profile = rules.signup_profile(details, body.email, separate)
    password = body.signup.password if body.signup else body.password
    if password is None:
        raise Invalid(problems=(Problem.violation("password", "is required, here or in signup"),))
    secret = await call.runtime.passwords.hash(password)
    profile["active"] = active = call.setting("customerActiveOnCreation") is not False
    async with call.writing():
        id = await profiles.add(call, profile, None, Account(login, secret, opt_in=not active, unproven=True))
        if body.customer_address is not None:
            document: dict[str, Any] = prepared(to_document(body.customer_address))[0]
            await addresses.save(call, id, Change((id, new_id()), document, "create"))
        if not active:
            await letters.send_link(call, rules.OPT_IN, id, login, profile)
    return Reply(201, {"id": id})


async def opt_in(call: Call, token: str) -> LoginView:
    """Activate an account by the token of a mail, and log its customer in."""
    issuer = await call.runtime.tokens.issuer()
    async with call.writing():
        id = (await LINKS.use(call, token, rules.OPT_IN)).owner
        before = (await locked(call, KIND, [(id,)])).get((id,))
        if before is None or before.on_hold:
            raise no_good()
        document, _ = prepared(KIND.document_of(before) | {"active": True})
        await profiles.store_change(call, Change((id,), document, "amend"), before)
        waiting = (email.c.tenant == call.tenant.name, email.c.customer_id == id)
        await call.db.run(update(email).where(*waiting).values(opt_in=False, unproven=False))
        call.emit(
            events.OPT_IN,
            events.subject(id),
            events.account(call.tenant.name, id, before.contact_email or ""),
        )
        return await sessions.begin(call, issuer, id)


async def send_again(call: Call, body: OptInRefresh) -> Reply:
    """Send a new link to an account that waits for one; the answer is the same whether or not there is one."""
    await attempts.begin(call, MAIL, rules.folded(body.email))
    async with call.writing():
        known = await welcome_at(call, body.email, opt_in=True)
        id, to = (known.customer_id, known.email) if known is not None else ("", "")
        await letters.send_link(call, rules.OPT_IN, id, to, await me.preferences(call, id))
        if known is not None:
            call.emit(events.REFRESH_TOKEN, events.subject(id), events.account(call.tenant.name, id, to))
    return Reply(202)
