"""Which categories an assigned one covers: itself, or, as the tenant's setting says, all below it as well."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Server, new_tenant
from support.shop import SEGMENTS, Shop

CATEGORIES, COUPONS = "/category/{tenant}/categories", "/coupon/{tenant}/coupons"


def _covered(shop: Shop, customer: str) -> list[list[str]]:
    """The categories that the trees, match and the filter by segments cover; each has a product of its name."""

    def assigned(nodes: list[dict[str, Any]]) -> list[str]:
        found = []
        for node in nodes:
            found += [node["id"]] if node["isSegmentAssigned"] else []
            found += assigned(node.get("subcategories", []))
        return found

    products = [{"id": f"p-{id}"} for id in ("low", "mid", "top")]
    asked = {"items": products, "segmentIds": ["gold"], "site": "main"}
    links = shop.api.get(f"{CATEGORIES}/top/assignments?withSubcategories=true&segmentsIds=gold").json
    return [
        sorted(assigned(shop.api.as_customer(customer).get(f"{SEGMENTS}/items/category-trees").json)),
        [each["id"][2:] for each in shop.api.post(f"{SEGMENTS}/match", asked).json],
        sorted(each["categoryId"] for each in links),
    ]


@pytest.mark.parametrize(
    ("scope", "before", "after"),
    [
        ("assigned", ["mid"], ["mid"]),
        ("subtree", ["low", "mid"], ["mid"]),
    ],
)
def test_every_read_covers_the_same(server: Server, scope: str, before: list[str], after: list[str]) -> None:
    shop = Shop(new_tenant(server, **{"segments.categoryScope": scope}))
    shop.site()
    shop.segment("gold")
    for id, parent in (("top", None), ("mid", "top"), ("low", "mid")):
        shop.categorise(shop.category(id, parent), shop.product(f"p-{id}"))
    shop.item("gold", "mid", "CATEGORY")
    ada = shop.customer("ada@example.com")
    shop.member("gold", ada)
    assert _covered(shop, ada) == [before] * 3
    shop.category("low", "top")
    assert _covered(shop, ada) == [after] * 3
    shop.api.delete(f"{SEGMENTS}/gold/items/CATEGORY/mid")
    assert _covered(shop, ada) == [[]] * 3
