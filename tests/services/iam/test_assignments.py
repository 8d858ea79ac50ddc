"""Assignments: who is in which group."""

import asyncio

import pytest

from coterie.kit.errors import NotFound
from coterie.services.iam import facade
from services.iam.world import World
from support.api import Api

MISSING = "00000001"


def users(world: World, group: str, by: Api | None = None) -> list[str]:
    response = world.iam(f"groups/{group}/users", by)
    assert response.status == 200, response.json
    return [each["userId"] for each in response.json]


def test_a_user_is_put_into_a_group_and_taken_out(world: World) -> None:
    world.group("staff")
    eve = world.employee()
    made = world.iam("groups/staff/users", method="POST", body={"userId": eve})
    assert made.status == 201
    (told,) = world.iam("groups/staff/users").json
    assert told == {"id": made.json["id"], "groupId": "staff", "userId": eve, "userType": "EMPLOYEE"}
    (event,) = world.api.events("iam.assignment-created")
    assert event == {**told, "tenant": world.api.tenant, "type": "iam.assignment-created"}
    assert world.iam(f"groups/staff/users/{eve}", method="DELETE").status == 204
    assert users(world, "staff") == []
    with world.api.unchanged():
        assert world.iam(f"groups/staff/users/{eve}", method="DELETE").status == 404


def test_one_who_is_in_a_group_stays_in_it(world: World) -> None:
    world.group("staff")
    path = f"groups/staff/users/employee/{world.employee()}"
    made = world.iam(path, method="PUT")
    assert made.status == 201
    with world.api.unchanged():
        again = world.iam(path, method="PUT")
        assert (again.status, again.body) == (204, b"")
        body = {"userId": path.rsplit("/", 1)[1], "userType": "EMPLOYEE"}
        assert world.iam("groups/staff/users", method="POST", body=body).json == made.json


@pytest.mark.parametrize("kind", ["CUSTOMER", "EMPLOYEE"])
def test_a_user_who_does_not_exist_is_not_found(world: World, kind: str) -> None:
    world.group("some", userType=kind)
    with world.api.unchanged():
        for method, path, body in (
            ("POST", "groups/some/users", {"userId": MISSING, "userType": kind}),
            ("PUT", f"groups/some/users/{kind}/{MISSING}", None),
        ):
            refused = world.iam(path, method=method, body=body)
            assert (refused.status, refused.json["message"]) == (404, "User not found")
            assert refused.json["resourceId"] == MISSING


def test_customers_may_live_elsewhere(world: World) -> None:
    world.setting("references", "open")
    world.group("vip", userType="CUSTOMER")
    world.put_in("vip", MISSING)
    assert users(world, "vip") == [MISSING]


def test_a_group_is_of_one_type_of_users(world: World) -> None:
    world.group("staff")
    world.group("vip", userType="CUSTOMER")
    jane, eve = world.customer("jane@example.com"), world.employee()
    with world.api.unchanged():
        for group, user, kind in (("staff", jane, "CUSTOMER"), ("vip", eve, "EMPLOYEE")):
            refused = world.iam(
                f"groups/{group}/users", method="POST", body={"userId": user, "userType": kind}
            )
            assert refused.status == 400
            assert refused.json["message"] == "Constraint validation failed"
        unknown = world.iam(
            "groups/staff/users", method="POST", body={"userId": eve, "userType": "invalidUserType"}
        )
        assert (unknown.status, unknown.json["message"]) == (400, "'invalidUserType' is not supported")
        assert world.iam(f"groups/staff/users/robot/{eve}", method="PUT").status == 400


def test_a_customer_is_in_one_predefined_group_of_a_company(world: World) -> None:
    (ada,) = world.contacts("acme", "ada")
    world.company("other")
    world.contact(ada, "other")
    groups, others = world.company_groups("acme"), world.company_groups("other")
    world.group("ours", userType="CUSTOMER", b2b={"legalEntityId": "acme"})
    world.put_in(groups["BUYER"], ada)
    with world.api.unchanged():
        refused = world.iam(f"groups/{groups['ADMIN']}/users/CUSTOMER/{ada}", method="PUT")
        assert refused.status == 400
        assert groups["BUYER"] in refused.json["details"][0]
    world.put_in(others["ADMIN"], ada)
    world.put_in("ours", ada)
    world.iam(f"groups/{groups['BUYER']}/users/{ada}", method="DELETE")
    world.put_in(groups["ADMIN"], ada)


def test_the_groups_of_an_employee_share_one_vendor(world: World) -> None:
    for id, more in (
        ("v1a", {"vendorId": "v1"}),
        ("v1b", {"vendorId": "v1"}),
        ("v2", {"vendorId": "v2"}),
        ("no", {}),
    ):
        body = {"id": id, "name": {"en": id}, **more}
        assert world.iam("groups", method="POST", body=body).status == 201
    eve = world.employee("eve@example.com", "v1a", "v1b")
    with world.api.unchanged():
        for group in ("v2", "no"):
            refused = world.iam(f"groups/{group}/users/EMPLOYEE/{eve}", method="PUT")
            assert refused.status == 400
            assert "share one vendor" in refused.json["details"][0]
    me = world.api.as_employee(eve)
    assert world.iam("users/me/scopes", me).json["vendorId"] == "v1"
    assert world.iam(f"users/{eve}/scopes").json["vendorId"] == "v1"
    assert [each["id"] for each in world.iam("users/vendors/v1").json] == [eve]
    assert world.iam("users/vendors/v2").json == []


def test_all_users_of_a_group_and_all_groups_of_a_user(world: World) -> None:
    for group in ("a", "b"):
        world.group(group)
    eve, rob = world.employee("eve@example.com", "a", "b"), world.employee("rob@example.com", "a")
    assert sorted(users(world, "a")) == sorted([eve, rob])
    assert [each["id"] for each in world.iam(f"users/{eve}/groups").json] == ["a", "b"]
    assert world.iam(f"users/{eve}/groups/b").json["id"] == "b"
    assert world.iam(f"users/{rob}/groups/b").status == 404
    assert world.iam(f"users/{eve}/groups", method="DELETE").status == 204
    assert (users(world, "a"), users(world, "b")) == ([rob], [])
    assert world.iam("groups/a/users", method="DELETE").status == 204
    assert users(world, "a") == []
    gone = [(each["groupId"], each["userId"]) for each in world.api.events("iam.assignment-deleted")]
    assert gone == [("a", eve), ("b", eve), ("a", rob)]
    assert world.iam("groups/nothing/users", method="DELETE").status == 404
    assert world.iam("groups/nothing/users").status == 404


def test_a_list_of_users_is_paged_and_counted(world: World) -> None:
    world.group("staff")
    for name in "abc":
        world.employee(f"{name}@example.com", "staff")
    path = "/iam/{tenant}/groups/staff/users?pageSize=2"
    with world.api.statements(3):
        response = world.api.get(path, x_total_count="true")
    assert (len(response.json), response.headers["x-total-count"]) == (2, "3")
    assert len(world.api.get(f"{path}&pageNumber=2").json) == 1


def test_customers_see_their_colleagues_in_groups_of_customers(world: World) -> None:
    ada, bob = world.contacts("acme", "ada", "bob")
    (eve,) = world.contacts("evil", "eve")
    world.group("vip", userType="CUSTOMER")
    world.group("staff")
    groups, theirs = world.company_groups("acme"), world.company_groups("evil")
    for group, user in (("vip", bob), ("vip", eve), (groups["BUYER"], bob), (theirs["BUYER"], eve)):
        world.put_in(group, user)
    for api in (world.api.as_customer(ada, "acme"), world.api.as_customer(ada)):
        assert users(world, "vip", api) == [bob]
        assert users(world, groups["BUYER"], api) == [bob]
        assert world.iam(f"groups/{theirs['BUYER']}/users", api).status == 404
        assert world.iam("groups/staff/users", api).status == 404


def test_a_deleted_customer_leaves_his_groups(world: World) -> None:
    jane = world.customer("jane@example.com")
    world.group("vip", userType="CUSTOMER")
    world.put_in("vip", jane)
    assert world.api.delete(f"/customer/{{tenant}}/customers/{jane}").status == 202
    assert users(world, "vip") == []
    assert [each["userId"] for each in world.api.events("iam.assignment-deleted")] == [jane]


def test_the_facade_manages_the_groups_of_companies(world: World) -> None:
    (ada,) = world.contacts("acme", "ada")
    world.company("other")

    async def manage() -> None:
        call = await world.call()
        async with call.writing():
            found = await facade.groups_of_companies(call, ["acme", "other", "nobody"])
            assert set(found) == {"acme", "other"}
            made = found["acme"]
            assert [each.role for each in made] == ["ADMIN", "BUYER", "REQUESTER"]
            assert dict(made[0].name) == {
                "en": "Acme GmbH: B2B Admin",
                "de": "Acme GmbH: B2B-Administration",
            }
            assert await facade.groups_of_companies(call, []) == {}
            await facade.company_group_assigned(call, "acme", made[1].id, ada)
            await facade.company_group_assigned(call, "acme", made[1].id, ada)
            with pytest.raises(NotFound):
                await facade.company_group_assigned(call, "other", made[1].id, ada)
        async with call.writing():
            await facade.company_group_unassigned(call, "acme", made[1].id, ada)
            await facade.company_group_unassigned(call, "acme", made[1].id, ada)
            await facade.company_group_removed(call, "acme", made[2].id)
            with pytest.raises(NotFound):
                await facade.company_group_removed(call, "other", made[0].id)

    world.api.run(manage())
    shown = world.iam("groups?name=b2b&userType=customer&q=b2b.legalEntityId:acme").json
    assert sorted(each["code"] for each in shown) == ["ADMIN", "BUYER"]
    told = [each["type"] for each in world.api.events() if each["type"].startswith("iam.")]
    assert told.count("iam.group-created") == 6
    assert told.count("iam.group-deleted") == 1
    assert (told.count("iam.assignment-created"), told.count("iam.assignment-deleted")) == (1, 1)


def test_two_who_assign_at_once_put_a_customer_into_one_predefined_group(world: World) -> None:
    (ada,) = world.contacts("acme", "ada")
    groups = world.company_groups("acme")

    async def both() -> list[int]:
        paths = [f"/iam/{{tenant}}/groups/{groups[role]}/users/CUSTOMER/{ada}" for role in ("ADMIN", "BUYER")]
        answers = await asyncio.gather(*(world.api.send("PUT", path) for path in paths))
        return sorted(each.status for each in answers)

    assert world.api.run(both()) == [201, 400]
