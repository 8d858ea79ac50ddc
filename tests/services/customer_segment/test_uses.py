"""Where a segment is used: the coupons that name it, kept with every change of a coupon, and told by a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api, Server, new_tenant
from support.shop import SEGMENTS, Shop, site

COUPONS = "/coupon/{tenant}/coupons"
USAGES = "/customer-segment/{tenant}/usages"


def coupon(*segments: str, **more: Any) -> dict[str, Any]:
    """The body of a coupon that names these segments."""
    body = {"name": "Summer", "discountType": "PERCENT", "discountPercentage": 10, **more}
    return {**body, "segmentRestricted": True, "restrictions": {"segments": list(segments)}}


def users(api: Api, segment: str) -> list[tuple[str, str]]:
    answer = api.get(f"{USAGES}/{segment}")
    assert answer.status == 200, answer.json
    assert {each["kind"] for each in answer.json} <= {"COUPON"}
    return [(each["id"], each["name"]) for each in answer.json]


@pytest.fixture
def two(shop: Shop) -> Shop:
    """The segments gold and iron, and a coupon that names gold."""
    shop.segment("gold")
    shop.segment("iron")
    assert shop.api.post(COUPONS, {"code": "SUMMER", **coupon("gold", "gold")}).status == 201
    return shop


def test_a_coupon_uses_what_it_names_now(two: Shop) -> None:
    api = two.api
    assert (users(api, "gold"), users(api, "iron")) == ([("SUMMER", "Summer")], [])
    assert api.put(f"{COUPONS}/SUMMER", coupon("iron", name="Sun")).status == 200
    assert (users(api, "gold"), users(api, "iron")) == ([], [("SUMMER", "Sun")])
    assert api.patch(f"{COUPONS}/SUMMER", {"restrictions": {"segments": ["gold", "iron"]}}).status == 200
    assert api.patch(f"{COUPONS}/SUMMER", {"name": "Rain"}).status == 200
    assert users(api, "gold") == users(api, "iron") == [("SUMMER", "Rain")]
    assert api.patch(f"{COUPONS}/SUMMER", {"segmentRestricted": False, "restrictions": None}).status == 200
    assert users(api, "gold") == users(api, "iron") == []


def test_a_deleted_coupon_uses_nothing(two: Shop) -> None:
    assert two.api.post(COUPONS, {"code": "WINTER", **coupon("gold")}).status == 201
    assert users(two.api, "gold") == [("SUMMER", "Summer"), ("WINTER", "Summer")]
    assert two.api.delete(f"{COUPONS}/SUMMER").status == 204
    assert users(two.api, "gold") == [("WINTER", "Summer")]


def test_a_permanently_deleted_coupon_uses_nothing(server: Server) -> None:
    api = new_tenant(server, couponPermanentDelete=True)
    shop = Shop(api)
    shop.site("main")
    shop.segment("gold")
    api.post(COUPONS, {"code": "SUMMER", **coupon("gold")})
    assert api.delete(f"{COUPONS}/SUMMER").status == 204
    assert users(api, "gold") == []


def test_a_refused_coupon_is_not_noted(two: Shop) -> None:
    with two.api.unchanged():
        assert two.api.put(f"{COUPONS}/SUMMER", coupon("iron", "none")).status == 400
    assert users(two.api, "gold") == [("SUMMER", "Summer")]


def test_a_coupon_may_name_a_segment_that_comes_later(server: Server) -> None:
    api = new_tenant(server, references="open")
    assert api.post("/site/{tenant}/sites", site()).status == 201
    assert api.post(COUPONS, {"code": "SUMMER", **coupon("gold")}).status == 201
    assert api.get(f"{USAGES}/gold").status == 404
    Shop(api).segment("gold")
    assert users(api, "gold") == [("SUMMER", "Summer")]


def test_the_list_is_searched_sorted_and_paged(two: Shop) -> None:
    for number in range(4):
        two.api.post(COUPONS, {"code": f"C{number}", **coupon("gold", name=f"N{9 - number}")})
    here = f"{USAGES}/gold"
    page = two.api.get(f"{here}?sort=name:asc&pageSize=2&pageNumber=1&fields=id", x_total_count="true")
    assert page.json == [{"id": "C3"}, {"id": "C2"}]
    assert page.headers["x-total-count"] == "5"
    assert [each["id"] for each in two.api.get(f"{here}?q=name:Summer").json] == ["SUMMER"]
    assert two.api.get(f"{here}?q=age:3").status == 400
    with two.api.statements(3):
        two.api.get(here, x_total_count="true")


def test_only_who_reads_all_segments_sees_its_users(two: Shop) -> None:
    assert users(two.api.with_scopes("customersegment.segment_read"), "gold") == [("SUMMER", "Summer")]
    ada = two.customer("ada@example.com")
    two.member("gold", ada)
    assert two.api.as_customer(ada).get(f"{USAGES}/gold").status == 403


def test_a_refused_deletion_tells_who_uses_the_segment(two: Shop) -> None:
    for segment in ("gold", "iron"):
        two.item(segment, two.product("p1"))
    with two.api.unchanged():
        one = two.api.delete(f"{SEGMENTS}/gold")
        many = two.api.delete(f"{SEGMENTS}/bulk", ["iron", "gold"])
    assert one.status == 400
    assert [each["message"] for each in one.json["details"]] == [
        "has 0 customers and 1 items; remove them, or delete with forceDelete=true",
        "is used by the coupon SUMMER (Summer)",
    ]
    iron, gold = many.json
    assert (iron["code"], len(iron["details"])) == (400, 1)
    assert gold["details"] == one.json["details"]


def test_a_refusal_names_ten_users_and_counts_the_others(two: Shop) -> None:
    two.item("gold", two.product("p1"))
    for number in range(12):
        two.api.post(COUPONS, {"code": f"C{number:02}", **coupon("gold", name="N")})
    message = two.api.delete(f"{SEGMENTS}/gold").json["details"][1]["message"]
    assert message.startswith("is used by the coupons C00 (N), C01 (N)")
    assert message.endswith("C09 (N) and 3 more")


def test_a_segment_without_assignments_is_deleted_coupons_or_not(two: Shop) -> None:
    assert two.api.delete(f"{SEGMENTS}/gold").status == 204
    assert two.api.get(f"{USAGES}/gold").status == 404
    two.segment("gold")
    assert users(two.api, "gold") == [("SUMMER", "Summer")], "the coupon still names it"
