"""Category trees, each read by one statement and built in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, select

from coterie.kit.call import Call
from coterie.kit.store import Document
from coterie.services.category import rules
from coterie.services.category.operations import hierarchy
from coterie.services.category.operations.categories import missing
from coterie.services.category.operations.lookup import localized, unpublished_shown
from coterie.services.category.rules import Node
from coterie.services.category.schemas import ShownQuery, TreeSearch, TreesQuery
from coterie.services.category.tables import category, closure


async def list_trees(call: Call, query: TreesQuery) -> list[Document]:
    """All trees, or those that hold one of the categories."""
    unpublished = unpublished_shown(call, query.show_unpublished)
    if query.category_ids is None:
        return _forest(call, await _nodes(call), unpublished)
    return await _holding(call, {id.strip() for id in query.category_ids.split(",")}, unpublished)


async def search_trees(call: Call, query: ShownQuery, body: TreeSearch) -> list[Document]:
    """The trees that hold one of the categories."""
    unpublished = unpublished_shown(call, query.show_unpublished)
    return await _holding(call, set(body.category_ids), unpublished)


async def _holding(call: Call, ids: Collection[str], unpublished: bool) -> list[Document]:
    upper, lower = closure.alias("upper"), closure.alias("lower")
    # The whole trees of the categories; those in which the categories are hidden go afterwards.
    related = (
        select(lower.c.category_id)
        .join(upper, (upper.c.tenant == lower.c.tenant) & (upper.c.ancestor_id == lower.c.ancestor_id))
        .where(lower.c.tenant == call.tenant.name, upper.c.category_id.in_(sorted(ids)))
    )
    trees = _forest(call, await _nodes(call, category.c.id.in_(related)), unpublished)
    return [tree for tree in trees if rules.holds(tree, ids)]


async def get_tree(call: Call, category_id: str, query: ShownQuery) -> Document:
    """The tree of a root; any other category has none, and an unpublished root hides its tree."""
    unpublished = unpublished_shown(call, query.show_unpublished)
    nodes = await _nodes(call, category.c.id.in_(hierarchy.below(call, category_id)))
    for tree in _forest(call, nodes, unpublished):
        if tree["id"] == category_id:
            return tree
    detail = f"Category tree for category with id '{category_id}' not found"
    raise missing(category_id, "Error while getting category tree", detail)


async def _nodes(call: Call, *conditions: ColumnElement[bool]) -> list[Node]:
    statement = select(category).where(category.c.tenant == call.tenant.name, *conditions)
    return [_node(row) for row in await call.db.all(statement)]


def _node(row: Row[Any]) -> Node:
    document: Mapping[str, Any] = row.doc
    return Node(
        id=row.id,
        parent_id=row.parent_id,
        code=row.code,
        name=row.name,
        description=document.get("localizedDescription"),
        slug=document.get("localizedSlug"),
        ecn=tuple(document.get("ecn", ())),
        validity=document.get("validity"),
        position=row.position,
        published=row.published,
    )


def _forest(call: Call, nodes: Iterable[Node], unpublished: bool) -> list[Document]:
    return rules.forest(
        nodes, call.tenant.languages, lambda node: _tree_node(call, node), unpublished=unpublished
    )


def _tree_node(call: Call, node: Node) -> Document:
    fields = {
        "id": node.id,
        "code": node.code,
        "localizedName": node.name,
        "localizedDescription": node.description,
        "localizedSlug": node.slug,
        "ecn": list(node.ecn) or None,
        "validity": node.validity,
        "position": node.position,
        "published": node.published,
    }
    return localized(call, {name: value for name, value in fields.items() if value is not None})


async def nodes_with_ancestors(call: Call, ids: Collection[str]) -> list[Node]:
    """Those of the categories that are published up to their root, with their ancestors."""
    if not ids:
        return []
    paths = select(closure.c.ancestor_id).where(
        closure.c.tenant == call.tenant.name, closure.c.category_id.in_(sorted(ids))
    )
    known = {node.id: node for node in await _nodes(call, category.c.id.in_(paths))}
    return rules.published_with_ancestors(known, ids)
