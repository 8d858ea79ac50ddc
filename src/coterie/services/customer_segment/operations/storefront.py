"""What a storefront asks: the items, the category tree and the matches of a signed-in customer's segments."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select

from coterie.database.session import Hot
from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, Problem
from coterie.kit.store import Document
from coterie.kit.wire import encode
from coterie.query.json_text import in_texts
from coterie.services.category import facade as categories
from coterie.services.customer_segment import rules
from coterie.services.customer_segment.operations import hot, segments, trees
from coterie.services.customer_segment.operations.audience import (
    active,
    audience,
    sees_all,
    visible,
)
from coterie.services.customer_segment.operations.hot import Asking
from coterie.services.customer_segment.operations.items import item_page
from coterie.services.customer_segment.schemas import AllItemsQuery, Match, SegmentsQuery
from coterie.services.customer_segment.tables import item, segment

_assigned = categories.assignments.subquery("assigned")


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


async def match(call: Call, body: Match) -> list[Document]:
    """Those of the products that the active ones of these segments cover at the site, in the order asked."""
    site = body.site if body.site is not None else body.site_code
    if site is None:
        raise Invalid(problems=(Problem.violation("site", "is required; name the site as site or siteCode"),))
    asked = list(dict.fromkeys(each.id for each in body.items))
    found = await covered_products(call, await hot.named(call, body.segment_ids, site), asked)
    return [{"id": id} for id in asked if id in found]


async def eligible(
    call: Call, who: Asking, segment_ids: Collection[str], site: str | None
) -> list[hot.Stamped]:
    """Those of the segments that are active, stand on the site, and have the audience as a member."""
    return [each for each in await hot.stamped(call, who, site) if each[0] in segment_ids]


async def covered_products(
    call: Call, stamped: Sequence[hot.Stamped], product_ids: Sequence[str]
) -> set[str]:
    """Those of the products that are assigned to these segments, or lie in a category that is."""
    if not product_ids or not stamped:
        return set()
    kept = await hot.kept_items(call, stamped)
    if kept is None:
        direct = await _assigned_directly(call, [each[0] for each in stamped], product_ids)
    else:
        direct = set().union(*(each.products.intersection(product_ids) for each in kept))
    rest = [id for id in product_ids if id not in direct]
    covering = await trees.covered_categories(call, stamped) if rest else set()
    if not covering:
        return direct
    found = await call.db.hot(
        _in_categories(),
        tenant=call.tenant.name,
        products=encode(rest).decode(),
        categories=encode(sorted(covering)).decode(),
    )
    return direct | {row[0] for row in found}


async def _assigned_directly(call: Call, segment_ids: Sequence[str], product_ids: Sequence[str]) -> set[str]:
    """Those of the products that are items of a segment; for segments too large to be kept in memory."""
    statement = select(item.c.item_id).where(
        item.c.tenant == call.tenant.name,
        item.c.type == rules.PRODUCT,
        item.c.item_id.in_(product_ids),
        item.c.segment_id.in_(segment_ids),
    )
    return {row.item_id for row in await call.db.all(statement)}


@cache
def _in_categories() -> Hot:
    """Those of the products in a JSON array of ids that lie in one of the categories in another."""
    return Hot(
        select(_assigned.c.product_id).where(
            _assigned.c.tenant == hot.text("tenant"),
            in_texts(_assigned.c.product_id, hot.text("products")),
            in_texts(_assigned.c.category_id, hot.text("categories")),
        )
    )
