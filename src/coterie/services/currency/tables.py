"""The tables of currencies and exchange rates."""

from __future__ import annotations

from sqlalchemy import Column, Index

from coterie.kit.tables import key, resource_table
from coterie.query.sql import Str

# The currencies that the tenant added or changed; the others are seeds.
currency = resource_table("currency", key("code"))

# The rate is text in the document, as exact as it was sent.
exchange = resource_table(
    "currency_exchange",
    key("code"),
    Column("source", Str, nullable=False),
    Column("target", Str, nullable=False),
    Index("currency_exchange_source", "tenant", "source"),
    Index("currency_exchange_target", "tenant", "target"),
)
