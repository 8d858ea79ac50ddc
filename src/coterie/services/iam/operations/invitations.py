"""The links by which employees set a password, and the letters that they are sent in."""

from __future__ import annotations

from dataclasses import dataclass

from coterie.kit.call import Call
from coterie.mail.letters import asked_languages, post, with_link
from coterie.mail.links import Links
from coterie.services.iam.rules import employees as rules
from coterie.services.iam.tables import link as table

LINKS = Links(
    table, table.c.employee_id, {rules.INVITATION: "invitation_seconds", rules.RESET: "reset_seconds"}
)


@dataclass(frozen=True)
class Invitation:
    """A link of an employee: its token, the page that it leads to if the tenant has one, and how long it lasts."""

    employee_id: str
    token: str
    page: str
    seconds: int


async def made(call: Call, purpose: str, employee_id: str) -> Invitation:
    """A new link; those of the same purpose that the employee had are no good any more."""
    token = await LINKS.make(call.runtime, call.db, call.tenant.name, purpose, employee_id, {})
    page = rules.page(call.tenant.settings, token)
    return Invitation(employee_id, token, page, LINKS.seconds(call.runtime, purpose))


async def send(call: Call, purpose: str, employee_id: str, to: str, language: str | None) -> None:
    """Send an employee a link; to nobody, with the same work done, when `to` is empty."""
    languages = asked_languages(call, language)
    link = await made(call, purpose, employee_id)
    post(call, with_link(call.tenant, purpose, to, languages, link.token, link.page, link.seconds, {}))
