"""Rules of session contexts, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from coterie.services.customer import rules as customer_rules
from coterie.services.customer.facade import Shopper
from coterie.services.session_context import rules
from coterie.services.site.facade import Site

SITE = Site("main", "EUR", ("EUR", "CHF"), "DE", ("de", "en"), "de")
HERE = {"siteCode": "main", "currency": "EUR", "language": "de", "targetLocation": "DE", "context": {}}


@pytest.mark.parametrize(
    ("currency", "language", "expected"),
    [
        ("CHF", "en", ("CHF", "en")),
        ("USD", "en_US", ("EUR", "en")),  # what every profile says that says nothing
        ("GBP", "fr", ("GBP", "fr")),  # a wish of his own, though the site has neither
        (None, None, ("EUR", "de")),
        ("CHF", "de-AT", ("CHF", "de")),
    ],
)
def test_preferences_at_login(currency: str | None, language: str | None, expected: tuple[str, str]) -> None:
    after = rules.logged_in(dict(HERE), "1", Shopper("main", currency, language, None), SITE)
    assert (after["currency"], after["language"]) == expected
    assert (after["customerId"], after["siteCode"], after["targetLocation"]) == ("1", "main", "DE")


def test_a_customer_without_any_site_gets_what_he_prefers() -> None:
    after = rules.logged_in({"context": {}}, "1", Shopper("main", "USD", "en_US", "FR"), None)
    assert after == {
        "customerId": "1",
        "currency": "USD",
        "language": "en_US",
        "targetLocation": "FR",
        "context": {},
    }


def test_what_no_context_can_hold_is_no_preference() -> None:
    after = rules.logged_in(dict(HERE), "1", Shopper("main", "eur", "Deutsch, bitte", "Germany"), SITE)
    assert after == {**HERE, "customerId": "1"}


def test_a_login_acts_for_no_company_yet() -> None:
    before = {**HERE, "context": {"legalEntityId": "acme", "a": 1}}
    after = rules.logged_in(before, "1", Shopper(None, None, None, None), SITE)
    assert after["context"] == {"a": 1}


@pytest.mark.parametrize(
    ("stored", "sent", "proven", "may"),
    [
        (None, None, None, True),
        (None, "a", "a", True),
        ("a", None, "a", True),
        ("a", "a", "a", True),
        ("a", None, None, False),
        ("a", "b", "b", False),
        ("a", "b", "a", False),
        (None, "a", "b", False),
    ],
)
def test_who_may_write_the_context_of_a_customer(
    stored: str | None, sent: str | None, proven: str | None, may: bool
) -> None:
    assert rules.may_put(stored, sent, proven) is may


@pytest.mark.parametrize(
    ("addresses", "country"),
    [
        ([], None),
        ([{"country": "DE"}], None),
        ([{"country": "DE", "tags": ["billing"]}], "DE"),
        ([{"country": "DE", "tags": ["BILLING"]}, {"country": "FR", "tags": ["SHIPPING"]}], "FR"),
        (
            [
                {"country": "DE", "tags": ["SHIPPING"]},
                {"country": "FR", "tags": ["SHIPPING"], "isDefault": True},
            ],
            "FR",
        ),
        ([{"tags": ["SHIPPING"]}, {"country": "IT", "tags": ["BILLING"]}], "IT"),
    ],
)
def test_where_a_customer_shops(addresses: list[dict[str, Any]], country: str | None) -> None:
    assert customer_rules.shopping_country(addresses) == country
