"""Products in bulk: order, mixed good and bad, duplicates, limits, statements (CONTRACT §2.12)."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api

PRODUCTS = "/product/{tenant}/products"
BULK = f"{PRODUCTS}/bulk"


def body(id: str, code: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": id, "code": code or id.upper(), "name": {"en": id}, **fields}


def codes(answer: Any) -> list[int]:
    assert answer.status == 207
    assert [entry["index"] for entry in answer.json] == list(range(len(answer.json)))
    return [entry["code"] for entry in answer.json]


def test_creation_answers_in_order_with_id_and_yrn(api: Api) -> None:
    answer = api.post(BULK, [body("b"), body("a"), {"code": "C", "name": "c"}])
    assert codes(answer) == [201, 201, 201]
    yrn = f"urn:yaas:hybris:product:product:{api.tenant};"
    assert answer.json[0] == {
        "index": 0,
        "id": "b",
        "yrn": f"{yrn}b",
        "code": 201,
        "status": "Created",
    }
    made = answer.json[2]["id"]
    assert answer.json[2]["yrn"] == yrn + made
    assert {each["id"] for each in api.get(PRODUCTS).json} == {"a", "b", made}
    assert [event["id"] for event in api.events("product.created")] == ["b", "a", made]


def test_good_items_are_written_beside_bad_ones(api: Api) -> None:
    api.post(PRODUCTS, body("old"))
    items = [
        body("good"),
        {"id": "nameless", "code": "N"},
        body("old"),
        body("new", code="OLD"),
        body("bundle", productType="BUNDLE"),
        body("lonely", relatedItems=[{"refId": "ghost", "type": "X"}]),
        "nonsense",
        {"code": "GOOD", "name": "no id of its own"},
        body("last"),
    ]
    answer = api.post(BULK, items)
    assert codes(answer) == [201, 400, 409, 409, 400, 400, 400, 409, 201]
    assert answer.json[1]["details"] == ["name: is required"]
    assert answer.json[3]["message"] == "The code 'OLD' is taken by the product old."
    assert answer.json[5]["details"][0].startswith("relatedItems[0].refId: there is no product 'ghost'")
    assert "id" not in answer.json[7]
    assert "yrn" not in answer.json[3]
    assert [each["id"] for each in api.get(f"{PRODUCTS}?sort=id").json] == ["good", "last", "old"]
    assert len(api.events("product.created")) == 3


def test_nothing_good_changes_nothing(api: Api) -> None:
    api.post(PRODUCTS, body("old"))
    with api.unchanged():
        assert codes(api.post(BULK, [body("old"), {}, body("x", published="maybe")])) == [409, 400, 400]
        assert api.post(BULK, {"id": "no array"}).status == 400
    assert codes(api.post(BULK, [])) == []


def test_the_same_id_twice(api: Api) -> None:
    assert codes(api.post(BULK, [body("a"), body("a", code="A2"), body("b")])) == [201, 409, 201]
    answer = api.put(
        BULK, [body("a", code="A3"), body("b"), body("a", code="A4"), body("c"), body("c", code="C2")]
    )
    assert codes(answer) == [204, 204, 204, 201, 204]
    assert {each["id"]: each["code"] for each in api.get(PRODUCTS).json} == {"a": "A4", "b": "B", "c": "C2"}
    assert api.get(f"{PRODUCTS}/a").json["metadata"]["version"] == 3


def test_the_same_code_twice_goes_to_the_first_that_is_good(api: Api) -> None:
    items = [body("a", code="X", productType="BUNDLE"), body("b", code="X"), body("c", code="X")]
    answer = api.post(BULK, items)
    assert codes(answer) == [400, 201, 409]
    assert answer.json[2]["message"] == "The code 'X' is taken by the product b."


def test_an_item_may_relate_to_one_before_it(api: Api) -> None:
    related = [{"refId": "a", "type": "ACCESSORY"}]
    assert codes(api.post(BULK, [body("a"), body("b", relatedItems=related)])) == [201, 201]
    later = [body("c", relatedItems=[{"refId": "d", "type": "ACCESSORY"}]), body("d")]
    assert codes(api.post(BULK, later)) == [400, 201]


def test_codes_that_change_hands_are_refused_and_nothing_breaks(api: Api) -> None:
    api.post(BULK, [body("a", code="X"), body("b", code="Y")])
    assert codes(api.put(BULK, [body("a", code="Y"), body("b", code="X")])) == [409, 409]
    assert codes(api.put(BULK, [body("a", code="Z"), body("b", code="X")])) == [204, 409]
    assert codes(api.put(BULK, [body("b", code="X")])) == [204]


def test_upsert_checks_versions_item_by_item(api: Api) -> None:
    api.post(BULK, [body("a"), body("b")])
    items = [
        body("a", metadata={"version": 1}),
        body("b", metadata={"version": 9}),
        body("c", metadata={"version": 4}),
    ]
    answer = api.put(BULK, items)
    assert codes(answer) == [204, 409, 201]
    assert answer.json[1]["message"].startswith("The resource that was requested for update has changed.")
    assert answer.json[1]["id"] == "b"


def test_an_upsert_item_needs_an_id(api: Api) -> None:
    answer = api.put(BULK, [{"code": "A", "name": "a"}])
    assert codes(answer) == [400]
    assert answer.json[0]["details"] == ["id: is required"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_two_hundred_items_and_not_one_more(api: Api, method: str) -> None:
    items = [body(f"p{at}") for at in range(201)]
    with api.unchanged():
        answer = api.request(method, BULK, items)
    assert (answer.status, answer.json["message"]) == (400, "Maximum size of the payload array is 200.")
    assert set(codes(api.request(method, BULK, items[:200]))) == {201}


def test_the_budget_of_statements(api: Api) -> None:
    items = [body(f"p{at}", relatedItems=[{"refId": "p0", "type": "X"}] if at else []) for at in range(200)]
    with api.statements(16):
        assert set(codes(api.post(BULK, items))) == {201}
    for at, item in enumerate(items):
        item["code"] = f"NEW-{at}"
    with api.statements(16):
        assert set(codes(api.put(BULK, items))) == {204}
    assert len(api.events("product.updated")) == 200


def test_texts_follow_content_language(api: Api) -> None:
    items = [{"id": "a", "code": "A", "name": "Becher"}, {"id": "b", "code": "B", "name": {"en": "Mug"}}]
    assert codes(api.post(BULK, items, content_language="de")) == [201, 400]
    assert api.get(f"{PRODUCTS}/a").json["name"] == {"de": "Becher"}
