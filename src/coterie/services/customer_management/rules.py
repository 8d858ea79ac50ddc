"""Pure decisions: what a legal entity may say, and where it may stand below another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from coterie.kit.errors import Problem

# Deeper than any company; it bounds how many rows the check of a parent reads.
MOST_LEVELS = 32

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


def entity_problems(document: Mapping[str, Any], _before: Mapping[str, Any] | None) -> list[Problem]:
    """What a legal entity must not say."""
    return list(_problems(document))


def _problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    if not document["name"].strip():
        yield Problem.violation("name", "is empty")
    if document["type"] == "COMPANY" and "parentId" in document:
        yield Problem.violation("parentId", "a COMPANY has no parent; make it a SUBSIDIARY, or leave it out")
    limit = document.get("accountLimit", {})
    currency, value = limit.get("currency"), limit.get("value")
    if currency is not None and not _CURRENCY.fullmatch(currency):
        yield Problem.violation("accountLimit.currency", f"{currency[:80]!r} is not a currency such as EUR")
    if value is not None and value < 0:
        yield Problem.violation("accountLimit.value", "must not be negative")
    country = document.get("legalInfo", {}).get("countryOfRegistration")
    if country is not None and not _COUNTRY.fullmatch(country):
        yield Problem.violation(
            "legalInfo.countryOfRegistration", f"{country[:80]!r} is not a country code such as DE"
        )
    if len(document.get("restrictions", ())) > 1:
        yield Problem.violation("restrictions", "holds more than one restriction")


def parent_problem(entity_id: str, parent_id: str, ancestors: list[str], *, rooted: bool) -> Problem | None:
    """Why an entity can't stand below `parent_id`.

    ancestors: the parent, its parent and so on, as far as they exist and up to the entity itself. rooted: the last
    of them has no parent.
    """
    if entity_id in ancestors:
        chain = " below ".join((entity_id, *ancestors))
        return Problem.violation("parentId", f"the hierarchy would be a circle: {chain}")
    if not ancestors:
        message = f"there is no legal entity {parent_id[:80]!r}; create it first"
        return Problem.violation("parentId", message)
    if not rooted:
        return Problem.violation("parentId", f"the hierarchy would have more than {MOST_LEVELS} levels")
    return None
