"""Pure decisions: what a unit may say, and what one is in another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction
from typing import Any

from msgspec import Raw

from coterie.kit.errors import Invalid, Problem

Document = dict[str, Any]

FIELDS = frozenset({"code", "name", "type", "symbol", "baseUnit", "factor", "metadata"})

MOST_OWN = 1000
"""How many units a tenant may add: a list reads all of them."""

COMMANDS = ("conversion-factor-commands", "convert-unit-commands")
"""What stands where a unit's code does in the paths of conversions."""

_CODE = re.compile(r"[^\s#]{1,66}")
# Far beyond any unit, and few enough that no number fills the memory.
_MOST_PLACES = 40
_PLACES = 28


def check_code(code: str) -> None:
    """Raises Invalid for a code that no unit can have."""
    if not _CODE.fullmatch(code) or code in COMMANDS:
        message = f"{code[:80]!r} can't be a unit code; use 1 to 66 characters, none of them a space or #"
        raise Invalid(problems=(Problem.violation("code", message),))


def unit_problems(document: Mapping[str, Any], _before: Mapping[str, Any] | None) -> list[Problem]:
    """What a unit must not say."""
    problems = []
    if not document["name"] or not all(str(text).strip() for text in document["name"].values()):
        problems.append(Problem.violation("name", "is empty; name the unit in at least one language"))
    if not document["type"].strip():
        problems.append(Problem.violation("type", "is empty; name what is measured, such as mass"))
    factor = Decimal(document["factor"])
    if factor <= 0:
        problems.append(Problem.violation("factor", "must be greater than zero"))
    elif document["baseUnit"] and factor != 1:
        problems.append(Problem.violation("factor", "is 1 for a base unit, since factors count base units"))
    return problems


def bounded(value: Decimal, field: str) -> Decimal:
    """The number, if it can be calculated with. Raises Invalid."""
    if value.is_finite():
        _, digits, exponent = value.as_tuple()
        if (
            isinstance(exponent, int)
            and len(digits) <= _MOST_PLACES
            and -_MOST_PLACES <= exponent <= _MOST_PLACES
        ):
            return value
    message = f"is not a number with at most {_MOST_PLACES} digits before and after the point"
    raise Invalid(problems=(Problem.violation(field, message),))


def decimal(text: str | Decimal) -> Decimal:
    """A factor as it is kept, as a number."""
    return Decimal(text)


def text_of(value: Decimal) -> str:
    """A number as it is kept and sent: in full, without an exponent or zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def number(value: Decimal) -> Raw:
    """A number for an answer, as JSON with all its digits."""
    return Raw(text_of(value).encode())


def factor(source: str, target: str) -> Fraction:
    """How many target units one source unit is, from the factors of both."""
    return Fraction(Decimal(source)) / Fraction(Decimal(target))


def decimal_of(value: Fraction) -> Decimal:
    """The number as a decimal: exact where that ends, else with 28 significant digits."""
    rest, digits = value.denominator, len(str(value.numerator)) + 2
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
            digits += 1
    exact = rest == 1
    with localcontext(Context(prec=4 * digits if exact else _PLACES, rounding=ROUND_HALF_EVEN)):
        return Decimal(value.numerator) / Decimal(value.denominator)
