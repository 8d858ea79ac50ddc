"""What a worker keeps in memory never shows: after every change the hot reads answer what the tables hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coterie.memory import MEMORY, Memory
from coterie.services.customer_segment.operations import hot, match
from support.api import Api
from support.shop import SEGMENTS, Shop

ITEMS = f"{SEGMENTS}/items"
TREES = f"{SEGMENTS}/items/category-trees"
CATEGORIES = "/category/{tenant}/categories"
PRODUCTS = "/product/{tenant}/products"

GOLD = f"{SEGMENTS}/gold"
CHANGES: dict[str, Callable[[Api], Any]] = {
    "an item comes": lambda api: api.put(f"{GOLD}/items/PRODUCT/p3", {}),
    "items come in bulk": lambda api: api.put(f"{GOLD}/items/PRODUCT/bulk", [{"id": "p3"}, {"id": "p4"}]),
    "a category comes": lambda api: api.put(f"{GOLD}/items/CATEGORY/bulk", [{"id": "saws"}]),
    "an item is written again": lambda api: api.put(f"{GOLD}/items/PRODUCT/p1", {}),
    "an item goes": lambda api: api.delete(f"{GOLD}/items/PRODUCT/p1"),
    "items go in bulk": lambda api: api.delete(f"{GOLD}/items/CATEGORY/bulk", ["drills"]),
    "a product is renamed": lambda api: api.patch(f"{PRODUCTS}/p1", {"name": {"en": "New"}}),
    "a product is deleted": lambda api: api.delete(f"{PRODUCTS}/p1"),
    "a product comes into a category": lambda api: api.put(
        f"{CATEGORIES}/drills/assignments/references/p3", {}
    ),
    "products come into a category in bulk": lambda api: api.put(
        f"{CATEGORIES}/drills/assignments/references/bulk", [{"ref": {"id": "p3", "type": "PRODUCT"}}]
    ),
    "a product leaves a category": lambda api: api.delete(f"{CATEGORIES}/drills/assignments/references/p4"),
    "a product leaves all categories": lambda api: api.delete("/category/{tenant}/assignments/references/p4"),
    "a category is emptied": lambda api: api.delete(f"{CATEGORIES}/drills/assignments"),
    "a product of a category is deleted": lambda api: api.delete(f"{PRODUCTS}/p4"),
    "a category is renamed": lambda api: api.patch(
        f"{CATEGORIES}/drills?publish=true", {"localizedName": {"en": "New"}, "metadata": {"version": 1}}
    ),
    "an ancestor is renamed": lambda api: api.patch(
        f"{CATEGORIES}/tools?publish=true", {"localizedName": {"en": "New"}, "metadata": {"version": 1}}
    ),
    "a category moves": lambda api: api.patch(
        f"{CATEGORIES}/drills?publish=true", {"parentId": "saws", "metadata": {"version": 1}}
    ),
    "an ancestor is hidden": lambda api: api.patch(
        f"{CATEGORIES}/tools?publish=false", {"published": False, "metadata": {"version": 1}}
    ),
    "a category is deleted": lambda api: api.delete(f"{CATEGORIES}/drills"),
    "an ancestor is deleted": lambda api: api.delete(f"{CATEGORIES}/tools?withSubcategories=true"),
    "a segment goes and comes back": lambda api: (
        api.delete(f"{GOLD}?forceDelete=true"),
        api.put(GOLD, {"name": {"en": "Gold"}, "siteCode": "main", "status": "ACTIVE"}),
        api.put(f"{GOLD}/customers/ada", {}),
        api.put(f"{GOLD}/items/PRODUCT/p4", {}),
    ),
    "a segment is switched off": lambda api: api.patch(GOLD, {"status": "INACTIVE"}),
    "a segment moves to another site": lambda api: api.patch(GOLD, {"siteCode": "swiss"}),
    "a customer leaves": lambda api: api.delete(f"{GOLD}/customers/ada"),
}


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """Ada in two segments with products and a category below another."""
    shop.site("swiss", currency="CHF")
    shop.customer("ada@example.com", id="ada")
    for category, parent in (("tools", None), ("drills", "tools"), ("saws", "tools")):
        shop.category(category, parent)
    for product in ("p1", "p2", "p3", "p4"):
        shop.product(product)
    shop.categorise("drills", "p4")
    for segment in ("gold", "silver"):
        shop.segment(segment)
        shop.member(segment, "ada")
    for segment, product in (("gold", "p1"), ("gold", "p2"), ("silver", "p2")):
        shop.item(segment, product)
    assert shop.api.put(f"{GOLD}/items/CATEGORY/drills", {}).status == 201
    return shop


def shown(shop: Shop, ada: Api) -> list[Any]:
    """What the hot reads answer."""
    asked = {
        "items": [{"id": f"p{n}"} for n in range(1, 5)],
        "segmentIds": ["gold", "silver"],
        "site": "main",
    }
    reads = (ITEMS, f"{ITEMS}?siteCode=main&q=type:CATEGORY", SEGMENTS, TREES, f"{TREES}?siteCode=main")
    answers = [ada.get(path) for path in reads] + [shop.api.post(f"{SEGMENTS}/match", asked)]
    assert {answer.status for answer in answers} == {200}
    return [answer.json for answer in answers]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_shows_at_once(stocked: Shop, change: str) -> None:
    ada = stocked.api.as_customer("ada")
    before = shown(stocked, ada)
    for _ in range(2):
        assert shown(stocked, ada) == before
    CHANGES[change](stocked.api)
    after = shown(stocked, ada)
    assert after != before
    MEMORY.clear()
    assert shown(stocked, ada) == after
    assert after[0] == ada.get(f"{ITEMS}?q=type:(PRODUCT,CATEGORY)").json


def test_the_products_of_descendants_come_and_go_with_the_tree(stocked: Shop) -> None:
    stocked.setting("segments.categoryScope", "subtree")
    ada = stocked.api.as_customer("ada")
    stocked.category("small", "drills")
    stocked.categorise("small", "p3")
    moved = f"{CATEGORIES}/small?publish=true"
    for parent, version, expected in (
        ("saws", 1, ["p1", "p2", "p4"]),
        ("drills", 2, ["p1", "p2", "p3", "p4"]),
    ):
        assert [each["id"] for each in shown(stocked, ada)[-1]] != expected
        body = {"parentId": parent, "metadata": {"version": version}}
        assert stocked.api.patch(moved, body).status == 204
        assert [each["id"] for each in shown(stocked, ada)[-1]] == expected
    stocked.setting("segments.categoryScope", "assigned")
    assert [each["id"] for each in shown(stocked, ada)[-1]] == ["p1", "p2", "p4"]


def test_a_match_from_memory_is_one_statement(stocked: Shop) -> None:
    ada = stocked.api.as_customer("ada")
    matched = shown(stocked, ada)[-1]
    body = {
        "items": [{"id": "p4"}, {"id": "p1"}, {"id": "p4"}],
        "segmentIds": ["gold", "gone"],
        "site": "main",
    }
    # From each segment's products, from those of both segments that are kept then, and from these.
    for _ in range(3):
        with stocked.api.statements(1):
            assert stocked.api.post(f"{SEGMENTS}/match", body).json == [{"id": "p4"}, {"id": "p1"}]
    assert len(matched) == 3


def test_a_product_that_comes_after_its_assignment_has_its_name(stocked: Shop) -> None:
    stocked.setting("references", "open")
    ada = stocked.api.as_customer("ada")
    assert stocked.api.put(f"{GOLD}/items/PRODUCT/later", {}).status == 201
    assert [each["item"] for each in ada.get(ITEMS).json if each["item"]["id"] == "later"] == [
        {"id": "later"}
    ]
    stocked.product("later")
    (item,) = (each["item"] for each in ada.get(ITEMS).json if each["item"]["id"] == "later")
    assert item["code"] == "C-later"


def test_the_descendants_count_as_soon_as_the_tenant_says_so(stocked: Shop) -> None:
    ada = stocked.api.as_customer("ada")
    stocked.category("small", "drills")
    assert "small" not in str(ada.get(TREES).json)
    stocked.setting("segments.categoryScope", "subtree")
    assert "small" in str(ada.get(TREES).json)


@pytest.mark.parametrize("asked", ["q=type:PRODUCT", "q=type:CATEGORY", "siteCode=main"])
def test_pages_are_cut_out_of_what_is_kept(stocked: Shop, asked: str) -> None:
    for product in ("p3", "p4"):
        stocked.item("silver", product)
    ada = stocked.api.as_customer("ada")
    whole = ada.get(f"{ITEMS}?{asked}").json
    assert whole
    for size in range(1, len(whole) + 2):
        pages = [
            ada.get(f"{ITEMS}?{asked}&pageSize={size}&pageNumber={n + 1}").json for n in range(len(whole) + 1)
        ]
        assert pages == [whole[n * size : (n + 1) * size] for n in range(len(whole) + 1)]


def test_a_tree_kept_for_one_is_that_of_all_in_the_same_segments_only(stocked: Shop) -> None:
    for customer in ("bob", "eve"):
        stocked.customer(f"{customer}@example.com", id=customer)
        stocked.member("gold", customer)
    stocked.member("silver", "bob")
    assert stocked.api.put(f"{SEGMENTS}/silver/items/CATEGORY/saws", {}).status == 201
    ada, bob, eve = (stocked.api.as_customer(each) for each in ("ada", "bob", "eve"))
    for _ in range(2):
        both = ada.get(TREES).json
        assert bob.get(TREES).json == both
        assert "saws" in str(both)
        assert "saws" not in str(eve.get(TREES).json)
        assert ada.get(TREES, **{"Accept-Language": "de"}).json != both
    assert stocked.api.delete(f"{SEGMENTS}/silver/customers/bob").status == 204
    assert bob.get(TREES).json == eve.get(TREES).json


def test_a_segment_too_large_for_memory_is_read_page_by_page(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = stocked.api.as_customer("ada")
    queries = ("", "?pageSize=2&pageNumber=2", "?q=type:CATEGORY", "?siteCode=main&q=type:PRODUCT")
    expected = [ada.get(ITEMS + query).json for query in queries]
    matched = shown(stocked, ada)[-1]
    for most in (1, 2, 3):
        MEMORY.clear()
        for module in (hot, match):
            monkeypatch.setattr(module, "_MOST", most)
        for _ in range(3):
            assert [ada.get(ITEMS + query).json for query in queries] == expected
            assert shown(stocked, ada)[-1] == matched


def test_the_memory_keeps_what_was_used_last_within_its_bound() -> None:
    memory = Memory()
    for key in "abc":
        memory.keep(key, key.upper(), 40, 100)
    assert [memory.get(key) for key in "abc"] == [None, "B", "C"]
    memory.get("b")
    memory.keep("d", "D", 40, 100)
    assert [memory.get(key) for key in "bcd"] == ["B", None, "D"]
    memory.keep("b", "B2", 100, 100)
    assert [memory.get(key) for key in "bd"] == ["B2", None]
    memory.keep("huge", "!", 101, 100)
    assert memory.get("huge") is None
