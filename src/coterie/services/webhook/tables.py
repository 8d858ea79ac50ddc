"""The tables of webhooks."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer

from coterie.kit.tables import key, resource_table, tenant_table
from coterie.query.sql import Json, Str

# Secrets inside the document are sealed.
config = resource_table("webhook_config", key("code"), Column("active", Boolean, nullable=False))

subscription = tenant_table(
    "webhook_subscription",
    key("event_type"),
    Column("subscribed", Boolean, nullable=False),
    Column("excluded", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Str, nullable=False),
    Column("modified_at", Str, nullable=False),
)

# An address of a configuration: `entry` is empty for the configuration's own. It has been told every event of the
# feed up to `after_id`, `after_position`, but for those set aside. From `failures` in a row on, it is left alone until
# `open_until`. A worker has it until `lease_until`.
destination = tenant_table(
    "webhook_destination",
    key("code"),
    key("entry"),
    Column("active", Boolean, nullable=False),
    Column("after_id", BigInteger, nullable=False),
    Column("after_position", Integer, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("open_until", Str),
    Column("lease", Str),
    Column("lease_until", Str),
)

# Events that a destination has not taken, and those of the same subject behind them. The first of a subject is tried
# again from `retry_at` on (at once without it), or stands still from `parked_at` on, and with it those behind it.
aside = tenant_table(
    "webhook_aside",
    key("code"),
    key("entry"),
    Column("event_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("type", Str, nullable=False),
    Column("subject", Str, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", Str),
    Column("parked_at", Str),
    Column("error", Str),
)

# How many events a tenant's destinations took in a month, as 2026-01.
month = tenant_table("webhook_month", key("month"), Column("sent", BigInteger, nullable=False))
