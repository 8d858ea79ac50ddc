"""Redemptions: whether a coupon can be redeemed, redeeming it, and taking a redemption back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, delete, select, update

from coterie.database.session import Hot
from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_id
from coterie.kit.errors import Invalid, NotFound, Problem
from coterie.kit.listing import ListQuery, page
from coterie.kit.store import Document
from coterie.kit.wire import to_document
from coterie.query.q_sql import Field, Fields
from coterie.query.sql import Str
from coterie.services.coupon import events, rules
from coterie.services.coupon.operations.coupons import KIND, MANAGE, customer_of, stored, yrn
from coterie.services.coupon.schemas import CustomerQuery, RedemptionCreation
from coterie.services.coupon.tables import coupon, redemption, usage
from coterie.services.customer import facade as customers
from coterie.services.customer_segment import facade as segments

REDEEM = "coupon.coupon_redeem"

_person = customers.names.subquery("person")

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


async def _redeemer(call: Call, body: RedemptionCreation) -> _Redeemer:
    """Raises Forbidden, and Invalid for a customer that is not there or a legal entity he does not act for."""
    caller = call.caller
    customer_id = customer_of(call, body.customer_number)
    himself = customer_id == caller.customer_id
    unchecked = not himself and call.setting("references", "checked") == "open"
    if not himself and not unchecked:
        await _check_customer(call, customer_id)
    companies: tuple[str, ...] = ()
    if customer_id is not None:
        if himself and caller.legal_entity_id is not None:
            companies = (caller.legal_entity_id,)
        else:
            companies = await customers.companies_of(call, customer_id)
    asked = body.legal_entity_id
    if not unchecked:
        problems = rules.entity_problems(companies, asked, guest=customer_id is None)
        if problems:
            raise Invalid(problems[0].message, problems=problems)
    return _Redeemer(customer_id, rules.acting_for(companies, asked))


async def _check_customer(call: Call, customer_id: str | None) -> None:
    known = select(_person.c.id).where(_person.c.tenant == call.tenant.name, _person.c.id == customer_id)
    if await call.db.first(known) is None:
        text = f"there is no customer {customer_id!r}"
        raise Invalid(problems=(Problem.violation("customerNumber", text),))


_USED = Hot(
    select(usage.c.count).where(
        usage.c.tenant == bindparam("tenant", type_=Str()),
        usage.c.code == bindparam("code", type_=Str()),
        usage.c.customer_id == bindparam("customer", type_=Str()),
        usage.c.legal_entity_id == bindparam("entity", type_=Str()),
    )
)


async def _attempt(call: Call, row: Row[Any], who: _Redeemer, document: Document) -> rules.Attempt:
    """What the rules need to know of a redemption."""
    used, in_segment = 0, False
    coupon_document = KIND.document_of(row)
    if who.customer_id is not None:
        counters = await call.db.hot(
            _USED, tenant=call.tenant.name, code=row.code, customer=who.customer_id, entity=who.entity
        )
        used = counters[0][0] if counters else 0
        if coupon_document["segmentRestricted"]:
            ids = coupon_document["restrictions"]["segments"]
            in_segment = bool(await segments.memberships(call, who.customer_id, who.entity or None, ids))
    return rules.Attempt(
        at=call.at,
        customer_id=who.customer_id,
        used=used,
        in_segment=in_segment,
        order_total=rules.Money.of(document["orderTotal"]),
        discount=rules.Money.of(document["discount"]),
    )


async def _checked(call: Call, row: Row[Any], body: RedemptionCreation) -> tuple[_Redeemer, Document]:
    """Who redeems, and the redemption's document. Raises Invalid, naming every rule that forbids it."""
    problems: list[Problem] = []
    document: Document = {
        "orderTotal": rules.money(to_document(body.order_total), "orderTotal", problems),
        "discount": rules.money(to_document(body.discount), "discount", problems),
    }
    if body.order_code is not None:
        document["orderCode"] = body.order_code
    if problems:
        raise Invalid(problems=problems)
    who = await _redeemer(call, body)
    terms = rules.Terms.of(KIND.document_of(row), row.redemption_count)
    problems = rules.refusals(terms, await _attempt(call, row, who, document))
    if problems:
        raise Invalid(f"The coupon {row.code} can't be redeemed: {problems[0].message}.", problems=problems)
    return who, document


async def validate_coupon(call: Call, code: str, body: RedemptionCreation) -> None:
    """Whether the coupon could be redeemed now, by all the rules of a redemption. Raises Invalid."""
    await _checked(call, await stored(call, code), body)


async def redeem_coupon(call: Call, code: str, body: RedemptionCreation) -> Reply:
    """Redeem the coupon. Its row stays locked until the commit, so the counts that are checked are exact."""
    row = await stored(call, code, lock=True)
    who, document = await _checked(call, row, body)
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


async def _count(call: Call, code: str, customer_id: str | None, entity: str, by: int) -> None:
    """Add to the counters of the coupon, whose row is locked, of the customer, and of the legal entity."""
    whole = update(coupon).where(KIND.where(call, (code,)))
    await call.db.run(whole.values(redemption_count=coupon.c.redemption_count + by))
    if customer_id is None:
        return
    rows = [
        {"tenant": call.tenant.name, "code": code, "customer_id": who, "legal_entity_id": entity, "count": by}
        for who in ([customer_id, ""] if entity else [customer_id])
    ]
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
