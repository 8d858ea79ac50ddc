"""Templates: the attributes that products share, version by version."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import and_, delete, select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Conflict, Invalid, NotFound
from coterie.kit.language import check_map, filter_map, to_map
from coterie.kit.resource import Resource, check_id
from coterie.kit.store import Document, Kind, kept_rows, locked, remove
from coterie.query.q_sql import Field, Fields
from coterie.services.product.rules import templates as rules
from coterie.services.product.rules.products import ID_LENGTH
from coterie.services.product.schemas.templates import (
    TemplateCreation,
    TemplateQuery,
    TemplateUpdate,
    TemplateView,
)
from coterie.services.product.tables import product, template, template_version

Choice = tuple[str, int]
"""A template and its version."""


KIND = Kind(
    noun="product template",
    table=template,
    columns={"name": "name"},
    localized=("name",),
    rules=rules.template_problems,
)

FIELDS = Fields(
    {
        "id": Field(template.c.id),
        "name": Field(template.c.name, "localized"),
        "metadata.version": Field(template.c.version, "number"),
        "metadata.createdAt": Field(template.c.created_at, "date"),
        "metadata.modifiedAt": Field(template.c.modified_at, "date"),
    },
    template.c.doc,
)


def _adapted(call: Call, document: Document) -> Document:
    """Texts in one language as the maps that are stored. Raises Invalid for languages that the tenant lacks."""
    result = {**document, "name": to_map(document["name"], call.content)}
    problems = []
    attributes = []
    for at, attribute in enumerate(document["attributes"]):
        values = []
        problems += check_map(
            attribute["name"], call.content, call.tenant.languages, f"attributes[{at}].name"
        )
        for n, value in enumerate(attribute.get("values") or ()):
            place = f"attributes[{at}].values[{n}].name"
            problems += check_map(value.get("name", {}), call.content, call.tenant.languages, place)
            names = {"name": to_map(value["name"], call.content)} if "name" in value else {}
            values.append({**value, **names})
        shown = {"values": values} if "values" in attribute else {}
        attributes.append({**attribute, "name": to_map(attribute["name"], call.content), **shown})
    if problems:
        raise Invalid(problems=problems)
    return {**result, "attributes": attributes}


def shaped(call: Call, view: Document) -> Document:
    """A template in the languages asked for, with the addresses of its schemas."""
    attributes = []
    for attribute in view["attributes"]:
        values = [
            {**value, "name": filter_map(value["name"], call.accept)} if "name" in value else value
            for value in attribute.get("values") or ()
        ]
        shown = {"values": values} if "values" in attribute else {}
        attributes.append({**attribute, "name": filter_map(attribute["name"], call.accept), **shown})
    version = view["metadata"]["version"]
    telling, plain = (schema_url(call, (view["id"], version), name) for name in reversed(rules.MIXINS))
    urls = {"variantAttributesSchema": telling, "templateAttributesSchema": plain}
    metadata = {**view["metadata"], **urls}
    return {
        **view,
        "name": filter_map(view["name"], call.accept),
        "attributes": attributes,
        "metadata": metadata,
    }


def schema_url(call: Call, choice: Choice, mixin: str) -> str:
    """Where the JSON Schema of one of the template's mixins is."""
    base = call.runtime.settings.base_url
    return (
        f"{base}/product/{call.tenant.name}/product-templates/{choice[0]}/versions/{choice[1]}/{mixin}.json"
    )


RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=TemplateCreation,
    replace_type=TemplateUpdate,
    item_type=TemplateUpdate,
    view_type=TemplateView,
    parameter="product_template_id",
    adapt=_adapted,
    shape=shaped,
    check_id=lambda id, where: check_id(id, where, ID_LENGTH),
)


async def create(call: Call, body: TemplateCreation) -> Reply:
    """Create a template; it is its version 1."""
    reply: Reply = await RESOURCE.create.run(call, body=body)
    await _keep_version(call, reply.value["id"])
    return reply


async def put(call: Call, product_template_id: str, body: TemplateUpdate) -> Reply:
    """Make a new version of a template; products that follow another stay with theirs."""
    reply: Reply = await RESOURCE.replace.run(call, product_template_id=product_template_id, body=body)
    await _keep_version(call, product_template_id)
    return reply


async def _keep_version(call: Call, id: str) -> None:
    columns = template.c
    names = ["tenant", "template_id", "version", "name", "doc", "created_at", "modified_at"]
    now = select(
        columns.tenant,
        columns.id,
        columns.version,
        columns.name,
        columns.doc,
        columns.created_at,
        columns.modified_at,
    ).where(KIND.where(call, (id,)))
    await call.db.run(template_version.insert().from_select(names, now))


async def get(call: Call, product_template_id: str, query: TemplateQuery) -> Document:
    """A template, in its latest version or the one asked for."""
    if query.version is None:
        return await RESOURCE.one(call, (product_template_id,))
    found = await of_versions(call, [(product_template_id, query.version)])
    if not found:
        raise NotFound(KIND.noun, f"{product_template_id} in version {query.version}")
    return shaped(call, found[product_template_id, query.version])


async def schema(call: Call, product_template_id: str, version: str, schema: str) -> Document:
    """The JSON Schema of the attributes of a template's version."""
    mixin = schema.removesuffix(".json")
    choice = (product_template_id, int(version) if version.isdecimal() and len(version) < 9 else 0)
    found = await of_versions(call, [choice])
    if not found or mixin not in rules.MIXINS:
        raise NotFound("schema", schema)
    telling = mixin != rules.ATTRIBUTES
    return rules.schema(found[choice]["attributes"], telling=telling)


async def delete_template(call: Call, product_template_id: str) -> None:
    """Delete a template with all its versions. Raises Conflict while a product follows it."""
    here = call.tenant.name
    if not await locked(call, KIND, [(product_template_id,)]):
        raise NotFound(KIND.noun, product_template_id)
    followers = select(product.c.id).where(
        product.c.tenant == here, product.c.template_id == product_template_id
    )
    follower = await call.db.value(followers.order_by(product.c.id).limit(1))
    if follower is not None:
        raise Conflict(f"The template is used by products such as {follower}; it can't be deleted.")
    await remove(call, KIND, [(product_template_id,)])
    versions = template_version.c
    gone = delete(template_version).where(
        versions.tenant == here, versions.template_id == product_template_id
    )
    await call.db.run(gone)


async def of_versions(
    call: Call, choices: Collection[Choice], *, keep: bool = False
) -> dict[Choice, Document]:
    """Templates as views, in the versions chosen; `keep`: they can't be deleted until the transaction ends."""
    ids = sorted({id for id, _ in choices})
    if not ids:
        return {}
    if keep:
        await kept_rows(call, template.c.id, [template.c.id], ids)
    columns = template_version.c
    wanted = and_(
        columns.template_id.in_(ids), columns.version.in_(sorted({version for _, version in choices}))
    )
    rows = await call.db.all(select(template_version).where(columns.tenant == call.tenant.name, wanted))
    found = {(row.template_id, row.version): _view(row._mapping) for row in rows}
    return {choice: found[choice] for choice in set(choices) & found.keys()}


def _view(row: Mapping[Any, Any]) -> Document:
    document = {"name": row["name"], **row["doc"]}
    return KIND.composed(row["template_id"], document, row["version"], row["created_at"], row["modified_at"])
