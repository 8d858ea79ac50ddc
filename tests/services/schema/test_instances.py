"""Instances: create, read, write, patch, delete; their mixins, owners and events."""

from __future__ import annotations

from typing import Any

import pytest

from services.schema.world import World, attribute
from support.api import Api

CARS = "custom-entities/CAR/instances"


@pytest.fixture
def cars(world: World) -> World:
    """A tenant with a type CAR whose schema `data` says doors, a number, and notes, a list of texts."""
    world.type("CAR")
    notes = attribute("notes", "ARRAY", arrayType={"type": "TEXT"})
    world.schema("data", attribute("doors", "NUMBER", required=True), notes, types=("CAR",))
    return world


def test_an_instance_is_created_read_replaced_and_deleted(cars: World) -> None:
    api, url = cars.api, cars.url("data")
    body = {"id": "one", "name": {"en": "One", "de": "Eins"}, "mixins": {"data": {"doors": 4}}}
    made = cars.send("POST", CARS, {**body, "metadata": {"mixins": {"data": url}}})
    assert (made.status, made.json) == (201, {"id": "one"})
    told = cars.send("GET", f"{CARS}/one").json
    metadata = told.pop("metadata")
    assert told == {**body, "type": "CAR", "owner": {"type": "SERVICE", "userId": "test"}}
    assert (metadata["version"], metadata["mixins"]) == (1, {"data": url})
    assert cars.send("GET", f"{CARS}/one?fields=name", accept_language="de").json == {"name": {"de": "Eins"}}
    change = {"name": {"en": "1"}, "metadata": {"version": 1}, "owner": told["owner"]}
    assert cars.send("PUT", f"{CARS}/one", change).status == 204
    assert "mixins" not in cars.send("GET", f"{CARS}/one").json
    assert cars.send("PUT", f"{CARS}/two", {}).json == {"id": "two"}
    with api.unchanged():
        assert cars.send("PUT", f"{CARS}/one", change).status == 409
        assert cars.send("POST", CARS, body).status == 409
        assert cars.send("POST", CARS, {"id": "bulk"}).status == 400
        assert cars.send("POST", CARS, {"name": {"fr": "x"}}).status == 400
        assert cars.send("GET", f"{CARS}/none").status == 404
        assert cars.send("DELETE", f"{CARS}/none").status == 404
        for method in ("GET", "PUT", "DELETE"):
            path = "custom-entities/NONE/instances/one"
            assert cars.send(method, path, {} if method == "PUT" else None).status == 404
    assert cars.send("DELETE", f"{CARS}/one").status == 204
    generated = cars.send("POST", CARS, {}).json["id"]
    assert cars.send("GET", f"{CARS}/{generated}").status == 200


def test_each_real_change_is_told(cars: World) -> None:
    cars.instance("CAR", "one", name={"en": "One"})
    for name in ("Two", "Two"):
        assert cars.send("PUT", f"{CARS}/one", {"name": {"en": name}}).status == 204
    assert cars.send("DELETE", f"{CARS}/one").status == 204
    told = [each for each in cars.api.events() if each["type"].startswith("schema.")]
    assert [each["type"] for each in told] == [
        f"schema.custom-instance-{what}" for what in ("created", "updated", "deleted")
    ]
    assert {(each["id"], each["tenant"]) for each in told} == {("one", cars.api.tenant)}
    assert (told[0]["name"], told[1]["metadata"]["version"]) == ({"en": "One"}, 2)


# Mixins


def test_mixins_without_a_url_are_of_the_types_schema_of_that_name(cars: World) -> None:
    first = cars.url("data")
    cars.reference("free", {"required": ["x"]}, types=("CUSTOM_ENTITY",))
    mixins = {"data": {"doors": 2}, "free": {"x": 1}}
    cars.instance("CAR", "one", mixins=mixins)
    with cars.api.statements(7):
        cars.instance("CAR", "two", mixins=mixins)
    told = cars.send("GET", f"{CARS}/one").json["metadata"]["mixins"]
    assert told == {"data": first, "free": cars.url("free", "references")}
    with cars.api.unchanged():
        for wrong in ({"data": {}}, {"free": {}}, {"data": {"doors": "two"}}):
            assert cars.send("PUT", f"{CARS}/one", {"mixins": wrong}).status == 400
        nowhere = cars.send("PUT", f"{CARS}/one", {"mixins": {"other": {}}})
        assert nowhere.status == 400
        assert "No matching schema found" in nowhere.json["details"][0]["message"]
    body = {
        "name": {"en": "X"},
        "types": ["CAR"],
        "attributes": [attribute("doors")],
        "metadata": {"version": 1},
    }
    assert cars.send("PUT", "schemas/data", body).status == 204
    assert cars.send("PUT", f"{CARS}/one", {"mixins": {"data": {"doors": "two"}}}).status == 204
    assert cars.send("GET", f"{CARS}/one").json["metadata"]["mixins"]["data"] == first.replace("_v1", "_v2")


# Patches


def test_an_instance_is_patched(cars: World) -> None:
    cars.instance("CAR", "one", name={"en": "One"}, mixins={"data": {"doors": 2, "notes": ["a"]}})
    operations = [
        {"op": "add", "path": "/mixins/data/notes/-", "value": "b"},
        {"op": "REPLACE", "path": "/mixins/data/doors", "value": 4},
        {"op": "add", "path": "/name/de", "value": "Eins"},
    ]
    assert cars.send("PATCH", f"{CARS}/one", operations).status == 204
    told = cars.send("GET", f"{CARS}/one").json
    assert told["mixins"] == {"data": {"doors": 4, "notes": ["a", "b"]}}
    assert (told["name"], told["metadata"]["version"]) == ({"en": "One", "de": "Eins"}, 2)
    assert cars.send("PATCH", f"{CARS}/one", [{"op": "remove", "path": "/mixins/data"}]).status == 204
    assert "mixins" not in cars.send("GET", f"{CARS}/one").json
    again = [{"op": "add", "path": "/mixins/data", "value": {"doors": 1}}]
    assert cars.send("PATCH", f"{CARS}/one", again).status == 204
    stale = [{"op": "replace", "path": "/metadata/version", "value": 1}]
    assert cars.send("PATCH", f"{CARS}/one", stale).status == 409


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/owner/userId", "value": "x"},
        {"op": "remove", "path": "/owner"},
        {"op": "replace", "path": "/id", "value": "two"},
        {"op": "replace", "path": "/type", "value": "BOAT"},
        {"op": "replace", "path": "/mixins/data/doors", "value": "two"},
        {"op": "remove", "path": "/mixins/data/doors"},
        {"op": "remove", "path": "/nothing"},
        {"op": "fly", "path": "/name"},
        {"op": "add", "path": "/name", "value": 5},
    ],
)
def test_what_a_patch_can_not_do(cars: World, operation: dict[str, Any]) -> None:
    cars.instance("CAR", "one", name={"en": "One"}, mixins={"data": {"doors": 2}})
    with cars.api.unchanged():
        assert cars.send("PATCH", f"{CARS}/one", [operation]).status == 400
        assert cars.send("PATCH", f"{CARS}/none", [operation]).status == 404


# Owners


def test_who_manages_all_names_the_owner_who_never_changes(cars: World) -> None:
    customer = cars.customer("a@example.com")
    cars.company("acme")
    owner = {"type": "CUSTOMER", "userId": customer, "legalEntityId": "acme"}
    cars.instance("CAR", "one", owner=owner)
    assert cars.send("GET", f"{CARS}/one").json["owner"] == owner
    assert cars.send("PUT", f"{CARS}/one", {}).status == 204
    assert cars.send("GET", f"{CARS}/one").json["owner"] == owner
    with cars.api.unchanged():
        for wrong, field in (
            ({"type": "CUSTOMER", "userId": "nobody"}, "owner.userId"),
            ({"type": "EMPLOYEE", "userId": customer}, "owner.userId"),
            ({"type": "CUSTOMER", "userId": customer, "legalEntityId": "none"}, "owner.legalEntityId"),
            ({"type": "EMPLOYEE", "userId": "x", "legalEntityId": "acme"}, "owner.legalEntityId"),
            ({"type": "SERVICE", "userId": "other"}, "owner.type"),
            ({"type": "ROBOT", "userId": "x"}, "owner.type"),
        ):
            refused = cars.send("POST", CARS, {"owner": wrong})
            assert (refused.status, refused.json["details"][0]["field"]) == (400, field)
        refused = cars.send("PUT", f"{CARS}/one", {"owner": {"type": "CUSTOMER", "userId": customer}})
        assert refused.json["details"][0]["message"] == "can't be changed"


OWN = frozenset({"custom.car_read_own", "custom.car_manage_own"})


def test_own_scopes_reach_what_is_ones_own(cars: World) -> None:
    first, second = cars.customer("a@example.com"), cars.customer("b@example.com")
    cars.company("acme")
    mine = cars.api.as_customer(first, scopes=OWN)
    acting = cars.api.as_customer(first, "acme", scopes=OWN)
    theirs = cars.api.as_customer(second, scopes=OWN)
    cars.instance("CAR", "private", mine, owner={"type": "CUSTOMER", "userId": second})
    cars.instance("CAR", "acme", acting)
    cars.instance("CAR", "theirs", theirs)
    cars.instance("CAR", "service")
    assert cars.send("GET", f"{CARS}/private").json["owner"] == {"type": "CUSTOMER", "userId": first}
    assert cars.send("GET", f"{CARS}/acme").json["owner"]["legalEntityId"] == "acme"

    def seen(api: Api) -> list[str]:
        listed = [each["id"] for each in cars.send("GET", CARS, api=api).json]
        assert [each["id"] for each in cars.send("POST", f"{CARS}/search", {}, api).json] == listed
        for id in ("private", "acme", "theirs", "service"):
            there = cars.send("GET", f"{CARS}/{id}", api=api).status == 200
            assert there == (id in listed)
        return listed

    assert seen(mine) == ["private"]
    assert seen(acting) == ["acme", "private"]
    assert seen(theirs) == ["theirs"]
    assert seen(cars.api.with_scopes("schema.custominstance_read")) == [
        "acme",
        "private",
        "service",
        "theirs",
    ]
    with cars.api.unchanged():
        assert cars.send("PUT", f"{CARS}/private", {}, theirs).status == 403
        assert cars.send("PATCH", f"{CARS}/private", [], theirs).status == 404
        assert cars.send("DELETE", f"{CARS}/private", api=theirs).status == 404
        assert cars.send("PUT", f"{CARS}/acme", {}, mine).status == 403
        answer = cars.send("DELETE", f"{CARS}/bulk", ["private", "service"], theirs).json
        assert [each["code"] for each in answer] == [404, 404]
    renamed = {"name": {"en": "Mine"}, "owner": {"type": "CUSTOMER", "userId": second}}
    assert cars.send("PUT", f"{CARS}/private", renamed, mine).status == 204
    assert cars.send("GET", f"{CARS}/private").json["owner"]["userId"] == first
    assert cars.send("DELETE", f"{CARS}/private", api=mine).status == 204


def test_of_a_deleted_customer_only_what_is_his_companys_stays(cars: World) -> None:
    customer = cars.customer("a@example.com")
    cars.company("acme")
    owner = {"type": "CUSTOMER", "userId": customer}
    cars.instance("CAR", "private", owner=owner)
    cars.instance("CAR", "acme", name={"en": "X"}, owner={**owner, "legalEntityId": "acme"})
    assert cars.api.delete(f"/customer/{{tenant}}/customers/{customer}").status in (202, 204)
    (left,) = cars.send("GET", CARS).json
    assert (left["id"], left["metadata"]["version"], left["name"]) == ("acme", 2, {"en": "X"})
    assert left["owner"] == {"type": "CUSTOMER", "userId": "deleted", "legalEntityId": "acme"}
