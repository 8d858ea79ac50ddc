"""The tables of coupons, their redemptions, and how often each customer and legal entity redeemed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, text

from coterie.kit.tables import key, resource_table, tenant_table
from coterie.query.sql import Json, Str

# `redemption_count` and `deleted` are the server's own: no write of the document touches them.
coupon = resource_table(
    "coupon",
    key("code"),
    Column("valid_from", Str),
    Column("valid_until", Str),
    Column("max_redemptions", Integer, nullable=False),
    Column("redemption_count", Integer, nullable=False, server_default=text("0")),
    Column("deleted", Boolean, nullable=False, server_default=text("false")),
)

# `customer_id` is NULL for a guest and for a deleted customer, `legal_entity_id` for a customer who acts for himself.
redemption = tenant_table(
    "coupon_redemption",
    key("code"),
    key("id"),
    Column("customer_id", Str),
    Column("legal_entity_id", Str),
    Column("doc", Json, nullable=False),
    Column("redeemed_at", Str, nullable=False),
)

# How often a customer redeemed for a legal entity ("" for himself); the rows of customer "" are the sums over
# all customers of an entity, so that reading a coupon costs one row for each entity and not for each customer.
usage = tenant_table(
    "coupon_usage",
    key("code"),
    key("customer_id"),
    key("legal_entity_id"),
    Column("count", Integer, nullable=False),
)

Index("coupon_redemption_at", redemption.c.tenant, redemption.c.code, redemption.c.redeemed_at)
Index("coupon_redemption_customer", redemption.c.tenant, redemption.c.customer_id)
Index("coupon_usage_customer", usage.c.tenant, usage.c.customer_id)
