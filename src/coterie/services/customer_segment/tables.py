"""The tables of segments, of their customers and items, of how many they have, and of who names them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, text

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
Index(
    "customer_segment_member_expiry",
    member.c.tenant,
    member.c.segment_id,
    member.c.expires_at,
    sqlite_where=text("expires_at IS NOT NULL"),
    postgresql_where=text("expires_at IS NOT NULL"),
)

item = resource_table("customer_segment_item", key("segment_id"), key("type"), key("item_id"))
Index("customer_segment_item_of", item.c.tenant, item.c.type, item.c.item_id, item.c.segment_id, unique=True)

# One row for each tenant whose categories ever changed; `stamp` is another text after every change of one, and
# `products_stamp` after every product that came into a category or left it. NULL: none did since there are stamps.
tree = tenant_table(
    "customer_segment_tree", Column("stamp", Str, nullable=False), Column("products_stamp", Str)
)

# How many members, products and categories a segment has: the sum over its shards, of which one alone may be
# below zero. Expired memberships are in it, since nothing is written when one expires.
count = tenant_table(
    "customer_segment_count",
    key("segment_id"),
    key("kind"),
    Column("shard", Integer, primary_key=True, nullable=False),
    Column("number", BigInteger, nullable=False),
)

# Who names a segment, kept by the reactions to the events of services above, which can't be asked. It does not
# refer to `segment`: a coupon may name one that is gone, or that is still to come.
use = tenant_table(
    "customer_segment_use",
    key("segment_id"),
    key("kind"),
    key("user_id"),
    Column("name", Str, nullable=False),
)
Index("customer_segment_use_by", use.c.tenant, use.c.kind, use.c.user_id)
