"""The seven bulk forms: an entry for each item in order, with its code and message, whatever the others are."""

from __future__ import annotations

from typing import Any

import pytest

from support.shop import SEGMENTS, Shop

GOLD = f"{SEGMENTS}/gold"
CHANGED = "The resource you are attempting to access has changed."
INVALID = "Validation problem with request body."
FORMS = {
    "create segments": ("POST", f"{SEGMENTS}/bulk"),
    "put segments": ("PUT", f"{SEGMENTS}/bulk"),
    "delete segments": ("DELETE", f"{SEGMENTS}/bulk"),
    "put customers": ("PUT", f"{GOLD}/customers/bulk"),
    "delete customers": ("DELETE", f"{GOLD}/customers/bulk"),
    "put items": ("PUT", f"{GOLD}/items/PRODUCT/bulk"),
    "delete items": ("DELETE", f"{GOLD}/items/PRODUCT/bulk"),
}


def _missing(id: str) -> str:
    return f"The resource with id {id} has not been found."


@pytest.fixture
def gold(shop: Shop) -> Shop:
    """A shop with the segment gold, the customers C1 to C3, two companies, and three products."""
    shop.segment("gold")
    for number in (1, 2, 3):
        shop.customer(f"c{number}@example.com", id=f"C{number}")
        shop.product(f"p{number}")
    for company in ("acme", "globex"):
        shop.company(company)
        shop.contact("C2", company)
    return shop


def _entries(shop: Shop, form: str, body: list[Any]) -> list[tuple[Any, ...]]:
    """Index, id, code, status and message of each entry; one of them per item."""
    answer = shop.api.request(*FORMS[form], body)
    assert answer.status == 207, answer.json
    assert [each["index"] for each in answer.json] == list(range(1, len(body) + 1))
    named = ("id", "code", "status", "message")
    return [tuple(each.get(name) for name in named) for each in answer.json]


def _ok(code: int, id: str | None = None) -> tuple[Any, ...]:
    return (id, code, {201: "Created", 204: "OK"}[code], None)


def _bad(code: int, message: str, id: str | None = None) -> tuple[Any, ...]:
    status = {400: "Bad Request", 404: "Not Found", 409: "Conflict"}[code]
    return (id, code, status, message)


def _segment(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "name": {"en": id}, "siteCode": "main", **more}


def test_segments(gold: Shop) -> None:
    assert _entries(
        gold,
        "create segments",
        [
            _segment("a"),
            _segment("gold"),
            {"id": "b"},
            _segment("a"),
            5,
            _segment("c", siteCode="nowhere"),
            _segment("d"),
        ],
    ) == [
        _ok(201, "a"),
        _bad(409, "The resource already exists.", "gold"),
        _bad(400, INVALID, None),
        _bad(409, "The resource already exists.", "a"),
        _bad(400, INVALID),
        _bad(400, INVALID, "c"),
        _ok(201, "d"),
    ]
    stale, fresh = {"metadata": {"version": 7}}, {"metadata": {"version": 1}}
    assert _entries(
        gold,
        "put segments",
        [
            _segment("a", **fresh),
            _segment("a", **fresh),
            _segment("d", **stale),
            _segment("e"),
            _segment("e"),
            {**_segment("f"), "name": {}},
        ],
    ) == [
        _ok(204, "a"),
        _bad(409, CHANGED, "a"),
        _bad(409, CHANGED, "d"),
        _ok(201, "e"),
        _ok(204, "e"),
        _bad(400, INVALID, "f"),
    ]
    gold.member("a", "C1")
    used = "The segment a has assignments; remove them, or delete with forceDelete=true."
    assert _entries(gold, "delete segments", ["e", "a", "none", "e", "gold"]) == [
        _ok(204, "e"),
        _bad(400, used, "a"),
        _bad(404, _missing("none"), "none"),
        _bad(404, _missing("e"), "e"),
        _ok(204, "gold"),
    ]
    assert [each["id"] for each in gold.api.get(SEGMENTS).json] == ["a", "d"]


def test_customers_for_themselves_and_for_companies(gold: Shop) -> None:
    gold.member("gold", "C3")
    stale, fresh = {"metadata": {"version": 7}}, {"metadata": {"version": 1}}
    body = [
        {"customerId": "C1"},
        {"customerId": "C2", "legalEntityId": "acme"},
        {"customerId": "C2", "legalEntityId": "globex"},
        {"customerId": "C2"},
        {"customerId": "nobody", "legalEntityId": "nowhere"},
        {"legalEntityId": "acme"},
        {"customerId": "C3", **stale},
        {"customerId": "C3", **fresh},
        {"customerId": "C3", **fresh},
        {"customerId": "C2", "legalEntityId": "acme"},
        {"customerId": "C1", "legalEntityId": ""},
        {"customerId": "not an id"},
    ]
    assert _entries(gold, "put customers", body) == [
        *[_ok(201)] * 4,
        _bad(400, INVALID),
        _bad(400, INVALID),
        _bad(409, CHANGED),
        _ok(204),
        _bad(409, CHANGED),
        _ok(204),
        _ok(204),
        _bad(400, INVALID),
    ]
    answer = gold.api.request(*FORMS["put customers"], body).json
    assert [each["field"] for each in answer[4]["details"]] == ["customerId", "legalEntityId"]
    rows = gold.api.get(f"{GOLD}/customers").json
    assert [(row["customer"]["id"], row.get("legalEntity", {}).get("id")) for row in rows] == [
        ("C1", None),
        ("C2", None),
        ("C2", "acme"),
        ("C2", "globex"),
        ("C3", None),
    ]
    assert _entries(
        gold,
        "delete customers",
        [
            {"customerId": "C2", "legalEntityId": "acme"},
            {"customerId": "C2"},
            {"customerId": "C2", "legalEntityId": "acme"},
            {"customerId": "C1", "legalEntityId": "acme"},
            {"legalEntityId": "acme"},
        ],
    ) == [_ok(204), _ok(204), _bad(404, _missing("C2")), _bad(404, _missing("C1")), _bad(400, INVALID)]
    assert len(gold.api.get(f"{GOLD}/customers").json) == 3


def test_items(gold: Shop) -> None:
    gold.item("gold", "p3")
    assert _entries(
        gold,
        "put items",
        [
            {"id": "p2"},
            {"id": "none"},
            {"id": "p3", "metadata": {"version": 7}},
            {"id": "p2"},
            {},
            {"id": "p1"},
        ],
    ) == [
        _ok(201, "p2"),
        _bad(400, INVALID, "none"),
        _bad(409, CHANGED, "p3"),
        _ok(204, "p2"),
        _bad(400, INVALID),
        _ok(201, "p1"),
    ]
    assert _entries(gold, "delete items", ["p3", "none", "p3", "p1", 5]) == [
        _ok(204, "p3"),
        _bad(404, _missing("none"), "none"),
        _bad(404, _missing("p3"), "p3"),
        _ok(204, "p1"),
        _bad(400, INVALID),
    ]
    assert [each["item"]["id"] for each in gold.api.get(f"{GOLD}/items").json] == ["p2"]


def _many(form: str, number: int) -> list[Any]:
    ids = [f"x{each}" for each in range(number)]
    if form in ("delete segments", "delete items"):
        return ids
    if "customers" in form:
        return [{"customerId": id} for id in ids]
    return [_segment(id) for id in ids]


@pytest.mark.parametrize("form", FORMS)
def test_one_too_many_refuses_the_whole(gold: Shop, form: str) -> None:
    with gold.api.unchanged():
        refused = gold.api.request(*FORMS[form], _many(form, 201))
    assert (refused.status, refused.json["message"]) == (400, "Maximum size of the payload array is 200.")
    assert len(gold.api.request(*FORMS[form], _many(form, 200)).json) == 200


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("body", [{"id": "x"}, "x", None])
def test_what_is_no_array_refuses_the_whole(gold: Shop, form: str, body: Any) -> None:
    with gold.api.unchanged():
        assert gold.api.request(*FORMS[form], body).status == 400


@pytest.mark.parametrize("form", FORMS)
def test_an_empty_array_is_answered_with_one(gold: Shop, form: str) -> None:
    with gold.api.unchanged():
        assert _entries(gold, form, []) == []


@pytest.mark.parametrize("form", [form for form in FORMS if "segments" not in form])
def test_into_no_segment_nothing_goes(gold: Shop, form: str) -> None:
    method, path = FORMS[form]
    with gold.api.unchanged():
        refused = gold.api.request(method, path.replace("gold", "none"), _many(form, 2))
    assert (refused.status, refused.json["message"]) == (404, _missing("none"))
