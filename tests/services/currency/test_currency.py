"""Currencies and exchange rates over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from coterie.services.currency import facade
from coterie.services.currency.routes import SERVICE
from support.api import Api, Server, new_tenant
from support.calls import asked
from support.shop import Shop

CURRENCIES = "/currency/{tenant}/currencies"
EXCHANGES = "/currency/{tenant}/exchanges"


@pytest.fixture
def euros(server: Server) -> Api:
    """A tenant with nothing but its default currency."""
    return new_tenant(server, project_curr=None)


def create(api: Api, code: str, **name: str) -> None:
    response = api.post(CURRENCIES, {"code": code, "name": name or {"en": code}}, content_language="*")
    assert (response.status, response.json) == (201, {"code": code})


def exchange(api: Api, source: str, target: str, rate: str) -> None:
    body = {"sourceCurrency": source, "targetCurrency": target, "rate": rate}
    response = api.post(EXCHANGES, body)
    assert (response.status, response.json) == (201, {"code": f"{source}_{target}"})


def codes(response: Any) -> list[str]:
    assert response.status == 200, response.json
    return [each["code"] for each in response.json]


def named(api: Api, code: str, language: str = "*") -> Any:
    return api.get(f"{CURRENCIES}/{code}", accept_language=language).json["name"]


def test_a_tenant_has_its_default_currency_named_in_its_languages(euros: Api) -> None:
    assert codes(euros.get(CURRENCIES)) == ["EUR"]
    assert named(euros, "EUR") == {"en": "Euro", "de": "Euro"}
    assert euros.get(f"{CURRENCIES}/EUR").json["metadata"]["version"] == 1


def test_the_currencies_of_project_curr_are_there_from_the_start(api: Api) -> None:
    assert codes(api.get(CURRENCIES)) == ["CHF", "EUR", "GBP", "USD"]
    assert named(api, "CHF") == {"en": "Swiss Franc", "de": "Schweizer Franken"}


def test_a_currency_is_created_and_read_in_a_language(euros: Api) -> None:
    create(euros, "USD", en="Dollar", de="US-Dollar")
    assert named(euros, "USD") == {"en": "Dollar", "de": "US-Dollar"}
    assert named(euros, "USD", "de-AT, en;q=0.5") == "US-Dollar"
    assert named(euros, "USD", "fr") == "Dollar"
    assert euros.get(f"{CURRENCIES}/USD").json["name"] == "Dollar"
    assert euros.post(CURRENCIES, {"code": "PLN", "name": "Złoty"}, content_language="de").status == 201
    assert named(euros, "PLN") == {"de": "Złoty"}


@pytest.mark.parametrize(
    ("code", "name", "header", "detail"),
    [
        ("ABC", "x", "", "code"),
        ("usd", "x", "", "code"),
        ("USDX", "x", "", "code"),
        ("USD", "", "", "name"),
        ("USD", " ", "", "name"),
        ("USD", {}, "", "name"),
        ("USD", {"en": ""}, "*", "name"),
        ("USD", {"fr": "dollar"}, "*", "name"),
        ("USD", {"de": "Dollar"}, "en", "name"),
        ("USD", "dollar", "fr", "Content-Language"),
        ("USD", 7, "", "name"),
    ],
)
def test_a_currency_that_breaks_a_rule_is_refused(
    euros: Api, code: str, name: Any, header: str, detail: str
) -> None:
    headers = {"content_language": header} if header else {}
    with euros.unchanged():
        response = euros.post(CURRENCIES, {"code": code, "name": name}, **headers)
    assert response.status == 400
    assert response.json["details"][0].startswith(detail)


def test_a_code_that_is_there_is_a_conflict(euros: Api) -> None:
    create(euros, "USD")
    with euros.unchanged():
        for code in ("USD", "EUR"):
            response = euros.post(CURRENCIES, {"code": code, "name": "again"})
            assert (response.status, response.json["currencyCode"]) == (409, code)


def test_a_put_takes_the_version_of_seeds_too(euros: Api) -> None:
    one = f"{CURRENCIES}/EUR"
    assert euros.put(one, {"name": "Teuro", "metadata": {"version": 1}}, content_language="de").status == 204
    assert named(euros, "EUR") == {"de": "Teuro"}
    view = euros.get(one).json
    assert (view["name"], view["metadata"]["version"]) == ("Teuro", 2)
    with euros.unchanged():
        assert euros.put(one, {"name": "x", "metadata": {"version": 1}}).status == 409
        assert euros.put(one, {"name": "x"}).json["details"] == ["metadata: is required"]
        assert euros.put(one, {"metadata": {"version": 2}}).status == 400
        assert euros.put(f"{CURRENCIES}/USD", {"name": "x", "metadata": {"version": 1}}).status == 404


@pytest.mark.parametrize(
    ("query", "language", "expected"),
    [
        ("code=b", "", ["BBD", "GBP"]),
        ("name=euro", "", ["EUR"]),
        ("name=franken", "de", ["CHF"]),
        ("name=franken", "en", []),
        ("name.de=Franken", "*", ["CHF"]),
        ("sort=name:desc&pageSize=2", "en", ["USD", "CHF"]),
        ("sort=code:desc&pageSize=2&pageNumber=2", "", ["EUR", "CHF"]),
    ],
)
def test_the_list_filters_sorts_and_pages(api: Api, query: str, language: str, expected: list[str]) -> None:
    create(api, "BBD", en="Barbadian Dollar")
    headers = {"accept_language": language} if language else {}
    with api.statements(1):
        found = api.get(f"{CURRENCIES}?{query}", **headers, x_total_count="true")
    assert codes(found) == expected
    assert int(found.headers["x-total-count"]) >= len(expected)


def test_deleting_a_currency_deletes_its_rates(euros: Api) -> None:
    for code in ("USD", "CHF"):
        create(euros, code)
    for pair in (("USD", "EUR"), ("CHF", "USD"), ("EUR", "CHF")):
        exchange(euros, *pair, "2")
    assert euros.delete(f"{CURRENCIES}/USD").status == 204
    assert codes(euros.get(CURRENCIES)) == ["CHF", "EUR"]
    assert codes(euros.get(EXCHANGES)) == ["EUR_CHF"]
    with euros.unchanged():
        assert euros.delete(f"{CURRENCIES}/USD").status == 204
        assert euros.delete(f"{CURRENCIES}/nothing").status == 204


def test_a_currency_of_the_tenant_itself_stays(api: Api) -> None:
    with api.unchanged():
        for code in ("EUR", "CHF"):
            refused = api.delete(f"{CURRENCIES}/{code}?forceDelete=true")
            assert refused.status == 400
            assert "project_curr" in refused.json["details"][0]


def test_a_currency_that_a_site_sells_in_is_deleted_by_force_only(euros: Api) -> None:
    create(euros, "SEK")
    Shop(euros).site("north", currency="EUR", availableCurrencies=["SEK"])
    with euros.unchanged():
        refused = euros.delete(f"{CURRENCIES}/SEK")
        assert refused.status == 400
        assert "north" in refused.json["details"][0]
    assert euros.delete(f"{CURRENCIES}/SEK?forceDelete=true").status == 204
    assert euros.patch("/site/{tenant}/sites/north", {"name": "Still here"}).status == 200
    assert euros.events("currency.deleted") == [
        {"code": "SEK", "tenant": euros.tenant, "type": "currency.deleted"}
    ]


# Exchange rates


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("0.91", "0.91"),
        ("1,09193421", "1.09193421"),
        ("3", "3"),
        ("0.9100", "0.9100"),
        ("0." + "0" * 38 + "12", None),
    ],
)
def test_a_rate_is_kept_to_the_last_digit(api: Api, sent: str, kept: str | None) -> None:
    exchange(api, "USD", "EUR", sent)
    view = api.get(f"{EXCHANGES}/USD_EUR").json
    view.pop("metadata")
    assert view == {
        "code": "USD_EUR",
        "sourceCurrency": "USD",
        "targetCurrency": "EUR",
        "rate": sent if kept is None else kept,
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rate": "0"}, "rate"),
        ({"rate": "0,00"}, "rate"),
        ({"rate": "-1"}, "rate"),
        ({"rate": "1e5"}, "rate"),
        ({"rate": "1.2.3"}, "rate"),
        ({"rate": "one"}, "rate"),
        ({"rate": ""}, "rate"),
        ({"rate": "1" * 21}, "rate"),
        ({"rate": None}, "rate"),
        ({"sourceCurrency": "SEK"}, "sourceCurrency"),
        ({"targetCurrency": "ABC"}, "targetCurrency"),
        ({"targetCurrency": "USD"}, "targetCurrency"),
    ],
)
def test_a_rate_that_breaks_a_rule_is_refused(api: Api, changes: dict[str, Any], field: str) -> None:
    body = {"sourceCurrency": "USD", "targetCurrency": "EUR", "rate": "2", **changes}
    with api.unchanged():
        response = api.post(EXCHANGES, body)
    assert response.status == 400
    assert response.json["details"][0].startswith(field)


def test_only_the_rate_is_changed_and_takes_the_version(api: Api) -> None:
    exchange(api, "USD", "EUR", "2")
    one = f"{EXCHANGES}/USD_EUR"
    body = {"sourceCurrency": "GBP", "rate": "2.5", "metadata": {"version": 1}}
    assert api.put(one, body).status == 204
    view = api.get(one).json
    assert (view["sourceCurrency"], view["rate"], view["metadata"]["version"]) == ("USD", "2.5", 2)
    with api.unchanged():
        assert api.put(one, body).status == 409
        assert api.put(one, {"rate": "3"}).status == 400
        assert api.put(one, {"rate": "0", "metadata": {"version": 2}}).status == 400
        assert api.put(f"{EXCHANGES}/EUR_USD", {"rate": "3", "metadata": {"version": 1}}).status == 404
        assert api.get(f"{EXCHANGES}/EUR_USD").status == 404
        again = {"sourceCurrency": "USD", "targetCurrency": "EUR", "rate": "3"}
        assert api.post(EXCHANGES, again).status == 409
    assert api.delete(one).status == 204
    assert api.get(one).status == 404
    with api.unchanged():
        assert api.delete(one).status == 204


def test_rates_are_filtered_sorted_and_paged(api: Api) -> None:
    for pair in (("EUR", "USD"), ("EUR", "CHF"), ("USD", "EUR"), ("GBP", "USD")):
        exchange(api, *pair, "2")
    with api.statements(2):
        found = api.get(f"{EXCHANGES}?sourceCurrency=eu&sort=targetCurrency:desc", x_total_count="true")
    assert codes(found) == ["EUR_USD", "EUR_CHF"]
    assert found.headers["x-total-count"] == "2"
    assert codes(api.get(f"{EXCHANGES}?targetCurrency=USD&pageSize=1&pageNumber=2")) == ["GBP_USD"]
    assert codes(api.get(EXCHANGES)) == ["EUR_CHF", "EUR_USD", "GBP_USD", "USD_EUR"]


def test_a_visitor_reads_currencies_and_no_rates(api: Api) -> None:
    visitor = api.as_anonymous()
    assert codes(visitor.get(CURRENCIES)) == ["CHF", "EUR", "GBP", "USD"]
    assert visitor.get(EXCHANGES).status == 403


def test_the_facade_knows_currencies_and_rates(api: Api) -> None:
    create(api, "SEK")
    exchange(api, "EUR", "SEK", "11.0123456789012345678901234567890123456789")
    assert asked(api, SERVICE, lambda call: facade.defined(call, {"EUR", "SEK", "PLN"})) == {"EUR", "SEK"}
    reasons = asked(api, SERVICE, lambda call: facade.refusals(call, ["EUR", "PLN", "ABC"]))
    assert reasons.keys() == {"PLN", "ABC"}
    rate = asked(api, SERVICE, lambda call: facade.rate(call, "EUR", "SEK"))
    assert rate == Decimal("11.0123456789012345678901234567890123456789")
    assert asked(api, SERVICE, lambda call: facade.rate(call, "SEK", "EUR")) is None
    assert asked(api, SERVICE, lambda call: facade.rate(call, "SEK", "SEK")) == 1
