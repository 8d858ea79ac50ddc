"""A product's media: the copy of what it shows of them, and whose products media may be attached to."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement

from coterie.attachments import attached, located, rows_of
from coterie.kit.call import Call
from coterie.kit.store import Document, kept_rows
from coterie.query.q_sql import Field
from coterie.services.product.tables import product, product_media

COMPUTED: dict[str, ColumnElement[Any]] = {"media": attached(product_media, product)}
FIELDS = {"media.id": Field(product_media.c.asset_id, rows=rows_of(product_media, product))}
_SHOWN = ("id", "contentType", "createdAt", "customAttributes", "mixins")


def shown(call: Call, media: list[Document]) -> list[Document]:
    """A product's media as clients see them."""
    return [
        {**{name: each[name] for name in _SHOWN if name in each}, "url": located(call, each["url"])}
        for each in media
    ]


async def of_vendor(call: Call, ids: Collection[str], vendor_id: str) -> set[str]:
    """Those of `ids` that are products of a vendor; none of them can be deleted until the transaction ends."""
    rows = await kept_rows(call, product.c.id, [product.c.id, product.c.vendor_id], ids)
    return {row.id for row in rows if row.vendor_id == vendor_id}
