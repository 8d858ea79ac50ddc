"""What other services may ask of products."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import select

from coterie.kit.call import Call
from coterie.services.product.operations import media, stored
from coterie.services.product.tables import product

names: Final = select(product.c.tenant, product.c.id, product.c.code, product.c.name, product.c.published)
"""The products of all tenants, to join: tenant, id, code, name (a map of texts), published."""


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are products; none of them can be deleted until the transaction ends.

    It locks, so it belongs in a transaction that writes.
    """
    return await stored.existing(call, ids)


async def of_vendor(call: Call, ids: Collection[str], vendor_id: str) -> set[str]:
    """Those of `ids` that are products of a vendor; none of them can be deleted until the transaction ends."""
    return await media.of_vendor(call, ids, vendor_id)
