"""Bundles: what they may consist of, and what may not go while a bundle has it."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api, new_tenant

PRODUCTS = "/product/{tenant}/products"


def bundle(id: str, *members: str, **fields: Any) -> dict[str, Any]:
    bundled = [{"productId": member, "amount": 1} for member in members]
    return {"id": id, "code": id, "name": id, "productType": "BUNDLE", "bundledProducts": bundled, **fields}


def basic(id: str) -> dict[str, Any]:
    return {"id": id, "code": id, "name": id}


@pytest.fixture
def shop(api: Api) -> Api:
    """Two products and a bundle of both."""
    for body in (basic("a"), basic("b"), bundle("ab", "a", "b")):
        assert api.post(PRODUCTS, body).status == 201
    return api


def test_a_bundle_is_read_back(shop: Api) -> None:
    body = bundle("more", bundledProducts=[{"productId": "a", "amount": "3"}])
    assert shop.post(PRODUCTS, body).status == 201
    read = shop.get(f"{PRODUCTS}/more").json
    assert read["bundledProducts"] == [{"productId": "a", "amount": 3}]
    assert [each["id"] for each in shop.get(f"{PRODUCTS}?q=bundledProducts.productId:a").json] == [
        "ab",
        "more",
    ]
    # A PUT need not repeat the type.
    body = {name: value for name, value in body.items() if name != "productType"}
    assert shop.put(f"{PRODUCTS}/more", body).status == 204


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ([], "bundledProducts"),
        ([{"productId": "ghost", "amount": 1}], "bundledProducts[0].productId"),
        ([{"productId": "a", "amount": 0}], "bundledProducts[0].amount"),
        ([{"productId": "a", "amount": 1}, {"productId": "a", "amount": 2}], "bundledProducts[1].productId"),
        ([{"productId": "new", "amount": 1}], "bundledProducts[0].productId"),
        ([{"amount": 1}], "bundledProducts[0].productId"),
    ],
)
def test_bad_members_are_refused(shop: Api, members: list[Any], field: str) -> None:
    with shop.unchanged():
        answer = shop.post(PRODUCTS, bundle("new", bundledProducts=members))
    assert answer.status == 400
    assert answer.json["details"][0].startswith(field), answer.json


def test_no_bundle_contains_itself(shop: Api) -> None:
    shop.post(PRODUCTS, bundle("outer", "ab"))
    shop.post(PRODUCTS, bundle("outermost", "outer", "a"))
    with shop.unchanged():
        for body in (bundle("ab", "a", "outermost"), bundle("ab", "ab")):
            answer = shop.put(f"{PRODUCTS}/ab", body)
            assert answer.status == 400
            assert "this one is part of, or this one itself" in answer.json["details"][0]
    items = [bundle("ab", "a"), bundle("x", "outermost"), bundle("outer", "x")]
    answer = shop.put(f"{PRODUCTS}/bulk", items)
    assert [entry["code"] for entry in answer.json] == [204, 201, 400]


def test_a_product_in_a_bundle_stays(shop: Api) -> None:
    with shop.unchanged():
        answer = shop.delete(f"{PRODUCTS}/a")
    assert (answer.status, answer.json["message"]) == (
        409,
        "The bundle ab contains the product a; take it out first.",
    )
    shop.put(f"{PRODUCTS}/ab", bundle("ab", "b"))
    assert shop.delete(f"{PRODUCTS}/a").status == 204
    assert shop.delete(f"{PRODUCTS}/ab").status == 204
    assert shop.delete(f"{PRODUCTS}/b").status == 204


def test_with_open_references_members_may_live_elsewhere(server: Any) -> None:
    assert new_tenant(server, references="open").post(PRODUCTS, bundle("x", "ghost")).status == 201


def test_relation_types_are_those_of_the_configuration(shop: Api) -> None:
    def related(type: str) -> int:
        return shop.patch(f"{PRODUCTS}/a", {"relatedItems": [{"refId": "b", "type": type}]}).status

    assert related("ANY") == 204
    for value in ([{"type": "ACCESSORY"}, {"code": "SPARE"}], '["ACCESSORY", "SPARE"]'):
        shop.delete("/configuration/{tenant}/configurations/relation_types")
        body = [{"key": "relation_types", "value": value}]
        assert shop.post("/configuration/{tenant}/configurations", body).status == 201
        with shop.unchanged():
            assert related("CONSUMABLE") == 400
        assert related("ACCESSORY") == 204
        assert related("SPARE") == 204


def test_relations_go_unchecked_where_the_tenant_allows_it(api: Api, server: Any) -> None:
    body = {**basic("a"), "relatedItems": [{"refId": "later", "type": "X"}]}
    with api.unchanged():
        assert api.post(f"{PRODUCTS}?skipRelatedItemsValidation=true", body).status == 400
    lenient = new_tenant(server, allowToSkipRelatedProductsValidation=True)
    assert lenient.post(PRODUCTS, body).status == 400
    assert lenient.post(f"{PRODUCTS}?skipRelatedItemsValidation=true", body).status == 201
