"""Pure decisions: what legal entities and locations may say, where an entity may stand, whom it lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
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
    if document["type"] == "SUBSIDIARY" and "parentId" not in document:
        yield Problem.violation("parentId", "is required of a SUBSIDIARY; name the legal entity above it")
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


def restriction_problems(document: Mapping[str, Any], allowed: Collection[str] | None) -> list[Problem]:
    """Restrictions that are not among those that there are; None: any."""
    return [
        Problem.violation("restrictions", f"{each[:80]!r} is not in the configuration 'restrictions'")
        for each in document.get("restrictions", ())
        if allowed is not None and each not in allowed
    ]


def new_country(document: Mapping[str, Any], before: Mapping[str, Any] | None) -> str | None:
    """The country of registration, unless it was that before."""
    country: str | None = document.get("legalInfo", {}).get("countryOfRegistration")
    return None if country == (before or {}).get("legalInfo", {}).get("countryOfRegistration") else country


def country_problems(
    document: Mapping[str, Any], before: Mapping[str, Any] | None, refused: Mapping[str, str]
) -> list[Problem]:
    """Why a legal entity can't be registered in its country; `refused` says it by country."""
    country = new_country(document, before)
    if country is None or country not in refused:
        return []
    return [Problem.violation("legalInfo.countryOfRegistration", refused[country])]


def location_problems(document: Mapping[str, Any], _before: Mapping[str, Any] | None) -> list[Problem]:
    """What a location must not say."""
    problems = []
    if not document.get("name", "-").strip():
        problems.append(Problem.violation("name", "is empty; leave it out or name the location"))
    country = document["contactDetails"].get("countryCode")
    if country is not None and not _COUNTRY.fullmatch(country):
        problem = f"{country[:80]!r} is not a country code such as DE"
        problems.append(Problem.violation("contactDetails.countryCode", problem))
    return problems


LISTS = {"entitiesAddresses": "location", "approvalGroup": "contact assignment"}
"""The lists of a legal entity that name other resources, and what these are."""


def listed(document: Mapping[str, Any], name: str) -> list[str]:
    """The ids that a list of a legal entity names."""
    return [each["id"] for each in document.get(name, ())]


def without_repetition(document: dict[str, Any]) -> dict[str, Any]:
    """A legal entity that names nothing twice in one list."""
    lists = {
        name: list({each["id"]: each for each in document[name]}.values())
        for name in (*LISTS, "customerGroups")
        if name in document
    }
    return {**document, **lists}


def without_ids(refs: list[dict[str, Any]], known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of a list that are not known by their ids already."""
    ids = {each["id"] for each in known}
    return [each for each in refs if each["id"] not in ids]


def without_missing(document: Mapping[str, Any], known: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """A legal entity whose lists no longer name what is gone; `known` is what is there, by list."""
    lists = {
        name: [each for each in document[name] if each["id"] in known[name]]
        for name in LISTS
        if name in document
    }
    return {**document, **lists}


def missing_targets(document: Mapping[str, Any], known: Mapping[str, Collection[str]]) -> list[Problem]:
    """Problems of a legal entity that lists what is not there; `known` is what is, by list."""
    return [
        Problem.violation(name, f"there is no {noun} {id[:80]!r}; create it first")
        for name, noun in LISTS.items()
        for id in listed(document, name)
        if id not in known[name]
    ]


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
