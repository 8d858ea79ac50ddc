"""schemathesis over every operation of customer segments in our own OpenAPI document, extensions included.

The tenant has what the operations name, so that ids hit. No answer is a 5xx, and each keeps our own document, as well
as the contract where the reference has the operation. Whatever file was taken in, its job comes to an end.
"""

from __future__ import annotations

import csv
import io
import json
import os
from typing import Any
from urllib.parse import quote, unquote, urlencode

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import response_schema_conformance

from coterie.description.openapi import document
from coterie.directory import SERVICES
from support.api import Api, Response
from support.jobs import CSV, IMPORTS, NDJSON, finish, imported, upload
from support.shop import Shop

EXAMPLES = int(os.environ.get("COTERIE_TEST_FUZZ", "8"))
PREFIX = "/customer-segment/"
DOCUMENT = document(SERVICES, "http://localhost")
ALSO = {405, 413, 414, 415, 429, 431}  # what the document's preamble allows of every operation
CHECKS: list[CheckFunction] = [response_schema_conformance]
KNOWN = {
    "segmentId": ["gold", "silver", "empty"],
    "type": ["PRODUCT", "CATEGORY", "product"],
    "itemId": ["boots", "skis", "shoes"],
    "legalEntityId": ["acme"],
    "siteCode": ["main"],
    "site": ["main"],
    "q": ["status:ACTIVE", "name.en:~gold", "metadata.version:>1", "(", "type:PRODUCT", "customer.id:exists"],
    "sort": ["id", "name.en:desc", "metadata.createdAt:asc,id"],
    "fields": ["id", "metadata,name"],
    "productId": ["boots", "skis"],
    "segmentIds": ["gold", "gold,silver", "empty,nothing"],
    "at": ["2026-01-02T03:04:05Z", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"],
    "Accept-Language": ["de", "*", "fr, en;q=0.5"],
    "Content-Language": ["en", "*"],
    "X-Total-Count": ["true"],
}
EXPORTS = "/customer-segment/{tenant}/exports"

LOCALIZED = ("name", "description")
ODDS = st.integers(0, 7)  # seven times in eight, what is generated is replaced by what the tenant has


def operations() -> dict[str, Any]:
    schema = schemathesis.openapi.from_dict(DOCUMENT).include(path_regex=f"^{PREFIX}")
    found = (each.ok() for each in schema.get_all_operations())
    return {f"{each.method.upper()} {each.path.removeprefix(PREFIX)}": each for each in found}


OPERATIONS = operations()


def seed(api: Api) -> dict[str, list[str]]:
    """A shop with members and items in its segments; the ids by the names that operations have for them."""
    shop = Shop(api)
    shop.site()
    shop.category("shoes")
    for product in ("boots", "skis"):
        shop.product(product)
    shop.categorise("shoes", "boots")
    shop.company("acme")
    customers = [shop.customer(f"{name}@example.com") for name in ("ada", "grace")]
    shop.contact(customers[0], "acme")
    for segment in ("gold", "silver", "empty"):
        shop.segment(segment)
    for segment in ("gold", "silver"):
        shop.member(segment, customers[0], "acme")
        shop.member(segment, customers[1])
        shop.item(segment, "boots")
        shop.item(segment, "shoes", "CATEGORY")
    body = {
        "code": "SPRING",
        "name": "Spring",
        "discountType": "PERCENT",
        "discountPercentage": 10,
        "segmentRestricted": True,
        "restrictions": {"segments": ["gold"]},
    }
    assert api.post("/coupon/{tenant}/coupons", body).status == 201
    ids = [*KNOWN["segmentId"], *KNOWN["itemId"], *customers]
    jobs = {"jobId": seed_jobs(api, customers[0])}
    return {**KNOWN, **jobs, "customerId": customers, "id": ids, "segmentIds": KNOWN["segmentIds"]}


def seed_jobs(api: Api, customer: str) -> list[str]:
    """An import with rows that were refused, one that was never started, one that was cancelled, and two exports."""
    rows = f"customerId\n{customer}\nnobody\n".encode()
    done = imported(api, rows, CSV, segmentId="empty")["id"]
    orders = [{"type": "customers", "format": "csv"}, {"type": "items", "segmentId": "gold"}]
    exports = [api.post(EXPORTS, order).json["id"] for order in orders]
    finish(api)
    waiting, cancelled = (upload(api, rows, CSV, segmentId="empty").json["id"] for _ in range(2))
    assert api.post(f"{IMPORTS}/{cancelled}/cancel").status == 204
    return [done, *exports, waiting, cancelled]


def a_file(data: st.DataObject, media: str, known: dict[str, list[str]]) -> bytes:
    """Rows with ids that exist, mostly, some with cells of every kind, and now and then one that can't be read."""
    names = ["customerId", "legalEntityId", "segmentId", "type", "id", "mixins", "metadata"]
    cells = st.fixed_dictionaries(
        {},
        optional={
            name: st.sampled_from(known.get(name, ["", '{"a": {"b": 1}}', '{"version": 1}']))
            | (st.text(max_size=8) if data.draw(ODDS) == 0 else st.nothing())
            for name in names
        },
    )
    rows = data.draw(st.lists(cells, min_size=1, max_size=6))
    if media == NDJSON:
        lines = [json.dumps(row) for row in rows]
    else:
        text = io.StringIO()
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(rows)
        lines = [text.getvalue()]
    return "\n".join([*lines, "{" if data.draw(ODDS) == 0 else ""]).encode("utf-8", "surrogatepass")


def named(data: st.DataObject, value: Any, known: dict[str, list[str]], name: str = "") -> Any:
    """The value with most of the ids in it replaced by ones that exist, wherever the field says what it names."""
    if isinstance(value, dict) and name in LOCALIZED and data.draw(ODDS):
        return {data.draw(st.sampled_from(["en", "de"])): each for each in value.values()}
    if isinstance(value, dict):
        return {key: named(data, each, known, key) for key, each in value.items()}
    if isinstance(value, list):
        return [named(data, each, known, name or "id") for each in value]
    if isinstance(value, str) and name in known and data.draw(ODDS):
        return data.draw(st.sampled_from(known[name]))
    return value


def target(case: Any, api: Api, data: st.DataObject, known: dict[str, list[str]]) -> str:
    """Path and query of a generated case, in this tenant."""
    path = case.path.replace("{tenant}", api.tenant)
    for name, value in named(data, dict(case.path_parameters or {}), known).items():
        path = path.replace(f"{{{name}}}", quote(unquote(str(value)), safe="") or "-")
    query = named(data, dict(case.query or {}), known)
    return f"{path}?{urlencode(query, doseq=True)}" if query else path


def ask(case: Any, caller: Api, data: st.DataObject, known: dict[str, list[str]]) -> tuple[str, Response]:
    """Send a generated case for a caller: the target, and the answer."""
    where = target(case, caller, data, known)
    given = {name: value for name, value in dict(case.headers or {}).items() if name != "Authorization"}
    headers = {name.lower(): value for name, value in named(data, given, known).items()}
    body = None if case.body is NOT_SET else named(data, case.body, known)
    if case.media_type in (CSV, NDJSON) and isinstance(body, str):
        made = data.draw(ODDS)
        body = a_file(data, case.media_type, known) if made else body.encode("utf-8", "surrogatepass")
        headers["content-type"] = case.media_type
    answer = caller.request(case.method, where, body, **headers)
    assert answer.status < 500, (case.method, where, headers, body, answer.body)
    allowed = {int(code) for code in case.operation.definition.raw["responses"]} | ALSO
    assert answer.status in allowed, (case.method, where, headers, body, answer.status, answer.body)
    return where, answer


def pytest_generate_tests(metafunc: Any) -> None:
    if "operation" in metafunc.fixturenames:
        metafunc.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())


def test_every_answer_keeps_the_contract(api: Api, operation: Any) -> None:
    known = seed(api)
    # Customers may do little: the tenant's own client asks most of the time.
    callers = [
        *[api] * 4,
        api.as_customer(known["customerId"][0], "acme"),
        api.as_customer(known["customerId"][1]),
    ]
    cases = st.one_of(
        *(
            operation.as_strategy(generation_mode=mode)
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        )
    )

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        case = data.draw(cases)
        caller = data.draw(st.sampled_from(callers))
        where, answer = ask(case, caller, data, known)
        if answer.body and "fields=" not in where:
            request = requests.Request(case.method, f"http://localhost{where}").prepare()
            headers = {name: [value] for name, value in answer.headers.items()}
            seen = schemathesis.Response(answer.status, headers, answer.body, request, 0.0, verify=False)
            case.validate_response(seen, checks=CHECKS)

    check()
    finish(api)
    states = {each["state"] for each in api.get(f"{IMPORTS}?pageSize=1000").json}
    assert states <= {"SUCCEEDED", "FAILED", "CANCELLED"}
