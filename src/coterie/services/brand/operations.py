"""Brands: create, read, list, replace, patch, delete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from coterie.attachments import attached, rows_of, with_image
from coterie.kit.call import Call, Reply
from coterie.kit.errors import NotFound
from coterie.kit.language import filter_map
from coterie.kit.resource import Resource
from coterie.kit.store import Document, Kind, Written, among, among_stored, locked, store_one
from coterie.query.q_sql import Field, Fields
from coterie.services.brand import events, rules
from coterie.services.brand.schemas import BrandCreation, BrandUpdate, BrandView
from coterie.services.brand.tables import brand, brand_media

MANAGE, DELETE = "brand.brand_manage", "brand.brand_delete"


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        (id,) = each.key
        payload = {"id": id, "tenant": call.tenant.name}
        call.emit(events.BRAND_DELETED, events.subject(id), payload, internal=True, id=id)


KIND = Kind(
    noun="brand",
    table=brand,
    columns={"name": "name"},
    localized=tuple(rules.TEXTS.values()),
    rules=rules.brand_problems,
    removed=_removed,
)

FIELDS = Fields(
    {
        "id": Field(brand.c.id),
        "name": Field(brand.c.name),
        "localizedName": Field(brand.c.doc, "localized", ("localizedName",)),
        "localizedDescription": Field(brand.c.doc, "localized", ("localizedDescription",)),
        "mediaId": Field(brand_media.c.asset_id, rows=rows_of(brand_media, brand)),
        "metadata.version": Field(brand.c.version, "number"),
        "metadata.createdAt": Field(brand.c.created_at, "date"),
        "metadata.modifiedAt": Field(brand.c.modified_at, "date"),
    },
    brand.c.doc,
)


def _adapted(call: Call, document: Document) -> Document:
    return rules.completed(document, call.content, call.tenant.languages.default)


def _shaped(call: Call, view: Document) -> Document:
    for name in rules.TEXTS.values():
        if name in view:
            view[name] = filter_map(view[name], call.accept)
    return with_image(call, view, "brands")


RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=BrandCreation,
    replace_type=BrandUpdate,
    item_type=BrandUpdate,
    view_type=BrandView,
    parameter="brand_id",
    computed={"media": attached(brand_media, brand)},
    adapt=_adapted,
    shape=_shaped,
)


async def create_brand(call: Call, body: BrandCreation) -> Reply:
    """A new brand, which is answered."""
    change = RESOURCE.change(call, body, "create", None)
    outcome = await store_one(call, KIND, change._replace(document=rules.named(change.document)))
    assert outcome.id is not None
    return Reply(201, await RESOURCE.one(call, (outcome.id,)))


async def replace_brand(call: Call, brand_id: str, body: BrandUpdate) -> Document:
    """Replace a brand completely; one that does not exist is not created."""
    change = RESOURCE.change(call, body, "replace", brand_id)
    await store_one(call, KIND, change._replace(document=rules.named(change.document)))
    return await RESOURCE.one(call, (brand_id,))


async def patch_brand(call: Call, brand_id: str, body: dict[str, Any]) -> Document:
    """Merge an object into a brand; null removes a field."""
    row = (await locked(call, KIND, [(brand_id,)])).get((brand_id,))
    if row is None:
        raise NotFound("brand", brand_id)
    change = RESOURCE.patch_change(call, brand_id, row, body)
    await store_one(call, KIND, change._replace(document=rules.named(change.document)))
    return await RESOURCE.one(call, (brand_id,))


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are brands; none of them can be deleted until the transaction ends."""
    return await among_stored(call, brand.c.id, ids)


async def by_ids(call: Call, ids: Collection[str]) -> dict[str, Document]:
    """The brands among `ids` as clients see them."""
    if not ids:
        return {}
    named = among(call.db, [brand.c.id], [(id,) for id in sorted(set(ids))])
    rows = await call.db.all(RESOURCE.selected(call).where(named))
    return {row.id: RESOURCE.view(call, row) for row in rows}
