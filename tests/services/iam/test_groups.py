"""Groups: what they may say, and reading them."""

import pytest

from services.iam.world import World
from support.api import Api, new_tenant

GROUPS = "/iam/{tenant}/groups"
FULL = {
    "id": "sales",
    "name": {"en": "Sales", "de": "Verkauf"},
    "description": {"en": "Those who sell"},
    "accessControls": ["order.order.viewer"],
    "templates": ["viewer"],
    "userType": "EMPLOYEE",
    "vendorId": "v1",
    "restrictions": ["DE"],
    "mixins": {"note": {"colour": "red"}},
}


def ids(api: Api, query: str) -> list[str]:
    response = api.get(f"{GROUPS}?{query}")
    assert response.status == 200, response.json
    return [each["id"] for each in response.json]


def test_a_group_is_created_and_read(api: Api) -> None:
    made = api.post(GROUPS, FULL)
    assert (made.status, made.json) == (201, {"id": "sales"})
    told = api.get(f"{GROUPS}/sales").json
    assert {name: told[name] for name in FULL} == FULL
    assert told["metadata"]["version"] == 1
    (event,) = api.events("iam.group-created")
    assert (event["id"], event["name"], event["tenant"]) == ("sales", FULL["name"], api.tenant)
    english = api.get(f"{GROUPS}/sales", accept_language="en").json
    assert english["name"] == {"en": "Sales"}


def test_without_an_id_one_is_made_and_without_a_type_it_is_for_employees(api: Api) -> None:
    id = api.post(GROUPS, {"name": {"en": "x"}, "accessControls": None}).json["id"]
    assert api.get(f"{GROUPS}/{id}").json["userType"] == "EMPLOYEE"


def test_a_taken_id_is_a_conflict(api: Api) -> None:
    api.post(GROUPS, FULL)
    with api.unchanged():
        refused = api.post(GROUPS, FULL)
    assert (refused.status, refused.json["resourceId"]) == (409, "sales")
    assert refused.json["message"] == "Duplicated key"


def test_put_creates_and_replaces_but_for_the_vendor(api: Api) -> None:
    api.post(GROUPS, FULL)
    body = {"name": {"en": "New"}, "metadata": {"version": 1}}
    assert api.put(f"{GROUPS}/sales", body).status == 204
    told = api.get(f"{GROUPS}/sales").json
    assert (told["name"], told["vendorId"], told["userType"]) == ({"en": "New"}, "v1", "EMPLOYEE")
    assert "accessControls" not in told
    assert told["metadata"]["version"] == 2
    assert [each["id"] for each in api.events("iam.group-updated")] == ["sales"]
    with api.unchanged():
        assert api.put(f"{GROUPS}/sales", body).status == 409
    made = api.put(f"{GROUPS}/other", {"name": {"en": "x"}})
    assert (made.status, made.json) == (201, {"id": "other"})


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"accessControls": ["nothing"]}, "accessControls[0]: there is no access control 'nothing'"),
        ({"templates": ["nothing"]}, "templates[0]: there is no template 'nothing'"),
        ({"accessControls": ["order.order.customer-viewer"]}, "accessControls[0]"),
        ({"userType": "CUSTOMER", "accessControls": ["order.order.viewer"]}, "accessControls[0]"),
        (
            {"userType": "CUSTOMER", "templates": ["viewer"]},
            "templates[0]: viewer is not for groups of customers",
        ),
        ({"userType": "CUSTOMER", "vendorId": "v1"}, "vendorId"),
        ({"b2b": {"legalEntityId": "acme"}}, "b2b.legalEntityId: can't be set for a group of employees"),
        (
            {"userType": "CUSTOMER", "b2b": {"legalEntityId": "no"}},
            "b2b.legalEntityId: there is no legal entity 'no'",
        ),
        ({"userType": "ROBOT"}, "userType: use CUSTOMER or EMPLOYEE"),
        ({"restrictions": ["a b"]}, "restrictions[0]: 'a b' is no restriction"),
        ({"name": {}}, "name: is empty"),
        ({"name": {"en": " "}}, "name: is empty"),
        ({"name": {"fr": "Ventes"}}, "name: Following languages are not supported: 'fr'"),
        ({"id": "a/b"}, "id: 'a/b' is not an id"),
    ],
)
def test_what_a_group_can_not_say(api: Api, body: dict[str, object], detail: str) -> None:
    with api.unchanged():
        refused = api.post(GROUPS, {"name": {"en": "x"}, **body})
    assert refused.status == 400
    assert any(each.startswith(detail) for each in refused.json["details"]), refused.json


def test_a_group_of_a_company(world: World) -> None:
    world.company("acme")
    world.group("ours", userType="customer", b2b={"legalEntityId": "acme"})
    told = world.iam("groups/ours").json
    assert (told["userType"], told["b2b"]) == ("CUSTOMER", {"legalEntityId": "acme"})
    others = sorted(world.company_groups("acme").values())
    assert ids(world.api, "q=b2b.legalEntityId:acme") == sorted(["ours", *others])
    assert world.api.delete("/customer-management/{tenant}/legal-entities/acme").status == 204
    assert world.iam("groups/ours").status == 404
    deleted = [each["id"] for each in world.api.events("iam.group-deleted")]
    assert sorted(deleted) == sorted(["ours", *others])


def test_a_predefined_group_stays_with_its_company(world: World) -> None:
    (ada,) = world.contacts("acme", "ada")
    buyer = world.company_groups("acme")["BUYER"]
    world.put_in(buyer, ada)
    world.group(buyer, templates=["company-requester"])
    told = world.iam(f"groups/{buyer}").json
    assert (told["b2b"], told["code"], told["userType"]) == ({"legalEntityId": "acme"}, "BUYER", "CUSTOMER")
    acting = world.scopes(world.api.as_customer(ada, "acme"))
    assert "approval.approval_manage_own" not in acting
    assert acting < world.scopes(world.api.as_customer(ada))


def test_companies_may_live_elsewhere(world: World) -> None:
    world.setting("references", "open")
    world.group("ours", userType="CUSTOMER", b2b={"legalEntityId": "elsewhere"})


def test_restrictions_are_those_of_the_configuration(api: Api) -> None:
    listed = [{"key": "restrictions", "value": '["DE", "AT"]'}]
    made = api.post("/configuration/{tenant}/configurations", listed)
    assert made.status == 201, made.json
    with api.unchanged():
        refused = api.post(GROUPS, {"name": {"en": "x"}, "restrictions": ["DE", "FR"]})
    assert refused.status == 400
    assert refused.json["details"][0].startswith("restrictions[1]: FR is not among those")
    assert api.post(GROUPS, {"name": {"en": "x"}, "restrictions": ["DE", "AT"]}).status == 201


def test_the_list_is_narrowed_as_clients_do(api: Api) -> None:
    for id, name, kind in (
        ("a", "B2B Admin", "CUSTOMER"),
        ("b", "B2B Buyer", "customer"),
        ("c", "Sales", "EMPLOYEE"),
    ):
        api.put(
            f"{GROUPS}/{id}", {"name": {"en": name}, "description": {"de": f"Die {id}"}, "userType": kind}
        )
    assert ids(api, "userType=customer&name=b2b") == ["a", "b"]
    assert ids(api, "userType=EMPLOYEE") == ["c"]
    assert ids(api, "name=SALES") == ["c"]
    assert ids(api, "description=die+b") == ["b"]
    assert ids(api, "q=id:in(a,c)&sort=id:desc") == ["c", "a"]
    assert ids(api, "metadataModifiedAt=2020-01-01&pageSize=1&pageNumber=2") == ["b"]
    assert ids(api, "metadataModifiedAt=2999-01-01") == []
    assert api.get(f"{GROUPS}?userType=x").status == 400
    assert api.get(GROUPS, x_total_count="true").headers["x-total-count"] == "3"
    with api.statements(3):
        api.get(GROUPS, x_total_count="true")


def test_languages_that_the_tenant_lacks_are_refused(api: Api) -> None:
    api.put(f"{GROUPS}/a", {"name": {"en": "A"}})
    for refused in (
        api.get(f"{GROUPS}/a", accept_language="ru"),
        api.put(f"{GROUPS}/a", {"name": {"en": "A"}}, content_language="ru"),
    ):
        assert refused.status == 400
        assert refused.json["message"] == "Language header validation failed"
        assert "Following languages are not supported: 'ru'" in refused.json["details"][0]


def test_customers_see_the_groups_of_customers_and_of_their_companies(world: World) -> None:
    (ada,) = world.contacts("acme", "ada")
    world.contacts("evil", "eve")
    world.group("staff")
    world.group("vip", userType="CUSTOMER")
    world.group("ours", userType="CUSTOMER", b2b={"legalEntityId": "acme"})
    world.group("theirs", userType="CUSTOMER", b2b={"legalEntityId": "evil"})
    visible = sorted(["ours", "vip", *world.company_groups("acme").values()])
    assert sorted(ids(world.api.as_customer(ada, "acme"), "userType=customer")) == visible
    assert sorted(ids(world.api.as_customer(ada), "")) == visible
    assert world.iam("groups/ours", world.api.as_customer(ada)).status == 403


def test_an_empty_group_is_deleted_and_a_full_one_only_by_force(world: World) -> None:
    world.group("staff")
    world.employee("eve@example.com", "staff")
    with world.api.unchanged():
        refused = world.iam("groups/staff", method="DELETE")
        assert (refused.status, refused.json["resourceId"]) == (400, "staff")
        assert refused.json["message"] == "Constraint validation failed"
        no_assigner = world.api.with_scopes("iam.group_manage")
        refused = world.iam("groups/staff?forceDelete=true", no_assigner, "DELETE")
        assert (refused.status, refused.json["details"][0]) == (
            403,
            "Required scope(s): iam.assignment_manage",
        )
        assert world.iam("groups/nothing", method="DELETE").status == 404
    assert world.iam("groups/staff?forceDelete=true", method="DELETE").status == 204
    assert world.iam("groups/staff").status == 404
    assert world.iam("users").json[0]["groupIds"] == []
    assert [each["groupId"] for each in world.api.events("iam.assignment-deleted")] == ["staff"]
    world.group("empty")
    assert world.iam("groups/empty", world.api.with_scopes("iam.group_manage"), "DELETE").status == 204


def test_the_type_of_a_group_stays_while_there_are_users_in_it(world: World) -> None:
    world.group("staff")
    world.employee("eve@example.com", "staff")
    body = {"name": {"en": "x"}, "userType": "CUSTOMER"}
    with world.api.unchanged():
        refused = world.iam("groups/staff", method="PUT", body=body)
    assert refused.status == 400
    assert refused.json["details"][0].startswith("userType: can't be changed")
    world.iam("groups/staff/users", method="DELETE")
    assert world.iam("groups/staff", method="PUT", body=body).status == 204


def test_the_access_controls_of_a_group_are_those_of_its_templates_too(world: World) -> None:
    world.control("mine", "order.order_read")
    world.group("sales", "mine", "site.site.viewer", templates=["administrator"])
    response = world.api.get(f"{GROUPS}/sales/access-controls?expand=role,resource", x_total_count="true")
    assert [each["id"] for each in response.json] == ["administrator", "mine", "site.site.viewer"]
    assert response.headers["x-total-count"] == "3"
    assert response.json[2]["role"]["id"] == "viewer"
    assert response.json[2]["resource"]["code"] == "site.site"
    assert world.iam("groups/nothing/access-controls").status == 404


def test_another_tenant_has_groups_of_its_own(world: World, api: Api) -> None:
    world.group("sales")
    other = new_tenant(api.server)
    assert other.get(f"{GROUPS}/sales").status == 404
    assert other.put(f"{GROUPS}/sales", {"name": {"en": "x"}}).status == 201


def test_a_group_loses_a_deleted_access_control_whatever_else_it_says(world: World) -> None:
    world.control("order.mine", "order.order_read")
    world.group("de", "order.mine", "site.site.viewer", restrictions=["DE"])
    listed = {"key": "restrictions", "value": '["AT"]'}
    assert world.api.post("/configuration/{tenant}/configurations", [listed]).status == 201
    assert world.iam("access-controls/order.mine", method="DELETE").status == 204
    assert world.iam("groups/de").json["accessControls"] == ["site.site.viewer"]
