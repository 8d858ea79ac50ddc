"""Custom entity types with what belongs to them, out of one tenant and into the same or another."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema_rs
from sqlalchemy import Column, exists, select

from coterie.json_schema import Missing, compiled
from coterie.kit.call import Call
from coterie.kit.errors import CoterieError, Invalid, Problem
from coterie.kit.language import check_map
from coterie.kit.mixins import violations
from coterie.kit.resource import check_id
from coterie.kit.store import Change, Document, Written, among, store
from coterie.kit.wire import convert, encode, parse, to_document
from coterie.services.schema.operations import custom_types, instances, links
from coterie.services.schema.operations.documents import REFERENCE, SCHEMA, url_of
from coterie.services.schema.operations.references import wrong_with
from coterie.services.schema.operations.schemas import rendered
from coterie.services.schema.operations.versions import Versions, for_type
from coterie.services.schema.rules import attributes, owners, types
from coterie.services.schema.rules.documents import REFERENCE_TYPE
from coterie.services.schema.rules.links import links as links_in
from coterie.services.schema.schemas import (
    Exported,
    ExportedInstance,
    ExportedSchema,
    ExportedVersion,
    ExportView,
    ImportData,
)
from coterie.services.schema.tables import custom_type, document, instance, version

COPY = "_COPY"
# Old and new ids of types that were renamed, and old and new URLs of documents.
Names = Mapping[str, str]


# Out


async def export_entities(call: Call, body: list[str]) -> ExportView:
    """Types with the schemas and references that are for them, in all versions, and with their instances."""
    ids = sorted(set(body))
    if not ids:
        raise Invalid(problems=(Problem.violation("", "name at least one custom entity type"),))
    mine = (
        custom_type.c.tenant == call.tenant.name,
        among(call.db, [custom_type.c.id], [(id,) for id in ids]),
    )
    rows = await call.db.all(select(custom_type).where(*mine).order_by(custom_type.c.id))
    missing = set(ids) - {row.id for row in rows}
    if missing:
        problem = Problem.violation("", f"there is no custom entity type {min(missing)[:80]!r}")
        raise Invalid(problems=(problem,))
    exported: Document = {
        "types": [{"id": row.id, "name": row.doc["name"]} for row in rows],
        "schemas": [*await _schemas(call, SCHEMA, ids), *await _schemas(call, REFERENCE, ids)],
        "instances": [],
    }
    room = call.runtime.settings.max_body * 3 // 4 - len(encode(exported)) - 1024
    columns = instance.c
    here = (columns.tenant == call.tenant.name, columns.type.in_(ids))
    async for batch in call.db.stream(select(instance).where(*here).order_by(columns.type, columns.id)):
        found = [{"id": row.id, **instances.KIND.document_of(row)} for row in batch]
        room -= len(encode(found))
        if room < 0:
            raise Invalid("There is more than an import could take in; export fewer types at a time.")
        exported["instances"] += found
    return ExportView(data=base64.b64encode(encode(exported)).decode(), exported_at=call.at)


async def _schemas(call: Call, kind: str, ids: Sequence[str]) -> list[Document]:
    columns = version.c
    named = version.alias("named")
    same = [named.c[name] == columns[name] for name in ("tenant", "kind", "id")]
    meant = exists().where(*same, for_type(named.c.types, *ids, types.ENTITY))
    where = (columns.tenant == call.tenant.name, columns.kind == kind, meant)
    body = (
        select(document.c.body)
        .where(*(document.c[name] == columns[name] for name in ("tenant", "kind", "id", "number")))
        .scalar_subquery()
    )
    found: dict[str, Document] = {}
    statement = select(version, body.label("body")).where(*where).order_by(columns.id, columns.version)
    for row in await call.db.all(statement):
        made = {"name": row.name, "types": row.types, "url": url_of(call, kind, row.id, row.number)}
        made |= {"attributes": row.attributes} if kind == SCHEMA else {"document": parse(row.body)}
        found.setdefault(row.id, {"kind": kind, "id": row.id, "versions": []})["versions"].append(made)
    return list(found.values())


# In


async def import_entities(call: Call, body: ImportData) -> None:
    """Add what an export holds; what has an id that is taken gets another one, which ends in _COPY."""
    given = _read(body.data)
    renamed = await _free(call, custom_type.c.id, [each.id for each in given.types])
    for each in given.types:
        types.check_id(renamed[each.id], "data")
    named = [Change((renamed[each.id],), {"name": each.name}, "create") for each in given.types]
    for outcome in await store(call, custom_types.KIND, named):
        if outcome.error is not None:
            raise outcome.error
    urls: dict[str, str] = {}
    made: dict[str, Any] = {}
    for kind in (SCHEMA, REFERENCE):
        some = [each for each in given.schemas if each.kind == kind]
        ids = await _free(call, version.c.id, [each.id for each in some])
        for schema in some:
            await _add_schema(call, schema, ids[schema.id], renamed, urls, made)
    await _add_instances(call, given.instances, renamed, urls, made)


def _read(data: str) -> Exported:
    try:
        text = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise _refused("is not Base64") from None
    try:
        return convert(parse(text), Exported, where="data")
    except CoterieError as error:
        raise Invalid("The data is not that of an export.", problems=error.problems) from None


async def _free(call: Call, column: Column[str], ids: Sequence[str]) -> dict[str, str]:
    """For each id itself, or a copy's where it is taken."""
    names = dict(zip(ids, ids, strict=True))
    if len(names) < len(ids):
        raise _refused("holds an id twice")
    while names:
        wanted = sorted(set(names.values()))
        mine = (column.table.c.tenant == call.tenant.name, among(call.db, [column], [(id,) for id in wanted]))
        taken = {row[0] for row in await call.db.all(select(column).where(*mine))}
        # A copy must not take the id that another one of the export has.
        used = [name for name in names.values() if list(names.values()).count(name) > 1]
        clashing = [id for id, name in names.items() if name in taken or (name in used and name != id)]
        if not clashing:
            break
        names |= {id: f"{names[id]}{COPY}" for id in clashing}
    return names


async def _add_schema(
    call: Call, given: ExportedSchema, id: str, renamed: Names, urls: dict[str, str], made: dict[str, Any]
) -> None:
    """Publish all versions of a schema anew; `urls` and `made` learn where each is, and what it is."""
    check_id(id, "data")
    versions = Versions(given.kind)
    for number, each in enumerate(given.versions, 1):
        wanted = _version(each, renamed)
        if given.kind == SCHEMA:
            body = rendered(call, wanted)
        else:
            body = encode(each.document)
            if text := await asyncio.to_thread(wrong_with, each.document):
                raise _refused(f"holds a reference {id[:80]!r} that {text}")
        if number == 1:
            await versions.create(call, id, wanted, body)
        else:
            await versions.replace(call, id, number - 1, wanted, body)
        row = await versions.one(call, call.db, id, None)
        urls[each.url] = url_of(call, given.kind, id, row.number)
        made[urls[each.url]] = parse(body)


def _version(given: ExportedVersion, renamed: Names) -> Document:
    """A version with the new ids of types. Raises Invalid."""
    wanted: Document = {
        "name": given.name,
        # Custom types that were not exported with it may be others here.
        "types": [renamed.get(each, each) for each in given.types if each in renamed or each in types.TYPES],
    }
    if given.attributes is not None:
        found = [to_document(each) for each in given.attributes]
        if problems := attributes.problems(found, "data"):
            raise Invalid(problems=problems)
        wanted["attributes"] = attributes.normalised(found)
        for attribute in attributes.every(wanted["attributes"]):
            for holder in (attribute, attribute.get("arrayType") or {}):
                if holder.get("type") == "REFERENCE":
                    values = [each["value"] for each in holder["values"]]
                    holder["values"] = [{"value": renamed.get(each, each)} for each in values]
        wanted["targets"] = attributes.targets(wanted["attributes"])
    return wanted


async def _add_instances(
    call: Call, given: Sequence[ExportedInstance], renamed: Names, urls: Names, made: Mapping[str, Any]
) -> None:
    """Add instances, all of types that are new, so that none can be there already."""
    validators = {url: await _validator(url, schema) for url, schema in made.items()}
    strangers = await links.owner_problems(call, [to_document(each.owner) for each in given])
    written: dict[tuple[str, str], Written] = {}
    for each, stranger in zip(given, strangers, strict=True):
        wanted = _instance(call, each, renamed, urls, known=not stranger)
        problems = _mixin_problems(call, wanted, validators)
        if problems:
            raise Invalid(
                f"The instance {each.id[:80]!r} of {each.type[:80]} can't be taken in.", problems=problems
            )
        key = (wanted["type"], each.id)
        if key in written:
            raise _refused(f"holds the instance {each.id[:80]!r} twice")
        shown = instances.KIND.composed(each.id, wanted, 1, call.at, call.at)
        written[key] = Written(key, wanted, None, shown)
    if not written:
        return
    rows = [
        {
            "tenant": call.tenant.name,
            "id": key[1],
            **instances.KIND.row_of(each.document),
            "version": 1,
            "created_at": call.at,
            "modified_at": call.at,
        }
        for key, each in written.items()
    ]
    await call.db.run(instance.insert(), rows)
    assert instances.KIND.written is not None
    await instances.KIND.written(call, list(written.values()))


def _instance(call: Call, given: ExportedInstance, renamed: Names, urls: Names, *, known: bool) -> Document:
    """An instance as it is stored; of an owner who is not here it becomes the importer's."""
    if given.type not in renamed:
        raise _refused(f"holds an instance of {given.type[:80]!r}, and not that type")
    check_id(given.id, "data")
    made: Document = {"type": renamed[given.type]}
    if given.name is not None:
        made["name"] = given.name
    owner = to_document(given.owner)
    fine = known and not owners.problems(owner, None, call.caller)
    made["owner"] = owner if fine else owners.owner_of(call.caller)
    if given.mixins:
        made["mixins"] = given.mixins
        for link in links_in(given.mixins):
            link.holder[REFERENCE_TYPE] = renamed.get(link.type, link.type)
    mixins = (given.metadata and given.metadata.mixins) or {}
    if mixins:
        made["metadata"] = {"mixins": {name: urls.get(url, url) for name, url in mixins.items()}}
    return made


def _mixin_problems(
    call: Call, wanted: Document, validators: Mapping[str, jsonschema_rs.Validator | None]
) -> list[Problem]:
    """What is wrong with names and mixins; the schemas of the import itself are not to be found by others yet."""
    found = check_map(wanted.get("name", {}), call.content, call.tenant.languages, "name")
    named = (wanted.get("metadata") or {}).get("mixins", {})
    others = {}
    for name, data in wanted.get("mixins", {}).items():
        url = named.get(name)
        if not isinstance(url, str) or url not in validators:
            others[name] = data
        elif (validator := validators[url]) is not None:
            found += violations(name, data, validator)
    return found + call.runtime.schemas.check(
        others,
        named,
        tenant=call.tenant.name,
        url_required=True,
        unreachable=call.setting("mixins.unreachable"),
    )


async def _validator(url: str, schema: Any) -> jsonschema_rs.Validator | None:
    """What a schema of the import validates with; None where it refers to documents elsewhere."""
    try:
        return await asyncio.to_thread(compiled, url, {url: schema})
    except Missing:
        return None


def _refused(text: str) -> Invalid:
    return Invalid("The data is not that of an export.", problems=(Problem.violation("data", text),))
