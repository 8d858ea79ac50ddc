"""Vendors' employees: they see and write the products of their vendor, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from services.iam.world import World
from support.api import Api

PRODUCTS = "/product/{tenant}/products"
VIEWER, MANAGER = "product.product.vendor-viewer", "product.product.vendor-manager"


def body(id: str, **fields: Any) -> dict[str, Any]:
    return {"id": id, "code": id, "name": id, **fields}


@pytest.fixture
def world(api: Api) -> World:
    """A tenant with products of two vendors and of none."""
    for each in (
        body("acme", vendorId="acme"),
        body("bolt", vendor={"id": "bolt"}, published=True),
        body("own"),
    ):
        assert api.post(PRODUCTS, each).status == 201
    return World(api)


def employee(world: World, vendor: str, *controls: str) -> Api:
    body = {"name": {"en": vendor}, "vendorId": vendor, "accessControls": list(controls)}
    group = world.iam("groups", method="POST", body=body).json["id"]
    return world.api.as_employee(world.employee(f"{vendor}@example.com", group))


def seen(api: Api) -> list[str]:
    found = [each["id"] for each in api.get(PRODUCTS).json]
    assert found == [id for id in ("acme", "bolt", "own") if api.get(f"{PRODUCTS}/{id}").status == 200]
    return found


def test_an_employee_sees_the_products_of_his_vendor(world: World) -> None:
    assert seen(employee(world, "acme", VIEWER)) == ["acme"]
    assert seen(employee(world, "bolt", MANAGER)) == ["bolt"]
    assert seen(world.api.as_anonymous()) == ["bolt"]


def test_an_employee_writes_the_products_of_his_vendor(world: World) -> None:
    acme = employee(world, "acme", MANAGER)
    assert acme.post(PRODUCTS, body("new")).status == 201
    assert world.api.get(f"{PRODUCTS}/new").json["vendorId"] == "acme"
    assert world.api.get(f"{PRODUCTS}/new").json["vendor"] == {"id": "acme"}
    assert acme.patch(f"{PRODUCTS}/new", {"code": "changed"}).status == 204
    assert acme.put(f"{PRODUCTS}/acme", body("acme")).status == 204
    assert acme.delete(f"{PRODUCTS}/new").status == 204
    with world.api.unchanged():
        for answer in (
            acme.post(PRODUCTS, body("new", vendorId="bolt")),
            acme.patch(f"{PRODUCTS}/bolt", {"code": "x"}),
            acme.patch(f"{PRODUCTS}/bolt", {"vendorId": "acme", "vendor": {"id": "acme"}}),
            acme.patch(f"{PRODUCTS}/acme", {"vendorId": "bolt", "vendor": {"id": "bolt"}}),
            acme.put(f"{PRODUCTS}/own", body("own")),
            acme.put(f"{PRODUCTS}/bolt?partial=true", {"code": "x"}),
            acme.delete(f"{PRODUCTS}/bolt"),
            acme.delete(f"{PRODUCTS}/own"),
        ):
            assert answer.status == 403
    codes = acme.put(f"{PRODUCTS}/bulk", [body("acme"), body("bolt"), body("x")]).json
    assert [entry["code"] for entry in codes] == [204, 403, 201]


def test_a_viewer_writes_nothing_and_publishing_takes_its_scope(world: World) -> None:
    viewer, manager = employee(world, "acme", VIEWER), employee(world, "bolt", MANAGER)
    with world.api.unchanged():
        assert viewer.post(PRODUCTS, body("new")).status == 403
        assert manager.post(PRODUCTS, body("new", published=True)).status == 403


def test_a_key_that_is_no_vendors_gains_nothing_by_the_scope(world: World) -> None:
    key = world.api.with_scopes("product.product_read_by_vendor", "product.product_manage_by_vendor")
    assert seen(key) == ["bolt"]
    with world.api.unchanged():
        for answer in (
            key.post(PRODUCTS, body("new")),
            key.patch(f"{PRODUCTS}/ghost", {}),
            key.delete(f"{PRODUCTS}/acme"),
            key.post(f"{PRODUCTS}/bulk", [body("new")]),
        ):
            assert answer.status == 403


def test_vendor_and_vendor_id_agree(world: World) -> None:
    with world.api.unchanged():
        answer = world.api.post(PRODUCTS, body("new", vendorId="a", vendor={"id": "b"}))
    assert answer.json["details"] == ["vendorId: is another vendor than vendor.id; send one of them"]
    assert [each["id"] for each in world.api.get(f"{PRODUCTS}?q=vendorId:bolt").json] == ["bolt"]
