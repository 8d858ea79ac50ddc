"""Coupons: create, read, replace, patch, delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, case, delete, literal, select, update

from coterie.database.session import HotRows
from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_code
from coterie.kit.errors import Invalid, NotFound, Problem
from coterie.kit.listing import page
from coterie.kit.patch import PatchError, merge
from coterie.kit.store import Change, Document, How, Kind, Write, Written, prepared, store_one
from coterie.kit.wire import convert, to_document
from coterie.query.q_sql import Field, Fields
from coterie.query.sql import Str
from coterie.services.category import facade as categories
from coterie.services.coupon import events, rules
from coterie.services.coupon.schemas import (
    CouponCreation,
    CouponsQuery,
    CouponUpdate,
    CustomerQuery,
    PartialQuery,
)
from coterie.services.coupon.tables import coupon, redemption, usage
from coterie.services.customer import facade as customers
from coterie.services.customer_segment import facade as segments

MANAGE = "coupon.coupon_manage"
READ = "coupon.coupon_read"
ON_BEHALF = "coupon.coupon_redeem_on_behalf"


# What is stored -----------------------------------------------------------------------------------------


def _window(document: Document) -> dict[str, Any]:
    restrictions = document.get("restrictions", {})
    return {"valid_from": restrictions.get("validFrom"), "valid_until": restrictions.get("validUntil")}


async def _check_references(call: Call, writes: Sequence[Write]) -> list[list[Problem]]:
    return [await _missing(call, write) for write in writes]


async def _missing(call: Call, write: Write) -> list[Problem]:
    """What a write newly refers to and is not there, unless the tenant keeps such things elsewhere (decision 5)."""
    if call.setting("references") == "open":
        return []
    added = rules.added_references(write.document, write.before)
    wanted = added["includedCategories"] | added["excludedCategories"]
    category_ids = await categories.existing(call, wanted) if wanted else set()
    known = {
        "validFor": await customers.existing(call, added["validFor"]) if added["validFor"] else set(),
        "includedCategories": category_ids,
        "excludedCategories": category_ids,
        "segments": await segments.existing(call, added["segments"]) if added["segments"] else set(),
    }
    nouns = {"validFor": "customer", "segments": "segment"}
    problems = []
    for name, ids in added.items():
        absent = sorted(ids - known[name])
        if absent:
            text = f"there is no {nouns.get(name, 'category')} {', '.join(map(repr, absent[:5]))}"
            problems.append(Problem.violation(f"restrictions.{name}", text))
    return problems


async def _written(call: Call, changed: Sequence[Written]) -> None:
    for each in changed:
        code = each.key[0]
        type = events.COUPON_CREATED if each.before is None else events.COUPON_UPDATED
        payload = events.changed(call.tenant.name, code, each.document)
        call.emit(type, events.subject(code), payload, internal=True)


KIND = Kind(
    noun="coupon",
    table=coupon,
    key=("code",),
    columns={"maxRedemptions": "max_redemptions"},
    defaults=rules.DEFAULTS,
    rules=rules.coupon_problems,
    check=_check_references,
    values=_window,
    written=_written,
    id_field="code",
)


def _status(at: str) -> ColumnElement[str]:
    """The status at an instant in SQL, as `rules.status` decides it."""
    columns = coupon.c
    return case(
        (columns.valid_from > at, literal("INACTIVE")),
        (columns.valid_until <= at, literal("EXPIRED")),
        (
            and_(
                columns.max_redemptions != rules.UNLIMITED,
                columns.redemption_count >= columns.max_redemptions,
            ),
            literal("USED"),
        ),
        else_=literal("VALID"),
    )


def _fields(call: Call) -> Fields:
    columns = coupon.c
    return Fields(
        {
            "code": Field(columns.code),
            "status": Field(_status(call.at)),
            "deleted": Field(columns.deleted, "boolean"),
            "maxRedemptions": Field(columns.max_redemptions, "number"),
            "redemptionCount": Field(columns.redemption_count, "number"),
            "restrictions.validFrom": Field(columns.valid_from, "date"),
            "restrictions.validUntil": Field(columns.valid_until, "date"),
            "metadata.version": Field(columns.version, "number"),
            "metadata.createdAt": Field(columns.created_at, "date"),
            "metadata.modifiedAt": Field(columns.modified_at, "date"),
        },
        columns.doc,
    )


# Reading ------------------------------------------------------------------------------------------------


def code_of(call: Call, code: str) -> str:
    """The code as this tenant stores it."""
    return rules.code_of(code, case_sensitive=call.setting("enableCouponCodeCaseSensitivity"))


# Made once: a cart asks for a coupon at every step, and building the statement costs more than running it.
_ONE = HotRows(
    select(coupon).where(
        coupon.c.tenant == bindparam("of", type_=Str()), coupon.c.code == bindparam("named", type_=Str())
    )
)


async def stored(call: Call, code: str, *, lock: bool = False, deleted: bool = False) -> Row[Any]:
    """The row of a coupon, locked until the transaction ends if asked for. Raises NotFound.

    A deleted coupon is found only where its redemptions are concerned.
    """
    key = code_of(call, code)
    if lock:
        row = await call.db.first(select(coupon).where(KIND.where(call, (key,))).with_for_update())
    else:
        row = await _ONE.first(call.db, of=call.tenant.name, named=key)
    if row is None or (row.deleted and not deleted):
        raise NotFound("coupon", key)
    return row


def view(call: Call, row: Row[Any]) -> Document:
    """A coupon as its sellers see it, but for `legalEntityRedemptions`."""
    document = KIND.document_of(row)
    status = rules.status(row.valid_from, row.valid_until, row.max_redemptions, row.redemption_count, call.at)
    return {
        "code": row.code,
        **document,
        "status": status,
        "redemptionCount": row.redemption_count,
        "deleted": row.deleted,
        "metadata": {"version": row.version, **document.get("metadata", {})},
    }


async def _add_legal_entities(call: Call, views: list[Document]) -> None:
    sums = (
        select(usage.c.code, usage.c.legal_entity_id, usage.c.count)
        .where(
            usage.c.tenant == call.tenant.name,
            usage.c.code.in_([view["code"] for view in views]),
            usage.c.customer_id == "",
            usage.c.count > 0,
        )
        .order_by(usage.c.legal_entity_id)
    )
    found: dict[str, list[Document]] = {}
    for row in await call.db.all(sums) if views else ():
        entry = {"legalEntityId": row.legal_entity_id, "count": row._mapping["count"]}
        found.setdefault(row.code, []).append(entry)
    for each in views:
        each["legalEntityRedemptions"] = found.get(each["code"], [])


async def list_coupons(call: Call, query: CouponsQuery) -> Reply:
    """The coupons, deleted ones only with `showDeleted`."""
    statement = select(coupon).where(coupon.c.tenant == call.tenant.name)
    if not query.show_deleted:
        statement = statement.where(~coupon.c.deleted)
    return await page(
        call,
        statement,
        query,
        _fields(call),
        view=lambda row: view(call, row),
        tie_break=[coupon.c.code],
        expand=_add_legal_entities,
    )


async def get_coupon(call: Call, code: str, query: CustomerQuery) -> Document:
    """One coupon; who may not read all of them sees it as a customer does (CONTRACT §3.2)."""
    customer_id = customer_of(call, query.customer_number)
    row = await stored(call, code)
    shown = view(call, row)
    await _add_legal_entities(call, [shown])
    if call.caller.may((MANAGE, READ)):
        return shown
    entity = call.caller.legal_entity_id if customer_id == call.caller.customer_id else None
    return rules.for_customer(shown, customer_id, entity)


def customer_of(call: Call, customer_number: str | None) -> str | None:
    """The customer concerned: the one named, else the caller; None for a guest. Raises Forbidden."""
    if customer_number is None or customer_number == call.caller.customer_id:
        return call.caller.customer_id
    call.require(ON_BEHALF)
    return customer_number


# Writing ------------------------------------------------------------------------------------------------


def yrn(call: Call, noun: str, id: str) -> str:
    """The name of a coupon or redemption in the system's notation."""
    return f"urn:yaas:hybris:coupon:{noun}:{call.tenant.name};{id}"


def _change(code: str, body: CouponUpdate, how: How) -> Change:
    document, version = prepared(to_document(body), "code")
    document, problems = rules.with_exact_amounts(document)
    if problems:
        raise Invalid(problems=problems)
    return Change((code,), document, how, version)


async def create_coupon(call: Call, body: CouponCreation) -> Reply:
    """Create a coupon. A code stays taken when its coupon is deleted, unless that is permanent."""
    code = new_code() if body.code is None else code_of(call, body.code)
    problems = rules.code_problems(code)
    if problems:
        raise Invalid(problems=problems)
    await store_one(call, KIND, _change(code, body, "create"))
    return Reply(201, {"id": code, "yrn": yrn(call, "coupon", code)})


async def update_coupon(call: Call, code: str, query: PartialQuery, body: CouponUpdate) -> None:
    """Replace a coupon; its code and what the server counts stay."""
    if query.partial:
        return await patch_coupon(call, code, to_document(body))
    row = await stored(call, code, lock=True)
    await store_one(call, KIND, _change(row.code, body, "replace"))
    return None


async def patch_coupon(call: Call, code: str, body: dict[str, Any]) -> None:
    """Change the fields that the body names; null removes one."""
    row = await stored(call, code, lock=True)
    try:
        merged = merge(KIND.document_of(row), body)
    except PatchError as error:
        raise Invalid(problems=(Problem.violation("", error.message),)) from None
    await store_one(call, KIND, _change(row.code, convert(merged, CouponUpdate), "replace"))


async def delete_coupon(call: Call, code: str) -> None:
    """Delete a coupon: it is kept and hidden, or gone with its redemptions where the tenant wants it permanent.

    Permanently, a coupon that is hidden already can be deleted too, which frees its code.
    """
    permanently = call.setting("couponPermanentDelete")
    row = await stored(call, code, lock=True, deleted=permanently)
    where = KIND.where(call, (row.code,))
    if permanently:
        for table in (usage, redemption):
            mine = and_(table.c.tenant == call.tenant.name, table.c.code == row.code)
            await call.db.run(delete(table).where(mine))
        await call.db.run(delete(coupon).where(where))
    else:
        changes = {"deleted": True, "version": row.version + 1, "modified_at": call.at}
        await call.db.run(update(coupon).where(where).values(changes))
    payload = events.deleted(call.tenant.name, row.code, permanently=permanently)
    call.emit(events.COUPON_DELETED, events.subject(row.code), payload, internal=True)
