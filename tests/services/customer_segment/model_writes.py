"""Rules of the property test that write segments and their assignments, one by one and in bulk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from services.customer_segment.model import Document, code, instant, texts
from services.customer_segment.model_reads import Caller
from services.customer_segment.model_tenant import PEOPLE, SERVICES, Tenant

SEGMENTS, PRODUCTS = ("s1", "S2", "s3"), ("p1", "P2", "p3")
SEGMENT = st.sampled_from(SEGMENTS)
PERSON = st.sampled_from(PEOPLE)
ENTITY = st.sampled_from(["", "", "e1", "e2", "e3"])
PRODUCT = st.sampled_from(PRODUCTS)
CATEGORY = st.sampled_from(["c1", "c2", "C3", "c4"])
ITEM = st.one_of(st.tuples(st.just("PRODUCT"), PRODUCT), st.tuples(st.just("CATEGORY"), CATEGORY))
CUSTOMER = st.tuples(PERSON, st.sampled_from([None, None, "e1", "e2"]), st.sampled_from([False] * 4 + [True]))
CALLER = st.one_of(CUSTOMER, st.tuples(st.sampled_from(sorted(SERVICES)), st.none(), st.just(False)))
MANAGER = ("manager", None, False)
WRITER = st.one_of(*[st.just(MANAGER)] * 7, CALLER)
VERSION = st.sampled_from([None, None, None, 0, 1])
SECONDS = st.sampled_from([None, None, -5, 0, 5])
WINDOW = st.sampled_from([(0, None), (None, 0), (5, None), (None, 5), (0, 5), (5, 5), (-5, 10)])
BODY = st.fixed_dictionaries(
    {
        "name": st.sampled_from([*["One", "Two"] * 4, ""]),
        "german": st.booleans(),
        "site": st.sampled_from([*["main"] * 5, "swiss", "swiss", "spare", "nowhere"]),
        "status": st.sampled_from([*["ACTIVE"] * 5, "INACTIVE", None]),
        "from": SECONDS,
        "to": SECONDS,
        "version": VERSION,
    }
)
LINK = st.fixed_dictionaries({"level": st.sampled_from([None, 1, 2]), "version": VERSION})
Who = tuple[str, str | None, bool]


class Writes(RuleBasedStateMachine):
    """The part of a scenario that changes segments."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__()
        self.tenant = tenant
        self.model = tenant.model

    def who(self, who: Who) -> Caller:
        name, entity, reads_all = who
        return self.tenant.caller(name, entity, reads_all=reads_all)

    # Segments

    def body(self, table: Any, key: Any, drawn: Document) -> Document:
        """The version that is asked for: none, the stored one, or one after it."""
        if drawn["version"] is None:
            return {}
        stored = table[key].version if key in table else 1
        return {"metadata": {"version": stored + drawn["version"]}}

    def segment(self, id: str, drawn: Document) -> Document:
        bounds = {name: self.second(drawn[name]) for name in ("from", "to") if drawn[name] is not None}
        name = {} if not drawn["name"] else texts(drawn["name"]) if drawn["german"] else {"en": drawn["name"]}
        body: Document = {"name": name, "siteCode": drawn["site"]}
        body |= {"validity": bounds} if bounds else {}
        body |= {} if drawn["status"] is None else {"status": drawn["status"]}
        return body | self.body(self.model.segments, id, drawn)

    def second(self, offset: int | None) -> str | None:
        return None if offset is None else instant(self.model.now + timedelta(seconds=offset))

    @rule(who=WRITER, id=SEGMENT, drawn=BODY)
    def put_segment(self, who: Who, id: str, drawn: Document) -> None:
        body = self.segment(id, drawn)
        self.tenant.write(self.who(who), "PUT", f"/{id}", lambda: self.model.put_segment(id, body), body)

    @rule(who=WRITER, id=SEGMENT, drawn=BODY)
    def post_segment(self, who: Who, id: str, drawn: Document) -> None:
        body = {"id": id, **self.segment(id, drawn)}
        self.tenant.write(self.who(who), "POST", "", lambda: self.model.post_segment(id, body), body)

    @rule(who=WRITER, drawn=st.lists(st.tuples(SEGMENT, BODY), min_size=1, max_size=4), create=st.booleans())
    def bulk_segments(self, who: Who, drawn: list[tuple[str, Document]], create: bool) -> None:
        bodies = [{"id": id, **self.segment(id, each)} for id, each in drawn]
        method, change = ("POST", self.model.post_segment) if create else ("PUT", self.model.put_segment)
        self.tenant.write(
            self.who(who),
            method,
            "/bulk",
            lambda: [code(change, each["id"], each) for each in bodies],
            bodies,
        )

    @rule(who=WRITER, id=SEGMENT, drawn=BODY, what=st.sampled_from(["status", "site", "window", "name"]))
    def patch_segment(self, who: Who, id: str, drawn: Document, what: str) -> None:
        changes: Document = {"siteCode": drawn["site"]}
        if what == "status":
            changes = {"status": drawn["status"] or "INACTIVE"}
        elif what == "window":
            bounds = {name: self.second(drawn[name]) for name in ("from", "to")}
            changes = {"validity": bounds if any(bounds.values()) else None}
        elif what == "name":
            changes = {"name": {"en": drawn["name"] or None, "de": "Name"}}
        changes |= self.body(self.model.segments, id, drawn)
        change = lambda: self.model.patch_segment(id, changes)  # noqa: E731
        self.tenant.write(self.who(who), "PATCH", f"/{id}", change, changes)

    @rule(who=WRITER, id=SEGMENT, status=st.sampled_from(["ACTIVE", "INACTIVE"]))
    def patch_status(self, who: Who, id: str, status: str) -> None:
        patch = [{"op": "replace", "path": "/status", "value": status}]
        change = lambda: self.model.patch_segment(id, {"status": status})  # noqa: E731
        self.tenant.write(self.who(who), "PATCH", f"/{id}", change, patch)

    @rule(who=WRITER, id=SEGMENT, force=st.booleans())
    def delete_segment(self, who: Who, id: str, force: bool) -> None:
        path = f"/{id}" + ("?forceDelete=true" if force else "")
        self.tenant.write(self.who(who), "DELETE", path, lambda: self.model.delete_segment(id, force=force))

    @rule(who=WRITER, ids=st.lists(SEGMENT, min_size=1, max_size=3), force=st.booleans())
    def delete_segments(self, who: Who, ids: list[str], force: bool) -> None:
        path = "/bulk" + ("?forceDelete=true" if force else "")
        change = lambda: [code(self.model.delete_segment, id, force=force) for id in ids]  # noqa: E731
        self.tenant.write(self.who(who), "DELETE", path, change, ids)

    @rule(id=SEGMENT, bounds=WINDOW)
    def open_for(self, id: str, bounds: tuple[int | None, int | None]) -> None:
        """A window whose edges are met: the clock stands on them, or is moved to them."""
        window = dict(zip(("from", "to"), map(self.second, bounds), strict=True))
        changes = {"status": "ACTIVE", "validity": window}
        change = lambda: self.model.patch_segment(id, changes)  # noqa: E731
        self.tenant.write(self.who(MANAGER), "PATCH", f"/{id}", change, changes)

    # Customers

    def link(self, table: Any, key: Any, drawn: Document) -> Document:
        mixins = {} if drawn["level"] is None else {"mixins": {"vip": {"level": drawn["level"]}}}
        return mixins | self.body(table, key, drawn)

    @rule(data=st.data(), seconds=st.sampled_from([-5, 0, 1, 5]))
    def end_member(self, data: st.DataObject, seconds: int) -> None:
        if self.model.members:
            key = data.draw(st.sampled_from(sorted(self.model.members)))
            self.tenant.end_member(key, instant(self.model.now + timedelta(seconds=seconds)))

    @rule(who=WRITER, segment=SEGMENT, person=PERSON, entity=ENTITY, drawn=LINK)
    def put_member(self, who: Who, segment: str, person: str, entity: str, drawn: Document) -> None:
        id = self.tenant.people[person]
        body = self.link(self.model.members, (segment, id, entity), drawn)
        path = f"/{segment}/customers/{id}" + (f"/{entity}" if entity else "")
        change = lambda: self.model.put_member(segment, id, entity, body)  # noqa: E731
        self.tenant.write(self.who(who), "PUT", path, change, body)

    @rule(
        who=WRITER,
        segment=SEGMENT,
        drawn=st.lists(st.tuples(PERSON, ENTITY, LINK), min_size=1, max_size=5),
    )
    def put_members(self, who: Who, segment: str, drawn: list[tuple[str, str, Document]]) -> None:
        bodies = []
        for person, entity, link in drawn:
            id = self.tenant.people[person]
            party = {"customerId": id, "legalEntityId": entity} if entity else {"customerId": id}
            bodies.append(party | self.link(self.model.members, (segment, id, entity), link))

        keys = [(segment, each["customerId"], each.get("legalEntityId", "")) for each in bodies]

        def change() -> list[int]:
            self.model.needs(segment)
            self.model.purge(keys)
            put = self.model.put_member
            return [code(put, *key, each) for key, each in zip(keys, bodies, strict=True)]

        self.tenant.write(self.who(who), "PUT", f"/{segment}/customers/bulk", change, bodies)

    @rule(who=WRITER, segment=SEGMENT, person=PERSON, entity=ENTITY)
    def delete_member(self, who: Who, segment: str, person: str, entity: str) -> None:
        id = self.tenant.people[person]
        path = f"/{segment}/customers/{id}" + (f"/{entity}" if entity else "")
        change = lambda: self.model.delete_member(segment, id, entity)  # noqa: E731
        self.tenant.write(self.who(who), "DELETE", path, change)

    @rule(who=WRITER, segment=SEGMENT, drawn=st.lists(st.tuples(PERSON, ENTITY), min_size=1, max_size=4))
    def delete_members(self, who: Who, segment: str, drawn: list[tuple[str, str]]) -> None:
        named = [(self.tenant.people[person], entity) for person, entity in drawn]
        # A second mention of an assignment finds nothing.
        keys = [*named, *named]
        bodies = [
            {"customerId": id, "legalEntityId": entity} if entity else {"customerId": id}
            for id, entity in keys
        ]

        def change() -> list[int]:
            self.model.needs(segment)
            self.model.purge((segment, *key) for key in keys)
            return [code(self.model.delete_member, segment, *key) for key in keys]

        self.tenant.write(self.who(who), "DELETE", f"/{segment}/customers/bulk", change, bodies)

    # Items

    @rule(who=WRITER, segment=SEGMENT, item=ITEM, drawn=LINK, lower=st.booleans())
    def put_item(self, who: Who, segment: str, item: tuple[str, str], drawn: Document, lower: bool) -> None:
        type, id = item
        body = self.link(self.model.items, (segment, type, id), drawn)
        path = f"/{segment}/items/{type.lower() if lower else type}/{id}"
        change = lambda: self.model.put_item(segment, type, id, body)  # noqa: E731
        self.tenant.write(self.who(who), "PUT", path, change, body)

    @rule(
        who=WRITER,
        segment=SEGMENT,
        type=st.sampled_from(["PRODUCT", "CATEGORY"]),
        drawn=st.lists(st.tuples(st.one_of(PRODUCT, CATEGORY), LINK), min_size=1, max_size=5),
    )
    def put_items(self, who: Who, segment: str, type: str, drawn: list[tuple[str, Document]]) -> None:
        bodies = [{"id": id, **self.link(self.model.items, (segment, type, id), link)} for id, link in drawn]

        def change() -> list[int]:
            self.model.needs(segment)
            return [code(self.model.put_item, segment, type, each["id"], each) for each in bodies]

        self.tenant.write(self.who(who), "PUT", f"/{segment}/items/{type}/bulk", change, bodies)

    @rule(who=WRITER, segment=SEGMENT, item=ITEM)
    def delete_item(self, who: Who, segment: str, item: tuple[str, str]) -> None:
        path = f"/{segment}/items/{item[0]}/{item[1]}"
        change = lambda: self.model.delete_item(segment, *item)  # noqa: E731
        self.tenant.write(self.who(who), "DELETE", path, change)

    @rule(
        who=WRITER,
        segment=SEGMENT,
        type=st.sampled_from(["PRODUCT", "CATEGORY"]),
        ids=st.lists(st.one_of(PRODUCT, CATEGORY), min_size=1, max_size=4),
    )
    def delete_items(self, who: Who, segment: str, type: str, ids: list[str]) -> None:
        def change() -> list[int]:
            self.model.needs(segment)
            return [code(self.model.delete_item, segment, type, id) for id in ids]

        self.tenant.write(self.who(who), "DELETE", f"/{segment}/items/{type}/bulk", change, ids)
