"""Resources: the list, get, create, upsert, replace, patch, delete, search and bulk that most operations are.

A `Resource` is a frozen value; a row names one of its handlers, or a function of the service where it differs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select

from coterie.kit.bulk import Outcome, bulk_reply
from coterie.kit.call import Call, Reply
from coterie.kit.errors import CoterieError, Invalid, NotFound, Problem
from coterie.kit.language import filter_map
from coterie.kit.listing import Expand, FieldsQuery, ListQuery, chosen, page
from coterie.kit.patch import PatchError, patched
from coterie.kit.rows import Bulk, Handler
from coterie.kit.store import Change, Document, Kind, prepared, remove, store, store_one
from coterie.kit.wire import DEEPEST, BulkEntry, Created, Search, convert, depth, to_document
from coterie.query.q_sql import Fields

_ID = re.compile(r"[A-Za-z0-9_.:@-]+")


@dataclass(frozen=True)
class Resource:
    """A kind of resource with its wire types.

    create, replace, item: structs of the POST body, the PUT body, and an item of a bulk PUT (with id).
    view: the struct of an answer. parameter: the path parameter's Python name.
    scope: a further condition on what the caller may read. computed: read-only fields of views that the database
    computes for each row. expand: adds read-only fields to views. headers: of the answers that read.
    created_view: the answer of a creation, as `created_type`; what it says besides the id, bulk entries say too.
    put_code: the code of a PUT that updated.
    """

    kind: Kind
    fields: Fields
    create_type: type
    replace_type: type
    item_type: type
    view_type: type
    parameter: str = "id"
    scope: Callable[[Call], ColumnElement[bool] | None] | None = None
    computed: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    expand: Expand | None = None
    headers: Callable[[Call], dict[str, str]] = field(default=lambda _call: {})
    strict_sort: bool = False
    put_code: int = 204
    patch_code: int = 204
    delete_code: int = 204
    created_view: Callable[[Call, str], Document] = field(default=lambda _call, id: {"id": id})
    created_type: type = Created
    entry_type: type = BulkEntry
    adapt: Callable[[Call, Document], Document] = field(default=lambda _call, document: document)
    """A request's document in the shape that is stored; also what a PATCH merges, of which any field may be absent."""
    shape: Callable[[Call, Document], Document] | None = None
    """A view in the shape that the client asked for; by default language maps are filtered."""
    always_fields: tuple[str, ...] = ()
    version_required_in_patch: bool = False
    check_id: Callable[[str, str], None] = field(default=lambda id, where: check_id(id, where))
    """Raises Invalid for an id that can't be taken; it gets the id and its field."""

    # Reading

    def selected(self, call: Call) -> Select[Any]:
        """All rows of the tenant that the caller may read, with the computed fields by their wire names."""
        computed = [column.label(name) for name, column in self.computed.items()]
        statement = select(self.kind.table, *computed).where(self.kind.table.c.tenant == call.tenant.name)
        condition = None if self.scope is None else self.scope(call)
        return statement if condition is None else statement.where(condition)

    def view(self, call: Call, row: Row[Any]) -> Document:
        """A row of `selected` in the shape that the client asked for."""
        view = self.kind.view_of(row)
        view |= {name: row._mapping[name] for name in self.computed if row._mapping[name] is not None}
        if self.shape is not None:
            return self.shape(call, view)
        for name in self.kind.localized:
            if isinstance(view.get(name), dict):
                view[name] = filter_map(view[name], call.accept)
        return view

    async def page(self, call: Call, query: ListQuery, q: str | None, *where: ColumnElement[bool]) -> Reply:
        """A page of those that the caller may read and that meet the conditions."""
        query.fields = self._fields(query.fields)
        reply = await page(
            call,
            self.selected(call).where(*where),
            query,
            self.fields,
            view=lambda row: self.view(call, row),
            tie_break=[self.kind.table.c[name] for name in self.kind.key],
            q=q,
            strict_sort=self.strict_sort,
            expand=self.expand,
        )
        reply.headers |= self.headers(call)
        return reply

    def _fields(self, fields: str | None) -> str | None:
        return ",".join((fields, *self.always_fields)) if fields else None

    async def one(self, call: Call, key: tuple[str, ...]) -> Document:
        """The view of one resource. Raises NotFound."""
        row = await call.db.first(self.selected(call).where(self.kind.where(call, key)))
        if row is None:
            raise NotFound(self.kind.noun, key[-1])
        views = [self.view(call, row)]
        if self.expand is not None:
            await self.expand(call, views)
        return views[0]

    @property
    def list(self) -> Handler:
        """GET of the collection."""

        async def run(call: Call, query: ListQuery) -> Reply:
            return await self.page(call, query, None)

        return Handler(run, query=ListQuery, answer=_array(self.view_type), mode="read")

    @property
    def search(self) -> Handler:
        """POST of a `q` in the body."""

        async def run(call: Call, query: ListQuery, body: Search | None) -> Reply:
            return await self.page(call, query, body.q if body else None)

        return Handler(
            run, query=ListQuery, body=Search, answer=_array(self.view_type), mode="read", body_optional=True
        )

    @property
    def get(self) -> Handler:
        """GET of one."""

        async def run(call: Call, query: FieldsQuery, **path: str) -> Reply:
            view = await self.one(call, (path[self.parameter],))
            return Reply(value=chosen(view, self._fields(query.fields)), headers=self.headers(call))

        return Handler(run, (self.parameter,), query=FieldsQuery, answer=self.view_type, mode="read")

    # Writing

    def change(self, call: Call, body: Any, how: Any, id: str | None) -> Change:
        """The change that a request body asks for. `id` is the path's, else the body's. Raises Invalid."""
        document = self.adapt(call, to_document(body))
        name = id if id is not None else document.get(self.kind.id_field)
        if name is not None:
            self.check_id(name, self.kind.id_field)
        document, version = prepared(document, self.kind.id_field)
        return Change(None if name is None else (name,), document, how, version)

    @property
    def create(self) -> Handler:
        """POST: 201, or 409 when the id is taken."""

        async def run(call: Call, body: Any) -> Reply:
            outcome = await store_one(call, self.kind, self.change(call, body, "create", None))
            assert outcome.id is not None
            return Reply(201, self.created_view(call, outcome.id))

        return Handler(run, body=self.create_type, answer=self.created_type)

    @property
    def upsert(self) -> Handler:
        """PUT: 201 with the id when created, 204 when updated."""

        async def run(call: Call, body: Any, **path: str) -> Reply:
            change = self.change(call, body, "upsert", path[self.parameter])
            outcome = await store_one(call, self.kind, change)
            assert outcome.id is not None
            return (
                Reply(201, self.created_view(call, outcome.id))
                if outcome.code == 201
                else Reply(self.put_code)
            )

        return Handler(run, (self.parameter,), body=self.replace_type, answer=self.created_type)

    @property
    def replace(self) -> Handler:
        """PUT that creates nothing: 404 when absent."""

        async def run(call: Call, body: Any, **path: str) -> Reply:
            await store_one(call, self.kind, self.change(call, body, "replace", path[self.parameter]))
            return Reply(self.put_code)

        return Handler(run, (self.parameter,), body=self.replace_type)

    @property
    def patch(self) -> Handler:
        """PATCH by RFC 6902 (an array) or RFC 7396 (an object)."""

        async def run(call: Call, body: Any, **path: str) -> Reply:
            id = path[self.parameter]
            stored = select(self.kind.table).where(self.kind.where(call, (id,)))
            row = await call.db.first(stored.with_for_update())
            if row is None:
                raise NotFound(self.kind.noun, id)
            change = self.patch_change(call, id, row, body)
            await store_one(call, self.kind, change)
            return Reply(self.patch_code)

        return Handler(run, (self.parameter,), body=dict[str, Any] | list[dict[str, Any]])

    def patch_change(self, call: Call, id: str, row: Row[Any], body: Any) -> Change:
        """The change that a PATCH asks for of a stored row. Raises Invalid."""
        metadata = body.get("metadata") if isinstance(body, dict) else None
        version = metadata.get("version") if isinstance(metadata, dict) else None
        if version is None and self.version_required_in_patch:
            raise Invalid(problems=(Problem.violation("metadata.version", "is required"),))
        if isinstance(body, dict):
            body = self.adapt(call, body)
        # With its id and version, so that a client may send back, or test, all that it read.
        stored = {self.kind.id_field: id, **self.kind.document_of(row)}
        if isinstance(body, list):
            stored["metadata"] = {**stored.get("metadata", {}), "version": row._mapping["version"]}
        try:
            document = patched(stored, body, frozenset({self.kind.id_field}))
        except PatchError as error:
            raise Invalid(problems=(Problem.violation(error.path or "", str(error)),)) from None
        if depth(document) > DEEPEST:
            raise Invalid(problems=(Problem.violation("", f"would be nested deeper than {DEEPEST} levels"),))
        if isinstance(body, list):
            version = (document.get("metadata") or {}).get("version")
        replaced: Any = convert(document, self.replace_type)
        change = self.change(call, replaced, "replace", id)
        return Change(
            change.key, change.document, "replace", convert(version, int) if version is not None else None
        )

    @property
    def delete(self) -> Handler:
        """DELETE: 404 when absent."""

        async def run(call: Call, **path: str) -> Reply:
            id = path[self.parameter]
            if not await remove(call, self.kind, [(id,)]):
                raise NotFound(self.kind.noun, id)
            return Reply(self.delete_code)

        return Handler(run, (self.parameter,))

    # Bulk

    def _bulk(self, item: type, how: Any) -> Handler:
        async def run(call: Call, body: Bulk[Any]) -> Reply:
            changes: list[Change | CoterieError] = []
            for each in body.items:
                try:
                    if isinstance(each, CoterieError):
                        raise each
                    changes.append(self.change(call, each, how, None))
                except CoterieError as error:
                    changes.append(error)
            outcomes = await store(call, self.kind, changes)
            return bulk_reply(call, [self._told(call, outcome) for outcome in outcomes])

        return Handler(run, body=Bulk[item], answer=_array(self.entry_type))  # type: ignore[valid-type]

    def _told(self, call: Call, outcome: Outcome) -> Outcome:
        """The outcome with what the answer of a creation says besides the id."""
        if outcome.error is not None or outcome.id is None:
            return outcome
        told = self.created_view(call, outcome.id)
        return replace(
            outcome, extra=tuple((name, told[name]) for name in told if name != self.kind.id_field)
        )

    @property
    def create_bulk(self) -> Handler:
        """POST of an array: 207."""
        return self._bulk(self.create_type, "create")

    @property
    def upsert_bulk(self) -> Handler:
        """PUT of an array: 207."""
        return self._bulk(self.item_type, "upsert")


def is_id(value: str, longest: int = 66) -> bool:
    """Whether the reference would take it as an identifier (CONTRACT §2.9)."""
    return len(value) <= longest and _ID.fullmatch(value) is not None


def check_id(value: str, field: str = "id", longest: int = 66) -> None:
    """Raises Invalid for what is no identifier."""
    if not is_id(value, longest):
        raise Invalid(
            problems=(
                Problem.violation(
                    field, f"{value[:80]!r} is not an id; use 1 to {longest} letters, digits, - and _"
                ),
            )
        )


def _array(item: type) -> Any:
    return list[item]  # type: ignore[valid-type]
