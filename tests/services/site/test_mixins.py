"""Site mixins as a resource of their own, and as a part of their site."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api, Response
from support.shop import Shop, site

MAIN = "/site/{tenant}/sites/main"
MIXINS = f"{MAIN}/mixins"
URL = "https://127.0.0.1/test_v1.json"
NEWER = "https://127.0.0.1/test_v2.json"


@pytest.fixture
def shop(api: Api) -> Api:
    """A site with one mixin."""
    Shop(api).site("main")
    assert api.post(MIXINS, {"test": {"active": True, "metadata": {"schema": URL}}}).json == {"id": "test"}
    return api


def told(response: Response) -> str:
    message = response.json["details"][0]["message"]
    assert isinstance(message, str)
    return message


def test_a_mixin_is_read_alone_among_others_and_in_its_site(shop: Api) -> None:
    whole = {"active": True, "metadata": {"schema": URL}}
    assert shop.get(f"{MIXINS}/test").json == whole
    assert shop.get(MIXINS).json == {"test": whole}
    view = shop.get(f"{MAIN}?expand=mixin:*").json
    assert view["mixins"] == {"test": {"active": True}}
    assert view["metadata"]["mixins"] == {"test": URL}
    assert view["metadata"]["version"] == 2
    assert [event["mixins"] for event in shop.events("site.site-updated")] == [{"test": {"active": True}}]


@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"test": value}])
def test_put_replaces_the_values_sent_alone_or_under_the_name(shop: Api, wrap: Any) -> None:
    answer = shop.put(f"{MIXINS}/test", wrap({"level": 3, "metadata": {"schema": NEWER}}))
    assert (answer.status, answer.body) == (200, b"")
    assert shop.get(f"{MIXINS}/test").json == {"level": 3, "metadata": {"schema": NEWER}}
    assert shop.put(f"{MIXINS}/test", wrap({"level": 4})).status == 200  # the schema stays
    assert shop.get(f"{MIXINS}/test").json == {"level": 4, "metadata": {"schema": NEWER}}


@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"test": value}])
def test_patch_merges(shop: Api, wrap: Any) -> None:
    change = {"nested": {"a": 1, "b": 2}, "active": None}
    answer = shop.patch(f"{MIXINS}/test", wrap(change))
    assert (answer.status, answer.body) == (200, b"")
    assert shop.patch(f"{MIXINS}/test", wrap({"nested": {"a": None}})).status == 200
    assert shop.get(f"{MIXINS}/test").json == {"nested": {"b": 2}, "metadata": {"schema": URL}}
    assert shop.patch(f"{MIXINS}/test", {"metadata": {"schema": NEWER}}).status == 200
    assert shop.get(f"{MIXINS}/test").json["metadata"] == {"schema": NEWER}


def test_a_deleted_mixin_leaves_the_others(shop: Api) -> None:
    assert shop.post(MIXINS, {"other": {"metadata": {"schema": URL}}}).status == 201
    assert shop.delete(f"{MIXINS}/test").status == 204
    assert list(shop.get(MIXINS).json) == ["other"]
    assert shop.get(MAIN).json["metadata"]["mixins"] == {"other": URL}
    assert shop.delete(f"{MIXINS}/other").status == 204
    assert shop.get(MIXINS).json == {}
    assert "mixins" not in shop.get(MAIN).json
    assert shop.put(MAIN, shop.get(MAIN).json).status == 200


def test_what_is_not_there_is_named(shop: Api) -> None:
    with shop.unchanged():
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            body = {} if method in ("PUT", "PATCH") else None
            missing = shop.request(method, f"{MIXINS}/example", body)
            assert (missing.status, missing.json["type"]) == (404, "resource_not_found")
            assert missing.json["message"] == "Mixin with name 'example' could not be found"
            assert shop.request(method, "/site/{tenant}/sites/no/mixins/test", body).status == 404
        assert shop.get("/site/{tenant}/sites/no/mixins").status == 404
        assert shop.post("/site/{tenant}/sites/no/mixins", {"a": {"metadata": {"schema": URL}}}).status == 404


def test_a_name_is_taken_once(shop: Api) -> None:
    with shop.unchanged():
        taken = shop.post(MIXINS, {"test": {"metadata": {"schema": URL}}})
    assert (taken.status, taken.json["type"]) == (409, "conflict_resource")
    assert taken.json["message"] == "Mixin test already exists for site main"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"a": {"metadata": {"schema": URL}}, "b": {"metadata": {"schema": URL}}},
        {"a": "text"},
        {"with space": {"metadata": {"schema": URL}}},
        {"": {"metadata": {"schema": URL}}},
        {"a": {"metadata": "text"}},
        {"a": {"metadata": {"schema": 5}}},
        {"a": {"x": 1}},
        [],
    ],
)
def test_what_is_no_mixin_is_refused(shop: Api, body: Any) -> None:
    with shop.unchanged():
        assert shop.post(MIXINS, body).status == 400


def test_a_mixin_without_a_schema_says_so_in_the_words_that_clients_look_for(shop: Api) -> None:
    with shop.unchanged():
        refused = shop.post(MIXINS, {"generalShopSettings": {"logoUrl": "x"}})
    assert refused.json["type"] == "validation_violation"
    assert refused.json["details"][0]["field"] == "mixins.generalShopSettings"
    assert "No matching schema found" in told(refused)


def test_mixins_take_the_scope_to_manage(shop: Api) -> None:
    reader = shop.with_scopes("site.site_read")
    with shop.unchanged():
        for method, path in (
            ("GET", ""),
            ("POST", ""),
            ("GET", "/test"),
            ("PUT", "/test"),
            ("DELETE", "/test"),
        ):
            body = {} if method in ("POST", "PUT") else None
            assert reader.request(method, MIXINS + path, body).status == 403


# A PUT of what was read in parts


def test_a_put_leaves_what_its_expand_hides(shop: Api) -> None:
    services = [{"id": "on"}, {"id": "off", "active": False}, {"name": "nameless", "active": False}]
    assert shop.put(MAIN, site(payment=services, tax=[{"id": "vat"}])).status == 200
    for name in ("a", "b"):
        assert shop.post(MIXINS, {name: {"n": name, "metadata": {"schema": URL}}}).status == 201
    expand = "expand=payment:active,tax:none,mixin:a"
    view = shop.get(f"{MAIN}?{expand}").json
    assert ([each["id"] for each in view["payment"]], "tax" in view, list(view["mixins"])) == (
        ["on"],
        False,
        ["a"],
    )
    view["payment"] = [{"id": "new"}]
    view["mixins"]["a"]["n"] = "changed"
    assert shop.put(f"{MAIN}?{expand}", view).status == 200
    whole = shop.get(MAIN).json
    assert [each.get("id") for each in whole["payment"]] == ["new", "off", None]
    assert [each["id"] for each in whole["tax"]] == ["vat"]
    assert whole["mixins"] == {"a": {"n": "changed"}, "b": {"n": "b"}}
    assert whole["metadata"]["mixins"] == {"a": URL, "b": URL}
    # Who names a hidden service replaces it.
    view["payment"], view["metadata"] = [{"id": "off", "active": True}], whole["metadata"]
    assert shop.put(f"{MAIN}?{expand}", view).status == 200
    assert [each.get("id") for each in shop.get(MAIN).json["payment"]] == ["off", None]
    assert shop.put(MAIN, site()).status == 200  # without expand all is replaced
    assert "payment" not in shop.get(MAIN).json
