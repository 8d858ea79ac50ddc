"""Names of customers, companies, products and categories are those of now on every read, and in every `q`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from support.api import new_tenant
from support.shop import SEGMENTS, Shop

GOLD = f"{SEGMENTS}/gold"


@pytest.fixture
def ada(shop: Shop) -> str:
    """A member of gold for the company acme; gold has the product p1 and the category c1."""
    shop.segment("gold")
    id = shop.customer("ada@example.com")
    shop.contact(id, shop.company("acme"))
    shop.member("gold", id, "acme")
    shop.item("gold", shop.product("p1"))
    shop.item("gold", shop.category("c1"), "CATEGORY")
    return id


def _customers(shop: Shop, q: str) -> list[dict[str, Any]]:
    listed = shop.api.get(f"{GOLD}/customers?q={quote(q)}").json
    assert shop.api.post(f"{GOLD}/customers/search", {"q": q}).json == listed
    return [{"customer": each["customer"], "legalEntity": each["legalEntity"]} for each in listed]


def test_a_customer_and_his_company_by_their_names_of_now(shop: Shop, ada: str) -> None:
    new = {"contactEmail": "countess@example.com", "firstName": "Augusta", "lastName": "King"}
    assert shop.api.put(f"/customer/{{tenant}}/customers/{ada}", new).status == 204
    company = {"name": "Engines Ltd", "type": "COMPANY"}
    assert shop.api.put("/customer-management/{tenant}/legal-entities/acme", company).status == 204
    now = {
        "customer": {"id": ada, "firstName": "Augusta", "lastName": "King", "email": "countess@example.com"},
        "legalEntity": {"id": "acme", "name": "Engines Ltd"},
    }
    for q in (
        "customer.email:countess@example.com",
        "customer.firstName:Augusta",
        "customer.lastName:~kin",
        'legalEntity.name:"Engines Ltd"',
        "legalEntity.id:acme",
        f"customer.id:{ada}",
    ):
        assert _customers(shop, q) == [now], q
    for q in (
        "customer.email:ada@example.com",
        "customer.firstName:Ada",
        'legalEntity.name:"Acme GmbH"',
        "legalEntity.id:null",
    ):
        assert _customers(shop, q) == []
    one = shop.api.get(f"{GOLD}/customers/{ada}/acme").json
    mine = shop.api.as_customer(ada, "acme").get(f"{GOLD}/customers").json[0]
    for read in (one, mine):
        assert {name: read[name] for name in now} == now
    shop.api.put(f"{GOLD}/customers/{ada}/acme", {"mixins": {"a": {"b": 1}}})
    event = shop.api.events("customer-segment.customer-assignment-updated")[-1]
    assert {name: event[name] for name in now} == now


def test_an_item_by_its_code_and_name_of_now(shop: Shop, ada: str) -> None:
    mine = shop.api.as_customer(ada, "acme")
    assert [each["item"]["code"] for each in mine.get(f"{SEGMENTS}/items").json] == ["cat-c1", "C-p1"]
    shop.product("p1", code="NEW", name={"en": "Drill", "de": "Bohrer"})
    shop.category("c1", code="cat-new", localizedName={"en": "Tools", "de": "Werkzeug"})
    now = {
        "p1": {"id": "p1", "code": "NEW", "name": {"en": "Drill", "de": "Bohrer"}},
        "c1": {"id": "c1", "code": "cat-new", "name": {"en": "Tools", "de": "Werkzeug"}},
    }
    for api in (shop.api, mine):
        for path in (f"{SEGMENTS}/items", f"{GOLD}/items", f"{SEGMENTS}/items?sort=item.code:desc"):
            assert {each["item"]["id"]: each["item"] for each in api.get(path).json} == now
        assert api.get(f"{GOLD}/items/PRODUCT/p1").json["item"] == now["p1"]
        assert api.get(f"{GOLD}/items/CATEGORY/c1", accept_language="de").json["item"]["name"] == {
            "de": "Werkzeug"
        }
        for q, found in (
            ("item.code:NEW", ["p1"]),
            ("item.code:C-p1", []),
            ("item.name.de:Bohrer", ["p1"]),
            ("item.name:Tools", ["c1"]),
            ("item.name.en:~product", []),
            ("item.code:cat-new type:CATEGORY", ["c1"]),
        ):
            for answer in (
                api.get(f"{GOLD}/items?q={q}"),
                api.get(f"{SEGMENTS}/items?q={q}"),
                api.post(f"{GOLD}/items/search", {"q": q}),
            ):
                assert [each["item"]["id"] for each in answer.json] == found, q
    (node,) = mine.get(f"{SEGMENTS}/items/category-trees").json
    assert (node["code"], node["name"]) == ("cat-new", now["c1"]["name"])


def test_a_company_kept_elsewhere_is_found_by_its_id(shop: Shop) -> None:
    elsewhere = Shop(new_tenant(shop.api.server, references="open"))
    elsewhere.site("main")
    elsewhere.segment("gold")
    elsewhere.member("gold", "their-customer", "their-company")
    elsewhere.member("gold", "their-customer")
    for q, companies in (
        ("legalEntity.id:their-company", ["their-company"]),
        ("legalEntity.id:null", [None]),
    ):
        found = elsewhere.api.post(f"{GOLD}/customers/search", {"q": q}).json
        assert [each.get("legalEntity", {}).get("id") for each in found] == companies
