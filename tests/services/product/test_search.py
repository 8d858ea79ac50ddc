"""Lists and searches: `q` on real products, sort, pages, counts, fields, yrns, statements."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from support.api import Api

PRODUCTS = "/product/{tenant}/products"

SHOP: list[dict[str, Any]] = [
    {
        "id": "a",
        "code": "MUG-1",
        "name": {"en": "Red mug", "de": "Roter Becher"},
        "description": {"en": "Holds tea"},
        "published": True,
        "brandId": "potter",
        "labelIds": ["new", "eco"],
        "taxClasses": {"DE": "STANDARD"},
        "mixins": {"size": {"height": 9.5, "tags": ["x", "y"]}, "care": {"wash": True}},
        "metadata": {"mixins": {"size": "http://127.0.0.1:9/size.json"}},
    },
    {
        "id": "b",
        "code": "MUG-2",
        "name": {"en": "Blue mug"},
        "published": False,
        "mixins": {"size": {"height": 12}},
    },
    {"id": "c", "code": "CUP", "name": {"de": "Tasse"}, "published": True, "weightDependent": True},
]

FINDS = {
    "id:a": "a",
    "id:(a,c,ghost)": "ac",
    'id:("a","b")': "ab",
    "code:MUG-1": "a",
    "code:mug-1": "",
    "code:~mug": "ab",
    "code:(CUP,MUG-2)": "bc",
    "name:~mug": "ab",
    "name:Tasse": "c",
    "name.en:(~red mug)": "a",
    'name.de:"Roter Becher"': "a",
    "name.de:exists": "ac",
    "name.en:missing": "c",
    "description.en:~tea": "a",
    "description:null": "bc",
    "published:true": "ac",
    "published:false": "b",
    "published:true code:~mug": "a",
    "productType:BASIC": "abc",
    "productType:BUNDLE": "",
    "brandId:potter": "a",
    "labelIds:eco": "a",
    "taxClasses.DE:STANDARD": "a",
    "weightDependent:true": "c",
    "mixins.size.height:>10": "b",
    "mixins.size.height:(>=9 AND <10)": "a",
    "mixins.size.tags:y": "a",
    "mixins.care.wash:true": "a",
    "mixins.size:exists": "ab",
    "mixins:missing": "c",
    "metadata.mixins.size:exists": "a",
    "metadata.version:1": "abc",
    "metadata.version:>1": "",
    'metadata.createdAt:>"2020-01-01T00:00:00Z"': "abc",
    'metadataModifiedAt:<"2020-01-01T00:00:00Z"': "",
    "categoryIds:tea": "ab",
    "categoryIds:(tea,sale)": "abc",
    "categoryIds:tea categoryIds:sale": "a",
    "categoryIds:exists": "abc",
    "categoryIds:missing": "",
    "customerSegmentIds:gold": "b",
    "customerSegmentIds:missing": "ac",
    "customerSegmentIds:null": "ac",
    "customerSegmentIds:~OL": "b",
    "compoundLogicalQuery:((code:CUP) OR (customerSegmentIds:gold))": "bc",
    "ghost:x": "",
}


@pytest.fixture
def shop(api: Api, emit: Any) -> Api:
    """Three products, in categories and a segment."""
    assert {entry["code"] for entry in api.post(f"{PRODUCTS}/bulk", SHOP).json} == {201}
    links = [("a", "tea"), ("a", "sale"), ("b", "tea"), ("c", "sale")]
    emit(
        *(
            ("assignment.created", {"product_id": product, "category_id": category})
            for product, category in links
        ),
        (
            "customer-segment.item-assignment-created",
            {"segment_id": "gold", "type": "PRODUCT", "item_id": "b"},
        ),
    )
    return api


def ids(answer: Any) -> str:
    assert answer.status == 200, answer.json
    return "".join(each["id"] for each in answer.json)


def test_q_finds(shop: Api) -> None:
    found = {q: ids(shop.get(f"{PRODUCTS}?q={quote(q)}")) for q in FINDS}
    assert found == FINDS
    assert {q: ids(shop.post(f"{PRODUCTS}/search", {"q": q})) for q in FINDS} == FINDS


def test_a_q_that_cannot_be_read_is_refused(shop: Api) -> None:
    assert shop.get(f"{PRODUCTS}?q=mug").status == 400
    assert shop.post(f"{PRODUCTS}/search", {"q": "name:(~)"}).status == 400


def test_a_search_without_q_lists_all(shop: Api) -> None:
    assert ids(shop.post(f"{PRODUCTS}/search", {})) == "abc"
    assert ids(shop.post(f"{PRODUCTS}/search")) == "abc"


@pytest.mark.parametrize(
    ("sort", "accept", "expected"),
    [
        ("code", None, "cab"),
        ("code:desc", None, "bac"),
        ("published:DESC,code:asc", None, "cab"),
        ("name.en:asc", None, "cba"),  # c has no English name
        ("name", None, "cba"),
        ("name", "de", "bac"),
        ("mixins.size.height:desc", None, "bac"),
        ("metadata.createdAt", None, "abc"),
        ("", None, "abc"),
    ],
)
def test_sort(shop: Api, sort: str, accept: str | None, expected: str) -> None:
    headers = {"accept_language": accept} if accept else {}
    assert ids(shop.get(f"{PRODUCTS}?sort={sort}", **headers)) == expected


def test_products_cannot_be_sorted_by_their_links(shop: Api) -> None:
    assert shop.get(f"{PRODUCTS}?sort=categoryIds").status == 400


def test_pages_and_the_count(shop: Api) -> None:
    answer = shop.get(f"{PRODUCTS}?pageSize=2&pageNumber=2&sort=code", x_total_count="true")
    assert (ids(answer), answer.headers["x-total-count"]) == ("b", "3")
    searched = shop.post(f"{PRODUCTS}/search?pageSize=1", {"q": "categoryIds:tea"}, x_total_count="true")
    assert (ids(searched), searched.headers["x-total-count"]) == ("a", "2")
    assert ids(shop.get(f"{PRODUCTS}?pageNumber=9")) == ""
    assert "x-total-count" not in shop.get(PRODUCTS).headers
    assert shop.get(f"{PRODUCTS}?pageNumber=0").status == 400


def test_a_page_has_sixty_products_unless_more_are_asked_for(api: Api) -> None:
    for start in (0, 200):
        items = [{"code": f"P{at}", "name": "x"} for at in range(start, start + 200)]
        api.post(f"{PRODUCTS}/bulk", items)
    assert len(api.get(PRODUCTS).json) == 60
    assert len(api.get(f"{PRODUCTS}?pageSize=20000").json) == 400


def test_fields_always_with_id_and_yrn(shop: Api) -> None:
    yrn = f"urn:yaas:hybris:product:product:{shop.tenant};a"
    expected = {"id": "a", "yrn": yrn, "code": "MUG-1", "categoryIds": ["sale", "tea"]}
    assert shop.get(f"{PRODUCTS}/a?fields=code,categoryIds,ghost").json == expected
    assert shop.get(f"{PRODUCTS}?q=id:a&fields=code,categoryIds").json == [expected]
    assert shop.post(f"{PRODUCTS}/search?fields=code,categoryIds", {"q": "id:a"}).json == [expected]


def test_the_budget_of_statements(shop: Api) -> None:
    with shop.statements(3):
        shop.get(PRODUCTS, x_total_count="true")
    with shop.statements(3):
        shop.post(f"{PRODUCTS}/search", {"q": f"id:({','.join(f'p{at}' for at in range(100))},a)"})
    with shop.statements(3):
        shop.get(f"{PRODUCTS}/a")


def test_search_by_yrns_of_either_form(shop: Api) -> None:
    yrns = [
        f"urn:yaas:hybris:product:product:{shop.tenant};a",
        f"urn:yaas:saasag:caasproduct:product:{shop.tenant};c",
        f"urn:yaas:saasag:caasproduct:product:{shop.tenant};c",
        f"urn:yaas:hybris:product:product:{shop.tenant};ghost",
        "urn:yaas:hybris:product:product:elsewhere;b",
    ]
    answer = shop.post("/product/{tenant}/search", {"yrns": yrns})
    assert ids(answer) == "ac"
    assert answer.json[0]["categoryIds"] == ["sale", "tea"]
    assert ids(shop.post("/product/{tenant}/search", {"yrns": []})) == ""
    assert ids(shop.post("/product/{tenant}/search?pageSize=1&pageNumber=2", {"yrns": yrns})) == "c"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"yrns": ["mug"]},
        {"yrns": ["urn:yaas:hybris:cart:cart:t;1"]},
        {"yrns": "urn:yaas:hybris:product:product:t;1"},
        {"yrns": ["urn:yaas:hybris:product:product:t;1"] * 1001},
    ],
)
def test_what_is_no_yrn_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.post("/product/{tenant}/search", body).status == 400


def test_more_yrns_than_a_page_holds(api: Api) -> None:
    made = [api.post(f"{PRODUCTS}/bulk", [{"code": f"P{at}", "name": "x"} for at in range(100)])]
    yrns = [entry["yrn"] for entry in made[0].json]
    assert len(api.post("/product/{tenant}/search", {"yrns": yrns}).json) == 100
