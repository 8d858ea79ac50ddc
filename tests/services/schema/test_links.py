"""References from instances to entities: they must be there, and can be shown in place."""

from __future__ import annotations

from typing import Any

import pytest

from services.schema.world import World, attribute, values
from support.api import Api, new_tenant

CARS = "custom-entities/CAR/instances"
TARGETS = ("PRODUCT", "CATEGORY", "CUSTOMER", "COMPANY", "CUSTOMER_SEGMENT", "CAR", "ORDER")


def ref(type: str, id: str) -> dict[str, str]:
    return {"emporixReferenceType": type, "id": id}


@pytest.fixture
def cars(world: World) -> World:
    """A tenant with a type CAR, whose schema `data` says one reference, `to`, and many, `all`."""
    return prepared(world)


def prepared(world: World) -> World:
    world.type("CAR")
    one = attribute("to", "REFERENCE", values=values(*TARGETS))
    many = attribute("all", "ARRAY", arrayType={"type": "REFERENCE", "values": values(*TARGETS)})
    world.schema("data", one, many, types=("CAR",))
    return world


def everything(world: World) -> dict[str, str]:
    """An entity of each type that can be checked, by type."""
    world.site("main")
    world.instance("CAR", "other", name={"en": "Other"})
    return {
        "PRODUCT": world.product("drill"),
        "CATEGORY": world.category("tools"),
        "CUSTOMER": world.customer("a@example.com"),
        "COMPANY": world.company("acme"),
        "CUSTOMER_SEGMENT": world.segment("gold"),
        "CAR": "other",
    }


def mixins(*refs: dict[str, str]) -> dict[str, Any]:
    return {"mixins": {"data": {"all": list(refs)}}}


def test_what_is_referred_to_must_be_there(cars: World) -> None:
    there = [ref(type, id) for type, id in everything(cars).items()]
    # Nothing is known here of orders.
    cars.instance("CAR", "one", **mixins(*there, ref("ORDER", "EON1")))
    with cars.api.unchanged():
        for type in TARGETS[:-1]:
            refused = cars.send("PUT", f"{CARS}/one", mixins(*there, ref(type, "nobody")))
            assert refused.status == 400, type
            (problem,) = refused.json["details"]
            assert problem["field"] == "mixins.data.all.6"
            assert problem["message"] == f"there is no {type} 'nobody'"
        patch = [{"op": "add", "path": "/mixins/data/to", "value": ref("PRODUCT", "nothing")}]
        assert cars.send("PATCH", f"{CARS}/one", patch).status == 400
        assert cars.send("PUT", f"{CARS}/one", mixins(ref("SITE", "main"))).status == 400
    lost = mixins(ref("PRODUCT", "nothing"))
    assert cars.send("PUT", f"{CARS}/one?validateReferences=false", lost).status == 204
    assert [each["code"] for each in cars.send("PUT", f"{CARS}/bulk", [{"id": "two", **lost}]).json] == [201]
    answer = cars.send(
        "PUT", f"{CARS}/bulk?validateReferences=true", [{"id": "three", **lost}, {"id": "four"}]
    )
    assert [each["code"] for each in answer.json] == [400, 201]


def test_a_tenant_whose_catalogue_is_elsewhere_refers_to_anything(api: Api) -> None:
    world = prepared(World(new_tenant(api.server, references="open")))
    owner = {"type": "CUSTOMER", "userId": "somewhere"}
    world.instance("CAR", "one", owner=owner, **mixins(ref("PRODUCT", "nothing")))


def test_references_are_shown_in_place(cars: World) -> None:
    there = everything(cars)
    cars.product("hidden", published=False)
    refs = [ref(type, there[type]) for type in ("PRODUCT", "CATEGORY", "CUSTOMER", "COMPANY", "CAR")]
    refs += [ref("PRODUCT", "hidden"), ref("PRODUCT", "gone"), ref("ORDER", "EON1")]
    body = {"mixins": {"data": {"to": refs[0], "all": refs}}}
    assert cars.send("PUT", f"{CARS}/one?validateReferences=false", body).status == 201
    with cars.api.statements(7):
        shown = cars.send("GET", f"{CARS}/one?expand=*").json["mixins"]["data"]["all"]
    assert [each["expandStatus"] for each in shown] == ["SUCCESS"] * 6 + ["FAILURE"] * 2
    assert shown[0]["code"] == "C-drill"
    assert shown[0]["name"] == {"en": "Product drill", "de": "Produkt drill"}
    assert (shown[2]["contactEmail"], shown[3]["id"]) == ("a@example.com", "acme")
    assert (shown[4]["name"], shown[4]["emporixReferenceType"]) == ({"en": "Other"}, "CAR")
    details = ["Entity with id: 'gone' was not found for type: 'PRODUCT'"]
    assert shown[6]["error"] == {"message": "Entity not found", "details": details}
    assert "can't be expanded" in shown[7]["error"]["message"]

    def named(expand: str, api: Api | None = None) -> list[str]:
        (view,) = cars.send("POST", f"{CARS}/search?expand={expand}", {"q": "id:one"}, api).json
        data = view["mixins"]["data"]
        found = {"to": data["to"], **{str(at): each for at, each in enumerate(data["all"])}}
        return [place for place, each in found.items() if each.get("expandStatus") == "SUCCESS"]

    assert named("data.to") == ["to"]
    assert named("data.all.0,data.all.3") == ["0", "3"]
    assert named("data.all") == ["0", "1", "2", "3", "4", "5"]
    assert named("data.*") == named("*") == ["to", "0", "1", "2", "3", "4", "5"]
    assert named("other.*") == []
    # Who may read cars may not read customers and companies because of it, nor what is not published.
    assert named("*", cars.api.with_scopes("custom.car_read")) == ["to", "0", "1", "4"]
    # What was shown may be sent back, and is not stored.
    whole = cars.send("GET", f"{CARS}/one?expand=*").json
    assert cars.send("PUT", f"{CARS}/one?validateReferences=false", whole).status == 204
    assert cars.send("GET", f"{CARS}/one").json["mixins"] == body["mixins"]
