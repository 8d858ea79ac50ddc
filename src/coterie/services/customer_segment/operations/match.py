"""Match: which products segments cover, as items or by their categories, from what is kept in memory of each.

The database says for every request which segments count, and by their stamps whether what is kept still holds. What
a stamp does not tell of is never kept, and what is answered is what the tables held when the stamps were read.
A shop asks for the same few combinations of segments again and again, so what one covers is kept joined as well.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from sys import getsizeof, intern
from typing import Any

from sqlalchemy import BigInteger, CompoundSelect, bindparam, select, union

from coterie.database.session import Hot
from coterie.kit.call import Call
from coterie.kit.errors import Invalid, Problem
from coterie.kit.store import Document
from coterie.kit.wire import encode, parse
from coterie.memory import MEMORY
from coterie.query.json_text import array_text, in_texts, quoted
from coterie.services.category import facade as categories
from coterie.services.customer_segment import rules
from coterie.services.customer_segment.operations import hot
from coterie.services.customer_segment.operations.audience import active_at, subtree
from coterie.services.customer_segment.operations.hot import text
from coterie.services.customer_segment.schemas import Match
from coterie.services.customer_segment.tables import item, segment, tree

_assigned = categories.assignments.subquery("assigned")
_closure = categories.closure.subquery("closure")
# The most products that one statement brings into memory; a segment that covers more is asked about in the database.
_MOST = 10_000
# How often what lacks in memory is loaded for one request, before the database answers.
_LOADS = 2
# What is kept of a combination of segments that was asked for once: of many there never is a second time.
_ONCE = object()

# Of a segment's items, of the products in categories and, where descendants count, of the tree.
_Stamp = tuple[str | None, ...]


@dataclass(frozen=True)
class _Coverage:
    """The products that a segment covers, while the stamp stands; None: more than are kept in memory."""

    stamp: _Stamp
    products: frozenset[str] | None


async def match(call: Call, body: Match) -> list[Document]:
    """Those of the products that the active ones of these segments cover at the site, in the order asked."""
    site = body.site if body.site is not None else body.site_code
    if site is None:
        raise Invalid(problems=(Problem.violation("site", "is required; name the site as site or siteCode"),))
    asked = dict.fromkeys([each.id for each in body.items])
    values = {"ids": encode(body.segment_ids).decode(), "at": call.at, "site": site}
    found = await _covered(call, values, asked)
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


async def _covered(call: Call, values: dict[str, str], asked: Collection[str]) -> Collection[str]:
    """Those of the products that the active ones of the segments cover, and maybe others that they cover.

    From memory where that holds all of them. After a load the stamps are read again, so that all of the answer is of
    one instant.
    """
    deep, here = subtree(call), call.tenant.name
    active = _active(deep, call.runtime.settings.segment_validity)
    segments: dict[str, _Stamp] = {}
    for _ in range(_LOADS + 1):
        (row,) = await call.db.hot(active, tenant=here, **values)
        key = ("matched", here, row)
        kept = MEMORY.get(key)
        if kept is not None and kept is not _ONCE:
            covered: Collection[str] = kept
            return covered
        texts, *common = row
        pairs = iter(parse(texts.encode()))
        segments = {id: (stamp, *common) for id, stamp in zip(pairs, pairs, strict=True)}
        known, missing = _kept(here, segments)
        if not missing:
            if None in known:
                break
            return _joined(call, key, [each for each in known if each], asked, kept is _ONCE)
        await _load(call, deep, missing)
    return await covered_products(call, list(segments), list(asked))


def _kept(here: str, segments: dict[str, _Stamp]) -> tuple[list[frozenset[str] | None], dict[str, _Stamp]]:
    """What is known of the segments, and the stamps of those of which it must be loaded."""
    known: list[frozenset[str] | None] = []
    missing = {}
    for id, stamp in segments.items():
        kept: _Coverage | None = MEMORY.get(("match", here, id))
        if kept is not None and kept.stamp == stamp:
            known.append(kept.products)
        else:
            missing[id] = stamp
    return known, missing


def _joined(
    call: Call, key: tuple[Any, ...], known: list[frozenset[str]], asked: Collection[str], again: bool
) -> Collection[str]:
    """What a combination of segments covers, kept when it is asked for again; else what of it was asked for."""
    most, texts = call.runtime.settings.segment_memory, 400 + len(key[2][0])
    if again and sum(map(len, known)) <= _MOST:
        whole = frozenset(set().union(*known))
        MEMORY.keep(key, whole, texts + getsizeof(whole), most)
        return whole
    if not again:
        MEMORY.keep(key, _ONCE, texts, most)
    wanted = set(asked)
    return set().union(*[wanted & each for each in known])


async def _load(call: Call, deep: bool, missing: dict[str, _Stamp]) -> None:
    """Keep what these segments cover, as many as one statement brings.

    It is kept under stamps that were read before: what changed since has others, and is loaded again.
    """
    here = call.tenant.name
    rows = await call.db.hot(
        _products(deep, some=False), tenant=here, ids=encode(list(missing)).decode(), limit=_MOST + 1
    )
    found = {
        # A set that is a copy takes half the room of one that grew.
        id: frozenset({intern(row[1]) for row in group})
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
        # Without the ids: each product's is there once, for all the segments that cover it.
        size = 600 + (getsizeof(products) if products else 0)
        MEMORY.keep(("match", here, id), _Coverage(missing[id], products), size, most)


@cache
def _active(deep: bool, windowed: bool) -> Hot:
    """Those of the segments in a JSON array of ids that have items, are active at the instant and stand on the site.

    One row: a JSON array of each one's id and its items' stamp in turn, the stamp of the products in categories and,
    where descendants count, that of the tree.
    """
    here = segment.c.tenant == text("tenant"), in_texts(segment.c.id, text("ids"))
    # Not the plain column: by its index, all segments of the site would be read.
    at_site = segment.c.site_code.concat("") == text("site")
    pairs = (
        select(quoted(segment.c.id).concat(",").concat(quoted(segment.c.items_stamp)))
        .where(*here, active_at(text("at"), windowed=windowed), at_site)
        .where(segment.c.items_stamp.is_not(None))
    )
    of_tenant = (tree.c.products_stamp, tree.c.stamp) if deep else (tree.c.products_stamp,)
    own = tree.c.tenant == text("tenant")
    return Hot(
        array_text(pairs).add_columns(*(select(each).where(own).scalar_subquery() for each in of_tenant))
    )


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
