"""What the rows of products run that write: create, replace, patch, delete, one by one and in bulk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coterie.kit.bulk import Outcome, bulk_reply
from coterie.kit.call import Call, Reply
from coterie.kit.errors import Conflict, CoterieError, Forbidden, Invalid, NotFound, Problem
from coterie.kit.language import check_map, to_map
from coterie.kit.patch import PatchError, patched
from coterie.kit.rows import Bulk
from coterie.kit.store import Change, Document, How, locked, prepared, remove
from coterie.kit.wire import DEEPEST, convert, depth, to_document
from coterie.services.product.operations import bundles, indexing
from coterie.services.product.operations.judgement import Options
from coterie.services.product.operations.reading import RESOURCE, created
from coterie.services.product.operations.stored import KIND, LOCALIZED, descendants
from coterie.services.product.operations.writing import write, write_one
from coterie.services.product.rules import products as rules
from coterie.services.product.schemas.products import (
    DeleteQuery,
    ProductCreation,
    ProductItem,
    ProductPart,
    ProductUpdate,
    PutQuery,
    WriteQuery,
)


async def create(call: Call, query: WriteQuery, body: ProductCreation) -> Reply:
    """Create a product, and the variants of a parent."""
    change = _change(call, to_document(body), "create", None)
    outcome = await write_one(call, change, Options.of(call, query))
    assert outcome.id is not None
    return Reply(201, created(call, outcome.id))


async def put(call: Call, product_id: str, query: PutQuery, body: ProductPart) -> Reply:
    """Create or replace a product; with `partial=true` change only what the body holds."""
    if query.partial:
        return await _patched(call, product_id, query, to_document(body))
    whole = to_document(convert(to_document(body), ProductUpdate))
    change = _change(call, whole, "upsert", product_id)
    outcome = await write_one(call, change, Options.of(call, query))
    assert outcome.id is not None
    return Reply(201, created(call, outcome.id)) if outcome.code == 201 else Reply(204)


async def patch(
    call: Call, product_id: str, query: WriteQuery, body: dict[str, Any] | list[dict[str, Any]]
) -> Reply:
    """Change a product by RFC 6902 (an array) or RFC 7396 (an object)."""
    return await _patched(call, product_id, query, body)


async def create_bulk(call: Call, query: WriteQuery, body: Bulk[ProductCreation]) -> Reply:
    """Create products, each judged for itself."""
    return await _bulk(call, query, body, "create")


async def upsert_bulk(call: Call, query: WriteQuery, body: Bulk[ProductItem]) -> Reply:
    """Create or replace products, each judged for itself."""
    return await _bulk(call, query, body, "upsert")


async def _bulk(call: Call, query: WriteQuery, body: Bulk[Any], how: How) -> Reply:
    changes: list[Change | CoterieError] = []
    for item in body.items:
        try:
            if isinstance(item, CoterieError):
                raise item
            changes.append(_change(call, to_document(item), how, None))
        except CoterieError as error:
            changes.append(error)
    outcomes = await write(call, changes, Options.of(call, query))
    return bulk_reply(call, [_told(call, outcome) for outcome in outcomes])


def _told(call: Call, outcome: Outcome) -> Outcome:
    if outcome.error is not None or outcome.id is None:
        return outcome
    return replace(outcome, extra=(("yrn", created(call, outcome.id)["yrn"]),))


# From a body to a change


def _change(call: Call, body: Document, how: How, id: str | None) -> Change:
    """What a whole body asks for. Raises Invalid."""
    _check_texts(call, body)
    return _as_change(_adapted(call, body), how, id)


def _as_change(document: Document, how: How, id: str | None) -> Change:
    name = id if id is not None else document.get("id")
    if name is not None:
        RESOURCE.check_id(name, "id")
    overridden = (document.get("metadata") or {}).get("overridden")
    document, version = prepared(document)
    if overridden:
        document["overridden"] = overridden
    return Change(None if name is None else (name,), document, how, version)


async def _patched(
    call: Call, id: str, query: WriteQuery, body: dict[str, Any] | list[dict[str, Any]]
) -> Reply:
    # A parent first, in which order they are locked everywhere.
    ids = {id, id.partition(rules.SEPARATOR)[0]}
    row = (await locked(call, KIND, [(each,) for each in sorted(ids)])).get((id,))
    if row is None:
        call.vendor(rules.MANAGE)
        raise NotFound(KIND.noun, id)
    stored = {"id": id, **KIND.document_of(row)}
    version = None
    if isinstance(body, dict):
        metadata = body.get("metadata")
        version = metadata.get("version") if isinstance(metadata, dict) else None
        _check_texts(call, body)
        body = _adapted(call, body)
    else:
        stored["metadata"] = {**stored.get("metadata", {}), "version": row.version}
    try:
        document = patched(stored, body, frozenset({"id"}))
    except PatchError as error:
        raise Invalid(problems=(Problem.violation(error.path or "", str(error)),)) from None
    if depth(document) > DEEPEST:
        raise Invalid(problems=(Problem.violation("", f"would be nested deeper than {DEEPEST} levels"),))
    if isinstance(body, list):
        version = (document.get("metadata") or {}).get("version")
    if row.doc["productType"] == rules.DYNAMIC:
        document.setdefault("parentVariantId", "")  # taken away, where a PUT would only be silent
    whole = _adapted(call, to_document(convert(document, ProductUpdate)))
    change = _as_change(whole, "replace", id)._replace(
        version=convert(version, int) if version is not None else None
    )
    await write_one(call, change, Options.of(call, query))
    return Reply(204)


def _adapted(call: Call, document: Document) -> Document:
    """A body, or a part of one, with texts in one language as the maps that are stored."""
    result = dict(document)
    for name in LOCALIZED:
        if isinstance(document.get(name), str):
            result[name] = to_map(document[name], call.content)
    own = document.get("ownVariantAttributes")
    if isinstance(own, Mapping):
        result["ownVariantAttributes"] = {key: _named(call, each) for key, each in own.items()}
    return result


def _named(call: Call, attribute: Any) -> Any:
    if not isinstance(attribute, dict):
        return attribute
    result = dict(attribute)
    if isinstance(attribute.get("name"), str):
        result["name"] = to_map(attribute["name"], call.content)
    value = attribute.get("value")
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        result["value"] = {**value, "name": to_map(value["name"], call.content)}
    return result


def _check_texts(call: Call, body: Mapping[str, Any]) -> None:
    """Raises Invalid for texts of attributes in languages that the request may not hold; others are checked later."""
    own = body.get("ownVariantAttributes")
    problems = []
    for key, attribute in own.items() if isinstance(own, Mapping) else ():
        if not isinstance(attribute, dict):
            continue
        value = attribute.get("value")
        inner = value.get("name") if isinstance(value, dict) else None
        for place, text in ((f"{key}.name", attribute.get("name")), (f"{key}.value.name", inner)):
            if text is not None:
                place = f"ownVariantAttributes.{place}"
                problems += check_map(text, call.content, call.tenant.languages, place)
    if problems:
        raise Invalid(problems=problems)


# Deleting


async def delete_product(call: Call, product_id: str, query: DeleteQuery) -> None:
    """Delete a product, with `force` together with its variants.

    Raises NotFound, Forbidden for another vendor's, Invalid while it has variants, and Conflict while a bundle has it.
    """
    vendor = call.vendor(rules.MANAGE)
    above = product_id.partition(rules.SEPARATOR)[0]
    rows = await locked(call, KIND, [(each,) for each in sorted({above, product_id})])
    row = rows.get((product_id,))
    if row is None:
        raise NotFound(KIND.noun, product_id)
    below = [each for group in (await descendants(call, [product_id])).values() for each in group]
    if vendor is not None and any(each.vendor_id != vendor for each in (row, *below)):
        raise Forbidden(message="The product is of another vendor.")
    if below and not query.force:
        text = f"must be true: the product has {len(below)} variants, which are deleted with it"
        raise Invalid(problems=(Problem.violation("force", text),))
    ids = [product_id, *(each.id for each in below)]
    used = await bundles.using(call, ids)
    if used is not None:
        raise Conflict(f"The bundle {used[0]} contains the product {used[1]}; take it out first.")
    await remove(call, KIND, [(id,) for id in ids])
    await bundles.forget(call, ids)
    await indexing.forget(call, ids)
