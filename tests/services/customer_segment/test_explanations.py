"""Explanations: why a customer is in a segment or not, and by which segments he sees a product."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api, Server, new_tenant
from support.shop import SEGMENTS, Shop

EXPLAINED = "/customer-segment/{tenant}/explanations/customers"
PAST, FUTURE = "2020-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"


def codes(api: Api, customer: str, query: str = "") -> dict[str, list[str]]:
    """The codes of the reasons, by segment; of a segment that the customer is in, none."""
    answer = api.get(f"{EXPLAINED}/{customer}?{query}")
    assert answer.status == 200, answer.json
    for each in answer.json:
        assert each["in"] == (each["reasons"] == [])
        assert each["message"].startswith("In: " if each["in"] else "Out: ")
    return {each["segmentId"]: [reason["code"] for reason in each["reasons"]] for each in answer.json}


def product(api: Api, customer: str, id: str, query: str = "") -> tuple[bool, dict[str, Any]]:
    """Whether a product is visible, and by segment whether the customer is in it, and its ways."""
    answer = api.get(f"{EXPLAINED}/{customer}/products/{id}?{query}")
    assert answer.status == 200, answer.json
    found = {}
    for each in answer.json["segments"]:
        ways = [
            (way["by"], way.get("categoryId"), [step["id"] for step in way.get("path", [])])
            for way in each["ways"]
        ]
        found[each["segmentId"]] = (each["in"], ways)
    return answer.json["visible"], found


def test_each_reason_has_its_code(shop: Shop) -> None:
    shop.site("swiss", currency="CHF")
    ada = shop.customer("ada@example.com")
    for company in ("acme", "beta"):
        shop.contact(ada, shop.company(company))
    shop.segment("in")
    shop.segment("off", status="INACTIVE")
    shop.segment("late", validity={"to": PAST})
    shop.segment("early", validity={"from": FUTURE})
    shop.segment("swiss", siteCode="swiss")
    for segment in ("in", "off", "late", "early", "swiss"):
        shop.member(segment, ada)
    shop.segment("none")
    shop.segment("beta")
    shop.member("beta", ada, "beta")
    shop.segment("over")
    shop.member("over", ada)
    shop.expire("over", ada, PAST)
    assert codes(shop.api, ada, "legalEntityId=acme&siteCode=main") == {
        "in": [],
        "off": ["INACTIVE"],
        "late": ["EXPIRED"],
        "early": ["NOT_YET_VALID"],
        "swiss": ["OTHER_SITE"],
        "none": ["NOT_A_MEMBER"],
        "beta": ["OTHER_LEGAL_ENTITY"],
        "over": ["MEMBERSHIP_EXPIRED"],
    }
    assert codes(shop.api, ada)["beta"] == codes(shop.api, ada)["swiss"] == []
    answer = shop.api.get(f"{EXPLAINED}/{ada}?legalEntityId=acme&segmentIds=over,beta,nothing").json
    assert answer == [
        {
            "segmentId": "beta",
            "in": False,
            "reasons": [
                {
                    "code": "OTHER_LEGAL_ENTITY",
                    "message": "the customer is a member for beta only",
                    "legalEntityIds": ["beta"],
                }
            ],
            "message": "Out: the customer is a member for beta only.",
        },
        {
            "segmentId": "over",
            "in": False,
            "reasons": [
                {
                    "code": "MEMBERSHIP_EXPIRED",
                    "message": f"the membership expired at {PAST}",
                    "at": PAST,
                }
            ],
            "message": f"Out: the membership expired at {PAST}.",
        },
    ]


def test_several_reasons_are_all_told(shop: Shop) -> None:
    ada = shop.customer("ada@example.com")
    shop.segment("gold", status="INACTIVE", validity={"from": FUTURE})
    assert codes(shop.api, ada, "siteCode=swiss") == {
        "gold": ["INACTIVE", "NOT_YET_VALID", "OTHER_SITE", "NOT_A_MEMBER"]
    }


def test_another_instant_gives_another_answer(shop: Shop) -> None:
    ada = shop.customer("ada@example.com")
    shop.segment("gold", validity={"from": "2030-01-01T00:00:00Z", "to": "2031-01-01T00:00:00Z"})
    shop.member("gold", ada)
    shop.expire("gold", ada, "2030-06-01T00:00:00.000Z")
    for at, expected in (
        ("2029-12-31T23:59:59.999Z", ["NOT_YET_VALID"]),
        ("2030-01-01T00:00:00Z", []),
        ("2030-01-01T01:00:00%2B01:00", []),
        ("2030-06-01", ["MEMBERSHIP_EXPIRED"]),
        ("2031-01-01T00:00:00Z", ["EXPIRED", "MEMBERSHIP_EXPIRED"]),
    ):
        assert codes(shop.api, ada, f"at={at}") == {"gold": expected}, at


def test_the_segments_are_paged_by_id(shop: Shop) -> None:
    ada = shop.customer("ada@example.com")
    for number in range(5):
        shop.segment(f"s{number}")
    page = shop.api.get(f"{EXPLAINED}/{ada}?pageSize=2&pageNumber=2", x_total_count="true")
    assert [each["segmentId"] for each in page.json] == ["s2", "s3"]
    assert page.headers["x-total-count"] == "5"
    with shop.api.statements(5):
        shop.api.get(f"{EXPLAINED}/{ada}", x_total_count="true")


@pytest.mark.parametrize("tail", ["", "/products/p1"])
def test_bad_input_is_refused(shop: Shop, tail: str) -> None:
    ada = shop.customer("ada@example.com")
    shop.product("p1")
    unknown = shop.api.get(f"{EXPLAINED}/nobody{tail}")
    assert (unknown.status, "nobody" in unknown.json["message"]) == (404, True)
    for at in ("yesterday", "2030-13-01", "0001-01-01T00:00:00%2B14:00"):
        refused = shop.api.get(f"{EXPLAINED}/{ada}{tail}?at={at}")
        assert (refused.status, refused.json["details"][0]["field"]) == (400, "at"), at
    assert shop.api.get(f"{EXPLAINED}/{ada}{tail}?pageSize=0").status == 400
    assert shop.api.get(f"{EXPLAINED}/{ada}/products/none").status == 404
    assert shop.api.as_customer(ada).get(f"{EXPLAINED}/{ada}{tail}").status == 403


def test_with_open_references_a_customer_may_live_elsewhere(server: Server) -> None:
    api = new_tenant(server, references="open")
    shop = Shop(api)
    shop.site("main")
    shop.segment("gold")
    shop.member("gold", "elsewhere")
    shop.item("gold", "p1")
    assert codes(api, "elsewhere") == {"gold": []}
    assert product(api, "elsewhere", "p1") == (True, {"gold": (True, [("PRODUCT", None, [])])})


@pytest.fixture(params=["assigned", "subtree"])
def tree(request: pytest.FixtureRequest, server: Server) -> tuple[Shop, str, str]:
    """Ada in every segment but foreign, and the product boot in all/shoes/boots; the third is the scope."""
    shop = Shop(new_tenant(server, **{"segments.categoryScope": request.param}))
    shop.site("main")
    shop.category("all")
    shop.category("shoes", "all")
    shop.category("boots", "shoes")
    shop.categorise("boots", shop.product("boot"))
    ada = shop.customer("ada@example.com")
    for segment in ("by-all", "by-boots", "direct", "foreign", "other"):
        shop.segment(segment)
        if segment != "foreign":
            shop.member(segment, ada)
    shop.item("by-all", "all", "CATEGORY")
    shop.item("by-boots", "boots", "CATEGORY")
    for segment in ("direct", "foreign"):
        shop.item(segment, "boot")
    shop.item("direct", "boots", "CATEGORY")
    return shop, ada, request.param


def test_a_product_is_explained_by_its_segments_and_paths(tree: tuple[Shop, str, str]) -> None:
    shop, ada, scope = tree
    path = ["all", "shoes", "boots"]
    expected = {
        "by-boots": (True, [("CATEGORY", "boots", path)]),
        "direct": (True, [("PRODUCT", None, []), ("CATEGORY", "boots", path)]),
        "foreign": (False, [("PRODUCT", None, [])]),
    }
    if scope == "subtree":
        expected["by-all"] = (True, [("CATEGORY", "all", path)])
    assert product(shop.api, ada, "boot") == (True, expected)
    assert product(shop.api, ada, "boot", "siteCode=swiss")[0] is False
    answer = shop.api.get(f"{EXPLAINED}/{ada}/products/boot?segmentIds=by-boots", x_total_count="true")
    assert answer.headers["x-total-count"] == "1"
    step = answer.json["segments"][0]["ways"][0]["path"][0]
    assert step == {"id": "all", "name": {"en": "Category all"}}
    with shop.api.statements(10):
        shop.api.get(f"{EXPLAINED}/{ada}/products/boot", x_total_count="true")


def test_a_product_of_foreign_segments_only_is_not_visible(tree: tuple[Shop, str, str]) -> None:
    shop, ada, _ = tree
    for segment in ("by-all", "by-boots", "direct"):
        assert shop.api.delete(f"{SEGMENTS}/{segment}?forceDelete=true").status == 204
    assert product(shop.api, ada, "boot") == (False, {"foreign": (False, [("PRODUCT", None, [])])})
    assert product(shop.api, ada, shop.product("lonely")) == (False, {})
