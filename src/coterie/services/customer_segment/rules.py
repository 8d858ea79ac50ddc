"""Pure decisions: for which legal entity a customer asks, what a segment may say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from coterie.kit.errors import Problem

PRODUCT, CATEGORY = "PRODUCT", "CATEGORY"
CUSTOMER = "CUSTOMER"  # what is counted beside the two types of items
NO_ENTITY = ""


def acting_for(token_entity: str | None, companies: Collection[str], asked: str | None) -> str | None:
    """The legal entity whose assignments count beside those without one; None: those of every entity.

    The token's wins; else the query's counts where the customer has several, else the only one is implied.
    """
    if token_entity is not None:
        return token_entity
    if len(companies) > 1:
        return asked
    return next(iter(companies), NO_ENTITY)


def segment_problems(document: Mapping[str, Any], _before: Mapping[str, Any] | None) -> list[Problem]:
    """What a segment must not say."""
    problems = []
    if not document["name"]:
        problems.append(Problem.violation("name", "is empty; give it in at least one language"))
    validity = document.get("validity") or {}
    start, end = validity.get("from"), validity.get("to")
    if start is not None and end is not None and start > end:
        problems.append(Problem.violation("validity.to", f"{end} is before validity.from {start}"))
    return problems


def item_type(text: str) -> str | None:
    """The item type of a path, whatever its case (decision 7), or None."""
    upper = text.upper()
    return upper if upper in (PRODUCT, CATEGORY) else None


def listed(text: str) -> list[str]:
    """The ids of a query parameter that lists them, separated by commas."""
    return [id for part in text.split(",") if (id := part.strip())]
