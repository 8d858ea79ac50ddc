"""The tool that distils documents keeps facts, drops prose, and survives sloppy documents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.contract import distil, render

ROW = {
    "method": "GET",
    "path": "/thing/{tenant}/things",
    "operationId": "GET-things",
    "scopes": "thing.read thing.manage",
    "deprecated": "",
}


def distilled(schema: Any, row: dict[str, str] = ROW, **schemas: Any) -> Any:
    """(the contract, the schema of its one response) of a document with one operation."""
    operation = {
        "security": [{"oAuth2": ["thing.read"]}],
        "responses": {200: {"description": "prose", "content": {"application/json": {"schema": schema}}}},
    }
    source = {"paths": {"/thing/{tenant}/things": {"get": operation}}, "components": {"schemas": schemas}}
    contract = distil("thing", source, [row])
    return contract, contract["operations"][0]["responses"]["200"]["content"]["application/json"]


def test_keeps_facts_and_drops_prose() -> None:
    described = {
        "type": "object",
        "description": "prose",
        "required": ["b", "description"],
        "properties": {
            "description": {"type": "string", "example": "prose"},
            "b": {"enum": ["Y", "X"], "title": "prose"},
        },
    }
    contract, schema = distilled(described)
    assert schema == {
        "type": "object",
        "required": ["b", "description"],
        "properties": {"description": {"type": "string"}, "b": {"enum": ["Y", "X"]}},
    }
    (operation,) = contract["operations"]
    assert operation["scopes"] == ["thing.manage", "thing.read"]
    assert operation["tokens"] == ["OAuth2"]
    assert operation["parameters"] == [{"in": "path", "name": "tenant", "required": True, "type": "string"}]
    assert "prose" not in json.dumps(contract)


def test_tells_deprecated_and_removed_operations() -> None:
    contract, _ = distilled({}, ROW | {"deprecated": "removed 2026-01-21"})
    assert contract["operations"][0]["deprecated"] is True
    assert contract["operations"][0]["removed"] == "2026-01-21"


def test_merges_all_of_and_keeps_references_by_name() -> None:
    contract, schema = distilled(
        {"allOf": [{"$ref": "#/components/schemas/Base"}, {"required": ["id"], "description": "prose"}]},
        Base={"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/A"}}},
        A={"type": "string"},
        Unused={"type": "string"},
    )
    assert schema == {
        "type": "object",
        "required": ["a", "id"],
        "properties": {"a": {"$ref": "#/schemas/A"}},
    }
    assert contract["schemas"] == {"A": {"type": "string"}}


def test_an_all_of_around_one_reference_is_that_reference() -> None:
    wrapped = {"allOf": [{"$ref": "#/components/schemas/A"}], "description": "prose"}
    assert distilled(wrapped, A={"type": "string"})[1] == {"$ref": "#/schemas/A"}


def test_survives_recursion() -> None:
    child = {"allOf": [{"$ref": "#/components/schemas/Node"}, {"properties": {"leaf": {"type": "boolean"}}}]}
    node = {"type": "object", "properties": {"child": child}}
    loop = {"allOf": [{"$ref": "#/components/schemas/Loop"}, {"type": "object"}]}
    contract, _ = distilled({"$ref": "#/components/schemas/Tree"}, Tree=node, Node=node, Loop=loop)
    assert contract["schemas"]["Tree"]["properties"]["child"]["properties"]["leaf"] == {"type": "boolean"}
    assert distilled({"$ref": "#/components/schemas/Loop"}, Loop=loop)[1] == {"$ref": "#/schemas/Loop"}


@pytest.mark.parametrize(
    "sloppy",
    [
        None,
        "text",
        {"$ref": "other.yml#/components/schemas/A"},
        {"$ref": "#/components/schemas/Missing"},
        {"allOf": [{"$ref": "#/components/schemas/Missing"}]},
        {"properties": ["a"], "required": True},
    ],
)
def test_what_cannot_be_understood_allows_anything(sloppy: Any) -> None:
    assert distilled(sloppy)[1] == {}


def test_refuses_a_list_that_differs_from_the_document() -> None:
    with pytest.raises(ValueError, match=r"GET.*elsewhere"):
        distilled({}, ROW | {"path": "/thing/elsewhere"})


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_renders_any_value_as_json(value: Any) -> None:
    assert json.loads(render(value)) == value
