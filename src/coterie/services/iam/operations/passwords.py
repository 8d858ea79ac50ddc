"""Employees set a password: by the link of an invitation or of a reset, or by the old one.

Asking for a mail answers alike, and does the same work, whether or not there is such an employee.
"""

from __future__ import annotations

from coterie.kit import attempts
from coterie.kit.call import Call
from coterie.kit.errors import Unauthorized
from coterie.mail.links import no_good
from coterie.services.iam.operations import employees, invitations
from coterie.services.iam.operations.invitations import LINKS
from coterie.services.iam.operations.sessions import MAIL, REFUSED, SIGN_IN, account
from coterie.services.iam.rules import employees as rules
from coterie.services.iam.schemas import PasswordByLink, PasswordByOld, ResetRequest
from coterie.services.iam.tables import employee, password


async def ask_for_reset(call: Call, body: ResetRequest) -> None:
    """Send the employee of an address a link to set a new password."""
    await attempts.begin(call, MAIL, rules.folded(body.email))
    async with call.writing():
        known = await employees.by_email(call, body.email)
        id, to = ("", "") if known is None else (known.id, known.email)
        language = None if known is None else known.doc.get("preferredLanguage")
        await invitations.send(call, rules.RESET, id, to, language)


async def set_by_link(call: Call, body: PasswordByLink) -> None:
    """Set a password by the token of a mail; every login of the employee ends."""
    await LINKS.check(call, body.token, rules.INVITATION, rules.RESET)
    secret = await call.runtime.passwords.hash(body.password)
    async with call.writing():
        id = (await LINKS.use(call, body.token, rules.INVITATION, rules.RESET)).owner
        known = await employees.by_id(call, id, lock=True)
        if known is None:
            raise no_good()
        await _store(call, id, known.folded, secret)


async def change(call: Call, body: PasswordByOld) -> None:
    """Set a new password by the old one; the employee's other logins end."""
    id = employees.own_id(call)
    async with call.reading() as db:
        known = await db.first(account(call, employee.c.id == id, isouter=True))
    if known is None:
        raise Unauthorized
    await attempts.begin(call, SIGN_IN, known.folded)
    if not (await call.runtime.passwords.verify(known.hash, body.current_password)).right:
        raise Unauthorized(REFUSED)
    secret = await call.runtime.passwords.hash(body.new_password)
    async with call.writing():
        still = await call.db.first(account(call, employee.c.id == id).with_for_update(key_share=True))
        if still is None or still.hash != known.hash:
            raise Unauthorized(REFUSED)
        await _store(call, id, still.folded, secret, keep=call.caller.login_id)


async def _store(call: Call, employee_id: str, folded: str, secret: str, *, keep: str = "") -> None:
    """Give an employee a password; whatever else could set one is no good any more, and his logins end."""
    values = {"hash": secret, "set_at": call.at}
    row = {"tenant": call.tenant.name, "employee_id": employee_id, **values}
    insert = call.db.insert(password).values(row)
    await call.db.run(insert.on_conflict_do_update(index_elements=["tenant", "employee_id"], set_=values))
    await LINKS.forget(call, employee_id)
    await attempts.succeeded(call, SIGN_IN, folded)
    await call.runtime.tokens.end_employee(call.db, call.tenant.name, employee_id, keep)
