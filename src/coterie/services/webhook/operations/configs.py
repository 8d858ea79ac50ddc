"""Configurations: one for each provider, at most one of them active, their secrets sealed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import delete, select, update

from coterie.kit.call import Call
from coterie.kit.clock import new_uuid
from coterie.kit.errors import AlreadyExists, Conflict, Invalid, NotFound, Problem
from coterie.kit.wire import to_document
from coterie.services.webhook import rules
from coterie.services.webhook.operations import destinations
from coterie.services.webhook.schemas import (
    ConfigCreated,
    ConfigCreation,
    ConfigPatch,
    ConfigUpdate,
    DeleteQuery,
)
from coterie.services.webhook.tables import config

Document = dict[str, Any]
SECRETS = "webhook secrets"


async def list_configs(call: Call) -> list[Document]:
    """The tenant's configurations."""
    mine = select(config).where(config.c.tenant == call.tenant.name).order_by(config.c.code)
    return [_view(row) for row in await call.db.all(mine)]


async def get_config(call: Call, code: str) -> Document:
    """One configuration."""
    return _view(await _stored(call, code))


def _view(row: Any) -> Document:
    return rules.shown(row.code, row.doc["provider"], row.active, row.doc["configuration"])


async def create_config(call: Call, body: ConfigCreation) -> ConfigCreated:
    """Set a provider up."""
    code = body.code.lower()
    if code != rules.CODES[body.provider]:
        text = f"must be {rules.CODES[body.provider]} for the provider {body.provider}"
        raise Invalid(problems=(Problem.violation("code", text),))
    given = _sealed(call, to_document(body.configuration)) if body.configuration else {}
    document = {
        "provider": body.provider,
        "configuration": rules.replaced(given, {}, _ids()),
        "active": bool(body.active),
    }
    _check(document)
    row = {"tenant": call.tenant.name, "code": code, "doc": {}, "active": False, "version": 1}
    row |= {"created_at": call.at, "modified_at": call.at}
    insert = call.db.insert(config).on_conflict_do_nothing().returning(config.c.code)
    if not await call.db.all(insert, [row]):
        raise AlreadyExists("config", code)
    await _save(call, code, document)
    return ConfigCreated(code=code)


async def replace_config(call: Call, code: str, body: ConfigUpdate) -> None:
    """Replace a configuration; secrets that it does not name stay."""
    row = await _stored(call, code, lock=True)
    if body.provider != row.doc["provider"]:
        raise Invalid(problems=(Problem.violation("provider", f"is {row.doc['provider']} for {code}"),))
    given = _sealed(call, to_document(body.configuration)) if body.configuration else {}
    configuration = rules.replaced(given, row.doc["configuration"], _ids())
    active = row.active if body.active is None else body.active
    document = {"provider": body.provider, "configuration": configuration, "active": active}
    _check(document)
    await _save(call, code, document)


async def patch_config(call: Call, code: str, body: list[ConfigPatch]) -> None:
    """Change parts of a configuration, all or none."""
    row = await _stored(call, code, lock=True)
    document = {**row.doc, "active": row.active}
    for step in body:
        secret = step.path.rsplit("/", 1)[-1] in rules.SECRETS
        value = _seal(call, step.value) if secret else _sealed(call, step.value)
        document = rules.patched(code, document, step.op, step.path, value, _ids())
    _check(document)
    await _save(call, code, document)


async def delete_config(call: Call, code: str, query: DeleteQuery) -> None:
    """Remove a configuration, an active one only with `force`, and forget what its destinations have not taken."""
    row = await _stored(call, code, lock=True)
    if row.active and not query.force:
        raise Conflict(f"The configuration {code} is active; deactivate it, or delete it with force=true.")
    await call.db.run(delete(config).where(config.c.tenant == call.tenant.name, config.c.code == code))
    await destinations.sync(call, code, {})


async def _stored(call: Call, code: str, *, lock: bool = False) -> Any:
    found = select(config).where(config.c.tenant == call.tenant.name, config.c.code == code)
    row = await call.db.first(found.with_for_update() if lock else found)
    if row is None:
        raise NotFound("config", code)
    return row


def _check(document: Document) -> None:
    found = tuple(rules.problems(document["provider"], document["configuration"]))
    if found:
        raise Invalid(problems=found)


async def _save(call: Call, code: str, document: Document) -> None:
    active = document["active"]
    if active:
        others = select(config.c.code).where(
            config.c.tenant == call.tenant.name, config.c.active, config.c.code != code
        )
        other = await call.db.value(others)
        if other is not None:
            raise Conflict(f"The configuration {other} is active, and only one can be; deactivate it first.")
    mine = (config.c.tenant == call.tenant.name, config.c.code == code)
    doc = {name: document[name] for name in ("provider", "configuration")}
    values = {"doc": doc, "active": active, "version": config.c.version + 1, "modified_at": call.at}
    await call.db.run(update(config).where(*mine).values(**values))
    http = document["provider"] == "HTTP"
    known = rules.addresses(document["configuration"], http=http)
    await destinations.sync(call, code, {entry: active and own for entry, own in known.items()})


def _ids() -> Iterator[str]:
    while True:
        yield new_uuid()


def _seal(call: Call, value: Any) -> Any:
    return call.runtime.vault.seal(value, SECRETS) if isinstance(value, str) and value else value


def _sealed(call: Call, value: Any) -> Any:
    """JSON of a request with the secrets in it sealed."""
    if isinstance(value, dict):
        return {
            name: _seal(call, each) if name in rules.SECRETS else _sealed(call, each)
            for name, each in value.items()
        }
    return [_sealed(call, each) for each in value] if isinstance(value, list) else value
