"""From a parsed `q` to SQL: what of a resource can be searched (`Fields`), and `compile_query`.

A field answers the same whether it is promoted to a column or stays in the document; only its declared kind
adds something: a number column also takes quoted numbers, a date column is compared as a date.

Dates in columns are fixed-width UTC text (`2026-01-02T03:04:05.678Z`) and compared exactly. Dates in
documents are compared as text with the operand in that form: exact for text of that form, and for UTC text
without milliseconds or of a day alone unless it lies within the operand's second. Other offsets in documents
are not understood.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import sqlalchemy as sa

from coterie.query.json_match import DateBound, JsonTest, NumberBound, Scalar
from coterie.query.q import (
    AllOf,
    Contains,
    Node,
    OneOf,
    Present,
    QError,
    Query,
    Range,
    Term,
    Value,
    to_date,
    to_number,
)
from coterie.query.sql import Str, json_matches, regexp

Kind = Literal["text", "number", "boolean", "date", "json", "text-array", "localized"]
Condition = sa.ColumnElement[bool]

_INT64: Final = 2**63


@dataclass(frozen=True, slots=True)
class Field:
    """Where a path of the wire is kept, and as what.

    `json`, `text-array` and `localized` are columns of the type `Json`, at `path` inside them; a localized
    field asked without a language matches in any. With `rows`, the column is one of another table, and a
    condition holds when one of the rows meets it: `select(1)` of that table, restricted to the parent's rows.
    narrowed: what every row meets that meets a condition, and an index serves; None where there is no such thing.
    """

    column: sa.ColumnElement[Any]
    kind: Kind = "text"
    path: tuple[str, ...] = ()
    rows: sa.Select[Any] | None = None
    narrowed: Callable[[OneOf | Range | Contains | Present], Condition | None] | None = None

    @property
    def is_json(self) -> bool:
        return self.kind in ("json", "text-array", "localized")


@dataclass(frozen=True, slots=True)
class Fields:
    """What can be searched and sorted by: promoted paths, and the document that holds every other path.

    Without a document, other paths are a QError. `aliases` are other names of paths.
    """

    promoted: Mapping[str, Field]
    document: sa.ColumnElement[Any] | None = None
    aliases: Mapping[str, str] = field(
        default_factory=lambda: {
            "metadataCreatedAt": "metadata.createdAt",
            "metadataModifiedAt": "metadata.modifiedAt",
        }
    )

    def find(self, path: tuple[str, ...], position: int) -> Field:
        """The field at a path, with the rest of the path inside its JSON; raises QError when none."""
        name = ".".join(path)
        if name in self.aliases:
            name = self.aliases[name]
            path = tuple(name.split("."))
        exact = self.promoted.get(name)
        if exact is not None:
            return exact
        for length in range(len(path) - 1, 0, -1):
            above = self.promoted.get(".".join(path[:length]))
            if above is not None and above.is_json:
                return Field(above.column, "json", above.path + path[length:], above.rows)
        if self.document is None:
            raise QError(
                f"'{name}' cannot be searched; these can: {', '.join(sorted(self.promoted))}", position
            )
        return Field(self.document, "json", path)


def compile_query(query: Query, fields: Fields) -> Condition:
    """The condition that a query is on rows; raises QError for a path that cannot be searched."""
    return _node(query.root, fields)


def _node(node: Node, fields: Fields) -> Condition:
    if isinstance(node, Term):
        return _term(node, fields.find(node.path, node.position))
    parts = [_node(part, fields) for part in node.parts]
    return sa.and_(sa.true(), *parts) if isinstance(node, AllOf) else sa.or_(sa.false(), *parts)


def _term(term: Term, found: Field) -> Condition:
    condition = term.condition
    if found.rows is None:
        whole = _on_document(condition, found) if found.is_json else _on_column(condition, found)
        narrow = None if found.narrowed is None else found.narrowed(condition)
        return whole if narrow is None else sa.and_(narrow, whole)
    if isinstance(condition, Present):
        return found.rows.exists() if condition.wanted else ~found.rows.exists()
    inner = _on_document(condition, found) if found.is_json else _on_column(condition, found)
    return found.rows.where(inner).exists()


def _on_document(condition: OneOf | Range | Contains | Present, found: Field) -> Condition:
    path = found.path
    if isinstance(condition, Present):
        present = json_matches(found.column, JsonTest(path, present=True))
        return present if condition.wanted else ~present
    members = found.kind == "localized"
    if isinstance(condition, OneOf):
        wanted = tuple(scalar for value in condition.values for scalar in scalars(value))
        test = JsonTest(path, members, one_of=wanted)
    elif isinstance(condition, Contains):
        test = JsonTest(path, members, pattern=condition.pattern)
    else:
        numbers, dates = _split(condition)
        test = JsonTest(path, members, numbers=numbers, dates=dates)
    return json_matches(found.column, test)


def _split(condition: Range) -> tuple[tuple[NumberBound, ...], tuple[DateBound, ...]]:
    numbers = tuple(bound for bound in condition.bounds if isinstance(bound, NumberBound))
    return numbers, tuple(bound for bound in condition.bounds if isinstance(bound, DateBound))


def scalars(value: Value) -> list[Scalar]:
    """What in a document equals an operand."""
    found: list[Scalar] = [*_texts(value)]
    if not value.quoted:
        number = to_number(value.text)
        if number is not None:
            found.append(number)
        if value.text in ("true", "false"):
            found.append(value.text == "true")
    return found


def _texts(value: Value) -> list[str]:
    date = to_date(value.text)
    return list(dict.fromkeys([value.text, *date[1]])) if date else [value.text]


def _on_column(condition: OneOf | Range | Contains | Present, found: Field) -> Condition:
    column = found.column
    if isinstance(condition, Present):
        return column.is_not(None) if condition.wanted else column.is_(None)
    if found.kind == "number":
        return _number(condition, column)
    if found.kind == "boolean":
        return _boolean(condition, column)
    if isinstance(condition, OneOf):
        texts = [text for value in condition.values for text in _texts(value)]
        return _in(column, texts, Str())
    if isinstance(condition, Contains):
        return regexp(column, condition.pattern)
    numbers, dates = _split(condition)
    if numbers:
        return sa.false()
    if found.kind == "date":
        return sa.and_(*(column.op(bound.operator, is_comparison=True)(_str(bound.text)) for bound in dates))
    return sa.and_(column >= _str("0"), column < _str(":"), *(_text_bound(column, bound) for bound in dates))


def _text_bound(column: sa.ColumnElement[Any], bound: DateBound) -> Condition:
    compared: Condition = column.op(bound.operator, is_comparison=True)(_str(bound.text))
    same = _in(column, list(bound.spellings), Str())
    return sa.or_(compared, same) if len(bound.operator) == 2 else sa.and_(compared, ~same)


def _str(text: str) -> sa.BindParameter[str]:
    return sa.literal(text, Str())


def _in(column: sa.ColumnElement[Any], values: list[Any], kind: sa.types.TypeEngine[Any]) -> Condition:
    if not values:
        return sa.false()
    if len(values) == 1:
        return column == sa.literal(values[0], kind)
    return column.in_(sa.bindparam("values", values, type_=kind, expanding=True, unique=True))


def _boolean(condition: OneOf | Range | Contains, column: sa.ColumnElement[Any]) -> Condition:
    if not isinstance(condition, OneOf):
        return sa.false()
    wanted = {value.text for value in condition.values}
    return sa.or_(
        sa.false(),
        *(
            column == literal
            for text, literal in (("true", sa.true()), ("false", sa.false()))
            if text in wanted
        ),
    )


def _number(condition: OneOf | Range | Contains, column: sa.ColumnElement[Any]) -> Condition:
    if isinstance(condition, Contains):
        return sa.false()
    whole = isinstance(column.type, sa.Integer)
    if isinstance(condition, OneOf):
        numbers = [number for value in condition.values if (number := to_number(value.text)) is not None]
        if whole:
            wanted = [int(n) for n in numbers if n == math.floor(n) and -_INT64 <= n < _INT64]
            return _in(column, wanted, sa.BigInteger())
        return _in(column, [float(number) for number in numbers], sa.Double())
    numbers_, _ = _split(condition)
    if not numbers_:
        return sa.false()
    if whole:
        return _whole_range(column, numbers_)
    return sa.and_(
        *(
            column.op(b.operator, is_comparison=True)(sa.literal(float(b.number), sa.Double()))
            for b in numbers_
        )
    )


def _whole_range(column: sa.ColumnElement[Any], bounds: tuple[NumberBound, ...]) -> Condition:
    """A range on a column of integers, with integer bounds: the index serves, and nothing overflows."""
    low, high = -_INT64, _INT64 - 1
    for bound in bounds:
        match bound.operator:
            case ">":
                low = max(low, math.floor(bound.number) + 1)
            case ">=":
                low = max(low, math.ceil(bound.number))
            case "<":
                high = min(high, math.ceil(bound.number) - 1)
            case "<=":
                high = min(high, math.floor(bound.number))
    if low > high:
        return sa.false()
    return column.between(sa.literal(low, sa.BigInteger()), sa.literal(high, sa.BigInteger()))
