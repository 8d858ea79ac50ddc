"""A property: what an explanation says is what the reads of that customer, at that instant, answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from coterie.kit.clock import iso
from support.api import Server, new_tenant
from support.shop import SEGMENTS, Shop

EXPLAINED = "/customer-segment/{tenant}/explanations/customers"
COMPANIES, SITES, PRODUCTS = ("acme", "beta"), ("main", "swiss"), ("p-deep", "p-top", "p-none")
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
# Windows, expiries and the instants asked for share a few hours, so that bounds are hit exactly.
HOURS = [iso(NOW + timedelta(hours=hours)) for hours in (-3, 0, 3)]
HOUR = st.sampled_from(HOURS)
BOUNDS = st.tuples(st.none() | HOUR, st.none() | HOUR).filter(
    lambda pair: None in pair or str(pair[0]) <= str(pair[1])
)
SEGMENT = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["ACTIVE", "ACTIVE", "ACTIVE", "INACTIVE"]),
        "site": st.sampled_from(SITES),
        "window": BOUNDS,
        "members": st.dictionaries(st.sampled_from(["", *COMPANIES]), st.none() | HOUR),
        "items": st.sets(st.sampled_from([("PRODUCT", "p-top"), ("CATEGORY", "top"), ("CATEGORY", "deep")])),
    }
)
WORLD = st.fixed_dictionaries(
    {
        "segments": st.lists(SEGMENT, min_size=1, max_size=4),
        "contact_of": st.sets(st.sampled_from(COMPANIES)),
        "scope": st.sampled_from(["assigned", "subtree"]),
        "asked": st.sampled_from([None, *COMPANIES]),
        "site": st.sampled_from([None, *SITES]),
        "at": HOUR,
    }
)


def build(server: Server, world: dict[str, Any]) -> tuple[Shop, str]:
    """The world in a tenant of its own, and its customer."""
    shop = Shop(new_tenant(server, **{"segments.categoryScope": world["scope"]}))
    for code, currency in zip(SITES, ("EUR", "CHF"), strict=True):
        shop.site(code, currency=currency)
    shop.category("top")
    shop.category("deep", "top")
    for product in PRODUCTS:
        shop.product(product)
    shop.categorise("deep", "p-deep")
    shop.categorise("top", "p-top")
    ada = shop.customer("ada@example.com")
    for company in COMPANIES:
        shop.company(company)
        if company in world["contact_of"]:
            shop.contact(ada, company)
    for number, each in enumerate(world["segments"]):
        bounds = zip(("from", "to"), each["window"], strict=True)
        window = {name: at for name, at in bounds if at is not None}
        segment = shop.segment(f"s{number}", status=each["status"], siteCode=each["site"], validity=window)
        for company, expiry in each["members"].items():
            shop.member(segment, ada, company or None)
            if expiry is not None:
                shop.expire(segment, ada, expiry, company)
        for type, id in each["items"]:
            shop.item(segment, id, type)
    return shop, ada


def expiring(hour: int, at: int) -> dict[str, Any]:
    """A customer whose only membership ends at one instant, asked for at another."""
    segment = {"status": "ACTIVE", "site": "main", "window": (None, None), "members": {"": HOURS[hour]}}
    items = {("PRODUCT", "p-top")}
    rest = {"contact_of": set(), "scope": "assigned", "asked": None, "site": "main", "at": HOURS[at]}
    return {"segments": [{**segment, "items": items}], **rest}


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
@given(world=WORLD)
@example(world=expiring(1, 1))  # at its very end a membership is over
@example(world=expiring(2, 1))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_explanation_agrees_with_every_read(
    request: pytest.FixtureRequest, engine: str, world: dict[str, Any]
) -> None:
    server: Server = request.getfixturevalue(f"{engine}_server")
    shop, ada = build(server, world)
    entity = f"legalEntityId={world['asked']}" if world["asked"] else ""
    site = f"&siteCode={world['site']}" if world["site"] else ""
    at = f"&at={world['at']}"

    def explained(tail: str, query: str) -> Any:
        return shop.api.get(f"{EXPLAINED}/{ada}{tail}?{query}").json

    everywhere, here = (explained("", entity + at + where) for where in ("", site))
    products = {id: explained(f"/products/{id}", entity + at + site) for id in PRODUCTS}

    def inside(views: Any) -> set[str]:
        return {each["segmentId"] for each in views if each["in"]}

    for each in [*everywhere, *here]:
        assert each["in"] == (not each["reasons"]), each
    for each in products.values():
        assert each["visible"] == bool(inside(each["segments"]))
        assert all(entry["ways"] for entry in each["segments"])
    with patch.object(server.runtime.clock, "now", lambda: datetime.fromisoformat(world["at"])):
        mine, reader = shop.api.as_customer(ada), shop.api.with_scopes("*")
        assert {each["id"] for each in mine.get(f"{SEGMENTS}?{entity}").json} == inside(everywhere)
        items = mine.get(f"{SEGMENTS}/items?{entity}{site}").json
        having = {f"s{number}" for number, each in enumerate(world["segments"]) if each["items"]}
        assert {each["segmentId"] for each in items} == inside(here) & having
        of_his = reader.get(f"{SEGMENTS}?customerId={ada}&{entity}").json
        codes = {each["segmentId"]: {reason["code"] for reason in each["reasons"]} for each in everywhere}
        no_member = {"NOT_A_MEMBER", "OTHER_LEGAL_ENTITY", "MEMBERSHIP_EXPIRED"}
        assert {each["id"] for each in of_his} == {id for id, why in codes.items() if not why & no_member}
        if world["site"]:
            body = {
                "items": [{"id": id} for id in PRODUCTS],
                "segmentIds": sorted(inside(everywhere)),
                "site": world["site"],
            }
            matched = {each["id"] for each in reader.post(f"{SEGMENTS}/match", body).json}
            assert matched == {id for id, each in products.items() if each["visible"]}
