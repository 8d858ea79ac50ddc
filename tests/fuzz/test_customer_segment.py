"""schemathesis over every operation of customer segments in our own OpenAPI document, extensions included.

The tenant has what the operations name, so that ids hit. No answer is a 5xx, and each keeps the contract as well as
our own document.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote, urlencode

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
from support.api import Api
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
}

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
    ids = [*KNOWN["segmentId"], *KNOWN["itemId"], *customers]
    return {**KNOWN, "customerId": customers, "id": ids, "segmentIds": KNOWN["segmentId"]}


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
        path = path.replace(f"{{{name}}}", quote(str(value), safe="") or "-")
    query = named(data, dict(case.query or {}), known)
    return f"{path}?{urlencode(query, doseq=True)}" if query else path


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
    allowed = {int(code) for code in operation.definition.raw["responses"]} | ALSO
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
        where = target(case, api, data, known)
        body = None if case.body is NOT_SET else named(data, case.body, known)
        answer = caller.request(case.method, where, body)
        assert answer.status < 500, (case.method, where, body, answer.body)
        assert answer.status in allowed, (case.method, where, body, answer.status, answer.body)
        if answer.body and "fields=" not in where:
            request = requests.Request(case.method, f"http://localhost{where}").prepare()
            headers = {name: [value] for name, value in answer.headers.items()}
            seen = schemathesis.Response(answer.status, headers, answer.body, request, 0.0, verify=False)
            case.validate_response(seen, checks=CHECKS)

    check()
