"""Access controls, scopes, templates, and the deprecated roles, permissions and resources."""

from typing import Any

import pytest

from services.iam.world import World
from support.api import Api

CONTROLS, SCOPES = "/iam/{tenant}/access-controls", "/iam/{tenant}/scopes"


def ids(api: Api, path: str) -> list[str]:
    response = api.get(f"/iam/{{tenant}}/{path}")
    assert response.status == 200, response.json
    return [each["id"] for each in response.json]


# Access controls


def test_an_access_control_of_ones_own(api: Api) -> None:
    body: dict[str, Any] = {
        "name": {"en": "Mine", "de": "Meins"},
        "description": {"en": "What I need"},
        "scopes": ["order.order_read", "order.order_manage--DE", "custom.thing_read_own"],
        "domains": ["shop"],
        "restrictedTo": "employee",
    }
    api.put(f"{SCOPES}/order.order_manage", {})
    assert (
        api.post("/schema/{tenant}/custom-entities", {"id": "THING", "name": {"en": "Thing"}}).status == 201
    )
    made = api.put(f"{CONTROLS}/mine", body)
    assert (made.status, made.json) == (201, {"id": "mine"})
    told = api.get(f"{CONTROLS}/mine").json
    assert told.pop("metadata")["version"] == 1
    own = {"predefined": False, "restrictionAware": False, "vendorAware": False, "restrictedTo": "EMPLOYEE"}
    assert told == {**body, **own, "id": "mine"}
    assert [each["id"] for each in api.events("iam.access-control-created")] == ["mine"]
    change = {**body, "scopes": ["site.site_read"], "metadata": {"version": 1}}
    assert api.put(f"{CONTROLS}/mine", change).status == 204
    assert api.get(f"{CONTROLS}/mine").json["scopes"] == ["site.site_read"]
    with api.unchanged():
        assert api.put(f"{CONTROLS}/mine", change).status == 409
    assert api.delete(f"{CONTROLS}/mine").status == 204
    assert [each["id"] for each in api.events("iam.access-control-deleted")] == ["mine"]
    with api.unchanged():
        assert api.delete(f"{CONTROLS}/mine").status == 404
        assert api.get(f"{CONTROLS}/mine").status == 404


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"scopes": []}, "scopes"),
        ({}, "scopes: is required"),
        ({"scopes": ["order.order_fly"]}, "scopes: there is no scope 'order.order_fly'"),
        ({"scopes": ["*"]}, "scopes: there is no scope '*'"),
        ({"scopes": ["order.order_read"], "restrictedTo": "ROBOT"}, "restrictedTo: use CUSTOMER or EMPLOYEE"),
        ({"scopes": ["order.order_read"], "name": {"fr": "x"}}, "name: Following languages"),
    ],
)
def test_what_an_access_control_can_not_say(api: Api, body: dict[str, Any], detail: str) -> None:
    with api.unchanged():
        refused = api.put(f"{CONTROLS}/mine", body)
    assert refused.status == 400
    assert refused.json["details"][0].startswith(detail), refused.json


def test_whom_an_access_control_is_for_never_changes(world: World) -> None:
    world.control("mine", "order.order_read", restrictedTo="CUSTOMER")
    with world.api.unchanged():
        for more in ({}, {"restrictedTo": "EMPLOYEE"}):
            refused = world.api.put(f"{CONTROLS}/mine", {"scopes": ["order.order_read"], **more})
            assert refused.status == 400
            assert refused.json["details"] == ["restrictedTo: can't be changed"]
        staff = world.api.put("/iam/{tenant}/groups/x", {"name": {"en": "x"}, "accessControls": ["mine"]})
        assert staff.status == 400


def test_what_is_predefined_stays(api: Api) -> None:
    with api.unchanged():
        for response in (
            api.put(f"{CONTROLS}/order.order.viewer", {"scopes": ["order.order_read"]}),
            api.delete(f"{CONTROLS}/order.order.viewer"),
            api.put(f"{SCOPES}/site.site_read", {}),
            api.delete(f"{SCOPES}/site.site_read"),
        ):
            assert response.status == 400
            assert "is predefined" in response.json["details"][0]


def test_predefined_access_controls_and_own_ones_in_one_list(world: World) -> None:
    world.control("order.mine", "order.order_read", name={"en": "Special orders"})
    order = ["order.history.customer-viewer", "order.mine"]
    assert set(order) <= set(ids(world.api, "access-controls?q=id:~order&pageSize=200"))
    assert ids(world.api, "access-controls?q=name.en:~special") == ["order.mine"]
    assert ids(world.api, "access-controls?roleId=viewer&resourceId=site.site") == ["site.site.viewer"]
    assert ids(world.api, "access-controls?q=id:in(order.mine,site.site.viewer)&sort=id:desc") == [
        "site.site.viewer",
        "order.mine",
    ]
    assert ids(world.api, "access-controls?metadataModifiedAt=2026-01-02") == ["order.mine"]
    assert ids(world.api, "access-controls?q=predefined:false") == []
    assert len(ids(world.api, "access-controls")) == 60
    with world.api.statements(4):
        response = world.api.get(f"{CONTROLS}?pageSize=1&expand=role,resource", x_total_count="true")
    assert int(response.headers["x-total-count"]) > 100
    told = world.api.get(f"{CONTROLS}/site.site.manager?expand=resource,role").json
    assert told["scopes"] == ["site.site_read", "site.site_manage"]
    assert (told["role"]["id"], told["resource"]["id"]) == ("manager", "site.site")
    assert (told["predefined"], told["restrictedTo"], told["restrictionAware"]) == (True, "EMPLOYEE", True)
    assert "role" not in world.api.get(f"{CONTROLS}/site.site.manager").json


# Scopes


def test_a_scope_of_ones_own(api: Api) -> None:
    body = {"description": {"en": "Things"}, "domain": "acme"}
    made = api.put(f"{SCOPES}/acme.thing_read", body)
    assert (made.status, made.json) == (201, {"id": "acme.thing_read"})
    told = api.get(f"{SCOPES}/acme.thing_read").json
    assert told.pop("metadata")["version"] == 1
    assert told == {**body, "id": "acme.thing_read", "predefined": False}
    assert api.put(f"{SCOPES}/acme.thing_read", {"metadata": {"version": 1}}).status == 204
    with api.unchanged():
        assert api.put(f"{SCOPES}/acme.thing_read", {"metadata": {"version": 1}}).status == 409
        assert api.put(f"{SCOPES}/a%20b", {}).status == 400
        missing = api.get(f"{SCOPES}/nothing")
        assert (missing.status, missing.json["resourceId"]) == (404, "nothing")
    assert ids(api, "scopes?q=id:~acme") == ["acme.thing_read"]
    assert api.delete(f"{SCOPES}/acme.thing_read").status == 204
    assert api.delete(f"{SCOPES}/acme.thing_read").status == 404
    told = [each["type"] for each in api.events()]
    assert told == ["iam.scope-created", "iam.scope-updated", "iam.scope-deleted"]


def test_predefined_scopes(api: Api) -> None:
    told = api.get(f"{SCOPES}/iam.access_read").json
    assert (told["domain"], told["predefined"]) == ("iam", True)
    assert ids(api, "scopes?q=domain:webhook&sort=id") == [
        "webhook.subscription_manage",
        "webhook.subscription_read",
    ]


# Templates, and what is deprecated


def test_templates(api: Api) -> None:
    assert ids(api, "templates?name=buyer") == ["company-buyer"]
    (viewer,) = api.get("/iam/{tenant}/templates?name=may+read&expand=accessControls").json
    assert [each["id"] for each in viewer["accessControlsDocuments"]] == viewer["accessControls"]
    assert "accessControlsDocuments" not in api.get("/iam/{tenant}/templates").json[0]


@pytest.mark.parametrize(
    ("path", "id"), [("roles", "viewer"), ("permissions", "read"), ("resources", "order.order")]
)
def test_what_is_deprecated_is_still_read(api: Api, path: str, id: str) -> None:
    assert id in ids(api, f"{path}?pageSize=100&sort=name.en")
    told = api.get(f"/iam/{{tenant}}/{path}/{id}").json
    name = told["name"]["en"]
    assert id in ids(api, f"{path}?name={name}&metadataModifiedAt=2020-01-01")
    missing = api.get(f"/iam/{{tenant}}/{path}/nothing")
    assert (missing.status, missing.json["resourceId"]) == (404, "nothing")


# What users have


def test_the_access_controls_and_permissions_of_a_user(world: World) -> None:
    world.group("sales", "order.order.manager", "site.site.viewer")
    eve = world.employee("eve@example.com", "sales")
    assert ids(world.api, f"users/{eve}/access-controls") == ["order.order.manager", "site.site.viewer"]
    assert ids(world.api, f"users/{eve}/access-controls/site.site?expand=role") == ["site.site.viewer"]
    assert ids(world.api, f"users/{eve}/permissions/site.site") == ["read"]
    assert ids(world.api, "users/nobody/permissions/site.site") == []
    me = world.api.as_employee(eve)
    response = me.get(
        "/iam/{tenant}/users/me/access-controls?pageSize=1&expand=resource", x_total_count="true"
    )
    assert (response.json[0]["resource"]["id"], response.headers["x-total-count"]) == ("order.order", "2")
    for path in ("access-controls", "access-controls/site.site"):
        assert world.iam(f"users/nobody/{path}").status == 404


def test_the_access_controls_of_a_customer_are_those_of_his_company(world: World) -> None:
    (ada,) = world.contacts("acme", "ada")
    world.put_in(world.company_groups("acme")["REQUESTER"], ada)
    for api in (world.api.as_customer(ada, "acme"), world.api.as_customer(ada)):
        response = api.get("/iam/{tenant}/users/me/access-controls?pageSize=100")
        granted = {scope for each in response.json for scope in each["scopes"]}
        assert granted == world.scopes(api)
    assert world.api.get("/iam/{tenant}/users/me/access-controls").status == 403


def test_the_scopes_of_a_user(world: World) -> None:
    jane = world.customer("jane@example.com")
    world.group("vip", "quote.quote.customer-viewer", userType="CUSTOMER")
    world.put_in("vip", jane)
    expected = {"userId": jane, "scopes": f"quote.quote_read_own tenant={world.api.tenant}"}
    assert world.iam(f"users/{jane}/scopes").json == expected
    api = world.api.as_customer(jane, scopes=frozenset({"iam.scope_read_own"}))
    assert world.iam(f"users/{jane}/scopes", api).json == expected
    assert world.iam("users/somebody/scopes", api).status == 403
    assert world.iam("users/me/scopes").json["userId"] == "test"
