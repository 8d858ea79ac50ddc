"""What a storefront asks: the items, the category tree and the matches of a signed-in customer's segments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select, true, union

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, Problem
from coterie.kit.language import filter_map
from coterie.kit.store import Document
from coterie.services.category import facade as categories
from coterie.services.customer_segment import rules
from coterie.services.customer_segment.operations import hot
from coterie.services.customer_segment.operations.audience import (
    Audience,
    active,
    audience,
    belongs,
    of_caller,
    visible,
)
from coterie.services.customer_segment.operations.items import item_page
from coterie.services.customer_segment.schemas import AllItemsQuery, Match, TreesQuery
from coterie.services.customer_segment.tables import item, segment

_closure = categories.closure.subquery("closure")
_assigned = categories.assignments.subquery("assigned")


async def list_items(call: Call, query: AllItemsQuery) -> Reply:
    """The items of the segments the caller may see: a customer gets those of his active ones, always."""
    who = await audience(call, query.legal_entity_id)
    if who is not None and hot.serves(call, query):
        return Reply(value=await hot.items(call, who, query))
    conditions = [visible(call, who)]
    if who is None and (query.only_active or call.caller.customer_id is not None):
        conditions.append(active(call))
    if query.site_code is not None:
        conditions.append(segment.c.site_code == query.site_code)
    return await item_page(call, query, item.c.segment_id.in_(_segments(call, and_(*conditions))), None)


def _segments(call: Call, condition: ColumnElement[bool]) -> Select[Any]:
    return select(segment.c.id).where(segment.c.tenant == call.tenant.name, condition)


async def category_trees(call: Call, query: TreesQuery) -> list[Document]:
    """The categories of the caller's active segments, with their unassigned ancestors as labels."""
    who = await of_caller(call, query.legal_entity_id)
    condition = visible(call, who)
    if query.site_code is not None:
        condition = and_(condition, segment.c.site_code == query.site_code)
    covered = await _covered_categories(call, _segments(call, condition))
    nodes = await categories.nodes_with_ancestors(call, covered)
    return _tree(nodes, covered, lambda texts: filter_map(texts, call.accept))


async def _covered_categories(call: Call, segments: Select[Any]) -> set[str]:
    """The categories that these segments cover: the assigned ones and, in the scope `subtree`, those below."""
    direct = select(item.c.item_id.label("id")).where(
        item.c.tenant == call.tenant.name, item.c.type == rules.CATEGORY, item.c.segment_id.in_(segments)
    )
    if subtree(call):
        direct = select(_closure.c.category_id.label("id")).where(
            _closure.c.tenant == call.tenant.name, _closure.c.ancestor_id.in_(direct)
        )
    return {row.id for row in await call.db.all(direct.distinct())}


def subtree(call: Call) -> bool:
    """Whether an assigned category covers its descendants as well (tenant setting, decision 3)."""
    return bool(call.setting("segments.categoryScope", "assigned") == "subtree")


def _tree(nodes: Sequence[categories.Node], covered: Collection[str], texts: Any) -> list[Document]:
    """The nodes as nested documents, each level in order of position."""
    ordered = sorted(nodes, key=lambda node: (node.position is None, node.position or 0, node.id))
    known = {node.id for node in nodes}
    children: dict[str | None, list[categories.Node]] = {}
    for node in ordered:
        children.setdefault(node.parent_id if node.parent_id in known else None, []).append(node)

    def document(node: categories.Node) -> Document:
        fields: Mapping[str, Any] = {
            "id": node.id,
            "parentId": node.parent_id,
            "code": node.code,
            "name": texts(node.name),
            "localizedDescription": node.description and texts(node.description),
            "localizedSlug": node.slug and texts(node.slug),
            "ecn": list(node.ecn) or None,
            "validity": node.validity,
            "position": node.position,
            "published": node.published,
            "isSegmentAssigned": node.id in covered,
            "subcategories": [document(child) for child in children.get(node.id, ())] or None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    return [document(root) for root in children.get(None, ())]


async def match(call: Call, body: Match) -> list[Document]:
    """Those of the products that the active ones of these segments cover at the site, in the order asked."""
    site = body.site if body.site is not None else body.site_code
    if site is None:
        raise Invalid(problems=(Problem.violation("site", "is required; name the site as site or siteCode"),))
    asked = list(dict.fromkeys(each.id for each in body.items))
    condition = and_(active(call), segment.c.site_code == site, segment.c.id.in_(body.segment_ids))
    found = await covered_products(call, _segments(call, condition), asked)
    return [{"id": id} for id in asked if id in found]


async def covered_products(call: Call, segments: Select[Any], product_ids: Sequence[str]) -> set[str]:
    """Those of the products that are assigned to the segments, or lie in a category that is."""
    if not product_ids:
        return set()
    here = call.tenant.name
    direct = select(item.c.item_id.label("id")).where(
        item.c.tenant == here,
        item.c.type == rules.PRODUCT,
        item.c.item_id.in_(product_ids),
        item.c.segment_id.in_(segments),
    )
    home = _assigned.c.category_id
    by_category = select(_assigned.c.product_id.label("id")).where(
        _assigned.c.tenant == here, _assigned.c.product_id.in_(product_ids)
    )
    covering = select(item.c.item_id).where(
        item.c.tenant == here, item.c.type == rules.CATEGORY, item.c.segment_id.in_(segments)
    )
    if subtree(call):
        covering = select(_closure.c.category_id).where(
            _closure.c.tenant == here, _closure.c.ancestor_id.in_(covering)
        )
    statement = union(direct, by_category.where(home.in_(covering)))
    return {row.id for row in await call.db.all(statement)}


def eligible(call: Call, who: Audience, segment_ids: Iterable[str], site: str | None) -> Select[Any]:
    """The ids of those of the segments that are active, stand on the site, and have the audience as a member."""
    at_site = true() if site is None else segment.c.site_code == site
    return _segments(
        call, and_(active(call), belongs(call, who), at_site, segment.c.id.in_(sorted(set(segment_ids))))
    )
