"""Item assignments: products and categories of a segment, and match."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import new_tenant
from support.shop import SEGMENTS, Shop

GOLD = f"{SEGMENTS}/gold"


@pytest.fixture
def gold(shop: Shop) -> Shop:
    """A shop with the segment gold, three products and two categories."""
    shop.segment("gold")
    for id in ("p1", "p2", "p3"):
        shop.product(id)
    shop.category("tools")
    shop.category("drills", "tools")
    return shop


@pytest.mark.parametrize("spelling", ["PRODUCT", "product", "Product"])
def test_a_product_is_assigned_whatever_the_case_of_the_type(gold: Shop, spelling: str) -> None:
    path = f"{GOLD}/items/{spelling}/p1"
    created = gold.api.put(path, {"mixins": {"label": {"color": "red"}}})
    assert (created.status, created.body) == (201, b"")
    read = gold.api.get(path).json
    assert read.pop("metadata")["version"] == 1
    assert read == {
        "segmentId": "gold",
        "item": {"id": "p1", "code": "C-p1", "name": {"en": "Product p1", "de": "Produkt p1"}},
        "type": "PRODUCT",
        "mixins": {"label": {"color": "red"}},
    }
    assert gold.api.put(path, {}).status == 204
    assert gold.api.put(path, {"metadata": {"version": 1}}).status == 409
    assert gold.api.delete(path).status == 204
    assert gold.api.get(path).status == 404


def test_a_category_carries_its_own_code_and_name(gold: Shop) -> None:
    gold.item("gold", "drills", "CATEGORY")
    read = gold.api.get(f"{GOLD}/items/CATEGORY/drills", accept_language="en").json
    assert read["item"] == {"id": "drills", "code": "cat-drills", "name": {"en": "Category drills"}}


@pytest.mark.parametrize("path", ["PRODUCT/none", "CATEGORY/p1", "THING/p1"])
def test_what_does_not_exist_is_refused(gold: Shop, path: str) -> None:
    with gold.api.unchanged():
        assert gold.api.put(f"{GOLD}/items/{path}", {}).status == 400


def test_bulk_refuses_the_unknown_at_their_index_and_stores_the_rest(gold: Shop) -> None:
    body: list[Any] = [
        {"id": "p1"},
        {"id": "none"},
        {"id": "p2", "mixins": {"a": {"b": 1}}},
        {},
        {"id": "p1"},
    ]
    answer = gold.api.put(f"{GOLD}/items/PRODUCT/bulk", body)
    assert answer.status == 207
    assert [(each["index"], each["code"]) for each in answer.json] == [
        (1, 201),
        (2, 400),
        (3, 201),
        (4, 400),
        (5, 204),
    ]
    assert [each["item"]["id"] for each in gold.api.get(f"{GOLD}/items").json] == ["p1", "p2"]
    deleted = gold.api.delete(f"{GOLD}/items/product/bulk", ["p1", "none", "p1", "p2"]).json
    assert [each["code"] for each in deleted] == [204, 404, 404, 204]


def test_two_hundred_items_stay_inside_the_budget(gold: Shop) -> None:
    products = [
        {"id": f"b{n}", "code": f"B{n}", "name": {"en": f"B {n}"}, "productType": "BASIC", "published": True}
        for n in range(200)
    ]
    assert gold.api.post("/product/{tenant}/products/bulk", products).status == 207
    body = [{"id": each["id"]} for each in products]
    for code in (201, 204):
        with gold.api.statements(11):
            answer = gold.api.put(f"{GOLD}/items/PRODUCT/bulk", body)
            assert {each["code"] for each in answer.json} == {code}
    with gold.api.statements(4):
        assert len(gold.api.get(f"{GOLD}/items?pageSize=300").json) == 200


def test_items_are_found_by_type_and_name(gold: Shop) -> None:
    gold.item("gold", "p1")
    gold.item("gold", "p2")
    gold.item("gold", "drills", "CATEGORY")

    def found(q: str) -> list[str]:
        return [each["item"]["id"] for each in gold.api.post(f"{GOLD}/items/search", {"q": q}).json]

    assert found("type:PRODUCT") == ["p1", "p2"]
    assert found("type:CATEGORY") == ["drills"]
    assert found("item.name.de:~produkt item.code:C-p2") == ["p2"]
    assert [each["item"]["id"] for each in gold.api.get(f"{GOLD}/items?q=item.id:p1").json] == ["p1"]


def test_products_and_categories_know_their_segments(gold: Shop) -> None:
    gold.segment("silver")
    for segment in ("gold", "silver"):
        gold.item(segment, "p1")
    read = gold.api.get("/product/{tenant}/products/p1").json
    assert sorted(read["customerSegmentIds"]) == ["gold", "silver"]
    found = gold.api.get("/product/{tenant}/products?q=customerSegmentIds:gold").json
    assert [each["id"] for each in found] == ["p1"]
    gold.api.delete(f"{GOLD}?forceDelete=true")
    assert gold.api.get("/product/{tenant}/products/p1").json["customerSegmentIds"] == ["silver"]
    assert gold.api.get("/product/{tenant}/products?q=customerSegmentIds:gold").json == []


def test_what_is_deleted_leaves_every_segment(gold: Shop) -> None:
    gold.item("gold", "p1")
    gold.item("gold", "drills", "CATEGORY")
    assert gold.api.delete("/product/{tenant}/products/p1").status == 204
    assert gold.api.delete("/category/{tenant}/categories/drills").status == 204
    assert gold.api.get(f"{GOLD}/items").json == []
    gone = gold.api.events("customer-segment.item-assignment-deleted")
    assert gone[0]["itemId"] == "p1"
    assert len(gone) == 2


def matched(shop: Shop, items: list[str], segments: list[str], **more: Any) -> list[str]:
    body = {"items": [{"id": id} for id in items], "segmentIds": segments, "site": "main", **more}
    answer = shop.api.post(
        f"{SEGMENTS}/match", {key: value for key, value in body.items() if value is not None}
    )
    assert answer.status == 200, answer.json
    return [each["id"] for each in answer.json]


def test_match_covers_products_and_those_of_exactly_the_assigned_category(gold: Shop) -> None:
    gold.categorise("drills", "p2")
    gold.categorise("tools", "p3")
    gold.item("gold", "p1")
    gold.item("gold", "tools", "CATEGORY")
    asked = ["p3", "p2", "p1", "none", "p1"]
    assert matched(gold, asked, ["gold"]) == ["p3", "p1"]
    assert matched(gold, asked, ["gold"], site=None, siteCode="main") == ["p3", "p1"]
    assert matched(gold, asked, ["none"]) == []
    assert matched(gold, asked, ["gold"], site="swiss") == []
    gold.api.patch(GOLD, {"status": "INACTIVE"})
    assert matched(gold, asked, ["gold"]) == []


def test_match_needs_a_site(gold: Shop) -> None:
    refused = gold.api.post(f"{SEGMENTS}/match", {"items": [], "segmentIds": []})
    assert refused.status == 400
    assert refused.json["details"][0]["field"] == "site"


def test_a_tenant_may_let_a_category_cover_its_descendants(gold: Shop) -> None:
    wide = Shop(new_tenant(gold.api.server, **{"segments.categoryScope": "subtree"}))
    wide.site("main")
    wide.segment("gold")
    wide.product("p2")
    wide.category("tools")
    wide.category("drills", "tools")
    wide.categorise("drills", "p2")
    wide.item("gold", "tools", "CATEGORY")
    assert matched(wide, ["p2"], ["gold"]) == ["p2"]


def test_a_list_that_no_statement_takes_is_refused(gold: Shop) -> None:
    many = [f"p{number}" for number in range(5_001)]
    for items, segments in ((many, ["gold"]), (["p1"], many)):
        body = {"items": [{"id": id} for id in items], "segmentIds": segments, "site": "main"}
        refused = gold.api.post(f"{SEGMENTS}/match", body)
        assert refused.status == 400
        assert "5000" in refused.json["details"][0]["message"]
    assert matched(gold, many[:5_000], ["gold"]) == []
