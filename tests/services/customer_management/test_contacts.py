"""Contact assignments over HTTP: a customer acts for a legal entity, once, as long as both are there."""

from __future__ import annotations

import asyncio
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
)
from support.api import Api, Server, new_tenant

ASSIGNED = "client-management.user-assigned-to-legalentity"
LINKED = "client-management.contact-assignment-created"
UNLINKED = "client-management.contact-assignment-deleted"


@pytest.fixture
def ada(api: Api) -> str:
    """A customer, of a tenant with the companies `acme` and `initech`."""
    entity(api, "acme")
    entity(api, "initech")
    return customer(api)


def links(api: Api) -> list[tuple[str, str, str]]:
    """The internal events so far: what happened to whom for which company."""
    return [
        (event["type"].rsplit("-", 1)[-1], event["customerId"], event["legalEntityId"])
        for event in api.events()
        if event["type"] in (LINKED, UNLINKED)
    ]


# Creating and reading


def test_an_assignment_reads_back_with_both_parties(api: Api, ada: str) -> None:
    body = contact_body(ada, "acme", id="first", type="BILLING", primary=True)
    assert api.post(CONTACTS, body).json == {"id": "first"}
    api.patch(f"/customer/{{tenant}}/customers/{ada}", {"contactPhone": "+44 1"})
    view = api.get(f"{CONTACTS}/first").json
    assert view["customer"] == {
        "id": ada,
        "name": "Ada",
        "surname": "Byron",
        "email": "ada@example.com",
        "phone": "+44 1",
    }
    assert view["legalEntity"] == api.get(f"{ENTITIES}/acme").json
    assert (view["id"], view["type"], view["primary"]) == ("first", "BILLING", True)
    assert view["metadata"]["version"] == 1
    assert set(view) == {"id", "type", "primary", "customer", "legalEntity", "metadata"}
    assert api.get(CONTACTS).json == [view]


def test_an_assignment_without_a_type_is_a_mere_contact(api: Api, ada: str) -> None:
    body = contact_body(ada, "acme")
    del body["type"]
    id = api.post(CONTACTS, body).json["id"]
    view = api.get(f"{CONTACTS}/{id}").json
    assert (view["type"], view["primary"]) == ("CONTACT", False)


def test_parties_are_shown_as_they_are_now(api: Api, ada: str) -> None:
    id = contact(api, ada, "acme")
    api.put(f"{ENTITIES}/acme", {"name": "Renamed", "type": "COMPANY"})
    api.patch(f"/customer/{{tenant}}/customers/{ada}", {"lastName": "Lovelace"})
    view = api.get(f"{CONTACTS}/{id}").json
    assert view["legalEntity"]["name"] == "Renamed"
    assert view["customer"]["surname"] == "Lovelace"


def test_a_taken_id_is_a_conflict(api: Api, ada: str) -> None:
    contact(api, ada, "acme", id="first")
    with api.unchanged():
        assert api.post(CONTACTS, contact_body(ada, "initech", id="first")).status == 409


def test_an_unknown_assignment_is_not_found(api: Api) -> None:
    with api.unchanged():
        for response in (api.get(f"{CONTACTS}/no"), api.delete(f"{CONTACTS}/no")):
            assert response.status == 404
            assert response.json["resourceId"] == "no"


def test_another_tenants_assignment_is_not_seen(api: Api, ada: str, server: Server) -> None:
    id = contact(api, ada, "acme")
    other = new_tenant(server)
    assert other.get(f"{CONTACTS}/{id}").status == 404
    with other.unchanged():
        assert other.post(CONTACTS, contact_body(ada, "acme")).status == 400


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"customer": {"id": "nobody"}}, "customer.id"),
        ({"legalEntity": {"id": "nothing"}}, "legalEntity.id"),
        ({"customer": {}}, "customer.id"),
        ({"customer": None}, "customer"),
        ({"legalEntity": "acme"}, "legalEntity"),
        ({"type": "FRIEND"}, "type"),
        ({"id": "a b"}, "id"),
        ({"primary": "perhaps"}, "primary"),
    ],
)
def test_an_assignment_that_breaks_a_rule_is_refused(
    api: Api, ada: str, changes: dict[str, Any], field: str
) -> None:
    with api.unchanged():
        response = api.post(CONTACTS, contact_body(ada, "acme") | changes)
    assert response.status == 400
    assert [text.split(": ", 1)[0] for text in response.json["details"]] == [field]


def test_customers_that_live_elsewhere_are_taken_on_trust(server: Server) -> None:
    api = new_tenant(server, references="open")
    entity(api, "acme")
    id = contact(api, "4711", "acme")
    assert api.get(f"{CONTACTS}/{id}").json["customer"] == {"id": "4711"}
    with api.unchanged():
        assert api.post(CONTACTS, contact_body("4711", "nothing")).status == 400


# Once for each legal entity


def test_a_customer_is_assigned_to_an_entity_once(api: Api, ada: str) -> None:
    first = contact(api, ada, "acme")
    second = contact(api, ada, "initech")
    with api.unchanged():
        again = api.post(CONTACTS, contact_body(ada, "acme", type="BILLING"))
        assert again.status == 409
        assert first in again.json["message"]
        assert api.put(f"{CONTACTS}/third", contact_body(ada, "acme")).status == 409
        assert api.put(f"{CONTACTS}/{second}", contact_body(ada, "acme")).status == 409
    assert api.put(f"{CONTACTS}/{first}", contact_body(ada, "acme", type="BILLING")).status == 204


def test_assignments_made_at_once_leave_one(api: Api, ada: str) -> None:
    async def all_at_once() -> list[int]:
        creations = [api.send("POST", CONTACTS, contact_body(ada, "acme")) for _ in range(4)]
        upserts = [api.send("PUT", f"{CONTACTS}/u{n}", contact_body(ada, "acme")) for n in range(4)]
        return [response.status for response in await asyncio.gather(*creations, *upserts)]

    assert sorted(api.run(all_at_once())) == [201] + [409] * 7
    assert len(ids(api, path=CONTACTS)) == 1
    assert len(api.events(LINKED)) == 1


# Replacing


def test_put_creates_and_replaces(api: Api, ada: str) -> None:
    created = api.put(f"{CONTACTS}/first", contact_body(ada, "acme", primary=True))
    assert (created.status, created.json) == (201, {"id": "first"})
    updated = api.put(f"{CONTACTS}/first", contact_body(ada, "acme", type="PRIMARY"))
    assert (updated.status, updated.body) == (204, b"")
    view = api.get(f"{CONTACTS}/first").json
    assert (view["type"], view["primary"], view["metadata"]["version"]) == ("PRIMARY", False, 2)


def test_the_version_is_compared_when_it_is_sent(api: Api, ada: str) -> None:
    id = contact(api, ada, "acme")
    body = contact_body(ada, "acme", type="BILLING")
    assert api.put(f"{CONTACTS}/{id}", {**body, "metadata": {"version": 1}}).status == 204
    with api.unchanged():
        assert api.put(f"{CONTACTS}/{id}", {**body, "metadata": {"version": 1}}).status == 409


def test_what_was_read_can_be_sent_back(api: Api, ada: str) -> None:
    id = contact(api, ada, "acme", type="LOGISTICS", primary=True)
    before = api.get(f"{CONTACTS}/{id}").json
    assert api.put(f"{CONTACTS}/{id}", before).status == 204
    after = api.get(f"{CONTACTS}/{id}").json
    assert after["metadata"]["version"] == 2
    assert {**after, "metadata": {}} == {**before, "metadata": {}}


# Listing


def test_lists_are_filtered_by_the_fields_of_an_assignment(api: Api, ada: str) -> None:
    bob = customer(api, "bob@example.com")
    contact(api, ada, "acme", id="a", type="BILLING")
    contact(api, ada, "initech", id="b", primary=True)
    contact(api, bob, "acme", id="c")
    for query, expected in {
        "": ["a", "b", "c"],
        "legalEntity.id=acme": ["a", "c"],
        f"customer.id={ada}": ["a", "b"],
        "type=CONTACT": ["b", "c"],
        "primary=true": ["b"],
        "primary=false": ["a", "c"],
        f"customer.id={ada}&legalEntity.id=acme": ["a"],
        "q=type:BILLING": ["a"],
        f"q=customer.id:{bob}": ["c"],
        "sort=id:desc&pageSize=2": ["c", "b"],
    }.items():
        assert ids(api, query, CONTACTS) == expected, query
    assert api.get(f"{CONTACTS}?type=FRIEND").status == 400
    assert api.get(f"{CONTACTS}?fields=id,type&q=id:a").json == [{"id": "a", "type": "BILLING"}]


def test_a_page_costs_four_statements_and_one_for_its_count(api: Api, ada: str) -> None:
    for number in range(3):
        entity(api, f"e{number}")
        contact(api, ada, f"e{number}")
    with api.statements(5):
        response = api.get(CONTACTS, x_total_count="true")
    assert response.headers["x-total-count"] == "3"
    with api.statements(1):
        assert api.get(f"{CONTACTS}?type=PRIMARY").json == []


# Deleting


def test_a_deleted_assignment_is_gone(api: Api, ada: str) -> None:
    id = contact(api, ada, "acme")
    assert api.delete(f"{CONTACTS}/{id}").status == 204
    assert api.get(f"{CONTACTS}/{id}").status == 404
    assert contact(api, ada, "acme")


def test_the_assignments_of_a_deleted_customer_go_with_him(api: Api, ada: str) -> None:
    bob = customer(api, "bob@example.com")
    contact(api, ada, "acme")
    contact(api, ada, "initech")
    kept = contact(api, bob, "acme")
    assert api.delete(f"/customer/{{tenant}}/customers/{ada}").status == 202
    assert ids(api, path=CONTACTS) == [kept]
    assert sorted(links(api)[-2:]) == [("deleted", ada, "acme"), ("deleted", ada, "initech")]


# Scopes


def test_reading_and_writing_need_their_scopes(api: Api, ada: str) -> None:
    id = contact(api, ada, "acme")
    reader = api.with_scopes("customermanagement.contactassignment_read")
    manager = api.with_scopes("customermanagement.contactassignment_manage")
    shopper = api.as_customer(ada)
    assert ids(reader, path=CONTACTS) == [id]
    with api.unchanged():
        assert reader.post(CONTACTS, contact_body(ada, "initech")).status == 403
        assert reader.put(f"{CONTACTS}/{id}", contact_body(ada, "initech")).status == 403
        assert reader.delete(f"{CONTACTS}/{id}").status == 403
        assert manager.get(CONTACTS).status == 403
        assert manager.get(f"{CONTACTS}/{id}").status == 403
        assert shopper.get(CONTACTS).status == 403
    assert manager.delete(f"{CONTACTS}/{id}").status == 204


# Events


def test_events_tell_who_acts_for_whom(api: Api, ada: str) -> None:
    id = contact(api, ada, "acme", primary=True)
    api.put(f"{CONTACTS}/{id}", contact_body(ada, "acme", type="BILLING"))
    api.put(f"{CONTACTS}/{id}", contact_body(ada, "initech"))
    api.delete(f"{CONTACTS}/{id}")
    assert links(api) == [
        ("created", ada, "acme"),
        ("deleted", ada, "acme"),
        ("created", ada, "initech"),
        ("deleted", ada, "initech"),
    ]
    first, second = api.events(ASSIGNED)
    assert first == {
        "type": ASSIGNED,
        "assignmentId": id,
        "userId": ada,
        "email": "ada@example.com",
        "legalEntityId": "acme",
        "primary": True,
        "tenant": api.tenant,
    }
    assert second["legalEntityId"] == "initech"


def test_a_customer_buys_for_companies_as_long_as_he_is_assigned_to_one(api: Api, ada: str) -> None:
    def model() -> Any:
        return api.get(f"/customer/{{tenant}}/customers/{ada}").json["businessModel"]

    assert model() == "B2C"
    contact(api, ada, "acme")
    assert model() == "B2B"
    api.delete(f"{ENTITIES}/acme")
    assert model() == "B2C"
