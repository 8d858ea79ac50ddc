"""Match: which products segments cover, as items or by their categories, from what is kept in memory of each.

The database says for every request which segments count, and by their stamps whether what is kept still holds. What
a stamp does not tell of is never kept, and what is answered is what the tables held when the stamps were read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from sys import getsizeof, intern
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, CompoundSelect, bindparam, func, select, union

from coterie.database.session import Hot
from coterie.kit.call import Call
from coterie.kit.errors import Invalid, Problem
from coterie.kit.store import Document
from coterie.kit.wire import encode
from coterie.query.json_text import in_texts
from coterie.services.category import facade as categories
from coterie.services.customer_segment import rules
from coterie.services.customer_segment.operations import hot
from coterie.services.customer_segment.operations.audience import active_at, subtree
from coterie.services.customer_segment.operations.hot import text
from coterie.services.customer_segment.operations.memory import MEMORY
from coterie.services.customer_segment.schemas import Match
from coterie.services.customer_segment.tables import item, segment, tree

_assigned = categories.assignments.subquery("assigned")
_closure = categories.closure.subquery("closure")
# The most products that one statement brings into memory; a segment that covers more is asked about in the database.
_MOST = 10_000
# How often what lacks in memory is loaded for one request, before the database answers.
_LOADS = 2
# An id takes about so many bytes of memory beside its place in the set.
_ID = 70


@dataclass(frozen=True)
class _Coverage:
    """The products that a segment covers, while the stamp stands; None: more than are kept in memory."""

    stamp: str
    products: frozenset[str] | None


async def match(call: Call, body: Match) -> list[Document]:
    """Those of the products that the active ones of these segments cover at the site, in the order asked."""
    site = body.site if body.site is not None else body.site_code
    if site is None:
        raise Invalid(problems=(Problem.violation("site", "is required; name the site as site or siteCode"),))
    asked = dict.fromkeys([each.id for each in body.items])
    values = {"ids": encode(body.segment_ids).decode(), "at": call.at, "site": site}
    found = await _covered(call, values, set(asked))
    return [{"id": id} for id in asked if id in found]


async def eligible(
    call: Call, who: hot.Asking, segment_ids: Collection[str], site: str | None
) -> list[hot.Stamped]:
    """Those of the segments that are active, stand on the site, and have the audience as a member."""
    return [each for each in await hot.stamped(call, who, site) if each[0] in segment_ids]


async def covered_products(
    call: Call, segment_ids: Sequence[str], product_ids: Sequence[str]
) -> Collection[str]:
    """Those of the products that are assigned to these segments, or lie in a category that is."""
    if not segment_ids or not product_ids:
        return ()
    found = await call.db.hot(
        _products(subtree(call), some=True),
        tenant=call.tenant.name,
        ids=encode(segment_ids).decode(),
        products=encode(product_ids).decode(),
        limit=len(segment_ids) * len(product_ids),
    )
    return {row[1] for row in found}


async def _covered(call: Call, values: dict[str, str], asked: set[str]) -> Collection[str]:
    """Those of the products that the active ones of the segments cover, from memory where that holds all of them.

    After a load the stamps are read again, so that all of the answer is of one instant.
    """
    deep, here = subtree(call), call.tenant.name
    active = _active(deep, call.runtime.settings.segment_validity)
    rows: Sequence[tuple[Any, ...]] = ()
    for _ in range(_LOADS + 1):
        rows = await call.db.hot(active, tenant=here, **values)
        known, missing = _kept(here, rows)
        if not missing:
            if None in known:
                break
            return set().union(*[asked & each for each in known if each])
        await _load(call, deep, missing)
    return await covered_products(call, [row[0] for row in rows], list(asked))


def _kept(here: str, rows: Sequence[tuple[Any, ...]]) -> tuple[list[frozenset[str] | None], dict[str, str]]:
    """What is known of the segments that have items, and the stamps of those of which it must be loaded."""
    known: list[frozenset[str] | None] = []
    missing = {}
    for id, stamp in rows:
        kept: _Coverage | None = MEMORY.get(("match", here, id))
        if kept is not None and kept.stamp == stamp:
            known.append(kept.products)
        elif stamp is not None:
            missing[id] = stamp
    return known, missing


async def _load(call: Call, deep: bool, missing: dict[str, str]) -> None:
    """Keep what these segments cover, as many as one statement brings.

    It is kept under stamps that were read before: what changed since has others, and is loaded again.
    """
    here = call.tenant.name
    rows = await call.db.hot(
        _products(deep, some=False), tenant=here, ids=encode(list(missing)).decode(), limit=_MOST + 1
    )
    found = {
        id: frozenset([intern(row[1]) for row in group])
        for id, group in groupby(rows, key=lambda row: row[0])
    }
    nothing: frozenset[str] = frozenset()
    kept: dict[str, frozenset[str] | None] = {id: found.get(id, nothing) for id in missing}
    if len(rows) > _MOST:
        # The last one is cut off: too large to be kept, unless others took its place, and then it comes next time.
        cut = rows[-1][0]
        kept = {id: products for id, products in found.items() if id != cut}
        if len(found[cut]) > _MOST:
            kept[cut] = None
    most = call.runtime.settings.segment_memory
    for id, products in kept.items():
        size = 600 + (getsizeof(products) + _ID * len(products) if products else 0)
        MEMORY.keep(("match", here, id), _Coverage(missing[id], products), size, most)


@cache
def _active(deep: bool, windowed: bool) -> Hot:
    """Those of the segments in a JSON array of ids that are active at the instant and stand on the site, each with
    the stamp of what it covers: of its items, of the products in categories and, where descendants count, of the tree.
    """
    own = tree.c.tenant == text("tenant")
    columns = (tree.c.products_stamp, tree.c.stamp) if deep else (tree.c.products_stamp,)
    stamp: ColumnElement[str] = segment.c.items_stamp
    for column in columns:
        stamp = stamp.concat(func.coalesce(select(column).where(own).scalar_subquery(), "-"))
    here = segment.c.tenant == text("tenant"), in_texts(segment.c.id, text("ids"))
    # Not the plain column: by its index, all segments of the site would be read.
    at_site = segment.c.site_code.concat("") == text("site")
    return Hot(select(segment.c.id, stamp).where(*here, active_at(text("at"), windowed=windowed), at_site))


@cache
def _products(deep: bool, *, some: bool) -> Hot:
    """Segment and product, for the segments in a JSON array of ids; `some`: of the products in another."""
    rows = _both(deep, some).subquery()
    return Hot(select(rows).order_by(rows.c.segment_id).limit(bindparam("limit", type_=BigInteger())))


def _both(deep: bool, some: bool) -> CompoundSelect[Any]:
    here = item.c.tenant == text("tenant"), in_texts(item.c.segment_id, text("ids"))
    direct = select(item.c.segment_id, item.c.item_id.label("product_id")).where(
        *here, item.c.type == rules.PRODUCT
    )
    by_category = select(item.c.segment_id, _assigned.c.product_id).where(
        *here, item.c.type == rules.CATEGORY, _assigned.c.tenant == item.c.tenant
    )
    if deep:
        by_category = by_category.where(
            _closure.c.tenant == item.c.tenant,
            _closure.c.ancestor_id == item.c.item_id,
            _assigned.c.category_id == _closure.c.category_id,
        )
    else:
        by_category = by_category.where(_assigned.c.category_id == item.c.item_id)
    if some:
        wanted = text("products")
        direct = direct.where(in_texts(item.c.item_id, wanted))
        by_category = by_category.where(in_texts(_assigned.c.product_id, wanted))
    return union(direct, by_category)
