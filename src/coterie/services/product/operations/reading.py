"""Reading products: who sees which, in which languages, with what is asked for besides."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, Problem
from coterie.kit.language import choose, localized
from coterie.kit.listing import ListQuery, chosen
from coterie.kit.resource import Resource, check_id
from coterie.kit.store import Document, among
from coterie.kit.wire import Search
from coterie.query.q_sql import Fields
from coterie.services.brand import facade as brands
from coterie.services.label import facade as labels
from coterie.services.product.operations import classification, indexing, links, media, templates
from coterie.services.product.operations.stored import FIELDS, KIND, LOCALIZED
from coterie.services.product.rules import products as rules
from coterie.services.product.rules import templates as template_rules
from coterie.services.product.rules import trees, variants
from coterie.services.product.schemas.products import (
    ProductCreated,
    ProductCreation,
    ProductEntry,
    ProductItem,
    ProductQuery,
    ProductsQuery,
    ProductUpdate,
    ProductView,
    YrnSearch,
)
from coterie.services.product.tables import product

READ_UNPUBLISHED = "product.product_read_unpublished"
_OF_VENDOR = ("product.product_read_by_vendor", "product.product_manage_by_vendor")
MAX_YRNS = 1000
_ATTRIBUTES = ("ownVariantAttributes", "inheritedVariantAttributes")


def readable(call: Call) -> ColumnElement[bool] | None:
    """Which products the caller sees: all with the scope for unpublished ones; a vendor's employee all of his vendor
    and no others; everybody else those that are published."""
    if call.caller.may((READ_UNPUBLISHED,)):
        return None
    if call.caller.vendor_id is not None and call.caller.may(_OF_VENDOR):
        return product.c.vendor_id == call.caller.vendor_id
    return product.c.published


def _shaped(call: Call, view: Document) -> Document:
    """Maps of all languages without Accept-Language, as clients found it, and with `*`; else the best text."""
    texts = {name: _text(call, view[name]) for name in LOCALIZED if view.get(name)}
    attributes = {name: _attributes(call, view[name]) for name in _ATTRIBUTES if name in view}
    own = {"yrn": rules.yrn(call.tenant.name, view["id"]), "media": media.shown(call, view["media"])}
    view = {**view, **texts, **attributes, **own}
    made = template_rules.MIXINS if "template" in view else ()
    choice = (view["template"]["id"], view["template"]["version"]) if made else ("", 0)
    urls = {name: templates.schema_url(call, choice, name) for name in made if name in view.get("mixins", ())}
    if urls:
        metadata = view["metadata"]
        view["metadata"] = {**metadata, "mixins": {**metadata.get("mixins", {}), **urls}}
    return view


def _text(call: Call, texts: Any) -> Any:
    return texts if call.accept.absent else localized(texts, call.accept, call.tenant.languages)


def _attributes(call: Call, attributes: Mapping[str, Any]) -> Document:
    """Attributes of dynamic variants in the languages asked for."""
    found: Document = {}
    for key, attribute in attributes.items():
        value = attribute["value"]
        named = {"name": _text(call, value["name"])} if value.get("name") else {}
        titled = {"name": _text(call, attribute["name"])} if attribute.get("name") else {}
        found[key] = {**attribute, **titled, "value": {**value, **named}}
    return found


def _headers(call: Call) -> dict[str, str]:
    """The language that texts are in where they have it; maps tell their languages themselves."""
    if call.accept.absent or call.accept.translations:
        return {}
    language = choose(call.accept, call.tenant.languages.supported, call.tenant.languages.default)
    return {"Content-Language": language} if language else {}


def created(call: Call, id: str) -> Document:
    """The answer of a creation."""
    return {"id": id, "yrn": rules.yrn(call.tenant.name, id)}


RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=ProductCreation,
    replace_type=ProductUpdate,
    item_type=ProductItem,
    view_type=ProductView,
    parameter="product_id",
    check_id=lambda id, where: check_id(id, where, rules.VARIANT_ID_LENGTH),
    scope=readable,
    computed=links.COMPUTED | media.COMPUTED,
    headers=_headers,
    created_view=created,
    created_type=ProductCreated,
    entry_type=ProductEntry,
    shape=_shaped,
    always_fields=("id", "yrn"),
)


def _asked(query: ProductsQuery | ProductQuery, fields: Fields = FIELDS) -> Resource:
    """The resource with what a request wants to have expanded."""
    return replace(RESOURCE, fields=fields, expand=partial(_expanded, query))


async def list_products(call: Call, query: ProductsQuery) -> Reply:
    """The products that the caller may read."""
    return await _asked(query, await indexing.searchable(call, query.q)).page(call, query, None)


async def search(call: Call, query: ProductsQuery, body: Search | None) -> Reply:
    """The same by a `q` in the body."""
    q = (body.q if body else None) or query.q
    return await _asked(query, await indexing.searchable(call, q)).page(call, query, q)


async def get(call: Call, product_id: str, query: ProductQuery) -> Reply:
    """One product."""
    view = await _asked(query).one(call, (product_id,))
    fields = f"{query.fields},id,yrn" if query.fields else None
    return Reply(value=chosen(view, fields), headers=_headers(call))


async def search_by_yrns(call: Call, query: ListQuery, body: YrnSearch) -> Reply:
    """The products with these yrns, all on one page unless the client asks for pages; unknown ones are left out."""
    if len(body.yrns) > MAX_YRNS:
        raise Invalid(problems=(Problem.violation("yrns", f"holds more than {MAX_YRNS} yrns; ask in parts"),))
    ids = set()
    for at, text in enumerate(body.yrns):
        parsed = rules.parse_yrn(text)
        if parsed is None:
            place = f"yrns[{at}]"
            raise Invalid(
                "Given yrn does not match yaas urn scheme",
                problems=(Problem.violation(place, f"{text[:80]!r} is not a product's yrn"),),
            )
        if parsed[0] == call.tenant.name:
            ids.add(parsed[1])
    if query.page_size is None:
        query.page_size = MAX_YRNS
    return await _asked(ProductsQuery()).page(call, query, None, product.c.id.in_(sorted(ids)))


# What is added


async def _expanded(query: ProductsQuery | ProductQuery, call: Call, views: list[Document]) -> None:
    fields = set(query.fields.split(",")) if query.fields else None
    if fields is None or any(name.strip().startswith("metadata") for name in fields):
        await classification.add_mixins(call, views)
    if fields is None or "variants" in fields:
        await _add_variants(call, views)
    if query.raw_value is False:
        views[:] = [
            variants.without_inherited(view) if view["productType"] == rules.VARIANT else view
            for view in views
        ]
    words = {word.strip() for word in (query.expand or "").split(",")}
    if "template" in words:
        await _add_templates(call, views)
    if "parentVariant" in words:
        await _add_parents(call, views)
    if "brand" in words:
        await _add_brands(call, views)
    if "labels" in words:
        await _add_labels(call, views)


async def _add_variants(call: Call, views: Sequence[Document]) -> None:
    """To roots of dynamic variants all that is below them, each with all its attributes."""
    roots = {view["id"]: view for view in views if view.get("parentVariantPath") == []}
    if not roots:
        return
    for view in roots.values():
        view["variants"] = {}
    statement = select(product).where(
        product.c.tenant == call.tenant.name, among(call.db, [product.c.root_id], _keys(roots))
    )
    condition = readable(call)
    shown = statement if condition is None else statement.where(condition)
    for row in await call.db.all(shown.order_by(product.c.id)):
        entry = trees.entry(KIND.document_of(row), row.version)
        if not call.caller.may((READ_UNPUBLISHED,)):
            del entry["published"]
        entry["name"] = _text(call, entry["name"])
        entry["variantAttributes"] = _attributes(call, entry["variantAttributes"])
        roots[row.root_id]["variants"][row.id] = entry


async def _add_templates(call: Call, views: Sequence[Document]) -> None:
    following = [view for view in views if "template" in view]
    found = await templates.of_versions(call, {_choice(view) for view in following})
    for view in following:
        view["template"] = templates.shaped(call, found[_choice(view)])


def _choice(view: Mapping[str, Any]) -> templates.Choice:
    return view["template"]["id"], view["template"]["version"]


async def _add_parents(call: Call, views: Sequence[Document]) -> None:
    wanted = {view["parentVariantId"] for view in views if "parentVariantId" in view}
    if not wanted:
        return
    named = among(call.db, [product.c.id], _keys(wanted))
    rows = await call.db.all(RESOURCE.selected(call).where(named))
    found = {row.id: RESOURCE.view(call, row) for row in rows}
    for view in views:
        if view.get("parentVariantId") in found:
            view["parentVariant"] = found[view["parentVariantId"]]


async def _add_brands(call: Call, views: Sequence[Document]) -> None:
    """To products of a brand that is there what its own service shows of it."""
    named = {view["brandId"] for view in views if "brandId" in view}
    found = {id: _plain(each) for id, each in (await brands.by_ids(call, named)).items()}
    for view in views:
        if view.get("brandId") in found:
            view["brand"] = found[view["brandId"]]


async def _add_labels(call: Call, views: Sequence[Document]) -> None:
    """To products with labels those that are there, in the order of `labelIds`."""
    labelled = [view for view in views if "labelIds" in view]
    named = {id for view in labelled for id in view["labelIds"]}
    found = {id: _plain(each) for id, each in (await labels.by_ids(call, named)).items()}
    for view in labelled:
        view["labels"] = [found[id] for id in view["labelIds"] if id in found]


def _plain(view: Document) -> Document:
    """A brand or label inside a product, which has no metadata there."""
    return {name: value for name, value in view.items() if name != "metadata"}


def _keys(ids: Collection[str]) -> list[tuple[str, ...]]:
    return [(id,) for id in sorted(ids)]
