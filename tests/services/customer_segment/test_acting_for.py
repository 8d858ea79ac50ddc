"""For whom a customer asks: the token's company, else the query's, else the only one; and readers who name another."""

from __future__ import annotations

import pytest

from support.api import Api
from support.shop import SEGMENTS, Shop

COMPANIES = ("acme", "globex", "initech")


@pytest.fixture
def bob(shop: Shop) -> str:
    """A contact of acme and globex, in a segment for each of three companies, one for himself, and one that is off."""
    id = shop.customer("bob@example.com")
    for company in COMPANIES:
        shop.company(company)
        shop.segment(company)
        shop.member(company, id, company)
    for company in COMPANIES[:2]:
        shop.contact(id, company)
    for segment in ("himself", "off"):
        shop.segment(segment, status="ACTIVE" if segment == "himself" else "INACTIVE")
        shop.member(segment, id)
    return id


def _seen(api: Api, query: str = "") -> list[str]:
    listed = [each["id"] for each in api.get(f"{SEGMENTS}?{query}").json]
    searched = [each["id"] for each in api.post(f"{SEGMENTS}/search?{query}", {"q": ""}).json]
    assert searched == listed
    return listed


@pytest.mark.parametrize(
    ("chosen", "query", "expected"),
    [
        (None, "", ["acme", "globex", "himself", "initech"]),
        (None, "legalEntityId=acme", ["acme", "himself"]),
        (None, "legalEntityId=", ["acme", "globex", "himself", "initech"]),
        (None, "legalEntityId=nowhere", ["himself"]),
        ("acme", "", ["acme", "himself"]),
        ("acme", "legalEntityId=globex", ["acme", "himself"]),
    ],
)
def test_the_company_of_the_token_then_of_the_query(
    shop: Shop, bob: str, chosen: str | None, query: str, expected: list[str]
) -> None:
    assert _seen(shop.api.as_customer(bob, chosen), query) == expected


def test_a_contact_of_one_acts_for_it_whatever_he_says(shop: Shop, bob: str) -> None:
    path = "/customer-management/{tenant}/contact-assignments"
    mine = shop.api.as_customer(bob)
    contacts = {each["legalEntity"]["id"]: each["id"] for each in shop.api.get(path).json}
    assert shop.api.delete(f"{path}/{contacts['globex']}").status == 204
    for query in ("", "legalEntityId=initech"):
        assert _seen(mine, query) == ["acme", "himself"]
    assert shop.api.delete(f"{path}/{contacts['acme']}").status == 204
    assert _seen(mine, "legalEntityId=initech") == ["himself"]


def test_a_reader_names_a_customer_and_his_company(shop: Shop, bob: str) -> None:
    reader = shop.api.with_scopes("customersegment.segment_read")
    assert _seen(reader, f"customerId={bob}") == ["acme", "globex", "himself", "initech", "off"]
    assert _seen(reader, f"customerId={bob}&legalEntityId=globex") == ["globex", "himself", "off"]
    assert _seen(reader, f"customerId={bob}&q=status:ACTIVE&legalEntityId=acme") == ["acme", "himself"]
    assert _seen(reader, "customerId=nobody") == []
    ada = shop.customer("ada@example.com")
    assert _seen(reader, f"customerId={ada}&legalEntityId=acme") == []


def test_with_the_own_scope_nobody_is_named_not_even_oneself(shop: Shop, bob: str) -> None:
    mine = shop.api.as_customer(bob, "acme")
    for id in (bob, "nobody"):
        assert mine.get(f"{SEGMENTS}?customerId={id}").status == 403
        assert mine.post(f"{SEGMENTS}/search?customerId={id}", {"q": ""}).status == 403
