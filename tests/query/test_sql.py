"""JSON columns, paths into them and JSON built by the database: alike on both engines."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from coterie.query.json_match import JsonTest
from coterie.query.sql import (
    json_array_agg,
    json_boolean,
    json_elements,
    json_exists,
    json_kind,
    json_matches,
    json_number,
    json_object,
    json_text,
)

SHARED = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
# Half of a surrogate pair is no text, and PostgreSQL stores no U+0000.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.floats(-(2.0**53), 2.0**53),
        TEXTS,
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
KINDS = {dict: "object", list: "array", str: "string", int: "number", float: "number", bool: "boolean"}


@SHARED
@given(st.lists(TEXTS, min_size=1, max_size=3), VALUES)
@example(['a"b\\c', "$.x[0]", ""], "'; DROP TABLE q_items; --")
@example(["0"], {"0": [1]})
@example(["\x7f\x1f", "é.'"], True)
def test_reads_what_was_written_at_any_path(both: Any, path: list[str], value: Any) -> None:
    document = value
    for key in reversed(path):
        document = {key: document}
    both.fill([{"id": "a", "document": document}])
    column = both.items.c.document
    reads = [read(column, path) for read in (json_kind, json_text, json_number, json_boolean, json_exists)]
    (row,) = both.rows(sa.select(column, *reads))
    kind = KINDS.get(type(value), "null")
    expected = [value if kind == of else None for of in ("string", "number", "boolean")]
    assert row == (document, kind, *expected, True)
    (row,) = both.rows(
        sa.select(
            *(read(column, [*path, "no"]) for read in (json_kind, json_text, json_number, json_boolean))
        )
    )
    inner = value.get("no") if isinstance(value, dict) else None
    if inner is None:
        assert row[1:] == (None, None, None)
    condition = json_matches(column, JsonTest(tuple(path), present=True))
    assert both.ids(condition) == (
        ["a"] if any(v is not None for v in (value if isinstance(value, list) else [value])) else []
    )


def test_a_key_never_is_a_position(both: Any) -> None:
    both.fill([{"id": "a", "document": {"list": ["x"]}}])
    column = both.items.c.document
    assert both.rows(sa.select(json_text(column, ["list", "0"]), json_exists(column, ["list", "0"]))) == [
        (None, False)
    ]
    assert both.ids(json_matches(column, JsonTest(("list", "0"), present=True))) == []


@pytest.mark.parametrize("text", ["\0", "a\0", "\\\0", '"\\u0000\0'])
def test_a_document_with_a_nul_is_refused_before_either_engine(both: Any, text: str) -> None:
    with pytest.raises(sa.exc.StatementError, match=r"U\+0000"):
        both.fill([{"id": "a", "document": {"k": text}}])


def test_text_that_only_looks_like_a_nul_is_kept(both: Any) -> None:
    both.fill([{"id": "a", "document": {"k": "\\u0000"}}])
    assert both.rows(sa.select(both.items.c.document)) == [({"k": "\\u0000"},)]


def test_texts_order_by_code_point(both: Any) -> None:
    texts = ["b", "a", "B", "é", "Z", "z", "", "10", "9", "_", "😀", "\uffff"]
    both.fill([{"id": text, "document": {}} for text in texts])
    assert both.ids(sa.true()) == sorted(texts)
    assert both.ids(both.items.c.id > "Z") == sorted(text for text in texts if text > "Z")


def test_builds_json(both: Any) -> None:
    both.fill(
        [
            {
                "id": "a",
                "count": 1,
                "price": 1.5,
                "active": True,
                "document": {"k": ["'", 1, None]},
                "name": {"en": "x"},
            },
            {"id": "b", "active": False, "document": {}},
        ],
        [{"item": "a", "category": category} for category in ("c2", "c1", "c3")],
    )
    c, links = both.items.c, both.links
    categories = json_array_agg(
        sa.select(links.c.category)
        .where(links.c.item == c.id)
        .order_by(links.c.category.desc())
        .correlate(both.items)
    )
    built = json_object(
        id=c.id,
        count=c.count,
        price=c.price,
        active=c.active,
        document=c.document,
        categories=categories,
        nested=json_object(name=c.name, **{"it's": sa.literal("100%")}),
    )
    expected = [
        {
            "id": "a",
            "count": 1,
            "price": 1.5,
            "active": True,
            "document": {"k": ["'", 1, None]},
            "categories": ["c3", "c2", "c1"],
            "nested": {"name": {"en": "x"}, "it's": "100%"},
        },
        {
            "id": "b",
            "count": None,
            "price": None,
            "active": False,
            "document": {},
            "categories": [],
            "nested": {"name": None, "it's": "100%"},
        },
    ]
    assert both.rows(sa.select(built).order_by(c.id)) == [(value,) for value in expected]
    every = json_array_agg(sa.select(built).order_by(c.id.desc()))
    assert both.rows(sa.select(every)) == [(expected[::-1],)]
    assert both.rows(sa.select(json_array_agg(sa.select(built).where(sa.false())))) == [([],)]


def test_documents_that_the_server_knows_are_rows_like_any(both: Any) -> None:
    both.fill([{"id": "b", "document": {"id": "b", "in": "the table"}}])
    value = json_elements([{"id": "c", "n": [1, None]}, {"id": "a", "it's": "100%"}])
    known = sa.select(json_text(value, ("id",)).label("id"), value.label("doc"))
    every = sa.union_all(known, sa.select(both.items.c.id, both.items.c.document)).subquery()
    assert both.rows(sa.select(every.c.id, every.c.doc).order_by(every.c.id)) == [
        ("a", {"id": "a", "it's": "100%"}),
        ("b", {"id": "b", "in": "the table"}),
        ("c", {"id": "c", "n": [1, None]}),
    ]
    test = JsonTest(("n",), one_of=(1,))
    assert both.rows(sa.select(every.c.id).where(json_matches(every.c.doc, test))) == [("c",)]
    assert both.rows(sa.select(json_elements([]))) == []


def test_json_can_be_had_as_text(both: Any) -> None:
    both.fill([{"id": "a", "document": {"k": 1}}])
    text = sa.cast(json_object(id=both.items.c.id, document=both.items.c.document), sa.Text)
    for ((answer,),) in both.on_each(sa.select(text)):
        assert json.loads(answer) == {"id": "a", "document": {"k": 1}}


def test_statements_are_cached_by_shape_not_by_value(both: Any) -> None:
    column = both.items.c.document

    def key(*path: str) -> Any:
        return sa.select(json_text(column, path))._generate_cache_key()

    assert key("a") == key("b", "c") != key('"')
    assert (
        sa.select(json_object(a=column))._generate_cache_key()
        != sa.select(json_object(b=column))._generate_cache_key()
    )
    assert (
        sa.select(json_number(column, ["a"]))._generate_cache_key()
        != sa.select(json_text(column, ["a"]))._generate_cache_key()
    )
