"""The table of sites."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, text

from coterie.kit.tables import key, resource_table

site = resource_table(
    "site",
    key("code"),
    Column("active", Boolean, nullable=False),
    Column("is_default", Boolean, nullable=False),
)
# A tenant has one default site at most; the operations see to it that it has one.
Index(
    "site_default",
    site.c.tenant,
    unique=True,
    postgresql_where=text("is_default"),
    sqlite_where=text("is_default"),
)
