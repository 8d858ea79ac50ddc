"""Tests of a JSON document, once as a jsonpath for PostgreSQL and once as the function that SQLite calls.

What both promise. A path is a list of keys; an array met on the way stands for its elements, one level deep,
and so does an array at the end: a test passes when any of the values found passes. Strings compare by code
point, numbers exactly as they are written, and a value of another type than the test's does not match.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import Any, Final, Literal

import msgspec
import re2

Scalar = str | int | float | bool
Operator = Literal[">", ">=", "<", "<="]
_COMPARE: Final[dict[str, Any]] = {">": gt, ">=": ge, "<": lt, "<=": le}
_EXACT_INT: Final = 2**53
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class DateBound:
    """One side of a date range: fixed-width UTC text, and the shorter texts of the same instant."""

    operator: Operator
    text: str
    spellings: tuple[str, ...]

    def admits(self, text: str) -> bool:
        if text in self.spellings:
            return len(self.operator) == 2
        return bool(_COMPARE[self.operator](text, self.text))


@dataclass(frozen=True, slots=True)
class NumberBound:
    """One side of a range of numbers."""

    operator: Operator
    number: int | float

    def admits(self, number: object) -> bool:
        return bool(_COMPARE[self.operator](number, _exact(self.number)))


@dataclass(frozen=True, slots=True)
class JsonTest:
    """One question about the values at a path; exactly one of the conditions is set.

    `members` asks the values of a map as well (a localized text in any language). `present` is about values
    other than null: an empty array holds none. `dates` looks at strings that start with a digit only.
    """

    path: tuple[str, ...]
    members: bool = False
    one_of: tuple[Scalar, ...] = ()
    numbers: tuple[NumberBound, ...] = ()
    dates: tuple[DateBound, ...] = ()
    pattern: str = ""
    present: bool = False


def quote(text: str) -> str:
    """A string as JSON and jsonpath write it."""
    return msgspec.json.encode(text).decode()


def to_jsonpath(test: JsonTest) -> str:
    """The test as a jsonpath predicate for the operator `@@`."""
    path = "$" + "".join(f".{quote(key)}" for key in test.path)
    # `.type()` looks at the value itself, where a comparison would open an array a second time.
    if test.one_of:
        condition = " || ".join(f"({_typed(value)} && @ == {_literal(value)})" for value in test.one_of)
    elif test.numbers:
        bounds = (f"@ {bound.operator} {_literal(bound.number)}" for bound in test.numbers)
        condition = " && ".join(['@.type() == "number"', *bounds])
    elif test.dates:
        bounds = (_date_bound(bound) for bound in test.dates)
        condition = " && ".join(['@.type() == "string" && @ >= "0" && @ < ":"', *bounds])
    elif test.pattern:
        condition = f'@.type() == "string" && @ like_regex {quote(test.pattern)} flag "s"'
    else:
        condition = '@.type() != "null"'
    found = f"exists({path} ? ({condition}))"
    if test.members:
        found = f"{found} || exists({path}.* ? ({condition}))"
    return found


def _date_bound(bound: DateBound) -> str:
    if len(bound.operator) == 2:
        return (
            "("
            + " || ".join(
                [f"@ {bound.operator} {quote(bound.text)}", *(f"@ == {quote(s)}" for s in bound.spellings)]
            )
            + ")"
        )
    return " && ".join(
        [f"@ {bound.operator} {quote(bound.text)}", *(f"@ != {quote(s)}" for s in bound.spellings)]
    )


def _typed(value: Scalar) -> str:
    kind = "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"
    return f'@.type() == "{kind}"'


def _literal(value: Scalar) -> str:
    return msgspec.json.encode(value).decode()


def to_json(test: JsonTest) -> str:
    """The test as `matches` reads it."""
    return msgspec.json.encode(test).decode()


@lru_cache(maxsize=1024)
def _from_json(text: str) -> JsonTest:
    return msgspec.json.decode(text, type=JsonTest)


def matches(document: str | None, test: str) -> bool:
    """SQLite's `coterie_json_matches`: does a document (JSON text) pass a test (`to_json`)?"""
    asked = _from_json(test)
    found = [] if document is None else [_decode(document)]
    for key in asked.path:
        found = [value[key] for value in _opened(found) if isinstance(value, dict) and key in value]
    values = _opened(found)
    if asked.members:
        maps = (value for value in values if isinstance(value, dict))
        values = values + _opened([member for value in maps for member in value.values()])
    if asked.present:
        return any(value is not None for value in values)
    return any(_passes(value, asked) for value in values)


def _opened(values: list[Any]) -> list[Any]:
    """The values, arrays replaced by their elements."""
    if not any(isinstance(value, list) for value in values):
        return values
    return [part for value in values for part in (value if isinstance(value, list) else [value])]


def _passes(value: object, test: JsonTest) -> bool:
    if isinstance(value, str):
        if test.dates:
            return "0" <= value < ":" and all(bound.admits(value) for bound in test.dates)
        if test.pattern:
            return _compiled(test.pattern).search(value) is not None
        return value in test.one_of
    if isinstance(value, bool):
        return any(value is wanted for wanted in test.one_of)
    if isinstance(value, int | float):
        number = _exact(value)
        if test.numbers:
            return all(bound.admits(number) for bound in test.numbers)
        return any(
            number == _exact(wanted)
            for wanted in test.one_of
            if isinstance(wanted, int | float) and not isinstance(wanted, bool)
        )
    return False


def _exact(number: int | float) -> int | float | Decimal:
    """A number as PostgreSQL takes it: the decimal digits as written, not the double nearest to them."""
    if isinstance(number, float) and abs(number) >= _EXACT_INT:
        return Decimal(repr(number))
    return number


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    return re2.compile(pattern, options)


def regexp(pattern: str, text: object) -> bool | None:
    """SQLite's `coterie_regexp`: does a text contain a match? In time linear in the text."""
    if text is None:
        return None
    return isinstance(text, str) and _compiled(pattern).search(text) is not None


@lru_cache(maxsize=256)
def _keys(text: str) -> list[str]:
    return msgspec.json.decode(text, type=list[str])


def at(document: str | None, keys: str) -> str | None:
    """SQLite's `coterie_json_at`: the JSON text at a path of keys (a JSON array), or NULL when missing."""
    value: Any = None if document is None else _decode(document)
    for key in _keys(keys):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return msgspec.json.encode(value).decode()
