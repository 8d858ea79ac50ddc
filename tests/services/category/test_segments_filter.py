"""`segmentsIds`: the assignments of those categories that are assigned to one of the segments (CONTRACT §3.3)."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api, new_tenant
from support.shop import SEGMENTS, Shop

BASE = "/category/{tenant}/categories"


def fill(api: Api) -> Shop:
    """shoes > boots > winter, and hats, with a product each; boots is in `gold`, hats in `silver`."""
    shop = Shop(api)
    shop.site("main")
    for category, parent in (("shoes", None), ("boots", "shoes"), ("winter", "boots"), ("hats", None)):
        shop.category(category, parent)
        shop.categorise(category, shop.product(f"p-{category}"))
    for segment in ("gold", "silver"):
        shop.segment(segment)
    shop.item("gold", "boots", "CATEGORY")
    shop.item("silver", "hats", "CATEGORY")
    return shop


@pytest.fixture
def shop(api: Api) -> Shop:
    """The shop, where an assigned category covers itself alone."""
    return fill(api)


def found(api: Api, category: str, query: str) -> list[str]:
    response = api.get(f"{BASE}/{category}/assignments?{query}")
    assert response.status == 200, response.json
    return [each["ref"]["id"] for each in response.json]


@pytest.mark.parametrize(
    ("category", "query", "products"),
    [
        ("shoes", "segmentsIds=gold", []),
        ("shoes", "segmentsIds=gold&withSubcategories=true", ["p-boots"]),
        ("shoes", "segmentsIds=gold,silver&withSubcategories=true", ["p-boots"]),
        ("shoes", "segmentsIds=gold&segmentsIds=silver&withSubcategories=true", ["p-boots"]),
        ("shoes", "segmentsIds=silver&withSubcategories=true", []),
        ("shoes", "segmentsIds=nobody&withSubcategories=true", []),
        ("shoes", "segmentsIds=,&withSubcategories=true", []),
        ("shoes", "withSubcategories=true", ["p-boots", "p-shoes", "p-winter"]),
        ("boots", "segmentsIds=silver,%20gold", ["p-boots"]),
        ("boots", "segmentsIds=gold&ref.id=p-winter", []),
        ("winter", "segmentsIds=gold", []),
        ("hats", "segmentsIds=silver&ref.localizedName=hats&hideUnpublishedProducts=true", ["p-hats"]),
    ],
)
def test_an_assigned_category_covers_itself(
    shop: Shop, category: str, query: str, products: list[str]
) -> None:
    assert found(shop.api, category, query) == products


def test_with_the_scope_of_subtrees_it_covers_what_lies_below(api: Api) -> None:
    api = new_tenant(api.server, **{"segments.categoryScope": "subtree"})
    shop = fill(api)
    below = ["p-boots", "p-winter"]
    assert found(api, "shoes", "segmentsIds=gold&withSubcategories=true") == below
    assert found(api, "winter", "segmentsIds=gold") == ["p-winter"]
    shop.category("deep", "winter")
    shop.categorise("deep", shop.product("p-deep"))
    assert found(api, "deep", "segmentsIds=gold") == ["p-deep"]


def test_products_that_are_in_a_segment_themselves_do_not_count(shop: Shop) -> None:
    shop.item("gold", "p-shoes")
    assert found(shop.api, "shoes", "segmentsIds=gold") == []


def test_the_filter_follows_the_segments(shop: Shop) -> None:
    api = shop.api

    def change(step: Any) -> list[str]:
        assert step.status in (204, 207), step.json
        return found(api, "boots", "segmentsIds=gold")

    items = f"{SEGMENTS}/gold/items/CATEGORY"
    assert change(api.delete(f"{items}/boots")) == []
    assert change(api.put(f"{items}/bulk", [{"id": "boots"}, {"id": "hats"}])) == ["p-boots"]
    assert change(api.put(f"{items}/boots", {"mixins": {"a": {"b": 1}}})) == [
        "p-boots"
    ]  # an update adds nothing
    assert change(api.delete(f"{items}/bulk", ["boots", "hats"])) == []
    assert api.snapshot()["category_segment"] == 1
    assert change(api.put(f"{items}/bulk", [{"id": "boots"}])) == ["p-boots"]
    assert change(api.delete(f"{SEGMENTS}/gold?forceDelete=true")) == []
    assert change(api.delete(f"{SEGMENTS}/silver?forceDelete=true")) == []
    assert api.snapshot()["category_segment"] == 0


def test_the_list_by_segments_is_three_statements(shop: Shop) -> None:
    query = (
        "segmentsIds=gold,silver&withSubcategories=true&ref.localizedName=boots&hideUnpublishedProducts=true"
    )
    with shop.api.statements(3):
        response = shop.api.get(f"{BASE}/shoes/assignments?{query}", x_total_count="true")
    assert response.headers["x-total-count"] == "1"
