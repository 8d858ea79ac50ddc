"""The table of units that a tenant added, changed or deleted; the others are seeds."""

from __future__ import annotations

from sqlalchemy import Boolean, Column

from coterie.kit.tables import key, resource_table

# A deleted seed leaves a row behind, or it would be there again. The factor is text in the document.
unit = resource_table("unit", key("code"), Column("deleted", Boolean, nullable=False))
