"""A tenant and its model side by side: sends each request, compares the answer, and keeps a script of them all."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, NoReturn
from urllib.parse import urlencode

from sqlalchemy import select

from coterie.kit.outbox import entries
from coterie.kit.tables import outbox
from services.customer_segment.model import Category, Document, Model, Refused, instant, texts
from services.customer_segment.model_extensions import wordless
from services.customer_segment.model_listing import PLAIN, Listing
from services.customer_segment.model_reads import MANAGE, OWN, READ, Caller, product_links
from support.api import Api, Response, Server, new_tenant
from support.shop import SEGMENTS, Shop

SERVICES = {
    "manager": frozenset({READ, MANAGE}),
    "writer": frozenset({MANAGE}),
    "reader": frozenset({READ}),
    "service": frozenset({READ, OWN, MANAGE}),
}
PEOPLE = ("ada", "bob", "cat", "dan")
COMPANIES = {"e1": None, "e2": None, "e3": "e1"}
COUPONS = "/coupon/{tenant}/coupons"
_OPERATOR = "operator"  # every scope of every service
_Key = tuple[str, ...]


class Tenant:
    """A fresh tenant with a small shop in it, and the model of it."""

    def __init__(self, server: Server, clock: Any) -> None:
        self.clock = clock
        self.api = new_tenant(server)
        self.model = Model(clock.now())
        self.script: list[str] = []
        self.people: dict[str, str] = {}
        self.contact_ids: dict[tuple[str, str], str] = {}
        self.failed = False
        self.changed = True
        self._apis: dict[Caller, Api] = {}
        self._seen_event = 0
        self._replayed: tuple[set[str], set[_Key], set[_Key]] = (set(), set(), set())
        self._stock()

    def _stock(self) -> None:
        """Sites, a tree of categories with products, people, and companies with contacts."""
        shop, model = Shop(self.api), self.model
        for code in ("main", "swiss", "spare"):
            model.sites.add(shop.site(code))
        model.default_site = "main"
        for id, parent in (("c1", None), ("c2", "c1"), ("C3", "c2"), ("c4", None)):
            self.put_category(id, Category(parent, True, 0, f"Category {id}"))
        for id, home in (("p1", "c2"), ("P2", "C3"), ("p3", "c4")):
            self.put_product(id, f"Product {id}")
            shop.categorise(home, id)
            model.categorise(home, id)
        for name in PEOPLE:
            self.sign_up(name)
        for id in COMPANIES:
            self.put_company(id, f"Company {id}")
        for name, company in (("bob", "e1"), ("cat", "e1"), ("cat", "e2")):
            self.add_contact(name, company)
        self._fill()
        self.script.append("# the shop is open")

    def _fill(self) -> None:
        """Two active segments with members and items."""
        manager, model = self.caller("manager"), self.model
        ada, bob, cat, dan = self.people.values()
        for id, site, members, product, category in (
            ("s1", "main", [(ada, ""), (bob, "e1"), (cat, "e2")], "p1", "c1"),
            ("S2", "swiss", [(ada, ""), (cat, "e1"), (dan, "e1"), (dan, "e2")], "p3", "C3"),
        ):
            body = {"name": {"en": id}, "siteCode": site, "status": "ACTIVE"}
            self.write(manager, "PUT", f"/{id}", partial(model.put_segment, id, body), body)
            for customer, entity in members:
                path = f"/{id}/customers/{customer}" + (f"/{entity}" if entity else "")
                self.write(manager, "PUT", path, partial(model.put_member, id, customer, entity, {}), {})
            for type, item in (("PRODUCT", product), ("CATEGORY", category)):
                path = f"/{id}/items/{type}/{item}"
                self.write(manager, "PUT", path, partial(model.put_item, id, type, item, {}), {})

    # Callers

    def caller(self, name: str, entity: str | None = None, *, reads_all: bool = False) -> Caller:
        """A service by its name, or a customer by his, acting for an entity or for himself."""
        if name in SERVICES:
            return Caller(name, SERVICES[name])
        scopes = {OWN, READ} if reads_all else {OWN}
        return Caller(name, frozenset(scopes), self.people[name], entity)

    def _api(self, caller: Caller) -> Api | None:
        """The client of a caller; None for a customer who is gone and never had this token."""
        if caller not in self._apis:
            scopes = frozenset(f"customersegment.{scope}" for scope in caller.scopes)
            if caller.customer is None:
                self._apis[caller] = self.api.with_scopes(*scopes)
            elif caller.customer not in self.model.customers:
                return None
            else:
                self._apis[caller] = self.api.as_customer(caller.customer, caller.entity, scopes=scopes)
        return self._apis[caller]

    # Requests

    def send(self, who: str, api: Api, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """One request, as a line of the script."""
        line = f"{who}: {method} {path}" + ("" if body is None else f" {json.dumps(body)}")
        self.script.append(line)
        try:
            response = api.request(method, path, body, **headers)
        except AssertionError as problem:
            self.fail(f"{line}\n  {problem}")
        self.script[-1] += f" -> {response.status}"
        return response

    def fail(self, problem: str) -> NoReturn:
        """Fail with the requests that led here."""
        self.failed = True
        raise AssertionError("\n".join([problem, "", f"Requests ({self.api.engine}):", *self.script]))

    def same(self, line: str, expected: Any, found: Any) -> None:
        """Fail unless both are the same."""
        if expected != found:
            self.fail(f"{line}\n  model:   {_text(expected)}\n  service: {_text(found)}")

    def read(
        self,
        caller: Caller,
        path: str,
        expected: Callable[[], Any],
        body: Any = None,
        *,
        under: str = SEGMENTS,
        how: Listing = PLAIN,
        **query: Any,
    ) -> None:
        """GET (with a body: POST) a path, below the segments or elsewhere, and compare the answer."""
        api = self._api(caller)
        if api is None:
            return
        asked = {name: value for name, value in (query | how.query).items() if value is not None}
        target = f"{under}{path}" + (f"?{urlencode(asked)}" if asked else "")
        method = "GET" if body is None else "POST"
        code, value = self._answer(caller, expected)
        response = self.send(_who(caller), api, method, target, body, **how.headers)
        line = self.script.pop() + "".join(f" {name}: {text}" for name, text in how.headers.items())
        shown = how.shown(value) if code == 200 and value is not None else None
        self.same(line, (code, shown), (response.status, wordless(_answered(response))))
        if how.count and isinstance(value, list):
            self.same(f"count of {line}", str(len(value)), response.headers.get("x-total-count"))
        self._note(_who(caller), target.removeprefix(under))

    def _note(self, who: str, what: str) -> None:
        """A read that was right: consecutive ones of one caller share a line."""
        if self.script[-1].startswith(f"{who} reads "):
            self.script[-1] += f", {what}"
        else:
            self.script.append(f"{who} reads {what or 'segments'}")

    def read_product(self, id: str) -> None:
        """Compare what a product says of its segments and categories."""
        try:
            expected = 200, product_links(self.model, id)
        except Refused as refusal:
            expected = refusal.code, {}
        response = self.send(_OPERATOR, self.api, "GET", f"/product/{{tenant}}/products/{id}")
        found = {name: response.json[name] for name in expected[1]} if response.status == 200 else {}
        self.same(self.script[-1], expected, (response.status, found))

    def _answer(self, caller: Caller, expected: Callable[[], Any]) -> tuple[int, Any]:
        if caller.customer is not None and caller.customer not in self.model.customers:
            return 401, None
        try:
            return 200, expected()
        except Refused as refusal:
            return refusal.code, None

    def write(
        self, caller: Caller, method: str, path: str, change: Callable[[], Any], body: Any = None
    ) -> None:
        """Send a change of segments and compare its code, its bulk entries, and its events."""
        api = self._api(caller)
        if api is None:
            return

        def permitted() -> Any:
            caller.needs(MANAGE)
            return change()

        code, value = self._answer(caller, permitted)
        response = self.send(_who(caller), api, method, SEGMENTS + path, body)
        if isinstance(value, list):
            self.same(self.script[-1], 207, response.status)
            entries = [(each["index"], each["code"]) for each in response.json]
            self.same(self.script[-1], list(enumerate(value, start=1)), entries)
        else:
            self.same(self.script[-1], code if value is None else value, response.status)
        self.check_events()

    def operate(self, method: str, path: str, change: Callable[[], int], body: Any = None) -> Response:
        """Send a change of what segments refer to and compare its code, and the segments' events."""
        try:
            code = change()
        except Refused as refusal:
            code = refusal.code
        response = self.send(_OPERATOR, self.api, method, path, body)
        self.same(self.script[-1], code, response.status)
        self.check_events()
        return response

    # Events

    def check_events(self) -> None:
        """The events since the last look are the model's, and rebuild what is stored."""
        self.changed = True
        found = self.api.run(self._new_events())
        expected = [(type, {**payload, "tenant": self.api.tenant}) for type, payload in self.model.events]
        self.model.events.clear()
        self.same(f"events of {self.script[-1]}", sorted(map(_text, expected)), sorted(map(_text, found)))
        for type, payload in found:
            self._replay(type.removeprefix("customer-segment."), payload)
        stored = (set(self.model.segments), set(self.model.members), set(self.model.items))
        self.same("what the events rebuild", stored, self._replayed)

    async def _new_events(self) -> list[tuple[str, Document]]:
        statement = (
            select(outbox.c.id, outbox.c.type, outbox.c.payload)
            .where(
                outbox.c.tenant == self.api.tenant,
                outbox.c.id > self._seen_event,
                outbox.c.type.startswith("customer-segment."),
            )
            .order_by(outbox.c.id)
        )
        async with self.api.server.runtime.database.reading() as session:
            rows = await session.all(statement)
        self._seen_event = max([self._seen_event, *(row.id for row in rows)])
        return [(row.type, payload) for row in rows for _, payload in entries(row.payload)]

    def _replay(self, type: str, payload: Document) -> None:
        """Apply an event to the sets, which it must fit: nothing is made twice or deleted when it is not there."""
        what, _, happened = type.rpartition("-")
        segments, members, items = self._replayed
        kept: set[Any]
        if what == "segment":
            kept, key = segments, payload["id"]
        elif what == "customer-assignment":
            customer = payload.get("customerId") or payload["customer"]["id"]
            entity = payload.get("legalEntityId") or payload.get("legalEntity", {}).get("id", "")
            kept, key = members, (payload["segmentId"], customer, entity)
        else:
            item = payload["itemId"] if happened == "deleted" else payload["item"]["id"]
            kept, key = items, (payload["segmentId"], payload["type"], item)
        held = what == "segment" or key[0] in segments
        if (key in kept) == (happened == "created") or not held:
            self.fail(f"{type} of {key} does not fit the events before it")
        if happened == "created":
            kept.add(key)
        elif happened in ("deleted", "expired"):
            kept.remove(key)

    # What segments refer to

    def sign_up(self, name: str) -> None:
        """A customer of this name, with a new number."""
        email, details = f"{name}@example.com", {"firstName": name.title(), "lastName": "Test"}
        id = Shop(self.api).customer(email, **details)
        self.script.append(f"{_OPERATOR}: creates the customer {name}, {id}")
        self.people[name] = id
        self.model.customers[id] = {**details, "email": email}

    def rename_customer(self, id: str, name: str) -> None:
        """Change the last name of a customer."""

        def change() -> int:
            if id not in self.model.customers:
                raise Refused(404)
            self.model.customers[id] = {**self.model.customers[id], "lastName": name}
            return 200

        self.operate("PATCH", f"/customer/{{tenant}}/customers/{id}", change, {"lastName": name})

    def put_company(self, id: str, name: str) -> None:
        """Create or rename a legal entity; the subsidiary needs its parent."""
        parent = COMPANIES[id]
        body = {"name": name, "type": "COMPANY" if parent is None else "SUBSIDIARY"}

        def change() -> int:
            if parent is not None and parent not in self.model.entities:
                raise Refused(400)
            code = 204 if id in self.model.entities else 201
            self.model.entities[id] = (name, parent)
            return code

        path = f"/customer-management/{{tenant}}/legal-entities/{id}"
        self.operate("PUT", path, change, body if parent is None else {**body, "parentId": parent})

    def add_contact(self, name: str, company: str) -> None:
        """Let a customer act for a legal entity."""
        pair = (self.people[name], company)

        def change() -> int:
            if pair[0] not in self.model.customers or company not in self.model.entities:
                raise Refused(400)
            if pair in self.model.contacts:
                raise Refused(409)
            self.model.add_contact(*pair)
            return 201

        assignments = "/customer-management/{tenant}/contact-assignments"
        body = {"customer": {"id": pair[0]}, "legalEntity": {"id": company}, "type": "CONTACT"}
        if self.operate("POST", assignments, change, body).status == 201:
            for each in self.api.get(f"{assignments}?q=customer.id:{pair[0]}").json:
                self.contact_ids[pair[0], each["legalEntity"]["id"]] = each["id"]

    def put_product(self, id: str, name: str) -> None:
        """Create or rename a product."""

        def change() -> int:
            code = 204 if id in self.model.products else 201
            self.model.products[id] = name
            return code

        body = {"code": f"C-{id}", "name": texts(name), "productType": "BASIC", "published": True}
        self.operate("PUT", f"/product/{{tenant}}/products/{id}", change, body)

    def put_category(self, id: str, category: Category) -> None:
        """Create, rename, move, publish or unpublish a category."""
        body: Document = {
            "code": f"cat-{id}",
            "localizedName": texts(category.name),
            "position": category.position,
            "published": category.published,
        }
        if category.parent is not None:
            body["parentId"] = category.parent
        publish = "true" if category.published else "false"
        path = f"/category/{{tenant}}/categories/{id}?publish={publish}"
        self.operate("PUT", path, lambda: self.model.put_category(id, category), body)

    def put_coupon(self, code: str, segments: set[str]) -> None:
        """Create a coupon for segments, or let it be for others."""
        body = {
            "code": code,
            "name": f"Coupon {code}",
            "discountType": "PERCENT",
            "discountPercentage": 10,
            "segmentRestricted": True,
            "restrictions": {"segments": sorted(segments)},
        }
        known = code in self.model.coupons
        method, path = ("PUT", f"{COUPONS}/{code}") if known else ("POST", COUPONS)
        self.operate(method, path, lambda: self.model.put_coupon(code, segments), body)

    def end_member(self, key: tuple[str, str, str], at: str) -> None:
        """Let a membership end at an instant, which no request can."""
        segment, customer, entity = key
        Shop(self.api).expire(segment, customer, at, entity)
        self.model.ends[key] = at
        self.changed = True
        self.script.append(f"# the membership {key} ends at {at}")

    def move_clock(self, step: timedelta) -> None:
        """Let time pass."""
        self.changed = True
        self.clock.instant += step
        self.model.now = self.clock.instant
        self.script.append(f"# it is {instant(self.model.now)}")

    def set(self, setting: str, value: str) -> None:
        """Change a setting of the tenant."""

        async def change() -> None:
            runtime = self.api.server.runtime
            async with runtime.database.writing() as session:
                await runtime.tenants.change(session, self.api.tenant, setting, value)

        self.api.run(change())
        self.changed = True
        self.script.append(f"# {setting} = {value}")


def _who(caller: Caller) -> str:
    acting = f" for {caller.entity}" if caller.entity else ""
    return caller.name + acting + (" (reads all)" if caller.customer and caller.reads_all else "")


def _answered(response: Response) -> Any:
    return response.json if response.status == 200 else None


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
