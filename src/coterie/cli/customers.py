"""`coterie customers export`: everything that is held of one customer."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Annotated, Any

from cyclopts import App as Commands
from cyclopts import Parameter

from coterie.cli import CommandError, app
from coterie.cli.options import Where
from coterie.cli.remote import written
from coterie.cli.server import opened, prepared
from coterie.kit.clock import iso
from coterie.personal_data import held

_NOWHERE = Where()
customers = Commands(name="customers", help="Answer what customers ask of the shop.")
app.command(customers)


@customers.command(name="export")
def export_customer(
    tenant: Annotated[str, Parameter(help="The tenant.")],
    customer: Annotated[str, Parameter(help="The customer's number.")],
    /,
    *,
    output: Annotated[str, Parameter(help="The file to write; - is standard output.")] = "-",
    where: Where = _NOWHERE,
) -> None:
    """Write everything that is held of a customer as JSON: rows by table, without hashes and other secrets."""
    settings = where.settings()

    async def read() -> dict[str, Any]:
        await prepared(settings)
        async with opened(settings) as runtime:
            if await runtime.tenants.get(tenant) is None:
                raise CommandError(f"there is no tenant {tenant}.")
            async with runtime.database.reading() as db:
                tables = await held(db, tenant, customer)
            at = iso(runtime.clock.now())
        if not any(tables.values()):
            raise CommandError(f"nothing is held of a customer {customer} of the tenant {tenant}.")
        return {"tenant": tenant, "customer": customer, "exportedAt": at, "tables": tables}

    document = asyncio.run(read())
    with written(output) as file:
        file.write(json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")
    if output != "-":
        print(f"What is held of the customer {customer} is in {output}.", file=sys.stderr)
