"""The instant of the request: a window that opens or closes, a membership that ends, change the very next answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from coterie.app import App
from coterie.kit.clock import iso
from support.api import Api, Server
from support.shop import SEGMENTS, Shop

GOLD, COUPONS = f"{SEGMENTS}/gold", "/coupon/{tenant}/coupons"
TICK = timedelta(milliseconds=1)
CREATED, UPDATED, DELETED = (
    f"customer-segment.customer-assignment-{what}" for what in ("created", "updated", "deleted")
)
Stand = Callable[[datetime], None]


@pytest.fixture
def stand_at(server: Server, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Stops the server's clock at an instant."""

    def stop(instant: datetime) -> None:
        monkeypatch.setattr(server.runtime.clock, "now", lambda: instant)

    return stop


class Gold(Shop):
    """A shop with the segment gold, a product and a category in it, a coupon for it, and the member ada."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self.site()
        self.segment("gold")
        self.item("gold", self.product("p1"))
        self.item("gold", self.category("c1"), "CATEGORY")
        self.categorise("c1", self.product("p2"))
        restricted = {"segmentRestricted": True, "restrictions": {"segments": ["gold"]}}
        self._made(
            "POST",
            COUPONS,
            {"code": "A", "name": "A", "discountType": "PERCENT", "discountPercentage": 10, **restricted},
        )
        self.ada = self.customer("ada@example.com")
        self.member("gold", self.ada)
        self.mine = api.as_customer(self.ada)
        self.reader = api.with_scopes("customersegment.segment_read")

    def own(self) -> dict[str, bool]:
        """Whether each read of the customer's shows him the segment."""
        money = {"amount": 10, "currency": "EUR"}
        order = {"orderTotal": money, "discount": {"amount": 1, "currency": "EUR"}}
        mine = self.mine
        answers = {
            "list": mine.get(SEGMENTS),
            "sorted list": mine.get(f"{SEGMENTS}?sort=id:desc"),
            "search": mine.post(f"{SEGMENTS}/search", {"q": "id:gold"}),
            "get": mine.get(GOLD),
            "customers": mine.get(f"{GOLD}/customers"),
            "items": mine.get(f"{GOLD}/items"),
            "items search": mine.post(f"{GOLD}/items/search", {"q": "type:PRODUCT"}),
            "item": mine.get(f"{GOLD}/items/PRODUCT/p1"),
            "all items": mine.get(f"{SEGMENTS}/items"),
            "all items of a type": mine.get(f"{SEGMENTS}/items?q=type:CATEGORY"),
            "all items sorted": mine.get(f"{SEGMENTS}/items?sort=item.code&siteCode=main"),
            "all items counted": mine.get(f"{SEGMENTS}/items", x_total_count="true"),
            "trees": mine.get(f"{SEGMENTS}/items/category-trees"),
            "trees of a site": mine.get(f"{SEGMENTS}/items/category-trees?siteCode=main"),
            "coupon validation": mine.post(f"{COUPONS}/A/validation", order),
            "coupon redemption": mine.post(f"{COUPONS}/A/redemptions", order),
        }
        for name, answer in answers.items():
            assert answer.status in (200, 201, 400, 404), (name, answer.json)
        return {
            name: answer.status < 300 and (answer.json != [] or name.startswith("coupon"))
            for name, answer in answers.items()
        }

    def active(self) -> dict[str, bool]:
        """Whether each read of a manager's that looks at active segments only finds this one."""
        asked = {"items": [{"id": "p1"}, {"id": "p2"}], "segmentIds": ["gold"], "site": "main"}
        return {
            "match": self.api.post(f"{SEGMENTS}/match", asked).json == [{"id": "p1"}, {"id": "p2"}],
            "active items": self.reader.get(f"{SEGMENTS}/items?onlyActive=true").json != [],
        }

    def members(self) -> dict[str, bool]:
        """Whether each read of a manager's shows the membership."""
        return {
            "list": self.api.get(f"{GOLD}/customers").json != [],
            "count": self.api.get(f"{GOLD}/customers", x_total_count="true").headers["x-total-count"] != "0",
            "search": self.api.post(f"{GOLD}/customers/search", {"q": "assignmentType:MANUAL"}).json != [],
            "get": self.api.get(f"{GOLD}/customers/{self.ada}").status == 200,
            "segments of": self.api.get(f"{SEGMENTS}?customerId={self.ada}").json != [],
            "search of": self.api.post(f"{SEGMENTS}/search?customerId={self.ada}", {"q": ""}).json != [],
        }


@pytest.fixture
def gold(api: Api) -> Gold:
    """Once on each engine."""
    return Gold(api)


def _all(found: dict[str, bool], expected: bool) -> None:
    assert found == dict.fromkeys(found, expected)


def test_a_window_that_opens_and_closes_changes_every_read(gold: Gold, stand_at: Stand) -> None:
    now = gold.api.server.runtime.clock.now()
    start, end = now + timedelta(seconds=10), now + timedelta(seconds=20)
    gold.api.patch(GOLD, {"validity": {"from": iso(start), "to": iso(end)}})
    for instant, expected in [(start - TICK, False), (start, True), (end - TICK, True), (end, False)]:
        stand_at(instant)
        _all(gold.own(), expected)
        _all(gold.active(), expected)
        _all(gold.members(), True)
    assert gold.api.get(GOLD).json["status"] == "ACTIVE"


def test_a_status_that_changes_does_so_too(gold: Gold) -> None:
    for status, expected in (("ACTIVE", True), ("INACTIVE", False), ("ACTIVE", True)):
        gold.api.patch(GOLD, {"status": status})
        _all(gold.own(), expected)
        _all(gold.active(), expected)


def test_an_operator_may_leave_windows_out_of_account(gold: Gold, monkeypatch: pytest.MonkeyPatch) -> None:
    gold.api.patch(GOLD, {"validity": {"to": "2020-01-01T00:00:00Z"}})
    _all(gold.own(), False)
    server = gold.api.server
    off = replace(server.settings, segment_validity=False)
    monkeypatch.setattr(server, "app", App(replace(server.runtime, settings=off)))
    _all(gold.own(), True)
    _all(gold.active(), True)


def test_a_membership_that_ends_counts_nowhere(gold: Gold, stand_at: Stand) -> None:
    end = gold.api.server.runtime.clock.now() + timedelta(seconds=10)
    gold.expire("gold", gold.ada, iso(end))
    for instant, expected in [(end - TICK, True), (end, False)]:
        stand_at(instant)
        _all(gold.own(), expected)
        _all(gold.members(), expected)
        _all(gold.active(), True)


@pytest.fixture
def lapsed(gold: Gold) -> Gold:
    """The same, where ada's membership has ended."""
    gold.api.put(f"{GOLD}/customers/{gold.ada}", {"mixins": {"old": {"a": 1}}})
    gold.expire("gold", gold.ada, iso(gold.api.server.runtime.clock.now()))
    return gold


def _since(api: Api, before: list[dict[str, Any]]) -> list[str]:
    """The types of the events since, but for those that only the server itself hears."""
    return [each["type"] for each in api.events()[len(before) :] if not each["type"].endswith("-expired")]


def test_a_put_over_an_ended_membership_creates_it(lapsed: Gold) -> None:
    path, before = f"{GOLD}/customers/{lapsed.ada}", lapsed.api.events()
    assert lapsed.api.put(path, {"metadata": {"version": 7}}).status == 201
    read = lapsed.api.get(path).json
    assert read["metadata"]["version"] == 1
    assert read["metadata"]["createdAt"] == read["metadata"]["modifiedAt"]
    assert (read["assignmentType"], "mixins" in read) == ("MANUAL", False)
    assert _since(lapsed.api, before) == [CREATED]
    _all(lapsed.own(), True)


def test_a_bulk_put_over_ended_memberships_creates_them(lapsed: Gold) -> None:
    bob = lapsed.customer("bob@example.com")
    lapsed.company("acme")
    lapsed.member("gold", bob, "acme")
    lapsed.expire("gold", bob, "2020-01-01T00:00:00.000Z", "acme")
    before = lapsed.api.events()
    body = [
        {"customerId": lapsed.ada},
        {"customerId": bob, "legalEntityId": "acme"},
        {"customerId": lapsed.ada},
    ]
    answer = lapsed.api.put(f"{GOLD}/customers/bulk", body).json
    assert [each["code"] for each in answer] == [201, 201, 204]
    assert _since(lapsed.api, before) == [CREATED, CREATED]
    assert len(lapsed.api.get(f"{GOLD}/customers").json) == 2


def test_an_ended_membership_can_not_be_removed(lapsed: Gold) -> None:
    with lapsed.api.unchanged():
        assert lapsed.api.delete(f"{GOLD}/customers/{lapsed.ada}").status == 404
    before = lapsed.api.events()
    answer = lapsed.api.delete(f"{GOLD}/customers/bulk", [{"customerId": lapsed.ada}]).json
    assert [each["code"] for each in answer] == [404]
    assert _since(lapsed.api, before) == []


def test_what_takes_an_ended_membership_along_says_so(lapsed: Gold) -> None:
    other = lapsed.segment("silver")
    lapsed.member(other, lapsed.ada)
    lapsed.expire(other, lapsed.ada, "2020-01-01T00:00:00.000Z")
    assert lapsed.api.delete(f"{GOLD}?forceDelete=true").status == 204
    assert lapsed.api.delete(f"/customer/{{tenant}}/customers/{lapsed.ada}").status == 202
    assert lapsed.api.snapshot()["customer_segment_member"] == 0
    assert [each["segmentId"] for each in lapsed.api.events(DELETED)] == ["gold", other]


def test_a_put_by_hand_over_a_membership_that_will_end_makes_it_last(gold: Gold, stand_at: Stand) -> None:
    end = gold.api.server.runtime.clock.now() + timedelta(seconds=10)
    gold.expire("gold", gold.ada, iso(end))
    assert gold.api.put(f"{GOLD}/customers/{gold.ada}", {}).status == 204
    stand_at(end)
    _all(gold.own(), True)
