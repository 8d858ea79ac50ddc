"""Who sees what: every operation by every kind of caller, as the table in `support.visibility` says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from coterie.services.customer_segment.routes import SERVICE
from support.api import CUSTOMER_SCOPES, Api, Response, Server, new_tenant
from support.shop import SEGMENTS, Shop
from support.visibility import ALL, CALLERS, DONE, OPERATIONS, OWN, REFUSED, Operation

READ, READ_OWN, MANAGE = (f"customersegment.segment_{what}" for what in ("read", "read_own", "manage"))
EVERYTHING = {"home", "acme", "globex", "off", "later", "over", "lapsed", "other"}
# What is a caller's own, without `legalEntityId` and with that of globex.
OWN_OF = {
    "b2c": ({"home"}, {"home"}),
    "one": ({"home", "acme"}, {"home", "acme"}),
    "several": ({"home", "acme", "globex"}, {"home", "globex"}),
    "chosen": ({"home", "acme"}, {"home", "acme"}),
}
_MORE: dict[str, dict[str, Any]] = {
    "off": {"status": "INACTIVE"},
    "later": {"validity": {"from": "2999-01-01T00:00:00Z"}},
    "over": {"validity": {"to": "2020-01-01T00:00:00Z"}},
}


@dataclass
class World:
    """A tenant in which every customer is in each segment but `other`, his membership of `lapsed` expired.

    people: the customer of each kind of caller. callers: the client of each.
    """

    api: Api
    people: dict[str, str] = field(default_factory=dict)
    callers: dict[str, Api] = field(default_factory=dict)

    @classmethod
    def made(cls, server: Server) -> World:
        shop = Shop(new_tenant(server))
        world = cls(shop.api)
        shop.site("main")
        for company in ("acme", "globex"):
            shop.company(company)
        for name, companies in (("b2c", ()), ("one", ("acme",)), ("several", ("acme", "globex"))):
            world.people[name] = shop.customer(f"{name}@example.com")
            for company in companies:
                shop.contact(world.people[name], company)
        for id in sorted(EVERYTHING):
            shop.segment(id, **_MORE.get(id, {}))
            shop.item(id, shop.product(f"p-{id}"))
            shop.item(id, shop.category(f"c-{id}"), "CATEGORY")
            for person in world.people.values() if id != "other" else ():
                shop.member(id, person, id if id in ("acme", "globex") else None)
        for person in world.people.values():
            shop.expire("lapsed", person, "2020-01-01T00:00:00.000Z")
        world.callers = {
            "manager": shop.api.with_scopes(READ, MANAGE),
            "reader": shop.api.with_scopes(READ),
            **{name: shop.api.as_customer(id) for name, id in world.people.items()},
            "chosen": shop.api.as_customer(world.people["several"], "acme"),
            "guest": shop.api.as_anonymous(),
        }
        world.people["chosen"] = world.people["several"]
        return world


_WORLDS: dict[str, World] = {}


@pytest.fixture
def world(server: Server) -> World:
    """One for each engine, which the reads share."""
    if server.engine not in _WORLDS:
        _WORLDS[server.engine] = World.made(server)
    return _WORLDS[server.engine]


# How the segments that a caller sees are read off the answers of each reading operation. A probe gives the answer of
# each request beside what is visible by it.

Probe = Callable[[Api, str], list[tuple[Response, set[str]]]]


def _listed(method: str, path: str, id_of: Callable[[Any], str]) -> Probe:
    def probe(api: Api, query: str) -> list[tuple[Response, set[str]]]:
        body = {"q": ""} if method == "POST" else None
        answer = api.request(method, f"{path}{'&' if '?' in path else '?'}pageSize=100{query}", body)
        return [(answer, {id_of(each) for each in answer.json} if answer.status == 200 else set())]

    return probe


def _each(method: str, tail: str) -> Probe:
    """The operation on every segment; a segment is visible when the answer is 200 and holds what it should."""

    def probe(api: Api, query: str) -> list[tuple[Response, set[str]]]:
        found = []
        for id in sorted(EVERYTHING):
            path = f"{SEGMENTS}/{id}{tail.replace('{segment}', id)}?pageSize=100{query}"
            answer = api.request(method, path, {"q": ""} if method == "POST" else None)
            found.append((answer, {id} if answer.status == 200 and answer.json else set()))
        return found

    return probe


def _category(node: dict[str, Any]) -> str:
    return str(node["id"]).removeprefix("c-")


def _probe(operation: Operation, world: World) -> tuple[Probe, set[str]]:
    """How an operation is probed, and what is all of it."""
    method, path = operation.method, operation.path
    one = world.people["one"]
    of_one = EVERYTHING - {"other", "lapsed"}
    probes: dict[tuple[str, str], tuple[Probe, set[str]]] = {
        ("GET", "/segments"): (_listed("GET", SEGMENTS, lambda row: row["id"]), EVERYTHING),
        ("GET", "/segments?customerId"): (
            _listed("GET", f"{SEGMENTS}?customerId={one}", lambda row: row["id"]),
            of_one - {"globex"},
        ),
        ("POST", "/segments/search"): (_listed("POST", f"{SEGMENTS}/search", lambda r: r["id"]), EVERYTHING),
        ("POST", "/segments/search?customerId"): (
            _listed("POST", f"{SEGMENTS}/search?customerId={one}", lambda row: row["id"]),
            of_one - {"globex"},
        ),
        ("GET", "/segments/items"): (
            _listed("GET", f"{SEGMENTS}/items", lambda row: row["segmentId"]),
            EVERYTHING,
        ),
        ("GET", "/segments/items/category-trees"): (
            _listed("GET", f"{SEGMENTS}/items/category-trees", _category),
            EVERYTHING,
        ),
    }
    if (method, path) in probes:
        return probes[method, path]
    tail = path.removeprefix("/segments/{segmentId}")
    tail = tail.replace("{type}/{itemId}", "PRODUCT/p-{segment}")
    ids = EVERYTHING
    if tail.endswith("{legalEntityId}"):
        tail, ids = tail.replace("{legalEntityId}", "{segment}"), {"acme", "globex"}
    elif tail.endswith("{customerId}"):
        ids = of_one - {"acme", "globex"}
    elif "/customers" in tail:
        ids = of_one
    return _each(method, tail.replace("{customerId}", one)), ids


READS = [each for each in OPERATIONS if DONE not in each.answers]
WRITES = [each for each in OPERATIONS if DONE in each.answers]


def _name(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def test_the_table_has_every_operation() -> None:
    rows = {(row.method, row.path) for row in SERVICE.rows if not row.extension}
    assert len(rows) == 30
    assert {(each.method, each.path.removesuffix("?customerId")) for each in OPERATIONS} == rows
    assert {len(each.answers) for each in OPERATIONS} == {len(CALLERS)}


@pytest.mark.parametrize("operation", READS, ids=_name)
def test_what_each_caller_reads(world: World, operation: Operation) -> None:
    probe, everything = _probe(operation, world)
    with world.api.unchanged():
        for (name, caller), word in zip(_callers(world), operation.answers, strict=True):
            for at, query in enumerate(("", "&legalEntityId=globex")):
                answers = probe(caller, query)
                seen = set().union(*(ids for _, ids in answers))
                if word == REFUSED:
                    assert {answer.status for answer, _ in answers} == {403}, name
                    continue
                expected = everything if word == ALL else OWN_OF[name][at]
                assert seen == expected, (name, query)
                for answer, ids in answers:
                    if not ids and word == OWN and len(answers) > 1:
                        assert answer.status == 404, (name, query)


def _callers(world: World) -> list[tuple[str, Api]]:
    return [(name, world.callers[name]) for name in CALLERS]


def test_a_customer_reads_no_other_customers_assignments(world: World) -> None:
    for name in OWN_OF:
        for query in ("", "?legalEntityId=globex"):
            rows = world.callers[name].get(f"{SEGMENTS}/home/customers{query}").json
            assert [row["customer"]["id"] for row in rows] == [world.people[name]]
    rows = world.callers["several"].get(f"{SEGMENTS}/globex/customers").json
    assert [row["legalEntity"]["id"] for row in rows] == ["globex"]
    rows = world.callers["reader"].get(f"{SEGMENTS}/home/customers").json
    assert len(rows) == 3


_SEGMENT = {"name": {"en": "x"}, "siteCode": "main"}
_BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/segments/match"): {"items": [{"id": "p-1"}], "segmentIds": ["s1"], "site": "main"},
    ("POST", "/segments"): {"id": "new", **_SEGMENT},
    ("PUT", "/segments/{segmentId}"): _SEGMENT,
    ("PATCH", "/segments/{segmentId}"): {"status": "INACTIVE"},
    ("POST", "/segments/bulk"): [{"id": "new", **_SEGMENT}],
    ("PUT", "/segments/bulk"): [{"id": "s1", **_SEGMENT}],
    ("DELETE", "/segments/bulk"): ["s2"],
}


@pytest.fixture
def small(api: Api) -> tuple[Api, dict[str, str]]:
    """A tenant with two segments, the first with a customer, a contact, and a product; and its path parameters."""
    shop = Shop(api)
    shop.site("main")
    shop.product("p-1")
    shop.product("p-2")
    person = shop.customer("ada@example.com")
    shop.contact(person, shop.company("acme"))
    for id in ("s1", "s2"):
        shop.segment(id)
    shop.member("s1", person)
    shop.member("s1", person, "acme")
    shop.item("s1", "p-1")
    return api, {"segmentId": "s1", "customerId": person, "legalEntityId": "acme", "type": "PRODUCT"}


@pytest.mark.parametrize("operation", WRITES, ids=_name)
def test_who_may_change(small: tuple[Api, dict[str, str]], operation: Operation) -> None:
    api, values = small
    person = values["customerId"]
    clients = {
        "manager": api.with_scopes(READ, MANAGE),
        "reader": api.with_scopes(READ),
        "b2c": api.as_customer(person),
        "one": api.as_customer(person),
        "several": api.as_customer(person),
        "chosen": api.as_customer(person, "acme"),
        "guest": api.as_anonymous(),
    }
    method, path = operation.method, operation.path
    body = _BODIES.get((method, path))
    if body is None and path.endswith("/bulk"):
        item: Any = {"customerId": person} if "/customers" in path else {"id": "p-1"}
        body = ["p-1"] if (method, "type" in path) == ("DELETE", True) else [item]
    target = (
        path.replace("/{segmentId}", "/s2") if (method, path) == ("DELETE", "/segments/{segmentId}") else path
    )
    for name, value in {**values, "itemId": "p-1"}.items():
        target = target.replace(f"{{{name}}}", value)
    order = sorted(zip(CALLERS, operation.answers, strict=True), key=lambda pair: pair[1] == DONE)
    for name, word in order:
        if word == REFUSED:
            with api.unchanged():
                assert (
                    clients[name].request(method, f"/customer-segment/{{tenant}}{target}", body).status == 403
                )
            continue
        before = (api.snapshot(), api.get(f"{SEGMENTS}/s1").json, api.get(f"{SEGMENTS}/s1/customers").json)
        answer = clients[name].request(method, f"/customer-segment/{{tenant}}{target}", body)
        assert answer.status in (200, 201, 204, 207), answer.json
        if answer.status == 207:
            assert all(each["code"] in (201, 204) for each in answer.json)
        after = (api.snapshot(), api.get(f"{SEGMENTS}/s1").json, api.get(f"{SEGMENTS}/s1/customers").json)
        items = api.get(f"{SEGMENTS}/s1/items").json
        versions = [item["metadata"]["version"] for item in items]
        assert before != after or versions == [2] or path.endswith("/match")


def test_of_both_read_scopes_the_broader_wins_but_for_the_storefront(world: World) -> None:
    both = world.api.as_customer(world.people["b2c"], scopes=CUSTOMER_SCOPES | {READ})
    assert {each["id"] for each in both.get(SEGMENTS).json} == EVERYTHING
    assert both.get(f"{SEGMENTS}/off").status == 200
    active = EVERYTHING - {"off", "later", "over"}
    for query in ("", "?onlyActive=false", "?onlyActive=true"):
        assert {each["segmentId"] for each in both.get(f"{SEGMENTS}/items{query}").json} == active
    assert [each["id"] for each in both.get(f"{SEGMENTS}/items/category-trees").json] == ["c-home"]


def test_the_own_scope_without_a_customer_sees_nothing(world: World) -> None:
    nobody = world.api.with_scopes(READ_OWN)
    for path in ("", "/items", "/items/category-trees"):
        assert nobody.get(SEGMENTS + path).json == []
    for path in ("", "/customers", "/items", "/items/PRODUCT/p-home"):
        assert nobody.get(f"{SEGMENTS}/home{path}").status == 404


@pytest.mark.parametrize(
    "tail", ["", "/customers", "/items", "/items/PRODUCT/p-off", "/items/THING/x", "/items?q=bad"]
)
def test_a_hidden_segment_answers_as_one_that_is_not_there(world: World, tail: str) -> None:
    mine = world.callers["b2c"]
    absent = mine.get(f"{SEGMENTS}/none{tail}")
    assert absent.status == 404
    for id in EVERYTHING - {"home"}:
        hidden = mine.get(f"{SEGMENTS}/{id}{tail}")
        assert (hidden.status, hidden.body) == (404, absent.body.replace(b"none", id.encode()))
