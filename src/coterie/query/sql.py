"""SQL that two engines share: JSON and string column types, JSON built, read and tested by the database.

Every construct gives the same answer on SQLite and on PostgreSQL, may be cached by SQLAlchemy, and sends
what a caller supplies (paths, operands, patterns) as bound values, never as text of the statement.

SQLite needs `register_sqlite` on each connection. PostgreSQL must be UTF-8; `JSON_CODEC` belongs in the
arguments of its engine, so that documents are read and written by msgspec there too. An index
`USING gin (document jsonb_path_ops)` serves `json_matches` on PostgreSQL.
"""

import re
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator, TypeEngine

from coterie.query import json_match
from coterie.query.json_match import JsonTest, quote

_decode = msgspec.json.Decoder().decode
# An escaped NUL in JSON text: PostgreSQL cannot store it, so neither engine may.
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
# Keys that a path of SQLite before 3.46 cannot name: they are escaped in the stored text, or empty.
_ODD_KEY: Final = re.compile(r'["\\\x00-\x1f]|^$')


def _to_json(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    if "\\u0000" in text and _NUL.search(text):
        raise ValueError("a text holds the character U+0000, which cannot be stored; remove it")
    return text


# Arguments for `create_async_engine` on PostgreSQL: asyncpg decodes JSON on the connection, not in the type.
JSON_CODEC: Final[dict[str, Callable[..., Any]]] = {"json_serializer": _to_json, "json_deserializer": _decode}


class Json(TypeDecorator[Any]):
    """A column of JSON: plain Python objects in and out; TEXT on SQLite, JSONB on PostgreSQL.

    `None` is SQL NULL. Raises ValueError for a text that holds U+0000 and for integers beyond 64 bits.
    A float of 2**53 or more may come back from PostgreSQL as an integer of the same digits.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else sa.Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        return lambda value: None if value is None else _to_json(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        if dialect.name == "postgresql":
            return None
        return lambda value: None if value is None else _decode(value)


class Str(TypeDecorator[str]):
    """A column of text compared and ordered by code point on both engines, case-sensitively."""

    impl = sa.Text
    cache_ok = True

    @property
    def python_type(self) -> type[str]:
        return str

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text(collation="C") if dialect.name == "postgresql" else sa.Text())


# Reading one value --------------------------------------------------------------------------------------


class _Path(TypeDecorator[tuple[str, ...]]):
    """A path of keys as each engine spells it: a strict jsonpath, a path of SQLite, or a list of keys."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, of_type: str = "") -> None:
        super().__init__()
        self.of_type = of_type

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            steps = "".join(f".{quote(key)}" for key in value)
            return f"strict ${steps}" + (f' ? (@.type() == "{self.of_type}")' if self.of_type else "")
        if _plain(value):
            return "$" + "".join(f'."{key}"' for key in value)
        return msgspec.json.encode(value).decode()


def _plain(path: Sequence[str]) -> bool:
    return not any(_ODD_KEY.search(key) for key in path)


class _JsonRead(FunctionElement[Any]):
    """One value of a document; subclasses say of which JSON type."""

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012
        *FunctionElement._traverse_internals,
        ("plain", InternalTraversal.dp_boolean),
    ]
    plain: bool
    of_type = ""

    def __init__(self, document: sa.ColumnElement[Any], path: Sequence[str]) -> None:
        self.plain = _plain(path)
        super().__init__(document, sa.bindparam("path", tuple(path), type_=_Path(self.of_type), unique=True))


class json_text(_JsonRead):  # noqa: N801 - named like the SQL function it is
    """The string at a path of keys, or NULL when there is no string."""

    inherit_cache = True
    type = Str()
    of_type = "string"


class json_number(_JsonRead):  # noqa: N801
    """The number at a path of keys as a double, or NULL when there is no number."""

    inherit_cache = True
    type = sa.Double()
    of_type = "number"


class json_boolean(_JsonRead):  # noqa: N801
    """The boolean at a path of keys, or NULL when there is none."""

    inherit_cache = True
    type = sa.Boolean()
    of_type = "boolean"


class json_kind(_JsonRead):  # noqa: N801
    """The JSON type at a path of keys (object, array, string, number, boolean, null), NULL when missing."""

    inherit_cache = True
    type = Str()


def json_exists(document: sa.ColumnElement[Any], path: Sequence[str]) -> sa.ColumnElement[bool]:
    """Is anything, null included, at a path of keys? Keys are of objects, never positions in arrays."""
    return json_kind(document, path).is_not(None)


def _operands(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


@compiles(_JsonRead, "sqlite")
def _read_sqlite(element: _JsonRead, compiler: SQLCompiler, **kw: Any) -> str:
    document, path = _operands(element, compiler, **kw)
    if not element.plain:
        document, path = f"coterie_json_at({document}, {path})", "'$'"
    kind, value = f"json_type({document}, {path})", f"json_extract({document}, {path})"
    if isinstance(element, json_text):
        return f"CASE {kind} WHEN 'text' THEN {value} END"
    if isinstance(element, json_number):
        return f"CASE WHEN {kind} IN ('integer', 'real') THEN CAST({value} AS REAL) END"
    if isinstance(element, json_boolean):
        return f"CASE {kind} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
    return (
        f"CASE {kind} WHEN 'text' THEN 'string' WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number'"
        f" WHEN 'true' THEN 'boolean' WHEN 'false' THEN 'boolean' ELSE {kind} END"
    )


@compiles(_JsonRead, "postgresql")
def _read_postgresql(element: _JsonRead, compiler: SQLCompiler, **kw: Any) -> str:
    document, path = _operands(element, compiler, **kw)
    value = f"jsonb_path_query_first({document}, CAST({path} AS jsonpath), '{{}}', true)"
    if isinstance(element, json_text):
        return f"({value} #>> '{{}}') COLLATE \"C\""
    if isinstance(element, json_number):  # the path lets numbers through only, so the cast cannot fail
        return f"CAST({value} #>> '{{}}' AS float8)"
    if isinstance(element, json_boolean):
        return f"CAST({value} #>> '{{}}' AS boolean)"
    return f'jsonb_typeof({value}) COLLATE "C"'


# Testing a document -------------------------------------------------------------------------------------


class _Test(TypeDecorator[JsonTest]):
    """A test as each engine takes it: a jsonpath predicate, or JSON for the function on SQLite."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: JsonTest | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return json_match.to_jsonpath(value) if dialect.name == "postgresql" else json_match.to_json(value)


class json_matches(FunctionElement[bool]):  # noqa: N801
    """Does a document pass a `JsonTest`? Never NULL: a document that is NULL has nothing in it."""

    inherit_cache = True
    type = sa.Boolean()

    def __init__(self, document: sa.ColumnElement[Any], test: JsonTest) -> None:
        super().__init__(document, sa.bindparam("test", test, type_=_Test(), unique=True))


@compiles(json_matches, "sqlite")
def _matches_sqlite(element: json_matches, compiler: SQLCompiler, **kw: Any) -> str:
    document, test = _operands(element, compiler, **kw)
    return f"coterie_json_matches({document}, {test})"


@compiles(json_matches, "postgresql")
def _matches_postgresql(element: json_matches, compiler: SQLCompiler, **kw: Any) -> str:
    document, test = _operands(element, compiler, **kw)
    return f"({document} IS NOT NULL AND {document} @@ CAST({test} AS jsonpath))"


def key_rows(dialect: Dialect, names: Sequence[str], parts: Sequence[Sequence[str]]) -> sa.Select[Any]:
    """A SELECT of many keys, whose text is the same however many they are; `parts` are the values by column."""
    if dialect.name == "postgresql":
        lists = [sa.bindparam(None, list(part), type_=ARRAY(sa.Text())) for part in parts]
        return sa.select(*sa.func.unnest(*lists).table_valued(*names, name="given").render_derived().c)
    text = msgspec.json.encode(list(zip(*parts, strict=True))).decode()
    given = sa.func.json_each(text).table_valued("value", name="given")
    return sa.select(
        *(sa.func.json_extract(given.c.value, f"$[{at}]").label(name) for at, name in enumerate(names))
    )


class regexp(FunctionElement[bool]):  # noqa: N801
    """Does a text contain a match of a pattern rendered by `query.pattern`? NULL for a NULL text."""

    inherit_cache = True
    type = sa.Boolean()

    def __init__(self, text: sa.ColumnElement[Any], pattern: str) -> None:
        super().__init__(text, sa.bindparam("pattern", pattern, type_=sa.Text(), unique=True))


@compiles(regexp, "sqlite")
def _regexp_sqlite(element: regexp, compiler: SQLCompiler, **kw: Any) -> str:
    text, pattern = _operands(element, compiler, **kw)
    return f"coterie_regexp({pattern}, {text})"


@compiles(regexp, "postgresql")
def _regexp_postgresql(element: regexp, compiler: SQLCompiler, **kw: Any) -> str:
    text, pattern = _operands(element, compiler, **kw)
    return f'({text} COLLATE "C" ~ {pattern})'


def register_sqlite(connection: sqlite3.Connection) -> None:
    """Gives a connection the functions that the constructs of this module call on SQLite."""
    for name, arity, function in (
        ("coterie_regexp", 2, json_match.regexp),
        ("coterie_json_matches", 2, json_match.matches),
        ("coterie_json_at", 2, json_match.at),
    ):
        connection.create_function(name, arity, function, deterministic=True)


# Building JSON ------------------------------------------------------------------------------------------


class json_object(FunctionElement[Any]):  # noqa: N801
    """A JSON object built by the database: `json_object(id=t.c.id, mixins=t.c.mixins)`; NULL becomes null.

    Expressions of the type `Json` and booleans keep their JSON type. To receive text rather than a decoded
    object, cast it: `sa.cast(json_object(…), sa.Text)`. Keys are names in our code, never client input.
    """

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012
        *FunctionElement._traverse_internals,
        ("keys", InternalTraversal.dp_string_list),
    ]
    type = Json()

    def __init__(self, /, **members: sa.ColumnElement[Any]) -> None:
        self.keys = list(members)
        super().__init__(*members.values())


class _JsonArrayAgg(FunctionElement[Any]):
    inherit_cache = True
    type = Json()


class _JsonElements(FunctionElement[Any]):
    inherit_cache = True
    type = Json()


def json_elements(values: Sequence[Any]) -> sa.ColumnElement[Any]:
    """The elements of an array that the server knows, as the one column of rows: documents to select from."""
    elements = _JsonElements(sa.literal(list(values), Json()))
    (value,) = elements.table_valued(sa.column("value", Json())).c
    return value


def json_array_agg(rows: sa.Select[tuple[Any]]) -> sa.ScalarSelect[Any]:
    """A JSON array of the one column that `rows` selects, in the order of `rows`; `[]` when there are none.

    Takes a statement and not an expression with an order, because SQLite orders aggregates from 3.44 on only.
    A statement that refers to the enclosing one says so: `rows.correlate(outer)`.
    """
    (value,) = rows.subquery().c
    return sa.select(_JsonArrayAgg(value)).scalar_subquery()


def _members_sqlite(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    """The operands, JSON and booleans marked as such, since SQLite keeps them as texts and integers."""
    rendered = []
    for clause in element.clauses:
        sql = compiler.process(clause, **kw)
        if isinstance(clause.type, Json):
            sql = f"json({sql})"
        elif isinstance(clause.type, sa.Boolean):
            sql = f"json(CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"
        rendered.append(sql)
    return rendered


def _pairs(keys: list[str], values: list[str], compiler: SQLCompiler) -> str:
    literal = [compiler.render_literal_value(key, sa.String()) for key in keys]
    return ", ".join(f"{key}, {value}" for key, value in zip(literal, values, strict=True))


@compiles(_JsonElements, "sqlite")
def _elements_sqlite(element: _JsonElements, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_each({_operands(element, compiler, **kw)[0]})"


@compiles(_JsonElements, "postgresql")
def _elements_postgresql(element: _JsonElements, compiler: SQLCompiler, **kw: Any) -> str:
    return f"jsonb_array_elements({_operands(element, compiler, **kw)[0]})"


@compiles(json_object, "sqlite")
def _object_sqlite(element: json_object, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_object({_pairs(element.keys, _members_sqlite(element, compiler, **kw), compiler)})"


@compiles(json_object, "postgresql")
def _object_postgresql(element: json_object, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_build_object({_pairs(element.keys, _operands(element, compiler, **kw), compiler)})"


@compiles(_JsonArrayAgg, "sqlite")
def _array_sqlite(element: _JsonArrayAgg, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_group_array({_members_sqlite(element, compiler, **kw)[0]})"


@compiles(_JsonArrayAgg, "postgresql")
def _array_postgresql(element: _JsonArrayAgg, compiler: SQLCompiler, **kw: Any) -> str:
    return f"coalesce(json_agg({_operands(element, compiler, **kw)[0]}), '[]')"
