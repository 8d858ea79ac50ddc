"""Each form of `q` finds the documents listed in q_corpus.toml, promoted or not, on both engines."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from coterie.query.q import MAX_DEPTH, MAX_PATH, MAX_TERMS, MAX_VALUES, QError, parse
from coterie.query.q_sql import Field, Fields, compile_query

CORPUS = tomllib.loads((Path(__file__).parent / "q_corpus.toml").read_text(encoding="utf-8"))
DOCUMENTS = {key: json.loads(text, strict=False) for key, text in CORPUS["documents"].items()}


def row(document: dict[str, Any]) -> dict[str, Any]:
    columns = ("id", "code", "count", "price", "active", "name", "tags")
    return {
        **{name: document.get(name) for name in columns},
        "created": document.get("createdAt"),
        "document": document,
    }


@pytest.fixture(scope="module")
def filled(both: Any) -> Any:
    both.fill(
        [row(document) for document in DOCUMENTS.values()],
        [
            {"item": key, "category": category}
            for key, document in DOCUMENTS.items()
            for category in document.get("categoryIds", ())
        ],
    )
    return both


def fields(both: Any, *, promoted: bool) -> Fields:
    c, links = both.items.c, both.links
    if not promoted:
        return Fields({"name": Field(c.document, "localized", ("name",))}, c.document)
    return Fields(
        {
            "id": Field(c.id),
            "code": Field(c.code),
            "count": Field(c.count, "number"),
            "price": Field(c.price, "number"),
            "active": Field(c.active, "boolean"),
            "createdAt": Field(c.created, "date"),
            "name": Field(c.name, "localized"),
            "tags": Field(c.tags, "text-array"),
            "categoryIds": Field(links.c.category, rows=sa.select(1).where(links.c.item == c.id)),
        },
        c.document,
    )


@pytest.mark.parametrize("promoted", [True, False], ids=["promoted", "document"])
@pytest.mark.parametrize(("q", "expected"), CORPUS["finds"].items())
def test_finds(filled: Any, q: str, expected: str, promoted: bool) -> None:
    condition = compile_query(parse(q), fields(filled, promoted=promoted))
    assert "".join(filled.ids(condition)) == expected


def test_an_alias_is_another_name_of_a_path(filled: Any) -> None:
    c = filled.items.c
    known = Fields({"metadata.createdAt": Field(c.created, "date")}, c.document)
    assert filled.ids(compile_query(parse('metadataCreatedAt:>"2026-01-15"'), known)) == ["b"]


def test_a_path_that_cannot_be_searched_names_those_that_can(both: Any) -> None:
    known = Fields({"id": Field(both.items.c.id), "code": Field(both.items.c.code)})
    with pytest.raises(QError, match="'nam' cannot be searched; these can: code, id") as caught:
        compile_query(parse("id:a nam:x"), known)
    assert caught.value.position == 6


def test_a_column_that_holds_no_document_has_nothing_in_it(both: Any) -> None:
    both.fill([{"id": "a", "document": {}}])
    known = Fields({"name": Field(both.items.c.name, "localized")})
    assert both.ids(compile_query(parse("name.en:null"), known)) == ["a"]
    assert both.ids(compile_query(parse("name.en:exists"), known)) == []
    assert both.ids(~compile_query(parse("name.en:x"), known)) == ["a"]


@pytest.mark.parametrize(
    "q",
    [
        f"n:({','.join(map(str, range(MAX_VALUES)))})",
        f"id:({','.join(map(str, range(MAX_VALUES)))})",
        "n:(" + " AND ".join([">0"] * 900) + ")",
        "n:(" + " AND ".join(['>"2000-01-01"'] * 400) + ")",
        "n:7 " * MAX_TERMS,
        f"compoundLogicalQuery:({' OR '.join(['n:7'] * MAX_TERMS)})",
        f"compoundLogicalQuery:{'(' * MAX_DEPTH}n:7{')' * MAX_DEPTH}",
        ".".join("a" * MAX_PATH) + ":7",
    ],
)
def test_the_largest_queries_run(both: Any, q: str) -> None:
    deep: Any = 7
    for _ in range(MAX_PATH):
        deep = {"a": [deep]}
    both.fill([{"id": "7", "document": {"n": [7, "2026-01-01"], **deep}}])
    assert both.ids(
        compile_query(parse(q), Fields({"id": Field(both.items.c.id)}, both.items.c.document))
    ) == ["7"]
