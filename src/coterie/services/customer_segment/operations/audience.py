"""Who is asking: everything, or only the active segments that a customer belongs to (CONTRACT §3.1, own scope)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, literal, or_, select, true

from coterie.kit.call import Call
from coterie.query.sql import Str
from coterie.services.customer import facade as customers
from coterie.services.customer_segment import rules
from coterie.services.customer_segment.tables import member, segment

READ = "customersegment.segment_read"
READ_OWN = "customersegment.segment_read_own"
MANAGE = "customersegment.segment_manage"


@dataclass(frozen=True)
class Audience:
    """A customer whose segments are asked for. `entity` None: for every legal entity of his."""

    customer_id: str | None
    entity: str | None


def sees_all(call: Call) -> bool:
    """Whether the caller reads all segments: of two scopes the broader wins."""
    return call.caller.may((READ,))


async def audience(
    call: Call, legal_entity_id: str | None, customer_id: str | None = None
) -> Audience | None:
    """The customer to whose segments the answer is limited, None where there is no limit. Raises Forbidden.

    `customer_id` is the query parameter with which a reader names another customer.
    """
    if customer_id is not None:
        call.require(READ)
        return await of_customer(call, customer_id, None, legal_entity_id)
    if sees_all(call):
        return None
    return await of_caller(call, legal_entity_id)


async def of_caller(call: Call, legal_entity_id: str | None) -> Audience:
    """The calling customer; a token without a customer belongs to no segment."""
    caller = call.caller
    if caller.customer_id is None:
        return Audience(None, rules.NO_ENTITY)
    return await of_customer(call, caller.customer_id, caller.legal_entity_id, legal_entity_id)


async def of_customer(call: Call, customer_id: str, token_entity: str | None, asked: str | None) -> Audience:
    """A customer, for the legal entity that counts."""
    companies = () if token_entity is not None else await customers.companies_of(call, customer_id)
    return Audience(customer_id, rules.acting_for(token_entity, companies, asked))


def membership(call: Call, who: Audience) -> ColumnElement[bool]:
    """The condition on members: those of this audience that count at the instant of the request."""
    conditions = [
        member.c.tenant == call.tenant.name,
        member.c.customer_id == (who.customer_id if who.customer_id is not None else ""),
        or_(member.c.expires_at.is_(None), member.c.expires_at > call.at),
    ]
    if who.entity is not None:
        conditions.append(member.c.legal_entity_id.in_(sorted({who.entity, rules.NO_ENTITY})))
    return and_(*conditions)


def active(call: Call) -> ColumnElement[bool]:
    """The condition on segments: active at the instant of the request."""
    return active_at(literal(call.at, Str()), windowed=call.runtime.settings.segment_validity)


def active_at(at: ColumnElement[str], *, windowed: bool) -> ColumnElement[bool]:
    """The condition on segments: active at an instant, by status and, unless switched off, by window.

    `from` is inclusive, `to` exclusive, a missing bound open (decision 1). Nothing ever flips the status.
    """
    if not windowed:
        return segment.c.status == "ACTIVE"
    return and_(
        segment.c.status == "ACTIVE",
        or_(segment.c.valid_from.is_(None), segment.c.valid_from <= at),
        or_(segment.c.valid_to.is_(None), segment.c.valid_to > at),
    )


def visible(call: Call, who: Audience | None) -> ColumnElement[bool]:
    """The condition on segments: all for a reader, else the active ones of the audience."""
    if who is None:
        return true()
    return and_(active(call), belongs(call, who))


def belongs(call: Call, who: Audience) -> ColumnElement[bool]:
    """The condition on segments: the audience is a member."""
    mine = select(member.c.segment_id).where(membership(call, who))
    return segment.c.id.in_(mine)


def subtree(call: Call) -> bool:
    """Whether an assigned category covers its descendants as well (tenant setting, decision 3)."""
    return bool(call.setting("segments.categoryScope") == "subtree")
