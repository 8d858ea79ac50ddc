"""Products: create, read, search, replace, patch, delete, one by one and in bulk."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import AlreadyExists, Forbidden, Invalid, Problem
from coterie.kit.language import choose, localized, to_map
from coterie.kit.listing import ListQuery
from coterie.kit.resource import Resource, check_id
from coterie.kit.store import Document, Kind, Refusal, Write, Written, among_stored
from coterie.query.q_sql import Field, Fields
from coterie.services.product import events, rules
from coterie.services.product.operations import links, media
from coterie.services.product.schemas import (
    ProductCreated,
    ProductCreation,
    ProductEntry,
    ProductItem,
    ProductUpdate,
    ProductView,
    PutQuery,
    YrnSearch,
)
from coterie.services.product.tables import product

READ_UNPUBLISHED = "product.product_read_unpublished"
LOCALIZED = ("name", "description")
MAX_YRNS = 1000


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are products; none of them can be deleted until the transaction ends."""
    return await among_stored(call, product.c.id, ids)


async def _check(call: Call, writes: Sequence[Write]) -> list[Refusal]:
    """Scopes of publishing, codes and related products; an item counts for those after it if it passes."""
    holders = await _holders(call, writes)
    known = await _related(call, writes)
    verdicts = []
    for write in writes:
        verdict = _verdict(call, write, holders, known)
        if not verdict:
            holders.setdefault(write.document["code"], write.key[0])
            if known is not None:
                known.add(write.key[0])
        verdicts.append(verdict)
    return verdicts


def _verdict(call: Call, write: Write, holders: dict[str, str], known: set[str] | None) -> Refusal:
    scope = rules.scope_needed(write.document["published"], write.before)
    if scope is not None and not call.caller.may((scope,)):
        return Forbidden((scope,))
    code = write.document["code"]
    holder = holders.get(code, write.key[0])
    if holder != write.key[0]:
        return AlreadyExists("product", holder, f"The code {code!r} is taken by the product {holder}.")
    if known is None:
        return []
    return [
        Problem.violation(place, f"there is no product {id[:80]!r}; create it first")
        for id, place in rules.new_relations(write.document, write.before).items()
        if id not in known
    ]


async def _holders(call: Call, writes: Sequence[Write]) -> dict[str, str]:
    """The products that now have the codes asked for."""
    codes = {
        write.document["code"]
        for write in writes
        if write.before is None or write.before["code"] != write.document["code"]
    }
    if not codes:
        return {}
    statement = select(product.c.code, product.c.id).where(
        product.c.tenant == call.tenant.name, product.c.code.in_(sorted(codes))
    )
    return {row.code: row.id for row in await call.db.all(statement)}


async def _related(call: Call, writes: Sequence[Write]) -> set[str] | None:
    """The related products that exist, or None when the tenant keeps references open (decision 5)."""
    if call.setting("references") == "open":
        return None
    return await existing(
        call, {id for write in writes for id in rules.new_relations(write.document, write.before)}
    )


async def _written(call: Call, changed: Sequence[Written]) -> None:
    known = await links.links_of(call, [each.key[0] for each in changed])
    for each in changed:
        id = each.key[0]
        view = {**each.view, "yrn": rules.yrn(call.tenant.name, id), **known[id]}
        event = events.PRODUCT_CREATED if each.before is None else events.PRODUCT_UPDATED
        call.emit(event, events.subject(id), events.product_written(call.tenant.name, view), id=id)


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    # The services that assign products follow with deletions of their own, which take the links along.
    for each in gone:
        id = each.key[0]
        yrn = rules.yrn(call.tenant.name, id)
        payload = events.product_deleted(call.tenant.name, id, yrn, each.document["code"])
        call.emit(events.PRODUCT_DELETED, events.subject(id), payload, id=id)


KIND = Kind(
    noun="product",
    table=product,
    columns={"code": "code", "name": "name", "published": "published"},
    localized=LOCALIZED,
    defaults={"productType": rules.BASIC, "published": False},
    rules=rules.product_problems,
    check=_check,
    written=_written,
    removed=_removed,
)

FIELDS = Fields(
    {
        "id": Field(product.c.id),
        "code": Field(product.c.code),
        "name": Field(product.c.name, "localized"),
        "description": Field(product.c.doc, "localized", ("description",)),
        "published": Field(product.c.published, "boolean"),
        "metadata.version": Field(product.c.version, "number"),
        "metadata.createdAt": Field(product.c.created_at, "date"),
        "metadata.modifiedAt": Field(product.c.modified_at, "date"),
        **links.FIELDS,
        **media.FIELDS,
    },
    product.c.doc,
)


def _readable(call: Call) -> ColumnElement[bool] | None:
    return None if call.caller.may((READ_UNPUBLISHED,)) else product.c.published


def _adapted(call: Call, document: Document) -> Document:
    """A text in one language as the map that is stored."""
    texts = {name: document[name] for name in LOCALIZED if isinstance(document.get(name), str)}
    return {**document, **{name: to_map(text, call.content) for name, text in texts.items()}}


def _shaped(call: Call, view: Document) -> Document:
    """Maps of all languages without Accept-Language, as clients found it, and with `*`; else the best text."""
    texts = {
        name: view[name] if call.accept.absent else localized(view[name], call.accept, call.tenant.languages)
        for name in LOCALIZED
        if view.get(name)
    }
    own = {"yrn": rules.yrn(call.tenant.name, view["id"]), "media": media.shown(call, view["media"])}
    return {**view, **texts, **own}


def _headers(call: Call) -> dict[str, str]:
    """The language that texts are in where they have it; maps tell their languages themselves."""
    if call.accept.absent or call.accept.translations:
        return {}
    language = choose(call.accept, call.tenant.languages.supported, call.tenant.languages.default)
    return {"Content-Language": language} if language else {}


def _created(call: Call, id: str) -> Document:
    return {"id": id, "yrn": rules.yrn(call.tenant.name, id)}


RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=ProductCreation,
    replace_type=ProductUpdate,
    item_type=ProductItem,
    view_type=ProductView,
    parameter="product_id",
    check_id=lambda id, where: check_id(id, where, rules.ID_LENGTH),
    scope=_readable,
    computed=links.COMPUTED | media.COMPUTED,
    headers=_headers,
    created_view=_created,
    created_type=ProductCreated,
    entry_type=ProductEntry,
    adapt=_adapted,
    shape=_shaped,
    always_fields=("id", "yrn"),
)


async def put_product(call: Call, product_id: str, query: PutQuery, body: ProductUpdate) -> Reply:
    """Create or replace a product."""
    if query.partial:
        text = "a PUT replaces the whole product here; send the fields to change by PATCH instead"
        raise Invalid(problems=(Problem.violation("partial", text),))
    reply: Reply = await RESOURCE.upsert.run(call, product_id=product_id, body=body)
    return reply


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
    return await RESOURCE.page(call, query, None, product.c.id.in_(sorted(ids)))
