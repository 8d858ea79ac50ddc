"""Category trees, each read by one statement, built in memory, and kept there as the text that is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, select

from coterie.kit.call import Call, Reply
from coterie.kit.store import Document, among
from coterie.kit.wire import encode
from coterie.memory import MEMORY
from coterie.services.category import events, rules
from coterie.services.category.operations import classification, hierarchy, stamps
from coterie.services.category.operations.categories import missing
from coterie.services.category.operations.lookup import localized, unpublished_shown
from coterie.services.category.rules import Node
from coterie.services.category.schemas import ShownQuery, TreeSearch, TreesQuery
from coterie.services.category.tables import category, closure

# What a kept tree's key takes of memory beside its text.
_KEY = 500


async def list_trees(call: Call, query: TreesQuery) -> Reply:
    """All trees, or those that hold one of the categories."""
    unpublished = unpublished_shown(call, query.show_unpublished)
    if query.category_ids is None:
        return await _kept(call, "all", unpublished, lambda: _forest_of(call, unpublished))
    return await _holding(call, {id.strip() for id in query.category_ids.split(",")}, unpublished)


async def search_trees(call: Call, query: ShownQuery, body: TreeSearch) -> Reply:
    """The trees that hold one of the categories."""
    unpublished = unpublished_shown(call, query.show_unpublished)
    return await _holding(call, set(body.category_ids), unpublished)


async def _holding(call: Call, ids: Collection[str], unpublished: bool) -> Reply:
    async def trees() -> list[Document]:
        upper, lower = closure.alias("upper"), closure.alias("lower")
        # The whole trees of the categories; those in which the categories are hidden go afterwards.
        related = (
            select(lower.c.category_id)
            .join(upper, (upper.c.tenant == lower.c.tenant) & (upper.c.ancestor_id == lower.c.ancestor_id))
            .where(lower.c.tenant == call.tenant.name, upper.c.category_id.in_(sorted(ids)))
        )
        found = await _forest_of(call, unpublished, category.c.id.in_(related))
        return [tree for tree in found if rules.holds(tree, ids)]

    return await _kept(call, frozenset(ids), unpublished, trees)


async def get_tree(call: Call, category_id: str, query: ShownQuery) -> Reply:
    """The tree of a root; any other category has none, and an unpublished root hides its tree."""
    unpublished = unpublished_shown(call, query.show_unpublished)
    return await _kept(call, category_id, unpublished, lambda: _tree_of(call, category_id, unpublished))


async def _tree_of(call: Call, root_id: str, unpublished: bool) -> Document:
    for tree in await _forest_of(call, unpublished, category.c.id.in_(hierarchy.below(call, root_id))):
        if tree["id"] == root_id:
            return tree
    detail = f"Category tree for category with id '{root_id}' not found"
    raise missing(root_id, "Error while getting category tree", detail)


async def trees_of(call: Call, root_ids: Collection[str]) -> Reply:
    """The published trees of these roots."""
    if not root_ids:
        return Reply(value=[])
    below = select(closure.c.category_id).where(
        closure.c.tenant == call.tenant.name,
        among(call.db, [closure.c.ancestor_id], [(id,) for id in root_ids]),
    )
    return await _kept(
        call,
        ("roots", frozenset(root_ids)),
        False,
        lambda: _forest_of(call, False, category.c.id.in_(below)),
    )


async def rebuild_tree(call: Call, root_category_id: str, query: ShownQuery) -> Document:
    """Make the hierarchy of a root follow from the parents of its categories again; its tree, as it is now."""
    unpublished = unpublished_shown(call, query.show_unpublished)
    await hierarchy.lock(call)
    if await hierarchy.rebuild(call, root_category_id):
        payload = {"id": root_category_id, "tenant": call.tenant.name}
        call.emit(
            events.REBUILT, events.subject(root_category_id), payload, internal=True, id=root_category_id
        )
        await classification.tell(call, [root_category_id])
    return await _tree_of(call, root_category_id, unpublished)


async def get_deprecated_tree(call: Call) -> Document:
    """The published tree of the first root, in the shape that the deprecated operation has; 404 without one."""
    trees = await _forest_of(call, False)
    if not trees:
        raise missing(
            "categoryTree", "Error while getting category tree", "There is no published root category"
        )
    return rules.deprecated(trees[0])


async def _kept(
    call: Call, what: Hashable, unpublished: bool, made: Callable[[], Awaitable[Document | list[Document]]]
) -> Reply:
    """What `made` gives, as JSON that is kept as long as the stamp of the tenant's categories stands."""
    key = ("category-trees", call.tenant.name, what, unpublished, call.accept, call.tenant.languages)
    kept = MEMORY.get(key)
    if kept is not None and kept[0] == await stamps.now(call):
        return Reply(value=kept[1])
    stamp = await stamps.of_snapshot(call)
    text = encode(await made())
    if stamp is not None:
        MEMORY.keep(key, (stamp, text), _KEY + len(text), call.runtime.settings.segment_memory)
    return Reply(value=text)


async def _forest_of(call: Call, unpublished: bool, *conditions: ColumnElement[bool]) -> list[Document]:
    nodes = await _nodes(call, *conditions)
    return rules.forest(
        nodes, call.tenant.languages, lambda node: _tree_node(call, node), unpublished=unpublished
    )


async def _nodes(call: Call, *conditions: ColumnElement[bool]) -> list[Node]:
    statement = select(category).where(category.c.tenant == call.tenant.name, *conditions)
    return [_node(row) for row in await call.db.all(statement)]


def _node(row: Row[Any]) -> Node:
    document: Mapping[str, Any] = row.doc
    return Node(
        id=row.id,
        parent_id=row.parent_id,
        code=row.code,
        type=row.type,
        name=row.name,
        description=document.get("localizedDescription"),
        slug=document.get("localizedSlug"),
        ecn=tuple(document.get("ecn", ())),
        validity=document.get("validity"),
        position=row.position,
        published=row.published,
    )


def _tree_node(call: Call, node: Node) -> Document:
    fields = {
        "id": node.id,
        "type": node.type,
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
