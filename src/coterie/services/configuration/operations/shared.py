"""Reading and changing configurations, of the tenant (`client` is empty) or of one of its clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Row, Select, delete, select, update

from coterie.database.session import Session
from coterie.federation import configured
from coterie.kit import tables
from coterie.kit.call import Call
from coterie.kit.errors import Conflict, Invalid, Malformed, NotFound, Problem
from coterie.kit.tenants import Tenant
from coterie.services.configuration import rules
from coterie.services.configuration.rules import Document
from coterie.services.configuration.schemas import Configuration
from coterie.services.configuration.tables import configuration
from coterie.services.site import facade as sites
from coterie.tenant_settings import TENANT_SETTINGS

VIEW, MANAGE = "configuration.configuration_view", "configuration.configuration_manage"
_SEALED = "secured configurations"
# The name under which a value is held against its schema.
_MIXIN = "configuration"


async def documents(
    call: Call,
    client: str,
    tenant: Row[Any] | None = None,
    keys: Collection[str] | None = None,
) -> dict[str, Document]:
    """The configurations by key, in the order of their keys: all of them, or those of `keys`.

    tenant: its row, if it is known.
    """
    statement = select(configuration).where(
        configuration.c.tenant == call.tenant.name, configuration.c.client == client
    )
    if keys is not None:
        statement = statement.where(configuration.c.key.in_(sorted(keys)))
    found = {
        row.key: {**row.doc, "key": row.key, "version": row.version} for row in await call.db.all(statement)
    }
    if not client:
        # Not that in memory: what was written a moment ago, by any worker, must be read.
        row = tenant or await call.db.first(_tenant(call))
        assert row is not None
        found = rules.with_settings(found, row.settings, rules.initial(Tenant.of(row)))
    return {key: found[key] for key in sorted(found) if keys is None or key in keys}


async def plain_value(call: Call, key: str) -> Any:
    """The value of a configuration of the tenant, None when there is none or it is secured."""
    doc = await call.db.value(select(configuration.c.doc).where(*_at(call, "", key)))
    return None if doc is None or doc.get("secured") else doc.get("value")


async def opened_value(call: Call, db: Session, key: str) -> Any:
    """The same, also of a secured one, which is unsealed."""
    doc = await db.value(select(configuration.c.doc).where(*_at(call, "", key)))
    if doc is None or not doc.get("secured"):
        return None if doc is None else doc.get("value")
    return call.runtime.vault.open(doc["value"], _SEALED)


async def list_views(call: Call, client: str, keys: str | None) -> list[Document]:
    """The configurations as clients see them, only those of `keys` where it names some."""
    found = await documents(call, client, keys=rules.wanted(keys))
    return [rules.shown(document, client) for document in found.values()]


async def view(call: Call, client: str, key: str) -> Document:
    """One configuration. Raises NotFound."""
    document = (await documents(call, client, keys={key})).get(key)
    if document is None:
        error = NotFound("configuration", key, "Configuration not found")
        text = f"There is no configuration '{key}' of {rules.whose(client, call.tenant.name)}."
        raise rules.explained(error, text)
    return rules.shown(document, client)


async def create(call: Call, client: str, body: Sequence[Configuration] | dict[str, Any]) -> list[Document]:
    """Add configurations, all or none. Raises Malformed, Invalid or Conflict."""
    if isinstance(body, dict):
        raise Malformed("The body is an object; send an array of configurations.")
    most = call.runtime.settings.bulk_max
    if len(body) > most:
        raise Invalid(f"Maximum size of the payload array is {most}.")
    made = []
    async with _changing(call, client) as stored:
        for index, each in enumerate(body):
            before = stored.get(each.key)
            if before is not None and before["version"]:
                error = Conflict(f"{_noun(client)} configuration could not be created")
                whose = rules.whose(client, call.tenant.name)
                raise rules.explained(error, f"Duplicate key '{each.key[:200]}' for {whose}.")
            stored[each.key] = await _put(call, client, each, before, f"[{index}].")
            made.append(rules.shown(stored[each.key], client))
    return made


async def replace(call: Call, client: str, key: str, body: Configuration) -> Document:
    """Replace a configuration. Raises Invalid when it is not there, Conflict when its version is another."""
    if body.key != key:
        text = "The keys in the path and in the body are not the same."
        raise rules.explained(Invalid("Invalid Parameters"), text)
    title = f"{_noun(client)} configuration could not be updated"
    async with _changing(call, client) as stored:
        before = stored.get(key)
        whose = rules.whose(client, call.tenant.name)
        if before is None:
            raise rules.explained(Invalid(title), f"There is no configuration '{key}' of {whose}; create it.")
        # A setting that was never changed has no change to lose.
        if body.version is not None and before["version"] not in (0, body.version):
            text = f"'{key}' of {whose} has version {before['version']}, not {body.version}; read it again."
            raise rules.explained(Conflict(title), text)
        return rules.shown(await _put(call, client, body, before, ""), client)


async def remove(call: Call, client: str, key: str) -> None:
    """Delete a configuration; a setting of the tenant returns to its default. Raises NotFound or Invalid."""
    async with _changing(call, client) as stored:
        before = stored.get(key)
        if before is None or not before["version"]:
            error = NotFound("configuration", key, f"{_noun(client)} configuration could not be found")
            text = f"There is no configuration '{key}' of {rules.whose(client, call.tenant.name)}."
            raise rules.explained(error, text)
        if before.get("restricted"):
            problem = Problem.violation("restricted", f"{key} is restricted; it can't be deleted")
            raise Invalid(f"{_noun(client)} configuration could not be deleted", problems=(problem,))
        await call.db.run(delete(configuration).where(*_at(call, client, key)))
        if not client and key in TENANT_SETTINGS:
            await call.runtime.tenants.change(call.db, call.tenant.name, key, None)


@asynccontextmanager
async def _changing(call: Call, client: str) -> AsyncIterator[dict[str, Document]]:
    """A transaction in which nobody else changes the tenant's configurations, and those that there are."""
    async with call.writing():
        row = await call.db.first(_tenant(call).with_for_update())
        assert row is not None
        yield await documents(call, client, row)
        if not client:
            await _check_sites(call, Tenant.of(row))
    call.runtime.tenants.forget(call.tenant.name)


async def _check_sites(call: Call, before: Tenant) -> None:
    """What sites have must stay the tenant's. Raises Invalid."""
    row = await call.db.first(_tenant(call))
    assert row is not None
    call.tenant = Tenant.of(row)
    if (call.tenant.languages, call.tenant.currencies) != (before.languages, before.currencies):
        problems = [
            Problem.violation("value", f"{each}; change the site first") for each in await sites.misfits(call)
        ]
        if problems:
            raise Invalid("Tenant configuration is not valid", problems=problems)


def _tenant(call: Call) -> Select[Any]:
    return select(tables.tenant).where(tables.tenant.c.tenant == call.tenant.name)


async def _put(call: Call, client: str, body: Configuration, before: Document | None, where: str) -> Document:
    """Judge and write one configuration; `where` is its place in the body."""
    document = rules.merged(body, before)
    problems = [
        *rules.problems(document, before, setting=not client),
        *(_of_providers(call, body, document) if not client else ()),
    ] or _against_schema(call, body, document)
    if problems:
        named = [Problem(f"{where}{each.field}", each.type, each.message) for each in problems]
        raise Invalid(f"{_noun(client)} configuration is not valid", problems=named)
    setting = None if client else TENANT_SETTINGS.get(body.key)
    if setting is not None:
        document["value"] = setting.accepted(document["value"])
        await call.runtime.tenants.change(call.db, call.tenant.name, setting.name, document["value"])
    elif document["secured"] and body.value is document["value"]:
        document["value"] = call.runtime.vault.seal(body.value, _SEALED)
    await _store(call, client, document, left_out={"key", "version", *(["value"] if setting else [])})
    return document


def _of_providers(call: Call, body: Configuration, document: Document) -> Iterator[Problem]:
    """What is wrong with identity providers, where the configuration is of some and its value is sent anew."""
    if document["value"] is body.value:
        allowed = call.runtime.settings.names("allowed_hosts")
        yield from configured.problems(
            document["key"], document["value"], secured=document["secured"], allowed=allowed
        )


def _against_schema(call: Call, body: Configuration, document: Document) -> list[Problem]:
    """What the value violates of the schema that the configuration names, whose root property is `value`."""
    url = document.get("schemaUrl")
    if url is None or document["value"] is not body.value:
        return []
    found = call.runtime.schemas.check(
        {_MIXIN: {"value": body.value}},
        {_MIXIN: url},
        tenant=call.tenant.name,
        url_required=True,
        unreachable=call.setting("mixins.unreachable"),
    )
    prefix, suffix = f"mixins.{_MIXIN}.", f": [mixins:{_MIXIN}]"
    return [
        Problem.violation(
            each.field.removeprefix(prefix) if each.field.startswith(prefix) else "schemaUrl",
            each.message.removesuffix(suffix),
        )
        for each in found
    ]


async def _store(call: Call, client: str, document: Document, left_out: set[str]) -> None:
    doc = {name: value for name, value in document.items() if name not in left_out}
    values = {"doc": doc, "version": document["version"], "modified_at": call.at}
    # The tenant is locked: nobody adds the row in between.
    if await call.db.run(update(configuration).where(*_at(call, client, document["key"])).values(values)):
        return
    row = {"tenant": call.tenant.name, "client": client, "key": document["key"], "created_at": call.at}
    await call.db.run(configuration.insert().values({**row, **values}))


def _at(call: Call, client: str, key: str) -> tuple[Any, ...]:
    columns = configuration.c
    return columns.tenant == call.tenant.name, columns.client == client, columns.key == key


def _noun(client: str) -> str:
    return "Client" if client else "Tenant"
