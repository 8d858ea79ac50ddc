"""Schemas: create, read, publish the next version, change the types, delete; attributes from a JSON Schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_id
from coterie.kit.errors import Invalid, Problem
from coterie.kit.resource import check_id
from coterie.kit.rows import Upload
from coterie.kit.store import prepared
from coterie.kit.wire import encode, to_document
from coterie.services.schema.operations import uploads
from coterie.services.schema.operations.documents import LARGEST, SCHEMA
from coterie.services.schema.operations.versions import Versions
from coterie.services.schema.rules import attributes, documents, types
from coterie.services.schema.rules.attributes import Document
from coterie.services.schema.schemas import (
    SchemaCreation,
    SchemasQuery,
    SchemaUpdate,
    TypesQuery,
    VersionedQuery,
)
from coterie.services.schema.tables import version

MANAGE = "schema.schema_manage"
VERSIONS = Versions(SCHEMA)
# The path of the operation that takes a file.
_FILE = "file"


async def list_schemas(call: Call, query: SchemasQuery) -> Reply:
    """The schemas, in their current version; of a type, each in the newest version that is for it."""
    return await VERSIONS.page(call, query)


async def get_schema(call: Call, id: str, query: VersionedQuery) -> Document:
    """A schema, in its current version or in another."""
    return VERSIONS.view(call, await VERSIONS.one(call, call.db, id, query.version))


async def create_schema(call: Call, body: SchemaCreation) -> Reply:
    """Add a schema and publish its first version."""
    id = body.id if body.id is not None else new_id()
    check_id(id)
    if id == _FILE:
        raise Invalid(problems=(Problem.violation("id", f"{id} is a path of its own; choose another id"),))
    document, _ = _prepared(body)
    await VERSIONS.create(call, id, document, rendered(call, document))
    return Reply(201, {"id": id})


async def put_schema(call: Call, id: str, body: SchemaUpdate) -> None:
    """Publish the next version of a schema."""
    document, based_on = _prepared(body)
    await VERSIONS.replace(call, id, based_on, document, rendered(call, document))


async def delete_schema(call: Call, id: str, query: VersionedQuery) -> None:
    """Delete a schema, or one version of it; what was published stays."""
    await VERSIONS.remove(call, id, query.version)


async def put_types(call: Call, id: str, query: TypesQuery, body: list[str]) -> None:
    """Change for which types of entities a version is."""
    row = await VERSIONS.one(call, call.db, id, query.version, lock=True)
    named = types.changed(row.types, body, query.mode or "REPLACE")
    targets = attributes.targets(row.attributes)
    await VERSIONS.check(call, {"name": row.name, "types": named, "targets": targets})
    await VERSIONS.retype(call, row, named)


async def list_types(call: Call) -> list[str]:
    """The types of entities that at least one version of a schema is for."""
    mine = (version.c.tenant == call.tenant.name, version.c.kind == SCHEMA)
    rows = await call.db.all(select(version.c.types).where(*mine).distinct())
    return sorted({each for row in rows for each in row.types})


async def parse_file(call: Call, body: Upload) -> Document:
    """The attributes that a JSON Schema says; with the `id` of a schema, beside what that schema has."""
    form = await uploads.form(call, body)
    language = call.tenant.languages.default
    try:
        found = documents.attributes_of(uploads.json_of(form, "file"), language)
    except documents.NotAttributes as error:
        raise Invalid("The file is no schema of attributes.", problems=(error.problem,)) from None
    found = attributes.normalised(found)
    if problems := attributes.problems(found, "file"):
        raise Invalid("The file is no schema of attributes.", problems=problems)
    id = uploads.text_of(form, "id")
    if not id or id == "null":
        return {"attributes": found}
    async with call.reading() as db:
        stored = await VERSIONS.one(call, db, id, None)
    _keep_texts(found, stored.attributes)
    return {"id": id, "name": stored.name, "attributes": found, "metadata": {"version": stored.version}}


def _keep_texts(found: Sequence[Document], stored: Sequence[Document]) -> None:
    """Give attributes the names and descriptions that those with the same keys have."""
    known = {each["key"]: each for each in stored}
    for attribute in found:
        same = known.get(attribute["key"], {})
        attribute |= {name: same[name] for name in attributes.TEXTS if name in same}
        _keep_texts(attribute.get("attributes", ()), same.get("attributes", ()))


def _prepared(body: Any) -> tuple[Document, int | None]:
    """A request as it is stored, and the version it is based on. Raises Invalid."""
    document, based_on = prepared(to_document(body))
    if problems := attributes.problems(document["attributes"]):
        raise Invalid(problems=problems)
    document["attributes"] = attributes.normalised(document["attributes"])
    document["targets"] = attributes.targets(document["attributes"])
    return document, based_on


def rendered(call: Call, document: Document) -> bytes:
    """The JSON Schema that is published. Raises Invalid."""
    language = call.tenant.languages.default
    body = encode(documents.json_schema(document["name"], document["attributes"], language))
    if len(body) > LARGEST:
        text = f"make a JSON Schema of more than {LARGEST} bytes; make several schemas"
        raise Invalid(problems=(Problem.violation("attributes", text),))
    return body
