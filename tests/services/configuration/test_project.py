"""What a tenant is made of: its languages, currencies and country follow its configurations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coterie import project
from support.api import Api, Server, new_tenant
from support.shop import Shop
from support.storefront import Storefront

ALL = "/configuration/{tenant}/configurations"
CURRENCIES = "/currency/{tenant}/currencies"


@pytest.fixture
def bare(server: Server) -> Api:
    """A tenant that was only created."""
    return new_tenant(server, project_curr=None)


def entries(*ids: str, default: str = "") -> list[dict[str, Any]]:
    return [{"id": id, "label": id.title(), "default": id == default, "required": True} for id in ids]


def put(api: Api, key: str, value: Any) -> Any:
    return api.put(f"{ALL}/{key}", {"key": key, "value": value})


def product_name(api: Api, language: str) -> int:
    body = {"code": "p", "name": {language: "x"}, "productType": "BASIC"}
    return api.put("/product/{tenant}/products/p", body).status


def test_they_always_read_so_that_storefronts_find_them(bare: Api) -> None:
    visitor = bare.as_anonymous()
    read = visitor.get(f"{ALL}/project_lang").json
    assert read["version"] == 0
    assert json.loads(read["value"]) == [
        {"id": "en", "label": "English", "default": True, "required": True},
        {"id": "de", "label": "German", "default": False, "required": False},
    ]
    money = json.loads(visitor.get(f"{ALL}/project_curr").json["value"])
    assert money == [{"id": "EUR", "label": "Euro", "default": True, "required": True}]
    assert bare.get(f"{ALL}/project_country").status == 404


@pytest.mark.parametrize("text", [False, True])
def test_project_lang_says_the_languages(bare: Api, text: bool) -> None:
    value: Any = entries("en", "fr", "pt-BR", default="fr")
    sent = json.dumps(value) if text else value
    assert product_name(bare, "fr") == 400
    assert put(bare, "project_lang", sent).json["value"] == sent
    assert product_name(bare, "fr") == 201
    assert product_name(bare, "de") == 400
    assert bare.get("/country/{tenant}/countries/DE").json["name"] == {"fr": "Allemagne"}
    every = bare.get("/country/{tenant}/countries/DE", accept_language="*").json["name"]
    assert every == {"fr": "Allemagne", "en": "Germany", "pt-BR": "Alemanha"}
    assert bare.get(f"{ALL}/project_lang").json["value"] == sent
    assert bare.delete(f"{ALL}/project_lang").status == 204
    assert (product_name(bare, "de"), product_name(bare, "fr")) == (204, 400)


def test_project_curr_says_the_currencies(bare: Api) -> None:
    assert put(bare, "project_curr", entries("PLN", "CZK", default="CZK")).status == 200
    assert [each["code"] for each in bare.get(CURRENCIES).json] == ["CZK", "PLN"]
    Shop(bare).site("main", currency="PLN")
    assert bare.delete(f"{ALL}/project_curr").status == 400
    assert bare.post(CURRENCIES, {"code": "PLN", "name": "Zloty"}).status == 409
    assert [each["code"] for each in bare.get(CURRENCIES).json] == ["CZK", "PLN"]


def test_a_visit_starts_with_the_tenants_currency_and_country(bare: Api) -> None:
    put(bare, "project_curr", entries("PLN", "CZK", default="CZK"))
    assert bare.post(ALL, [{"key": "project_country", "value": "CZ"}]).status == 201
    context = Storefront(bare).visit().get("/session-context/{tenant}/me/context").json
    assert (context["currency"], context["targetLocation"]) == ("CZK", "CZ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("project_lang", "[]"),
        ("project_lang", "not json"),
        ("project_lang", "[" * 100_000),
        ("project_lang", []),
        ("project_lang", ["en"]),
        ("project_lang", [{"label": "English"}]),
        ("project_lang", [{"id": "english"}]),
        ("project_lang", [{"id": "en"}, {"id": "EN"}]),
        ("project_lang", [{"id": "en", "default": True}, {"id": "de", "default": True}]),
        ("project_lang", [{"id": f"{a}{b}"} for a in "abcdefghijklmno" for b in "abcdefghijklmno"]),
        ("project_curr", [{"id": "eur"}]),
        ("project_curr", [{"id": "ABC"}]),
        ("project_curr", {"id": "EUR"}),
        ("project_country", "Germany"),
        ("project_country", "de"),
    ],
)
def test_a_value_that_makes_no_tenant_is_refused(bare: Api, key: str, value: Any) -> None:
    with bare.unchanged():
        refused = put(bare, key, value)
        assert refused.status == 400
        if key != "project_country":
            assert refused.json["details"][0]["field"] == "value"
        created = bare.post(ALL, [{"key": key, "value": value}])
        assert created.json["details"][0]["field"] == "[0].value"
    assert product_name(bare, "de") == 201


def test_what_sites_have_stays_the_tenants(bare: Api) -> None:
    assert put(bare, "project_curr", entries("EUR", "CHF", "USD")).status == 200
    Shop(bare).site("main", currency="CHF", languages=["en", "de"])
    for key, value in (("project_lang", entries("en", "fr")), ("project_curr", entries("EUR", "USD"))):
        before = bare.get(f"{ALL}/{key}").json
        with bare.unchanged():
            refused = put(bare, key, value)
            assert refused.status == 400
            assert "the site main" in refused.json["details"][0]["message"]
        assert bare.get(f"{ALL}/{key}").json == before
    with bare.unchanged():
        assert bare.delete(f"{ALL}/project_curr").status == 400
    assert bare.patch("/site/{tenant}/sites/main", {"currency": "EUR", "languages": ["en"]}).status == 200
    assert put(bare, "project_lang", entries("fr", "en")).status == 200
    assert bare.delete(f"{ALL}/project_curr").status == 204


def test_a_currency_that_was_added_is_the_tenants_whatever_the_configuration_says(bare: Api) -> None:
    assert bare.post(CURRENCIES, {"code": "CHF", "name": "Franken"}).status == 201
    Shop(bare).site("main", currency="CHF")
    assert put(bare, "project_curr", entries("EUR", "USD")).status == 200


def test_a_list_is_read_with_its_default_first() -> None:
    assert project.ids([{"id": "a"}, {"id": "b", "default": True}], "[a-z]") == ("b", "a")
    assert project.ids('[{"id":"a"},{"id":"b"}]', "[a-z]") == ("a", "b")
    assert project.ids(project.listed({"EUR": "Euro", "CHF": "Franken"}), "[A-Z]{3}") == ("EUR", "CHF")
    assert project.ids(None, "[a-z]") == ()
