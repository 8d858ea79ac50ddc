"""`coterie employee invite`: the first administrator of a tenant."""

from __future__ import annotations

import asyncio
import json
import shlex
from typing import Annotated

from cyclopts import App as Commands
from cyclopts import Parameter

from coterie.cli import CommandError, app
from coterie.cli.options import Json, Where
from coterie.cli.server import opened, prepared
from coterie.directory import SERVICES
from coterie.kit.call import Call
from coterie.kit.caller import Caller
from coterie.kit.rows import Handler, Row
from coterie.kit.runtime import Runtime
from coterie.services.iam import facade as iam

_NOWHERE = Where()
employee = Commands(name="employee", help="Manage who runs a tenant.")
app.command(employee)


@employee.command(name="invite")
def invite_employee(
    tenant: Annotated[str, Parameter(help="The tenant.")],
    email: Annotated[str, Parameter(help="The e-mail address to sign in with.")],
    /,
    *,
    first_name: Annotated[str, Parameter(help="The first name.")],
    last_name: Annotated[str, Parameter(help="The last name.")],
    json_: Json = False,
    where: Where = _NOWHERE,
) -> None:
    """Make somebody an administrator of a tenant, and print the link to set a password with, this once.

    An employee with this address becomes an administrator, and gets a new link.
    """
    settings = where.settings()

    async def run() -> iam.Invitation:
        await prepared(settings)
        async with opened(settings) as runtime:
            return await invited(runtime, tenant, email, first_name, last_name)

    made = asyncio.run(run())
    if json_:
        shown = {"id": made.employee_id, "token": made.token, "link": made.page, "expires_in": made.seconds}
        print(json.dumps(shown))
        return
    url = f"{settings.base_url}/iam/{tenant}/password/reset/update"
    body = shlex.quote(json.dumps({"token": made.token, "password": "..."}))
    send = f"curl {url} -H 'Content-Type: application/json' -d {body}"
    print(
        f"{email} is an administrator of {tenant}.\n"
        f"The password is set, once and within {made.seconds // 60} minutes, with:\n\n  {made.page or send}\n"
    )


async def invited(runtime: Runtime, name: str, email: str, first_name: str, last_name: str) -> iam.Invitation:
    """Make somebody an administrator of a tenant. Raises CommandError without the tenant, or Invalid."""
    tenant = await runtime.tenants.get(name)
    if tenant is None:
        raise CommandError(f"there is no tenant {name}; add it with: coterie tenant create {name}")
    service = next(each for each in SERVICES if each.name == "iam")
    row = Row("COMMAND", "employee invite", Handler(iam.administrator_invited), (), (), "none")
    operator = Caller("service", name, frozenset("*"))
    call = Call(runtime, service, row, tenant, operator, runtime.clock.now(), {}, {})

    async def once() -> iam.Invitation:
        async with call.writing():
            return await iam.administrator_invited(call, email, first_name, last_name)

    return await runtime.retried(once, call)
