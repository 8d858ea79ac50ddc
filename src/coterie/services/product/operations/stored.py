"""How products are stored and found: their kind, the fields of `q`, and the events of what became of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from coterie.kit.call import Call
from coterie.kit.store import Document, Kind, Written, among, among_stored
from coterie.query.q_sql import Field, Fields
from coterie.services.product import events
from coterie.services.product.operations import links, media
from coterie.services.product.rules import products as rules
from coterie.services.product.tables import product

LOCALIZED = ("name", "description")


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are products; none of them can be deleted until the transaction ends."""
    return await among_stored(call, product.c.id, ids)


async def descendants(call: Call, ids: Collection[str]) -> dict[str, list[Row[Any]]]:
    """The variants below products, by their direct parent, locked until the transaction ends."""
    found: dict[str, list[Row[Any]]] = {}
    level = set(ids)
    while level := level - found.keys():
        below = among(call.db, [product.c.parent_id], [(id,) for id in sorted(level)])
        rows = await call.db.all(
            select(product)
            .where(product.c.tenant == call.tenant.name, below)
            .order_by(product.c.id)
            .with_for_update()
        )
        for row in rows:
            found.setdefault(row.parent_id, []).append(row)
        level = {row.id for row in rows if row.doc["productType"] == rules.DYNAMIC}
    return found


async def announce(call: Call, changed: Sequence[Written]) -> None:
    """Note the events of products that were created or changed."""
    known = await links.links_of(call, [each.key[0] for each in changed])
    for each in changed:
        id = each.key[0]
        view = {**each.view, "yrn": rules.yrn(call.tenant.name, id), **known[id]}
        event = events.PRODUCT_CREATED if each.before is None else events.PRODUCT_UPDATED
        call.emit(event, events.subject(id), events.product_written(call.tenant.name, view), id=id)


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    # The services that assign products follow with deletions of their own, which take the links along.
    for each in gone:
        id = each.key[0]
        yrn = rules.yrn(call.tenant.name, id)
        payload = events.product_deleted(call.tenant.name, id, yrn, each.document["code"])
        call.emit(events.PRODUCT_DELETED, events.subject(id), payload, id=id)


def _values(document: Mapping[str, Any]) -> dict[str, Any]:
    path = document.get("parentVariantPath")
    return {
        "vendor_id": rules.vendor_of(document),
        "parent_id": document.get("parentVariantId"),
        "root_id": path[-1] if path else None,
        "template_id": document["template"]["id"] if "template" in document else None,
    }


KIND = Kind(
    noun="product",
    table=product,
    columns={"code": "code", "name": "name", "published": "published"},
    defaults={"productType": rules.BASIC, "published": False},
    rules=rules.product_problems,
    values=_values,
    removed=_removed,
)

FIELDS = Fields(
    {
        "id": Field(product.c.id),
        "code": Field(product.c.code),
        "name": Field(product.c.name, "localized"),
        "description": Field(product.c.doc, "localized", ("description",)),
        "published": Field(product.c.published, "boolean"),
        "vendorId": Field(product.c.vendor_id),
        "vendor.id": Field(product.c.vendor_id),
        "parentVariantId": Field(product.c.parent_id),
        "template.id": Field(product.c.template_id),
        "metadata.version": Field(product.c.version, "number"),
        "metadata.createdAt": Field(product.c.created_at, "date"),
        "metadata.modifiedAt": Field(product.c.modified_at, "date"),
        **links.FIELDS,
        **media.FIELDS,
    },
    product.c.doc,
)


def written(call: Call, id: str, document: Document, row: Row[Any] | None) -> Written:
    """A product that was created, or changed from what its row was, as its event tells of it."""
    if row is None:
        version, created, before = call.service.dialect.first_version, call.at, None
    else:
        version, created, before = row.version + 1, row.created_at, KIND.document_of(row)
    return Written((id,), document, before, KIND.composed(id, document, version, created, call.at))
