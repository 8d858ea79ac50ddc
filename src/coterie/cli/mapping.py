"""Mapping files: which column of somebody's file becomes which field of the API's body. Pure but for reading one."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coterie.cli import CommandError

_TYPES = ("text", "number", "boolean", "json")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_ABSENT = object()


@dataclass(frozen=True)
class Rule:
    """What one field is made of: a column, or else a value that all rows have.

    field: its path in the body. type: what a text becomes. split: what stands between the parts of a list.
    """

    field: tuple[str, ...]
    column: str | None = None
    value: Any = None
    type: str = "text"
    split: str | None = None


def read_mapping(file: Path) -> tuple[Rule, ...]:
    """The rules of a mapping file, TOML. Raises CommandError, which names the entry that is no rule."""
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise CommandError(f"{file} is no TOML: {error}", 2) from None
    try:
        return tuple(_rules((), entries))
    except ValueError as error:
        raise CommandError(f"{file}: {error}", 2) from None


def _rules(path: tuple[str, ...], entries: Mapping[str, Any]) -> Iterator[Rule]:
    for name, entry in entries.items():
        field = (*path, *name.split("."))
        if isinstance(entry, str):
            yield Rule(field, column=entry)
        elif not isinstance(entry, dict) or not entry:
            raise ValueError(
                f"{'.'.join(field)} must be the name of a column, or a table with column or value"
            )
        elif "column" in entry or "value" in entry:
            yield _rule(field, entry)
        else:
            yield from _rules(field, entry)


def _rule(field: tuple[str, ...], entry: Mapping[str, Any]) -> Rule:
    where = ".".join(field)
    unknown = sorted(set(entry) - {"column", "value", "type", "split"})
    if unknown:
        raise ValueError(f"{where} has {unknown[0]!r}; a rule has column or value, type and split")
    if "column" in entry and "value" in entry:
        raise ValueError(f"{where} has both column and value; leave one out")
    if entry.get("type", "text") not in _TYPES:
        raise ValueError(f"{where} has the type {entry['type']!r}; it is one of {', '.join(_TYPES)}")
    if not all(isinstance(entry.get(name, ""), str) for name in ("column", "split")):
        raise ValueError(f"{where}: column and split are texts")
    return Rule(field, **entry)


def mapped(rules: Sequence[Rule], row: Mapping[str, Any]) -> dict[str, Any]:
    """The body that a row becomes; what is empty or not there is absent. Raises ValueError, naming the column."""
    body: dict[str, Any] = {}
    for rule in rules:
        value = rule.value if rule.column is None else _cell(row, rule.column)
        if value is _ABSENT:
            continue
        if rule.column is not None and isinstance(value, str):
            parts = [value] if rule.split is None else [part.strip() for part in value.split(rule.split)]
            made = [_made(part, rule.type, rule.column) for part in parts if part]
            value = made[0] if rule.split is None else made
        _put(body, rule.field, value)
    return body


def unmapped(row: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a row of a CSV whose columns are named as the fields; JSON stands for what is no text."""
    body: dict[str, Any] = {}
    for column, cell in row.items():
        if cell != "":
            type_ = "json" if cell[0] in "{[" or cell in ("true", "false") else "text"
            _put(body, tuple(column.split(".")), _made(cell, type_, column))
    return body


def _cell(row: Mapping[str, Any], column: str) -> Any:
    """A column, or a path into the JSON of a row."""
    if column in row:
        found: Any = row[column]
    else:
        found = row
        for name in column.split("."):
            found = found.get(name, _ABSENT) if isinstance(found, dict) else _ABSENT
    return _ABSENT if found in ("", None) else found


def _made(text: str, type_: str, column: str) -> Any:
    try:
        if type_ == "number":
            return int(text) if text.lstrip("-").isdecimal() else float(text)
        if type_ == "boolean":
            return _BOOLEANS[text.strip().lower()]
        return json.loads(text) if type_ == "json" else text
    except (ValueError, KeyError):
        raise ValueError(f"{column}: {text[:80]!r} is no {type_.replace('json', 'JSON')}") from None


def _put(body: dict[str, Any], field: tuple[str, ...], value: Any) -> None:
    *above, last = field
    for name in above:
        body = body.setdefault(name, {})
        if not isinstance(body, dict):
            raise ValueError(f"{'.'.join(field)} lies below {name}, which is a value")
    body[last] = value
