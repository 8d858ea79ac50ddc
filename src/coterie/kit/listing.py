"""Lists: `q`, sort, paging, counts and `fields`, the same for every service (CONTRACT §2.1 to §2.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, func, select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, Problem
from coterie.kit.language import choose
from coterie.kit.wire import Wire, keep_fields, to_document
from coterie.query.keyset import Key
from coterie.query.pattern import PatternError, literal
from coterie.query.q import Contains, OneOf, QError, Query, Term, Value, parse
from coterie.query.q_sql import Fields, compile_query
from coterie.query.sort import parse_sort

# Beyond this an offset is not a page that anybody means.
_FURTHEST = 2**53


class Paging(Wire):
    """The query parameters that choose a page."""

    page_number: int | None = None
    page_size: int | None = None


class ListQuery(Paging):
    """The query parameters of a list operation."""

    q: str | None = None
    sort: str | None = None
    fields: str | None = None


class FieldsQuery(Wire):
    """The query parameter of an operation that reads one resource."""

    fields: str | None = None


Match = Literal["equals", "folded", "contains"]
View = Callable[[Row[Any]], dict[str, Any]]
Expand = Callable[[Call, list[dict[str, Any]]], Awaitable[None]]


def condition(text: str | None, fields: Fields) -> list[ColumnElement[bool]]:
    """The WHERE terms of a `q`. Raises Invalid, naming the position of what can't be read."""
    if not text:
        return []
    try:
        return [compile_query(parse(text), fields)]
    except QError as error:
        raise Invalid(
            f"Invalid q parameter: {error}", problems=(Problem("q", "bad_request", str(error)),)
        ) from None


def field_filters(
    query: Wire | Mapping[str, str], fields: Fields, how: Mapping[str, Match]
) -> list[ColumnElement[bool]]:
    """The WHERE terms of query parameters that are named like the fields they filter by (CONTRACT §2.1).

    `equals` compares exactly, `folded` regardless of case, `contains` finds the text regardless of case.
    """
    asked = to_document(query)
    conditions = []
    for name in how.keys() & asked.keys():
        value = asked[name]
        text = str(value).lower() if isinstance(value, bool) else str(value)
        condition: OneOf | Contains = OneOf((Value(text, True),))
        if how[name] != "equals":
            condition = Contains(_found(name, text, whole=how[name] == "folded"))
        conditions.append(compile_query(Query(Term(tuple(name.split(".")), condition, 1)), fields))
    return conditions


def _found(name: str, text: str, *, whole: bool) -> str:
    try:
        found = literal(text)
    except PatternError as error:
        raise Invalid(problems=(Problem.violation(name, str(error)),)) from None
    return f"^{found}$" if whole else found


def sort_keys(
    call: Call,
    text: str | None,
    fields: Fields,
    tie_break: Sequence[ColumnElement[Any] | Key],
    *,
    strict: bool,
) -> list[Key]:
    """What a `sort` orders by, made total by the key. Raises Invalid."""
    if not text:
        return [Key.of(each) for each in tie_break]
    languages = call.tenant.languages
    language = choose(call.accept, languages.supported, languages.default)
    try:
        return parse_sort(text, fields, tie_break=tie_break, strict=strict, language=language)
    except QError as error:
        raise Invalid(
            f"Invalid sort parameter: {error}", problems=(Problem("sort", "bad_request", str(error)),)
        ) from None


def window(call: Call, query: Paging) -> tuple[int, int]:
    """Limit and offset of the page. Raises Invalid."""
    size = query.page_size if query.page_size is not None else call.service.dialect.page_size
    number = query.page_number if query.page_number is not None else 1
    for name, value in (("pageNumber", number), ("pageSize", size)):
        if value < 1 or value > _FURTHEST:
            raise Invalid(
                problems=(Problem.violation(name, f"{value} is out of range; the first page is 1"),)
            )
    if (number - 1) * size > _FURTHEST:
        raise Invalid(problems=(Problem.violation("pageNumber", f"{number} is out of range"),))
    return size, (number - 1) * size


async def page(
    call: Call,
    statement: Select[Any],
    query: ListQuery,
    fields: Fields,
    *,
    view: View,
    tie_break: Sequence[ColumnElement[Any] | Key],
    q: str | None = None,
    strict_sort: bool = False,
    expand: Expand | None = None,
) -> Reply:
    """One page of `statement` (its WHERE already tenant-scoped) as views, with the count when asked for.

    `q` of a search body wins over the query parameter's.
    """
    statement = statement.where(*condition(q or query.q, fields))
    limit, offset = window(call, query)
    keys = sort_keys(call, query.sort, fields, tie_break, strict=strict_sort)
    ordered = statement.order_by(*(key.order() for key in keys)).limit(limit).offset(offset)
    views = [view(row) for row in await call.db.all(ordered)]
    if expand is not None:
        await expand(call, views)
    headers = await counted(call, statement)
    return Reply(value=[chosen(each, query.fields) for each in views], headers=headers)


async def counted(call: Call, statement: Select[Any]) -> dict[str, str]:
    """The header with the number of all rows of `statement`, where the client asked for it (CONTRACT §2.5)."""
    if not call.wants_count:
        return {}
    rows = select(func.count()).select_from(statement.order_by(None).subquery())
    return {call.service.dialect.count_header: str(await call.db.value(rows))}


def chosen(view: dict[str, Any], fields: str | None) -> dict[str, Any]:
    """The view cut down to the `fields` asked for."""
    if not fields:
        return view
    return keep_fields(view, [name.strip() for name in fields.split(",")])
