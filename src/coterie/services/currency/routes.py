"""The operations of the currency service: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.services.currency.operations import currencies, exchanges
from coterie.services.currency.schemas import CodeView, CurrencyView, ExchangeView

READ, MANAGE = ("currency.currency_read",), ("currency.currency_manage",)

_CURRENCY = "/currencies/{currencyCode}"
_EXCHANGE = "/exchanges/{code}"

SERVICE = Service(
    name="currency",
    title="Currency Service",
    prefix="/currency/{tenant}",
    dialect=Dialect(
        id_name="currencyCode",
        details="strings",
        texts={
            "not_found.currency": "The currency was not found for this code",
            "not_found.exchange rate": "The exchange rate was not found for this code",
            "exists.currency": "A currency with this code exists already.",
            "exists.exchange rate": "An exchange rate with this code exists already.",
            "changed": "The object that you are trying to update has already changed. "
            "Please refresh and try again!",
        },
    ),
    rows=(
        op("GET", "/currencies", currencies.list_currencies, ANY, 200, answer=list[CurrencyView]),
        op("POST", "/currencies", currencies.create_currency, MANAGE, 201, answer=CodeView),
        op("GET", _CURRENCY, currencies.get_currency, ANY, 200, answer=CurrencyView),
        op("PUT", _CURRENCY, currencies.replace_currency, MANAGE, 204),
        op("DELETE", _CURRENCY, currencies.delete_currency, MANAGE, 204),
        op("GET", "/exchanges", exchanges.list_exchanges, READ, 200, answer=list[ExchangeView]),
        op("POST", "/exchanges", exchanges.create_exchange, MANAGE, 201, answer=CodeView),
        op("GET", _EXCHANGE, exchanges.RESOURCE.get, READ, 200),
        op("PUT", _EXCHANGE, exchanges.replace_exchange, MANAGE, 204),
        op("DELETE", _EXCHANGE, exchanges.delete_exchange, MANAGE, 204),
    ),
)
