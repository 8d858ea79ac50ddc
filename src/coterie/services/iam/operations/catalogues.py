"""Lists of documents of which the predefined ones stand in the code and custom ones, if any, in a table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Subquery, Table, literal, select, union_all

from coterie.kit.call import Call, Reply
from coterie.kit.errors import NotFound
from coterie.kit.language import filter_map
from coterie.kit.listing import Expand, ListQuery, Match, field_filters, page
from coterie.query.q_sql import Field, Fields
from coterie.query.sql import Str, json_elements, json_text
from coterie.services.iam.rules.catalogue import (
    PERMISSIONS,
    RESOURCES,
    ROLE_DOCUMENTS,
    TEMPLATES,
    Document,
)

# When what is predefined was made.
_MADE = "2026-01-01T00:00:00.000Z"
_FILTERS: Mapping[str, Match] = {
    "name": "contains",
    "description": "contains",
    "roleId": "equals",
    "resourceId": "equals",
}


@dataclass(frozen=True)
class Catalogue:
    """Documents of one kind: `predefined` by id, and the tenant's own in `table`, with `defaults` in answers."""

    noun: str
    predefined: Mapping[str, Document]
    table: Table | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def rows(self, call: Call) -> Subquery:
        """All documents of the tenant, as a relation: id, doc, version, created_at, modified_at."""
        value = json_elements(list(self.predefined.values()))
        known = select(
            json_text(value, ("id",)).label("id"),
            value.label("doc"),
            literal(1).label("version"),
            literal(_MADE, Str()).label("created_at"),
            literal(_MADE, Str()).label("modified_at"),
        )
        if self.table is None:
            return known.subquery()
        columns = self.table.c
        own = select(columns.id, columns.doc, columns.version, columns.created_at, columns.modified_at).where(
            columns.tenant == call.tenant.name
        )
        return union_all(known, own).subquery()

    def view(self, call: Call, row: Any) -> Document:
        """A row as clients see it, its texts in the languages asked for."""
        view = {"id": row.id, **self.defaults, **row.doc}
        for name in ("name", "description"):
            if name in view:
                view[name] = filter_map(view[name], call.accept)
        instants = {"createdAt": row.created_at, "modifiedAt": row.modified_at}
        return {**view, "metadata": {"version": row.version, **instants}}

    async def page(
        self,
        call: Call,
        query: ListQuery,
        *,
        among: Collection[str] | None = None,
        where: Callable[[Subquery], ColumnElement[bool]] | None = None,
        expand: Expand | None = None,
    ) -> Reply:
        """A page of the documents, of those `among` the ids or that meet `where`."""
        rows = self.rows(call)
        fields = Fields(
            {
                "id": Field(rows.c.id),
                "name": Field(rows.c.doc, "localized", ("name",)),
                "description": Field(rows.c.doc, "localized", ("description",)),
                "metadata.version": Field(rows.c.version, "number"),
                "metadata.createdAt": Field(rows.c.created_at, "date"),
                "metadata.modifiedAt": Field(rows.c.modified_at, "date"),
            },
            rows.c.doc,
        )
        statement = select(rows).where(*field_filters(query, fields, _FILTERS))
        since = getattr(query, "metadata_modified_at", None)
        if since is not None:
            statement = statement.where(rows.c.modified_at > since)
        if among is not None:
            statement = statement.where(rows.c.id.in_(sorted(among)))
        if where is not None:
            statement = statement.where(where(rows))
        return await page(
            call,
            statement,
            query,
            fields,
            view=lambda row: self.view(call, row),
            tie_break=[rows.c.id],
            expand=expand,
        )

    async def some(self, call: Call, ids: Collection[str]) -> dict[str, Document]:
        """Documents by id, as clients see them; what is not there is left out."""
        if not ids:
            return {}
        rows = self.rows(call)
        found = await call.db.all(select(rows).where(rows.c.id.in_(sorted(ids))))
        return {row.id: self.view(call, row) for row in found}

    async def one(self, call: Call, id: str) -> Document:
        """One document as clients see it. Raises NotFound."""
        found = await self.some(call, [id])
        if id not in found:
            raise NotFound(self.noun, id)
        return found[id]


TEMPLATE_LIST = Catalogue("template", TEMPLATES)
ROLE_LIST = Catalogue("role", ROLE_DOCUMENTS)
PERMISSION_LIST = Catalogue("permission", PERMISSIONS)
RESOURCE_LIST = Catalogue("resource", RESOURCES)
