"""Custom entity types, and the scopes that they bring."""

from __future__ import annotations

import pytest

from services.iam.world import World as Iam
from services.schema.world import World, attribute
from support.api import Api
from support.storefront import new_client

TYPES = "custom-entities"
ACTIONS = ("manage", "manage_own", "read", "read_own")


def test_a_type_is_created_read_renamed_and_deleted(world: World) -> None:
    made = world.send("POST", TYPES, {"id": "CAR_2", "name": {"en": "Car", "de": "Wagen"}})
    assert (made.status, made.json) == (201, {"id": "CAR_2"})
    assert world.send("PUT", f"{TYPES}/BOAT", {"name": {"en": "Boat"}}).json == {"id": "BOAT"}
    assert (
        world.send("PUT", f"{TYPES}/BOAT", {"name": {"en": "Ship"}, "metadata": {"version": 1}}).status == 204
    )
    told = world.send("GET", TYPES, x_total_count="true")
    assert [(each["id"], each["metadata"]["version"]) for each in told.json] == [("BOAT", 2), ("CAR_2", 1)]
    assert told.headers["x-total-count"] == "2"
    assert world.send("GET", f"{TYPES}/CAR_2", accept_language="de").json["name"] == {"de": "Wagen"}
    assert [each["id"] for each in world.send("GET", f"{TYPES}?q=name.en:~shi").json] == ["BOAT"]
    with world.api.unchanged():
        assert world.send("POST", TYPES, {"id": "CAR_2", "name": {"en": "X"}}).status == 409
        assert (
            world.send("PUT", f"{TYPES}/BOAT", {"name": {"en": "X"}, "metadata": {"version": 1}}).status
            == 409
        )
        assert world.send("DELETE", f"{TYPES}/NONE").status == 404
    assert world.send("DELETE", f"{TYPES}/BOAT").status == 204
    assert world.send("GET", f"{TYPES}/BOAT").status == 404


@pytest.mark.parametrize(
    "id", ["car", "Car", "2CAR", "_CAR", "CA-R", "", "C" * 67, "AVAILABILITY", "LOCATION", "PRICE"]
)
def test_what_is_no_id_of_a_type_is_refused(world: World, id: str) -> None:
    with world.api.unchanged():
        refused = world.send("POST", TYPES, {"id": id, "name": {"en": "X"}})
        assert (refused.status, refused.json["details"][0]["field"]) == (400, "id")
        assert not id or world.send("PUT", f"{TYPES}/{id}", {"name": {"en": "X"}}).status == 400


def test_a_type_with_instances_schemas_or_references_stays(world: World) -> None:
    path = world.type("CAR")
    world.instance("CAR", "one")
    with world.api.unchanged():
        refused = world.send("DELETE", f"{TYPES}/CAR")
    assert (refused.status, "instances" in refused.json["message"]) == (400, True)
    assert world.send("DELETE", f"{path}/one").status == 204
    world.schema("of-car", attribute("a"), types=("CAR",))
    with world.api.unchanged():
        assert world.send("DELETE", f"{TYPES}/CAR").status == 400
    assert world.send("DELETE", "schemas/of-car").status == 204
    world.reference("of-car", {}, types=("CAR",))
    with world.api.unchanged():
        assert world.send("DELETE", f"{TYPES}/CAR").status == 400
    assert world.send("DELETE", "references/of-car").status == 204
    assert world.send("DELETE", f"{TYPES}/CAR").status == 204


def test_the_schemas_of_a_type_are_shown_when_asked_for(world: World) -> None:
    for id in ("CAR", "BOAT"):
        world.type(id)
    world.schema("of-car", attribute("a"), types=("CAR",))
    world.reference("of-all", {}, types=("CUSTOM_ENTITY",))
    with world.api.statements(3):
        shown = {
            each["id"]: each["schemas"] for each in world.send("GET", f"{TYPES}?expandSchemas=true").json
        }
    assert {id: sorted(schemas) for id, schemas in shown.items()} == {
        "CAR": ["of-all", "of-car"],
        "BOAT": ["of-all"],
    }
    assert shown["CAR"]["of-car"]["metadata"]["url"].endswith("/of-car_v1.json")
    assert world.send("GET", f"{TYPES}/CAR?expandSchemas=true").json["schemas"].keys() == {"of-all", "of-car"}
    assert "schemas" not in world.send("GET", f"{TYPES}/CAR").json


def test_a_type_brings_scopes_that_outlive_it(world: World) -> None:
    api = world.api
    named = [f"custom.car_{action}" for action in ACTIONS]
    with api.unchanged():
        assert api.put("/iam/{tenant}/access-controls/cars", {"scopes": named}).status == 400
    world.type("CAR")
    shown = api.get("/iam/{tenant}/scopes/custom.car_read_own").json
    assert (shown["domain"], shown["predefined"]) == ("custom", False)
    assert api.put("/iam/{tenant}/access-controls/cars", {"scopes": named}).status == 201
    assert world.send("DELETE", f"{TYPES}/CAR").status == 204
    assert api.get("/iam/{tenant}/access-controls/cars").json["scopes"] == named
    world.type("CAR")
    assert [each["id"] for each in api.events("iam.scope-created")].count("custom.car_read") == 1


def test_an_api_key_gets_the_scopes_of_a_type(world: World) -> None:
    world.type("RED__CAR_")
    for kind, held in (("api", ()), ("custom", ("custom.red__car__read",))):
        client, secret = new_client(world.api, kind, *held)
        form = f"grant_type=client_credentials&client_id={client.id}&client_secret={secret}&scope=custom.red__car__read"
        media = "application/x-www-form-urlencoded"
        answer = world.api.as_(None).post("/oauth/token", form.encode(), content_type=media)
        assert answer.json["scope"] == f"custom.red__car__read tenant={world.api.tenant}"
        reader = world.api.as_(answer.json["access_token"])
        assert world.send("GET", f"{TYPES}/RED__CAR_/instances", api=reader).status == 200
        assert world.send("POST", f"{TYPES}/RED__CAR_/instances", {}, reader).status == 403


def test_scopes_of_a_type_open_its_instances_and_no_others(api: Api) -> None:
    world, iam = World(api), Iam(api)
    for id in ("CAR", "BOAT"):
        world.type(id)
    iam.control("cars", "custom.car_read", "custom.car_manage_own")
    iam.group("drivers", "cars")
    employee = iam.employee("eve@example.com", "drivers")
    eve = api.as_employee(employee)
    assert world.send("GET", f"{TYPES}/CAR/instances", api=eve).status == 200
    assert world.send("GET", f"{TYPES}/BOAT/instances", api=eve).status == 403
    path = world.instance("CAR", "hers", eve)
    assert world.send("GET", path).json["owner"] == {"type": "EMPLOYEE", "userId": employee}
    other = world.instance("CAR", "other")
    with api.unchanged():
        assert world.send("DELETE", other, api=eve).status == 404
        assert world.send("PUT", other, {}, eve).status == 403
    assert world.send("DELETE", path, api=eve).status == 204
    key = api.with_scopes("custom.boat_read")
    assert world.send("GET", f"{TYPES}/BOAT/instances", api=key).status == 200
    refused = world.send("GET", f"{TYPES}/CAR/instances", api=key)
    assert refused.status == 403
    assert "custom.car_read" in str(refused.json["details"])
