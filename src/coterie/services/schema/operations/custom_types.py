"""Custom entity types: each brings scopes of its own, and stays as long as something is of it or for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import literal, select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, NotFound
from coterie.kit.listing import Expand
from coterie.kit.resource import Resource
from coterie.kit.store import Kind, Written, among_stored, locked, remove
from coterie.query.q_sql import Field, Fields
from coterie.services.iam import facade as iam
from coterie.services.schema.operations.documents import REFERENCE, SCHEMA
from coterie.services.schema.operations.versions import Versions, for_type, used_by_type
from coterie.services.schema.rules import types
from coterie.services.schema.rules.attributes import Document
from coterie.services.schema.schemas import (
    CustomTypeQuery,
    CustomTypesQuery,
    TypeCreation,
    TypeUpdate,
    TypeView,
)
from coterie.services.schema.tables import custom_type, instance, version

NOUN = "custom entity type"


async def _written(call: Call, changed: Sequence[Written]) -> None:
    """Scopes come with a type; when it goes they stay, since groups and API keys may name them."""
    for each in changed:
        if each.before is None:
            await iam.custom_scopes_defined(call, types.scopes(each.key[0]))


KIND = Kind(NOUN, custom_type, localized=("name",), written=_written)
RESOURCE = Resource(
    kind=KIND,
    fields=Fields(
        {
            "id": Field(custom_type.c.id),
            "name": Field(custom_type.c.doc, "localized", ("name",)),
            "metadata.version": Field(custom_type.c.version, "number"),
            "metadata.createdAt": Field(custom_type.c.created_at, "date"),
            "metadata.modifiedAt": Field(custom_type.c.modified_at, "date"),
        },
        custom_type.c.doc,
    ),
    create_type=TypeCreation,
    replace_type=TypeUpdate,
    item_type=TypeCreation,
    view_type=TypeView,
    check_id=types.check_id,
)


async def list_types(call: Call, query: CustomTypesQuery) -> Reply:
    """The custom entity types; with the schemas that are for each when asked for."""
    return await replace(RESOURCE, expand=_expansion(query.expand_schemas)).page(call, query, None)


async def get_type(call: Call, id: str, query: CustomTypeQuery) -> Document:
    """One custom entity type."""
    return await replace(RESOURCE, expand=_expansion(query.expand_schemas)).one(call, (id,))


def _expansion(wanted: bool | None) -> Expand | None:
    return _with_schemas if wanted else None


async def _with_schemas(call: Call, views: list[Document]) -> None:
    """Add to types what schemas and references are for them, in their current versions."""
    named = [view["id"] for view in views]
    if not named:
        return
    for view in views:
        view["schemas"] = {}
    for kind in (SCHEMA, REFERENCE):
        versions = Versions(kind)
        statement = versions.newest(call, (), for_type(version.c.types, *named, types.ENTITY))
        for row in await call.db.all(statement.order_by(version.c.id)):
            shown = versions.view(call, row)
            shown.pop("attributes", None)
            for view in views:
                if {view["id"], types.ENTITY} & set(row.types):
                    view["schemas"][row.id] = shown


async def delete_type(call: Call, id: str) -> None:
    """Delete a type of which there are no instances, and for which there is no schema."""
    if not await locked(call, KIND, [(id,)]):
        raise NotFound(NOUN, id)
    mine = (instance.c.tenant == call.tenant.name, instance.c.type == id)
    uses = {
        "instances": select(literal(1)).where(*mine),
        "schemas or references": select(literal(1)).where(used_by_type(call, id)),
    }
    for what, statement in uses.items():
        if await call.db.value(statement.limit(1)):
            raise Invalid(f"The custom entity type {id} can't be deleted while there are {what} of it.")
    await remove(call, KIND, [(id,)])


async def must_exist(call: Call, id: str) -> None:
    """Raises NotFound; while a transaction writes, the type can't be deleted until it ends."""
    if call.row.mode == "write":
        found: Any = await among_stored(call, custom_type.c.id, [id])
    else:
        found = await call.db.first(select(custom_type.c.id).where(KIND.where(call, (id,))))
    if not found:
        raise NotFound(NOUN, id)
