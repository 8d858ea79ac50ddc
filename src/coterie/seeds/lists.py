"""Lists of what is merged in memory: filters by field, sort and pages, as the database's lists have them.

Every query parameter that is named like a field filters by it (CONTRACT §2.1): texts by what they contain, whatever
the case, numbers and booleans by what they are. A localized field is asked about in the language of the answer, or in
the one that its name ends with, such as `name.de`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, Problem
from coterie.kit.language import Accept, LanguageError, choose, parse_accept
from coterie.kit.listing import Paging, window
from coterie.query.sort import MAX_SORTS

Document = dict[str, Any]


class SeedsQuery(Paging):
    """The query parameters of such a list, besides the fields to filter by."""

    sort: str | None = None


def accepted(call: Call) -> Accept:
    """The languages that the client wants, whether the tenant has them or not. Raises Invalid when malformed."""
    try:
        return parse_accept(call.headers.get("accept-language"))
    except LanguageError as error:
        raise Invalid(problems=(Problem(error.header, "invalid_header", error.message),)) from None


def page(
    call: Call,
    documents: Iterable[Document],
    query: SeedsQuery,
    fields: Collection[str],
    view: Callable[[Document], Document],
) -> Reply:
    """One page of the documents that meet the filters by `fields`, in the order asked for and then by code."""
    reader = _Reader(accepted(call), call.tenant.languages.default)
    asked = {
        name: text
        for name, text in call.query.items()
        if name in fields or (name.partition(".")[0] in fields and "." in name)
    }
    limit, offset = window(call, query)
    found = [each for each in documents if all(reader.meets(each, *filter) for filter in asked.items())]
    found.sort(key=lambda each: str(each["code"]))
    parts = [part.strip().partition(":") for part in (query.sort or "").split(",") if part.strip()]
    if len(parts) > MAX_SORTS:
        raise Invalid(problems=(Problem("sort", "bad_request", f"has more than {MAX_SORTS} fields"),))
    # The last field first, since sorting keeps the order of what is equal.
    for name, _, direction in reversed(parts):
        descending = direction.strip().lower() == "desc"
        found.sort(key=lambda each, name=name: reader.rank(each, name), reverse=descending)  # type: ignore[misc]
    headers = {call.service.dialect.count_header: str(len(found))} if call.wants_count else {}
    return Reply(value=[view(each) for each in found[offset : offset + limit]], headers=headers)


class _Reader:
    """Reads fields of documents in the language that the client wants."""

    def __init__(self, accept: Accept, default: str) -> None:
        self._accept, self._default = accept, default

    def value(self, document: Document, path: str) -> Any:
        value: Any = document
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        # Of fields that are objects only localized ones are asked about.
        if isinstance(value, dict):
            if self._accept.translations:
                return value.get(self._default)
            chosen = choose(self._accept, value, self._default)
            return None if chosen is None else value[chosen]
        return value

    def meets(self, document: Document, path: str, text: str) -> bool:
        value = self.value(document, path)
        if isinstance(value, bool):
            return text.lower() == str(value).lower()
        if isinstance(value, (int, Decimal)):
            try:
                return Decimal(text) == value
            except InvalidOperation:
                return False
        values = value if isinstance(value, list) else [value]
        return any(text.casefold() in each.casefold() for each in values if isinstance(each, str))

    def rank(self, document: Document, path: str) -> tuple[int, Any]:
        """The place of a value among those of any type: missing, booleans, texts by code point, numbers."""
        value = self.value(document, path)
        if isinstance(value, bool):
            return 1, value
        if isinstance(value, list):
            value = ",".join(value)
        if isinstance(value, str):
            return 2, value
        return (0, 0) if value is None else (3, value)
