"""Redemptions: whether a coupon can be redeemed, redeeming it, and taking a redemption back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, delete, select, type_coerce, update

from coterie.database.session import HotRows, Retry
from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_id
from coterie.kit.errors import Invalid, NotFound, Problem, Unauthorized
from coterie.kit.listing import ListQuery, page
from coterie.kit.outbox import Event
from coterie.kit.store import Document
from coterie.kit.wire import to_document
from coterie.query.json_text import array_text, object_text
from coterie.query.q_sql import Field, Fields
from coterie.query.sql import Json, Str
from coterie.services.coupon import events, rules
from coterie.services.coupon.operations.coupons import KIND, MANAGE, code_of, customer_of, stored, yrn
from coterie.services.coupon.schemas import CustomerQuery, RedemptionCreation
from coterie.services.coupon.tables import coupon, redemption, usage
from coterie.services.customer import facade as customers
from coterie.services.customer_segment import facade as segments

REDEEM = "coupon.coupon_redeem"

_person = customers.names.subquery("person")
_links = customers.links.subquery("links")

FIELDS = Fields(
    {
        "id": Field(redemption.c.id),
        "code": Field(redemption.c.code),
        "customerNumber": Field(redemption.c.customer_id),
        "legalEntityId": Field(redemption.c.legal_entity_id),
        "redeemedAt": Field(redemption.c.redeemed_at, "date"),
    },
    redemption.c.doc,
)


@dataclass(frozen=True)
class _Redeemer:
    """For whom a coupon is redeemed: a customer (None: a guest) and the legal entity he acts for."""

    customer_id: str | None
    entity: str


def _redeemer(call: Call, body: RedemptionCreation, facts: Row[Any]) -> _Redeemer:
    """Raises Forbidden, and Invalid for a customer that is not there or a legal entity he does not act for."""
    caller = call.caller
    customer_id = customer_of(call, body.customer_number)
    himself = customer_id == caller.customer_id
    unchecked = not himself and call.setting("references") == "open"
    if not himself and not unchecked and facts.customer is None:
        text = f"there is no customer {customer_id!r}"
        raise Invalid(problems=(Problem.violation("customerNumber", text),))
    companies: Collection[str] = ()
    if customer_id is not None:
        if himself and caller.legal_entity_id is not None:
            companies = (caller.legal_entity_id,)
        else:
            companies = [each["id"] for each in facts.companies]
    asked = body.legal_entity_id
    if not unchecked:
        problems = rules.entity_problems(companies, asked, guest=customer_id is None)
        if problems:
            raise Invalid(problems[0].message, problems=problems)
    return _Redeemer(customer_id, rules.acting_for(companies, asked))


async def _facts(call: Call, code: str, body: RedemptionCreation) -> Row[Any]:
    """The coupon's row with all that its rules ask of the customer, by one statement. Raises NotFound.

    Whether the caller may name that customer is decided later.
    """
    caller, customer_id = call.caller, body.customer_number
    entity = body.legal_entity_id
    if customer_id is None or customer_id == caller.customer_id:
        customer_id = caller.customer_id
        entity = caller.legal_entity_id if entity is None else entity
    key = code_of(call, code)
    row = await _asked(bool(entity), call.runtime.settings.segment_validity).first(
        call.db,
        tenant=call.tenant.name,
        code=key,
        customer=customer_id or "",
        entity=entity or "",
        at=call.at,
        site="",
    )
    if row is None or row.deleted:
        raise NotFound("coupon", key)
    return row


def _text(name: str) -> ColumnElement[str]:
    return bindparam(name, type_=Str())


@cache
def _asked(for_entity: bool, windowed: bool) -> HotRows:
    """A coupon with the customer's id (NULL: there is none), companies, counts by legal entity, and segments.

    for_entity: whether the legal entity is known; otherwise the segments are those for all of his.
    """
    person = select(_person.c.id).where(
        _person.c.tenant == _text("tenant"), _person.c.id == _text("customer")
    )
    companies = select(object_text(id=_links.c.legal_entity_id)).where(
        _links.c.tenant == _text("tenant"), _links.c.customer_id == _text("customer")
    )
    used = select(object_text(entity=usage.c.legal_entity_id, count=usage.c.count)).where(
        usage.c.tenant == _text("tenant"),
        usage.c.code == _text("code"),
        usage.c.customer_id == _text("customer"),
    )
    mine = segments.memberships(for_entity=for_entity, windowed=windowed).subquery()
    return HotRows(
        select(
            coupon,
            person.scalar_subquery().label("customer"),
            _list(companies).label("companies"),
            _list(used).label("used"),
            _list(select(object_text(id=mine.c.id))).label("segments"),
        ).where(coupon.c.tenant == _text("tenant"), coupon.c.code == _text("code"))
    )


def _list(rows: Select[Any]) -> ColumnElement[Any]:
    return type_coerce(array_text(rows).scalar_subquery(), Json())


def _attempt(
    call: Call, facts: Row[Any], segment_ids: Sequence[str], who: _Redeemer, document: Document
) -> rules.Attempt:
    """What the rules need to know of a redemption; segment_ids: for whose members the coupon is."""
    used, in_segment = 0, False
    if who.customer_id is not None:
        used = next((each["count"] for each in facts.used if each["entity"] == who.entity), 0)
        in_segment = any(each["id"] in segment_ids for each in facts.segments)
    return rules.Attempt(
        at=call.at,
        customer_id=who.customer_id,
        used=used,
        in_segment=in_segment,
        order_total=rules.Money.of(document["orderTotal"]),
        discount=rules.Money.of(document["discount"]),
    )


async def _checked(call: Call, code: str, body: RedemptionCreation) -> tuple[Row[Any], _Redeemer, Document]:
    """The coupon, who redeems it, and the redemption's document.

    Raises NotFound, Forbidden, and Invalid that names every rule that forbids it.
    """
    facts = await _facts(call, code, body)
    problems: list[Problem] = []
    document: Document = {
        "orderTotal": rules.money(to_document(body.order_total), "orderTotal", problems),
        "discount": rules.money(to_document(body.discount), "discount", problems),
    }
    if body.order_code is not None:
        document["orderCode"] = body.order_code
    if problems:
        raise Invalid(problems=problems)
    who = _redeemer(call, body, facts)
    terms_document = KIND.document_of(facts)
    segment_ids = terms_document.get("restrictions", {}).get("segments", ())
    terms = rules.Terms.of(terms_document, facts.redemption_count)
    problems = rules.refusals(terms, _attempt(call, facts, segment_ids, who, document))
    if problems:
        raise Invalid(f"The coupon {facts.code} can't be redeemed: {problems[0].message}.", problems=problems)
    return facts, who, document


async def validate_coupon(call: Call, code: str, body: RedemptionCreation) -> None:
    """Whether the coupon could be redeemed now, by all the rules of a redemption. Raises Invalid."""
    await _checked(call, code, body)


async def redeem_coupon(call: Call, code: str, body: RedemptionCreation) -> Reply:
    """Redeem the coupon. Its row stays locked until the commit, so the counts that are checked are exact."""
    await stored(call, code, lock=True)
    row, who, document = await _checked(call, code, body)
    await _keep(call, row, who)
    created = {
        "tenant": call.tenant.name,
        "code": row.code,
        "id": new_id(),
        "customer_id": who.customer_id,
        "legal_entity_id": who.entity or None,
        "doc": document,
        "redeemed_at": call.at,
    }
    added = await call.db.all(redemption.insert().values(created).returning(redemption))
    await _count(call, row.code, who.customer_id, who.entity, 1)
    payload = events.redemption(call.tenant.name, _view(added[0]))
    call.emit(events.COUPON_REDEEMED, events.subject(row.code), payload, internal=True)
    return Reply(201, {"id": created["id"], "yrn": yrn(call, "redemption", created["id"])})


async def _keep(call: Call, facts: Row[Any], who: _Redeemer) -> None:
    """Keep the customer from being deleted until the commit: his number would stay in a redemption that he is not
    taken out of. Raises Retry when he was deleted since the facts, and Unauthorized when it is he who asks."""
    if who.customer_id is None:
        return
    if facts.customer is not None and not await customers.existing(call, [who.customer_id]):
        raise Retry("the customer was deleted a moment ago")
    if facts.customer is None and who.customer_id == call.caller.customer_id:
        raise Unauthorized


async def _count(call: Call, code: str, customer_id: str | None, entity: str, by: int) -> None:
    """Add to the counters of the coupon, whose row is locked, of the customer, and of the legal entity.

    customer_id: None for a guest, and for a customer who is deleted.
    """
    whole = update(coupon).where(KIND.where(call, (code,)))
    await call.db.run(whole.values(redemption_count=coupon.c.redemption_count + by))
    rows = [
        {"tenant": call.tenant.name, "code": code, "customer_id": who, "legal_entity_id": entity, "count": by}
        for who in (customer_id, "" if entity else None)
        if who is not None
    ]
    if not rows:
        return
    counters = call.db.insert(usage).values(rows)
    await call.db.run(
        counters.on_conflict_do_update(
            index_elements=usage.primary_key.columns, set_={"count": usage.c.count + by}
        )
    )


def _counter(call: Call, code: str, customer_id: str, entity: str) -> ColumnElement[bool]:
    columns = usage.c
    return and_(
        columns.tenant == call.tenant.name,
        columns.code == code,
        columns.customer_id == customer_id,
        columns.legal_entity_id == entity,
    )


def _view(row: Row[Any]) -> Document:
    """A redemption as clients see it."""
    optional = {"customerNumber": row.customer_id, "legalEntityId": row.legal_entity_id}
    given = {name: value for name, value in optional.items() if value is not None}
    return {"id": row.id, "code": row.code, **given, **row.doc, "redeemedAt": row.redeemed_at}


async def list_redemptions(call: Call, code: str, query: ListQuery) -> Reply:
    """The redemptions of a coupon, also of a deleted one."""
    row = await stored(call, code, deleted=True)
    statement = select(redemption).where(
        redemption.c.tenant == call.tenant.name, redemption.c.code == row.code
    )
    return await page(call, statement, query, FIELDS, view=_view, tie_break=[redemption.c.id])


def _one(call: Call, code: str, id: str) -> ColumnElement[bool]:
    columns = redemption.c
    return and_(columns.tenant == call.tenant.name, columns.code == code, columns.id == id)


async def get_redemption(call: Call, code: str, id: str, query: CustomerQuery) -> Document:
    """One redemption: any for a manager, else the caller's own or that of the customer he acts for.

    Others are not found.
    """
    manager = call.caller.may((MANAGE,))
    customer_id = customer_of(call, query.customer_number)
    if not manager and customer_id == call.caller.customer_id:
        call.require(REDEEM)
    coupon_row = await stored(call, code, deleted=True)
    row = await call.db.first(select(redemption).where(_one(call, coupon_row.code, id)))
    if row is None or not (manager or (customer_id is not None and row.customer_id == customer_id)):
        raise NotFound("redemption", id)
    return _view(row)


async def delete_redemption(call: Call, code: str, id: str) -> None:
    """Delete a redemption, which gives its count back to the coupon, the customer and the legal entity."""
    coupon_row = await stored(call, code, lock=True, deleted=True)
    gone = delete(redemption).where(_one(call, coupon_row.code, id)).returning(redemption)
    row = await call.db.first(gone)
    if row is None:
        raise NotFound("redemption", id)
    await _count(call, row.code, row.customer_id, row.legal_entity_id or rules.HIMSELF, -1)
    payload = events.redemption(call.tenant.name, _view(row))
    call.emit(events.REDEMPTION_DELETED, events.subject(row.code), payload, internal=True)


async def forget_customers(call: Call, deleted: list[Event]) -> None:
    """Redemptions of deleted customers stay, for the merchant's accounts, and name nobody; their counters go."""
    ids = [event.facts["id"] for event in deleted]
    for statement, columns in (
        (update(redemption).values(customer_id=None), redemption.c),
        (delete(usage), usage.c),
    ):
        await call.db.run(statement.where(columns.tenant == call.tenant.name, columns.customer_id.in_(ids)))
