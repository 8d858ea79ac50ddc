"""Who may see unpublished products, and who may publish and unpublish."""

from __future__ import annotations

import pytest

from support.api import Api

PRODUCTS = "/product/{tenant}/products"
MANAGE, PUBLISH, UNPUBLISH, UNPUBLISHED = (
    f"product.product_{name}" for name in ("manage", "publish", "unpublish", "read_unpublished")
)


def body(id: str, **fields: object) -> dict[str, object]:
    return {"id": id, "code": id.upper(), "name": "x", **fields}


@pytest.fixture
def shop(api: Api) -> Api:
    """A shop with a published and a hidden product."""
    api.post(PRODUCTS, body("open", published=True))
    api.post(PRODUCTS, body("hidden"))
    return api


def seen(api: Api) -> list[str]:
    """The ids in the list, which every other way of reading must agree with."""
    listed = [each["id"] for each in api.get(PRODUCTS).json]
    ids = ("open", "hidden")
    assert [id for id in ids if api.get(f"{PRODUCTS}/{id}").status == 200] == sorted(listed, reverse=True)
    assert [each["id"] for each in api.post(f"{PRODUCTS}/search", {"q": "id:(open,hidden)"}).json] == listed
    yrns = [f"urn:yaas:hybris:product:product:{api.tenant};{id}" for id in ids]
    assert [each["id"] for each in api.post("/product/{tenant}/search", {"yrns": yrns}).json] == listed
    counted = api.get(f"{PRODUCTS}?pageSize=1", x_total_count="true").headers["x-total-count"]
    assert int(counted) == len(listed)
    return listed


def test_any_token_sees_what_is_published(shop: Api) -> None:
    assert seen(shop.as_anonymous()) == ["open"]
    assert seen(shop.with_scopes(MANAGE)) == ["open"]
    assert seen(shop.with_scopes(UNPUBLISHED)) == ["hidden", "open"]


def test_q_does_not_tell_of_what_is_hidden(shop: Api) -> None:
    assert shop.as_anonymous().get(f"{PRODUCTS}?q=published:false").json == []
    assert shop.as_anonymous().get(f"{PRODUCTS}?q=code:HIDDEN").json == []


def test_no_token_no_products(shop: Api) -> None:
    assert shop.as_(None).get(PRODUCTS).status == 401


def test_managing_takes_its_scope(shop: Api) -> None:
    reader = shop.with_scopes(UNPUBLISHED, PUBLISH, UNPUBLISH)
    with shop.unchanged():
        for answer in (
            reader.post(PRODUCTS, body("new")),
            reader.put(f"{PRODUCTS}/open", body("open")),
            reader.patch(f"{PRODUCTS}/open", {"code": "x"}),
            reader.delete(f"{PRODUCTS}/open"),
            reader.post(f"{PRODUCTS}/bulk", [body("new")]),
            reader.put(f"{PRODUCTS}/bulk", [body("new")]),
        ):
            assert answer.status == 403
            assert answer.json["message"] == f"Missing required scopes '[{MANAGE}, {MANAGE}_by_vendor]'"


def test_a_manager_changes_hidden_products_without_seeing_them(shop: Api) -> None:
    manager = shop.with_scopes(MANAGE)
    assert manager.patch(f"{PRODUCTS}/hidden", {"code": "B"}).status == 204
    assert manager.put(f"{PRODUCTS}/hidden", body("hidden")).status == 204
    assert manager.get(f"{PRODUCTS}/hidden").status == 404
    assert manager.delete(f"{PRODUCTS}/hidden").status == 204


def test_publishing_takes_a_scope_of_its_own(shop: Api) -> None:
    manager = shop.with_scopes(MANAGE, UNPUBLISH)
    with shop.unchanged():
        for answer in (
            manager.post(PRODUCTS, body("new", published=True)),
            manager.put(f"{PRODUCTS}/new", body("new", published=True)),
            manager.put(f"{PRODUCTS}/hidden", body("hidden", published=True)),
            manager.patch(f"{PRODUCTS}/hidden", {"published": True}),
        ):
            assert answer.status == 403
            assert answer.json["message"] == f"Missing required scopes '[{PUBLISH}]'"
    assert manager.patch(f"{PRODUCTS}/open", {"published": True, "code": "B"}).status == 204
    assert shop.with_scopes(MANAGE, PUBLISH).patch(f"{PRODUCTS}/hidden", {"published": True}).status == 204


def test_unpublishing_takes_a_scope_of_its_own(shop: Api) -> None:
    manager = shop.with_scopes(MANAGE, PUBLISH)
    with shop.unchanged():
        for answer in (
            manager.put(f"{PRODUCTS}/open", body("open")),
            manager.patch(f"{PRODUCTS}/open", {"published": False}),
        ):
            assert answer.status == 403
            assert answer.json["message"] == f"Missing required scopes '[{UNPUBLISH}]'"
    assert manager.patch(f"{PRODUCTS}/hidden", {"published": False, "code": "B"}).status == 204
    assert shop.with_scopes(MANAGE, UNPUBLISH).put(f"{PRODUCTS}/open", body("open")).status == 204
    assert seen(shop.as_anonymous()) == []


def test_in_bulk_only_the_items_that_lack_a_scope_are_refused(shop: Api) -> None:
    items = [body("a", published=True), body("b"), body("open")]
    answer = shop.with_scopes(MANAGE).put(f"{PRODUCTS}/bulk", items)
    assert [entry["code"] for entry in answer.json] == [403, 201, 403]
    assert answer.json[0]["message"] == f"Missing required scopes '[{PUBLISH}]'"
    assert answer.json[2]["message"] == f"Missing required scopes '[{UNPUBLISH}]'"
    assert shop.get(f"{PRODUCTS}/a").status == 404
