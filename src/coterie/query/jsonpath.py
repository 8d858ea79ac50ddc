"""JSONPath predicates that filter events: `$[?(@.status == 'DECLINED' && @.total.amount > 100)]`.

Of JSONPath this takes what a filter of one object needs: a path (`$.mixins.vip`: there is something), or a
predicate of the object with `==`, `!=`, `<`, `<=`, `>`, `>=`, `in [...]`, `&&`, `||`, `!`, parentheses, and bare
paths, which say that something is there. Steps are `.name`, `['name']`, `[0]`, `.*` and `[*]`; a comparison holds
when it holds of any value that its path finds. Values of different types are unequal, and neither is the smaller one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput

MAX_TEXT: Final = 2_000
MAX_DEPTH: Final = 32

Predicate = Callable[[Any], bool]
_Values = Callable[[Any], list[Any]]
_OPERATORS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CONSTANTS = {"true": True, "false": False, "null": None}


class JsonPathError(ValueError):
    """A filter that can't be read; the message says why, in one line."""


@lru_cache(maxsize=1024)
def parse(text: str) -> Predicate:
    """What says whether a payload matches. Raises JsonPathError."""
    if len(text) > MAX_TEXT:
        raise JsonPathError(f"is longer than {MAX_TEXT} characters")
    if max(text.count("("), text.count("!")) > MAX_DEPTH:
        raise JsonPathError(f"has more than {MAX_DEPTH} parentheses or negations")
    try:
        tree = _grammar().parse(text)
    except UnexpectedInput as error:
        where = f" at column {error.column}" if error.column and error.column > 0 else ""
        raise JsonPathError(
            f"{text[:80]!r} is not a JSONPath predicate{where}; use one such as $[?(@.status == 'NEW')]"
        ) from None
    predicate: Predicate = _Compiler().transform(tree)
    return predicate


@lru_cache(maxsize=1)
def _grammar() -> Lark:
    return Lark(
        (files("coterie.query") / "jsonpath.lark").read_text(), parser="lalr", maybe_placeholders=False
    )


class _Compiler(Transformer[Token, Any]):
    def start(self, parts: list[Any]) -> Predicate:
        only = parts[0]
        return only if isinstance(only, _Test) else _Test(lambda value: bool(only(value)))

    def either(self, parts: list[Predicate]) -> Predicate:
        return _Test(lambda value: any(each(value) for each in parts))

    def both(self, parts: list[Predicate]) -> Predicate:
        return _Test(lambda value: all(each(value) for each in parts))

    def negated(self, parts: list[Predicate]) -> Predicate:
        return _Test(lambda value: not parts[0](value))

    def exists(self, parts: list[_Values]) -> Predicate:
        return _Test(lambda value: bool(parts[0](value)))

    def comparison(self, parts: list[Any]) -> Predicate:
        left, sign, right = parts
        holds = _OPERATORS[str(sign)]
        return _Test(
            lambda value: any(_compared(holds, sign, a, b) for a in left(value) for b in right(value))
        )

    def among(self, parts: list[Any]) -> Predicate:
        left, right = parts
        return _Test(lambda value: any(_same(a, b) for a in left(value) for b in right))

    def listed(self, parts: list[_Values]) -> list[Any]:
        return [each(None)[0] for each in parts]

    def literal(self, parts: list[Token]) -> _Values:
        constant = _literal(parts[0])
        return lambda _value: [constant]

    def path(self, steps: list[Callable[[Any], list[Any]]]) -> _Values:
        def found(value: Any) -> list[Any]:
            values = [value]
            for step in steps:
                values = [inner for each in values for inner in step(each)]
            return values

        return found

    def step(self, parts: list[Token]) -> Callable[[Any], list[Any]]:
        token = parts[0]
        if token.type == "STAR":
            return _inner
        key = int(token) if token.type == "INDEX" else _literal(token)
        return lambda value: _at(value, key)


class _Test:
    """A predicate, told from a path by its type."""

    def __init__(self, holds: Predicate) -> None:
        self._holds = holds

    def __call__(self, value: Any) -> bool:
        return self._holds(value)


def _literal(token: Token) -> Any:
    if token.type == "CONSTANT":
        return _CONSTANTS[str(token)]
    if token.type == "NUMBER":
        return float(token) if any(each in token for each in ".eE") else int(token)
    if token.type == "QUOTED":
        return str(token)[1:-1].replace("\\'", "'").replace('\\"', '"').replace("\\\\", "\\")
    return str(token)


def _inner(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []


def _at(value: Any, key: str | int) -> list[Any]:
    if isinstance(key, str):
        return [value[key]] if isinstance(value, dict) and key in value else []
    return [value[key]] if isinstance(value, list) and -len(value) <= key < len(value) else []


def _same(left: Any, right: Any) -> bool:
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _compared(holds: Callable[[Any, Any], Any], sign: str, left: Any, right: Any) -> bool:
    if sign in ("==", "!="):
        return _same(left, right) == (sign == "==")
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (left, right))
    texts = isinstance(left, str) and isinstance(right, str)
    return bool((numbers or texts) and holds(left, right))
