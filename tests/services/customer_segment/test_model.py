"""Random requests by random callers: whatever the order, every answer is the model's, on both engines.

`COTERIE_MODEL_EXAMPLES=2000` runs as many random scenarios in place of the few of a usual run. A failure prints the
requests that led to it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from coterie import app
from services.customer_segment import model_reads as reads
from services.customer_segment.model import TICK, Category, window
from services.customer_segment.model_listing import HOW, Listing, varied
from services.customer_segment.model_tenant import COMPANIES, COUPONS, PEOPLE, Tenant
from services.customer_segment.model_visits import Visits
from services.customer_segment.model_writes import (
    CALLER,
    CATEGORY,
    ITEM,
    MANAGER,
    PERSON,
    PRODUCT,
    PRODUCTS,
    SEGMENT,
    SEGMENTS,
    Who,
)
from support.api import Server
from support.shop import site

EXAMPLES = int(os.environ.get("COTERIE_MODEL_EXAMPLES", "12"))
STEPS = 30

ASKED = st.sampled_from([None, None, "e1", "e2", "e3"])
AT_SITE = st.sampled_from([None, None, "main", "swiss"])
COMPANY = st.sampled_from(sorted(COMPANIES))
NAME = st.sampled_from(["One", "Two"])
PLACE = st.builds(
    Category,
    st.one_of(st.none(), CATEGORY),
    st.sampled_from([True, True, True, False]),
    st.integers(0, 2),
    NAME,
)
WITNESSES: list[Who] = [
    ("ada", None, False),
    ("cat", None, False),
    ("reader", None, False),
    ("cat", "e1", False),
    ("bob", None, False),
    ("service", None, False),
    ("ada", None, True),
    ("cat", "e2", False),
]


class At:
    """A clock that is moved by hand."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


class Scenario(Visits):
    """A tenant, and what happens in it."""

    turns = 0
    coupons = 0

    # What segments refer to

    @rule(person=PERSON)
    def delete_customer(self, person: str) -> None:
        id = self.tenant.people[person]
        path = f"/customer/{{tenant}}/customers/{id}"
        self.tenant.operate("DELETE", path, lambda: self.model.delete_customer(id))

    @rule(person=PERSON)
    def sign_up_again(self, person: str) -> None:
        if self.tenant.people[person] not in self.model.customers:
            self.tenant.sign_up(person)

    @rule(id=COMPANY)
    def delete_company(self, id: str) -> None:
        path = f"/customer-management/{{tenant}}/legal-entities/{id}"
        self.tenant.operate("DELETE", path, lambda: self.model.delete_entity(id))

    @rule(person=PERSON, company=COMPANY)
    def add_contact(self, person: str, company: str) -> None:
        self.tenant.add_contact(person, company)

    @rule(data=st.data())
    def delete_contact(self, data: st.DataObject) -> None:
        if self.model.contacts:
            pair = data.draw(st.sampled_from(sorted(self.model.contacts)))
            path = f"/customer-management/{{tenant}}/contact-assignments/{self.tenant.contact_ids[pair]}"
            self.tenant.operate("DELETE", path, lambda: self.model.delete_contact(*pair))

    @rule(person=PERSON, company=COMPANY, product=PRODUCT, name=NAME, what=st.integers(0, 2))
    def rename(self, person: str, company: str, product: str, name: str, what: int) -> None:
        """A customer's new name, or that of a company or product, which is created where it is not there."""
        if what == 0:
            self.tenant.put_product(product, name)
        elif what == 1:
            self.tenant.put_company(company, name)
        else:
            self.tenant.rename_customer(self.tenant.people[person], name)

    @rule(id=PRODUCT)
    def delete_product(self, id: str) -> None:
        path = f"/product/{{tenant}}/products/{id}"
        self.tenant.operate("DELETE", path, lambda: self.model.delete_product(id))

    @rule(id=CATEGORY, place=PLACE)
    def put_category(self, id: str, place: Category) -> None:
        self.tenant.put_category(id, place)

    @rule(id=CATEGORY, below=st.booleans())
    def delete_category(self, id: str, below: bool) -> None:
        path = f"/category/{{tenant}}/categories/{id}" + ("?withSubcategories=true" if below else "")
        self.tenant.operate("DELETE", path, lambda: self.model.delete_category(id, below=below))

    @rule(category=CATEGORY, product=PRODUCT, out=st.booleans())
    def categorise(self, category: str, product: str, out: bool) -> None:
        path = f"/category/{{tenant}}/categories/{category}/assignments/references/{product}"
        if out:
            self.tenant.operate("DELETE", path, lambda: self.model.uncategorise(category, product))
        else:
            self.tenant.operate("PUT", path, lambda: self.model.categorise(category, product))

    @rule(id=CATEGORY, published=st.booleans())
    def publish(self, id: str, published: bool) -> None:
        if id in self.model.categories:
            self.tenant.put_category(id, replace(self.model.categories[id], published=published))

    @rule(code=st.sampled_from(["spare", "swiss", "main"]))
    def delete_site(self, code: str) -> None:
        """It comes back, if it can go."""
        path = f"/site/{{tenant}}/sites/{code}"
        response = self.tenant.operate("DELETE", path, lambda: self.model.delete_site(code))

        def change() -> int:
            self.model.sites.add(code)
            return 201

        if response.status == 204:
            self.tenant.operate("POST", "/site/{tenant}/sites", change, site(code))

    @rule(place=st.integers(0, 1), segments=st.sets(SEGMENT, min_size=1))
    def put_coupon(self, place: int, segments: set[str]) -> None:
        """One of the two coupons there may be, since codes that were used once are never free again."""
        codes = sorted(self.model.coupons)[place : place + 1]
        self.coupons += not codes
        self.tenant.put_coupon(codes[0] if codes else f"K{self.coupons:03}", segments)

    @rule(place=st.integers(0, 1))
    def delete_coupon(self, place: int) -> None:
        for code in sorted(self.model.coupons)[place : place + 1]:
            self.tenant.operate("DELETE", f"{COUPONS}/{code}", partial(self.model.delete_coupon, code))

    # The tenant and its time

    @rule(subtree=st.booleans())
    def scope_of_categories(self, subtree: bool) -> None:
        self.model.subtree = subtree
        self.tenant.set("segments.categoryScope", "subtree" if subtree else "assigned")

    @rule(checked=st.sampled_from([True, True, False]))
    def check_references(self, checked: bool) -> None:
        self.model.checked = checked
        self.tenant.set("references", "checked" if checked else "open")

    @rule(step=st.sampled_from([TICK, timedelta(seconds=1), timedelta(seconds=5)]))
    def wait(self, step: timedelta) -> None:
        self.tenant.move_clock(step)

    @rule(just_before=st.booleans())
    def wait_for_an_edge(self, just_before: bool) -> None:
        """To the next instant at which a window opens or closes or a membership ends, or to the last before it."""
        bounds = [bound for kept in self.model.segments.values() for bound in window(kept.document) if bound]
        bounds += self.model.ends.values()
        edges = [datetime.fromisoformat(bound) - self.model.now for bound in bounds if bound > self.model.at]
        if edges:
            step = min(edges) - (TICK if just_before else timedelta(0))
            if step:
                self.tenant.move_clock(step)

    # Reads

    @rule(who=CALLER, asked=ASKED, at=AT_SITE, how=HOW)
    def visit(self, who: Who, asked: str | None, at: str | None, how: Listing) -> None:
        self.see(self.who(who), asked, at, how)

    @invariant()
    def somebody_looks(self) -> None:
        """After each change another caller looks, since a stale answer shows only to who asked before."""
        if self.tenant.changed:
            self.tenant.changed = False
            self.turns += 1
            who = WITNESSES[self.turns % len(WITNESSES)]
            sites, companies = (None, "main", None), (None, "e1", None, "e2", None)
            at, asked = sites[self.turns % len(sites)], companies[self.turns % len(companies)]
            caller = self.who(who)
            self.see(caller, asked, at)
            if caller.reads_all:
                turn, how = self.turns, varied(self.turns)
                self.see(caller, asked, at, how)
                self.look_into(caller, SEGMENTS[turn % len(SEGMENTS)], asked, how)
                self.see_beyond(caller, PEOPLE[turn % len(PEOPLE)], asked, at, how)
            self.match(MANAGER, "main" if at is None else "swiss", [*SEGMENTS], [*PRODUCTS], "site")

    @rule(who=CALLER, person=PERSON, asked=ASKED, at=AT_SITE, how=HOW)
    def ask_beyond(self, who: Who, person: str, asked: str | None, at: str | None, how: Listing) -> None:
        self.see_beyond(self.who(who), person, asked, at, how)

    @rule(
        who=CALLER,
        segment=SEGMENT,
        asked=ASKED,
        person=PERSON,
        entity=st.sampled_from(["", "e1", "e2"]),
        item=ITEM,
        how=HOW,
    )
    def inspect(
        self,
        who: Who,
        segment: str,
        asked: str | None,
        person: str,
        entity: str,
        item: tuple[str, str],
        how: Listing,
    ) -> None:
        self.look_into(self.who(who), segment, asked, how)
        caller, read, id = self.who(who), self.tenant.read, self.tenant.people[person]
        path = f"/{segment}/customers/{id}" + (f"/{entity}" if entity else "")
        read(caller, path, lambda: reads.customer(self.model, caller, segment, id, entity))
        path = f"/{segment}/items/{item[0]}/{item[1]}"
        read(caller, path, lambda: reads.item(self.model, caller, segment, *item, asked), legalEntityId=asked)

    @rule(who=CALLER, person=PERSON, asked=ASKED)
    def name_a_customer(self, who: Who, person: str, asked: str | None) -> None:
        caller, id = self.who(who), self.tenant.people[person]
        found = lambda: reads.segments(self.model, caller, asked, id, None)  # noqa: E731
        self.tenant.read(caller, "", found, customerId=id, legalEntityId=asked)

    @rule(
        who=CALLER,
        code=st.sampled_from(["main", "swiss"]),
        ids=st.lists(SEGMENT, max_size=3),
        products=st.lists(PRODUCT, max_size=4),
        name=st.sampled_from(["site", "siteCode"]),
    )
    def ask_for_matches(self, who: Who, code: str, ids: list[str], products: list[str], name: str) -> None:
        self.match(who, code, ids, products, name)

    @rule(id=PRODUCT)
    def look_at_product(self, id: str) -> None:
        self.tenant.read_product(id)

    def teardown(self) -> None:
        """In the end everything is read once by everybody."""
        if self.tenant.failed:
            return
        for who in WITNESSES:
            self.see(self.who(who), None, None)
        reader = self.who(("reader", None, False))
        for segment in SEGMENTS:
            self.look_into(reader, segment, None)
        for person in PEOPLE:
            self.see_beyond(reader, person, None, None)
        for id in PRODUCTS:
            self.tenant.read_product(id)


def test_every_answer_is_the_models(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = server.runtime.clock
    # Thousands of lines, one for each request; the script tells what matters of them.
    errors = structlog.make_filtering_bound_logger("error")
    monkeypatch.setattr(app, "log", structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=errors))
    start = clock.now().replace(microsecond=0)

    def scenario() -> Scenario:
        at = At(start)
        monkeypatch.setattr(clock, "now", at.now)
        return Scenario(Tenant(server, at))

    bounds = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(scenario, settings=bounds)
