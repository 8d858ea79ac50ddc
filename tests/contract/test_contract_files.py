"""The contract files are whole and hold facts only, and the checker tells good responses from bad ones."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from support.contract import DIRECTORY, Contract, Operation, amend, read
from support.contract_errors import ENVELOPES, SHAPES, UNAUTHORIZED
from support.contract_overrides import ALIASES, OVERRIDES, Alias, Override

FILES = sorted(DIRECTORY.glob("*.json"))
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
TYPES = {"object", "array", "string", "number", "integer", "boolean"}
JSON = {"Content-Type": "application/json;charset=UTF-8"}
SEGMENT = "/customer-segment/acme/segments/gold"
COUPONS = "/coupon/acme/coupons"
A_400 = {"code": 400, "status": "Bad Request", "message": "bad"}


@pytest.fixture
def contract() -> Contract:
    return Contract.load()


def documented() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}


def schemas_in(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema of a contract file; the names of properties are not mistaken for keywords."""
    if isinstance(node, list):
        for item in node:
            yield from schemas_in(item)
    elif isinstance(node, dict):
        for key, item in node.items():
            if key in ("schemas", "content", "properties"):
                yield from item.values()
                yield from schemas_in(list(item.values()))
            elif key in ("items", "additionalProperties") and isinstance(item, dict):
                yield item
                yield from schemas_in(item)
            elif key not in ("default", "enum"):
                yield from schemas_in(item)


def body(**changes: Any) -> bytes:
    """A good segment, with changes; `...` leaves a field out."""
    segment = {
        "id": "gold",
        "name": {"en": "Gold"},
        "siteCode": "main",
        "status": "ACTIVE",
        "validity": {"from": "2026-01-01T00:00:00.000Z"},
        "metadata": {"version": 1, "createdAt": "2026-01-01T00:00:00Z", "modifiedAt": "2026-01-01T00:00:00Z"},
    }
    return json.dumps(
        {key: value for key, value in {**segment, **changes}.items() if value is not ...}
    ).encode()


def test_every_operation_of_every_service_is_promised() -> None:
    documents = documented()
    names = [(facts["method"], facts["path"]) for item in documents.values() for facts in item["operations"]]
    assert len(documents) == 45
    assert len(names) == len(set(names)) == 653


def test_files_are_named_after_their_service_and_sorted() -> None:
    for name, document in documented().items():
        assert document["service"] == name
        order = [(facts["path"], facts["method"]) for facts in document["operations"]]
        assert order == sorted(order)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_operations_are_well_formed(path: Any) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    for facts in document["operations"]:
        assert facts["method"] in METHODS
        assert re.fullmatch(r"(/([A-Za-z0-9_-]+|\{[A-Za-z0-9_-]+\}))+", facts["path"]), facts["path"]
        assert facts["scopes"] is None or facts["scopes"] == sorted(set(facts["scopes"]))
        assert all(re.fullmatch(r"\d{3}", code) for code in facts["responses"])
        assert any(code.startswith("2") for code in facts["responses"]), facts["path"]
        in_path = {item["name"] for item in facts["parameters"] if item["in"] == "path"}
        assert in_path == set(re.findall(r"\{(.+?)\}", facts["path"])), facts["path"]
        for item in facts["parameters"]:
            assert item["in"] in {"path", "query", "header"}
            assert isinstance(item["name"], str)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_schemas_are_well_formed_and_hold_no_prose(path: Any) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    for schema in schemas_in(document):
        assert not schema.keys() & {"description", "summary", "title", "example", "examples", "allOf"}, schema
        assert schema.get("type") in {None, *TYPES}
        if "$ref" in schema:
            assert schema["$ref"].removeprefix("#/schemas/") in document["schemas"]
    for part in (*document["operations"], *document["responses"].values()):
        assert not part.keys() & {"description", "summary"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_documented_body_compiles(path: Any, contract: Contract) -> None:
    for operation in contract.operations.values():
        if operation.service != path.stem:
            continue
        for code in operation.facts["responses"]:
            response = contract.response(operation, int(code))
            assert response is not None
            for schema in response["content"].values():
                contract.compile(operation.service, schema).is_valid({})


@pytest.mark.parametrize("override", OVERRIDES, ids=lambda item: f"{item.service}:{item.at[-1]}")
def test_an_override_changes_something(override: Override) -> None:
    document = read(DIRECTORY / f"{override.service}.json")
    before = copy.deepcopy(document)
    amend(document, override.at, override.patch)
    assert document != before, "the document says the same by now: delete the override"
    assert override.why


@pytest.mark.parametrize("alias", ALIASES, ids=lambda item: f"{item.method} {item.path}")
def test_an_alias_is_not_documented_itself(alias: Alias) -> None:
    documents = documented().values()
    names = {(facts["method"], facts["path"]) for item in documents for facts in item["operations"]}
    assert (alias.method, alias.path) not in names
    assert (alias.like_method, alias.like_path) in names


def test_error_shapes_belong_to_services_and_operations(contract: Contract) -> None:
    known = {*contract.documents, *(operation.name for operation in contract.operations.values())}
    assert known >= ENVELOPES.keys() | UNAUTHORIZED.keys()
    assert SHAPES.keys() >= {
        shape for shapes in (*ENVELOPES.values(), *UNAUTHORIZED.values()) for shape in shapes
    }


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("GET", "/customer-segment/acme/segments/gold", "/customer-segment/{tenant}/segments/{segmentId}"),
        ("GET", "/customer-segment/acme/segments/items", "/customer-segment/{tenant}/segments/items"),
        ("GET", "/customer-segment/acme/segments/?q=a:b", "/customer-segment/{tenant}/segments"),
        (
            "PUT",
            "/customer-segment/acme/segments/gold/customers/bulk",
            "/customer-segment/{tenant}/segments/{segmentId}/customers/bulk",
        ),
        (
            "PUT",
            "/customer-segment/acme/segments/gold/customers/bulk/le",
            "/customer-segment/{tenant}/segments/{segmentId}/customers/{customerId}/{legalEntityId}",
        ),
        ("PUT", "/customer/acme/me", "/customer/{tenant}/me"),
    ],
)
def test_finds_the_operation_of_a_path(contract: Contract, method: str, path: str, template: str) -> None:
    found = contract.find(method, path)
    assert isinstance(found, Operation)
    assert found.path == template


def test_finds_every_operation_by_its_own_template(contract: Contract) -> None:
    for operation in contract.operations.values():
        concrete = re.sub(r"\{.+?\}", "some-value", operation.path)
        assert contract.find(operation.method, concrete) == operation


def test_accepts_good_responses(contract: Contract) -> None:
    assert contract.check("GET", SEGMENT, 200, JSON, body()) == []
    assert contract.check("PUT", SEGMENT, 204, {}, b"") == []
    assert contract.check("PUT", f"{SEGMENT}/customers/c1", 201, {}, b"") == []
    assert contract.check("PUT", f"{COUPONS}/X", 200, {}, b"") == []
    assert contract.check("GET", "/nowhere", 404, {}, b"") == []
    assert contract.extras == []


def test_reports_unknown_fields_softly_and_once(contract: Contract) -> None:
    surprising = body(colour="red", metadata={"version": 1, "by": "me"}, mixins={"any": {"thing": 1}})
    for _ in range(2):
        assert contract.check("GET", SEGMENT, 200, JSON, surprising) == []
    name = "GET /customer-segment/{tenant}/segments/{segmentId} 200"
    assert contract.extras == [f"{name}: /colour", f"{name}: /metadata/by"]


@pytest.mark.parametrize(
    ("status", "answer", "problem"),
    [
        (200, body(siteCode=7), "/siteCode: 7 is not of type"),
        (200, body(id=None), "/id: null is not of type"),
        (200, body(siteCode=...), '"siteCode" is a required property'),
        (200, body(status="OLD"), '/status: "OLD" is not one of'),
        (200, body(validity={"from": "soon"}), "/validity/from"),
        (200, b"[]", "is not of type"),
        (200, b"<html>", "the body is not JSON"),
        (200, b"", "the body is not JSON"),
        (202, b"", "the status is not documented; documented are 200"),
        (204, b"", "the status is not documented"),
    ],
)
def test_rejects_bad_responses(contract: Contract, status: int, answer: bytes, problem: str) -> None:
    (found,) = contract.check("GET", SEGMENT, status, JSON, answer)
    assert problem in found


def test_rejects_a_body_where_there_is_to_be_none(contract: Contract) -> None:
    assert "is to be empty" in contract.check("DELETE", SEGMENT, 204, JSON, b"{}")[0]
    assert "is to be empty" in contract.check("PUT", f"{SEGMENT}/customers/c1", 201, JSON, b"{}")[0]


def test_rejects_another_content_type(contract: Contract) -> None:
    assert "content type" in contract.check("GET", SEGMENT, 200, {"content-type": "text/html"}, body())[0]


def test_rejects_an_operation_nobody_promised(contract: Contract) -> None:
    assert "no such operation" in contract.check("GET", "/nowhere", 200, JSON, b"{}")[0]


def test_a_choice_of_fields_need_not_have_the_others(contract: Contract) -> None:
    assert contract.check("GET", f"{SEGMENT}?fields=id", 200, JSON, b'{"id": "gold"}') == []
    assert contract.check("GET", f"{SEGMENT}?fields=id", 200, JSON, b'{"id": 1}')


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        (SEGMENT, 404, {"code": 404, "status": "Not Found", "message": "gone", "resourceId": "gold"}),
        (
            SEGMENT,
            400,
            {"code": 400, "status": "Bad Request", "message": "bad", "details": ["one", {"field": "q"}]},
        ),
        (COUPONS, 400, {"status": 400, "type": "validation_violation", "message": "bad", "details": []}),
        (
            COUPONS,
            401,
            {"fault": {"faultstring": "no", "detail": {"errorcode": "oauth.v2.InvalidAccessToken"}}},
        ),
    ],
)
def test_accepts_errors_in_the_shape_of_their_service(
    contract: Contract, path: str, status: int, answer: dict[str, Any]
) -> None:
    assert contract.check("GET", path, status, JSON, json.dumps(answer).encode()) == []


@pytest.mark.parametrize(
    ("path", "status", "answer", "problem"),
    [
        (SEGMENT, 404, {"status": 404, "type": "resource_not_found", "message": "gone"}, "not of shape A"),
        (
            SEGMENT,
            400,
            {"code": 400, "status": "Bad Request", "message": "bad", "details": {}},
            "not of shape A",
        ),
        (SEGMENT, 404, {"code": 400, "status": "Bad Request", "message": "bad"}, "the error's body says 400"),
        (SEGMENT, 401, {"code": 401, "status": "Unauthorized", "message": "who"}, "not of shape F"),
        (COUPONS, 400, A_400, "not of shape B"),
        (COUPONS, 418, {}, "the status is not documented"),
    ],
)
def test_rejects_errors_in_another_shape(
    contract: Contract, path: str, status: int, answer: dict[str, Any], problem: str
) -> None:
    (found,) = contract.check("GET", path, status, JSON, json.dumps(answer).encode())
    assert problem in found
