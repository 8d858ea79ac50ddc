"""Pure decisions: what currencies and exchange rates may say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from coterie.kit.errors import Invalid, Problem
from coterie.seeds import names

Document = dict[str, Any]

# Enough for any rate; a number without bound would make every calculation with it slow.
_RATE = re.compile(r"[0-9]{1,20}([.,][0-9]{1,40})?", re.ASCII)

FIELDS = frozenset({"code", "name"})


def seeds(currencies: Iterable[str], languages: tuple[str, ...]) -> dict[str, Document]:
    """The currencies that a tenant has from the start, with their names."""
    return {code: {"name": names.currency_names(code, languages)} for code in currencies}


def check_code(code: str, field: str = "code") -> None:
    """Raises Invalid for what is no currency."""
    if code not in names.CURRENCIES:
        raise Invalid(problems=(Problem.violation(field, not_iso(code)),))


def not_iso(code: str) -> str:
    """Why a code is no currency."""
    return f"{code[:80]!r} is not a currency of ISO 4217; use three capital letters such as EUR"


def not_defined(code: str) -> str:
    """Why a currency can't be named."""
    if code not in names.CURRENCIES:
        return not_iso(code)
    return f"the currency {code} is not one of the tenant's; create it in the currency service"


def currency_problems(document: Mapping[str, Any], _before: Mapping[str, Any] | None) -> list[Problem]:
    """What a currency must not say."""
    texts = document["name"]
    if not texts or not all(str(text).strip() for text in texts.values()):
        return [Problem.violation("name", "is empty; name the currency in at least one language")]
    return []


def exchange_code(source: str, target: str) -> str:
    """What identifies an exchange rate."""
    return f"{source}_{target}"


def rate(text: str) -> str:
    """The rate as it is kept: as exact as it was sent, with a point. Raises Invalid."""
    if not _RATE.fullmatch(text.strip()) or not text.strip("0., "):
        message = f"{text[:80]!r} is not a rate; use a decimal number greater than zero, such as 1.09193421"
        raise Invalid(problems=(Problem.violation("rate", message),))
    return text.strip().replace(",", ".")


def pair_problems(source: str, target: str, known: set[str]) -> Iterator[Problem]:
    """Why there can be no exchange rate between two currencies; `known` are those that the tenant has."""
    for field, code in (("sourceCurrency", source), ("targetCurrency", target)):
        if code not in known:
            yield Problem.violation(field, not_defined(code))
    if source == target:
        yield Problem.violation("targetCurrency", "is the source currency; there is nothing to exchange")
