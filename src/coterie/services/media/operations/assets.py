"""Assets: create, read, list, replace, delete, download."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, select

from coterie.attachments import located
from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_uuid
from coterie.kit.errors import Invalid, NotFound, Problem
from coterie.kit.resource import Resource
from coterie.kit.rows import Upload
from coterie.kit.store import Document, Kind, Refusal, Write, Written, locked, remove, store_one
from coterie.query.q_sql import Field, Fields
from coterie.services.media import rules
from coterie.services.media.operations import attach, files, uploads
from coterie.services.media.schemas import AssetCreation, AssetUpdate, AssetView, FileQuery
from coterie.services.media.tables import asset, reference

READ, MANAGE = "media.asset_read", "media.asset_manage"
T = TypeVar("T")
_NO_VERSION = "The document version has to be provided on update operations."
_YEAR, _MINUTES = 365 * 24 * 3600, 300


async def _check(call: Call, writes: Sequence[Write]) -> list[Refusal]:
    vendor = call.vendor(MANAGE)
    return [await attach.problems(call, each.document, each.before, vendor) for each in writes]


async def _written(call: Call, changed: Sequence[Written]) -> None:
    """The files and the references follow the change."""
    for each in changed:
        new, old = each.document.get("blob"), (each.before or {}).get("blob")
        if new != old:
            await _exchange(call, old, new)
        metadata = each.view["metadata"]
        instants = (metadata["createdAt"], metadata["modifiedAt"])
        await attach.follow(call, each.key[0], each.before, each.document, instants)


async def _exchange(call: Call, old: str | None, new: str | None) -> None:
    if new is not None:
        await files.hold(call, new)
    if old is not None:
        await files.doom(call, old)


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        await _exchange(call, each.document.get("blob"), None)
        await attach.follow(call, each.key[0], each.document, None, ("", ""))


KIND = Kind(
    noun="asset",
    table=asset,
    columns={"type": "type", "access": "access", "vendorId": "vendor_id", "blob": "blob"},
    rules=rules.asset_problems,
    check=_check,
    written=_written,
    removed=_removed,
    new_key=new_uuid,
)

_refs = select(1).where(reference.c.tenant == asset.c.tenant, reference.c.asset_id == asset.c.id)
_refs = _refs.select_from(reference)

FIELDS = Fields(
    {
        "id": Field(asset.c.id),
        "type": Field(asset.c.type),
        "access": Field(asset.c.access),
        "vendorId": Field(asset.c.vendor_id),
        "refIds.id": Field(reference.c.ref_id, rows=_refs),
        "refIds.type": Field(reference.c.type, rows=_refs),
        "metadata.version": Field(asset.c.version, "number"),
        "metadata.createdAt": Field(asset.c.created_at, "date"),
        "metadata.modifiedAt": Field(asset.c.modified_at, "date"),
    },
    asset.c.doc,
)


def _readable(call: Call) -> ColumnElement[bool] | None:
    vendor = call.vendor(READ, MANAGE)
    return None if vendor is None else asset.c.vendor_id == vendor


def _adapted(_call: Call, document: Document) -> Document:
    """Only what a client decides: the file's facts come from the file, and a file has no URL of the client's."""
    kept = {name: value for name, value in document.items() if name not in ("details", "refIds")}
    if document["type"] == rules.BLOB:
        kept.pop("url", None)
    refs = rules.references(document)
    return {**kept, "refIds": refs} if refs else kept


def _shaped(call: Call, view: Document) -> Document:
    url = rules.url_of(view["id"], view, call.tenant.name)
    shown = {name: value for name, value in view.items() if name not in ("blob", "image")}
    return shown if url is None else {**shown, "url": located(call, url)}


RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=AssetCreation,
    replace_type=AssetUpdate,
    item_type=AssetUpdate,
    view_type=AssetView,
    parameter="asset_id",
    scope=_readable,
    adapt=_adapted,
    shape=_shaped,
)


async def _transacted(call: Call, run: Callable[[], Awaitable[T]]) -> T:
    """Run a transaction after the body has been read; what loses a race runs again without it."""

    async def write() -> T:
        async with call.writing():
            return await run()

    return await call.runtime.retried(write, call)


async def create_asset(call: Call, body: Upload) -> Reply:
    """A new asset: a file as multipart/form-data with the parts `file` and `body`, a link as JSON."""
    vendor = call.vendor(MANAGE)
    async with uploads.receiving(call, body) as sent:
        asked = sent.decoded(AssetCreation)
        change = RESOURCE.change(call, asked, "create", None)
        document = change.document
        if vendor is not None:
            document["vendorId"] = vendor
        if asked.type == rules.BLOB:
            if sent.file is None:
                raise Invalid(problems=(Problem.violation("file", "is required of a BLOB"),))
            document |= await sent.file.finish(asked.details, call.runtime.settings.media_pixels)
        outcome = await _transacted(call, lambda: store_one(call, KIND, change))
    return Reply(201, {"id": outcome.id})


async def replace_asset(call: Call, asset_id: str, body: Upload) -> None:
    """Replace an asset but for its type and access; a form without `file` keeps the file."""
    vendor = call.vendor(MANAGE)
    async with uploads.receiving(call, body) as sent:
        asked = sent.decoded(AssetUpdate)
        if asked.metadata is None or asked.metadata.version is None:
            raise Invalid(_NO_VERSION, problems=(Problem.violation("metadata.version", "is required"),))
        change = RESOURCE.change(call, asked, "replace", asset_id)
        file: Document | None = None
        if sent.file is not None:
            file = await sent.file.finish(asked.details, call.runtime.settings.media_pixels)

        async def write() -> None:
            before = await _own(call, asset_id, vendor)
            kept: Document = {name: before[name] for name in ("blob", "details", "image") if name in before}
            if "details" in kept and asked.details is not None and asked.details.filename is not None:
                name = rules.file_name(asked.details.filename, None)
                kept["details"] = {**kept["details"], "filename": name}
            document = {**change.document, **(kept if file is None else file)}
            if "vendorId" in before:
                document["vendorId"] = before["vendorId"]
            await store_one(call, KIND, change._replace(document=document))

        await _transacted(call, write)


async def delete_asset(call: Call, asset_id: str) -> None:
    """Delete an asset; what showed it shows it no longer."""
    await _own(call, asset_id, call.vendor(MANAGE))
    await remove(call, KIND, [(asset_id,)])


async def _own(call: Call, asset_id: str, vendor: str | None) -> Document:
    """The document of an asset that the caller may change, locked. Raises NotFound."""
    row = (await locked(call, KIND, [(asset_id,)])).get((asset_id,))
    if row is None or vendor not in (None, row.vendor_id):
        raise NotFound("asset", asset_id)
    return KIND.document_of(row)


async def download_asset(call: Call, asset_id: str) -> Reply:
    """A private file, or the address (301) of what is public or lies elsewhere."""
    async with call.reading() as session:
        row = await session.first(RESOURCE.selected(call).where(asset.c.id == asset_id))
    if row is None:
        raise NotFound("asset", asset_id)
    document = KIND.document_of(row)
    url = rules.url_of(asset_id, document, call.tenant.name)
    if url is not None:
        return Reply(301, headers={"Location": located(call, url), "Cache-Control": "no-store"})
    headers = {**rules.headers(document["details"]), "Cache-Control": "private, no-store"}
    return Reply(200, await files.content(call, asset_id, document["blob"]), headers)


async def public_file(call: Call, asset_id: str, filename: str, query: FileQuery) -> Reply:
    """The content of a public file. Its asset's `url` leads here, and may be kept by caches; the name is for people."""
    mine = and_(asset.c.tenant == call.tenant.name, asset.c.id == asset_id)
    async with call.reading() as session:
        row = await session.first(select(asset).where(mine, asset.c.access == rules.PUBLIC))
    if row is None or row.blob is None:
        raise NotFound("asset", asset_id)
    details = row.doc["details"]
    headers = rules.headers(details)
    if query.v == rules.content_version(details["etag"]):
        headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    else:
        headers["Cache-Control"] = f"public, max-age={_MINUTES}"
    if rules.unchanged(call.headers.get("if-none-match", ""), details["etag"]):
        told = ("ETag", "Cache-Control", "Content-Security-Policy", "X-Content-Type-Options")
        return Reply(304, headers={name: headers[name] for name in told})
    return Reply(200, await files.content(call, asset_id, row.blob), headers)
