"""The tables of products, and of the categories and segments that they are assigned to."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index

from coterie.attachments import attachment_table
from coterie.kit.tables import key, resource_table, tenant_table
from coterie.query.sql import Json, Str

product = resource_table(
    "product",
    key("id"),
    Column("code", Str, nullable=False),
    Column("name", Json, nullable=False),
    Column("published", Boolean, nullable=False),
)
Index("product_code", product.c.tenant, product.c.code, unique=True)

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

product_media = attachment_table("product_media")
