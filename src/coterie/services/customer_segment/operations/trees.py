"""The category tree of a customer's segments, put together from what is kept in memory of segments and categories.

The database says for every request which segments count, and by their stamps and the stamp of the tenant's
categories whether what is kept still holds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import select

from coterie.database.session import Hot
from coterie.kit.call import Call, Reply
from coterie.kit.language import filter_map
from coterie.kit.wire import encode
from coterie.memory import MEMORY
from coterie.query.json_text import in_texts
from coterie.services.category import facade as categories
from coterie.services.category.facade import Node
from coterie.services.customer_segment import rules
from coterie.services.customer_segment.operations import hot
from coterie.services.customer_segment.operations.audience import subtree
from coterie.services.customer_segment.schemas import TreesQuery
from coterie.services.customer_segment.tables import item, tree

_closure = categories.closure.subquery("closure")
# A category, its id, and a stamped segment in a key take about so many bytes of memory beside their text.
_NODE, _ID, _KEY = 1200, 120, 300
Texts = Callable[[Any], Any]


@dataclass(frozen=True)
class _Covered:
    """The categories that a segment covers, while these stamps stand. `deep`: with their descendants."""

    stamp: str
    tree_stamp: str | None
    deep: bool
    ids: frozenset[str]


@dataclass(frozen=True)
class _Nodes:
    """Categories of a tenant, while the stamp stands: None for one that no storefront shows."""

    stamp: str | None
    by_id: dict[str, Node | None] = field(default_factory=dict)
    heads: dict[str, bytes] = field(default_factory=dict)


async def category_trees(call: Call, query: TreesQuery) -> Reply:
    """The categories of the caller's active segments, with their unassigned ancestors as labels."""
    who = hot.Asking.caller(call, query.legal_entity_id)
    accept = call.accept
    mine = await hot.stamped(call, who, query.site_code)
    # Customers in the same segments get the same tree.
    key = ("trees", call.tenant.name, subtree(call), *mine)
    if accept.absent and (kept := MEMORY.get(key)) is not None:
        return Reply(value=kept)
    covered = await covered_categories(call, mine)
    stamp = mine[0][2] if mine else None
    nodes = await _nodes(call, covered, stamp)
    if accept.absent:
        whole = _tree(nodes.by_id, covered, nodes.heads.__getitem__)
        if nodes.stamp == stamp:
            MEMORY.keep(key, whole, _KEY * (1 + len(mine)) + len(whole), call.runtime.settings.segment_memory)
        return Reply(value=whole)

    def head(id: str) -> bytes:
        node = nodes.by_id[id]
        assert node is not None
        return _head(node, lambda texts: filter_map(texts, accept))

    return Reply(value=_tree(nodes.by_id, covered, head))


async def covered_categories(call: Call, mine: Sequence[hot.Stamped]) -> set[str]:
    """The categories that these segments cover: the assigned ones and, in the scope `subtree`, those below."""
    deep, here = subtree(call), call.tenant.name
    covered: set[str] = set()
    missing = {}
    for id, stamp, tree_stamp in mine:
        if stamp is None:
            continue
        kept: _Covered | None = MEMORY.get(("covered", here, id))
        if kept is not None and kept.stamp == stamp and kept.tree_stamp == tree_stamp and kept.deep == deep:
            covered |= kept.ids
        else:
            missing[id] = (stamp, tree_stamp)
    if missing:
        found: dict[str, set[str]] = {id: set() for id in missing}
        for segment_id, category_id in await call.db.hot(
            _categories_of(deep), tenant=here, ids=encode(list(missing)).decode(), type=rules.CATEGORY
        ):
            found[segment_id].add(category_id)
        for id, ids in found.items():
            covered |= ids
            known = _Covered(*missing[id], deep, frozenset(ids))
            MEMORY.keep(
                ("covered", here, id), known, 300 + _ID * len(ids), call.runtime.settings.segment_memory
            )
    return covered


async def _nodes(call: Call, ids: Collection[str], stamp: str | None) -> _Nodes:
    """The nodes of these categories and of their ancestors, loaded where they are not in memory."""
    key = ("tree", call.tenant.name)
    kept: _Nodes | None = MEMORY.get(key)
    if kept is None or kept.stamp != stamp:
        kept = _Nodes(stamp)
    if all(id in kept.by_id for id in ids):
        return kept
    # The stamp of the same snapshot as the nodes: they may have changed since the request began.
    now = await call.db.value(select(tree.c.stamp).where(tree.c.tenant == call.tenant.name))
    if now != kept.stamp:
        kept = _Nodes(now)
    missing = [id for id in ids if id not in kept.by_id]
    kept.by_id.update(dict.fromkeys(missing))
    for node in await categories.nodes_with_ancestors(call, missing):
        kept.by_id[node.id] = node
        kept.heads[node.id] = _head(node, lambda texts: texts)
    size = sum(map(len, kept.heads.values())) + _NODE * len(kept.by_id)
    MEMORY.keep(key, kept, size, call.runtime.settings.segment_memory)
    return kept


def _head(node: Node, texts: Texts) -> bytes:
    """A node's own fields as the beginning of its JSON object, without the closing brace."""
    fields: Mapping[str, Any] = {
        "id": node.id,
        "parentId": node.parent_id,
        "code": node.code,
        "name": texts(node.name),
        "localizedDescription": node.description and texts(node.description),
        "localizedSlug": node.slug and texts(node.slug),
        "ecn": list(node.ecn) or None,
        "validity": node.validity,
        "position": node.position,
        "published": node.published,
    }
    return encode({name: value for name, value in fields.items() if value is not None})[:-1]


def _tree(nodes: Mapping[str, Node | None], covered: Collection[str], head: Callable[[str], bytes]) -> bytes:
    """The covered categories and their ancestors as nested JSON, each level in order of position."""
    children: dict[str | None, list[tuple[int, str]]] = {}
    seen: set[str] = set()
    for id in covered:
        above: str | None = id
        while above is not None and above not in seen:
            node = nodes.get(above)
            if node is None:
                break
            seen.add(above)
            children.setdefault(node.parent_id, []).append((node.position, above))
            above = node.parent_id

    def level(parent: str | None) -> bytes:
        return b",".join([document(id) for _, id in sorted(children[parent])])

    def document(id: str) -> bytes:
        own = head(id) + (b',"isSegmentAssigned":true' if id in covered else b',"isSegmentAssigned":false')
        return own + (b',"subcategories":[' + level(id) + b"]}" if id in children else b"}")

    return b"[" + (level(None) if None in children else b"") + b"]"


@cache
def _categories_of(deep: bool) -> Hot:
    """Segment and category, for the segments in a JSON array of ids."""
    assigned = (
        item.c.tenant == hot.text("tenant"),
        item.c.type == hot.text("type"),
        in_texts(item.c.segment_id, hot.text("ids")),
    )
    if not deep:
        return Hot(select(item.c.segment_id, item.c.item_id).where(*assigned))
    below = (_closure.c.tenant == item.c.tenant) & (_closure.c.ancestor_id == item.c.item_id)
    return Hot(select(item.c.segment_id, _closure.c.category_id).join(_closure, below).where(*assigned))
