"""What other services may ask of segments. Whether a customer may see or get something is decided here only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select

from coterie.kit.call import Call
from coterie.services.customer_segment.operations import hot, match, segments
from coterie.services.customer_segment.operations.hot import Asking


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are segments; none of them can be deleted until the transaction ends."""
    return await segments.existing(call, sorted(ids))


def memberships(*, for_entity: bool, windowed: bool) -> Select[Any]:
    """The segments that are active and have a customer as a member, by `id`, as a part of a hot statement.

    It binds `tenant`, `customer`, `at` and `site` ("": any), and `entity`, for which he acts; without `for_entity`
    those of all his legal entities count. windowed: the setting `segment_validity`.
    """
    return hot.active_ids("token" if for_entity else "all", windowed)


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
    eligible = await match.eligible(call, who, segment_ids, site)
    return frozenset(await match.covered_products(call, [each[0] for each in eligible], product_ids))
