"""Custom entity types go out of one tenant and come into another, or into the same as copies."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from services.schema.world import World, attribute, values
from support.api import new_tenant

EXPORT, IMPORT = "custom-entities/export", "custom-entities/import"


@pytest.fixture
def cars(world: World) -> World:
    """Two types that refer to each other, a schema of two versions, a reference, and instances."""
    for id in ("CAR", "MAKER"):
        world.type(id)
    maker = attribute("maker", "REFERENCE", values=values("MAKER", "PRODUCT"))
    first = world.schema("data", maker, types=("CAR",))
    body = {"name": {"en": "Data"}, "types": ["CAR"], "attributes": [maker, attribute("doors", "NUMBER")]}
    assert world.send("PUT", "schemas/data", {**body, "metadata": {"version": 1}}).status == 204
    world.reference("free", {"properties": {"x": {"type": "integer"}}}, types=("MAKER",))
    world.instance("MAKER", "vw", mixins={"free": {"x": 1}}, name={"en": "VW"})
    data = {"maker": {"emporixReferenceType": "MAKER", "id": "vw"}}
    world.instance("CAR", "old", mixins={"data": data}, metadata={"mixins": {"data": first}})
    world.instance("CAR", "new", mixins={"data": {**data, "doors": 4}})
    return world


def exported(world: World, *types: str) -> str:
    answer = world.send("POST", EXPORT, list(types))
    assert answer.status == 200, answer.json
    return str(answer.json["data"])


def test_another_tenant_takes_everything_in(cars: World) -> None:
    other = World(new_tenant(cars.api.server))
    assert other.send("POST", IMPORT, {"data": exported(cars, "CAR", "MAKER")}).status == 204
    assert [each["id"] for each in other.send("GET", "custom-entities").json] == ["CAR", "MAKER"]
    assert other.api.get("/iam/{tenant}/scopes/custom.car_read").status == 200
    assert other.send("GET", "schemas/data").json["metadata"]["version"] == 2
    instances = {
        each["id"]: each for each in other.send("GET", "custom-entities/CAR/instances?expand=*").json
    }
    assert instances["new"]["mixins"]["data"]["doors"] == 4
    assert instances["new"]["mixins"]["data"]["maker"]["expandStatus"] == "SUCCESS"
    assert instances["new"]["metadata"]["mixins"] == {"data": other.url("data")}
    assert instances["old"]["metadata"]["mixins"] == {"data": other.url("data").replace("_v2", "_v1")}
    created = other.api.events("schema.custom-instance-created")
    assert {each["id"] for each in created} == {"vw", "old", "new"}
    # What came in is validated by what came with it.
    wrong = {"mixins": {"data": {"doors": "x"}}}
    assert other.send("PUT", "custom-entities/CAR/instances/new", wrong).status == 400


def test_what_is_taken_comes_in_as_a_copy(cars: World) -> None:
    data = exported(cars, "CAR", "MAKER")
    for _ in range(2):
        assert cars.send("POST", IMPORT, {"data": data}).status == 204
    ids = [each["id"] for each in cars.send("GET", "custom-entities").json]
    assert ids == ["CAR", "CAR_COPY", "CAR_COPY_COPY", "MAKER", "MAKER_COPY", "MAKER_COPY_COPY"]
    copied = cars.send("GET", "custom-entities/CAR_COPY/instances/new").json
    assert copied["mixins"]["data"]["maker"] == {"emporixReferenceType": "MAKER_COPY", "id": "vw"}
    assert copied["metadata"]["mixins"]["data"] == cars.url("data_COPY")
    schema = cars.send("GET", "schemas/data_COPY").json
    assert schema["types"] == ["CAR_COPY"]
    assert schema["attributes"][0]["values"] == values("MAKER_COPY", "PRODUCT")
    assert cars.send("GET", "schemas/data").json["types"] == ["CAR"]


def forged(data: str, **changes: Any) -> str:
    whole = {**json.loads(base64.b64decode(data)), **changes}
    return base64.b64encode(json.dumps(whole).encode()).decode()


def test_what_is_no_export_changes_nothing(cars: World) -> None:
    data = exported(cars, "CAR", "MAKER")
    stored = json.loads(base64.b64decode(data))
    car = next(each for each in stored["instances"] if each["id"] == "new")
    wrong = {**car, "mixins": {"data": {"doors": "x"}}}
    other = World(new_tenant(cars.api.server))
    with other.api.unchanged():
        for each in (
            "not base64!",
            base64.b64encode(b"no json").decode(),
            base64.b64encode(b"[]").decode(),
            forged(data, types=[]),
            forged(data, types=[*stored["types"], stored["types"][0]]),
            forged(data, types=[{"id": "low", "name": {}}], schemas=[], instances=[]),
            forged(data, instances=[wrong]),
            forged(data, instances=[car, car]),
            forged(data, instances=[{**car, "name": {"fr": "x"}}]),
            forged(data, instances=[{**car, "id": "a b"}]),
            forged(data, schemas=[]),
        ):
            assert other.send("POST", IMPORT, {"data": each}).status == 400, each[:80]
    with cars.api.unchanged():
        for body in ([], ["NONE"], {"x": 1}):
            assert cars.send("POST", EXPORT, body).status == 400
        reader = cars.api.with_scopes("schema.custominstance_manage")
        assert cars.send("POST", EXPORT, ["CAR"], reader).status == 403


def test_an_owner_who_is_not_there_gives_way_to_who_imports(cars: World) -> None:
    customer = cars.customer("a@example.com")
    owner = {"type": "CUSTOMER", "userId": customer}
    cars.instance("MAKER", "mine", owner=owner)
    data = exported(cars, "MAKER")
    other = World(new_tenant(cars.api.server))
    assert other.send("POST", IMPORT, {"data": data}).status == 204
    assert other.send("GET", "custom-entities/MAKER/instances/mine").json["owner"]["type"] == "SERVICE"
    assert cars.send("POST", IMPORT, {"data": data}).status == 204
    assert cars.send("GET", "custom-entities/MAKER_COPY/instances/mine").json["owner"] == owner
