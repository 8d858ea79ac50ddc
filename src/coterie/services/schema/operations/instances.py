"""Instances of custom entity types: create, read, search, write, patch, delete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, true

from coterie.kit.bulk import Outcome
from coterie.kit.call import Call, Reply
from coterie.kit.cursor import walk
from coterie.kit.errors import CoterieError, Forbidden, Invalid, NotFound, Problem
from coterie.kit.language import filter_map
from coterie.kit.listing import chosen
from coterie.kit.patch import PatchError, patched
from coterie.kit.resource import check_id
from coterie.kit.store import (
    Change,
    Document,
    Kind,
    Refusal,
    Write,
    Written,
    among,
    locked,
    prepared,
    remove,
    store,
    store_one,
)
from coterie.kit.wire import DEEPEST, Search, convert, depth, to_document
from coterie.query.q_sql import Field, Fields
from coterie.services.schema import events
from coterie.services.schema.operations import links
from coterie.services.schema.operations.custom_types import must_exist
from coterie.services.schema.operations.documents import REFERENCE, SCHEMA, url_of
from coterie.services.schema.operations.versions import Versions
from coterie.services.schema.rules import owners, types
from coterie.services.schema.rules.links import collapsed
from coterie.services.schema.schemas import (
    InstanceCreation,
    InstanceQuery,
    InstancesQuery,
    InstanceUpdate,
    WriteQuery,
)
from coterie.services.schema.tables import instance, version

NOUN = "custom instance"
# The paths of operations of their own.
_PATHS = frozenset({"bulk", "search"})


async def _check(call: Call, writes: Sequence[Write]) -> list[Refusal]:
    """Settle whose each is, which never changes; what it refers to must be there."""
    limited = not may(call, "manage", writes[0].key[0])
    refusals: list[Refusal] = []
    named: list[tuple[int, owners.Owner]] = []
    for at, write in enumerate(writes):
        given = None if limited else write.document.get("owner")
        before = None if write.before is None else write.before["owner"]
        write.document["owner"] = before or given or owners.owner_of(call.caller)
        refusals.append([] if given is None else owners.problems(given, before, call.caller))
        if limited and before is not None and not owners.is_own(call.caller, before):
            refusals[at] = Forbidden(message="The instance is somebody else's.")
        elif given is not None and before is None and not refusals[at]:
            named.append((at, given))
    for (at, _), found in zip(
        named, await links.owner_problems(call, [each for _, each in named]), strict=True
    ):
        refusals[at] = found
    linked = await links.problems(call, writes)
    return [each or found for each, found in zip(refusals, linked, strict=True)]


async def _written(call: Call, changed: Sequence[Written]) -> None:
    for each in changed:
        type_ = events.INSTANCE_CREATED if each.before is None else events.INSTANCE_UPDATED
        call.emit(type_, events.subject(*each.key), events.written(call.tenant.name, each.view))


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        payload = events.deleted(call.tenant.name, *each.key)
        call.emit(events.INSTANCE_DELETED, events.subject(*each.key), payload)


def _owner_columns(document: Document) -> Document:
    owner = document["owner"]
    entity = owner.get("legalEntityId")
    return {"owner_type": owner["type"], "owner_id": owner["userId"], "owner_entity": entity}


KIND = Kind(
    noun=NOUN,
    table=instance,
    key=("type", "id"),
    columns={"type": "type"},
    localized=("name",),
    check=_check,
    values=_owner_columns,
    written=_written,
    removed=_removed,
    mixins_need_url=True,
)
FIELDS = Fields(
    {
        "id": Field(instance.c.id),
        "_id": Field(instance.c.id),
        "type": Field(instance.c.type),
        "name": Field(instance.c.doc, "localized", ("name",)),
        "owner.type": Field(instance.c.owner_type),
        "owner.userId": Field(instance.c.owner_id),
        "owner.legalEntityId": Field(instance.c.owner_entity),
        "metadata.version": Field(instance.c.version, "number"),
        "metadata.createdAt": Field(instance.c.created_at, "date"),
        "metadata.modifiedAt": Field(instance.c.modified_at, "date"),
    },
    instance.c.doc,
)


def may(call: Call, action: str, type_: str) -> bool:
    """Whether the caller may read or manage all instances of a type, not only his own."""
    return call.caller.may((f"schema.custominstance_{action}", f"custom.{type_.lower()}_{action}"))


def _seen(call: Call, action: str, type_: str) -> ColumnElement[bool]:
    """Which instances of a type the caller may read, or manage; `owners.is_own` states the rule."""
    if may(call, action, type_):
        return true()
    me, columns = owners.owner_of(call.caller), instance.c
    mine = and_(columns.owner_type == me["type"], columns.owner_id == me["userId"])
    entity = columns.owner_entity == me.get("legalEntityId") if "legalEntityId" in me else None
    nobody = columns.owner_entity.is_(None)
    return and_(mine, nobody if entity is None else or_(nobody, entity))


def _selected(call: Call, type_: str) -> Select[Any]:
    here = (instance.c.tenant == call.tenant.name, instance.c.type == type_)
    return select(instance).where(*here, _seen(call, "read", type_))


def view(call: Call, row: Row[Any]) -> Document:
    """An instance as clients see it, its name in the languages that they asked for."""
    shown = KIND.view_of(row)
    if "name" in shown:
        shown["name"] = filter_map(shown["name"], call.accept)
    return shown


# Reading


async def list_instances(call: Call, type: str, query: InstancesQuery) -> Reply:
    """The instances of a type, by page or by cursor."""
    return await _page(call, type, query, None)


async def search_instances(call: Call, type: str, query: InstancesQuery, body: Search | None) -> Reply:
    """The same, with the `q` in the body."""
    return await _page(call, type, query, body.q if body else None)


async def _page(call: Call, type_: str, query: InstancesQuery, q: str | None) -> Reply:
    await must_exist(call, type_)
    reply = await walk(
        call,
        _selected(call, type_),
        query,
        FIELDS,
        view=lambda row: view(call, row),
        tie_break=[instance.c.id],
        q=q,
    )
    await _expand(call, reply.value, query.expand)
    return reply


async def get_instance(call: Call, type: str, id: str, query: InstanceQuery) -> Document:
    """One instance."""
    await must_exist(call, type)
    row = await call.db.first(_selected(call, type).where(instance.c.id == id))
    if row is None:
        raise NotFound(NOUN, id)
    shown = view(call, row)
    await _expand(call, [shown], query.expand)
    return chosen(shown, query.fields)


async def _expand(call: Call, views: Sequence[Document], wanted: str | None) -> None:
    async def read(type_: str, ids: Collection[str]) -> dict[str, Document] | None:
        if not may(call, "read", type_) and not call.caller.may((f"custom.{type_.lower()}_read_own",)):
            return None
        found = among(call.db, [instance.c.id], [(id,) for id in sorted(ids)])
        return {row.id: view(call, row) for row in await call.db.all(_selected(call, type_).where(found))}

    if wanted:
        await links.expand(call, views, wanted, read)


# Writing


async def create_instance(call: Call, type: str, query: WriteQuery, body: InstanceCreation) -> Reply:
    """Add an instance."""
    await must_exist(call, type)
    outcome = await _store_one(call, change(type, body.id, body, "create"))
    return Reply(201, {"id": outcome.id})


async def put_instance(call: Call, type: str, id: str, query: WriteQuery, body: InstanceUpdate) -> Reply:
    """Add an instance, or replace it."""
    await must_exist(call, type)
    outcome = await _store_one(call, change(type, id, body, "upsert"))
    return Reply(201, {"id": id}) if outcome.code == 201 else Reply(204)


async def patch_instance(
    call: Call, type: str, id: str, query: WriteQuery, body: list[dict[str, Any]]
) -> None:
    """Change an instance by RFC 6902 operations."""
    await must_exist(call, type)
    (outcome,) = await patch(call, type, [(id, body)])
    if outcome.error is not None:
        raise outcome.error


async def delete_instance(call: Call, type: str, id: str) -> None:
    """Delete an instance."""
    await must_exist(call, type)
    if id not in await manageable(call, type, [id]):
        raise NotFound(NOUN, id)
    await remove(call, KIND, [(type, id)])


def change(type_: str, id: str | None, body: InstanceUpdate, how: Any) -> Change:
    """The change that a request asks for. Raises Invalid."""
    if id is not None:
        check_id(id)
    if id in _PATHS:
        raise Invalid(problems=(Problem.violation("id", f"{id} is a path of its own; choose another id"),))
    document, based_on = prepared(to_document(body))
    collapsed(document.get("mixins"))
    made = id if id is not None else KIND.new_key()
    return Change((type_, made), {**document, "type": type_}, how, based_on)


async def with_urls(call: Call, type_: str, changes: Sequence[Change | CoterieError]) -> None:
    """Mixins that name no schema are of the schema or reference of the type that has their name as its id."""
    lacking = [
        (each.document, name)
        for each in changes
        if isinstance(each, Change)
        for name in each.document.get("mixins") or ()
        if name not in (each.document.get("metadata") or {}).get("mixins", {})
    ]
    if not lacking:
        return
    urls = {}
    named = among(call.db, [version.c.id], [(name,) for name in sorted({name for _, name in lacking})])
    for kind in (REFERENCE, SCHEMA):
        for row in await call.db.all(Versions(kind).newest(call, (type_, types.ENTITY), named)):
            urls[row.id] = url_of(call, kind, row.id, row.number)
    for document, name in lacking:
        if name in urls:
            document.setdefault("metadata", {}).setdefault("mixins", {})[name] = urls[name]


async def _store_one(call: Call, wanted: Change) -> Outcome:
    await with_urls(call, wanted.document["type"], [wanted])
    return await store_one(call, KIND, wanted)


async def manageable(call: Call, type_: str, ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Those of the instances that the caller may manage, locked until the transaction ends."""
    stored = await locked(call, KIND, sorted({(type_, id) for id in ids}))
    everything = may(call, "manage", type_)
    return {
        key[1]: row
        for key, row in stored.items()
        if everything or owners.is_own(call.caller, row.doc["owner"])
    }


async def patch(call: Call, type_: str, patches: Sequence[tuple[str, list[dict[str, Any]]]]) -> list[Outcome]:
    """Change instances, each named once, by RFC 6902 operations; one that can't be is refused alone."""
    stored = await manageable(call, type_, [id for id, _ in patches])
    changes: list[Change | CoterieError] = []
    for id, operations in patches:
        try:
            if id not in stored:
                raise NotFound(NOUN, id)
            changes.append(_patched(type_, id, stored[id], operations))
        except CoterieError as error:
            changes.append(error)
    await with_urls(call, type_, changes)
    return await store(call, KIND, changes)


def _patched(type_: str, id: str, row: Row[Any], operations: list[dict[str, Any]]) -> Change:
    """The change that operations ask for of a stored instance. Raises Invalid."""
    document = {"mixins": {}, **KIND.document_of(row)}
    metadata = {"mixins": {}, **document.get("metadata", {}), "version": row.version}
    try:
        made = patched(
            {"id": id, **document, "metadata": metadata}, operations, frozenset({"id", "type", "owner"})
        )
    except PatchError as error:
        raise Invalid(problems=(Problem.violation(error.path or "", str(error)),)) from None
    if depth(made) > DEEPEST:
        raise Invalid(problems=(Problem.violation("", f"would be nested deeper than {DEEPEST} levels"),))
    for name in ("mixins", "owner"):
        if not made.get(name):
            made.pop(name, None)
    return change(type_, id, convert(made, InstanceUpdate), "replace")
