"""The pure rules: what a coupon may say, its status, and who may redeem it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coterie.kit.errors import Problem
from coterie.services.coupon import rules
from coterie.services.coupon.rules import Attempt, Money, Terms

AT = "2026-05-01T12:00:00.000Z"
BEFORE, AFTER = "2026-05-01T11:59:59.999Z", "2026-05-01T12:00:00.001Z"
OPEN = Terms(
    valid_from=None,
    valid_until=None,
    max_redemptions=-1,
    max_per_customer=-1,
    used=0,
    allow_anonymous=True,
    valid_for=frozenset(),
    segment_restricted=False,
    discount=None,
    min_order=None,
)
GUEST = Attempt(AT, None, 0, False, Money(Decimal(100), "EUR"), Money(Decimal(10), "EUR"))
CUSTOMER = replace(GUEST, customer_id="C1")
ORDER = [
    "coupon_not_yet_valid",
    "coupon_expired",
    "coupon_used_up",
    "anonymous_not_allowed",
    "not_assigned_to_customer",
    "coupon_customer_limit",
    "not_in_segment",
    "currency_mismatch",
    "min_order_value",
]

instants = st.none() | st.sampled_from([BEFORE, AT, AFTER])
amounts = st.decimals(0, 10**6, places=2)
moneys = st.builds(Money, amounts, st.sampled_from(["EUR", "USD"]))
limits = st.integers(-1, 3)
terms = st.builds(
    Terms,
    valid_from=instants,
    valid_until=instants,
    max_redemptions=limits,
    max_per_customer=limits,
    used=st.integers(0, 3),
    allow_anonymous=st.booleans(),
    valid_for=st.frozensets(st.sampled_from(["C1", "C2"])),
    segment_restricted=st.booleans(),
    discount=st.none() | moneys,
    min_order=st.none() | moneys,
)
attempts = st.builds(
    Attempt,
    at=st.just(AT),
    customer_id=st.sampled_from([None, "C1", "C3"]),
    used=st.integers(0, 3),
    in_segment=st.booleans(),
    order_total=moneys,
    discount=moneys,
)


def kinds(problems: list[Problem]) -> list[str]:
    return [problem.type for problem in problems]


# Amounts


@given(st.integers(0, 10**15 - 1), st.integers(-14, 0))
def test_an_amount_of_fifteen_digits_survives_json(digits: int, exponent: int) -> None:
    value = Decimal(digits).scaleb(exponent)
    assume(not value or value.adjusted() > -15)
    problems: list[Problem] = []
    sent = json.loads(json.dumps({"amount": rules.number(str(value), "amount", problems), "currency": "EUR"}))
    assert problems == []
    assert Money.of(sent).amount == value


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "Infinity", "-0.01", "1234567890123456", "0.1234567890123456", "1E15", "1E-15"]
)
def test_an_amount_that_can_not_be_kept_exactly_is_refused(text: str) -> None:
    problems: list[Problem] = []
    rules.number(text, "discountAbsolute.amount", problems)
    assert [problem.field for problem in problems] == ["discountAbsolute.amount"]


def test_amounts_have_defaults() -> None:
    problems: list[Problem] = []
    assert rules.money({}, "orderTotal", problems) == {"amount": 0, "currency": "USD"}
    assert problems == []


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "EU1", "€"])
def test_a_currency_is_three_capitals(currency: str) -> None:
    problems: list[Problem] = []
    rules.money({"currency": currency}, "orderTotal", problems)
    assert [problem.field for problem in problems] == ["orderTotal.currency"]


# Codes


@pytest.mark.parametrize("code", ["10OFF", "WINTER-SALE", "a.b:c@d_e", "ÜBER20", "x" * 66])
def test_codes(code: str) -> None:
    assert rules.code_problems(code) == []
    assert rules.code_of(code, case_sensitive=False) == code.upper()
    assert rules.code_of(code, case_sensitive=True) == code


@pytest.mark.parametrize("code", ["", " ", "A B", "A/B", "A?B", "A\n", "x" * 67])
def test_bad_codes(code: str) -> None:
    assert [problem.field for problem in rules.code_problems(code)] == ["code"]


# What a coupon may say


def document(**fields: Any) -> dict[str, Any]:
    return {**rules.DEFAULTS, "name": "Sale", "discountType": "FREE_SHIPPING", **fields}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, []),
        ({"name": " "}, ["name"]),
        ({"name": None}, ["name"]),
        ({"discountType": "PERCENT"}, ["discountPercentage"]),
        ({"discountType": "PERCENT", "discountPercentage": 0}, []),
        ({"discountType": "PERCENT", "discountPercentage": 100}, []),
        ({"discountType": "PERCENT", "discountPercentage": 100.01}, ["discountPercentage"]),
        ({"discountPercentage": 5}, ["discountPercentage"]),
        ({"discountType": "ABSOLUTE"}, ["discountAbsolute"]),
        ({"discountType": "ABSOLUTE", "discountAbsolute": {"amount": 5, "currency": "EUR"}}, []),
        ({"discountAbsolute": {"amount": 5, "currency": "EUR"}}, ["discountAbsolute"]),
        ({"maxRedemptions": -2}, ["maxRedemptions"]),
        ({"maxRedemptions": 2**31}, ["maxRedemptions"]),
        ({"maxRedemptions": 2**31 - 1}, []),
        ({"maxRedemptionsPerCustomer": -2}, ["maxRedemptionsPerCustomer"]),
        ({"allowAnonymous": True}, []),
        ({"allowAnonymous": True, "maxRedemptionsPerCustomer": 1}, ["maxRedemptionsPerCustomer"]),
        ({"allowAnonymous": True, "restrictions": {"validFor": []}}, []),
        ({"allowAnonymous": True, "restrictions": {"validFor": ["C1"]}}, ["restrictions.validFor"]),
        ({"restrictions": {"validFrom": BEFORE, "validUntil": AT}}, []),
        ({"restrictions": {"validFrom": AT, "validUntil": AT}}, ["restrictions.validUntil"]),
        ({"restrictions": {"validFrom": AT, "validUntil": BEFORE}}, ["restrictions.validUntil"]),
        ({"restrictions": {"includedCategories": ["a"]}}, ["restrictions.includedCategories"]),
        ({"restrictions": {"excludedCategories": ["a"]}}, ["restrictions.excludedCategories"]),
        ({"categoryRestricted": True, "restrictions": {"includedCategories": ["a"]}}, []),
        ({"categoryRestricted": True, "restrictions": {"excludedCategories": ["a"]}}, []),
        (
            {
                "categoryRestricted": True,
                "restrictions": {"includedCategories": ["a", "b"], "excludedCategories": ["b"]},
            },
            ["restrictions.excludedCategories"],
        ),
        ({"restrictions": {"segments": ["s"]}}, ["restrictions.segments"]),
        ({"segmentRestricted": True, "restrictions": {"segments": ["s"]}}, []),
        ({"segmentRestricted": True}, ["restrictions.segments"]),
        ({"segmentRestricted": True, "restrictions": {"segments": []}}, ["restrictions.segments"]),
        (
            {"segmentRestricted": True, "categoryRestricted": True, "restrictions": {"segments": ["s"]}},
            ["segmentRestricted"],
        ),
        (
            {"segmentRestricted": True, "restrictions": {"segments": ["s"], "validFor": ["C1"]}},
            ["segmentRestricted"],
        ),
        ({"restrictions": {"validFor": ["c"] * 10_001}}, ["restrictions.validFor"]),
    ],
)
def test_what_a_coupon_may_say(fields: dict[str, Any], wrong: list[str]) -> None:
    given = {name: value for name, value in document(**fields).items() if value is not None}
    assert [problem.field for problem in rules.coupon_problems(given, None)] == wrong


def test_only_added_references_must_exist() -> None:
    before = document(restrictions={"segments": ["old"], "validFor": ["C1"]})
    now = document(restrictions={"segments": ["old", "new"]})
    added = rules.added_references(now, before)
    assert {name: ids for name, ids in added.items() if ids} == {"segments": {"new"}}
    assert rules.added_references(now, None)["segments"] == {"old", "new"}


# Status


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "most", "used", "expected"),
    [
        (None, None, -1, 10**6, "VALID"),
        (AT, AFTER, -1, 0, "VALID"),
        (AFTER, None, -1, 0, "INACTIVE"),
        (None, AT, -1, 0, "EXPIRED"),
        (None, BEFORE, -1, 0, "EXPIRED"),
        (None, None, 2, 1, "VALID"),
        (None, None, 2, 2, "USED"),
        (None, None, 0, 0, "USED"),
        (AFTER, None, 0, 0, "INACTIVE"),
        (None, BEFORE, 0, 0, "EXPIRED"),
    ],
)
def test_status(valid_from: str | None, valid_until: str | None, most: int, used: int, expected: str) -> None:
    assert rules.status(valid_from, valid_until, most, used, AT) == expected


# Refusals


@pytest.mark.parametrize(
    ("terms", "attempt", "expected"),
    [
        (OPEN, GUEST, []),
        (replace(OPEN, valid_from=AT), GUEST, []),
        (replace(OPEN, valid_from=AFTER), GUEST, ["coupon_not_yet_valid"]),
        (replace(OPEN, valid_until=AFTER), GUEST, []),
        (replace(OPEN, valid_until=AT), GUEST, ["coupon_expired"]),
        (replace(OPEN, max_redemptions=2, used=1), GUEST, []),
        (replace(OPEN, max_redemptions=2, used=2), GUEST, ["coupon_used_up"]),
        (replace(OPEN, allow_anonymous=False), CUSTOMER, []),
        (replace(OPEN, allow_anonymous=False), GUEST, ["anonymous_not_allowed"]),
        (replace(OPEN, valid_for=frozenset({"C1"})), CUSTOMER, []),
        (replace(OPEN, valid_for=frozenset({"C2"})), CUSTOMER, ["not_assigned_to_customer"]),
        (replace(OPEN, max_per_customer=2), replace(CUSTOMER, used=1), []),
        (replace(OPEN, max_per_customer=2), replace(CUSTOMER, used=2), ["coupon_customer_limit"]),
        (replace(OPEN, segment_restricted=True), replace(CUSTOMER, in_segment=True), []),
        (replace(OPEN, segment_restricted=True), CUSTOMER, ["not_in_segment"]),
        (replace(OPEN, segment_restricted=True), replace(GUEST, in_segment=True), ["not_in_segment"]),
        (replace(OPEN, discount=Money(Decimal(5), "USD")), GUEST, ["currency_mismatch"]),
        (replace(OPEN, discount=Money(Decimal(5), "EUR")), GUEST, []),
        (OPEN, replace(GUEST, discount=Money(Decimal(5), "USD")), ["currency_mismatch"]),
        (replace(OPEN, min_order=Money(Decimal("100.00"), "EUR")), GUEST, []),
        (replace(OPEN, min_order=Money(Decimal("100.01"), "EUR")), GUEST, ["min_order_value"]),
        (replace(OPEN, min_order=Money(Decimal(1), "USD")), GUEST, ["currency_mismatch"]),
    ],
)
def test_each_rule_at_its_boundary(terms: Terms, attempt: Attempt, expected: list[str]) -> None:
    assert kinds(rules.refusals(terms, attempt)) == expected


def test_amounts_are_compared_as_decimals() -> None:
    least = Money.of({"amount": 0.3, "currency": "EUR"})
    total = Money(Decimal("0.1") + Decimal("0.2"), "EUR")
    assert rules.refusals(replace(OPEN, min_order=least), replace(GUEST, order_total=total)) == []


@given(terms, attempts)
def test_refusals_come_in_one_order(terms: Terms, attempt: Attempt) -> None:
    found = kinds(rules.refusals(terms, attempt))
    assert found == sorted(found, key=ORDER.index)
    assert found == kinds(rules.refusals(terms, attempt))


@given(terms, attempts)
def test_what_no_rule_forbids_may_be_redeemed(terms: Terms, attempt: Attempt) -> None:
    guest, total = attempt.customer_id is None, attempt.order_total
    allowed = (
        (terms.valid_from is None or terms.valid_from <= AT)
        and (terms.valid_until is None or terms.valid_until > AT)
        and (terms.max_redemptions == -1 or terms.used + 1 <= terms.max_redemptions)
        and (terms.allow_anonymous or not guest)
        and (not terms.valid_for or attempt.customer_id in terms.valid_for)
        and (guest or terms.max_per_customer == -1 or attempt.used + 1 <= terms.max_per_customer)
        and (not terms.segment_restricted or (attempt.in_segment and not guest))
        and (terms.discount is None or terms.discount.currency == total.currency)
        and (terms.min_order is None or terms.min_order.currency == total.currency)
        and (terms.min_order is None or terms.min_order.amount <= total.amount)
        and attempt.discount.currency == total.currency
    )
    assert allowed == (rules.refusals(terms, attempt) == [])


@given(terms, attempts)
def test_a_refusal_goes_away_with_its_rule(terms: Terms, attempt: Attempt) -> None:
    """Lifting every rule that a refusal names leaves nothing that refuses."""
    lifted = {
        "coupon_not_yet_valid": {"valid_from": None},
        "coupon_expired": {"valid_until": None},
        "coupon_used_up": {"max_redemptions": -1},
        "anonymous_not_allowed": {"allow_anonymous": True},
        "not_assigned_to_customer": {"valid_for": frozenset()},
        "coupon_customer_limit": {"max_per_customer": -1},
        "not_in_segment": {"segment_restricted": False},
        "currency_mismatch": {"discount": None, "min_order": None},
        "min_order_value": {"min_order": None},
    }
    attempt = replace(attempt, discount=replace(attempt.discount, currency=attempt.order_total.currency))
    for _ in ORDER:
        for kind in kinds(rules.refusals(terms, attempt)):
            terms = replace(terms, **lifted[kind])
    assert rules.refusals(terms, attempt) == []


# Legal entities


def test_the_only_company_of_a_customer_is_implied() -> None:
    assert rules.acting_for([], None) == rules.HIMSELF
    assert rules.acting_for(["a"], None) == "a"
    assert rules.acting_for(["a", "b"], None) == rules.HIMSELF
    assert rules.acting_for(["a", "b"], "b") == "b"


def test_a_customer_acts_for_his_companies_only() -> None:
    assert rules.entity_problems(["a"], None, guest=False) == []
    assert rules.entity_problems(["a"], "a", guest=False) == []
    assert kinds(rules.entity_problems(["a"], "b", guest=False)) == ["legal_entity_not_assigned"]
    assert kinds(rules.entity_problems([], "b", guest=True)) == ["legal_entity_not_assigned"]


# What customers see


def test_a_customer_sees_nothing_of_others() -> None:
    view = {
        "code": "A",
        "maxRedemptions": 3,
        "redemptionCount": 2,
        "issuedTo": "C2",
        "deleted": False,
        "legalEntityRedemptions": [{"legalEntityId": "a", "count": 1}, {"legalEntityId": "b", "count": 1}],
        "restrictions": {"validFor": ["C1", "C2"], "validFrom": AT},
    }
    assert rules.for_customer(view, "C1", "b") == {
        "code": "A",
        "legalEntityRedemptions": [{"legalEntityId": "b", "count": 1}],
        "restrictions": {"validFor": ["C1"], "validFrom": AT},
    }
