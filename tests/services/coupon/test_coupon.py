"""Coupons over HTTP: codes, writes, versions, soft delete, lists, and who sees what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from coterie.kit.clock import iso
from support.api import Api, Server, new_tenant

from .conftest import COUPONS, CouponShop, fields, order

SAVE = {"name": "Save", "discountType": "PERCENT", "discountPercentage": 10}


def test_a_coupon_is_read_as_it_was_written(api: Api) -> None:
    body = {
        "code": "ENG2OC0",
        "name": "Winter Sale",
        "description": "25 off",
        "discountType": "ABSOLUTE",
        "discountAbsolute": {"amount": 24.99, "currency": "USD"},
        "restrictions": {
            "validFrom": "2014-12-01T00:00:00.000Z",
            "validUntil": "2015-01-31T23:59:59.999Z",
            "minOrderValue": {"amount": 49.99, "currency": "USD"},
        },
        "issuedTo": "C01234567989",
        "mixins": {"custom": {"provenance": "Winter Sale"}},
    }
    created = api.post(COUPONS, body)
    assert created.status == 201
    assert created.json == {"id": "ENG2OC0", "yrn": f"urn:yaas:hybris:coupon:coupon:{api.tenant};ENG2OC0"}
    assert api.get(f"{COUPONS}/ENG2OC0").json == {
        **body,
        "status": "EXPIRED",
        "allowAnonymous": False,
        "maxRedemptions": -1,
        "maxRedemptionsPerCustomer": -1,
        "discountCalculationType": "SUBTOTAL",
        "categoryRestricted": False,
        "segmentRestricted": False,
        "redemptionCount": 0,
        "legalEntityRedemptions": [],
        "deleted": False,
        "metadata": {"version": 0},
    }
    assert api.events("coupon.created")[0]["code"] == "ENG2OC0"


def test_numbers_sent_as_text_are_read(api: Api) -> None:
    absolute = {"discountType": "ABSOLUTE", "discountAbsolute": {"amount": "5.10", "currency": "EUR"}}
    assert api.post(COUPONS, {**SAVE, "code": "P", "discountPercentage": "7.5"}).status == 201
    assert api.post(COUPONS, {"code": "A", "name": "A", "maxRedemptions": "3", **absolute}).status == 201
    assert api.get(f"{COUPONS}/P").json["discountPercentage"] == 7.5
    found = api.get(f"{COUPONS}/A").json
    assert (found["discountAbsolute"]["amount"], found["maxRedemptions"]) == (5.1, 3)
    assert b'"amount":5.1,' in api.get(f"{COUPONS}/A").body


def test_codes_are_upper_cased(api: Api) -> None:
    assert api.post(COUPONS, {**SAVE, "code": "save10"}).json["id"] == "SAVE10"
    assert api.get(f"{COUPONS}/Save10").json["code"] == "SAVE10"
    with api.unchanged():
        taken = api.post(COUPONS, {**SAVE, "code": "sAVE10"})
    assert taken.status == 409
    assert taken.json["message"] == f"Duplicate Coupon 'SAVE10' on tenant '{api.tenant}'"


def test_codes_keep_their_case_where_the_tenant_wants_it(server: Server) -> None:
    api = new_tenant(server, enableCouponCodeCaseSensitivity=True)
    assert api.post(COUPONS, {**SAVE, "code": "save10"}).json["id"] == "save10"
    assert api.post(COUPONS, {**SAVE, "code": "SAVE10"}).status == 201
    assert api.get(f"{COUPONS}/Save10").status == 404


def test_a_code_is_made_when_absent(api: Api) -> None:
    codes = {api.post(COUPONS, SAVE).json["id"] for _ in range(3)}
    assert len(codes) == 3
    assert all(len(code) == 16 and code.isalnum() and code == code.upper() for code in codes)
    assert all(api.get(f"{COUPONS}/{code}").status == 200 for code in codes)


def test_an_unknown_code_is_not_found(api: Api) -> None:
    missing = api.get(f"{COUPONS}/MW2023_72")
    assert missing.status == 404
    assert missing.json["message"] == "Coupon with code MW2023_72 not found."
    assert missing.json["type"] == "resource_not_found"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["name"]),
        ({"name": "A"}, ["discountAbsolute"]),
        ({**SAVE, "code": "A B"}, ["code"]),
        ({**SAVE, "code": ""}, ["code"]),
        ({**SAVE, "discountPercentage": "ten"}, ["discountPercentage"]),
        ({**SAVE, "discountPercentage": "NaN"}, ["discountPercentage"]),
        ({**SAVE, "discountPercentage": 101}, ["discountPercentage"]),
        ({**SAVE, "discountType": "HALF"}, ["discountType"]),
        ({**SAVE, "maxRedemptions": 10**30}, ["maxRedemptions"]),
        ({**SAVE, "restrictions": {"validFrom": "yesterday"}}, ["restrictions.validFrom"]),
        (
            {**SAVE, "restrictions": {"minOrderValue": {"amount": -1, "currency": "eur"}}},
            ["restrictions.minOrderValue.currency", "restrictions.minOrderValue.amount"],
        ),
        ({**SAVE, "allowAnonymous": True, "maxRedemptionsPerCustomer": 1}, ["maxRedemptionsPerCustomer"]),
        ({**SAVE, "segmentRestricted": True}, ["restrictions.segments"]),
        ({**SAVE, "restrictions": {"validFor": ["nobody"]}}, ["restrictions.validFor"]),
        (
            {**SAVE, "categoryRestricted": True, "restrictions": {"includedCategories": ["none"]}},
            ["restrictions.includedCategories"],
        ),
        (
            {**SAVE, "categoryRestricted": True, "restrictions": {"excludedCategories": ["none"]}},
            ["restrictions.excludedCategories"],
        ),
        (
            {**SAVE, "segmentRestricted": True, "restrictions": {"segments": ["none"]}},
            ["restrictions.segments"],
        ),
    ],
)
def test_a_bad_coupon_is_refused(api: Api, body: dict[str, Any], wrong: list[str]) -> None:
    with api.unchanged():
        refused = api.post(COUPONS, body)
    assert fields(refused) == wrong


def test_what_a_coupon_refers_to_must_exist(shop: CouponShop) -> None:
    shop.customer("C1")
    shop.category("in"), shop.category("out")
    shop.segment("vip")
    shop.coupon("A", restrictions={"validFor": ["C1"]})
    both = {"includedCategories": ["in"], "excludedCategories": ["out"]}
    shop.coupon("B", categoryRestricted=True, restrictions=both)
    shop.coupon("C", segmentRestricted=True, restrictions={"segments": ["vip"]})


def test_references_may_be_open(server: Server) -> None:
    api = new_tenant(server, references="open")
    body = {**SAVE, "segmentRestricted": True, "restrictions": {"segments": ["elsewhere"]}}
    assert api.post(COUPONS, {**body, "code": "A"}).status == 201


def test_a_coupon_outlives_its_segment(shop: CouponShop) -> None:
    api = shop.api
    shop.customer("C1")
    shop.segment("vip", "C1")
    shop.coupon("A", segmentRestricted=True, restrictions={"segments": ["vip"]})
    customer = api.as_customer("C1")
    assert customer.post(f"{COUPONS}/A/validation", order()).status == 200
    assert api.delete("/customer-segment/{tenant}/segments/vip?forceDelete=true").status == 204
    assert customer.post(f"{COUPONS}/A/validation", order()).json["details"][0]["type"] == "not_in_segment"
    assert api.patch(f"{COUPONS}/A", {"name": "Still editable"}).status == 200


# Changing


def test_put_replaces(api: Api, shop: CouponShop) -> None:
    shop.coupon("A", description="old", maxRedemptions=5)
    answer = api.put(f"{COUPONS}/a", {**SAVE, "name": "New", "code": "B", "redemptionCount": 7})
    assert (answer.status, answer.body) == (200, b"")
    found = api.get(f"{COUPONS}/A").json
    assert (found["name"], found["maxRedemptions"], found["redemptionCount"]) == ("New", -1, 0)
    assert found["metadata"] == {"version": 1}
    assert "description" not in found
    assert [event["name"] for event in api.events("coupon.updated")] == ["New"]


def test_put_may_be_partial(api: Api, shop: CouponShop) -> None:
    shop.coupon("A", description="kept", maxRedemptions=5)
    assert api.put(f"{COUPONS}/A?partial=true", {"maxRedemptions": 6}).status == 200
    found = api.get(f"{COUPONS}/A").json
    assert (found["description"], found["maxRedemptions"], found["discountPercentage"]) == ("kept", 6, 10)
    assert fields(api.put(f"{COUPONS}/A?partial=false", {"maxRedemptions": 6})) == [
        "name",
        "discountAbsolute",
    ]


def test_patch_merges(api: Api, shop: CouponShop) -> None:
    shop.coupon("A", description="old", restrictions={"minOrderValue": {"amount": 5, "currency": "EUR"}})
    change = {
        "description": None,
        "discountType": "ABSOLUTE",
        "discountPercentage": None,
        "discountAbsolute": {"amount": "2.50", "currency": "EUR"},
        "restrictions": {"validFrom": "2026-01-31T09:00:00+01:00"},
    }
    assert api.patch(f"{COUPONS}/A", change).status == 200
    found = api.get(f"{COUPONS}/A").json
    assert "description" not in found
    assert "discountPercentage" not in found
    assert found["discountAbsolute"] == {"amount": 2.5, "currency": "EUR"}
    assert found["restrictions"] == {
        "minOrderValue": {"amount": 5, "currency": "EUR"},
        "validFrom": "2026-01-31T08:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"discountType": "FREE_SHIPPING"}, ["discountPercentage"]),
        ({"restrictions": "none"}, ["restrictions"]),
        ({"name": None}, ["name"]),
        ({"maxRedemptions": "many"}, ["maxRedemptions"]),
    ],
)
def test_a_bad_change_is_refused(
    api: Api, shop: CouponShop, change: dict[str, Any], wrong: list[str]
) -> None:
    shop.coupon("A")
    with api.unchanged():
        assert fields(api.patch(f"{COUPONS}/A", change)) == wrong
    assert api.get(f"{COUPONS}/A").json["metadata"]["version"] == 0


def test_a_change_that_changes_nothing_has_no_event(api: Api, shop: CouponShop) -> None:
    shop.coupon("A", restrictions={"minOrderValue": {"amount": "5.50", "currency": "EUR"}})
    with api.unchanged():
        assert api.patch(f"{COUPONS}/A", {"discountPercentage": "10.0"}).status == 200


def test_versions_are_compared(api: Api, shop: CouponShop) -> None:
    shop.coupon("A")
    assert api.patch(f"{COUPONS}/A", {"name": "1", "metadata": {"version": 0}}).status == 200
    with api.unchanged():
        assert api.patch(f"{COUPONS}/A", {"name": "2", "metadata": {"version": "0"}}).status == 409
        stale = api.put(f"{COUPONS}/A", {**SAVE, "metadata": {"version": 0}})
    assert stale.status == 409
    assert stale.json["type"] == "conflict_resource"
    assert api.put(f"{COUPONS}/A", {**SAVE, "metadata": {"version": 1}}).status == 200
    assert api.get(f"{COUPONS}/A").json["metadata"] == {"version": 2}


def test_a_missing_coupon_can_not_be_changed(api: Api) -> None:
    with api.unchanged():
        assert api.put(f"{COUPONS}/A", SAVE).status == 404
        assert api.patch(f"{COUPONS}/A", {"name": "x"}).status == 404
        assert api.delete(f"{COUPONS}/A").status == 404


# Deleting


def test_a_deleted_coupon_is_hidden_and_its_code_stays_taken(api: Api, shop: CouponShop) -> None:
    shop.coupon("A", allowAnonymous=True), shop.coupon("B")
    assert api.post(f"{COUPONS}/A/redemptions", order()).status == 201
    assert api.delete(f"{COUPONS}/a").status == 204
    with api.unchanged():
        assert api.get(f"{COUPONS}/A").status == 404
        assert api.put(f"{COUPONS}/A", SAVE).status == 404
        assert api.patch(f"{COUPONS}/A", {"name": "x"}).status == 404
        assert api.delete(f"{COUPONS}/A").status == 404
        assert api.post(f"{COUPONS}/A/validation", order()).status == 404
        assert api.post(f"{COUPONS}/A/redemptions", order()).status == 404
        assert api.post(COUPONS, {**SAVE, "code": "A"}).status == 409
    assert [each["code"] for each in api.get(COUPONS).json] == ["B"]
    shown = api.get(f"{COUPONS}?showDeleted=true").json
    assert [(each["code"], each["deleted"]) for each in shown] == [("A", True), ("B", False)]
    assert shown[0]["metadata"]["version"] == 1
    assert len(api.get(f"{COUPONS}/A/redemptions").json) == 1
    assert api.events("coupon.deleted") == [
        {"type": "coupon.deleted", "code": "A", "permanently": False, "tenant": api.tenant}
    ]


def test_a_coupon_may_be_deleted_for_good(server: Server) -> None:
    api = new_tenant(server, couponPermanentDelete=True)
    shop = CouponShop(api)
    empty = api.snapshot()
    shop.coupon("A", allowAnonymous=True)
    assert api.post(f"{COUPONS}/A/redemptions", order()).status == 201
    assert api.delete(f"{COUPONS}/A").status == 204
    assert api.get(f"{COUPONS}?showDeleted=true").json == []
    assert api.get(f"{COUPONS}/A/redemptions").status == 404
    assert {**api.snapshot(), "outbox": 0} == {**empty, "outbox": 0}
    shop.coupon("A")
    assert api.get(f"{COUPONS}/A").json["redemptionCount"] == 0


# Lists


def test_coupons_are_listed_in_pages_with_a_count(api: Api, shop: CouponShop) -> None:
    for number in range(18):
        shop.coupon(f"C{number:02}")
    first = api.get(f"{COUPONS}?totalCount=true")
    assert [each["code"] for each in first.json] == [f"C{number:02}" for number in range(16)]
    assert first.headers["items-count"] == "18"
    assert "items-count" not in api.get(COUPONS).headers
    assert [each["code"] for each in api.get(f"{COUPONS}?pageNumber=2").json] == ["C16", "C17"]
    last = api.get(f"{COUPONS}?sort=code:desc&pageSize=1").json
    assert [each["code"] for each in last] == ["C17"]
    with api.statements(2):
        api.get(COUPONS)


def test_coupons_are_searched(
    api: Api, shop: CouponShop, server: Server, stand_at: Callable[[datetime], None]
) -> None:
    now = server.runtime.clock.now()
    stand_at(now)
    shop.customer("C1")
    later = iso(now + timedelta(hours=1))
    shop.coupon("VALID", restrictions={"validFrom": iso(now), "validFor": ["C1"]})
    shop.coupon("INACTIVE", restrictions={"validFrom": later})
    shop.coupon("EXPIRED", restrictions={"validUntil": iso(now)}, discountPercentage=50)
    shop.coupon("USED", maxRedemptions=0)

    def found(q: str) -> list[str]:
        return [each["code"] for each in api.get(f"{COUPONS}?q={q}").json]

    for status in ("VALID", "INACTIVE", "EXPIRED", "USED"):
        assert found(f"status:{status}") == [status]
        assert api.get(f"{COUPONS}/{status}").json["status"] == status
    assert found("discountPercentage:%3E10") == ["EXPIRED"]
    assert found("maxRedemptions:0") == ["USED"]
    assert found("restrictions.validFor:C1") == ["VALID"]
    assert found("deleted:true") == []
    assert found(f'restrictions.validFrom:%3E"{iso(now)}"') == ["INACTIVE"]
    stand_at(now + timedelta(hours=1))
    assert found("status:INACTIVE") == []
    assert fields(api.get(f"{COUPONS}?q=nonsense")) == ["q"]


# Who may what


def test_scopes(api: Api, shop: CouponShop) -> None:
    shop.coupon("A")
    reader, redeemer = api.with_scopes("coupon.coupon_read"), api.with_scopes("coupon.coupon_redeem")
    assert reader.get(COUPONS).status == 200
    assert redeemer.get(COUPONS).status == 403
    for caller in (reader, redeemer, api.as_anonymous()):
        with api.unchanged():
            assert caller.post(COUPONS, SAVE).status == 403
            assert caller.put(f"{COUPONS}/A", SAVE).status == 403
            assert caller.patch(f"{COUPONS}/A", {"name": "x"}).status == 403
            assert caller.delete(f"{COUPONS}/A").status == 403
        assert caller.get(f"{COUPONS}/A").status == 200
    refused = redeemer.get(COUPONS).json
    assert refused["type"] == "insufficient_permissions"


def test_customers_do_not_see_the_sellers_fields(api: Api, shop: CouponShop) -> None:
    shop.customer("C1"), shop.customer("C2")
    shop.company("acme", "C1"), shop.company("other", "C2")
    shop.coupon("A", maxRedemptions=9, issuedTo="C2", restrictions={"validFor": ["C1", "C2"]})
    for customer in ("C1", "C2"):
        assert api.as_customer(customer).post(f"{COUPONS}/A/redemptions", order()).status == 201
    hidden = {"maxRedemptions", "redemptionCount", "issuedTo", "deleted"}
    seller = api.with_scopes("coupon.coupon_read").get(f"{COUPONS}/A").json
    assert hidden < set(seller)
    assert seller["legalEntityRedemptions"] == [
        {"legalEntityId": "acme", "count": 1},
        {"legalEntityId": "other", "count": 1},
    ]
    customer = api.as_customer("C1", "acme").get(f"{COUPONS}/A").json
    assert set(seller) - set(customer) == hidden
    assert customer["restrictions"] == {"validFor": ["C1"]}
    assert customer["legalEntityRedemptions"] == [{"legalEntityId": "acme", "count": 1}]
    guest = api.as_anonymous().get(f"{COUPONS}/A").json
    assert not hidden & set(guest)
    assert (guest["restrictions"], guest["legalEntityRedemptions"]) == ({"validFor": []}, [])


def test_on_behalf_of_another_customer_needs_a_scope(api: Api, shop: CouponShop) -> None:
    shop.customer("C1"), shop.customer("C2")
    shop.coupon("A", restrictions={"validFor": ["C1", "C2"]})
    path = f"{COUPONS}/A?customerNumber=C2"
    assert api.as_customer("C1").get(path).status == 403
    assert api.as_customer("C2").get(path).status == 200
    assert api.with_scopes("coupon.coupon_manage").get(path).status == 403
    found = api.with_scopes("coupon.coupon_redeem_on_behalf").get(path)
    assert found.json["restrictions"] == {"validFor": ["C2"]}
