"""What products that are to be written depend on: what they were, their parents, variants and templates, locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from coterie.kit.call import Call
from coterie.kit.store import Change, Document, locked
from coterie.services.product.operations.stored import KIND, descendants
from coterie.services.product.operations.templates import Choice
from coterie.services.product.rules import products as rules
from coterie.services.product.rules import variants


@dataclass
class Surroundings:
    """products: those that are to be written and their parents, by id, as stored. children: rows by their parent's
    id, of all levels. templates: those that the products follow."""

    products: dict[str, Document] = field(default_factory=dict)
    children: dict[str, list[Row[Any]]] = field(default_factory=dict)
    templates: dict[Choice, Document] = field(default_factory=dict)
    siblings: dict[str, dict[str, variants.Combination]] = field(default_factory=dict)

    def siblings_of(self, parent_id: str) -> dict[str, variants.Combination]:
        """What tells the variants of a parent apart, by their ids; those that are accepted are put into it."""
        if parent_id not in self.siblings:
            rows = self.children.get(parent_id, ())
            self.siblings[parent_id] = {row.id: variants.combination(KIND.document_of(row)) for row in rows}
        return self.siblings[parent_id]

    def below(self, id: str) -> tuple[int, frozenset[str]]:
        """How many levels there are under a product, and the ids of all products there."""
        level, inside, levels = [id], set[str](), -1
        while level:
            level = [row.id for each in level for row in self.children.get(each, ()) if row.id not in inside]
            inside |= set(level)
            levels += 1
        return levels, frozenset(inside)


def parent_named(change: Change) -> str | None:
    """The parent that a change names, in a field or, of a variant, in its id."""
    named: str | None = change.document.get("parentVariantId")
    if named is None and change.key is not None and rules.SEPARATOR in change.key[-1]:
        return change.key[-1].partition(rules.SEPARATOR)[0]
    return named or None


async def around(call: Call, changes: Sequence[Change]) -> Surroundings:
    """The surroundings of changes that have their keys, without templates."""
    ids = {change.key[-1] for change in changes if change.key is not None}
    named = {parent for change in changes if (parent := parent_named(change)) is not None}
    # In one order by id, in which a variant stands behind its parent, so that no two calls deadlock.
    rows = await locked(call, KIND, [(id,) for id in sorted(ids | named)])
    found = Surroundings({key[-1]: KIND.document_of(row) for key, row in rows.items()})
    kept = {
        parent
        for id in ids & found.products.keys()
        if (parent := found.products[id].get("parentVariantId")) is not None
    }
    if kept := kept - ids - named:
        rows = await locked(call, KIND, [(id,) for id in sorted(kept)])
        found.products |= {key[-1]: KIND.document_of(row) for key, row in rows.items()}
    wide = set()
    for change in changes:
        assert change.key is not None
        id = change.key[-1]
        stored = found.products.get(id, {})
        type_ = stored.get("productType", change.document.get("productType"))
        if type_ == rules.DYNAMIC or (type_ == rules.PARENT and stored):
            wide.add(id)
        elif type_ == rules.VARIANT and (parent := parent_named(change)) is not None:
            wide.add(parent)
    found.children = await descendants(call, wide)
    return found
