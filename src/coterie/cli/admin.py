"""`coterie demo`, `coterie tenant create`, `coterie client create` and `coterie keys rotate`."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Literal

from cyclopts import App as Commands
from cyclopts import Parameter

from coterie.app import App
from coterie.cli import CommandError, app
from coterie.cli.options import Json, Where
from coterie.cli.server import logs, opened, prepared
from coterie.kit import clients
from coterie.kit.clock import iso
from coterie.settings import Settings

_NOWHERE = Where()
tenant = Commands(name="tenant", help="Manage tenants.")
client = Commands(name="client", help="Manage API clients.")
keys = Commands(name="keys", help="Manage the keys that sign tokens.")
app.command(tenant)
app.command(client)
app.command(keys)


@app.command
def demo(
    *,
    shell: Annotated[
        bool, Parameter(show_default=False, help='Print lines for eval "$(coterie demo --shell)".')
    ] = False,
    json_: Json = False,
    where: Where = _NOWHERE,
) -> None:
    """Fill the demo tenant, a tools retailer, unless it is there, and print its credentials."""
    settings = where.settings()
    logs(settings)

    async def run() -> None:
        from coterie.cli.demo import fill

        await prepared(settings)
        async with opened(settings) as runtime:
            filled = await fill(App(runtime))
            if json_:
                print(json.dumps(filled.as_json(settings), indent=2))
            else:
                print(filled.as_shell(settings) if shell else filled.greeting(settings), end="")

    asyncio.run(run())


@tenant.command(name="create")
def create_tenant(
    name: Annotated[str, Parameter(help="Its name, which is in every URL.")],
    /,
    *,
    languages: Annotated[str, Parameter(help="Language tags, comma separated, the default first.")] = "en",
    currency: Annotated[str, Parameter(help="ISO 4217 code.")] = "EUR",
    json_: Json = False,
    where: Where = _NOWHERE,
) -> None:
    """Add a tenant: 3 to 16 lower-case letters and digits, a letter first."""
    tags = tuple(dict.fromkeys(part.strip() for part in languages.split(",") if part.strip()))
    if not tags:
        raise CommandError("--languages is empty; name at least one, such as en.", 2)

    async def run(settings: Settings) -> None:
        await prepared(settings)
        async with opened(settings) as runtime, runtime.database.writing() as session:
            await runtime.tenants.create(session, name, languages=tags, currency=currency)

    asyncio.run(run(where.settings()))
    print(json.dumps({"tenant": name}) if json_ else f"The tenant {name} is ready.")


@client.command(name="create")
def create_client(
    tenant_name: Annotated[str, Parameter(name="tenant", help="The tenant it belongs to.")],
    /,
    *,
    kind: Annotated[
        Literal["api", "storefront", "custom"],
        Parameter(
            help="api: a backend, with every scope. storefront: a front end, for anonymous and customer "
            "tokens only. custom: the scopes you name."
        ),
    ] = "api",
    scopes: Annotated[
        str,
        Parameter(
            show_default=False,
            help="Scopes of a custom client, separated by spaces; `coterie routes` shows them.",
        ),
    ] = "",
    json_: Json = False,
    where: Where = _NOWHERE,
) -> None:
    """Add an API client and print its secret, this once."""
    if (kind == "custom") != bool(scopes.split()):
        raise CommandError("--scopes belongs to --kind custom, and a custom client needs it.", 2)

    async def run(settings: Settings) -> tuple[str, str]:
        await prepared(settings)
        async with opened(settings) as runtime:
            if await runtime.tenants.get(tenant_name) is None:
                raise CommandError(
                    f"there is no tenant {tenant_name}; add it with: coterie tenant create {tenant_name}"
                )
            at = iso(runtime.clock.now())
            async with runtime.database.writing() as session:
                made, secret = await clients.create(
                    session, tenant_name, kind, frozenset(scopes.split()), at=at
                )
            return made.id, secret

    id, secret = asyncio.run(run(where.settings()))
    if json_:
        print(json.dumps({"tenant": tenant_name, "client_id": id, "client_secret": secret}))
    else:
        print(f"client_id:     {id}\nclient_secret: {secret}\nThe secret is not shown again.")


@keys.command(name="rotate")
def rotate_keys(*, json_: Json = False, where: Where = _NOWHERE) -> None:
    """Sign tokens with a new key from now on.

    Tokens of the old key stay good until they expire; running servers follow within a minute.
    """

    async def run(settings: Settings) -> str:
        await prepared(settings)
        async with opened(settings) as runtime:
            return (await runtime.tokens.keys.rotate()).kid

    kid = asyncio.run(run(where.settings()))
    print(json.dumps({"kid": kid}) if json_ else f"Tokens are signed with the key {kid} now.")
