"""`categoryIds` and `customerSegmentIds` follow the assignments of the services that own them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coterie.services.product import facade
from coterie.services.product.operations.products import RESOURCE
from support.api import Api, new_tenant

PRODUCTS = "/product/{tenant}/products"
ADDED, REMOVED = "assignment.created", "assignment.deleted"
GAINED, LOST = "customer-segment.item-assignment-created", "customer-segment.item-assignment-deleted"


@pytest.fixture
def shop(api: Api) -> Api:
    """Two products."""
    api.post(f"{PRODUCTS}/bulk", [{"id": id, "code": id, "name": id, "published": True} for id in ("a", "b")])
    return api


def category(product: str, category: str) -> dict[str, str]:
    return {"product_id": product, "category_id": category}


def segment(item: str, segment: str, type: str = "PRODUCT") -> dict[str, str]:
    return {"item_id": item, "segment_id": segment, "type": type}


def linked(api: Api, id: str = "a") -> tuple[list[str], list[str]]:
    read = api.get(f"{PRODUCTS}/{id}").json
    return read["categoryIds"], read["customerSegmentIds"]


def test_links_come_and_go_with_the_assignments(shop: Api, emit: Any) -> None:
    emit((ADDED, category("a", "tea")), (ADDED, category("a", "sale")), (GAINED, segment("a", "gold")))
    assert linked(shop) == (["sale", "tea"], ["gold"])
    assert linked(shop, "b") == ([], [])
    emit((REMOVED, category("a", "sale")), (LOST, segment("a", "gold")))
    assert linked(shop) == (["tea"], [])


def test_telling_it_twice_changes_nothing(shop: Api, emit: Any) -> None:
    for _ in range(2):
        emit((ADDED, category("a", "tea")), (ADDED, category("a", "tea")), (GAINED, segment("a", "gold")))
    assert linked(shop) == (["tea"], ["gold"])
    for _ in range(2):
        emit((REMOVED, category("a", "tea")), (LOST, segment("a", "gold")))
    assert linked(shop) == ([], [])


def test_a_segments_categories_are_not_a_products(shop: Api, emit: Any) -> None:
    emit((GAINED, segment("a", "gold", "CATEGORY")))
    assert linked(shop) == ([], [])
    emit((GAINED, segment("a", "gold")), (LOST, segment("a", "gold", "CATEGORY")))
    assert linked(shop) == ([], ["gold"])


def test_a_product_that_comes_after_its_assignment_has_it(shop: Api, emit: Any) -> None:
    emit((ADDED, category("c", "tea")), (GAINED, segment("c", "gold")))
    shop.post(PRODUCTS, {"id": "c", "code": "c", "name": "c"})
    assert linked(shop, "c") == (["tea"], ["gold"])
    (event,) = (event for event in shop.events("product.created") if event["id"] == "c")
    assert (event["categoryIds"], event["customerSegmentIds"]) == (["tea"], ["gold"])


def test_links_are_the_tenants(shop: Api, emit: Any, server: Any) -> None:
    other = new_tenant(server)
    other.post(PRODUCTS, {"id": "a", "code": "a", "name": "a"})
    emit((ADDED, category("a", "tea")))
    assert linked(other) == ([], [])
    assert other.get(f"{PRODUCTS}?q=categoryIds:tea").json == []


def test_many_links_take_a_few_statements(shop: Api, emit: Any) -> None:
    with shop.statements(4):
        emit(*((ADDED, category("a", f"c{at}")) for at in range(500)))
    with shop.statements(4):
        emit(*((REMOVED, category("a", f"c{at}")) for at in range(499)))
    assert linked(shop) == (["c499"], [])


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.tuples(st.booleans(), st.sampled_from("ab"), st.sampled_from("xyz")),
            max_size=4,
            unique_by=lambda step: step[1:],
        ),
        max_size=5,
    )
)
def test_links_equal_the_set_of_assignments(shop: Api, emit: Any, transactions: list[list[Any]]) -> None:
    emit(*((REMOVED, category(product, other)) for product in "ab" for other in "xyz"))
    expected: set[tuple[str, str]] = set()
    for steps in transactions:
        emit(*((ADDED if added else REMOVED, category(product, other)) for added, product, other in steps))
        for added, *link in steps:
            (expected.add if added else expected.discard)((link[0], link[1]))
    for product in "ab":
        assert linked(shop, product)[0] == sorted(other for one, other in expected if one == product)
    for other in "xyz":
        found = shop.get(f"{PRODUCTS}?q=categoryIds:{other}").json
        assert [each["id"] for each in found] == sorted(one for one, link in expected if link == other)


def test_the_facade_knows_which_products_exist(shop: Api, emit: Any, call: Any) -> None:
    assert call(lambda opened: facade.existing(opened, ["a", "ghost", "b"])) == {"a", "b"}
    assert call(lambda opened: facade.existing(opened, [])) == set()


def test_the_facades_names_can_be_joined(shop: Api, call: Any) -> None:
    names = facade.names.subquery()
    rows = call(
        lambda opened: opened.db.all(
            names.select().where(names.c.tenant == opened.tenant.name).order_by(names.c.id)
        )
    )
    assert [(row.id, row.code, row.name, row.published) for row in rows] == [
        ("a", "a", {"en": "a"}, True),
        ("b", "b", {"en": "b"}, True),
    ]


def test_no_search_field_is_forgotten() -> None:
    assert set(RESOURCE.computed) - {"media"} | {"media.id"} <= set(RESOURCE.fields.promoted)
