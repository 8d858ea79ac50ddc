"""Segments of the demo tenant with their members and items, as request bodies."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from coterie.cli.demo_data import load
from coterie.cli.demo_data.people import BUYER, BUYER_COMPANIES, SHOPPER, companies, people

Body = dict[str, Any]
SHOPPER_SEGMENTS = ("garden-season", "carpenters")
BUYER_SEGMENTS = dict(zip(BUYER_COMPANIES, ("electricians", "trade-professionals"), strict=True))
"""For which company the contact with the printed login is in which segment."""
_SEED = 8


def segments() -> list[Body]:
    """Bodies of POST /segments."""
    bodies = []
    for each in load("segments")["segment"]:
        body: Body = {
            "id": each["id"],
            "name": {"en": each["en"], "de": each["de"]},
            "description": {"en": each["text_en"], "de": each["text_de"]},
            "siteCode": each["site"],
            "status": each["status"],
        }
        if "validity" in each:
            body["validity"] = each["validity"]
        bodies.append(body)
    return bodies


def items(type_: str) -> dict[str, list[str]]:
    """Ids of the `PRODUCT`s or of the `CATEGORY`s of each segment."""
    key = {"PRODUCT": "products", "CATEGORY": "categories"}[type_]
    return {each["id"]: each[key] for each in load("segments")["segment"]}


@cache
def members() -> dict[str, list[Body]]:
    """Bodies of the members of each segment: contacts for their companies, and private customers."""
    random = Random(_SEED)  # noqa: S311 - believable, not secret
    chosen = {each["id"]: each for each in companies()}
    free = [person for person in people() if not person.companies and person.id != SHOPPER]
    found = {}
    for each in load("segments")["segment"]:
        bodies = [
            {"customerId": person.id, "legalEntityId": company}
            for person in people()
            for company in person.companies
            if person.id != BUYER
            and chosen[company]["trade"] in each["trades"]
            and chosen[company]["country"] in each["countries"]
        ]
        local = [person for person in free if person.country in each["countries"]]
        bodies += [{"customerId": person.id} for person in random.sample(local, each["private"])]
        if each["id"] in SHOPPER_SEGMENTS:
            bodies.append({"customerId": SHOPPER})
        bodies += [
            {"customerId": BUYER, "legalEntityId": company}
            for company, segment in BUYER_SEGMENTS.items()
            if segment == each["id"]
        ]
        found[each["id"]] = bodies
    return found
