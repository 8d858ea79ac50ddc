"""Mapping files: what they may say, and the bodies that rows become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coterie.cli import CommandError
from coterie.cli.mapping import mapped, read_mapping, unmapped
from coterie.cli.rows import rows_of


def rules(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "map.toml"
    file.write_text(text)
    return read_mapping(file)


@pytest.mark.parametrize(
    ("text", "row", "body"),
    [
        ('id = "sku"', {"sku": "a", "other": "b"}, {"id": "a"}),
        ('"name.en" = "t"\n"name.de" = "d"', {"t": "A", "d": "B"}, {"name": {"en": "A", "de": "B"}}),
        ('name.en = "t"', {"t": "A"}, {"name": {"en": "A"}}),
        ('name.en = "t"', {"t": ""}, {}),
        ('x = { value = [1, "a"] }', {}, {"x": [1, "a"]}),
        ('x = { column = "n", type = "number" }', {"n": "-12"}, {"x": -12}),
        ('x = { column = "n", type = "number" }', {"n": "1.5"}, {"x": 1.5}),
        ('x = { column = "b", type = "boolean" }', {"b": "Yes"}, {"x": True}),
        ('x = { column = "j", type = "json" }', {"j": '{"a": 1}'}, {"x": {"a": 1}}),
        ('x = { column = "l", split = "|" }', {"l": "a| b ||"}, {"x": ["a", "b"]}),
        ('x = { column = "l", split = ",", type = "number" }', {"l": "1,2"}, {"x": [1, 2]}),
        ('x = "a.b"', {"a": {"b": 3}}, {"x": 3}),
        ('x = "a.b"', {"a.b": 4, "a": {"b": 3}}, {"x": 4}),
        ('x = "a.b"', {"a": "text"}, {}),
    ],
)
def test_rows_become_bodies(tmp_path: Path, text: str, row: dict[str, Any], body: dict[str, Any]) -> None:
    assert mapped(rules(tmp_path, text), row) == body


@pytest.mark.parametrize(
    ("text", "row", "problem"),
    [
        ('x = { column = "n", type = "number" }', {"n": "many"}, "n: 'many' is no number"),
        ('x = { column = "b", type = "boolean" }', {"b": "perhaps"}, "b: 'perhaps' is no boolean"),
        ('x = { column = "j", type = "json" }', {"j": "{"}, "j: '{' is no JSON"),
        ('x = "a"\n"x.y" = "b"', {"a": "1", "b": "2"}, "x.y lies below x, which is a value"),
    ],
)
def test_a_row_that_does_not_fit_says_where(
    tmp_path: Path, text: str, row: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        mapped(rules(tmp_path, text), row)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("id = 3", "id must be the name of a column, or a table"),
        ("id = {}", "id must be the name of a column, or a table"),
        ('id = { column = "a", value = 1 }', "id has both column and value"),
        ('a.id = { column = "a", format = "x" }', "a.id has 'format'"),
        ('id = { column = "a", type = "date" }', "id has the type 'date'; it is one of"),
        ("id = { column = 3 }", "id: column and split are texts"),
        ("id = ", "is no TOML"),
    ],
)
def test_a_mapping_that_is_none_names_the_entry(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(CommandError, match=problem) as raised:
        rules(tmp_path, text)
    assert raised.value.code == 2


def test_columns_named_as_fields_need_no_mapping() -> None:
    row = {"id": "a", "name.en": "Lamp", "published": "true", "tags": '["x"]', "code": "007", "empty": ""}
    assert unmapped(row) == {
        "id": "a",
        "name": {"en": "Lamp"},
        "published": True,
        "tags": ["x"],
        "code": "007",
    }


def test_rows_know_their_lines() -> None:
    lines = ["id,name\n", 'a,"two\n', 'lines"\n', "b,B,extra\n", "\n", ",C\n"]
    found = [(row.line, row.body, row.problem) for row in rows_of(lines, "csv", None, ("id",))]
    assert found == [
        (3, {"id": "a", "name": "two\nlines"}, None),
        (4, {}, "has 3 cells for 2 columns"),
        (6, {}, "id: is required; name it in the file, or map a column to it"),
    ]


@pytest.mark.parametrize(
    ("lines", "problem"), [([], "no first line"), (["a\n", '"x"y\n'], "line 2 is no CSV")]
)
def test_a_file_that_is_no_csv_is_refused(lines: list[str], problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        list(rows_of(lines, "csv", None, ()))
