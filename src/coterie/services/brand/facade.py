"""What other services may ask of brands."""

from __future__ import annotations

from collections.abc import Collection

from coterie.kit.call import Call
from coterie.kit.store import Document
from coterie.services.brand import operations


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are brands; none of them can be deleted until the transaction ends.

    It locks, so it belongs in a transaction that writes.
    """
    return await operations.existing(call, ids)


async def by_ids(call: Call, ids: Collection[str]) -> dict[str, Document]:
    """The brands among `ids` as the service's own answers show them, in the languages that the call accepts."""
    return await operations.by_ids(call, ids)
