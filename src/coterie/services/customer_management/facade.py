"""What other services may ask of legal entities."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, select

from coterie.kit.call import Call
from coterie.kit.store import kept_rows
from coterie.services.customer_management.operations import entities
from coterie.services.customer_management.tables import legal_entity

names = select(legal_entity.c.tenant, legal_entity.c.id, legal_entity.c.name)
"""Legal entities by name, for joins: tenant, id, name."""


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are legal entities; none of them can be deleted until the transaction ends."""
    return await entities.existing(call, ids)


async def named(call: Call, ids: Collection[str]) -> Sequence[Row[Any]]:
    """The same as rows with id and name."""
    return await kept_rows(call, legal_entity.c.id, [legal_entity.c.id, legal_entity.c.name], ids)
