"""Indexed fields: they find what a search without them finds, whatever is written meanwhile."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.api import Api, new_tenant
from support.jobs import finish

PRODUCTS = "/product/{tenant}/products"
FIELDS = "/product/{tenant}/indexed-fields"
PATHS = ["mixins.spec.width", "mixins.spec.tags", "mixins.rows.n"]
QUERIES = (
    "mixins.spec.width:5",
    'mixins.spec.width:"5"',
    "mixins.spec.width:>4",
    "mixins.spec.width:(>=4.5 AND <9)",
    "mixins.spec.width:(5,7,x)",
    "mixins.spec.width:true",
    "mixins.spec.width:exists",
    "mixins.spec.width:null",
    "mixins.spec.width:~x",
    'mixins.spec.width:>"2026-01-01T00:00:00Z"',
    'mixins.spec.width:<="2026-01-01T00:00:00Z"',
    "mixins.spec.tags:x mixins.spec.width:5",
    "mixins.rows.n:5",
    f"mixins.spec.width:{'y' * 300}",
)
VALUES = [
    5,
    5.0,
    4,
    "5",
    "x",
    True,
    False,
    None,
    [5, "x"],
    [[5]],
    {"a": 5},
    "y" * 300,
    "y" * 299,
    9007199254740993,
]
VALUES += [
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.000Z",
    "2026-03-01",
    "2025-12-31",
    list(range(300)),
    [],
]


def body(id: str, value: Any) -> dict[str, Any]:
    mixins = {"spec": {"width": value, "tags": ["x", "z"]}, "rows": {"n": value}}
    return {"id": id, "code": id, "name": id, "mixins": mixins}


def declare(api: Api, *paths: str) -> Any:
    return api.put(FIELDS, [{"path": path} for path in paths])


def found(api: Api) -> dict[str, list[str]]:
    pages = {q: api.get(f"{PRODUCTS}?pageSize=1000&q={quote(q)}") for q in QUERIES}
    assert {page.status for page in pages.values()} == {200}
    return {q: [each["id"] for each in page.json] for q, page in pages.items()}


def test_an_index_changes_no_answer(api: Api) -> None:
    items = [body(f"p{at:02}", value) for at, value in enumerate(VALUES)]
    assert {entry["code"] for entry in api.post(f"{PRODUCTS}/bulk", items).json} == {201}
    plain = found(api)
    assert plain["mixins.spec.width:5"] == ["p00", "p01", "p03", "p08", "p18"]
    declared = declare(api, *PATHS)
    assert [each["ready"] for each in declared.json] == [False] * 3
    assert found(api) == plain
    finish(api)
    assert [each["ready"] for each in api.get(FIELDS).json] == [True] * 3
    assert found(api) == plain
    assert {
        q: [each["id"] for each in api.post(f"{PRODUCTS}/search", {"q": q}).json] for q in QUERIES
    } == plain


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([*VALUES, "gone"])), max_size=6))
def test_an_index_follows_every_write(server: Any, steps: list[tuple[str, Any]]) -> None:
    indexed, plain = new_tenant(server), new_tenant(server)
    declare(indexed, *PATHS)
    finish(indexed)
    for id, value in steps:
        for each in (indexed, plain):
            if value == "gone":
                each.delete(f"{PRODUCTS}/{id}")
            else:
                assert each.put(f"{PRODUCTS}/{id}", body(id, value)).status in (201, 204)
    assert found(indexed) == found(plain)


def test_what_is_written_before_the_job_ends_is_there(api: Api) -> None:
    api.post(PRODUCTS, body("a", 5))
    declare(api, *PATHS)
    api.post(PRODUCTS, body("b", 5))
    finish(api)
    api.patch(f"{PRODUCTS}/a", {"mixins": {"spec": {"width": 6}}})
    assert found(api)["mixins.spec.width:5"] == ["b"]


def test_a_field_put_on_the_list_again_is_taken_in_again(api: Api) -> None:
    api.post(PRODUCTS, body("a", 5))
    declare(api, *PATHS)
    declare(api)
    declare(api, *PATHS)
    finish(api)
    assert found(api)["mixins.spec.width:5"] == ["a"]
    assert declare(api, PATHS[0]).json == [{"path": PATHS[0], "ready": True}]
    assert found(api)["mixins.spec.tags:x mixins.spec.width:5"] == ["a"]


@pytest.mark.parametrize(
    ("paths", "place"),
    [
        (["name"], "[0].path"),
        (["name.en"], "[0].path"),
        (["mixins..x"], "[0].path"),
        (["mixins.a b"], "[0].path"),
        (["mixins.a", "mixins.a"], "[1].path"),
        ([f"mixins.f{at}" for at in range(21)], "lists more than 20 fields"),
    ],
)
def test_bad_fields_are_refused(api: Api, paths: list[str], place: str) -> None:
    with api.unchanged():
        answer = declare(api, *paths)
    assert answer.status == 400
    assert answer.json["details"][0].startswith(place)


def test_variants_are_found_by_what_they_inherit(tees: Api) -> None:
    declare(tees, "mixins.care.wash")
    finish(tees)
    tees.patch(f"{PRODUCTS}/tee", {"mixins": {"care": {"wash": 30}}})
    assert len(tees.get(f"{PRODUCTS}?q=mixins.care.wash:30").json) == 5


def test_indexing_is_for_managers_of_all_products(api: Api) -> None:
    with api.unchanged():
        assert api.with_scopes("product.product_manage_by_vendor").put(FIELDS, []).status == 403
