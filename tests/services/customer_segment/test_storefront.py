"""What signed-in customers see: own scope, legal entities, validity, sites, category trees."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from coterie.kit.clock import Clock, iso
from support.api import Api
from support.shop import SEGMENTS, Shop

ITEMS = f"{SEGMENTS}/items"
TREES = f"{SEGMENTS}/items/category-trees"


def seen(api: Api, query: str = "") -> list[str]:
    answer = api.get(f"{ITEMS}?{query}")
    assert answer.status == 200, answer.json
    return [each["item"]["id"] for each in answer.json]


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """Two sites, segments on each, and products p1 to p4 in them."""
    shop.site("swiss", currency="CHF")
    for number, (segment, site) in enumerate(
        [("gold", "main"), ("silver", "swiss"), ("off", "main"), ("foreign", "main")], start=1
    ):
        shop.segment(segment, siteCode=site, status="INACTIVE" if segment == "off" else "ACTIVE")
        shop.item(segment, shop.product(f"p{number}"))
    return shop


def test_a_customer_sees_the_active_segments_he_is_in(busy: Shop) -> None:
    ada = busy.customer("ada@example.com")
    for segment in ("gold", "silver", "off"):
        busy.member(segment, ada)
    mine = busy.api.as_customer(ada)
    assert seen(mine) == ["p1", "p2"]
    assert seen(mine, "siteCode=swiss") == ["p2"]
    assert seen(mine, "q=type:PRODUCT&onlyActive=false") == ["p1", "p2"]
    assert seen(mine, "q=type:CATEGORY") == []
    assert [each["id"] for each in mine.get(SEGMENTS).json] == ["gold", "silver"]
    assert [each["id"] for each in mine.post(f"{SEGMENTS}/search", {"q": "siteCode:main"}).json] == ["gold"]
    for segment, status in (("gold", 200), ("off", 404), ("foreign", 404), ("none", 404)):
        assert mine.get(f"{SEGMENTS}/{segment}").status == status
        assert mine.get(f"{SEGMENTS}/{segment}/items").status == status
        assert mine.get(f"{SEGMENTS}/{segment}/customers").status == status
    assert mine.get(f"{SEGMENTS}/gold/items/PRODUCT/p1").status == 200
    assert mine.get(f"{SEGMENTS}/off/items/PRODUCT/p3").status == 404


def test_a_customer_sees_only_his_own_assignment(busy: Shop) -> None:
    ada, bob = busy.customer("ada@example.com"), busy.customer("bob@example.com")
    for each in (ada, bob):
        busy.member("gold", each)
    mine = busy.api.as_customer(ada)
    assert [each["customer"]["id"] for each in mine.get(f"{SEGMENTS}/gold/customers").json] == [ada]
    assert mine.get(f"{SEGMENTS}/gold/customers/{bob}").status == 403
    assert mine.post(f"{SEGMENTS}/gold/customers/search", {"q": ""}).status == 403
    with busy.api.unchanged():
        assert mine.put(f"{SEGMENTS}/foreign/customers/{ada}", {}).status == 403


def test_who_is_in_no_segment_sees_nothing(busy: Shop) -> None:
    stranger = busy.api.as_customer(busy.customer("eve@example.com"))
    assert seen(stranger) == []
    assert stranger.get(SEGMENTS).json == []
    assert stranger.get(TREES).json == []


def test_a_guest_is_refused(busy: Shop) -> None:
    guest = busy.api.as_anonymous()
    for path in (SEGMENTS, ITEMS, TREES):
        assert guest.get(path).status == 403


def test_a_reader_sees_all_and_may_name_a_customer(busy: Shop) -> None:
    ada = busy.customer("ada@example.com")
    busy.member("gold", ada)
    busy.member("off", ada)
    reader = busy.api.with_scopes("customersegment.segment_read")
    assert seen(reader) == ["p4", "p1", "p3", "p2"]
    assert seen(reader, "onlyActive=true&siteCode=main") == ["p4", "p1"]
    assert [each["id"] for each in reader.get(f"{SEGMENTS}?customerId={ada}").json] == ["gold", "off"]
    assert reader.get(TREES).status == 403
    assert busy.api.as_customer(ada).get(f"{SEGMENTS}?customerId={ada}").status == 403
    assert busy.api.get(TREES).json == []  # every scope, but no customer


def test_a_customer_who_reads_all_segments_gets_the_items_of_active_ones_only(busy: Shop) -> None:
    both = frozenset({"customersegment.segment_read", "customersegment.segment_read_own"})
    mine = busy.api.as_customer(busy.customer("ada@example.com"), scopes=both)
    assert [each["id"] for each in mine.get(SEGMENTS).json] == ["foreign", "gold", "off", "silver"]
    assert seen(mine) == seen(mine, "onlyActive=false") == ["p4", "p1", "p2"]
    # A service with both scopes says itself what it wants.
    service = busy.api.with_scopes(*both)
    assert seen(service) == ["p4", "p1", "p3", "p2"]
    assert seen(service, "onlyActive=true") == ["p4", "p1", "p2"]


def test_a_contact_sees_what_belongs_to_the_company_he_acts_for(busy: Shop) -> None:
    bob = busy.customer("bob@example.com")
    for company, segment in (("acme", "gold"), ("globex", "silver")):
        busy.contact(bob, busy.company(company))
        busy.member(segment, bob, company)
    busy.member("foreign", bob)
    assert seen(busy.api.as_customer(bob, "acme")) == ["p4", "p1"]
    assert seen(busy.api.as_customer(bob, "globex")) == ["p4", "p2"]
    assert seen(busy.api.as_customer(bob, "acme"), "legalEntityId=globex") == ["p4", "p1"]
    undecided = busy.api.as_customer(bob)
    assert seen(undecided) == ["p4", "p1", "p2"]
    assert seen(undecided, "legalEntityId=globex") == ["p4", "p2"]


def test_the_only_company_is_implied(busy: Shop) -> None:
    bob = busy.customer("bob@example.com")
    busy.contact(bob, busy.company("acme"))
    busy.company("globex")
    busy.member("gold", bob, "acme")
    busy.member("silver", bob, "globex")
    assert seen(busy.api.as_customer(bob), "legalEntityId=globex") == ["p1"]


class At(Clock):
    """A clock that stands."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


def test_a_segment_is_active_from_its_first_instant_to_before_its_last(
    busy: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = busy.api.server.runtime
    now = runtime.clock.now()
    start, end = now + timedelta(seconds=10), now + timedelta(seconds=20)
    window = {"from": iso(start), "to": iso(end)}
    busy.api.patch(f"{SEGMENTS}/gold", {"validity": window})
    ada = busy.customer("ada@example.com")
    busy.member("gold", ada)
    mine = busy.api.as_customer(ada)
    tick = timedelta(milliseconds=1)
    for instant, expected in [
        (start - tick, []),
        (start, ["p1"]),
        (end - tick, ["p1"]),
        (end, []),
    ]:
        monkeypatch.setattr(runtime.clock, "now", At(instant).now)
        assert seen(mine) == expected, instant
        assert (mine.get(f"{SEGMENTS}/gold").status == 200) == bool(expected)
    monkeypatch.undo()
    assert busy.api.get(f"{SEGMENTS}/gold").json["status"] == "ACTIVE"


def test_a_tree_has_the_assigned_categories_and_their_ancestors_as_labels(busy: Shop) -> None:
    busy.category("top", position=2)
    busy.category("other", position=1)
    busy.category("a", "top", position=2)
    busy.category("b", "top", position=1)
    busy.category("b1", "b")
    busy.category("b2", "b1")
    for id in ("a", "b1", "other"):
        busy.item("gold", id, "CATEGORY")
    ada = busy.customer("ada@example.com")
    busy.member("gold", ada)
    answer = busy.api.as_customer(ada).get(TREES)
    assert answer.status == 200

    def shape(nodes: list[dict[str, Any]]) -> list[Any]:
        return [
            (node["id"], node["isSegmentAssigned"], shape(node.get("subcategories", []))) for node in nodes
        ]

    assert shape(answer.json) == [
        ("other", True, []),
        ("top", False, [("b", False, [("b1", True, [])]), ("a", True, [])]),
    ]
    leaf = answer.json[1]["subcategories"][0]["subcategories"][0]
    assert "subcategories" not in leaf
    assert (leaf["parentId"], leaf["name"], leaf["code"]) == ("b", {"en": "Category b1"}, "cat-b1")
    assert busy.api.as_customer(ada).get(f"{TREES}?siteCode=swiss").json == []


def test_the_storefront_reads_stay_inside_their_budgets(busy: Shop) -> None:
    ada = busy.customer("ada@example.com")
    busy.member("gold", ada)
    mine = busy.api.as_customer(ada)
    seen(mine)
    for path, most in ((ITEMS, 3), (SEGMENTS, 3), (TREES, 4), (f"{SEGMENTS}/gold", 3)):
        with busy.api.statements(most):
            assert mine.get(path).status == 200


def test_the_hot_read_answers_as_the_general_one(busy: Shop) -> None:
    ada = busy.customer("ada@example.com")
    for segment in ("gold", "silver"):
        busy.member(segment, ada)
    busy.category("cat", localizedName={"en": 'Quote " \\ and ü', "de": "Ö"})
    mixins = {"label": {"text": 'a"b\\', "none": None, "list": [1, 2.5, True]}}
    path = f"{SEGMENTS}/gold/items/CATEGORY/cat"
    assert busy.api.put(path, {"mixins": mixins}).status == 201
    mine = busy.api.as_customer(ada)
    hot = mine.get(ITEMS)
    general = mine.get(f"{ITEMS}?q=type:(PRODUCT,CATEGORY)")
    assert hot.json == general.json
    assert hot.json[0]["mixins"] == mixins
    assert mine.get(f"{ITEMS}?pageSize=1&pageNumber=2").json == general.json[1:2]
    assert mine.get(f"{ITEMS}?q=type:CATEGORY").json == general.json[:1]


def test_a_page_larger_than_any_shop_is_only_a_page(busy: Shop) -> None:
    mine = busy.api.as_customer(busy.customer("ada@example.com"))
    assert mine.get(f"{ITEMS}?pageSize=3000000000").json == []
    assert mine.get(f"{ITEMS}?pageSize=3000000000&pageNumber=9").status in (200, 400)
