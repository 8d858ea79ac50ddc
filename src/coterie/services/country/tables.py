"""The table of countries that a tenant has changed; the others are as `rules.SEEDS` has them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column

from coterie.kit.tables import key, resource_table

country = resource_table("country", key("code"), Column("active", Boolean, nullable=False))
