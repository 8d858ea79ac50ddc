"""The nine events: their payloads, one for each change and none for what changed nothing, in order for each segment."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from coterie.kit import tables
from coterie.kit.outbox import entries
from support.api import Api
from support.shop import SEGMENTS, Shop

GOLD = f"{SEGMENTS}/gold"
MIXIN = {"plan": {"level": 1}}
SEGMENT: dict[str, Any] = {
    "name": {"en": "Gold", "de": "Gold (de)"},
    "description": {"en": "The best"},
    "validity": {"from": "2024-04-17T08:00:00.000Z", "to": "2034-04-17T08:00:00.000Z"},
    "status": "ACTIVE",
    "siteCode": "main",
}


class Feed:
    """The events of the segment service since the last look, without their prefix."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.seen = 0

    def _told(self) -> list[tuple[Any, dict[str, Any]]]:
        outbox = tables.outbox.c
        mine = (outbox.tenant == self.api.tenant, outbox.type.like("customer-segment.%"))

        async def read() -> list[tuple[Any, dict[str, Any]]]:
            async with self.api.server.runtime.database.reading() as session:
                rows = await session.all(select(tables.outbox).where(*mine).order_by(outbox.id))
            return [(row, payload) for row in rows for _, payload in entries(row.payload)]

        return self.api.run(read())

    def new(self) -> list[dict[str, Any]]:
        told = self._told()
        found, self.seen = told[self.seen :], len(told)
        for row, payload in found:
            assert payload["tenant"] == self.api.tenant
            # An item's payload has a `type` of its own, so the event's stands beside it.
            assert row.subject == f"customer-segment:{payload.get('segmentId') or payload['id']}"
            assert not row.internal
        return [
            {
                "event": row.type.removeprefix("customer-segment."),
                **{name: value for name, value in payload.items() if name != "tenant"},
            }
            for row, payload in found
        ]

    def types(self) -> list[str]:
        return [each["event"] for each in self.new()]


@pytest.fixture
def feed(shop: Shop) -> Feed:
    """Of the shop, in which the segment gold was just created."""
    feed = Feed(shop.api)
    assert shop.api.post(SEGMENTS, {"id": "gold", **SEGMENT, "mixins": MIXIN}).status == 201
    return feed


def _without_instants(event: dict[str, Any]) -> dict[str, Any]:
    metadata = dict(event["metadata"])
    assert metadata.pop("createdAt") <= metadata.pop("modifiedAt")
    return {**event, "metadata": metadata}


def test_the_payloads_of_a_segments_events(shop: Shop, feed: Feed) -> None:
    (created,) = feed.new()
    stored = shop.api.get(GOLD).json
    assert created["metadata"] == stored["metadata"]
    assert _without_instants(created) == {
        "event": "segment-created",
        "id": "gold",
        **SEGMENT,
        "metadata": {"version": 1},
    }
    shop.api.patch(GOLD, {"status": "INACTIVE"})
    shop.api.patch(GOLD, {"description": None})
    shop.api.put(GOLD, {**SEGMENT, "mixins": MIXIN})
    off, shorter, on = feed.new()
    changed = {"event": "segment-updated", "id": "gold", **SEGMENT, "mixins": MIXIN}
    assert _without_instants(off) == {
        **changed,
        "status": "INACTIVE",
        "previousStatus": "ACTIVE",
        "metadata": {"version": 2},
    }
    assert (shorter["previousStatus"], shorter["status"], "description" in shorter) == (
        "INACTIVE",
        "INACTIVE",
        False,
    )
    assert _without_instants(on) == {**changed, "previousStatus": "INACTIVE", "metadata": {"version": 4}}
    assert on["metadata"] == shop.api.get(GOLD).json["metadata"]
    shop.api.delete(GOLD)
    assert feed.new() == [{"event": "segment-deleted", "id": "gold"}]


@pytest.mark.parametrize("company", [None, "acme"])
def test_the_payloads_of_a_customers_events(shop: Shop, feed: Feed, company: str | None) -> None:
    feed.new()
    ada, _ = shop.customer("ada@example.com"), shop.company("acme")
    path = f"{GOLD}/customers/{ada}" + (f"/{company}" if company else "")
    shop.api.put(path, {})
    stored = shop.api.get(path).json
    shop.api.put(path, {"mixins": MIXIN})
    changed = shop.api.get(path).json
    shop.api.delete(path)
    created, updated, deleted = feed.new()
    parties: dict[str, Any] = {
        "customer": {"id": ada, "firstName": "Ada", "lastName": "Ada", "email": "ada@example.com"},
        **({"legalEntity": {"id": "acme", "name": "Acme GmbH"}} if company else {}),
    }
    assert created == {"event": "customer-assignment-created", "segmentId": "gold", **stored}
    assert _without_instants(created) == {
        "event": "customer-assignment-created",
        "segmentId": "gold",
        **parties,
        "assignmentType": "MANUAL",
        "metadata": {"version": 1},
    }
    assert updated == {"event": "customer-assignment-updated", "segmentId": "gold", **changed}
    assert (updated["mixins"], updated["metadata"]["version"]) == (MIXIN, 2)
    entity = {"legalEntityId": company} if company else {}
    assert deleted == {
        "event": "customer-assignment-deleted",
        "segmentId": "gold",
        "customerId": ada,
        **entity,
    }


@pytest.mark.parametrize("type_", ["PRODUCT", "CATEGORY"])
def test_the_payloads_of_an_items_events(shop: Shop, feed: Feed, type_: str) -> None:
    feed.new()
    (shop.product if type_ == "PRODUCT" else shop.category)("x1")
    path = f"{GOLD}/items/{type_}/x1"
    shop.api.put(path, {}, accept_language="de")
    stored = shop.api.get(path).json
    shop.api.put(path, {"mixins": MIXIN})
    changed = shop.api.get(path).json
    shop.api.delete(path)
    created, updated, deleted = feed.new()
    assert created == {"event": "item-assignment-created", **stored}
    assert set(created) == {"event", "segmentId", "item", "type", "metadata"}
    assert updated == {"event": "item-assignment-updated", **changed}
    assert updated["mixins"] == MIXIN
    assert deleted == {"event": "item-assignment-deleted", "segmentId": "gold", "itemId": "x1", "type": type_}


def test_what_changes_nothing_says_nothing(shop: Shop, feed: Feed) -> None:
    ada = shop.customer("ada@example.com")
    shop.contact(ada, shop.company("acme"))
    shop.product("p1")
    steps: list[tuple[str, str, Any]] = [
        ("PUT", GOLD, {**SEGMENT, "mixins": MIXIN}),
        ("PUT", f"{SEGMENTS}/bulk", [{"id": "gold", **SEGMENT, "mixins": MIXIN}] * 2),
        ("PUT", f"{GOLD}/customers/{ada}", {"mixins": MIXIN}),
        ("PUT", f"{GOLD}/customers/{ada}/acme", {}),
        (
            "PUT",
            f"{GOLD}/customers/bulk",
            [{"customerId": ada, "mixins": MIXIN}, {"customerId": ada, "legalEntityId": "acme"}],
        ),
        ("PUT", f"{GOLD}/items/PRODUCT/p1", {}),
        ("PUT", f"{GOLD}/items/PRODUCT/bulk", [{"id": "p1"}, {"id": "p1"}]),
    ]
    for method, path, body in steps:
        shop.api.request(method, path, body)
    feed.new()
    version = shop.api.get(GOLD).json["metadata"]["version"]
    for method, path, body in steps:
        assert shop.api.request(method, path, body).status in (204, 207)
    shop.api.patch(GOLD, {"status": "ACTIVE"})
    shop.api.patch(GOLD, [])
    shop.api.patch(GOLD, [{"op": "test", "path": "/status", "value": "ACTIVE"}])
    assert feed.new() == []
    assert shop.api.get(GOLD).json["metadata"]["version"] > version


def test_what_is_refused_says_nothing(shop: Shop, feed: Feed) -> None:
    shop.member("gold", shop.customer("ada@example.com"))
    feed.new()
    with shop.api.unchanged():
        shop.api.put(f"{SEGMENTS}/bulk", [{"id": "gold", **SEGMENT, "metadata": {"version": 9}}, {"id": "x"}])
        shop.api.post(f"{SEGMENTS}/bulk", [{"id": "gold", **SEGMENT}])
        shop.api.delete(f"{SEGMENTS}/bulk", ["gold", "none"])
        shop.api.put(f"{GOLD}/customers/bulk", [{"customerId": "nobody"}])
        shop.api.delete(f"{GOLD}/customers/bulk", [{"customerId": "nobody"}])
        shop.api.put(f"{GOLD}/items/PRODUCT/bulk", [{"id": "none"}])
        shop.api.delete(f"{GOLD}/items/PRODUCT/bulk", ["none"])


def test_each_change_of_a_bulk_says_so_once_and_in_order(shop: Shop, feed: Feed) -> None:
    feed.new()
    body = [
        {"id": "a", **SEGMENT},
        {"id": "a", **SEGMENT, "status": "INACTIVE"},
        {"id": "a", **SEGMENT, "status": "INACTIVE"},
        {"id": "gold", **SEGMENT},
        {"id": "a", **SEGMENT},
    ]
    assert [each["code"] for each in shop.api.put(f"{SEGMENTS}/bulk", body).json] == [201, 204, 204, 204, 204]
    of_a = [each for each in feed.new() if each["id"] == "a"]
    assert [
        (each["event"], each.get("previousStatus"), each["status"], each["metadata"]["version"])
        for each in of_a
    ] == [
        ("segment-created", None, "ACTIVE", 1),
        ("segment-updated", "ACTIVE", "INACTIVE", 2),
        ("segment-updated", "INACTIVE", "ACTIVE", 4),
    ]
    ada = shop.customer("ada@example.com")
    members = [
        {"customerId": ada},
        {"customerId": ada, "mixins": MIXIN},
        {"customerId": ada, "mixins": MIXIN},
    ]
    shop.api.put(f"{GOLD}/customers/bulk", members)
    assert feed.types() == ["customer-assignment-created", "customer-assignment-updated"]
    shop.product("p1")
    shop.api.put(f"{GOLD}/items/PRODUCT/bulk", [{"id": "p1"}, {"id": "p1", "mixins": MIXIN}])
    assert feed.types() == ["item-assignment-created", "item-assignment-updated"]
    shop.api.delete(f"{GOLD}/customers/bulk", [{"customerId": ada}, {"customerId": ada}])
    shop.api.delete(f"{GOLD}/items/PRODUCT/bulk", ["p1", "p1"])
    assert feed.types() == ["customer-assignment-deleted", "item-assignment-deleted"]


def test_all_nine_events_of_a_segment_are_of_one_subject(shop: Shop, feed: Feed) -> None:
    ada = shop.customer("ada@example.com")
    shop.member("gold", ada)
    shop.item("gold", shop.product("p1"))
    shop.api.put(f"{GOLD}/items/PRODUCT/p1", {"mixins": MIXIN})
    shop.api.put(f"{GOLD}/customers/{ada}", {"mixins": MIXIN})
    shop.api.patch(GOLD, {"status": "INACTIVE"})
    shop.api.delete("/product/{tenant}/products/p1")
    shop.api.delete(f"/customer/{{tenant}}/customers/{ada}")
    shop.api.delete(GOLD)
    assert len(set(feed.types())) == 9
