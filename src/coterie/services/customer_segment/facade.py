"""What other services may ask of segments. Whether a customer may see or get something is decided here only."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from coterie.kit.call import Call
from coterie.services.customer_segment.operations import segments, storefront
from coterie.services.customer_segment.operations.hot import Asking


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are segments; none of them can be deleted until the transaction ends."""
    return await segments.existing(call, sorted(ids))


async def memberships(
    call: Call,
    customer_id: str,
    legal_entity_id: str | None,
    segment_ids: Collection[str],
    *,
    site: str | None = None,
) -> frozenset[str]:
    """Those of the segments that are active now and have the customer, acting for the entity, as a member."""
    who = Asking(customer_id, legal_entity_id, None)
    return frozenset(each[0] for each in await storefront.eligible(call, who, segment_ids, site))


async def covered(
    call: Call,
    customer_id: str,
    legal_entity_id: str | None,
    segment_ids: Collection[str],
    product_ids: Sequence[str],
    *,
    site: str | None = None,
) -> frozenset[str]:
    """Those of the products that the customer's active ones of these segments cover."""
    who = Asking(customer_id, legal_entity_id, None)
    eligible = await storefront.eligible(call, who, segment_ids, site)
    return frozenset(await storefront.covered_products(call, eligible, product_ids))
