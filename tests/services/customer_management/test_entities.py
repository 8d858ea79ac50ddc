"""Legal entities over HTTP: create, read, search, replace, delete, and who stands below whom."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.customer_management.companies import CONTACTS, ENTITIES, contact, customer, entity, ids
from support.api import Api, Server, new_tenant

CREATED = "client-management.legalentity-created"
UPDATED = "client-management.legalentity-updated"
DELETED = "client-management.legalentity-deleted"
FULL: dict[str, Any] = {
    "id": "acme",
    "name": "ACME",
    "type": "COMPANY",
    "legalInfo": {
        "legalName": "ACME Incorporated",
        "registrationDate": "2020-04-30T04:00:00.000Z",
        "taxRegistrationNumber": "0047",
        "registrationAgency": "Amtsgericht Stuttgart",
        "countryOfRegistration": "DE",
        "registrationId": "HRB 1",
    },
    "accountLimit": {"currency": "EUR", "value": 1000.5},
    "restrictions": ["DE"],
}


def without_metadata(view: Any) -> Any:
    """What a client said of a legal entity: without what the server adds."""
    return {name: value for name, value in view.items() if name not in ("metadata", "customerGroups")}


def one(api: Api, id: str) -> Any:
    return api.get(f"{ENTITIES}/{id}").json


def problems(response: Any) -> list[str]:
    return [text.split(": ", 1)[0] for text in response.json["details"]]


# Creating and reading


def test_a_created_entity_reads_back(api: Api) -> None:
    assert api.post(ENTITIES, FULL).json == {"id": "acme"}
    view = one(api, "acme")
    assert without_metadata(view) == FULL
    assert view["metadata"]["version"] == 1
    assert api.get(ENTITIES).json == [view]


def test_an_entity_without_a_type_is_a_company_and_gets_an_id(api: Api) -> None:
    id = api.post(ENTITIES, {"name": "Plain"}).json["id"]
    assert without_metadata(one(api, id)) == {"id": id, "name": "Plain", "type": "COMPANY"}


def test_a_taken_id_is_a_conflict(api: Api) -> None:
    entity(api, "acme")
    with api.unchanged():
        response = api.post(ENTITIES, {"id": "acme", "name": "Other"})
    assert response.status == 409
    assert response.json["resourceId"] == "acme"


def test_an_unknown_entity_is_not_found(api: Api) -> None:
    with api.unchanged():
        for response in (
            api.get(f"{ENTITIES}/no"),
            api.delete(f"{ENTITIES}/no"),
            api.get(f"{ENTITIES}/no/parent-hierarchy"),
        ):
            assert response.status == 404
            assert response.json["resourceId"] == "no"


def test_another_tenants_entity_is_not_seen(api: Api, server: Server) -> None:
    entity(api, "acme")
    other = new_tenant(server)
    assert other.get(f"{ENTITIES}/acme").status == 404
    assert ids(other) == []
    assert other.post(ENTITIES, {"name": "Sub", "type": "SUBSIDIARY", "parentId": "acme"}).status == 400


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "two words"}, "id"),
        ({"name": " "}, "name"),
        ({"name": None}, "name"),
        ({"type": "GUILD"}, "type"),
        ({"parentId": "parent"}, "parentId"),
        ({"type": "SUBSIDIARY"}, "parentId"),
        ({"type": "SUBSIDIARY", "parentId": "nobody"}, "parentId"),
        ({"entitiesAddresses": [{"id": "nowhere"}]}, "entitiesAddresses"),
        ({"entitiesAddresses": [{"name": "HQ"}]}, "entitiesAddresses[0].id"),
        ({"approvalGroup": [{"id": "nobody"}]}, "approvalGroup"),
        ({"approvalGroup": "nobody"}, "approvalGroup"),
        ({"type": "SUBSIDIARY", "parentId": "other"}, "parentId"),
        ({"accountLimit": {"currency": "euro"}}, "accountLimit.currency"),
        ({"accountLimit": {"value": -0.01}}, "accountLimit.value"),
        ({"accountLimit": {"value": "much"}}, "accountLimit.value"),
        ({"legalInfo": {"countryOfRegistration": "Germany"}}, "legalInfo.countryOfRegistration"),
        ({"legalInfo": {"registrationDate": "yesterday"}}, "legalInfo.registrationDate"),
        ({"restrictions": ["DE", "AT"]}, "restrictions"),
    ],
)
def test_an_entity_that_breaks_a_rule_is_refused(api: Api, changes: dict[str, Any], field: str) -> None:
    entity(api, "parent")
    with api.unchanged():
        response = api.post(ENTITIES, {"id": "other", "name": "Other"} | changes)
    assert response.status == 400
    assert problems(response) == [field]


def test_a_restriction_is_one_that_the_tenant_has(api: Api) -> None:
    configuration = {"key": "restrictions", "value": '["DE", "AT"]'}
    assert api.post("/configuration/{tenant}/configurations", [configuration]).status == 201
    entity(api, "a", restrictions=["AT"])
    entity(api, "b", restrictions=[])
    with api.unchanged():
        response = api.post(ENTITIES, {"name": "C", "restrictions": ["FR"]})
    assert (response.status, problems(response)) == (400, ["restrictions"])


# Replacing


def test_put_creates_and_replaces_completely(api: Api) -> None:
    body = {name: value for name, value in FULL.items() if name != "id"}
    created = api.put(f"{ENTITIES}/acme", body)
    assert (created.status, created.json) == (201, {"id": "acme"})
    updated = api.put(f"{ENTITIES}/acme", {"name": "New", "type": "COMPANY"})
    assert (updated.status, updated.body) == (204, b"")
    view = one(api, "acme")
    assert without_metadata(view) == {"id": "acme", "name": "New", "type": "COMPANY"}
    assert view["metadata"]["version"] == 2


def test_put_names_what_it_misses(api: Api) -> None:
    with api.unchanged():
        assert problems(api.put(f"{ENTITIES}/acme", {"name": "x"})) == ["type"]
        assert problems(api.put(f"{ENTITIES}/acme", {"type": "COMPANY"})) == ["name"]


def test_the_version_is_compared_when_it_is_sent(api: Api) -> None:
    entity(api, "acme")
    body = {"name": "New", "type": "COMPANY"}
    assert api.put(f"{ENTITIES}/acme", {**body, "metadata": {"version": 1}}).status == 204
    with api.unchanged():
        assert api.put(f"{ENTITIES}/acme", {**body, "metadata": {"version": 1}}).status == 409
    assert api.put(f"{ENTITIES}/acme", body).status == 204
    assert one(api, "acme")["metadata"]["version"] == 3


def test_what_was_read_can_be_sent_back(api: Api) -> None:
    api.post(ENTITIES, FULL)
    assert api.put(f"{ENTITIES}/acme", one(api, "acme")).status == 204
    assert without_metadata(one(api, "acme")) == FULL
    assert api.events(UPDATED) == []


# The hierarchy


def test_a_hierarchy_is_read_from_below(api: Api) -> None:
    entity(api, "a")
    entity(api, "b", "a")
    entity(api, "c", "b")
    entity(api, "side", "a")
    with api.statements(2):
        response = api.get(f"{ENTITIES}/c/parent-hierarchy")
    assert [(view["id"], view.get("parentId")) for view in response.json] == [
        ("c", "b"),
        ("b", "a"),
        ("a", None),
    ]
    assert ids(api, "parentId=a") == ["b", "side"]


def move(api: Api, id: str, parent: str) -> Any:
    return api.put(f"{ENTITIES}/{id}", {"name": id, "type": "SUBSIDIARY", "parentId": parent})


@pytest.mark.parametrize("parent", ["a", "b", "c"])
def test_an_entity_cant_stand_below_itself(api: Api, parent: str) -> None:
    entity(api, "a")
    entity(api, "b", "a")
    entity(api, "c", "b")
    with api.unchanged():
        response = move(api, "a", parent)
    assert response.status == 400
    assert problems(response) == ["parentId"]
    assert "circle" in response.json["details"][0]
    assert "parentId" not in one(api, "a")


def test_an_entity_moves_with_what_stands_below_it(api: Api) -> None:
    for root in ("a", "x"):
        entity(api, root)
    entity(api, "b", "a")
    entity(api, "c", "b")
    assert move(api, "b", "x").status == 204
    line = api.get(f"{ENTITIES}/c/parent-hierarchy").json
    assert [view["id"] for view in line] == ["c", "b", "x"]


def test_moves_at_once_close_no_circle(api: Api) -> None:
    entity(api, "root")
    for id in ("a", "b", "c"):
        entity(api, id, "root")

    async def all_at_once() -> None:
        pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("b", "a")]
        body = {"name": "x", "type": "SUBSIDIARY"}
        await asyncio.gather(
            *(api.send("PUT", f"{ENTITIES}/{id}", {**body, "parentId": parent}) for id, parent in pairs)
        )

    api.run(all_at_once())
    for id in ("a", "b", "c"):
        line = api.get(f"{ENTITIES}/{id}/parent-hierarchy").json
        assert line[-1]["id"] == "root"


def test_a_hierarchy_has_an_end(api: Api) -> None:
    entity(api, "e0")
    for level in range(1, 33):
        entity(api, f"e{level}", f"e{level - 1}")
    with api.unchanged():
        response = api.post(ENTITIES, {"name": "deep", "type": "SUBSIDIARY", "parentId": "e32"})
    assert response.status == 400
    assert problems(response) == ["parentId"]


# Deleting


def test_what_stands_below_goes_with_an_entity(api: Api) -> None:
    for root in ("a", "x"):
        entity(api, root)
    for id, parent in (("b", "a"), ("c", "b"), ("d", "b"), ("y", "x")):
        entity(api, id, parent)
    ada = customer(api)
    contact(api, ada, "d")
    contact(api, ada, "x", id="kept")
    assert api.delete(f"{ENTITIES}/a").status == 204
    assert ids(api) == ["x", "y"]
    assert ids(api, path=CONTACTS) == ["kept"]
    deleted = {event["legalEntityId"]: event.get("legalEntityParentId") for event in api.events(DELETED)}
    assert deleted == {"a": None, "b": "a", "c": "b", "d": "b"}
    gone = api.events("client-management.contact-assignment-deleted")
    pairs = sorted((event["customerId"], event["legalEntityId"]) for event in gone)
    assert pairs == [(ada, "a"), (ada, "b"), (ada, "d")]


def test_a_subsidiary_goes_alone(api: Api) -> None:
    entity(api, "a")
    entity(api, "b", "a")
    assert api.delete(f"{ENTITIES}/b").status == 204
    assert ids(api) == ["a"]


def test_a_subsidiary_created_while_its_parent_goes_is_no_orphan(api: Api) -> None:
    entity(api, "a")
    entity(api, "b", "a")
    body = {"name": "x", "type": "SUBSIDIARY", "parentId": "b"}

    async def all_at_once() -> list[int]:
        sent = [api.send("POST", ENTITIES, {**body, "id": f"c{n}"}) for n in range(4)]
        sent.insert(2, api.send("DELETE", f"{ENTITIES}/a"))
        return [response.status for response in await asyncio.gather(*sent)]

    statuses = api.run(all_at_once())
    assert statuses.pop(2) == 204
    assert set(statuses) <= {201, 400}
    assert ids(api) == []


# Listing


def test_lists_are_filtered_by_the_fields_of_an_entity(api: Api) -> None:
    api.post(ENTITIES, FULL)
    entity(api, "sub", "acme", name="Acme Töchter", legalInfo={"legalName": "Sub 50%"})
    for query, expected in {
        "id=ACME": ["acme"],
        "id=acm": [],
        "name=acme": ["acme", "sub"],
        "name=T%C3%96CH": ["sub"],
        "name=.*": [],
        "type=SUBSIDIARY": ["sub"],
        "parentId=acme": ["sub"],
        "parentId=ACME": [],
        "legalInfo.legalName=incorporated": ["acme"],
        "legalInfo.legalName=50%25": ["sub"],
        "legalInfo.registrationDate=2020-04-30T04:00:00Z": ["acme"],
        "legalInfo.registrationDate=2020-04-30T06:00:00%2B02:00": ["acme"],
        "legalInfo.registrationDate=2020-04-30": [],
        "legalInfo.taxRegistrationNumber=0047": ["acme"],
        "legalInfo.taxRegistrationNumber=47": [],
        "legalInfo.registrationAgency=stuttgart": ["acme"],
        "legalInfo.countryOfRegistration=de": ["acme"],
        "legalInfo.registrationId=HRB%201": ["acme"],
        "legalInfo.registrationId=hrb%201": [],
        "name=acme&type=COMPANY": ["acme"],
        "q=name:~acme": ["acme", "sub"],
        "q=legalInfo.countryOfRegistration:DE": ["acme"],
        "q=restrictions:DE&type=SUBSIDIARY": [],
    }.items():
        assert ids(api, query) == expected, query
        searched = api.post(f"{ENTITIES}/search?{query}", {})
        assert [view["id"] for view in searched.json] == expected, query


def test_search_takes_the_query_from_its_body(api: Api) -> None:
    entity(api, "a")
    entity(api, "b")
    assert [view["id"] for view in api.post(f"{ENTITIES}/search", {"q": "id:b"}).json] == ["b"]
    assert [view["id"] for view in api.post(f"{ENTITIES}/search").json] == ["a", "b"]
    assert api.post(f"{ENTITIES}/search", {"q": "nonsense"}).status == 400


def test_lists_are_sorted_paged_counted_and_cut(api: Api) -> None:
    for number in range(17):
        entity(api, f"e{number:02}")
    assert len(ids(api)) == 16
    with api.statements(3):
        response = api.get(f"{ENTITIES}?sort=name:desc&pageSize=2&pageNumber=2", x_total_count="true")
    assert [view["id"] for view in response.json] == ["e14", "e13"]
    assert response.headers["x-total-count"] == "17"
    assert api.get(f"{ENTITIES}?id=e00&fields=name").json == [{"name": "e00 Ltd"}]
    assert api.get(f"{ENTITIES}/e00?fields=name,type").json == {"name": "e00 Ltd", "type": "COMPANY"}


@pytest.mark.parametrize("query", ["q=nocolon", "type=GUILD", "pageNumber=0", "legalInfo.registrationDate=x"])
def test_a_bad_query_is_refused(api: Api, query: str) -> None:
    assert api.get(f"{ENTITIES}?{query}").status == 400


# Scopes


def test_the_own_scope_sees_what_the_customer_is_assigned_to(api: Api) -> None:
    entity(api, "a")
    entity(api, "b", "a")
    entity(api, "c")
    entity(api, "d")
    ada, bob = customer(api), customer(api, "bob@example.com")
    contact(api, ada, "c")
    contact(api, ada, "a")
    contact(api, bob, "b")
    own = api.as_customer(ada)
    assert ids(own) == ["a", "c"]
    assert ids(api.as_customer(bob)) == ["a", "b"]  # a contact of what stands above, too
    assert ids(own, "name=c") == ["c"]
    assert ids(own, "id=b") == []
    assert own.get(ENTITIES, x_total_count="true").headers["x-total-count"] == "2"
    assert [view["id"] for view in own.post(f"{ENTITIES}/search", {"q": "id:(a,b)"}).json] == ["a"]
    assert own.get(f"{ENTITIES}/a").status == 403
    assert ids(api.as_customer(ada, "c")) == ["a", "c"]


def test_the_own_scope_without_a_customer_sees_nothing(api: Api) -> None:
    entity(api, "a")
    assert ids(api.with_scopes("customermanagement.legalentity_read_own")) == []
    both = api.with_scopes("customermanagement.legalentity_read", "customermanagement.legalentity_read_own")
    assert ids(both) == ["a"]


def test_writing_needs_the_manage_scope(api: Api) -> None:
    entity(api, "a")
    reader = api.with_scopes("customermanagement.legalentity_read")
    visitor = api.as_anonymous()
    body = {"name": "x", "type": "COMPANY"}
    with api.unchanged():
        assert reader.post(ENTITIES, body).status == 403
        assert reader.put(f"{ENTITIES}/a", body).status == 403
        assert reader.delete(f"{ENTITIES}/a").status == 403
        assert visitor.get(ENTITIES).status == 403
        assert api.as_(None).get(ENTITIES).status == 401
    manager = api.with_scopes("customermanagement.legalentity_manage")
    assert manager.get(f"{ENTITIES}/a/parent-hierarchy").status == 200
    assert manager.get(f"{ENTITIES}/a").status == 403


# Events


def test_events_tell_what_became_of_an_entity(api: Api) -> None:
    entity(api, "a")
    api.put(f"{ENTITIES}/a", {"name": "New", "type": "COMPANY"})
    api.put(f"{ENTITIES}/b", {"name": "B", "type": "COMPANY"})
    api.delete(f"{ENTITIES}/a")
    first, second = api.events(CREATED)
    assert (first["legalEntityId"], second["legalEntityId"]) == ("a", "b")
    assert "id" not in first
    (updated,) = api.events(UPDATED)
    assert (updated["legalEntityId"], updated["name"]) == ("a", "New")
    assert updated["metadata"]["version"] == 2
    assert api.events(DELETED) == [{"type": DELETED, "legalEntityId": "a", "tenant": api.tenant}]


def test_a_company_is_registered_in_an_active_country(api: Api) -> None:
    def put(country: str, name: str = "Acme") -> Any:
        body = {"name": name, "type": "COMPANY", "legalInfo": {"countryOfRegistration": country}}
        return api.put("/customer-management/{tenant}/legal-entities/acme", body)

    inactive = {"active": False, "metadata": {"version": 1}}
    assert api.patch("/country/{tenant}/countries/FR", inactive).status == 204
    with api.unchanged():
        for country in ("FR", "QQ"):
            refused = put(country)
            assert refused.status == 400
            assert refused.json["details"][0].startswith("legalInfo.countryOfRegistration")
    assert put("DE").status == 201
    assert api.patch("/country/{tenant}/countries/DE", inactive).status == 204
    assert put("DE", "Acme Germany").status == 204
