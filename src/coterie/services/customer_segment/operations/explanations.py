"""Explanations: why a customer is in a segment or not, and by which segments he sees a product.

What is in and what is visible is decided by the conditions of the storefront's reads; the rules only say why.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, null, select, true, union

from coterie.kit.call import Call, Reply
from coterie.kit.errors import NotFound
from coterie.kit.language import filter_map
from coterie.kit.listing import counted, window
from coterie.services.category import facade as categories
from coterie.services.customer import facade as customers
from coterie.services.customer_segment import rules
from coterie.services.customer_segment.operations import hot
from coterie.services.customer_segment.operations.audience import Audience, of_customer, subtree, visible
from coterie.services.customer_segment.operations.match import covered_products
from coterie.services.customer_segment.rules import Membership, Standing
from coterie.services.customer_segment.schemas import (
    CategoryStep,
    ExplanationQuery,
    ExplanationView,
    ProductExplanationView,
    ReasonView,
    SegmentWaysView,
    WayView,
)
from coterie.services.customer_segment.tables import item, member, segment
from coterie.services.product import facade as products

_person = customers.names.subquery("person")
_product = products.names.subquery("product_name")
_category = categories.names.subquery("category_name")
_closure = categories.closure.subquery("closure")
_assigned = categories.assignments.subquery("assigned")


@dataclass(frozen=True)
class _Asked:
    """A call that stands at the instant asked for, the customer, and the condition on the segments he is in."""

    call: Call
    who: Audience
    site: str | None
    inside: ColumnElement[bool]


async def explain_customer(call: Call, customer_id: str, query: ExplanationQuery) -> Reply:
    """Why a customer is in each segment or not: for a legal entity, at a site, at an instant."""
    asked = await _asked(call, customer_id, query)
    views, headers = await _page(asked, query, true())
    return Reply(value=views, headers=headers)


async def explain_product(call: Call, customer_id: str, product_id: str, query: ExplanationQuery) -> Reply:
    """Whether a customer's segments have a product, and how: as an item, or by a category and its path."""
    asked = await _asked(call, customer_id, query)
    await _must_be_known(call, "product", _product, product_id)
    asking = hot.Asking(customer_id, None, query.legal_entity_id)
    mine = await hot.stamped(asked.call, asking, query.site_code)
    seen = await covered_products(call, [each[0] for each in mine], [product_id])
    ways = _ways(call, product_id).subquery()
    views, headers = await _page(asked, query, segment.c.id.in_(select(ways.c.segment_id)))
    found = await _found(call, ways, [each.segment_id for each in views])
    entries = [
        SegmentWaysView(
            segment_id=each.segment_id,
            in_=each.in_,
            reasons=each.reasons,
            message=each.message,
            ways=found[each.segment_id],
        )
        for each in views
    ]
    return Reply(value=ProductExplanationView(visible=bool(seen), segments=entries), headers=headers)


async def _asked(call: Call, customer_id: str, query: ExplanationQuery) -> _Asked:
    """Raises NotFound for an unknown customer."""
    await _must_be_known(call, "customer", _person, customer_id)
    then = call if query.at is None else replace(call, now=datetime.fromisoformat(query.at))
    who = await of_customer(call, customer_id, None, query.legal_entity_id)
    at_site = true() if query.site_code is None else segment.c.site_code == query.site_code
    return _Asked(then, who, query.site_code, and_(visible(then, who), at_site))


async def _must_be_known(call: Call, noun: str, names: Any, id: str) -> None:
    """Raises NotFound, unless the tenant keeps such things elsewhere (decision 5)."""
    if call.setting("references") == "open":
        return
    known = select(names.c.id).where(names.c.tenant == call.tenant.name, names.c.id == id)
    if await call.db.first(known) is None:
        raise NotFound(noun, id)


async def _page(
    asked: _Asked, query: ExplanationQuery, condition: ColumnElement[bool]
) -> tuple[list[ExplanationView], dict[str, str]]:
    """A page of the segments that meet the condition, by id, each explained; and the header with their number."""
    call = asked.call
    columns = segment.c
    inside = case((asked.inside, 1), else_=0).label("inside")
    standing = (columns.status, columns.site_code, columns.valid_from, columns.valid_to)
    statement = select(columns.id, *standing, inside).where(columns.tenant == call.tenant.name, condition)
    if query.segment_ids is not None:
        statement = statement.where(columns.id.in_(rules.listed(query.segment_ids)))
    limit, offset = window(call, query)
    rows = await call.db.all(statement.order_by(columns.id).limit(limit).offset(offset))
    memberships = await _memberships(call, asked.who, [row.id for row in rows])
    views = []
    for row in rows:
        reasons = _reasons(asked, row, memberships.get(row.id, ()))
        message = rules.sentence(bool(row.inside), reasons)
        views.append(
            ExplanationView(segment_id=row.id, in_=bool(row.inside), reasons=reasons, message=message)
        )
    return views, await counted(call, statement)


def _reasons(asked: _Asked, row: Any, memberships: Sequence[Membership]) -> list[ReasonView]:
    at, windowed = asked.call.at, asked.call.runtime.settings.segment_validity
    standing = Standing(row.status, row.site_code, row.valid_from, row.valid_to)
    return [
        *rules.inactive(standing, at, windowed=windowed),
        *rules.elsewhere(standing, asked.site),
        *rules.not_a_member(memberships, asked.who.entity, at),
    ]


async def _memberships(
    call: Call, who: Audience, segment_ids: Collection[str]
) -> dict[str, list[Membership]]:
    """The customer's memberships of the segments, whether they count or not, by segment."""
    if not segment_ids:
        return {}
    columns = member.c
    mine = select(columns.segment_id, columns.legal_entity_id, columns.expires_at).where(
        columns.tenant == call.tenant.name,
        columns.customer_id == who.customer_id,
        columns.segment_id.in_(segment_ids),
    )
    found: dict[str, list[Membership]] = {}
    for row in await call.db.all(mine):
        found.setdefault(row.segment_id, []).append(Membership(row.legal_entity_id, row.expires_at))
    return found


def _ways(call: Call, product_id: str) -> Any:
    """How segments have a product, as `covered_products` decides it: segment, assigned category, and the one it is in.

    An item has no categories.
    """
    here = call.tenant.name
    direct = select(item.c.segment_id, null().label("category_id"), null().label("home")).where(
        item.c.tenant == here, item.c.type == rules.PRODUCT, item.c.item_id == product_id
    )
    homes = select(_assigned.c.category_id).where(
        _assigned.c.tenant == here, _assigned.c.product_id == product_id
    )
    assigned = and_(item.c.tenant == here, item.c.type == rules.CATEGORY)
    if subtree(call):
        above = and_(_closure.c.tenant == here, _closure.c.ancestor_id == item.c.item_id)
        by_category = (
            select(item.c.segment_id, item.c.item_id, _closure.c.category_id)
            .join_from(item, _closure, above)
            .where(assigned, _closure.c.category_id.in_(homes))
        )
    else:
        by_category = select(item.c.segment_id, item.c.item_id, item.c.item_id.label("home")).where(
            assigned, item.c.item_id.in_(homes)
        )
    return union(direct, by_category)


async def _found(call: Call, ways: Any, segment_ids: Collection[str]) -> dict[str, list[WayView]]:
    """The ways of each of the segments: as an item first, then by category."""
    statement = select(ways).where(ways.c.segment_id.in_(segment_ids))
    rows = await call.db.all(statement) if segment_ids else []
    paths = await _paths(call, {row.home for row in rows if row.home is not None})
    found: dict[str, list[WayView]] = {id: [] for id in segment_ids}
    for row in sorted(rows, key=lambda row: (row.category_id or "", row.home or "")):
        if row.home is None:
            way = WayView(by="PRODUCT")
        else:
            way = WayView(by="CATEGORY", category_id=row.category_id, path=paths.get(row.home, []))
        found[row.segment_id].append(way)
    return found


async def _paths(call: Call, category_ids: Collection[str]) -> dict[str, list[CategoryStep]]:
    """The path from the root to each of the categories, with the names of now."""
    if not category_ids:
        return {}
    here = call.tenant.name
    named = and_(_category.c.tenant == here, _category.c.id == _closure.c.ancestor_id)
    above: Select[Any] = (
        select(_closure.c.category_id, _closure.c.ancestor_id, _category.c.name)
        .join_from(_closure, _category, named)
        .where(_closure.c.tenant == here, _closure.c.category_id.in_(sorted(category_ids)))
        .order_by(_closure.c.category_id, _closure.c.depth.desc())
    )
    paths: dict[str, list[CategoryStep]] = {}
    for row in await call.db.all(above):
        step = CategoryStep(id=row.ancestor_id, name=filter_map(row.name, call.accept))
        paths.setdefault(row.category_id, []).append(step)
    return paths
