"""Hot reads: a signed-in customer's items and segments, by statements compiled once on the raw driver.

A segment's items are kept in memory as the texts that are sent. Which segments count, and whether what is kept of
them still holds, the database says for every request: `stamped` gives the segments with their stamps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Any, Literal, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, func, null, or_, select

from coterie.database.session import Hot
from coterie.kit.call import Call
from coterie.kit.listing import window
from coterie.kit.wire import encode
from coterie.memory import MEMORY
from coterie.query.json_text import array_text, in_texts, member, object_text
from coterie.query.sql import Str
from coterie.services.customer import facade as customers
from coterie.services.customer_segment import rules
from coterie.services.customer_segment.operations.audience import active_at
from coterie.services.customer_segment.operations.items import code, name, selected
from coterie.services.customer_segment.operations.memory import SegmentItems
from coterie.services.customer_segment.schemas import AllItemsQuery, SegmentsQuery
from coterie.services.customer_segment.tables import item, segment, tree
from coterie.services.customer_segment.tables import member as members

# The queries of a storefront's pages; every other goes the general way.
_TYPES = {None: "", "type:PRODUCT": rules.PRODUCT, "type:CATEGORY": rules.CATEGORY}
# Id, items' stamp (NULL: it never had any) and stamp of the tenant's categories.
Stamped = tuple[Any, ...]
# The most items that one statement brings into memory; a segment with more is read page by page.
_MOST = 10_000


_links = customers.links.subquery("links")
# Which legal entity counts: the token's, the one asked for where the customer has several, or all of his.
How = Literal["token", "asked", "all"]


class Asking(NamedTuple):
    """Whose segments are asked for: the customer (None: nobody), his token's legal entity, the query's."""

    customer_id: str | None
    token_entity: str | None
    asked: str | None

    @classmethod
    def caller(cls, call: Call, legal_entity_id: str | None) -> Asking:
        """The calling customer."""
        return cls(call.caller.customer_id, call.caller.legal_entity_id, legal_entity_id)

    @property
    def how(self) -> How:
        """Which of the statements answers."""
        if self.token_entity is not None:
            return "token"
        return "all" if self.asked is None else "asked"


def serves_items(call: Call, query: AllItemsQuery) -> bool:
    """Whether the hot statements answer the query for items."""
    plain = query.sort is None and query.fields is None and query.q in _TYPES
    return plain and not call.wants_count and call.accept.absent


def serves_segments(call: Call, query: SegmentsQuery) -> bool:
    """Whether the hot statement answers the query for segments."""
    plain = query.sort is None and query.fields is None and query.q is None
    return plain and not call.wants_count and call.accept.absent


async def segments(call: Call, who: Asking, query: SegmentsQuery) -> bytes:
    """The page of the audience's active segments as JSON text."""
    limit, offset = window(call, query)
    statement = _segments(who.how, call.runtime.settings.segment_validity)
    rows = await call.db.hot(statement, **_values(call, who, None), limit=limit, offset=offset)
    page: str = rows[0][0]
    return page.encode()


async def items(call: Call, who: Asking, query: AllItemsQuery) -> bytes:
    """The page of items of the audience's active segments as JSON text."""
    limit, offset = window(call, query)
    mine = await stamped(call, who, query.site_code, with_tree=False)
    type_ = _TYPES[query.q]
    page = _page(_at_hand(call, mine), type_, limit, offset) if _may_keep(call) else None
    if page is not None:
        return page
    known = await kept_items(call, mine)
    page = None if known is None else _page(known, type_, limit, offset)
    return page if page is not None else await _from_database(call, who, query)


async def kept_items(call: Call, stamped: Sequence[Stamped]) -> list[SegmentItems] | None:
    """The items of these segments, from memory where their stamp still stands; None: they can't be kept."""
    if not _may_keep(call):
        return None
    known: list[SegmentItems | None] = []
    missing = []
    for id, stamp, _ in stamped:
        kept = MEMORY.get(("items", call.tenant.name, id)) if stamp is not None else _NONE
        if kept is None or (kept is not _NONE and kept.stamp != stamp):
            missing.append(id)
        known.append(kept)
    if missing:
        loaded = await _load(call, missing, {id: stamp for id, stamp, _ in stamped})
        known = [
            loaded.get(id) if id in missing else kept for (id, *_), kept in zip(stamped, known, strict=True)
        ]
    whole = [each for each in known if each is not None and each.joined is not None]
    return whole if len(whole) == len(known) else None


async def stamped(call: Call, who: Asking, site: str | None, *, with_tree: bool = True) -> Sequence[Stamped]:
    """Each of the audience's active segments by id: id, items' stamp, and the stamp of the tenant's categories."""
    statement = _mine(who.how, call.runtime.settings.segment_validity, with_tree)
    return await call.db.hot(statement, **_values(call, who, site))


def _values(call: Call, who: Asking, site: str | None) -> dict[str, Any]:
    return {
        "tenant": call.tenant.name,
        "customer": who.customer_id or "",
        "entity": who.token_entity or who.asked or rules.NO_ENTITY,
        "at": call.at,
        "site": site or "",
    }


_NONE = SegmentItems.of("", ())


def _may_keep(call: Call) -> bool:
    """Whether stamps tell of every change.

    Where references are open, nothing orders the naming of a product against an assignment that is being written.
    """
    return bool(call.setting("references") != "open")


def _at_hand(call: Call, stamped: Sequence[Stamped]) -> Iterator[SegmentItems | None]:
    """What is in memory of each of these segments that has items; None where it has to be loaded."""
    tenant = call.tenant.name
    for id, stamp, _ in stamped:
        if stamp is not None:
            kept = MEMORY.get(("items", tenant, id))
            yield kept if kept is not None and kept.stamp == stamp else None


def _page(known: Iterable[SegmentItems | None], type_: str, limit: int, offset: int) -> bytes | None:
    """The page of items of this type (empty: of both); None when it takes what is not in memory."""
    out: list[bytes] = []
    for each in known:
        if each is None or each.joined is None:
            return None
        first = each.products_from if type_ == rules.PRODUCT else 0
        number = (each.products_from if type_ == rules.CATEGORY else len(each.ends)) - first
        if offset >= number:
            offset -= number
            continue
        taken = min(number - offset, limit)
        out.append(each.cut(first + offset, first + offset + taken))
        offset, limit = 0, limit - taken
        if not limit:
            break
    return b"[" + b",".join(out) + b"]"


async def _load(call: Call, ids: Sequence[str], stamps: dict[str, str]) -> dict[str, SegmentItems]:
    """The items of these segments, kept from now on; a segment that is not in the answer has to be read again."""
    values = {"tenant": call.tenant.name, "ids": encode(ids).decode(), "limit": _MOST + 1}
    rows = await call.db.hot(_items_of(), **values)
    found: dict[str, SegmentItems] = {}
    for id, group in groupby(rows, key=lambda row: row[0]):
        own = list(group)
        of_categories = sum(row[2] == rules.CATEGORY for row in own)
        found[id] = SegmentItems.of(own[0][1], [row[3] for row in own], of_categories)
    if len(rows) > _MOST:
        # The last one is cut off: too large to be kept, unless others took its place, and then it comes next time.
        cut = rows[-1][0]
        if len(found.pop(cut).ends) > _MOST:
            found[cut] = SegmentItems(rows[-1][1], None)
    else:
        found |= {id: SegmentItems.of(stamps[id], ()) for id in ids if id not in found}
    most = call.runtime.settings.segment_memory
    for id, kept in found.items():
        MEMORY.keep(("items", call.tenant.name, id), kept, kept.size, most)
    return found


async def _from_database(call: Call, who: Asking, query: AllItemsQuery) -> bytes:
    """The page by one statement, for segments that are too large to be kept."""
    limit, offset = window(call, query)
    statement = _paged(who.how, call.runtime.settings.segment_validity)
    values = _values(call, who, query.site_code)
    rows = await call.db.hot(statement, **values, type=_TYPES[query.q], limit=limit, offset=offset)
    page: str = rows[0][0]
    return page.encode()


@cache
def _mine(how: How, windowed: bool, with_tree: bool) -> Hot:
    return Hot(_active(*_stamps(with_tree), how=how, windowed=windowed))


def active_ids(how: How, windowed: bool) -> Select[Any]:
    """The ids of the audience's active segments, as a part of a hot statement."""
    return _active(segment.c.id, how=how, windowed=windowed)


def _stamps(with_tree: bool = True) -> tuple[ColumnElement[Any], ...]:
    of_tree = select(tree.c.stamp).where(tree.c.tenant == text("tenant")).scalar_subquery()
    return segment.c.id, segment.c.items_stamp, of_tree if with_tree else null()


def _now(*, windowed: bool) -> tuple[ColumnElement[bool], ...]:
    """Active at the instant, and at the site if one is named."""
    site = text("site")
    return active_at(text("at"), windowed=windowed), or_(site == "", segment.c.site_code == site)


@cache
def _segments(how: How, windowed: bool) -> Hot:
    metadata = member(segment.c.doc, "metadata")
    built = object_text(
        id=segment.c.id,
        status=segment.c.status,
        siteCode=segment.c.site_code,
        name=member(segment.c.doc, "name"),
        description=member(segment.c.doc, "description"),
        validity=member(segment.c.doc, "validity"),
        mixins=member(segment.c.doc, "mixins"),
        metadata=object_text(
            version=segment.c.version,
            createdAt=segment.c.created_at,
            modifiedAt=segment.c.modified_at,
            mixins=member(metadata, "mixins"),
        ),
    )
    rows = _active(built.label("text"), how=how, windowed=windowed)
    return Hot(array_text(_limited(rows)))


@cache
def _items_of() -> Hot:
    """The items of the segments in a JSON array of ids, each with the stamp that it was read under."""
    here = segment.c.tenant == item.c.tenant, segment.c.id == item.c.segment_id
    rows = (
        selected()
        .join(segment, here[0] & here[1])
        .with_only_columns(item.c.segment_id, segment.c.items_stamp, item.c.type, _text_of_item())
        .where(
            item.c.tenant == text("tenant"),
            in_texts(item.c.segment_id, text("ids")),
            # Of both: else PostgreSQL merges the items with all segments of the tenant, to have them in order.
            in_texts(segment.c.id, text("ids")),
        )
        .order_by(item.c.segment_id, item.c.type, item.c.item_id)
        .limit(bindparam("limit", type_=BigInteger()))
    )
    return Hot(rows)


@cache
def _paged(how: How, windowed: bool) -> Hot:
    type_ = text("type")
    segments = _active(segment.c.id, how=how, windowed=windowed).order_by(None)
    rows = (
        selected()
        .with_only_columns(_text_of_item(), maintain_column_froms=True)
        .where(
            item.c.tenant == text("tenant"),
            item.c.segment_id.in_(segments),
            or_(type_ == "", item.c.type == type_),
        )
        .order_by(item.c.segment_id, item.c.type, item.c.item_id)
    )
    return Hot(array_text(_limited(rows)))


def _active(*columns: ColumnElement[Any], how: How, windowed: bool) -> Select[Any]:
    """The segments, by id, that are active and have the audience as a member, at the site if one is named."""
    tenant, at = text("tenant"), text("at")
    mine = select(members.c.segment_id).where(
        members.c.tenant == tenant,
        members.c.customer_id == text("customer"),
        or_(members.c.expires_at.is_(None), members.c.expires_at > at),
    )
    mine = mine.where(_acting_for(how))
    return (
        select(*columns)
        .where(
            segment.c.tenant == tenant,
            segment.c.id.in_(mine),
            *_now(windowed=windowed),
        )
        .order_by(segment.c.id)
    )


def _acting_for(how: How) -> ColumnElement[bool]:
    """The condition on members that `rules.acting_for` states, decided by the database in the same round trip."""
    entity = members.c.legal_entity_id
    if how == "token":
        return entity.in_([text("entity"), rules.NO_ENTITY])
    his = select(_links.c.legal_entity_id).where(
        _links.c.tenant == text("tenant"), _links.c.customer_id == text("customer")
    )
    several = select(func.count()).select_from(his.subquery()).scalar_subquery() > 1
    chosen = and_(several, entity == text("entity")) if how == "asked" else several
    return or_(entity == rules.NO_ENTITY, chosen, and_(~several, entity.in_(his)))


def _limited(rows: Select[Any]) -> Select[Any]:
    return rows.limit(bindparam("limit", type_=BigInteger())).offset(bindparam("offset", type_=BigInteger()))


def _text_of_item() -> ColumnElement[str]:
    """An item assignment as the text that `items.view_of` would give."""
    metadata = member(item.c.doc, "metadata")
    built = object_text(
        segmentId=item.c.segment_id,
        item=object_text(id=item.c.item_id, code=code, name=name),
        type=item.c.type,
        mixins=member(item.c.doc, "mixins"),
        metadata=object_text(
            version=item.c.version,
            createdAt=item.c.created_at,
            modifiedAt=item.c.modified_at,
            mixins=member(metadata, "mixins"),
        ),
    )
    return built.label("text")


def text(named: str) -> ColumnElement[str]:
    """A value of a hot statement."""
    return bindparam(named, type_=Str())
