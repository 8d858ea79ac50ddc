"""Customers, companies and contacts of the demo tenant, as request bodies."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from coterie.cli.demo_data import load
from coterie.cli.demo_data.catalogue import slug

Body = dict[str, Any]
CUSTOMERS = 1000
SHOPPER = "10000001"
"""The private customer whose login is printed."""
BUYER = "10000002"
"""The contact of two companies whose login is printed."""
BUYER_COMPANIES = ("elektro-lichtmann", "ausbau-rheinbogen")
_SEED = 2024
_IN_TWO = 10
_TYPES = ("PRIMARY", "BILLING", "LOGISTICS")
_DOMAINS = ("example.com", "example.org", "example.net")


@dataclass(frozen=True)
class Contact:
    """A customer who acts for a company; `type` as in a contact assignment."""

    customer: str
    company: str
    type: str


@dataclass
class Person:
    """A customer: his body without a password, his country, and the ids of the companies he acts for."""

    body: Body
    country: str
    companies: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The customer number."""
        number: str = self.body["id"]
        return number


def companies() -> list[Body]:
    """The curated companies, parents before subsidiaries."""
    found: list[Body] = load("companies")["company"]
    return sorted(found, key=lambda each: "parent" in each)


def legal_entities() -> list[Body]:
    """Bodies of POST /legal-entities, parents first."""
    bodies = []
    for number, each in enumerate(companies(), 1):
        body: Body = {
            "id": each["id"],
            "name": each["name"],
            "type": "SUBSIDIARY" if "parent" in each else "COMPANY",
            "legalInfo": {
                "legalName": each["name"],
                "countryOfRegistration": each["country"],
                "registrationId": f"{each['country']}-{each['postcode'].split()[0]}-{1000 + number * 37}",
            },
            "accountLimit": {"currency": "CHF" if each["country"] == "CH" else "EUR", "value": each["limit"]},
            "mixins": {
                "headOffice": {name: each[name] for name in ("street", "postcode", "city", "country")}
            },
        }
        if "parent" in each:
            body["parentId"] = each["parent"]
        bodies.append(body)
    return bodies


def domain(company: str) -> str:
    """The domain of the company with this id, under the top-level domain that is reserved for examples."""
    return f"{company}.example"


@cache
def people() -> tuple[Person, ...]:
    """All customers in the order of their numbers; the two whose logins are printed come first."""
    random = Random(_SEED)  # noqa: S311 - believable, not secret
    taken: Counter[str] = Counter()
    regions = load("people")["region"]
    shopper = _person(taken, regions[0], "Johanna", "Sommer", "example.com")
    buyer = _person(taken, regions[0], "Matthias", "Vogt", domain(BUYER_COMPANIES[0]))
    buyer.companies.extend(BUYER_COMPANIES)
    rest = _contacts(random, taken, regions)
    shares = [region["share"] for region in regions]
    while len(rest) < CUSTOMERS - 2:
        region = random.choices(regions, shares)[0]
        rest.append(_person(taken, region, *_name(random, region), random.choice(_DOMAINS)))
    random.shuffle(rest)
    everyone = (shopper, buyer, *rest)
    names = {each["id"]: each["name"] for each in companies()}
    for number, person in enumerate(everyone, int(SHOPPER)):
        person.body = {"id": str(number), **person.body}
        if person.companies:
            person.body["company"] = names[person.companies[0]]
    return everyone


def contacts() -> list[Contact]:
    """Every contact of every company; the first of each company is its primary."""
    seen: Counter[str] = Counter()
    found = []
    for person in people():
        for company in person.companies:
            type_ = _TYPES[seen[company]] if seen[company] < len(_TYPES) else "CONTACT"
            seen[company] += 1
            found.append(Contact(person.id, company, type_))
    return found


def _contacts(random: Random, taken: Counter[str], regions: list[Body]) -> list[Person]:
    found = []
    for company in companies():
        local = [region for region in regions if region["country"] == company["country"]]
        for _ in range(random.randint(2, 4)):
            region = random.choices(local, [each["share"] for each in local])[0]
            person = _person(taken, region, *_name(random, region), domain(company["id"]))
            person.companies.append(company["id"])
            found.append(person)
    for person in random.sample(found, _IN_TWO):
        others = [each for each in companies() if each["country"] == person.country]
        person.companies.append(
            random.choice([each["id"] for each in others if each["id"] not in person.companies])
        )
    return found


def _name(random: Random, region: Body) -> tuple[str, str]:
    return random.choice(random.choice((region["women"], region["men"]))), random.choice(region["surnames"])


def _person(taken: Counter[str], region: Body, first: str, last: str, host: str) -> Person:
    mailbox = f"{slug(first)}.{slug(last)}"
    taken[mailbox] += 1
    number = "" if taken[mailbox] == 1 else str(taken[mailbox])
    body: Body = {
        "firstName": first,
        "lastName": last,
        "contactEmail": f"{mailbox}{number}@{host}",
        "preferredLanguage": region["language"],
        "preferredCurrency": "CHF" if region["site"] == "ch" else "EUR",
        "preferredSite": region["site"],
    }
    if "phone" in region:
        body["contactPhone"] = region["phone"].format(sum(taken.values()) % 1000)
    return Person(body, region["country"])
