"""Assignments: products come into categories and go, one by one and in bulk, and are listed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from support.api import Api, new_tenant
from support.shop import Shop

BASE = "/category/{tenant}/categories"
REFERENCES = "/category/{tenant}/assignments/references"
PRODUCTS = "/product/{tenant}/products"


@pytest.fixture
def shop(api: Api) -> Shop:
    """Shoes with boots below, and three products."""
    shop = Shop(api)
    shop.category("shoes")
    shop.category("boots", "shoes")
    for id in ("p1", "p2", "p3"):
        shop.product(id)
    return shop


def ref(id: str, **more: Any) -> dict[str, Any]:
    return {"ref": {"id": id, **more}}


def products(response: Any) -> list[tuple[str, str]]:
    """Category and product of each assignment."""
    assert response.status == 200, response.json
    return [(each["categoryId"], each["ref"]["id"]) for each in response.json]


def test_an_assignment_has_the_name_of_now(shop: Shop) -> None:
    api = shop.api
    created = api.post(f"{BASE}/boots/assignments", ref("p1", type="PRODUCT"))
    assert created.status == 201
    expected = {
        "id": created.json["id"],
        "categoryId": "boots",
        "ref": {"id": "p1", "type": "PRODUCT", "localizedName": {"en": "Product p1", "de": "Produkt p1"}},
    }
    assert api.get(f"{BASE}/boots/assignments").json == [expected]
    shop.product("p1", name={"en": "Renamed"})
    expected["ref"]["localizedName"] = {"en": "Renamed"}
    assert api.get(f"{BASE}/boots/assignments", accept_language="en").json == [expected]
    assert api.events("assignment.created") == [
        {
            "type": "assignment.created",
            "tenant": api.tenant,
            "id": created.json["id"],
            "categoryId": "boots",
            "ref": {"id": "p1", "type": "PRODUCT"},
        }
    ]
    assert api.get(f"{PRODUCTS}/p1").json["categoryIds"] == ["boots"]


def test_a_product_is_in_a_category_once(shop: Shop) -> None:
    api = shop.api
    id = api.post(f"{BASE}/boots/assignments", ref("p1", type="product")).json["id"]
    with api.unchanged():
        again = api.post(f"{BASE}/boots/assignments", ref("p1"))
        assert (again.status, again.json) == (201, {"id": id})
        assert api.put(f"{BASE}/boots/assignments/references/p1").status == 204
    other = api.put(f"{BASE}/boots/assignments/references/p2")
    assert other.status == 201
    assert other.json["id"] != id


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (ref("nobody", type="PRODUCT"), "ref.id"),
        (ref("p1", type="CATEGORY"), "ref.type"),
        (ref("", type="PRODUCT"), "ref.id"),
        ({"ref": {"type": "PRODUCT"}}, "ref.id"),
        ({}, "ref"),
    ],
)
def test_what_can_not_be_assigned_is_refused(shop: Shop, body: dict[str, Any], field: str) -> None:
    with shop.api.unchanged():
        response = shop.api.post(f"{BASE}/boots/assignments", body)
        assert shop.api.put(f"{BASE}/boots/assignments/references/nobody").status == 400
    assert response.status == 400
    assert response.json["details"][0].startswith(f"{field}: ")


def test_the_products_of_a_shop_may_live_elsewhere(api: Api) -> None:
    api = new_tenant(api.server, references="open")
    shop = Shop(api)
    shop.category("boots")
    assert api.put(f"{BASE}/boots/assignments/references/elsewhere").status == 201
    (listed,) = api.get(f"{BASE}/boots/assignments").json
    assert listed["ref"] == {"id": "elsewhere", "type": "PRODUCT"}
    assert api.get(f"{BASE}/boots/assignments?hideUnpublishedProducts=true").json == []


def test_nothing_is_assigned_to_no_category(shop: Shop) -> None:
    api = shop.api
    with api.unchanged():
        for response in (
            api.post(f"{BASE}/nobody/assignments", ref("p1")),
            api.post(f"{BASE}/nobody/assignments/bulk", [ref("p1")]),
            api.put(f"{BASE}/nobody/assignments/references/bulk", [ref("p1")]),
            api.put(f"{BASE}/nobody/assignments/references/p1"),
            api.delete(f"{BASE}/nobody/assignments"),
            api.get(f"{BASE}/nobody/assignments"),
        ):
            assert (response.status, response.json["message"]) == (404, "Error while getting category")


def test_each_item_of_a_bulk_stands_for_itself(shop: Shop) -> None:
    api = shop.api
    known = api.post(f"{BASE}/boots/assignments", ref("p1")).json["id"]
    items = [ref("p1"), ref("p2"), ref("nobody"), {"ref": {}}, ref("p2"), ref("p3", type="HAT")]
    response = api.put(f"{BASE}/boots/assignments/references/bulk", items)
    assert response.status == 207
    entries = response.json
    assert [(each["index"], each["code"], each["status"]) for each in entries] == [
        (0, 204, "No Content"),
        (1, 201, "Created"),
        (2, 400, "Bad Request"),
        (3, 400, "Bad Request"),
        (4, 204, "No Content"),
        (5, 400, "Bad Request"),
    ]
    assert (entries[0]["assignmentId"], entries[0]["productId"]) == (known, "p1")
    assert entries[1]["assignmentId"] == entries[4]["assignmentId"] != known
    assert entries[2]["message"] == "Assignment reference validation failed"
    assert entries[2]["details"] == ["ref.id: there is no product 'nobody'; create it first"]
    assert [event["ref"]["id"] for event in api.events("assignment.created")] == ["p1", "p2"]
    posted = api.post(
        f"{BASE}/shoes/assignments/bulk", [ref("p1", type="PRODUCT"), ref("p1", type="PRODUCT")]
    )
    assert [each["code"] for each in posted.json] == [201, 201]
    assert posted.json[0]["assignmentId"] == posted.json[1]["assignmentId"]


def test_a_bulk_of_the_largest_size_is_a_few_statements(shop: Shop) -> None:
    api = shop.api
    ids = [f"q{number}" for number in range(200)]
    items = [
        {"id": id, "code": id, "name": {"en": id}, "published": True, "productType": "BASIC"} for id in ids
    ]
    assert api.put(f"{PRODUCTS}/bulk", items).status == 207
    with api.statements(12):
        response = api.put(f"{BASE}/boots/assignments/references/bulk", [ref(id) for id in ids])
    assert {each["code"] for each in response.json} == {201}
    with api.statements(12):
        response = api.put(f"{BASE}/boots/assignments/references/bulk", [ref(id) for id in ids])
    assert {each["code"] for each in response.json} == {204}
    assert len(api.get(f"{BASE}/boots/assignments?pageSize=20000").json) == 200
    with api.unchanged():
        assert api.put(f"{BASE}/boots/assignments/references/bulk", [ref("p1")] * 201).status == 400
        assert api.post(f"{BASE}/boots/assignments/bulk", ref("p1")).status == 400


def test_assignments_are_deleted_in_four_ways(shop: Shop) -> None:
    api = shop.api
    ids = {}
    for category in ("shoes", "boots"):
        for product in ("p1", "p2", "p3"):
            ids[category, product] = api.post(f"{BASE}/{category}/assignments", ref(product)).json["id"]
    by_id = f"{BASE}/boots/assignments/{ids['boots', 'p1']}"
    by_reference = f"{BASE}/boots/assignments/references/p2"
    with api.unchanged():
        assert (
            api.delete(f"{BASE}/shoes/assignments/{ids['boots', 'p1']}").status == 404
        )  # another category's
        assert api.delete(f"{BASE}/boots/assignments?assignmentType=HAT").status == 400
        assert api.delete(f"{BASE}/boots/assignments/references/nobody").status == 404
        nobody = api.delete(f"{REFERENCES}/nobody")
        assert (nobody.status, nobody.json["details"]) == (404, ["Reference id nobody not found"])
    for path in (by_id, by_reference):
        assert api.delete(path).status == 204
        with api.unchanged():
            assert api.delete(path).status == 404
    everything = f"{BASE}/shoes/assignments?withSubcategories=true"
    assert products(api.get(everything)) == [
        ("shoes", "p1"),
        ("shoes", "p2"),
        ("boots", "p3"),
        ("shoes", "p3"),
    ]
    assert api.delete(f"{REFERENCES}/p3").status == 204
    assert products(api.get(everything)) == [("shoes", "p1"), ("shoes", "p2")]
    assert api.delete(f"{BASE}/shoes/assignments?assignmentType=PRODUCT").status == 204
    assert (
        api.delete(f"{BASE}/shoes/assignments").status == 204
    )  # there are none left, which is what was asked
    assert products(api.get(everything)) == []
    assert sorted(event["id"] for event in api.events("assignment.deleted")) == sorted(ids.values())
    assert api.get(f"{PRODUCTS}/p1").json["categoryIds"] == []


def test_a_deleted_product_leaves_its_categories(shop: Shop) -> None:
    api = shop.api
    for category in ("shoes", "boots"):
        shop.categorise(category, "p1")
    shop.categorise("boots", "p2")
    assert api.delete(f"{PRODUCTS}/p1").status == 204
    assert products(api.get(f"{BASE}/shoes/assignments?withSubcategories=true")) == [("boots", "p2")]
    assert [event["categoryId"] for event in api.events("assignment.deleted")] == ["boots", "shoes"]


def test_writing_takes_the_scope_to_manage(shop: Shop) -> None:
    api = shop.api
    shop.categorise("boots", "p1")
    other = api.with_scopes("category.category_read_unpublished")
    with api.unchanged():
        for response in (
            other.post(f"{BASE}/boots/assignments", ref("p2")),
            other.post(f"{BASE}/boots/assignments/bulk", [ref("p2")]),
            other.put(f"{BASE}/boots/assignments/references/bulk", [ref("p2")]),
            other.put(f"{BASE}/boots/assignments/references/p2"),
            other.delete(f"{BASE}/boots/assignments"),
            other.delete(f"{BASE}/boots/assignments/x"),
            other.delete(f"{BASE}/boots/assignments/references/p1"),
            other.delete(f"{REFERENCES}/p1"),
        ):
            assert response.status == 403


@pytest.mark.parametrize(
    ("query", "headers", "found"),
    [
        ("", {}, ["p1", "p2", "p3"]),
        ("ref.id=p2", {}, ["p2"]),
        ("ref.localizedName=RED", {}, ["p1", "p2"]),
        ("ref.localizedName=rot", {}, ["p1"]),
        ("ref.localizedName=rot", {"accept_language": "en"}, []),
        ("ref.localizedName=red&ref.id=p2", {}, ["p2"]),
        ("hideUnpublishedProducts=true", {}, ["p1", "p3"]),
        ("hideUnpublishedProducts=true&ref.localizedName=red", {}, ["p1"]),
        ("assignmentType=product", {}, ["p1", "p2", "p3"]),
        ("sort=ref.id:DESC", {}, ["p3", "p2", "p1"]),
        ("sort=ref.localizedName", {}, ["p3", "p2", "p1"]),
        ("q=ref.id:(p1,p3)", {}, ["p1", "p3"]),
        ("q=ref.localizedName.en:~red", {}, ["p1", "p2"]),
        ("pageSize=2", {}, ["p1", "p2"]),
        ("pageSize=2&pageNumber=2", {}, ["p3"]),
        ("pageSize=20000", {}, ["p1", "p2", "p3"]),
        ("pageNumber=7", {}, []),
    ],
)
def test_the_list_is_filtered_sorted_and_paged(
    shop: Shop, query: str, headers: dict[str, str], found: list[str]
) -> None:
    api = shop.api
    shop.product("p1", name={"en": "Red boots", "de": "Rote Stiefel"})
    shop.product("p2", name={"en": "Dark red shoes"}, published=False)
    shop.product("p3", name={"en": "Blue boots"})
    for id in ("p1", "p2", "p3"):
        shop.categorise("boots", id)
    with api.statements(3):
        response = api.get(f"{BASE}/boots/assignments?{query}", x_total_count="true", **headers)
    assert [id for _, id in products(response)] == found
    if "page" not in query:
        assert response.headers["x-total-count"] == str(len(found))


@pytest.mark.parametrize("query", ["sort=ref.price", "q=price:1", "assignmentType=HAT", "pageSize=0"])
def test_a_parameter_that_can_not_be_read_is_refused(shop: Shop, query: str) -> None:
    assert shop.api.get(f"{BASE}/boots/assignments?{query}").status == 400


def test_unpublished_categories_hide_what_lies_in_and_below_them(shop: Shop) -> None:
    api = shop.api
    put = f"{BASE}/{{id}}?publish=false"
    for id, parent in (("secret", "shoes"), ("alone", None)):
        body = {"localizedName": {"en": id}, "published": False, "parentId": parent}
        assert api.put(put.format(id=id, tenant="{tenant}"), body).status == 201
    shop.category("below", "secret")
    for category, product in (("shoes", "p1"), ("secret", "p2"), ("below", "p3"), ("alone", "p1")):
        shop.categorise(category, product)
    path = f"{BASE}/shoes/assignments?withSubcategories=true"
    assert products(api.get(path)) == [("shoes", "p1")]
    assert products(api.get(f"{path}&showUnpublished=true")) == [
        ("shoes", "p1"),
        ("secret", "p2"),
        ("below", "p3"),
    ]
    assert products(api.get(f"{BASE}/below/assignments")) == [("below", "p3")]
    assert api.get(f"{BASE}/alone/assignments").status == 404
    assert products(api.get(f"{BASE}/alone/assignments?showUnpublished=true")) == [("alone", "p1")]
    plain = api.as_anonymous()
    assert plain.get(path).status == 200
    assert plain.get(f"{path}&showUnpublished=true").status == 403
    assert plain.get(f"{REFERENCES}/p1?showUnpublished=true").status == 403


def test_the_categories_of_a_product(shop: Shop) -> None:
    api = shop.api
    body = {"localizedName": {"en": "Secret"}, "published": False, "parentId": "boots"}
    assert api.put(f"{BASE}/secret", body).status == 201
    for category in ("shoes", "boots", "secret"):
        shop.categorise(category, "p1")
    shop.categorise("secret", "p2")
    path = f"{REFERENCES}/p1"

    def found(query: str = "", **headers: str) -> list[str]:
        return [each["id"] for each in api.get(path + query, **headers).json]

    assert found() == ["boots", "shoes"]
    assert found("?showUnpublished=true") == ["boots", "secret", "shoes"]
    assert found("?sort=id:desc&pageSize=1") == ["shoes"]
    assert found("?pageNumber=5") == []
    assert api.get(path, x_total_count="true").headers["x-total-count"] == "2"
    assert "supercategoriesIds" not in api.get(path).json[0]
    with api.statements(3):
        expanded = api.get(f"{path}?expandSupercategoriesIds=true&showUnpublished=true").json
    assert {each["id"]: each["supercategoriesIds"] for each in expanded} == {
        "boots": ["shoes"],
        "secret": ["shoes", "boots"],
        "shoes": [],
    }
    for id in ("p2", "p3", "nobody"):
        none = api.get(f"{REFERENCES}/{id}")
        assert (none.status, none.json["resourceId"]) == (404, id)
        assert none.json["message"] == "Error while getting categories for assignment reference"


ROUNDS = 10


async def at_once(api: Api, *requests: tuple[str, str]) -> list[int]:
    responses = await asyncio.gather(*(api.send(method, path) for method, path in requests))
    return [response.status for response in responses]


def test_nothing_is_left_of_an_assignment_to_a_category_that_goes_meanwhile(shop: Shop) -> None:
    api = shop.api
    for turn in range(ROUNDS):  # the first ones open the connections on which the later ones meet
        category = shop.category(f"c{turn}")
        path = f"{BASE}/{category}"
        puts = [("PUT", f"{path}/assignments/references/{id}") for id in ("p1", "p2", "p3")]
        first, second, deleted, third = api.run(at_once(api, *puts[:2], ("DELETE", path), puts[2]))
        assert deleted == 204
        assert {first, second, third} <= {201, 404}
        assert api.snapshot()["category_assignment"] == api.snapshot()["product_category"] == 0


def test_assigning_at_once_makes_one_assignment(shop: Shop) -> None:
    api = shop.api
    for turn in range(ROUNDS):
        category = shop.category(f"c{turn}")
        put = ("PUT", f"{BASE}/{category}/assignments/references/p1")
        assert sorted(api.run(at_once(api, put, put, put, put))) == [201, 204, 204, 204]
    assert len(api.events("assignment.created")) == ROUNDS


@pytest.mark.parametrize(
    ("references", "own", "status"),
    [("checked", None, 400), ("checked", False, 201), ("open", None, 201), ("open", True, 400)],
)
def test_whether_products_have_to_be_there(api: Api, references: str, own: bool | None, status: int) -> None:
    settings = {} if own is None else {"enableProductCategoryAssignmentValidation": own}
    tenant = new_tenant(api.server, references=references, **settings)
    Shop(tenant).category("a")
    path = f"{BASE}/a/assignments"
    assert tenant.put(f"{path}/references/elsewhere").status == status
    (entry,) = tenant.put(f"{path}/references/bulk", [{"ref": {"id": "elsewhere"}}]).json
    assert entry["code"] == (204 if status == 201 else 400)
