"""The tables of products and templates, and of what is kept beside them so that it can be found."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, Index, Integer

from coterie.attachments import attachment_table
from coterie.kit.tables import key, resource_table, tenant_table
from coterie.query.sql import Json, Str

# A VARIANT is kept as it counts, with all that it inherits; `parent_id` is its parent, or that of a dynamic variant,
# whose `root_id` is the far end of its path.
product = resource_table(
    "product",
    key("id"),
    Column("code", Str, nullable=False),
    Column("name", Json, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("vendor_id", Str),
    Column("parent_id", Str),
    Column("root_id", Str),
    Column("template_id", Str),
)
Index("product_code", product.c.tenant, product.c.code, unique=True)
# Few products have these, and the others cost nothing.
for _name in ("vendor", "parent", "root", "template"):
    _column = product.c[f"{_name}_id"]
    _some = _column.is_not(None)
    Index(f"product_{_name}_of", product.c.tenant, _column, sqlite_where=_some, postgresql_where=_some)

template = resource_table("product_template", key("id"), Column("name", Json, nullable=False))

# Every version that a template has had; products stay with theirs.
template_version = tenant_table(
    "product_template_version",
    key("template_id"),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("name", Json, nullable=False),
    Column("doc", Json, nullable=False),
    Column("created_at", Str, nullable=False),
    Column("modified_at", Str, nullable=False),
)

# What bundles consist of, so that a product knows those that it is in.
bundle_member = tenant_table("product_bundle_member", key("bundle_id"), key("product_id"))
Index(
    "product_bundle_member_of",
    bundle_member.c.tenant,
    bundle_member.c.product_id,
    bundle_member.c.bundle_id,
    unique=True,
)

# Which paths of the documents are indexed, in one row for each tenant, which all who write products share: so nobody
# writes by a list that is changing. `fields` holds objects {path, ready}.
index = tenant_table("product_index", Column("fields", Json, nullable=False))

# The values at these paths, in the order in which they stand in a product. They only narrow down which products may
# meet a condition: texts are cut short, and booleans stand as texts.
index_value = tenant_table(
    "product_index_value",
    key("product_id"),
    key("path"),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("text", Str),
    Column("number", Double),
)
Index(
    "product_index_text",
    index_value.c.tenant,
    index_value.c.path,
    index_value.c.text,
    index_value.c.product_id,
)
Index(
    "product_index_number",
    index_value.c.tenant,
    index_value.c.path,
    index_value.c.number,
    index_value.c.product_id,
)

# Copies of the assignments that the category and customer-segment services own, so that a product's ids and a `q`
# on them need no other service. They don't refer to `product`: an assignment may be of a product kept elsewhere.
product_category = tenant_table("product_category", key("product_id"), key("category_id"))
Index(
    "product_category_of",
    product_category.c.tenant,
    product_category.c.category_id,
    product_category.c.product_id,
    unique=True,
)

product_segment = tenant_table("product_segment", key("product_id"), key("segment_id"))
Index(
    "product_segment_of",
    product_segment.c.tenant,
    product_segment.c.segment_id,
    product_segment.c.product_id,
    unique=True,
)

# What the products of a CLASSIFICATION category have to hold: a copy of the category's mixins and of those above it,
# kept by following the category service. Categories without any have no row.
product_classification = tenant_table(
    "product_classification", key("category_id"), Column("mixins", Json, nullable=False)
)
product_media = attachment_table("product_media")
