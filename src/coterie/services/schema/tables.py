"""The tables of schema versions, published documents, custom types and their instances."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary

from coterie.kit.tables import key, resource_table, tenant_table
from coterie.query.sql import Json, Str

# Every version of a schema, or of a reference (which has no attributes); the one with the highest number is the
# current one. `number`: the document that it published.
version = tenant_table(
    "schema_version",
    key("kind"),
    key("id"),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("name", Json, nullable=False),
    Column("types", Json, nullable=False),
    Column("attributes", Json),
    Column("number", Integer, nullable=False),
    Column("created_at", Str, nullable=False),
    Column("modified_at", Str, nullable=False),
)

# What was published stays for ever, also when its schema is deleted. `url`: where it was published at the time.
document = tenant_table(
    "schema_document",
    key("kind"),
    key("id"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("url", Str, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Str, nullable=False),
)

custom_type = resource_table("schema_type", key("id"))

# The owner is in `doc` as well, as clients see it.
instance = resource_table(
    "schema_instance",
    key("type"),
    key("id"),
    Column("owner_type", Str, nullable=False),
    Column("owner_id", Str, nullable=False),
    Column("owner_entity", Str),
)
Index("schema_instance_owner", instance.c.tenant, instance.c.owner_type, instance.c.owner_id)
