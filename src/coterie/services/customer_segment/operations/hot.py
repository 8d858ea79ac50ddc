"""Hot reads: a signed-in customer's items, by a statement compiled once whose JSON the database builds."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, or_, select

from coterie.database.session import Hot
from coterie.kit.call import Call
from coterie.kit.listing import window
from coterie.query.json_text import array_text, member, object_text
from coterie.query.sql import Str
from coterie.services.customer_segment import rules
from coterie.services.customer_segment.operations.audience import Audience, active_at
from coterie.services.customer_segment.operations.items import code, name, selected
from coterie.services.customer_segment.schemas import AllItemsQuery
from coterie.services.customer_segment.tables import item, segment
from coterie.services.customer_segment.tables import member as members

# The queries of a storefront's pages; every other goes the general way.
_TYPES = {None: "", "type:PRODUCT": rules.PRODUCT, "type:CATEGORY": rules.CATEGORY}


def serves(call: Call, query: AllItemsQuery) -> bool:
    """Whether the query is one that the hot statement answers."""
    plain = query.sort is None and query.fields is None and query.q in _TYPES
    return plain and not call.wants_count and call.accept.absent


async def items(call: Call, who: Audience, query: AllItemsQuery) -> bytes:
    """The page of items as JSON text."""
    limit, offset = window(call, query)
    statement = _statement(who.entity is not None, call.runtime.settings.segment_validity)
    rows = await call.db.hot(
        statement,
        tenant=call.tenant.name,
        customer=who.customer_id or "",
        entity=who.entity or rules.NO_ENTITY,
        at=call.at,
        site=query.site_code or "",
        type=_TYPES[query.q],
        limit=limit,
        offset=offset,
    )
    text: str = rows[0][0]
    return text.encode()


@cache
def _statement(entity_named: bool, windowed: bool) -> Hot:
    """The statement for one entity, or for all of the customer's."""
    tenant, at, site, type_ = _text("tenant"), _text("at"), _text("site"), _text("type")
    mine = select(members.c.segment_id).where(
        members.c.tenant == tenant,
        members.c.customer_id == _text("customer"),
        or_(members.c.expires_at.is_(None), members.c.expires_at > at),
    )
    if entity_named:
        mine = mine.where(members.c.legal_entity_id.in_([_text("entity"), rules.NO_ENTITY]))
    segments = select(segment.c.id).where(
        segment.c.tenant == tenant,
        segment.c.id.in_(mine),
        active_at(at, windowed=windowed),
        or_(site == "", segment.c.site_code == site),
    )
    rows = (
        _texts()
        .where(
            item.c.tenant == tenant, item.c.segment_id.in_(segments), or_(type_ == "", item.c.type == type_)
        )
        .order_by(item.c.segment_id, item.c.type, item.c.item_id)
        .limit(bindparam("limit", type_=BigInteger()))
        .offset(bindparam("offset", type_=BigInteger()))
    )
    return Hot(array_text(rows))


def _texts() -> Select[Any]:
    """Item assignments as the text that `items.view_of` would give."""
    metadata = member(item.c.doc, "metadata")
    text = object_text(
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
    return selected().with_only_columns(text.label("text"), maintain_column_froms=True)


def _text(named: str) -> ColumnElement[str]:
    return bindparam(named, type_=Str())
