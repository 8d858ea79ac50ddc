"""schemathesis over every operation of schemas and custom entities in our own OpenAPI document.

The tenant has what the operations name, so that ids hit. No answer is a 5xx, and each keeps our own document and the
contract.
"""

from __future__ import annotations

from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from fuzz.test_customer_segment import CHECKS, DOCUMENT, EXAMPLES, ask
from services.schema.world import BOUNDARY, World, attribute, form, values
from support.api import Api

PREFIX = "/schema/"
KNOWN = {
    "type": ["CAR"],
    "types": ["CAR", "PRODUCT", "CUSTOM_ENTITY"],
    "q": ["name.en:~a", "mixins.data.doors:>1", "owner.type:SERVICE", "types:CAR", "("],
    "sort": ["id", "_id:desc", "mixins.data.doors,id", "name.en"],
    "fields": ["id", "metadata,name"],
    "expand": ["*", "data.to", "data.to.0,data.*"],
    "op": ["add", "remove", "replace"],
    "path": ["/name", "/mixins/data/doors", "/mixins/data", "/owner", "/"],
    "file": ["data_v1.json", "free_v1.json", "data_v2.json"],
    "key": ["doors", "to"],
    "Accept-Language": ["de", "*"],
    "Content-Language": ["en", "*"],
    "X-Total-Count": ["true"],
}


def operations() -> dict[str, Any]:
    schema = schemathesis.openapi.from_dict(DOCUMENT).include(path_regex=f"^{PREFIX}")
    found = (each.ok() for each in schema.get_all_operations())
    return {f"{each.method.upper()} {each.path.removeprefix(PREFIX)}": each for each in found}


OPERATIONS = operations()
# What takes an upload: random forms would never get beyond their boundary, so the parts are random instead.
UPLOADS = {"POST {tenant}/schemas/file", "POST {tenant}/references", "PUT {tenant}/references/{id}"}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.text(max_size=4)
    | st.sampled_from(["object", "string"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "items", "name", "types", "$ref", "a"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


def seed(api: Api) -> dict[str, list[str]]:
    """A type with a schema, a reference and instances; the ids by the names that operations have for them."""
    world = World(api)
    world.type("CAR")
    to = attribute("to", "ARRAY", arrayType={"type": "REFERENCE", "values": values("CAR")})
    url = world.schema("data", attribute("doors", "NUMBER"), to, types=("CAR",))
    free = world.reference("free", {}, types=("CAR",))
    world.instance("CAR", "one", name={"en": "a"}, mixins={"data": {"doors": 2}})
    link = {"emporixReferenceType": "CAR", "id": "one"}
    world.instance("CAR", "two", mixins={"data": {"to": [link]}})
    return {**KNOWN, "id": ["one", "two", "data", "free", "CAR"], "data": [url, free]}


def pytest_generate_tests(metafunc: Any) -> None:
    if "operation" in metafunc.fixturenames:
        known = {name: each for name, each in OPERATIONS.items() if name not in UPLOADS}
        metafunc.parametrize("operation", known.values(), ids=known.keys())


def test_every_answer_keeps_the_contract(api: Api, operation: Any) -> None:
    known = seed(api)
    own = frozenset({"custom.car_read_own", "custom.car_manage_own"})
    callers = [*[api] * 4, api.as_customer("nobody", scopes=own)]
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        case = data.draw(cases)
        where, answer = ask(case, data.draw(st.sampled_from(callers)), data, known)
        if answer.body and "fields=" not in where:
            request = requests.Request(case.method, f"http://localhost{where}").prepare()
            headers = {name: [value] for name, value in answer.headers.items()}
            seen = schemathesis.Response(answer.status, headers, answer.body, request, 0.0, verify=False)
            case.validate_response(seen, checks=CHECKS)

    check()


def test_whatever_is_uploaded_is_taken_or_refused(api: Api) -> None:
    world = World(api)
    world.reference("free", {})

    @settings(max_examples=EXAMPLES * 4, deadline=None, suppress_health_check=list(HealthCheck))
    @given(file=JSON, body=JSON, cut=st.integers(0, 600), version=st.booleans())
    def check(file: Any, body: Any, cut: int, version: bool) -> None:
        told = {"name": {"en": "x"}, "types": ["PRODUCT"], "metadata": {"version": 1}} if version else body
        raw = form(file=file, body=told, id=b"")[: None if cut > 300 else cut]
        media = f"multipart/form-data; boundary={BOUNDARY}"
        for method, path in (("POST", "schemas/file"), ("POST", "references"), ("PUT", "references/free")):
            answer = world.send(method, path, raw, content_type=media)
            assert answer.status in (200, 201, 204, 400, 409), answer.body

    check()
