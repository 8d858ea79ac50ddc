"""References: JSON Schemas that the merchant wrote himself, by version."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from coterie.json_schema import Missing, check_size, compiled
from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_id
from coterie.kit.errors import Invalid, Problem
from coterie.kit.resource import check_id
from coterie.kit.rows import Upload
from coterie.kit.store import prepared
from coterie.kit.wire import convert, encode, to_document
from coterie.services.schema.operations import uploads
from coterie.services.schema.operations.documents import LARGEST, REFERENCE
from coterie.services.schema.operations.versions import Versions
from coterie.services.schema.rules.attributes import Document
from coterie.services.schema.schemas import ReferenceCreation, ReferenceUpdate, SchemasQuery, VersionedQuery

VERSIONS = Versions(REFERENCE)
T = TypeVar("T")


async def list_references(call: Call, query: SchemasQuery) -> Reply:
    """The references, in their current version; of a type, each in the newest version that is for it."""
    return await VERSIONS.page(call, query)


async def get_reference(call: Call, id: str, query: VersionedQuery) -> Document:
    """A reference, in its current version or in another."""
    return VERSIONS.view(call, await VERSIONS.one(call, call.db, id, query.version))


async def create_reference(call: Call, body: Upload) -> Reply:
    """Publish an uploaded JSON Schema."""
    given, file = await _parts(call, body, ReferenceCreation)
    id = given.id if given.id is not None else new_id()
    check_id(id)
    document, _ = prepared(to_document(given))

    async def run() -> None:
        async with call.writing():
            await VERSIONS.create(call, id, document, file)

    await call.runtime.retried(run, call)
    return Reply(201, {"id": id})


async def put_reference(call: Call, id: str, body: Upload) -> None:
    """Publish an uploaded JSON Schema as the next version."""
    given, file = await _parts(call, body, ReferenceUpdate)
    document, based_on = prepared(to_document(given))

    async def run() -> None:
        async with call.writing():
            await VERSIONS.replace(call, id, based_on, document, file)

    await call.runtime.retried(run, call)


async def delete_reference(call: Call, id: str, query: VersionedQuery) -> None:
    """Delete a reference, or one version of it; what was published stays."""
    await VERSIONS.remove(call, id, query.version)


async def _parts(call: Call, body: Upload, type_: type[T]) -> tuple[T, bytes]:
    """What the form says of the reference, and its JSON Schema as it is published. Raises Invalid."""
    form = await uploads.form(call, body)
    schema: Any = uploads.json_of(form, "file")
    file = encode(schema)
    text = (
        f"is larger than {LARGEST} bytes"
        if len(file) > LARGEST
        else await asyncio.to_thread(wrong_with, schema)
    )
    if text:
        raise Invalid("The file is no JSON Schema.", problems=(Problem.violation("file", text),))
    return convert(uploads.json_of(form, "body"), type_, where="body"), file


def wrong_with(schema: Any) -> str:
    """Why a document is no JSON Schema, or nothing. What it refers to elsewhere is looked at when it is used."""
    here = "urn:file"
    try:
        check_size(schema)
        compiled(here, {here: schema})
    except Missing:
        pass
    except ValueError as error:
        return f"is not a JSON Schema: {str(error)[:300]}"
    return ""
