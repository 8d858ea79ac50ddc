"""Locations over HTTP, and the legal entities that list them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.customer_management.companies import ENTITIES, LOCATIONS, entity, ids, location, update
from support.api import Api, Server, new_tenant

FULL: dict[str, Any] = {
    "id": "hq",
    "name": "Main HQ",
    "type": "HEADQUARTER",
    "contactDetails": {
        "emails": ["hq@example.com", "desk@example.org"],
        "phones": ["+49 711 1", "+49 711 2"],
        "addressLine1": "Königstraße 1",
        "addressLine2": "Hinterhaus",
        "city": "Stuttgart",
        "state": "BW",
        "postcode": "70173",
        "countryCode": "DE",
        "tags": ["shipping"],
    },
}


def addresses(api: Api, id: str) -> Any:
    return api.get(f"{ENTITIES}/{id}").json.get("entitiesAddresses")


def refs(*ids: str) -> list[dict[str, str]]:
    return [{"id": id} for id in ids]


# Creating, reading, replacing, deleting


def test_a_created_location_reads_back(api: Api) -> None:
    assert api.post(LOCATIONS, FULL).json == {"id": "hq"}
    view = api.get(f"{LOCATIONS}/hq").json
    assert {name: value for name, value in view.items() if name != "metadata"} == FULL
    assert view["metadata"]["version"] == 1
    assert api.get(LOCATIONS).json == [view]
    assert api.get(f"{LOCATIONS}/hq?fields=type").json == {"type": "HEADQUARTER"}
    with api.unchanged():
        assert api.post(LOCATIONS, FULL).status == 409


def test_a_location_without_an_id_gets_one(api: Api) -> None:
    id = api.post(LOCATIONS, {"type": "OFFICE", "contactDetails": {}}).json["id"]
    assert api.get(f"{LOCATIONS}/{id}").json["contactDetails"] == {}


def test_put_creates_and_replaces_completely(api: Api) -> None:
    body = {name: value for name, value in FULL.items() if name != "id"}
    created = api.put(f"{LOCATIONS}/hq", body)
    assert (created.status, created.json) == (201, {"id": "hq"})
    small = {"type": "WAREHOUSE", "contactDetails": {"city": "Ulm"}}
    assert api.put(f"{LOCATIONS}/hq", {**small, "metadata": {"version": 1}}).status == 204
    with api.unchanged():
        assert api.put(f"{LOCATIONS}/hq", {**small, "metadata": {"version": 1}}).status == 409
    view = api.get(f"{LOCATIONS}/hq").json
    assert (view["contactDetails"], view["metadata"]["version"]) == ({"city": "Ulm"}, 2)
    assert "name" not in view


def test_a_deleted_location_is_gone(api: Api) -> None:
    location(api, "hq")
    assert api.delete(f"{LOCATIONS}/hq").status == 204
    with api.unchanged():
        for response in (api.get(f"{LOCATIONS}/hq"), api.delete(f"{LOCATIONS}/hq")):
            assert response.status == 404
            assert response.json["resourceId"] == "hq"


def test_another_tenants_location_is_not_seen(api: Api, server: Server) -> None:
    location(api, "hq")
    other = new_tenant(server)
    assert other.get(f"{LOCATIONS}/hq").status == 404
    with other.unchanged():
        assert other.post(ENTITIES, {"name": "A", "entitiesAddresses": refs("hq")}).status == 400


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "two words"}, "id"),
        ({"name": " "}, "name"),
        ({"type": "CASTLE"}, "type"),
        ({"type": None}, "type"),
        ({"contactDetails": None}, "contactDetails"),
        ({"contactDetails": {"countryCode": "Germany"}}, "contactDetails.countryCode"),
        ({"contactDetails": {"emails": "hq@example.com"}}, "contactDetails.emails"),
    ],
)
def test_a_location_that_breaks_a_rule_is_refused(api: Api, changes: dict[str, Any], field: str) -> None:
    with api.unchanged():
        response = api.post(LOCATIONS, FULL | changes)
    assert response.status == 400
    assert [text.split(": ", 1)[0] for text in response.json["details"]] == [field]


def test_reading_and_writing_need_their_scopes(api: Api) -> None:
    location(api, "hq")
    reader = api.with_scopes("customermanagement.location_read")
    manager = api.with_scopes("customermanagement.location_manage")
    assert ids(reader, path=LOCATIONS) == ["hq"]
    with api.unchanged():
        assert reader.put(f"{LOCATIONS}/hq", FULL).status == 403
        assert reader.delete(f"{LOCATIONS}/hq").status == 403
        assert manager.get(f"{LOCATIONS}/hq").status == 403
    assert manager.delete(f"{LOCATIONS}/hq").status == 204


# Listing


def test_lists_are_filtered_by_the_fields_of_a_location(api: Api) -> None:
    api.post(LOCATIONS, FULL)
    location(api, "depot", type="WAREHOUSE", contactDetails={"addressLine2": "Straße 9", "countryCode": "AT"})
    for query, expected in {
        "": ["depot", "hq"],
        "name=main": ["hq"],
        "type=WAREHOUSE": ["depot"],
        "contactDetails.email=DESK@": ["hq"],
        "contactDetails.phone=711%202": ["hq"],
        "contactDetails.address=stra%C3%9Fe": ["depot", "hq"],
        "contactDetails.address=hinterhaus": ["hq"],
        "contactDetails.address=.*": [],
        "contactDetails.city=stutt": ["hq"],
        "contactDetails.state=bw": ["hq"],
        "contactDetails.postcode=701": ["hq"],
        "contactDetails.countryCode=AT": ["depot"],
        "contactDetails.countryCode=at": [],
        "q=contactDetails.tags:shipping": ["hq"],
        "q=contactDetails.emails:desk@example.org": ["hq"],
        "contactDetails.city=ulm&type=OFFICE": [],
        "sort=id:desc&pageSize=1": ["hq"],
        "sort=contactDetails.countryCode:desc": ["hq", "depot"],
    }.items():
        assert ids(api, query, LOCATIONS) == expected, query
    for query in ("type=CASTLE", "q=nocolon", "pageNumber=0"):
        assert api.get(f"{LOCATIONS}?{query}").status == 400


def test_a_page_has_sixteen_and_costs_a_statement_and_one_for_its_count(api: Api) -> None:
    for number in range(17):
        location(api, f"l{number:02}")
    with api.statements(2):
        response = api.get(LOCATIONS, x_total_count="true")
    assert (len(response.json), response.headers["x-total-count"]) == (16, "17")


# The locations of a legal entity


def test_an_entity_names_locations_and_shows_them(api: Api) -> None:
    api.post(LOCATIONS, FULL)
    location(api, "depot")
    entity(api, "acme", entitiesAddresses=[*refs("hq", "depot"), {"id": "hq", "name": "again"}])
    shown = addresses(api, "acme")
    assert shown == [api.get(f"{LOCATIONS}/{id}").json for id in ("hq", "depot")]
    assert api.get(ENTITIES).json[0]["entitiesAddresses"] == shown
    assert api.events("client-management.legalentity-created")[0]["addresses"] == shown
    api.put(f"{LOCATIONS}/depot", {"type": "OFFICE", "name": "New", "contactDetails": {}})
    assert addresses(api, "acme")[1]["name"] == "New"
    assert api.put(f"{ENTITIES}/acme", api.get(f"{ENTITIES}/acme").json).status == 204
    assert [each["id"] for each in addresses(api, "acme")] == ["hq", "depot"]
    update(api, "acme", entitiesAddresses=refs("depot"))
    assert [each["id"] for each in addresses(api, "acme")] == ["depot"]
    update(api, "acme")
    assert addresses(api, "acme") is None
    assert ids(api, path=LOCATIONS) == ["depot", "hq"]


def test_a_deleted_location_leaves_the_lists_of_entities(api: Api) -> None:
    for id in ("hq", "depot"):
        location(api, id)
    entity(api, "a", entitiesAddresses=refs("hq", "depot"))
    entity(api, "b", entitiesAddresses=refs("depot"))
    assert api.delete(f"{LOCATIONS}/hq").status == 204
    assert [each["id"] for each in addresses(api, "a")] == ["depot"]
    (updated,) = api.events("client-management.legalentity-updated")
    assert (updated["legalEntityId"], updated["metadata"]["version"]) == ("a", 2)
    location(api, "hq")
    assert [each["id"] for each in addresses(api, "a")] == ["depot"]


def test_locations_that_no_other_entity_has_go_with_the_entity(api: Api) -> None:
    for id in ("alone", "below", "shared", "unused"):
        location(api, id)
    entity(api, "a", entitiesAddresses=refs("alone", "shared"))
    entity(api, "sub", "a", entitiesAddresses=refs("below", "alone"))
    entity(api, "b", entitiesAddresses=refs("shared"))
    assert api.delete(f"{ENTITIES}/a").status == 204
    assert ids(api, path=LOCATIONS) == ["shared", "unused"]
    assert [each["id"] for each in addresses(api, "b")] == ["shared"]
    assert api.delete(f"{ENTITIES}/b").status == 204
    assert ids(api, path=LOCATIONS) == ["unused"]
    assert not {name: rows for name, rows in api.snapshot().items() if "reference" in name and rows}


def test_a_location_that_goes_while_it_is_listed_is_listed_nowhere(api: Api) -> None:
    for number in range(3):
        location(api, f"l{number}")

    async def all_at_once() -> list[int]:
        body = {"name": "x", "entitiesAddresses": refs("l0", "l1", "l2")}
        sent = [api.send("POST", ENTITIES, {**body, "id": f"e{n}"}) for n in range(4)]
        sent.insert(2, api.send("DELETE", f"{LOCATIONS}/l1"))
        return [response.status for response in await asyncio.gather(*sent)]

    statuses = api.run(all_at_once())
    assert statuses.pop(2) == 204
    assert set(statuses) <= {201, 400}
    for id in ids(api):
        assert [each["id"] for each in addresses(api, id)] == ["l0", "l2"]


def test_a_deleted_location_leaves_also_what_a_changed_configuration_would_refuse(api: Api) -> None:
    location(api, "hq")
    entity(api, "acme", entitiesAddresses=refs("hq"), restrictions=["DE"])
    listed = {"key": "restrictions", "value": '["AT"]'}
    assert api.post("/configuration/{tenant}/configurations", [listed]).status == 201
    assert api.delete(f"{LOCATIONS}/hq").status == 204
    assert not addresses(api, "acme")
    assert api.get(f"{ENTITIES}/acme").json["restrictions"] == ["DE"]
