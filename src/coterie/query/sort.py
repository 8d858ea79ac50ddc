"""The `sort` parameter: `field[:asc|desc]`, several separated by commas, as keys to order by (CONTRACT §2.2).

What is missing counts as the smallest. In a document, values of different types sort as: missing, then
booleans, then texts by code point, then numbers.
"""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from coterie.query.keyset import Key
from coterie.query.q import MAX_PATH, QError
from coterie.query.q_sql import Field, Fields
from coterie.query.sql import json_boolean, json_number, json_text

MAX_SORTS: Final = 16


def parse_sort(
    text: str | None,
    fields: Fields,
    tie_break: Sequence[sa.ColumnElement[Any] | Key] = (),
    *,
    strict: bool = False,
    language: str | None = None,
) -> list[Key]:
    """The keys that `sort` asks for, followed by the `tie_break` columns, so that pages do not overlap.

    Names that are not promoted sort by what stands at that path of the document, or raise QError when `strict`.
    A localized field named without a language is sorted in `language`. Only `desc`, in any case, turns the direction.
    An empty text leaves the tie-break alone.
    """
    keys: list[Key] = []
    position = 1
    parts = (text or "").split(",")
    if len(parts) > MAX_SORTS:
        raise QError(f"a sort has at most {MAX_SORTS} fields", 1)
    for part in parts:
        name, _, direction = part.strip().partition(":")
        if name:
            descending = direction.strip().lower() == "desc"
            keys += [Key(each, descending) for each in _keys(name, fields, position, strict, language)]
        position += len(part) + 1
    return [*keys, *map(Key.of, tie_break)]


def _keys(
    name: str, fields: Fields, position: int, strict: bool, language: str | None
) -> list[sa.ColumnElement[Any]]:
    path = tuple(name.split("."))
    if "" in path or "\0" in name or len(path) > MAX_PATH:
        raise QError(f"'{name}' is not a path to sort by", position)
    found = fields.find(path, position)
    if found.rows is not None or (strict and found.column is fields.document and not _declared(name, fields)):
        names = sorted(known for known, entry in fields.promoted.items() if entry.rows is None)
        raise QError(f"cannot sort by '{name}'; these can be sorted by: {', '.join(names)}", position)
    if found.kind == "localized" and language is not None:
        found = Field(found.column, "json", (*found.path, language))
    return _read(found)


def _declared(name: str, fields: Fields) -> bool:
    """Is a path of the document itself, or the start of one, among the promoted names?"""
    parts = fields.aliases.get(name, name).split(".")
    return any(".".join(parts[:length]) in fields.promoted for length in range(1, len(parts) + 1))


def _read(found: Field) -> list[sa.ColumnElement[Any]]:
    if not found.is_json:
        return [found.column]
    column, path = found.column, found.path
    return [json_number(column, path), json_text(column, path), json_boolean(column, path)]
