"""Indexed fields: which paths can be one, and the values that stand at a path of a product. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from coterie.kit.errors import Problem

MOST_FIELDS = 20
LONGEST = 200
"""How many characters of a text are indexed; PostgreSQL refuses index entries of more than 2,700 bytes."""
MOST_VALUES = 200
"""How many values of one field of a product are indexed; one with more is looked at whatever is searched for."""

_PATH = re.compile(r"[\w-]{1,100}(\.[\w-]{1,100}){0,9}", re.ASCII)

Value = tuple[str | None, float | None]
"""A text or a number; neither stands for any value."""


def path_problems(paths: Sequence[str], promoted: Collection[str]) -> list[Problem]:
    """What is wrong with the paths that are to be indexed. promoted: those that have columns of their own."""
    if len(paths) > MOST_FIELDS:
        return [Problem.violation("", f"lists more than {MOST_FIELDS} fields")]
    problems = []
    for at, path in enumerate(paths):
        steps = path.split(".")
        above = {".".join(steps[:length]) for length in range(1, len(steps) + 1)}
        if not _PATH.fullmatch(path):
            text = f"{path[:80]!r} is no path; use one such as mixins.size.height"
            problems.append(Problem.violation(f"[{at}].path", text))
        elif above & set(promoted):
            problems.append(Problem.violation(f"[{at}].path", f"{path[:80]!r} needs no index; leave it out"))
        elif path in paths[:at]:
            problems.append(Problem.violation(f"[{at}].path", f"{path[:80]!r} stands twice"))
    return problems


def values_at(document: Mapping[str, Any], path: str) -> list[Value]:
    """The values that a search finds at a path, as they are indexed."""
    found: list[Any] = [document]
    for key in path.split("."):
        found = [value[key] for value in _opened(found) if isinstance(value, dict) and key in value]
    values = {indexed(value): None for value in _opened(found) if isinstance(value, (str, int, float))}
    return list(values) if len(values) <= MOST_VALUES else [(None, None)]


def indexed(value: str | float) -> Value:
    """A value as it is indexed: texts cut short, booleans as texts."""
    if isinstance(value, bool):
        return ("true" if value else "false"), None
    return (value[:LONGEST], None) if isinstance(value, str) else (None, float(value))


def _opened(values: list[Any]) -> list[Any]:
    """The values, arrays replaced by their elements."""
    return [part for value in values for part in (value if isinstance(value, list) else [value])]
