"""Customer assignments: B2C and B2B, single and bulk, and what happens to them when others go."""

from __future__ import annotations

from typing import Any

import pytest

from support.shop import SEGMENTS, Shop

GOLD = f"{SEGMENTS}/gold"


@pytest.fixture
def gold(shop: Shop) -> Shop:
    """A shop with the segment gold."""
    shop.segment("gold")
    return shop


def test_a_b2c_customer_joins_and_leaves(gold: Shop) -> None:
    ada = gold.customer("ada@example.com")
    path = f"{GOLD}/customers/{ada}"
    assert gold.api.get(path).status == 404
    created = gold.api.put(path, {"mixins": {"card": {"number": 7}}})
    assert (created.status, created.body) == (201, b"")
    read = gold.api.get(path).json
    assert read.pop("metadata")["version"] == 1
    assert read == {
        "customer": {"id": ada, "firstName": "Ada", "lastName": "Ada", "email": "ada@example.com"},
        "assignmentType": "MANUAL",
        "mixins": {"card": {"number": 7}},
    }
    assert gold.api.put(path, {}).status == 204
    assert gold.api.get(path).json["metadata"]["version"] == 2
    assert gold.api.put(path, {"metadata": {"version": 1}}).status == 409
    assert gold.api.delete(path).status == 204
    with gold.api.unchanged():
        assert gold.api.delete(path).status == 404


def test_an_assignment_needs_no_body(gold: Shop) -> None:
    assert gold.api.put(f"{GOLD}/customers/{gold.customer('ada@example.com')}").status == 201


def test_one_customer_joins_for_several_companies_and_for_himself(gold: Shop) -> None:
    bob = gold.customer("bob@example.com")
    for company in ("acme", "globex"):
        gold.contact(bob, gold.company(company))
        gold.member("gold", bob, company)
    gold.member("gold", bob)
    listed = gold.api.get(f"{GOLD}/customers").json
    assert [each.get("legalEntity", {}).get("id") for each in listed] == [None, "acme", "globex"]
    assert gold.api.get(f"{GOLD}/customers/{bob}/acme").json["legalEntity"] == {
        "id": "acme",
        "name": "Acme GmbH",
    }
    assert gold.api.delete(f"{GOLD}/customers/{bob}/acme").status == 204
    assert len(gold.api.get(f"{GOLD}/customers").json) == 2


@pytest.mark.parametrize("tail", ["nobody", "{ada}/nowhere", "nobody/acme"])
def test_unknown_customers_and_companies_are_refused(gold: Shop, tail: str) -> None:
    ada = gold.customer("ada@example.com")
    gold.company("acme")
    with gold.api.unchanged():
        refused = gold.api.put(f"{GOLD}/customers/{tail.replace('{ada}', ada)}", {})
    assert refused.status == 400
    assert refused.json["details"][0]["field"] in ("customerId", "legalEntityId")


def test_an_unknown_segment_has_no_customers(gold: Shop) -> None:
    ada = gold.customer("ada@example.com")
    with gold.api.unchanged():
        assert gold.api.put(f"{SEGMENTS}/none/customers/{ada}", {}).status == 404
        assert gold.api.put(f"{SEGMENTS}/none/customers/bulk", [{"customerId": ada}]).status == 404
        assert gold.api.get(f"{SEGMENTS}/none/customers").status == 404


def test_names_are_those_of_now(gold: Shop) -> None:
    ada = gold.customer("ada@example.com")
    gold.member("gold", ada)
    change = {"contactEmail": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace"}
    assert gold.api.put(f"/customer/{{tenant}}/customers/{ada}", change).status == 204
    assert gold.api.get(f"{GOLD}/customers/{ada}").json["customer"]["lastName"] == "Lovelace"


def test_bulk_mixes_b2b_and_b2c_and_repeats_create_nothing(gold: Shop) -> None:
    ada, bob = gold.customer("ada@example.com"), gold.customer("bob@example.com")
    gold.contact(bob, gold.company("acme"))
    body: list[Any] = [
        {"customerId": ada},
        {"customerId": bob, "legalEntityId": "acme", "mixins": {"role": {"name": "buyer"}}},
        {"customerId": "nobody"},
        {"legalEntityId": "acme"},
        {"customerId": ada},
    ]
    first = gold.api.put(f"{GOLD}/customers/bulk", body)
    assert first.status == 207
    assert [(each["index"], each["code"]) for each in first.json] == [
        (1, 201),
        (2, 201),
        (3, 400),
        (4, 400),
        (5, 204),
    ]
    assert "nobody" in first.json[2]["details"][0]["message"]
    again = gold.api.put(f"{GOLD}/customers/bulk", body[:2]).json
    assert [each["code"] for each in again] == [204, 204]
    assert len(gold.api.get(f"{GOLD}/customers").json) == 2
    created = gold.api.events("customer-segment.customer-assignment-created")
    assert {event["customer"]["id"] for event in created} == {ada, bob}
    assert created[1]["legalEntity"] == {"id": "acme", "name": "Acme GmbH"}


def test_bulk_delete_answers_each(gold: Shop) -> None:
    ada = gold.customer("ada@example.com")
    gold.member("gold", ada)
    body = [{"customerId": ada}, {"customerId": ada}, {"customerId": "nobody"}, {}]
    deleted = gold.api.delete(f"{GOLD}/customers/bulk", body)
    assert [each["code"] for each in deleted.json] == [204, 404, 404, 400]
    assert gold.api.get(f"{GOLD}/customers").json == []


def test_two_hundred_members_stay_inside_the_budget(gold: Shop) -> None:
    people = [gold.customer(f"c{number}@example.com") for number in range(200)]
    body = [{"customerId": id} for id in people]
    for code in (201, 204):
        with gold.api.statements(9):
            assert {each["code"] for each in gold.api.put(f"{GOLD}/customers/bulk", body).json} == {code}
    with gold.api.statements(4):
        assert len(gold.api.get(f"{GOLD}/customers?pageSize=300").json) == 200


def test_customers_are_searched_by_their_names_of_now(gold: Shop) -> None:
    for email in ("ada@example.com", "bob@example.com"):
        gold.member("gold", gold.customer(email))
    search = f"{GOLD}/customers/search"
    found = gold.api.post(search, {"q": "customer.email:bob@example.com assignmentType:MANUAL"}).json
    assert [each["customer"]["email"] for each in found] == ["bob@example.com"]
    found = gold.api.post(
        f"{search}?sort=customer.email:desc", {"q": "customer.firstName:Ada"}, x_total_count="true"
    )
    assert [each["customer"]["lastName"] for each in found.json] == ["Bob", "Ada"]
    assert found.headers["x-total-count"] == "2"


def test_who_is_deleted_leaves_every_segment(gold: Shop) -> None:
    gold.segment("silver")
    ada, bob = gold.customer("ada@example.com"), gold.customer("bob@example.com")
    contact = gold.contact(bob, gold.company("acme"))
    gold.contact(ada, gold.company("globex"))
    for segment in ("gold", "silver"):
        gold.member(segment, ada)
        gold.member(segment, bob, "acme")
        gold.member(segment, ada, "globex")

    def left() -> list[tuple[str, str | None]]:
        rows = gold.api.get(f"{GOLD}/customers").json + gold.api.get(f"{SEGMENTS}/silver/customers").json
        return sorted((each["customer"]["id"], each.get("legalEntity", {}).get("id", "")) for each in rows)

    assert gold.api.delete(f"/customer-management/{{tenant}}/contact-assignments/{contact}").status == 204
    assert (bob, "acme") not in left()
    assert gold.api.delete("/customer-management/{tenant}/legal-entities/globex").status == 204
    assert left() == [(ada, ""), (ada, "")]
    assert gold.api.delete(f"/customer/{{tenant}}/customers/{ada}").status == 202
    assert left() == []
    assert len(gold.api.events("customer-segment.customer-assignment-deleted")) == 6


def test_open_references_take_any_customer(gold: Shop) -> None:
    from support.api import new_tenant

    elsewhere = Shop(new_tenant(gold.api.server, references="open"))
    elsewhere.site("main")
    elsewhere.segment("gold")
    elsewhere.member("gold", "their-customer", "their-company")
    elsewhere.item("gold", "their-product")
    read = elsewhere.api.get(f"{GOLD}/customers").json
    assert read[0]["customer"] == {"id": "their-customer"}
    assert elsewhere.api.get(f"{GOLD}/items").json[0]["item"] == {"id": "their-product"}
