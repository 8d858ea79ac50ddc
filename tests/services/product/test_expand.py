"""`expand=brand,labels`: products with what other services show of their brands and labels, in few statements."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api

PRODUCTS = "/product/{tenant}/products"
BRAND = {
    "id": "potter",
    "name": "Potter",
    "description": "Mugs",
    "localizedName": {"en": "Potter", "de": "Töpfer"},
    "localizedDescription": {"en": "Mugs", "de": "Becher"},
}
LABELS: list[dict[str, Any]] = [
    {
        "id": "eco",
        "name": "Eco",
        "description": {"en": "Made of clay", "de": "Aus Ton"},
        "overlay": {"position": 1, "isTrue": True},
    },
    {"id": "new", "name": "New", "description": "Just in"},
]


@pytest.fixture
def shop(api: Api) -> Api:
    """A brand, two labels, and products that name them, others, and none."""
    assert api.post("/brand/brands", BRAND).status == 201
    assert [api.post("/label/labels", label).status for label in LABELS] == [201, 201]
    products = [
        {"id": "a", "code": "A", "name": "a", "brandId": "potter", "labelIds": ["new", "ghost", "eco"]},
        {"id": "b", "code": "B", "name": "b", "brandId": "ghost", "labelIds": ["ghost"]},
        {"id": "c", "code": "C", "name": "c"},
    ]
    assert {each["code"] for each in api.post(f"{PRODUCTS}/bulk", products).json} == {201}
    return api


def test_brands_and_labels_come_with_their_products(shop: Api) -> None:
    read = shop.get(f"{PRODUCTS}/a?expand=brand,labels").json
    assert read["brand"] == BRAND
    assert read["labels"] == [LABELS[1], LABELS[0]]
    assert (read["brandId"], read["labelIds"]) == ("potter", ["new", "ghost", "eco"])
    listed = shop.get(f"{PRODUCTS}?expand=labels, brand&sort=id").json
    assert listed[0] == read
    assert shop.post(f"{PRODUCTS}/search?expand=brand,labels&sort=id", {}).json == listed


def test_only_what_is_asked_for_is_added(shop: Api) -> None:
    assert not {"brand", "labels"} & set(shop.get(f"{PRODUCTS}/a").json)
    assert {"brand", "labels"} & set(shop.get(f"{PRODUCTS}/a?expand=brand").json) == {"brand"}
    assert {"brand", "labels"} & set(shop.get(f"{PRODUCTS}/a?expand=labels").json) == {"labels"}
    cut = shop.get(f"{PRODUCTS}/a?expand=brand,labels&fields=brand").json
    assert set(cut) == {"id", "yrn", "brand"}


def test_what_is_not_there_is_left_out_and_stays_named(shop: Api) -> None:
    """A product keeps the ids of what is deleted, and is not changed: it may be there again, or live elsewhere."""
    _, b, c = shop.get(f"{PRODUCTS}?expand=brand,labels&sort=id").json
    assert ("brand" in b, b["labels"], b["brandId"]) == (False, [], "ghost")
    assert not {"brand", "labels"} & set(c)
    assert shop.delete("/brand/brands/potter").status == 204
    assert shop.delete("/label/labels/eco").status == 204
    a = shop.get(f"{PRODUCTS}/a?expand=brand,labels").json
    assert ("brand" in a, a["labels"], a["metadata"]["version"]) == (False, [LABELS[1]], 1)
    assert (a["brandId"], a["labelIds"]) == ("potter", ["new", "ghost", "eco"])


def test_texts_are_in_the_languages_that_the_brand_and_label_services_answer_in(shop: Api) -> None:
    read = shop.get(f"{PRODUCTS}/a?expand=brand,labels", accept_language="de").json
    assert read["brand"]["localizedName"] == {"de": "Töpfer"}
    assert read["labels"][1]["description"] == "Aus Ton"


def test_a_variant_has_the_brand_of_its_parent_unless_only_its_own_is_wanted(tees: Api) -> None:
    tees.post("/brand/brands", BRAND)
    assert tees.patch(f"{PRODUCTS}/tee", {"brandId": "potter"}).status == 204
    variants = f"{PRODUCTS}?q=parentVariantId:tee&expand=brand"
    assert [each["brand"]["id"] for each in tees.get(variants).json] == ["potter"] * 4
    assert not any("brand" in each for each in tees.get(f"{variants}&rawValue=false").json)


def test_a_page_takes_one_statement_more_for_each(shop: Api) -> None:
    products = [
        {"id": f"p{at}", "code": f"P{at}", "name": "p", "brandId": f"x{at}", "labelIds": [f"x{at}", "eco"]}
        for at in range(100)
    ]
    shop.post(f"{PRODUCTS}/bulk", products)
    with shop.statements(2):
        shop.get(f"{PRODUCTS}?pageSize=200")
    with shop.statements(4):
        assert len(shop.get(f"{PRODUCTS}?pageSize=200&expand=brand,labels").json) == 103
    with shop.statements(2):
        shop.get(f"{PRODUCTS}?q=id:c&expand=brand,labels")
