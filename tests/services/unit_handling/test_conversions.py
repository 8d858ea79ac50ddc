"""Conversions: exact, of one type, over HTTP and for other services."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.kit.errors import Invalid, NotFound
from coterie.services.unit_handling import facade
from coterie.services.unit_handling.routes import SERVICE
from coterie.services.unit_handling.rules import units
from support.api import Api
from support.calls import asked

FACTOR = "/unit-handling/{tenant}/units/conversion-factor-commands"
CONVERT = "/unit-handling/{tenant}/units/convert-unit-commands"


def convert(api: Api, amount: Any, source: str, target: str) -> Any:
    body = {"input": {"sourceUnitAmount": amount, "sourceUnit": source, "targetUnit": target}}
    return api.put(CONVERT, body)


@pytest.mark.parametrize(
    ("source", "target", "factor"),
    [
        ("us-fl-oz", "cl", b"2.95735295625"),
        ("g", "kg", b"0.001"),
        ("kg", "g", b"1000"),
        ("GRM", "mg", b"1000"),
        ("ug", "t", b"0.000000000001"),
        ("dozen", "H87", b"12"),
        ("kg", "kg", b"1"),
        ("pc", "dozen", b"0.08333333333333333333333333333"),
    ],
)
def test_a_factor_is_exact_or_has_28_digits(api: Api, source: str, target: str, factor: bytes) -> None:
    body = {"commandUuid": "mine", "input": {"sourceUnit": source, "targetUnit": target}}
    assert api.as_anonymous().put(FACTOR, body).status == api.put(FACTOR, body).status == 201
    with api.statements(1):
        response = api.put(FACTOR, body)
    assert response.json["commandUuid"] == "mine"
    assert response.json["input"] == body["input"]
    assert b'"conversionFactor":' + factor + b"}" in response.body


@pytest.mark.parametrize(
    ("amount", "source", "target", "expected"),
    [
        (100, "us-fl-oz", "cl", b"295.735295625"),
        ("0.1", "kg", "g", b"100"),
        (-3, "ft", "yd", b"-1"),
        (0, "ft", "yd", b"0"),
        ("1.10", "kg", "kg", b"1.1"),
        ("12345678901234567890.123456789", "km", "mm", b"12345678901234567890123456.789"),
    ],
)
def test_an_amount_is_converted_exactly(
    api: Api, amount: Any, source: str, target: str, expected: bytes
) -> None:
    response = convert(api, amount, source, target)
    assert response.status == 201
    assert b'"targetUnitAmount":' + expected + b"," in response.body
    assert response.json["output"]["targetUnit"] == target
    assert len(response.json["commandUuid"]) == 36


def test_no_digit_is_lost_on_the_way_in(api: Api) -> None:
    text = b"0.1234567890123456789012345678901234567891"
    body = b'{"input":{"sourceUnit":"kg","targetUnit":"kg","sourceUnitAmount":' + text + b"}}"
    assert api.put(CONVERT, body).body.count(text) == 2


def test_what_cannot_be_converted_is_refused(api: Api) -> None:
    with api.unchanged():
        for path in (FACTOR, CONVERT):
            body = {"input": {"sourceUnit": "kg", "targetUnit": "l", "sourceUnitAmount": 1}}
            refused = api.put(path, body)
            assert refused.status == 400
            assert refused.json["message"] == "Units of different type cannot be converted."
            unknown = api.put(path, {"input": {**body["input"], "targetUnit": "none"}})
            assert (unknown.status, unknown.json["unitCode"]) == (404, "none")
            for wrong in ({}, {"input": {}}, {"input": {"sourceUnit": "kg"}}):
                assert api.put(path, wrong).status == 400
            for amount in ("many", "NaN", "1e999", "9" * 41):
                assert api.put(path, {"input": {**body["input"], "sourceUnitAmount": amount}}).status == 400
        missing = api.put(CONVERT, {"input": {"sourceUnit": "kg", "targetUnit": "g"}})
        assert missing.json["details"] == ["input.sourceUnitAmount: is required"]


def test_own_units_convert_as_the_tenant_says(api: Api) -> None:
    unit = {"code": "crate", "name": "crate", "type": "quantity", "baseUnit": False, "factor": 20}
    assert api.post("/unit-handling/{tenant}/units", unit, content_language="en").status == 201
    assert convert(api, 3, "crate", "dozen").json["output"]["targetUnitAmount"] == 5
    assert api.delete("/unit-handling/{tenant}/units/dozen").status == 204
    assert convert(api, 3, "crate", "dozen").status == 404


def test_the_facade_converts(api: Api) -> None:
    assert asked(api, SERVICE, lambda call: facade.convert(call, Decimal("2.5"), "kg", "g")) == 2500
    with pytest.raises(NotFound):
        asked(api, SERVICE, lambda call: facade.convert(call, Decimal(1), "kg", "none"))
    with pytest.raises(Invalid):
        asked(api, SERVICE, lambda call: facade.convert(call, Decimal(1), "kg", "l"))


_DECIMALS = st.decimals(
    min_value=Decimal("1e-20"), max_value=Decimal("1e20"), allow_nan=False, allow_infinity=False
)


@given(_DECIMALS, _DECIMALS, _DECIMALS)
def test_a_conversion_is_the_nearest_decimal(amount: Decimal, source: Decimal, target: Decimal) -> None:
    exact = Fraction(amount) * units.factor(str(source), str(target))
    found = units.decimal_of(exact)
    assert abs(Fraction(found) - exact) * 2 * 10**27 <= abs(exact)
    rest = exact.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    assert (rest == 1) <= (Fraction(found) == exact)
    assert Decimal(units.text_of(found)) == found
