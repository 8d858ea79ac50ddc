"""Contacts in a hierarchy: who becomes a contact where else, who approves, and what a page of all this costs."""

from __future__ import annotations

from typing import Any

import pytest

from services.customer_management.companies import (
    CONTACTS,
    ENTITIES,
    contact,
    contact_body,
    customer,
    entity,
    ids,
    location,
    update,
)
from support.api import Api, Server, new_tenant

ASSIGNED = "client-management.user-assigned-to-legalentity"


def hierarchy(api: Api) -> str:
    """a above b above c and d, x beside; and a customer."""
    for id, parent in (("a", None), ("b", "a"), ("c", "b"), ("d", "b"), ("x", None)):
        entity(api, id, parent)
    return customer(api)


def of(api: Api, customer_id: str) -> dict[str, Any]:
    """The contact assignments of a customer by legal entity."""
    return {each["legalEntity"]["id"]: each for each in api.get(f"{CONTACTS}?customer.id={customer_id}").json}


@pytest.mark.parametrize(
    ("settings", "at", "expected"),
    [
        ({}, "c", {"c", "b", "a"}),
        ({}, "a", {"a"}),
        ({"companyContactPropagation": "UPWARD"}, "b", {"b", "a"}),
        ({"companyContactPropagation": "DOWNWARD"}, "a", {"a", "b", "c", "d"}),
        ({"companyContactPropagation": "DOWNWARD"}, "c", {"c"}),
        ({"companyContactPropagation": "DISABLED"}, "b", {"b"}),
    ],
)
def test_a_contact_becomes_one_of_the_companies_around(
    server: Server, settings: dict[str, str], at: str, expected: set[str]
) -> None:
    api = new_tenant(server, **settings)
    ada = hierarchy(api)
    id = contact(api, ada, at, type="BILLING", primary=True)
    found = of(api, ada)
    assert set(found) == expected
    assert found[at]["id"] == id
    assert {each["type"] for each in found.values()} == {"BILLING"}
    assert [name for name, each in found.items() if each["primary"]] == [at]
    told = api.events(ASSIGNED)
    assert {(each["legalEntityId"], each["assignmentId"]) for each in told} == {
        (entity_id, each["id"]) for entity_id, each in found.items()
    }
    assert {each["userId"] for each in told} == {ada}


def test_who_is_a_contact_already_stays_what_he_is(api: Api) -> None:
    ada = hierarchy(api)
    first = contact(api, ada, "a", type="PRIMARY")
    contact(api, ada, "c", type="LOGISTICS")
    found = of(api, ada)
    assert (found["a"]["id"], found["a"]["type"]) == (first, "PRIMARY")
    assert found["b"]["type"] == "LOGISTICS"
    assert len(api.events(ASSIGNED)) == 3


def test_a_contact_created_by_put_spreads_and_a_moved_one_does_not(api: Api) -> None:
    ada = hierarchy(api)
    assert api.put(f"{CONTACTS}/first", contact_body(ada, "b")).status == 201
    assert set(of(api, ada)) == {"a", "b"}
    assert api.put(f"{CONTACTS}/first", contact_body(ada, "d")).status == 204
    assert set(of(api, ada)) == {"a", "d"}
    assert api.delete(f"{CONTACTS}/first").status == 204
    assert set(of(api, ada)) == {"a"}


def test_a_refused_contact_spreads_nothing(api: Api) -> None:
    ada = hierarchy(api)
    contact(api, ada, "b")
    with api.unchanged():
        assert api.post(CONTACTS, contact_body(ada, "b")).status == 409
        assert api.post(CONTACTS, contact_body("nobody", "c")).status == 400


def test_the_way_is_a_configuration_of_the_tenant(api: Api) -> None:
    key = "/configuration/{tenant}/configurations/companyContactPropagation"
    assert api.get(key).json["value"] == "UPWARD"
    body = {"key": "companyContactPropagation", "value": "SIDEWAYS"}
    with api.unchanged():
        assert api.put(key, body).status == 400
    assert api.put(key, {**body, "value": "DISABLED"}).status == 200
    ada = hierarchy(api)
    contact(api, ada, "c")
    assert set(of(api, ada)) == {"c"}


def test_spreading_costs_the_same_for_every_depth(api: Api) -> None:
    entity(api, "e0")
    for level in range(1, 12):
        entity(api, f"e{level}", f"e{level - 1}")
    ada, bob = customer(api), customer(api, "bob@example.com")
    with api.statements(14):
        contact(api, ada, "e1")
    with api.statements(14):
        contact(api, bob, "e11")
    assert len(of(api, bob)) == 12


def model(api: Api, id: str) -> Any:
    return api.get(f"/customer/{{tenant}}/customers/{id}").json["businessModel"]


def test_a_customer_is_b2b_exactly_while_he_is_a_contact(api: Api) -> None:
    ada = hierarchy(api)
    assert model(api, ada) == "B2C"
    contact(api, ada, "c", id="first")
    assert model(api, ada) == "B2B"
    for each in of(api, ada).values():
        assert model(api, ada) == "B2B"
        assert api.delete(f"{CONTACTS}/{each['id']}").status == 204
    assert model(api, ada) == "B2C"
    contact(api, ada, "x", id="second")
    assert api.put(f"{CONTACTS}/second", contact_body(ada, "c")).status == 204
    assert model(api, ada) == "B2B"
    assert api.delete(f"{ENTITIES}/a").status == 204
    assert model(api, ada) == "B2C"


# Approval groups


def test_an_entity_names_who_approves_and_shows_them(api: Api) -> None:
    ada = hierarchy(api)
    contact(api, ada, "a", id="boss", type="PRIMARY")
    assert (
        api.put(
            f"{ENTITIES}/b",
            {
                "name": "b",
                "type": "SUBSIDIARY",
                "parentId": "a",
                "approvalGroup": [{"id": "boss"}, {"id": "boss"}],
            },
        ).status
        == 204
    )
    view = api.get(f"{ENTITIES}/b").json
    (approver,) = view["approvalGroup"]
    assert approver.pop("metadata")["version"] == 1
    assert approver == {
        "id": "boss",
        "legalEntity": {"id": "a"},
        "customer": {"id": ada, "name": "Ada", "surname": "Byron", "email": "ada@example.com"},
        "type": "PRIMARY",
        "primary": False,
    }
    assert api.put(f"{ENTITIES}/b", view).status == 204
    line = api.get(f"{ENTITIES}/c/parent-hierarchy").json
    assert line[1]["approvalGroup"][0]["id"] == "boss"
    assert ids(api, "q=approvalGroup.id:boss") == ["b"]


@pytest.mark.parametrize("way", ["assignment", "customer", "entity"])
def test_who_is_gone_approves_nothing(api: Api, way: str) -> None:
    ada = hierarchy(api)
    bob = customer(api, "bob@example.com")
    contact(api, ada, "x", id="ada")
    contact(api, bob, "a", id="bob")
    update(api, "a", approvalGroup=[{"id": "ada"}, {"id": "bob"}])
    if way == "assignment":
        assert api.delete(f"{CONTACTS}/ada").status == 204
    elif way == "customer":
        assert api.delete(f"/customer/{{tenant}}/customers/{ada}").status == 202
    else:
        assert api.delete(f"{ENTITIES}/x").status == 204
    view = api.get(f"{ENTITIES}/a").json
    assert [each["id"] for each in view["approvalGroup"]] == ["bob"]
    assert view["metadata"]["version"] == 3


def test_a_moved_approver_stays_one(api: Api) -> None:
    ada = hierarchy(api)
    contact(api, ada, "a", id="boss")
    update(api, "a", approvalGroup=[{"id": "boss"}])
    assert api.put(f"{CONTACTS}/boss", contact_body(ada, "x")).status == 204
    (approver,) = api.get(f"{ENTITIES}/a").json["approvalGroup"]
    assert approver["legalEntity"] == {"id": "x"}


def test_a_page_of_entities_costs_the_same_for_each(api: Api) -> None:
    ada = customer(api)
    for number in range(5):
        id = entity(api, f"e{number}", entitiesAddresses=[{"id": location(api, f"l{number}")}])
        approver = contact(api, ada, id)
        update(api, id, approvalGroup=[{"id": approver}], entitiesAddresses=[{"id": f"l{number}"}])
    with api.statements(6):
        assert len(api.get(ENTITIES, x_total_count="true").json) == 5
    with api.statements(8):
        assert len(api.get(CONTACTS, x_total_count="true").json) == 5
