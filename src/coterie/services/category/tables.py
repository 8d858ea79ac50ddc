"""The tables of categories, of their hierarchy, and of what is linked to them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer

from coterie.attachments import attachment_table
from coterie.kit.tables import key, resource_table, tenant_table
from coterie.query.sql import Json, Str

category = resource_table(
    "category",
    key("id"),
    Column("parent_id", Str),
    Column("code", Str),
    Column("code_folded", Str),
    Column("type", Str, nullable=False, server_default="STANDARD"),
    Column("name", Json, nullable=False),
    Column("position", Integer, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("valid_from", Str),
    Column("valid_to", Str),
)
Index("category_parent", category.c.tenant, category.c.parent_id)
Index("category_code", category.c.tenant, category.c.code_folded)

# Every category with each of its ancestors, itself at depth 0: the key serves "ancestors of", the index "below".
closure = tenant_table(
    "category_closure", key("category_id"), key("ancestor_id"), Column("depth", Integer, nullable=False)
)
Index(
    "category_closure_below", closure.c.tenant, closure.c.ancestor_id, closure.c.depth, closure.c.category_id
)

# A text never used before, written with every change that a tree shows: what is kept in memory of trees is good as
# long as it stands.
stamp = tenant_table("category_stamp", Column("stamp", Str, nullable=False))

# External category numbers, unique in the tenant.
ecn = tenant_table("category_ecn", key("ecn"), Column("category_id", Str, nullable=False))
Index("category_ecn_of", ecn.c.tenant, ecn.c.category_id)

assignment = tenant_table(
    "category_assignment",
    key("category_id"),
    key("ref_type"),
    key("ref_id"),
    Column("id", Str, nullable=False),
    Column("created_at", Str, nullable=False),
)
Index("category_assignment_id", assignment.c.tenant, assignment.c.id, unique=True)
Index(
    "category_assignment_of",
    assignment.c.tenant,
    assignment.c.ref_type,
    assignment.c.ref_id,
    assignment.c.category_id,
)

# Which categories a segment is assigned, kept by the reactions to the segments' events: the filter by segments
# must not ask another service, which itself stands on this one.
segment_link = tenant_table("category_segment", key("segment_id"), key("category_id"))
Index("category_segment_of", segment_link.c.tenant, segment_link.c.category_id)

category_media = attachment_table("category_media")
