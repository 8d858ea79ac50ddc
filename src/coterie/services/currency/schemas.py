"""What travels: currencies and exchange rates."""

from __future__ import annotations

from coterie.kit.listing import Paging
from coterie.kit.wire import MetadataView, Wire
from coterie.seeds.lists import SeedsQuery

Text = str | dict[str, str]
"""A localised text: in one language, or as a map from language to text (CONTRACT §2.6)."""


class BasedOn(Wire):
    """The version that a change is based on."""

    version: int


class CurrencyCreation(Wire):
    """Body of POST."""

    code: str
    name: Text


class CurrencyUpdate(Wire):
    """Body of PUT; the code can't be changed."""

    name: Text
    metadata: BasedOn


class CurrencyView(Wire):
    """A currency as clients see it."""

    code: str
    name: Text
    metadata: MetadataView


class CodeView(Wire):
    """The answer of an operation that created a currency or an exchange rate."""

    code: str


class ExchangeCreation(Wire):
    """Body of POST; the rate is a decimal number as text, of any precision."""

    source_currency: str
    target_currency: str
    rate: str


class ExchangeUpdate(Wire):
    """Body of PUT; only the rate can be changed."""

    rate: str
    metadata: BasedOn


class ExchangeView(Wire):
    """An exchange rate as clients see it: how much of the target currency one of the source currency is."""

    code: str
    source_currency: str
    target_currency: str
    rate: str
    metadata: MetadataView


class CurrenciesQuery(SeedsQuery):
    """Query parameters of the list of currencies; `name.de` and the like ask in a language."""

    code: str | None = None
    name: str | None = None


class DeletionQuery(Wire):
    """Query parameters of the deletion of a currency."""

    force_delete: bool | None = None


class ExchangesQuery(Paging):
    """Query parameters of the list of exchange rates."""

    sort: str | None = None
    source_currency: str | None = None
    target_currency: str | None = None
