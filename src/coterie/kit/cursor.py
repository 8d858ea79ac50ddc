"""Cursor paging: `next` and `prev` in the query, X-Next-Cursor and X-Prev-Cursor in the answer (CONTRACT §2.4)."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import CoterieError, Invalid, Problem
from coterie.kit.listing import ListQuery, View, chosen, condition, counted, sort_keys, window
from coterie.kit.wire import encode, parse
from coterie.query.keyset import Key, Value, after
from coterie.query.q_sql import Fields

NEXT, PREV = "X-Next-Cursor", "X-Prev-Cursor"


class CursorQuery(ListQuery):
    """The query parameters of a list that can be walked by cursor."""

    next: str | None = None
    prev: str | None = None


async def walk(
    call: Call,
    statement: Select[Any],
    query: CursorQuery,
    fields: Fields,
    *,
    view: View,
    tie_break: Sequence[Any],
    q: str | None = None,
) -> Reply:
    """A page, with the cursors of its neighbours. With a cursor, `pageNumber` and counting are ignored.

    A cursor holds the sort keys of a row at the page's edge, so what is added or removed elsewhere moves nothing.
    """
    if query.next is not None and query.prev is not None:
        raise Invalid(problems=(Problem("next", "bad_request", "can't be combined with prev; send one"),))
    backwards, start = query.prev is not None, query.prev or query.next
    keys = sort_keys(call, query.sort, fields, tie_break, strict=False)
    walked = [key.reverse() for key in keys] if backwards else keys
    statement = statement.where(*condition(q or query.q, fields))
    size, offset = window(call, query)
    headers: dict[str, str] = {}
    if start is None:
        headers |= await counted(call, statement)
    else:
        statement = statement.where(after(walked, _read(start, "prev" if backwards else "next", keys)))
        offset = 0
    labelled = statement.add_columns(*(key.expression.label(f"cursor_{at}") for at, key in enumerate(keys)))
    # One row more tells whether the walk goes on.
    ordered = labelled.order_by(*(key.order() for key in walked)).limit(size + 1).offset(offset)
    found = list(await call.db.all(ordered))
    further, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if found and (backwards or further):
        headers[NEXT] = _written(found[-1], len(keys))
    if found and (further if backwards else start is not None or offset > 0):
        headers[PREV] = _written(found[0], len(keys))
    return Reply(value=[chosen(view(row), query.fields) for row in found], headers=headers)


def _written(row: Row[Any], count: int) -> str:
    values = [row._mapping[f"cursor_{at}"] for at in range(count)]
    return urlsafe_b64encode(encode(values)).decode().rstrip("=")


def _read(cursor: str, name: str, keys: Sequence[Key]) -> list[Value]:
    """The sort keys that a cursor holds. Raises Invalid: only an answer's own cursors are good."""
    try:
        values = parse(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, CoterieError):
        values = None
    if not isinstance(values, list) or len(values) != len(keys) or not all(map(_fits, keys, values)):
        message = "is not a cursor of this list; take it from an answer, and keep the sort it came with"
        raise Invalid(problems=(Problem(name, "bad_request", message),))
    return values


def _fits(key: Key, value: Any) -> bool:
    kind = key.expression.type.python_type
    return value is None or type(value) is kind or (kind is float and type(value) is int)
