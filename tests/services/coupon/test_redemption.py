"""Redemptions over HTTP: every rule, the counts under concurrency, and who may read them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from coterie.kit.clock import iso
from coterie.services.coupon.operations import redemptions
from support.api import Api, Response, Server, new_tenant

from .conftest import COUPONS, CouponShop, fields, order, types

VALIDATION, REDEMPTIONS = f"{COUPONS}/A/validation", f"{COUPONS}/A/redemptions"


def refused(api: Api, body: dict[str, Any]) -> list[str]:
    """The rules that refuse a redemption, and its validation alike; neither changes anything."""
    with api.unchanged():
        found = types(api.post(REDEMPTIONS, body))
        assert types(api.post(VALIDATION, body)) == found
    return found


def redeemed(api: Api, body: dict[str, Any]) -> str:
    """The id of a redemption that validates first, which changes nothing."""
    with api.unchanged():
        valid = api.post(VALIDATION, body)
        assert (valid.status, valid.body) == (200, b"")
    created = api.post(REDEMPTIONS, body)
    assert created.status == 201, created.json
    id: str = created.json["id"]
    assert created.json["yrn"] == f"urn:yaas:hybris:coupon:redemption:{api.tenant};{id}"
    return id


def test_a_redemption_is_read_as_it_was_made(api: Api, shop: CouponShop) -> None:
    shop.customer("C1")
    shop.company("acme", "C1")
    shop.coupon("A")
    body = order("1090.50", 5, orderCode="O-1", legalEntityId="acme")
    id = redeemed(api.as_customer("C1"), body)
    found = api.get(f"{REDEMPTIONS}/{id}").json
    assert found.pop("redeemedAt").endswith("Z")
    assert found == {
        "id": id,
        "code": "A",
        "customerNumber": "C1",
        "legalEntityId": "acme",
        "orderCode": "O-1",
        "orderTotal": {"amount": 1090.5, "currency": "EUR"},
        "discount": {"amount": 5, "currency": "EUR"},
    }
    assert api.get(f"{COUPONS}/A").json["redemptionCount"] == 1
    assert [event["id"] for event in api.events("coupon.redeemed")] == [id]
    assert api.get(f"{COUPONS}/A").json["metadata"] == {"version": 0}


# The rules


def test_a_coupon_has_its_time(
    api: Api, shop: CouponShop, server: Server, stand_at: Callable[[datetime], None]
) -> None:
    start = server.runtime.clock.now() + timedelta(minutes=1)
    end, moment = start + timedelta(minutes=1), timedelta(milliseconds=1)
    window = {"validFrom": iso(start), "validUntil": iso(end)}
    shop.coupon("A", allowAnonymous=True, restrictions=window)
    stand_at(start - moment)
    assert refused(api, order()) == ["coupon_not_yet_valid"]
    stand_at(start)
    redeemed(api, order())
    stand_at(end - moment)
    redeemed(api, order())
    stand_at(end)
    assert refused(api, order()) == ["coupon_expired"]


def test_a_coupon_is_used_up(api: Api, shop: CouponShop) -> None:
    shop.coupon("A", allowAnonymous=True, maxRedemptions=2)
    redeemed(api, order())
    redeemed(api, order())
    assert refused(api, order()) == ["coupon_used_up"]
    assert api.get(f"{COUPONS}/A").json["status"] == "USED"
    assert api.patch(f"{COUPONS}/A", {"maxRedemptions": 3}).status == 200
    redeemed(api, order())


def test_guests_need_leave(api: Api, shop: CouponShop) -> None:
    shop.customer("C1")
    shop.coupon("A")
    assert refused(api.as_anonymous(), order()) == ["anonymous_not_allowed"]
    assert api.patch(f"{COUPONS}/A", {"allowAnonymous": True}).status == 200
    id = redeemed(api.as_anonymous(), order())
    assert "customerNumber" not in api.get(f"{REDEMPTIONS}/{id}").json


def test_a_coupon_may_be_for_some_customers(api: Api, shop: CouponShop) -> None:
    shop.customer("C1"), shop.customer("C2")
    shop.coupon("A", restrictions={"validFor": ["C1"]})
    assert refused(api.as_customer("C2"), order()) == ["not_assigned_to_customer"]
    redeemed(api.as_customer("C1"), order())


def test_a_customer_redeems_so_often(api: Api, shop: CouponShop) -> None:
    shop.customer("C1"), shop.customer("C2")
    shop.coupon("A", maxRedemptionsPerCustomer=1)
    redeemed(api.as_customer("C1"), order())
    assert refused(api.as_customer("C1"), order()) == ["coupon_customer_limit"]
    redeemed(api.as_customer("C2"), order())


def test_a_customer_redeems_so_often_for_each_company(api: Api, shop: CouponShop) -> None:
    shop.customer("C1"), shop.customer("C2")
    shop.company("acme", "C1", "C2"), shop.company("other", "C1")
    shop.coupon("A", maxRedemptionsPerCustomer=1)
    customer = api.as_customer("C1")
    redeemed(customer, order())
    redeemed(customer, order(legalEntityId="acme"))
    assert refused(customer, order(legalEntityId="acme")) == ["coupon_customer_limit"]
    redeemed(api.as_customer("C1", "other"), order())
    redeemed(api.as_customer("C2"), order())  # for acme, his only company
    assert refused(api.as_customer("C2"), order(legalEntityId="acme")) == ["coupon_customer_limit"]
    found = api.get(f"{COUPONS}/A").json
    assert found["redemptionCount"] == 4
    assert found["legalEntityRedemptions"] == [
        {"legalEntityId": "acme", "count": 2},
        {"legalEntityId": "other", "count": 1},
    ]


def test_nobody_acts_for_a_company_that_is_not_his(api: Api, shop: CouponShop) -> None:
    shop.customer("C1"), shop.customer("C2")
    shop.company("acme", "C1"), shop.company("other", "C2")
    shop.coupon("A", allowAnonymous=True)
    for caller in (api.as_customer("C1"), api.as_customer("C1", "acme"), api.as_anonymous()):
        assert refused(caller, order(legalEntityId="other")) == ["legal_entity_not_assigned"]
    for_another = api.with_scopes("coupon.coupon_redeem_on_behalf")
    body = order(customerNumber="C1", legalEntityId="other")
    assert refused(for_another, body) == ["legal_entity_not_assigned"]


def test_a_coupon_may_be_for_segments(
    api: Api, shop: CouponShop, server: Server, stand_at: Callable[[datetime], None]
) -> None:
    now = server.runtime.clock.now()
    end = now + timedelta(minutes=1)
    shop.customer("C1"), shop.customer("C2")
    shop.segment("gone", "C2", validity={"to": iso(now - timedelta(minutes=1))})
    shop.segment("off", "C2", status="INACTIVE")
    shop.segment("vip", "C1", validity={"to": iso(end)})
    shop.coupon("A", segmentRestricted=True, restrictions={"segments": ["gone", "off", "vip"]})
    assert refused(api.as_customer("C2"), order()) == ["not_in_segment"]
    redeemed(api.as_customer("C1"), order())
    stand_at(end)
    assert refused(api.as_customer("C1"), order()) == ["not_in_segment"]
    assert api.patch(f"{COUPONS}/A", {"allowAnonymous": True}).status == 200
    assert refused(api.as_anonymous(), order()) == ["not_in_segment"]


def test_a_validation_is_one_statement(api: Api, shop: CouponShop) -> None:
    shop.customer("C1")
    shop.company("acme", "C1")
    shop.segment("vip", "C1")
    shop.coupon("A", maxRedemptionsPerCustomer=1, segmentRestricted=True, restrictions={"segments": ["vip"]})
    customer, for_another = api.as_customer("C1"), api.with_scopes("coupon.coupon_redeem_on_behalf")
    for caller, body in ((customer, order()), (for_another, order(customerNumber="C1"))):
        assert caller.post(VALIDATION, body).status == 200
        with api.statements(1):
            caller.post(VALIDATION, body)


def test_a_segment_may_be_for_a_company(api: Api, shop: CouponShop) -> None:
    shop.customer("C1")
    shop.company("acme", "C1"), shop.company("other", "C1")
    shop.segment("vip")
    member = "/customer-segment/{tenant}/segments/vip/customers/C1/acme"
    assert api.put(member, {}).status == 201
    shop.coupon("A", segmentRestricted=True, restrictions={"segments": ["vip"]})
    assert refused(api.as_customer("C1", "other"), order()) == ["not_in_segment"]
    assert refused(api.as_customer("C1"), order(legalEntityId="other")) == ["not_in_segment"]
    redeemed(api.as_customer("C1", "acme"), order())
    redeemed(api.as_customer("C1"), order(legalEntityId="acme"))


def test_currencies_must_agree(api: Api, shop: CouponShop) -> None:
    absolute = {"discountType": "ABSOLUTE", "discountAbsolute": {"amount": 5, "currency": "EUR"}}
    shop.coupon("A", allowAnonymous=True, **absolute, discountPercentage=None)
    assert refused(api, order(currency="USD")) == ["currency_mismatch"]
    mixed = {**order(), "discount": {"amount": 5, "currency": "USD"}}
    assert refused(api, mixed) == ["currency_mismatch"]
    assert fields(api.post(REDEMPTIONS, mixed)) == ["discount.currency"]
    redeemed(api, order())


def test_an_order_has_a_minimum_value(api: Api, shop: CouponShop) -> None:
    least = {"minOrderValue": {"amount": "49.99", "currency": "EUR"}}
    shop.coupon("A", allowAnonymous=True, restrictions=least)
    assert refused(api, order(49.98)) == ["min_order_value"]
    assert refused(api, order(100, currency="USD")) == ["currency_mismatch"]
    redeemed(api, order("49.990"))


def test_all_rules_that_refuse_are_named(api: Api, shop: CouponShop) -> None:
    shop.customer("C1"), shop.customer("C2")
    restrictions = {
        "validFor": ["C2"],
        "validUntil": "2020-01-01T00:00:00Z",
        "minOrderValue": {"amount": 500, "currency": "EUR"},
    }
    shop.coupon("A", restrictions=restrictions, maxRedemptionsPerCustomer=0)
    expected = ["coupon_expired", "not_assigned_to_customer", "coupon_customer_limit", "min_order_value"]
    assert refused(api.as_customer("C1"), order()) == expected


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["orderTotal"]),
        ({"orderTotal": {}}, ["discount"]),
        (order(-1), ["orderTotal.amount"]),
        (order("1e400"), ["orderTotal.amount"]),
        (order(currency="euro"), ["orderTotal.currency", "discount.currency"]),
    ],
)
def test_a_bad_body_is_refused(api: Api, shop: CouponShop, body: dict[str, Any], wrong: list[str]) -> None:
    shop.coupon("A", allowAnonymous=True)
    with api.unchanged():
        assert fields(api.post(REDEMPTIONS, body)) == wrong
        assert fields(api.post(VALIDATION, body)) == wrong


def test_an_unknown_coupon_is_not_found(api: Api) -> None:
    with api.unchanged():
        assert api.post(VALIDATION, order()).status == 404
        assert api.post(REDEMPTIONS, order()).status == 404
        assert api.get(REDEMPTIONS).status == 404
        assert api.delete(f"{REDEMPTIONS}/x").json["message"] == "Coupon with code A not found."


# For another customer


def test_redeeming_for_another_customer_needs_a_scope(api: Api, shop: CouponShop) -> None:
    shop.customer("C1"), shop.customer("C2")
    shop.coupon("A", maxRedemptionsPerCustomer=1)
    body = order(customerNumber="C2")
    for caller in (api.as_customer("C1"), api.as_anonymous(), api.with_scopes("coupon.coupon_manage")):
        with api.unchanged():
            assert caller.post(VALIDATION, body).status == 403
            assert caller.post(REDEMPTIONS, body).status == 403
    behalf = api.with_scopes("coupon.coupon_redeem_on_behalf")
    id = redeemed(behalf, body)
    assert api.get(f"{REDEMPTIONS}/{id}").json["customerNumber"] == "C2"
    assert refused(api.as_customer("C2"), body) == ["coupon_customer_limit"]
    with api.unchanged():
        assert fields(behalf.post(REDEMPTIONS, order(customerNumber="nobody"))) == ["customerNumber"]
        assert fields(behalf.post(VALIDATION, order(customerNumber="nobody"))) == ["customerNumber"]


def test_customers_may_live_elsewhere(server: Server) -> None:
    api = new_tenant(server, references="open")
    CouponShop(api).coupon("A", maxRedemptionsPerCustomer=1)
    body = order(customerNumber="elsewhere", legalEntityId="theirs")
    redeemed(api, body)
    assert refused(api, body) == ["coupon_customer_limit"]


# Counting


@pytest.mark.parametrize("fields", [{"maxRedemptions": 10}, {"maxRedemptionsPerCustomer": 10}])
def test_a_hundred_at_once_get_the_ten_that_are_left(
    api: Api, shop: CouponShop, fields: dict[str, int]
) -> None:
    shop.customer("C1")
    shop.company("acme", "C1")
    shop.coupon("A", **fields)
    customer = api.as_customer("C1")

    async def all_at_once() -> list[int]:
        attempts = (customer.send("POST", REDEMPTIONS, order()) for _ in range(100))
        return [response.status for response in await asyncio.gather(*attempts)]

    assert Counter(api.run(all_at_once())) == {201: 10, 400: 90}
    found = api.get(f"{COUPONS}/A").json
    assert found["redemptionCount"] == 10
    assert found["legalEntityRedemptions"] == [{"legalEntityId": "acme", "count": 10}]
    assert len(api.get(f"{REDEMPTIONS}?pageSize=100").json) == 10
    assert len(api.events("coupon.redeemed")) == 10


def test_deleting_a_redemption_gives_its_count_back(api: Api, shop: CouponShop) -> None:
    shop.customer("C1")
    shop.company("acme", "C1")
    shop.coupon("A", maxRedemptions=1, maxRedemptionsPerCustomer=1)
    customer = api.as_customer("C1")
    id = redeemed(customer, order())
    assert refused(customer, order()) == ["coupon_used_up", "coupon_customer_limit"]
    assert api.delete(f"{REDEMPTIONS}/{id}").status == 204
    assert api.get(f"{COUPONS}/A").json["redemptionCount"] == 0
    assert api.get(f"{COUPONS}/A").json["legalEntityRedemptions"] == []
    assert [event["id"] for event in api.events("coupon.redemption-deleted")] == [id]
    with api.unchanged():
        missing = api.delete(f"{REDEMPTIONS}/{id}")
    assert (missing.status, missing.json["message"]) == (404, f"Redemption with id {id} not found.")
    redeemed(customer, order())


def test_the_redemptions_of_a_deleted_customer_stay_and_name_nobody(api: Api, shop: CouponShop) -> None:
    for id in ("C1", "C2"):
        shop.customer(id)
    shop.company("acme", "C1")
    shop.coupon("A", maxRedemptionsPerCustomer=1)
    his = redeemed(api.as_customer("C1"), order(legalEntityId="acme"))
    other = redeemed(api.as_customer("C2"), order())
    assert api.delete("/customer/{tenant}/customers/C1").status == 202
    assert "customerNumber" not in api.get(f"{REDEMPTIONS}/{his}").json
    assert api.get(f"{REDEMPTIONS}/{other}").json["customerNumber"] == "C2"
    assert api.get(f"{COUPONS}/A").json["redemptionCount"] == 2
    assert api.delete(f"{REDEMPTIONS}/{his}").status == 204
    assert api.get(f"{COUPONS}/A").json["redemptionCount"] == 1


def test_a_redemption_at_the_moment_of_a_deletion_names_nobody(
    api: Api, shop: CouponShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customer is deleted between the redemption's last write and its commit: the deletion waits for it."""
    shop.customer("C1")
    shop.coupon("A")
    customer, count = api.as_customer("C1"), redemptions._count
    deletions: list[asyncio.Task[Response]] = []

    async def slow(*arguments: Any) -> None:
        await count(*arguments)
        deletions.append(asyncio.ensure_future(api.send("DELETE", "/customer/{tenant}/customers/C1")))
        await asyncio.wait(deletions, timeout=0.5)

    monkeypatch.setattr(redemptions, "_count", slow)

    async def both() -> tuple[Response, Response]:
        redemption = await customer.send("POST", REDEMPTIONS, order())
        return redemption, await deletions[0]

    redemption, deletion = api.run(both())
    assert (redemption.status, deletion.status) == (201, 202)
    assert "customerNumber" not in api.get(f"{REDEMPTIONS}/{redemption.json['id']}").json
    assert api.snapshot()["coupon_usage"] == 0


@pytest.mark.parametrize("himself", [True, False])
def test_who_was_deleted_a_moment_ago_redeems_nothing(
    api: Api, shop: CouponShop, monkeypatch: pytest.MonkeyPatch, himself: bool
) -> None:
    """The customer is deleted after the redemption has looked at him; on SQLite before, since writers take turns."""
    shop.customer("C1")
    shop.coupon("A")
    by = api.as_customer("C1") if himself else api
    verified = api.run(api.server.runtime.tokens.verified(by.token or ""))
    facts, asked = redemptions._facts, []

    async def remembered(_token: str) -> Any:
        return verified

    async def delete() -> None:
        assert (await api.send("DELETE", "/customer/{tenant}/customers/C1")).status == 202

    async def stale(*arguments: Any) -> Any:
        found = await facts(*arguments)
        asked.append(found.customer)
        if len(asked) == 1 and api.engine == "postgres":
            await delete()
        return found

    if api.engine == "sqlite":
        api.run(delete())
    if himself:
        # As another worker has it, which remembers the token.
        monkeypatch.setattr(api.server.runtime.tokens, "verified", remembered)
    monkeypatch.setattr(redemptions, "_facts", stale)
    before = api.snapshot()
    answer = by.post(REDEMPTIONS, order() if himself else order(customerNumber="C1"))
    assert answer.status == (401 if himself else 400)
    assert asked == (["C1", None] if api.engine == "postgres" else [None])
    monkeypatch.undo()
    gone = ("coupon_redemption", "coupon_usage")
    assert [before[name] for name in gone] == [api.snapshot()[name] for name in gone] == [0, 0]


def test_a_redemption_deleted_twice_at_once_counts_once(api: Api, shop: CouponShop) -> None:
    shop.coupon("A", allowAnonymous=True)
    ids = [redeemed(api, order()) for _ in range(2)]

    async def twice() -> list[int]:
        attempts = (api.send("DELETE", f"{REDEMPTIONS}/{ids[0]}") for _ in range(2))
        return sorted(response.status for response in await asyncio.gather(*attempts))

    assert api.run(twice()) == [204, 404]
    assert api.get(f"{COUPONS}/A").json["redemptionCount"] == 1


# Reading


def test_redemptions_are_listed(api: Api, shop: CouponShop) -> None:
    shop.customer("C1"), shop.customer("C2")
    shop.coupon("A"), shop.coupon("B")
    first = redeemed(api.as_customer("C1"), order(300, orderCode="O-1"))
    second = redeemed(api.as_customer("C2"), order(200))
    assert api.as_customer("C2").post(f"{COUPONS}/B/redemptions", order()).status == 201

    def found(query: str = "") -> list[str]:
        return [each["id"] for each in api.get(f"{REDEMPTIONS}?{query}").json]

    assert sorted(found()) == sorted([first, second])
    assert found("sort=orderTotal.amount") == [second, first]
    assert found("q=customerNumber:C1") == [first]
    assert found("q=orderCode:O-1") == [first]
    assert found("q=orderTotal.amount:%3C250") == [second]
    assert api.get(f"{REDEMPTIONS}?totalCount=true&pageSize=1").headers["items-count"] == "2"
    for caller in (api.as_customer("C1"), api.with_scopes("coupon.coupon_read")):
        assert caller.get(REDEMPTIONS).status == 403
        assert caller.delete(f"{REDEMPTIONS}/{first}").status == 403


def test_who_reads_a_redemption(api: Api, shop: CouponShop) -> None:
    shop.customer("C1"), shop.customer("C2")
    shop.coupon("A"), shop.coupon("B")
    id = redeemed(api.as_customer("C1"), order())
    path = f"{REDEMPTIONS}/{id}"
    assert api.with_scopes("coupon.coupon_manage").get(path).status == 200
    assert api.as_customer("C1").get(path).status == 200
    assert api.as_customer("C1").get(f"{COUPONS}/B/redemptions/{id}").status == 404
    assert api.as_customer("C2").get(path).status == 404
    assert api.as_customer("C1", scopes=frozenset({"order.history_view"})).get(path).status == 403
    assert api.as_customer("C2").get(f"{path}?customerNumber=C1").status == 403
    behalf = api.with_scopes("coupon.coupon_redeem_on_behalf")
    assert behalf.get(f"{path}?customerNumber=C1").status == 200
    assert behalf.get(f"{path}?customerNumber=C2").status == 404
    assert behalf.get(path).status == 403
    assert api.with_scopes("coupon.coupon_redeem").get(path).status == 404


def test_a_guests_redemption_is_the_managers_only(api: Api, shop: CouponShop) -> None:
    shop.coupon("A", allowAnonymous=True)
    path = f"{REDEMPTIONS}/{redeemed(api.as_anonymous(), order())}"
    assert api.get(path).status == 200
    assert api.with_scopes("coupon.coupon_redeem").get(path).status == 404
