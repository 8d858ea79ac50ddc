"""The tables of assets, of what they are attached to, and of the files in the store."""

from __future__ import annotations

from sqlalchemy import Column, Index, text

from coterie.kit.tables import key, resource_table, tenant_table
from coterie.query.sql import Str

asset = resource_table(
    "media_asset",
    key("id"),
    Column("type", Str, nullable=False),
    Column("access", Str, nullable=False),
    Column("vendor_id", Str),
    Column("blob", Str),
)
Index("media_asset_vendor", asset.c.tenant, asset.c.vendor_id)

# The key serves "assets of a product", the index "references of an asset".
reference = tenant_table("media_reference", key("type"), key("ref_id"), key("asset_id"))
Index("media_reference_of", reference.c.tenant, reference.c.asset_id)

# Every file in the store has its row before its first byte is written, so that none is ever forgotten there. From
# `doomed_at` on it may be deleted; it is NULL as long as an asset holds the file.
blob = tenant_table("media_blob", key("key"), Column("doomed_at", Str))
Index(
    "media_blob_doomed",
    blob.c.doomed_at,
    sqlite_where=text("doomed_at IS NOT NULL"),
    postgresql_where=text("doomed_at IS NOT NULL"),
)
