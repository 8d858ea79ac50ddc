"""What a storefront asks: the segments of a signed-in customer, and their items."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select

from coterie.kit.call import Call, Reply
from coterie.services.customer_segment.operations import hot, segments
from coterie.services.customer_segment.operations.audience import (
    active,
    audience,
    sees_all,
    visible,
)
from coterie.services.customer_segment.operations.hot import Asking
from coterie.services.customer_segment.operations.items import item_page
from coterie.services.customer_segment.schemas import AllItemsQuery, SegmentsQuery
from coterie.services.customer_segment.tables import item, segment


async def list_segments(call: Call, query: SegmentsQuery) -> Reply:
    """The segments the caller may see; a customer's own, the storefront's question, are a hot read."""
    if query.customer_id is None and not sees_all(call) and hot.serves_segments(call, query):
        return Reply(value=await hot.segments(call, Asking.caller(call, query.legal_entity_id), query))
    return await segments.list_segments(call, query)


async def list_items(call: Call, query: AllItemsQuery) -> Reply:
    """The items of the segments the caller may see: a customer gets those of his active ones, always."""
    if not sees_all(call) and hot.serves_items(call, query):
        return Reply(value=await hot.items(call, Asking.caller(call, query.legal_entity_id), query))
    who = await audience(call, query.legal_entity_id)
    conditions = [visible(call, who)]
    if who is None and (query.only_active or call.caller.customer_id is not None):
        conditions.append(active(call))
    if query.site_code is not None:
        conditions.append(segment.c.site_code == query.site_code)
    return await item_page(call, query, item.c.segment_id.in_(_segments(call, and_(*conditions))), None)


def _segments(call: Call, condition: ColumnElement[bool]) -> Select[Any]:
    return select(segment.c.id).where(segment.c.tenant == call.tenant.name, condition)
