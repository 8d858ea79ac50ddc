"""Currencies: create, read, list, rename, delete."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, or_

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, NotFound, Problem
from coterie.kit.language import localized, to_map
from coterie.kit.store import Change, Document, Kind, Written, among_stored, remove, store_one
from coterie.seeds import lists, rows
from coterie.services.currency import events, rules
from coterie.services.currency.schemas import (
    CurrenciesQuery,
    CurrencyCreation,
    CurrencyUpdate,
    DeletionQuery,
    Text,
)
from coterie.services.currency.tables import currency, exchange


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    forced = call.query.get("forceDelete", "").lower() == "true"
    for each in gone:
        (code,) = each.key
        payload = {"code": code, "tenant": call.tenant.name}
        call.emit(
            events.CURRENCY_DELETED, events.subject(code), payload, internal=True, code=code, forced=forced
        )


KIND = Kind(
    noun="currency",
    table=currency,
    key=("code",),
    id_field="code",
    localized=("name",),
    rules=rules.currency_problems,
    removed=_removed,
)


async def list_currencies(call: Call, query: CurrenciesQuery) -> Reply:
    """The tenant's currencies."""
    found = await rows.merged(call, KIND, _seeds(call))
    return lists.page(call, found.values(), query, rules.FIELDS, lambda each: _shown(call, each))


async def get_currency(call: Call, currency_code: str) -> Document:
    """One currency."""
    found = await rows.one(call, KIND, currency_code, _seeds(call).get(currency_code))
    if found is None:
        raise NotFound("currency", currency_code)
    return _shown(call, found)


async def create_currency(call: Call, body: CurrencyCreation) -> Reply:
    """Add a currency."""
    rules.check_code(body.code)
    await _plant(call, body.code)
    await store_one(call, KIND, Change((body.code,), {"name": _map(call, body.name)}, "create"))
    return Reply(201, {"code": body.code})


async def replace_currency(call: Call, currency_code: str, body: CurrencyUpdate) -> None:
    """Give a currency other names."""
    await _plant(call, currency_code)
    document = {"name": _map(call, body.name)}
    await store_one(call, KIND, Change((currency_code,), document, "replace", body.metadata.version))


async def delete_currency(call: Call, currency_code: str, query: DeletionQuery) -> None:
    """Delete a currency with its exchange rates, if it is there; the tenant's first ones stay.

    One that sites sell in takes `forceDelete`.
    """
    if currency_code in call.tenant.currencies:
        message = f"{currency_code} is a currency of the tenant itself; take it out of project_curr first"
        raise Invalid(problems=(Problem.violation("currencyCode", message),))
    await remove(call, KIND, [(currency_code,)])
    gone = or_(exchange.c.source == currency_code, exchange.c.target == currency_code)
    await call.db.run(delete(exchange).where(exchange.c.tenant == call.tenant.name, gone))


async def defined(call: Call, codes: Collection[str]) -> set[str]:
    """Those of `codes` that are the tenant's currencies; none of them can be deleted until the transaction ends."""
    seeds = set(codes) & set(call.tenant.currencies)
    return seeds | await among_stored(call, currency.c.code, set(codes) - seeds)


def _seeds(call: Call) -> dict[str, Document]:
    return rules.seeds(call.tenant.currencies, call.tenant.languages.supported)


async def _plant(call: Call, code: str) -> None:
    await rows.plant(call, KIND, {name: seed for name, seed in _seeds(call).items() if name == code})


def _map(call: Call, name: Text) -> dict[str, str]:
    return to_map(name, call.content)


def _shown(call: Call, document: Document) -> Document:
    name = localized(document["name"], lists.accepted(call), call.tenant.languages)
    return {**document, "name": "" if name is None else name}
