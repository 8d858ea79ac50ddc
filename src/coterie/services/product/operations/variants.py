"""The variants of products that were written: they follow their parents, and are made of their attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from coterie.kit.call import Call
from coterie.kit.clock import new_id
from coterie.kit.store import Document, Written, among
from coterie.services.product.operations.stored import KIND, announce, written
from coterie.services.product.rules import products as rules
from coterie.services.product.rules import trees
from coterie.services.product.rules import variants as variant_rules
from coterie.services.product.tables import product

Children = Mapping[str, Sequence[Row[Any]]]


async def follow(call: Call, parents: Mapping[str, Document], children: Children) -> list[Written]:
    """Change the descendants of products to what follows from these; by one statement, however many they are.

    parents: the products as they are now. children: rows by their direct parent, of all levels.
    """
    changed: dict[str, tuple[Row[Any], Document]] = {}
    waiting = list(parents.items())
    while waiting:
        id, parent = waiting.pop(0)
        for row in children.get(id, ()):
            before = KIND.document_of(row)
            variant = before["productType"] == rules.VARIANT
            after = variant_rules.inherited(before, parent) if variant else trees.placed(before, parent)
            if after != before:
                changed[row.id] = (row, after)
                waiting.append((row.id, after))
    if not changed:
        return []
    columns = product.c
    statement = update(product).where(columns.tenant == bindparam("_tenant"), columns.id == bindparam("_id"))
    rows = [
        {
            "_tenant": call.tenant.name,
            "_id": id,
            **KIND.row_of(after),
            "version": row.version + 1,
            "modified_at": call.at,
        }
        for id, (row, after) in changed.items()
    ]
    await call.db.run(statement, rows)
    told = [written(call, id, after, row) for id, (row, after) in changed.items()]
    await announce(call, told)
    return told


async def generate(
    call: Call, parents: Mapping[str, tuple[Document, Document | None]], children: Children
) -> list[Written]:
    """Make the variants that parents lack. parents: what each is now, and what it was."""
    made: list[tuple[str, Document]] = []
    for id, (parent, before) in parents.items():
        known = [variant_rules.combination(KIND.document_of(row)) for row in children.get(id, ())]
        old = None if before is None else before["variantAttributes"]
        made += [
            (f"{id}{rules.SEPARATOR}{new_id()}", _variant(id, parent, values))
            for values in variant_rules.missing(parent["variantAttributes"], old, known)
        ]
    if not made:
        return []
    taken = await _taken(call, [document["code"] for _, document in made])
    for id, document in made:
        if document["code"] in taken or len(document["code"]) > rules.CODE_LENGTH:
            document["code"] = id
        taken.add(document["code"])
    rows = [
        {
            "tenant": call.tenant.name,
            "id": id,
            **KIND.row_of(document),
            "version": call.service.dialect.first_version,
            "created_at": call.at,
            "modified_at": call.at,
        }
        for id, document in made
    ]
    await call.db.run(call.db.insert(product), rows)
    told = [written(call, id, document, None) for id, document in made]
    await announce(call, told)
    return told


def _variant(id: str, parent: Document, values: variant_rules.Combination) -> Document:
    chosen = dict(values)
    names = "-".join(_named(chosen[name]) for name in parent["variantAttributes"])
    own = {
        "code": f"{parent['code']}-{names}",
        "productType": rules.VARIANT,
        "parentVariantId": id,
        "mixins": {variant_rules.ATTRIBUTES: chosen},
    }
    return variant_rules.inherited(own, parent)


def _named(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _taken(call: Call, codes: Sequence[str]) -> set[str]:
    wanted = among(call.db, [product.c.code], [(code,) for code in sorted(set(codes))])
    rows = await call.db.all(select(product.c.code).where(product.c.tenant == call.tenant.name, wanted))
    return {row.code for row in rows}
