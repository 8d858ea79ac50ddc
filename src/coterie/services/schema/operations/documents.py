"""Published documents: each version of a schema or reference as JSON Schema, for ever the same under its URL."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Row, func, select

from coterie.database.session import Retry, Session
from coterie.kit.call import Call, Reply
from coterie.kit.errors import NotFound
from coterie.kit.mixins import Local
from coterie.services.schema.tables import document

SCHEMA, REFERENCE = "schema", "reference"
LARGEST = 512 * 1024
"""Bytes of one document, as of one that mixins fetch from elsewhere."""

# The paths of the routes. A document of a reference is below `references/`, as in the reference's own URLs.
_FOLDERS = {SCHEMA: "", REFERENCE: "references/"}
_URL = re.compile(r"(.*)/schema/([a-z][a-z0-9]+)/documents/(references/)?([^/]+)")
_FILE = re.compile(r"(.+)_v([1-9][0-9]{0,8})\.json")
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def url_of(call: Call, kind: str, id: str, number: int) -> str:
    """Where a document is published."""
    base = call.runtime.settings.base_url
    return f"{base}/schema/{call.tenant.name}/documents/{_FOLDERS[kind]}{id}_v{number}.json"


async def publish(call: Call, kind: str, id: str, version: int, body: bytes) -> int:
    """Publish the document of a version; its number is the version's, unless that was published before.

    A schema that is deleted and created anew goes on counting, since what was published never changes.
    """
    columns = document.c
    mine = (columns.tenant == call.tenant.name, columns.kind == kind, columns.id == id)
    last = await call.db.value(select(func.max(columns.number)).where(*mine))
    number = max(version, (last or 0) + 1)
    row = {
        "tenant": call.tenant.name,
        "kind": kind,
        "id": id,
        "number": number,
        "url": url_of(call, kind, id, number),
        "body": body,
        "created_at": call.at,
    }
    inserted = call.db.insert(document).values(row).on_conflict_do_nothing().returning(columns.number)
    if await call.db.first(inserted) is None:
        raise Retry(f"{kind} {id} was published at the same time")
    return number


async def published(db: Session, base_url: str, url: str) -> Local | None:
    """What this server holds at a URL; None where the URL is not one of its own.

    Its own are those below `base_url`, and those at which it published something when that was another.
    """
    own = url.startswith(f"{base_url}/")
    parts = _URL.fullmatch(url)
    if parts is None:
        return Local("", None) if own else None
    _, tenant, folder, file = parts.groups()
    row = await _found(db, tenant, REFERENCE if folder else SCHEMA, file)
    if not own and (row is None or row.url != url):
        return None
    return Local(tenant, None if row is None else row.body)


async def get_schema_document(call: Call, file: str) -> Reply:
    """The JSON Schema of a version of a schema."""
    return await _reply(call, SCHEMA, file)


async def get_reference_document(call: Call, file: str) -> Reply:
    """The JSON Schema of a version of a reference."""
    return await _reply(call, REFERENCE, file)


async def _reply(call: Call, kind: str, file: str) -> Reply:
    row = await _found(call.db, call.tenant.name, kind, file)
    if row is None:
        raise NotFound("document", file)
    return Reply(200, row.body, dict(_FOR_EVER))


async def _found(db: Session, tenant: str, kind: str, file: str) -> Row[Any] | None:
    parts = _FILE.fullmatch(file)
    if parts is None:
        return None
    columns = document.c
    at = (columns.tenant == tenant, columns.kind == kind, columns.id == parts[1])
    return await db.first(select(document).where(*at, columns.number == int(parts[2])))
