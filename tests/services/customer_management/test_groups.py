"""The groups of a company in IAM: made with it, shown in it, deleted by leaving them out, gone with it."""

from __future__ import annotations

from typing import Any

import pytest

from services.customer_management.companies import CONTACTS, ENTITIES, contact, customer, entity, update
from support.api import Api

GROUPS = "/iam/{tenant}/groups"


def shown(api: Api, id: str = "acme") -> Any:
    return api.get(f"{ENTITIES}/{id}").json["customerGroups"]


def in_iam(api: Api) -> set[str]:
    return {each["id"] for each in api.get(f"{GROUPS}?userType=CUSTOMER&pageSize=1000").json}


@pytest.fixture
def acme(api: Api) -> Api:
    entity(api, "acme")
    return api


def test_a_company_is_made_with_its_groups(acme: Api) -> None:
    groups = shown(acme)
    assert [each["role"] for each in groups] == ["ADMIN", "BUYER", "REQUESTER"]
    assert all("acme Ltd" in each["name"]["en"] for each in groups)
    for each in groups:
        stored = acme.get(f"{GROUPS}/{each['id']}").json
        assert (stored["b2b"], stored["name"]) == ({"legalEntityId": "acme"}, each["name"])
    (created,) = acme.events("client-management.legalentity-created")
    assert created["customerGroups"] == groups
    assert acme.put(f"{ENTITIES}/b", {"name": "B", "type": "COMPANY"}).status == 201
    assert len(shown(acme, "b")) == 3
    listed = {each["id"]: each["customerGroups"] for each in acme.get(ENTITIES).json}
    assert listed == {"acme": groups, "b": shown(acme, "b")}
    line = acme.get(f"{ENTITIES}/acme/parent-hierarchy").json
    assert line[0]["customerGroups"] == groups
    id = contact(acme, customer(acme), "acme")
    assert acme.get(f"{CONTACTS}/{id}").json["legalEntity"]["customerGroups"] == groups


def test_a_group_that_is_left_out_is_deleted(acme: Api) -> None:
    admin, buyer, requester = shown(acme)
    update(acme, "acme", customerGroups=[admin, {"id": buyer["id"]}])
    assert shown(acme) == [admin, buyer]
    assert acme.get(f"{GROUPS}/{requester['id']}").status == 404
    update(acme, "acme")
    assert shown(acme) == [admin, buyer]
    update(acme, "acme", customerGroups=[])
    assert shown(acme) == []
    assert not in_iam(acme) & {admin["id"], buyer["id"]}


def test_what_was_read_can_be_sent_back(acme: Api) -> None:
    view = acme.get(f"{ENTITIES}/acme").json
    assert acme.put(f"{ENTITIES}/acme", view).status == 204
    assert shown(acme) == view["customerGroups"]
    assert acme.events("client-management.legalentity-updated") == []


def test_a_refused_change_deletes_no_group(acme: Api) -> None:
    bad = {"name": " ", "type": "COMPANY", "customerGroups": []}
    with acme.unchanged():
        assert acme.put(f"{ENTITIES}/acme", bad).status == 400
        stale = {"name": "x", "type": "COMPANY", "customerGroups": [], "metadata": {"version": 7}}
        assert acme.put(f"{ENTITIES}/acme", stale).status == 409
        assert acme.post(ENTITIES, {"id": "acme", "name": "x"}).status == 409


def test_other_groups_are_listed_after_its_own_and_stay(acme: Api) -> None:
    own = acme.post(
        GROUPS, {"name": {"en": "Own"}, "userType": "CUSTOMER", "b2b": {"legalEntityId": "acme"}}
    ).json["id"]
    other = {"id": "vip", "name": {"en": "VIP"}}
    three = shown(acme)[:3]
    update(acme, "acme", customerGroups=[*three, other])
    assert [each["id"] for each in shown(acme)] == [*(each["id"] for each in three), own, "vip"]
    update(acme, "acme", customerGroups=three)
    assert own in in_iam(acme)
    assert [each["id"] for each in shown(acme)] == [*(each["id"] for each in three), own]


def test_the_groups_go_with_the_company(acme: Api) -> None:
    entity(acme, "sub", "acme")
    groups = {each["id"] for each in [*shown(acme), *shown(acme, "sub")]}
    assert groups <= in_iam(acme)
    assert acme.delete(f"{ENTITIES}/acme").status == 204
    assert not groups & in_iam(acme)
