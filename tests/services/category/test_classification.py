"""CLASSIFICATION categories: their types, codes and mixins, and what their products are told to hold."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api, Response
from support.shop import Shop

BASE = "/category/{tenant}/categories"
PRODUCTS = "/product/{tenant}/products"


def own(name: str, required: bool | None = None, version: int = 1) -> dict[str, Any]:
    mixin: dict[str, Any] = {"name": name, "schemaUrl": f"https://127.0.0.1/{name}_v{version}.json"}
    return mixin if required is None else {**mixin, "required": required}


def put(api: Api, id: str, parent: str | None = None, *mixins: dict[str, Any], **more: Any) -> Response:
    body = {
        "type": "CLASSIFICATION",
        "code": id.upper(),
        "localizedName": {"en": id},
        "published": True,
        "parentId": parent,
        "ownClassificationMixins": list(mixins),
        **more,
    }
    body = {name: value for name, value in body.items() if value is not ...}
    return api.put(f"{BASE}/{id}?publish=true", body)


@pytest.fixture
def tools(api: Api) -> Api:
    """tools > corded > drills, of which the first two have a mixin."""
    assert put(api, "tools", None, own("general")).status == 201
    assert put(api, "corded", "tools", own("power", required=True)).status == 201
    assert put(api, "drills", "corded").status == 201
    return api


def told(api: Api, id: str) -> list[tuple[str, str, bool]]:
    """Path, source and necessity of each mixin that a category passes on."""
    view = api.get(f"{BASE}/{id}").json
    return [
        (each["mixinPath"], each["sourceCategoryId"], each["required"])
        for each in view["classificationMixins"]
    ]


GENERAL = ("class_TOOLS_general", "tools", False)
POWER = ("class_CORDED_power", "corded", True)


def test_mixins_are_inherited_from_the_root_down(tools: Api) -> None:
    view = tools.get(f"{BASE}/corded").json
    assert (view["type"], view["ownClassificationMixins"]) == (
        "CLASSIFICATION",
        [own("power", required=True)],
    )
    assert view["classificationMixins"] == [
        {**own("general", required=False), "mixinPath": GENERAL[0], "sourceCategoryId": "tools"},
        {**own("power", required=True), "mixinPath": POWER[0], "sourceCategoryId": "corded"},
    ]
    assert told(tools, "tools") == [GENERAL]
    assert told(tools, "drills") == [GENERAL, POWER]
    assert "ownClassificationMixins" not in tools.get(f"{BASE}/drills").json
    with tools.statements(2):
        listed = tools.get(f"{BASE}?q=type:CLASSIFICATION").json
    assert {each["id"]: len(each["classificationMixins"]) for each in listed} == {
        "tools": 1,
        "corded": 2,
        "drills": 2,
    }
    below = tools.get(f"{BASE}/tools/subcategories").json
    assert [len(each["classificationMixins"]) for each in below] == [2, 2]


def test_a_standard_category_has_none(tools: Api) -> None:
    Shop(tools).category("plain")
    with tools.statements(1):
        view = tools.get(f"{BASE}/plain").json
    assert "classificationMixins" not in view
    assert [(each["id"], each["type"]) for each in tools.get("/category/{tenant}/category-trees").json] == [
        ("plain", "STANDARD"),
        ("tools", "CLASSIFICATION"),
    ]


@pytest.mark.parametrize(
    ("mixins", "field"),
    [
        ([own("with space")], "ownClassificationMixins[0].name"),
        ([own("-dash")], "ownClassificationMixins[0].name"),
        ([own("a"), own("a")], "ownClassificationMixins[1].name"),
        ([{"name": "a", "schemaUrl": "ftp://x.test/a"}], "ownClassificationMixins[0].schemaUrl"),
        ([{"name": "a", "schemaUrl": "https:// x"}], "ownClassificationMixins[0].schemaUrl"),
        ([{"name": "a"}], "ownClassificationMixins[0].schemaUrl"),
        ([{"schemaUrl": "https://x.test/a"}], "ownClassificationMixins[0].name"),
        (["a"], "ownClassificationMixins[0]"),
    ],
)
def test_a_mixin_that_breaks_a_rule_is_refused(api: Api, mixins: list[Any], field: str) -> None:
    with api.unchanged():
        response = put(api, "a", None, *mixins)
    assert response.status == 400
    assert response.json["details"][0].startswith(f"{field}: "), response.json


def test_only_classification_categories_define_mixins(api: Api) -> None:
    with api.unchanged():
        response = put(api, "a", None, own("x"), type="STANDARD")
    assert response.json["details"][0].startswith("ownClassificationMixins: ")
    assert response.status == 400


def test_parent_and_child_are_of_one_type(tools: Api) -> None:
    Shop(tools).category("plain")
    with tools.unchanged():
        for response in (
            put(tools, "a", "plain"),
            put(tools, "a", "tools", type="STANDARD"),
            put(tools, "drills", "plain"),
            tools.patch(f"{BASE}/plain", {"parentId": "tools", "metadata": {"version": 1}}),
        ):
            assert response.status == 400
            assert response.json["details"][0].startswith("parentId: "), response.json


def test_a_type_lasts(tools: Api) -> None:
    Shop(tools).category("plain")
    with tools.unchanged():
        for response in (
            put(tools, "drills", "corded", type="STANDARD"),
            put(tools, "plain"),
            tools.patch(f"{BASE}/plain", {"type": "CLASSIFICATION", "code": "P", "metadata": {"version": 1}}),
        ):
            assert response.status == 400
            assert response.json["details"][0].startswith("type: "), response.json


def test_a_put_without_type_and_mixins_leaves_them(tools: Api) -> None:
    assert put(tools, "corded", "tools", type=..., ownClassificationMixins=...).status == 204
    assert told(tools, "corded") == [GENERAL, POWER]
    assert put(tools, "corded", "tools").status == 204  # an empty list takes them away
    assert told(tools, "drills") == [GENERAL]
    change = {"ownClassificationMixins": [own("other")], "metadata": {"version": 3}}
    assert tools.patch(f"{BASE}/corded", change).status == 204
    assert told(tools, "drills") == [GENERAL, ("class_CORDED_other", "corded", False)]
    clear = {"ownClassificationMixins": [], "metadata": {"version": 4}}
    assert tools.patch(f"{BASE}/corded", clear).status == 204
    assert told(tools, "drills") == [GENERAL]


def test_a_code_names_the_mixins_of_one_category(tools: Api) -> None:
    with tools.unchanged():
        response = put(tools, "other", None, code="TOOLS")
        assert response.status == 409
        assert response.json["details"] == ["code: 'TOOLS' belongs to the CLASSIFICATION category tools"]
        assert put(tools, "drills", "corded", code="TOOLS").status == 409
    assert put(tools, "other", None, code="tools").status == 201  # mixins' names heed the case
    Shop(tools).category("plain", code="TOOLS")


# Products


def classified(api: Api, id: str = "p") -> list[tuple[str, str, bool]]:
    metadata = api.get(f"{PRODUCTS}/{id}").json["metadata"]
    return [
        (each["mixinPath"], each["sourceCategoryId"], each["required"])
        for each in metadata.get("classificationMixins", ())
    ]


def test_products_are_told_what_they_have_to_hold(tools: Api) -> None:
    shop = Shop(tools)
    shop.product("p")
    shop.product("q")
    assert classified(tools) == []
    shop.categorise("drills", "p")
    assert classified(tools) == [GENERAL, POWER]
    shop.categorise("tools", "p")  # the same mixin by another way counts once
    assert classified(tools) == [GENERAL, POWER]
    listed = tools.get(f"{PRODUCTS}?sort=id").json
    assert ["classificationMixins" in each["metadata"] for each in listed] == [True, False]
    found = tools.post(f"{PRODUCTS}/search", {"q": "id:p"}).json
    assert len(found[0]["metadata"]["classificationMixins"]) == 2
    assert tools.delete(f"{BASE}/drills/assignments/references/p").status == 204
    assert classified(tools) == [GENERAL]


def test_what_products_hold_follows_their_categories(tools: Api) -> None:
    shop = Shop(tools)
    shop.categorise("drills", shop.product("p"))
    steps: list[tuple[str, str, Any, list[Any]]] = [
        ("PATCH", "tools", {"code": "T"}, [("class_T_general", "tools", False), POWER]),
        ("PATCH", "drills", {"parentId": "root"}, []),
        ("PATCH", "drills", {"parentId": "corded"}, [("class_T_general", "tools", False), POWER]),
        ("DELETE", "tools", None, [POWER]),
        ("DELETE", "corded", None, []),
    ]
    for method, id, body, expected in steps:
        if body is not None:
            version = tools.get(f"{BASE}/{id}").json["metadata"]["version"]
            body = {**body, "metadata": {"version": version}}
        assert tools.request(method, f"{BASE}/{id}", body).status == 204
        assert classified(tools) == expected, (method, id, body)
    put(tools, "again", None, own("x"))
    assert tools.delete(f"{BASE}/again").status == 204
    assert tools.snapshot()["product_classification"] == 0


def test_a_mixin_that_a_product_holds_gets_its_schema(tools: Api) -> None:
    shop = Shop(tools)
    shop.categorise("tools", shop.product("p"))
    path, url = GENERAL[0], own("general")["schemaUrl"]
    assert tools.patch(f"{PRODUCTS}/p", {"mixins": {path: {"a": 1}}}).status == 204
    view = tools.get(f"{PRODUCTS}/p").json
    assert view["metadata"]["mixins"] == {path: url}
    (mixin,) = view["metadata"]["classificationMixins"]
    assert (mixin["usedSchemaUrl"], mixin["obsoleteSchemaUrlUsed"]) == (url, False)
    assert put(tools, "tools", None, own("general", version=2)).status == 204
    (mixin,) = tools.get(f"{PRODUCTS}/p").json["metadata"]["classificationMixins"]
    assert (mixin["usedSchemaUrl"], mixin["obsoleteSchemaUrlUsed"]) == (url, True)
    body = {name: value for name, value in view.items() if name != "metadata"}
    assert tools.put(f"{PRODUCTS}/p", body).status == 204  # without a schema it takes the category's
    (mixin,) = tools.get(f"{PRODUCTS}/p").json["metadata"]["classificationMixins"]
    assert mixin["obsoleteSchemaUrlUsed"] is False
    assert tools.put(f"{PRODUCTS}/p", tools.get(f"{PRODUCTS}/p").json).status == 204


def test_telling_products_is_nobody_elses_business(tools: Api) -> None:
    put(tools, "tools", None, own("general"), position=4)
    types = [event["type"] for event in tools.events()]
    # The change of a position changes nothing for products.
    assert types.count("category.classified") == 3
    assert types.count("category.updated") == 1
