"""What other services may ask of categories."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import select

from coterie.kit.call import Call, Reply
from coterie.services.category import tables
from coterie.services.category.operations import categories
from coterie.services.category.operations import trees as trees_
from coterie.services.category.rules import PRODUCT, Node
from coterie.services.category.schemas import TreeNode

__all__ = [
    "Node",
    "TreeNode",
    "assignments",
    "closure",
    "existing",
    "names",
    "nodes_with_ancestors",
    "roots",
    "trees",
]

names: Final = select(
    tables.category.c.tenant,
    tables.category.c.id,
    tables.category.c.code,
    tables.category.c.name,
    tables.category.c.published,
)
"""The categories of all tenants, to join: tenant, id, code (or NULL), name (a map of texts), published."""

closure: Final = select(
    tables.closure.c.tenant,
    tables.closure.c.ancestor_id,
    tables.closure.c.category_id,
    tables.closure.c.depth,
)
"""The hierarchy of all tenants, to join: each category with each of its ancestors, itself at depth 0."""

assignments: Final = select(
    tables.assignment.c.tenant,
    tables.assignment.c.category_id,
    tables.assignment.c.ref_id.label("product_id"),
).where(tables.assignment.c.ref_type == PRODUCT)
"""The products in the categories of all tenants, to join: tenant, category_id, product_id."""


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are categories; none of them can be deleted until the transaction ends.

    It locks, so it belongs in a transaction that writes.
    """
    return await categories.existing(call, ids)


async def roots(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are root categories, under the same lock; a root may become another's child meanwhile."""
    return await categories.roots(call, ids)


async def trees(call: Call, root_ids: Collection[str]) -> Reply:
    """The published trees of these roots as `TreeNode`s in JSON, in order of position, from memory if they can."""
    return await trees_.trees_of(call, root_ids)


async def nodes_with_ancestors(call: Call, ids: Collection[str]) -> list[Node]:
    """Those of the categories that are published up to their root, with their ancestors; in no order.

    An unpublished category, and all that lies below one, is left out: no storefront shows it.
    """
    return await trees_.nodes_with_ancestors(call, ids)
