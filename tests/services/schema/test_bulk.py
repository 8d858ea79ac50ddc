"""Bulk writes of instances, and walks through them by cursor."""

from __future__ import annotations

import pytest

from services.schema.world import World, attribute
from support.api import Api

CARS = "custom-entities/CAR/instances"
BULK = f"{CARS}/bulk"


@pytest.fixture
def cars(world: World) -> World:
    """A tenant with a type CAR, whose schema `data` says doors, a number."""
    world.type("CAR")
    world.schema("data", attribute("doors", "NUMBER"), types=("CAR",))
    return world


def codes(cars: World, method: str, body: object, api: Api | None = None) -> list[int]:
    answer = cars.send(method, BULK, body, api)
    assert answer.status == 207, answer.json
    assert [each["index"] for each in answer.json] == list(range(len(answer.json)))
    return [each["code"] for each in answer.json]


def test_many_are_written_each_for_itself(cars: World) -> None:
    cars.instance("CAR", "taken")
    good = {"mixins": {"data": {"doors": 4}}}
    items = [
        {"id": "a", **good},
        {"id": "taken"},
        {"id": "b", "mixins": {"data": {"doors": "x"}}},
        {"id": "bulk"},
        {},
    ]
    assert codes(cars, "POST", items) == [201, 409, 400, 400, 201]
    assert len(cars.send("GET", CARS).json) == 3
    assert codes(cars, "PUT", [{"id": "a"}, {"id": "c", **good}, {"name": {"en": "x"}}]) == [204, 201, 400]
    stale = {"id": "c", "metadata": {"version": 7}}
    assert codes(cars, "PUT", [stale]) == [409]
    step = {"op": "REPLACE", "path": "/mixins/data/doors", "value": 2}
    wrong = {"op": "replace", "path": "/owner", "value": None}
    patches = [
        {"id": "c", "data": [step]},
        {"id": "none", "data": [step]},
        {"id": "c", "data": [{"op": "add", "path": "/name", "value": {"en": "C"}}]},
        {"id": "a", "data": [wrong]},
        {"data": []},
    ]
    assert codes(cars, "PATCH", patches) == [204, 404, 204, 400, 400]
    told = cars.send("GET", f"{CARS}/c").json
    assert (told["mixins"], told["name"]) == ({"data": {"doors": 2}}, {"en": "C"})
    assert codes(cars, "DELETE", ["a", "none", "a", 5]) == [204, 404, 404, 400]
    with cars.api.unchanged():
        assert cars.send("PUT", BULK, [{"id": "x"}] * 201).status == 400
        assert cars.send("POST", "custom-entities/NONE/instances/bulk", []).status == 404


def test_many_cost_a_few_statements(cars: World) -> None:
    items = [{"id": f"i{n}", "mixins": {"data": {"doors": n}}} for n in range(200)]
    cars.instance("CAR", "first", mixins={"data": {"doors": 1}})
    with cars.api.statements(8):
        assert set(codes(cars, "POST", items)) == {201}
    with cars.api.statements(8):
        patches = [
            {"id": each["id"], "data": [{"op": "add", "path": "/name", "value": {"en": "x"}}]}
            for each in items
        ]
        assert set(codes(cars, "PATCH", patches)) == {204}
    with cars.api.statements(8):
        assert set(codes(cars, "DELETE", [each["id"] for each in items])) == {204}


def test_own_scopes_hold_in_bulk(cars: World) -> None:
    cars.instance("CAR", "theirs")
    scopes = frozenset({"custom.car_manage_own"})
    mine = cars.api.as_customer(cars.customer("a@example.com"), scopes=scopes)
    assert codes(cars, "PUT", [{"id": "theirs"}, {"id": "mine"}], mine) == [403, 201]
    patch = {"data": [{"op": "add", "path": "/name", "value": {"en": "x"}}]}
    assert codes(cars, "PATCH", [{"id": "theirs", **patch}, {"id": "mine", **patch}], mine) == [404, 204]
    assert codes(cars, "DELETE", ["theirs", "mine"], mine) == [404, 204]


# Walks


def test_instances_are_walked_by_cursor_both_ways(cars: World) -> None:
    items = [{"id": f"c{n}", "mixins": {"data": {"doors": n % 3}}} for n in range(7)]
    assert set(codes(cars, "POST", items)) == {201}
    order = "sort=mixins.data.doors:desc&pageSize=3"
    expected = [each["id"] for each in cars.send("GET", f"{CARS}?sort=mixins.data.doors:desc").json]
    answer = cars.send("GET", f"{CARS}?{order}", x_total_count="true")
    assert answer.headers["x-total-count"] == "7"
    assert "x-prev-cursor" not in answer.headers
    walked = [[each["id"] for each in answer.json]]
    while "x-next-cursor" in answer.headers:
        cursor = answer.headers["x-next-cursor"]
        with cars.api.statements(2):
            answer = cars.send(
                "POST", f"{CARS}/search?{order}&next={cursor}&pageNumber=9", {}, x_total_count="true"
            )
        assert "x-total-count" not in answer.headers
        walked.append([each["id"] for each in answer.json])
    assert ([id for page in walked for id in page], len(walked)) == (expected, 3)
    back = cars.send("GET", f"{CARS}?{order}&prev={answer.headers['x-prev-cursor']}")
    assert [each["id"] for each in back.json] == walked[1]
    for query in (f"next={cursor}&prev={cursor}", "next=nonsense", f"next={cursor}&sort=id"):
        assert cars.send("GET", f"{CARS}?{query}").status == 400


def test_pages_searches_and_fields(cars: World) -> None:
    items = [{"id": f"c{n}", "name": {"en": f"Car {n}"}, "mixins": {"data": {"doors": n}}} for n in range(5)]
    assert set(codes(cars, "POST", items)) == {201}

    def found(q: str, query: str = "") -> list[str]:
        return [each["id"] for each in cars.send("POST", f"{CARS}/search?{query}", {"q": q}).json]

    assert found("mixins.data.doors:>=3") == ["c3", "c4"]
    assert found("name.en:~(ar 2)") == ["c2"]
    assert found("owner.type:SERVICE", "sort=_id:DESC&pageSize=2&pageNumber=2") == ["c2", "c1"]
    assert found("compoundLogicalQuery:((id:c0) OR (mixins.data.doors:4))") == ["c0", "c4"]
    assert cars.send("GET", f"{CARS}?fields=id&q=id:c1").json == [{"id": "c1"}]
    assert cars.send("GET", f"{CARS}?q=(").status == 400
