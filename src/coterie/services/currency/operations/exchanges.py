"""Exchange rates: create, read, list, change, delete. A rate is text, so that no digit of it is lost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, NotFound
from coterie.kit.listing import ListQuery, Match, field_filters
from coterie.kit.resource import Resource
from coterie.kit.store import Change, Kind, remove, store_one
from coterie.query.q_sql import Field, Fields
from coterie.services.currency import rules
from coterie.services.currency.operations import currencies
from coterie.services.currency.schemas import ExchangeCreation, ExchangesQuery, ExchangeUpdate, ExchangeView
from coterie.services.currency.tables import exchange

_FILTERS: Mapping[str, Match] = {"sourceCurrency": "contains", "targetCurrency": "contains"}

KIND = Kind(
    noun="exchange rate",
    table=exchange,
    key=("code",),
    id_field="code",
    columns={"sourceCurrency": "source", "targetCurrency": "target"},
)

FIELDS = Fields(
    {
        "code": Field(exchange.c.code),
        "sourceCurrency": Field(exchange.c.source),
        "targetCurrency": Field(exchange.c.target),
        "metadata.version": Field(exchange.c.version, "number"),
        "metadata.createdAt": Field(exchange.c.created_at, "date"),
        "metadata.modifiedAt": Field(exchange.c.modified_at, "date"),
    },
    exchange.c.doc,
)

RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=ExchangeCreation,
    replace_type=ExchangeUpdate,
    item_type=ExchangeCreation,
    view_type=ExchangeView,
    parameter="code",
)


async def list_exchanges(call: Call, query: ExchangesQuery) -> Reply:
    """The exchange rates."""
    page = ListQuery(page_number=query.page_number, page_size=query.page_size, sort=query.sort)
    return await RESOURCE.page(call, page, None, *field_filters(query, FIELDS, _FILTERS))


async def create_exchange(call: Call, body: ExchangeCreation) -> Reply:
    """Add an exchange rate between two of the tenant's currencies."""
    source, target = body.source_currency, body.target_currency
    known = await currencies.defined(call, {source, target})
    problems = list(rules.pair_problems(source, target, known))
    if problems:
        raise Invalid(problems=problems)
    code = rules.exchange_code(source, target)
    document = {"sourceCurrency": source, "targetCurrency": target, "rate": rules.rate(body.rate)}
    await store_one(call, KIND, Change((code,), document, "create"))
    return Reply(201, {"code": code})


async def replace_exchange(call: Call, code: str, body: ExchangeUpdate) -> None:
    """Change an exchange rate."""
    row = await call.db.first(select(exchange).where(KIND.where(call, (code,))).with_for_update())
    if row is None:
        raise NotFound(KIND.noun, code)
    document = {**KIND.document_of(row), "rate": rules.rate(body.rate)}
    await store_one(call, KIND, Change((code,), document, "replace", body.metadata.version))


async def delete_exchange(call: Call, code: str) -> None:
    """Delete an exchange rate, if it is there."""
    await remove(call, KIND, [(code,)])


async def rate(call: Call, source: str, target: str) -> Decimal | None:
    """How much of the target currency one of the source currency is, or None."""
    if source == target:
        return Decimal(1)
    doc = await call.db.value(
        select(exchange.c.doc).where(KIND.where(call, (rules.exchange_code(source, target),)))
    )
    return None if doc is None else Decimal(doc["rate"])
