"""JSON text that the database builds for hot reads, ready to be sent: members that are NULL are left out."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import InternalTraversal

from coterie.query.sql import Json


class object_text(FunctionElement[str]):  # noqa: N801 - named like the SQL function it stands for
    """The text of an object: `object_text(id=t.c.id, mixins=member(t.c.doc, "mixins"))`.

    Strings are quoted, columns of the type `Json` and inner `object_text`s stand as they are, numbers and booleans
    as JSON writes them. Keys are names in our code, never a client's.
    """

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012
        *FunctionElement._traverse_internals,
        ("keys", InternalTraversal.dp_string_list),
    ]
    type = sa.Text()

    def __init__(self, /, **members: sa.ColumnElement[Any]) -> None:
        self.keys = list(members)
        super().__init__(*members.values())


class member(FunctionElement[Any]):  # noqa: N801
    """The JSON of a top-level member of a document, or NULL."""

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012
        *FunctionElement._traverse_internals,
        ("key", InternalTraversal.dp_string),
    ]
    type = Json()

    def __init__(self, document: sa.ColumnElement[Any], key: str) -> None:
        self.key = key
        super().__init__(document)


class quoted(FunctionElement[str]):  # noqa: N801
    """A text as a JSON string; NULL stays NULL or becomes JSON's."""

    inherit_cache = True
    type = sa.Text()


class in_texts(FunctionElement[Any]):  # noqa: N801
    """Is a column one of the texts of a JSON array that is bound as text? For hot statements."""

    # Without the type of a truth value: SQLAlchemy would write `… = 1` for SQLite, which no index serves.
    inherit_cache = True

    def __init__(self, column: sa.ColumnElement[str], texts: sa.ColumnElement[str]) -> None:
        super().__init__(column, texts)


class _Joined(FunctionElement[str]):
    inherit_cache = True
    type = sa.Text()


def array_text(rows: sa.Select[Any]) -> sa.Select[Any]:
    """A statement for the text of an array of the texts in the one column of `rows`, in the order of `rows`.

    Both engines aggregate what a sorted subquery yields in its order when nothing else is done to it.
    """
    (value,) = rows.subquery().c
    return sa.select(_Joined(value))


def _key(compiler: SQLCompiler, key: str) -> str:
    return compiler.render_literal_value(f',"{key}":', sa.String())


def _object(element: object_text, compiler: SQLCompiler, quoted: dict[str, str], **kw: Any) -> str:
    parts = []
    for key, clause in zip(element.keys, element.clauses, strict=True):
        sql = compiler.process(clause, **kw)
        if isinstance(clause, object_text):
            text = sql
        elif isinstance(clause.type, Json):
            text = quoted["json"].format(sql)
        elif isinstance(clause.type, sa.Boolean):
            text = f"CASE WHEN {sql} THEN 'true' WHEN NOT {sql} THEN 'false' END"
        elif isinstance(clause.type, sa.Integer):
            text = f"CAST({sql} AS TEXT)"
        else:
            text = quoted["text"].format(sql)
        # NULL || anything is NULL: a member without a value leaves with its key.
        parts.append(f"coalesce({_key(compiler, key)} || {text}, '')")
    return f"('{{' || substr({' || '.join(parts)}, 2) || '}}')"


@compiles(object_text, "sqlite")
def _object_sqlite(element: object_text, compiler: SQLCompiler, **kw: Any) -> str:
    return _object(element, compiler, {"json": "{}", "text": "nullif(json_quote({}), 'null')"}, **kw)


@compiles(object_text, "postgresql")
def _object_postgresql(element: object_text, compiler: SQLCompiler, **kw: Any) -> str:
    return _object(element, compiler, {"json": "CAST({} AS TEXT)", "text": "CAST(to_json({}) AS TEXT)"}, **kw)


@compiles(member, "sqlite")
def _member_sqlite(element: member, compiler: SQLCompiler, **kw: Any) -> str:
    path = compiler.render_literal_value(f'$."{element.key}"', sa.String())
    return f"({compiler.process(element.clauses, **kw)} -> {path})"


@compiles(member, "postgresql")
def _member_postgresql(element: member, compiler: SQLCompiler, **kw: Any) -> str:
    key = compiler.render_literal_value(element.key, sa.String())
    return f"({compiler.process(element.clauses, **kw)} -> {key})"


@compiles(_Joined, "sqlite")
def _joined_sqlite(element: _Joined, compiler: SQLCompiler, **kw: Any) -> str:
    return f"('[' || coalesce(group_concat({compiler.process(element.clauses, **kw)}, ','), '') || ']')"


@compiles(_Joined, "postgresql")
def _joined_postgresql(element: _Joined, compiler: SQLCompiler, **kw: Any) -> str:
    return f"('[' || coalesce(string_agg({compiler.process(element.clauses, **kw)}, ','), '') || ']')"


@compiles(quoted, "sqlite")
def _quoted_sqlite(element: quoted, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_quote({compiler.process(element.clauses, **kw)})"


@compiles(quoted, "postgresql")
def _quoted_postgresql(element: quoted, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(to_json({compiler.process(element.clauses, **kw)}) AS TEXT)"


@compiles(in_texts, "sqlite")
def _in_texts_sqlite(element: in_texts, compiler: SQLCompiler, **kw: Any) -> str:
    column, texts = (compiler.process(each, **kw) for each in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({texts})))"


@compiles(in_texts, "postgresql")
def _in_texts_postgresql(element: in_texts, compiler: SQLCompiler, **kw: Any) -> str:
    # Not IN: the planner would join with the rows of a function, and read all of a large table for it.
    column, texts = (compiler.process(each, **kw) for each in element.clauses)
    return f"({column} = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST({texts} AS JSONB)))))"
