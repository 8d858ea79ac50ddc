"""The tables of segments and of their customers and items."""

from __future__ import annotations

from sqlalchemy import Column, Index

from coterie.kit.tables import key, resource_table, tenant_table
from coterie.query.sql import Str

# `items_stamp` is another text after every change of what a list of the segment's items shows, names included:
# whoever keeps items in memory compares it. NULL: the segment never had items.
segment = resource_table(
    "customer_segment",
    key("id"),
    Column("status", Str, nullable=False),
    Column("site_code", Str, nullable=False),
    Column("valid_from", Str),
    Column("valid_to", Str),
    Column("items_stamp", Str),
)
Index("customer_segment_site", segment.c.tenant, segment.c.site_code)

# Keyed so that "my segments" is one index range; the index is the reverse, "members of".
# `legal_entity_id` is "" for a customer who acts for himself, since a key can't hold NULL.
# `cause` and `expires_at` are for rules to come: an expired membership counts nowhere.
member = resource_table(
    "customer_segment_member",
    key("customer_id"),
    key("legal_entity_id"),
    key("segment_id"),
    Column("assignment_type", Str, nullable=False),
    Column("cause", Str),
    Column("expires_at", Str),
)
Index(
    "customer_segment_member_of",
    member.c.tenant,
    member.c.segment_id,
    member.c.customer_id,
    member.c.legal_entity_id,
    unique=True,
)
Index("customer_segment_member_company", member.c.tenant, member.c.legal_entity_id, member.c.customer_id)

item = resource_table("customer_segment_item", key("segment_id"), key("type"), key("item_id"))
Index("customer_segment_item_of", item.c.tenant, item.c.type, item.c.item_id, item.c.segment_id, unique=True)

# One row for each tenant whose categories ever changed; `stamp` is another text after every change of one.
tree = tenant_table("customer_segment_tree", Column("stamp", Str, nullable=False))
