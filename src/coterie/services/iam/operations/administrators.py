"""The first administrator of a tenant, whom its operator invites from the command line."""

from __future__ import annotations

from sqlalchemy import select

from coterie.kit.call import Call
from coterie.services.iam.operations import employees, groups, invitations
from coterie.services.iam.operations.invitations import Invitation
from coterie.services.iam.rules.catalogue import ADMINISTRATOR
from coterie.services.iam.rules.employees import INVITATION
from coterie.services.iam.schemas import EmployeeCreation, GroupUpdate
from coterie.services.iam.tables import group

GROUP = "administrators"


async def invited(call: Call, email: str, first_name: str, last_name: str) -> Invitation:
    """Make somebody an employee who may do everything; the link by which he sets his password.

    One who is an employee already becomes an administrator, and gets a new link. The group is made where it is missing.
    """
    there = select(group.c.id).where(group.c.tenant == call.tenant.name, group.c.id == GROUP)
    if await call.db.first(there) is None:
        name = {call.tenant.languages.default: "Administrators"}
        await groups.put_group(call, GROUP, GroupUpdate(name=name, templates=[ADMINISTRATOR]))
    body = EmployeeCreation(
        first_name=first_name,
        last_name=last_name,
        preferred_site="main",
        preferred_currency=call.tenant.currency,
        preferred_language=call.tenant.languages.default,
        department="Administration",
        contact_email=email,
        group_ids=[GROUP],
    )
    return await invitations.made(call, INVITATION, (await employees.put_there(call, body)).id)
