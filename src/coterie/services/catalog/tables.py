"""The tables of catalogs, and of what they name."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index

from coterie.kit.tables import key, resource_table, tenant_table
from coterie.query.sql import Json, Str

catalog = resource_table(
    "catalog",
    key("id"),
    Column("name", Json, nullable=False),
    Column("visible", Boolean, nullable=False),
    Column("visible_from", Str),
    Column("visible_to", Str),
)

# The root categories (CATEGORY) and sites (SITE) that catalogs name, to find the catalogs of one.
reference = tenant_table("catalog_reference", key("kind"), key("target_id"), key("catalog_id"))
Index("catalog_reference_of", reference.c.tenant, reference.c.catalog_id)
