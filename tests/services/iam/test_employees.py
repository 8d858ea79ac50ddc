"""Employees: create, read, change, delete."""

import pytest

from services.iam.world import World, employee
from support.api import Api, new_tenant

USERS = "/iam/{tenant}/users"


def update(*groups: str, **more: object) -> dict[str, object]:
    body = {name: value for name, value in employee("x", *groups).items() if name != "contactEmail"}
    return {**body, "backofficeUserNumber": "any", **more}


def test_an_employee_is_created_and_read(world: World) -> None:
    world.group("sales", description={"en": "Those who sell"})
    made = world.api.post(USERS, employee("Eve@Example.com", "sales"))
    assert made.status == 201
    told = world.api.get(f"{USERS}/{made.json['id']}?expand=groups").json
    group = {
        "id": "sales",
        "name": {"en": "sales"},
        "userType": "EMPLOYEE",
        "description": {"en": "Those who sell"},
    }
    assert told.pop("validFrom")
    assert told == {
        **employee("Eve@Example.com", "sales"),
        "id": made.json["id"],
        "backofficeUserNumber": made.json["id"],
        "isAccountLocked": False,
        "status": "PROVISIONED",
        "groups": [group],
    }
    assert "groups" not in world.api.get(f"{USERS}/{made.json['id']}").json
    (event,) = world.api.events("iam.user-created")
    assert (event["id"], event["contactEmail"]) == (made.json["id"], "Eve@Example.com")


def test_one_who_is_there_already_is_put_into_the_groups(world: World) -> None:
    for group in ("a", "b"):
        world.group(group)
    first = world.employee("eve@example.com", "a")
    assert world.employee("EVE@example.com", "b", firstName="Other") == first
    told = world.api.get(f"{USERS}/{first}").json
    assert (told["firstName"], told["groupIds"]) == ("Eve", ["a", "b"])
    assert len(world.api.get(USERS).json) == 1


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (employee("nobody"), 400, "contactEmail: 'nobody' is not an e-mail address"),
        (employee("a@b.c", "nothing"), 404, "Error while getting groups provided in request."),
        ({"firstName": "Eve"}, 400, "is required"),
        (employee("a@b.c", "vip"), 400, "userType: vip is a group of customers"),
    ],
)
def test_what_an_employee_can_not_be(world: World, body: dict[str, object], status: int, text: str) -> None:
    world.group("vip", userType="CUSTOMER")
    with world.api.unchanged():
        refused = world.api.post(USERS, body)
    assert refused.status == status
    assert text in str(refused.json)


def test_an_update_leaves_exactly_the_groups_that_it_names(world: World) -> None:
    for group in ("a", "b", "c"):
        world.group(group)
    eve = world.employee("eve@example.com", "a", "b")
    body = update("b", "c", lastName="Smith")
    assert world.api.put(f"{USERS}/{eve}", body).status == 204
    told = world.api.get(f"{USERS}/{eve}").json
    assert (told["lastName"], told["contactEmail"], told["groupIds"]) == (
        "Smith",
        "eve@example.com",
        ["b", "c"],
    )
    assert [each["groupId"] for each in world.api.events("iam.assignment-deleted")] == ["a"]
    assert [each["groupId"] for each in world.api.events("iam.assignment-created")] == ["a", "b", "c"]
    assert [each["lastName"] for each in world.api.events("iam.user-updated")] == ["Smith"]
    with world.api.unchanged():
        assert world.api.put(f"{USERS}/{eve}", update("nothing")).status == 404
        assert world.api.put(f"{USERS}/nobody", update()).status == 404


def test_a_deleted_employee_is_gone_from_his_groups(world: World) -> None:
    world.group("a")
    eve = world.employee("eve@example.com", "a")
    assert world.api.delete(f"{USERS}/{eve}").status == 204
    assert world.api.get(f"{USERS}/{eve}").status == 404
    assert world.iam("groups/a/users").json == []
    assert [each["id"] for each in world.api.events("iam.user-deleted")] == [eve]
    with world.api.unchanged():
        assert world.api.delete(f"{USERS}/{eve}?forceDelete=true").status == 404
    assert world.employee("eve@example.com") != eve


def test_the_list_of_employees(world: World) -> None:
    world.group("a")
    people = [world.employee(f"{name}@example.com", "a") for name in "xyz"]
    with world.api.statements(4):
        response = world.api.get(f"{USERS}?expand=groups&userType=employee&pageSize=2", x_total_count="true")
    assert response.headers["x-total-count"] == "3"
    assert [each["id"] for each in response.json] == people[:2]
    assert response.json[0]["groups"][0]["id"] == "a"
    refused = world.api.get(f"{USERS}?userType=CUSTOMER")
    assert refused.status == 400
    assert refused.json["message"] == "This user type is not supported yet for the user search"


def test_an_employee_reads_himself_without_a_scope(world: World) -> None:
    eve = world.employee()
    told = world.api.as_employee(eve).get(f"{USERS}/me?expand=groups").json
    assert (told["id"], told["groups"]) == (eve, [])


def test_who_is_no_employee_is_told_so(world: World) -> None:
    for api in (world.api, world.api.as_anonymous(), world.api.as_customer("jane")):
        refused = api.get(f"{USERS}/me")
        assert (refused.status, "employees" in refused.json["message"]) == (403, True)


def test_another_tenants_employee_is_nobody_here(world: World, api: Api) -> None:
    eve = world.employee()
    other = new_tenant(api.server)
    assert other.get(f"{USERS}/{eve}").status == 404
    assert other.as_employee(eve).get(f"{USERS}/me").status == 401
