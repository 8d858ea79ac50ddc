"""The settings that the engine acts on: validated, in force with the next request, back to their defaults."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path
from typing import Any

import pytest

import coterie
from coterie.tenant_settings import TENANT_SETTINGS
from support.api import Api, new_tenant
from support.shop import SEGMENTS, Shop

ALL = "/configuration/{tenant}/configurations"


def put(api: Api, key: str, value: Any, **more: Any) -> Any:
    return api.put(f"{ALL}/{key}", {"key": key, "value": value, **more})


def changed(api: Api, key: str, value: Any) -> None:
    response = put(api, key, value)
    assert response.status == 200, response.json
    assert response.json["value"] == value


FIXED = {name: each for name, each in TENANT_SETTINGS.items() if each.default is not None}
FREE = {name: each for name, each in TENANT_SETTINGS.items() if each.default is None}


def settings_read(source: str) -> set[str]:
    """The settings that a module reads, in `call.setting(…)`; those without a default may be named anywhere."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and node.value in FREE:
            found.add(node.value)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "setting"
        ):
            found.add(ast.literal_eval(node.args[0]))
    return found


def test_the_settings_that_are_read_are_those_that_are_declared() -> None:
    root = Path(coterie.__file__).parent
    sources = set(root.rglob("*.py")) - {root / "tenant_settings.py"}
    read = {name for path in sources for name in settings_read(path.read_text())}
    assert read == TENANT_SETTINGS.keys()


@pytest.mark.parametrize("setting", FIXED.values(), ids=lambda each: each.name)
def test_a_setting_reads_as_its_default_until_it_is_changed(api: Api, setting: Any) -> None:
    default = {"key": setting.name, "value": setting.default, "version": 0, "secured": False}
    assert api.get(f"{ALL}/{setting.name}").json == default
    assert api.get(f"{ALL}?keys={setting.name}").json == [default]
    assert api.delete(f"{ALL}/{setting.name}").status == 404
    for version, value in enumerate(setting.values, 1):
        answer = put(api, setting.name, value)
        assert answer.status == 200
        assert answer.json == {**default, "value": value, "version": version}
        assert api.get(f"{ALL}/{setting.name}").json == answer.json
    assert api.delete(f"{ALL}/{setting.name}").status == 204
    assert api.get(f"{ALL}/{setting.name}").json == default


@pytest.mark.parametrize(
    ("name", "value", "refused"),
    [
        ("storefront.host", "shop.example.com", ["", "a b", 1, {"a": 1}, "x/y"]),
        ("storefront.host", "http://localhost:3000", ["http://"]),
        ("customer.passwordreset.redirecturl", "https://x.example/?token=", ["javascript:alert(1)", "x", 1]),
        ("customer.changeemail.redirecturl", "https://x.example/?token=", ["//x.example"]),
        ("customer.optin.redirecturl", "https://x.example/?token=", [""]),
        ("cust.notification.email.from", "shop@example.com", ["shop", "Shop <shop@example.com>"]),
        ("emailTemplates", {"opt-in": {}}, ["x", [], 1]),
    ],
)
def test_a_setting_without_a_default_is_not_there_until_it_is_set(
    api: Api, name: str, value: Any, refused: list[Any]
) -> None:
    assert api.get(f"{ALL}/{name}").status == 404
    for wrong in refused:
        with api.unchanged():
            assert api.post(ALL, [{"key": name, "value": wrong}]).status == 400
    assert api.post(ALL, [{"key": name, "value": value}]).json[0]["version"] == 1
    assert api.get(f"{ALL}/{name}").json["value"] == value
    for wrong in refused:
        assert put(api, name, wrong).json["details"][0]["field"] == "value"
    assert api.delete(f"{ALL}/{name}").status == 204
    assert api.get(f"{ALL}/{name}").status == 404


@pytest.mark.parametrize("value", ["SUBTREE", "", 1, True, {"a": "subtree"}, ["subtree"]])
def test_a_value_that_is_not_allowed_is_refused_with_those_that_are(api: Api, value: Any) -> None:
    with api.unchanged():
        refused = put(api, "segments.categoryScope", value)
    assert refused.status == 400
    (detail,) = refused.json["details"]
    assert detail["field"] == "value"
    assert detail["message"].endswith("use assigned or subtree")
    assert api.get(f"{ALL}/segments.categoryScope").json["version"] == 0


def test_a_switch_may_come_as_text_but_not_as_a_number(api: Api) -> None:
    answer = put(api, "couponPermanentDelete", "true")
    assert answer.json["value"] is True
    assert put(api, "couponPermanentDelete", 1).status == 400
    assert api.get(f"{ALL}/couponPermanentDelete").json["value"] is True


def test_a_setting_is_created_like_any_configuration_and_once(api: Api) -> None:
    body = [{"key": "references", "value": "open"}, {"key": "other", "value": "1"}]
    assert api.post(ALL, body).json[0]["version"] == 1
    with api.unchanged():
        assert api.post(ALL, body[:1]).status == 409


def test_a_setting_can_be_made_read_only_but_not_secured(api: Api) -> None:
    with api.unchanged():
        refused = put(api, "references", "open", secured=True)
        assert refused.json["details"][0]["field"] == "secured"
    assert put(api, "references", "open", readOnly=True, description="ours").status == 200
    assert put(api, "references", "checked").status == 400
    assert api.get(f"{ALL}/references").json["description"] == "ours"


def test_a_setting_given_with_the_tenant_has_version_1(api: Api) -> None:
    given = new_tenant(api.server, references="open")
    assert given.get(f"{ALL}/references").json["version"] == 1
    assert put(given, "references", "checked", version=1).json["version"] == 2


def test_the_defaults_are_the_global_configurations(api: Api) -> None:
    changed(api, "references", "open")
    listed = api.as_anonymous().get("/configuration/{tenant}/global-configurations").json
    assert {each["key"]: each["value"] for each in listed} == {
        name: setting.default for name, setting in FIXED.items()
    }
    one = api.get("/configuration/{tenant}/global-configurations?keys=references").json
    assert [each["value"] for each in one] == ["checked"]


# In force with the next request


def test_the_category_scope_changes_what_matches(api: Api) -> None:
    shop = Shop(api)
    shop.site()
    shop.segment("gold")
    shop.product("p")
    shop.category("tools")
    shop.category("drills", "tools")
    shop.categorise("drills", "p")
    shop.item("gold", "tools", "CATEGORY")

    def matches() -> list[str]:
        body = {"items": [{"id": "p"}], "segmentIds": ["gold"], "site": "main"}
        return [each["id"] for each in api.post(f"{SEGMENTS}/match", body).json]

    assert matches() == []
    changed(api, "segments.categoryScope", "subtree")
    assert matches() == ["p"]
    assert api.delete(f"{ALL}/segments.categoryScope").status == 204
    assert matches() == []


def test_references_are_checked_or_open(api: Api) -> None:
    Shop(api).site()
    Shop(api).segment("gold")
    path = f"{SEGMENTS}/gold/items/PRODUCT/elsewhere"
    assert api.put(path, {}).status == 400
    changed(api, "references", "open")
    assert api.put(path, {}).status == 201
    changed(api, "references", "checked")
    assert api.put(f"{path}2", {}).status == 400


def test_a_mixin_whose_schema_is_unreachable_is_taken_or_not(api: Api) -> None:
    Shop(api).site()
    body = {
        "name": {"en": "x"},
        "siteCode": "main",
        "mixins": {"plan": {}},
        "metadata": {"mixins": {"plan": "http://127.0.0.1:1/plan.json"}},
    }
    changed(api, "mixins.unreachable", "reject")
    with api.unchanged():
        assert api.put(f"{SEGMENTS}/a", body).status == 400
    changed(api, "mixins.unreachable", "accept")
    assert api.put(f"{SEGMENTS}/a", body).status == 201


def test_a_refused_array_changes_no_setting(api: Api) -> None:
    body = [{"key": "references", "value": "open"}, {"key": "mixins.unreachable", "value": "ignore"}]
    with api.unchanged():
        assert api.post(ALL, body).status == 400
    assert api.get(f"{ALL}/references").json["value"] == "checked"


def test_whoever_reads_during_a_change_does_not_keep_what_was_before(api: Api) -> None:
    async def run() -> None:
        for value in ("open", "checked") * 5:
            body = {"key": "references", "value": value}
            reads = [api.send("GET", f"{ALL}/references") for _ in range(4)]
            written, *_ = await asyncio.gather(api.send("PUT", f"{ALL}/references", body), *reads)
            assert written.status == 200
            tenant = await api.server.runtime.tenants.get(api.tenant)
            assert tenant is not None
            assert tenant.settings["references"] == value

    api.run(run())
