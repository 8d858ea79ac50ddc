"""What a category may be, and how categories become trees. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from coterie.kit.errors import Problem
from coterie.kit.language import Accept, Languages, choose

ROOT = "root"
"""The `parentId` of a category that has none, and therefore no category's id."""

PRODUCT = "PRODUCT"
MAX_LEVELS = 100
"""How deep a tree may be: what is nested in an answer must stay readable for every client."""

LOCALIZED = ("localizedName", "localizedDescription", "localizedSlug")

Document = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """A category as a part of trees. `name`, `description` and `slug` map languages to texts."""

    id: str
    parent_id: str | None
    code: str | None
    name: Mapping[str, str]
    description: Mapping[str, str] | None
    slug: Mapping[str, str] | None
    ecn: tuple[str, ...]
    validity: Mapping[str, str] | None
    position: int
    published: bool


def category_problems(document: Document, _before: Document | None) -> list[Problem]:
    """What is wrong with a category, whatever else is stored."""
    problems = []
    if "type" in document:
        text = f"{document['type'][:40]!r} is not supported; use STANDARD, or leave it out"
        problems.append(Problem.violation("type", text))
    if "ownClassificationMixins" in document:
        text = "belong to the type CLASSIFICATION, which is not supported; use mixins"
        problems.append(Problem.violation("ownClassificationMixins", text))
    if not document["localizedName"]:
        problems.append(Problem.violation("localizedName", "needs a name in at least one language"))
    if document["position"] < 0:
        problems.append(Problem.violation("position", "is negative; the first position is 0"))
    validity = document.get("validity") or {}
    if "from" in validity and "to" in validity and validity["from"] > validity["to"]:
        problems.append(Problem.violation("validity", "ends before it starts"))
    return problems


def adapted(document: Document) -> Document:
    """A request's document as it is stored: a root has no parent, and STANDARD is the only type."""
    kept = dict(document)
    if kept.get("parentId") == ROOT:
        del kept["parentId"]
    if isinstance(kept.get("type"), str) and kept["type"].upper() == "STANDARD":
        del kept["type"]
    if not kept.get("ownClassificationMixins"):
        kept.pop("ownClassificationMixins", None)
    return kept


def publish_problems(publish: bool | None, published: bool | None) -> list[Problem]:
    """`publish` of the query must say what `published` of the body says; without it, it says false."""
    if published is None or bool(publish) == published:
        return []
    text = f"is {str(bool(publish)).lower()}, but `published` in the body is {str(published).lower()}"
    return [Problem.violation("publish", f"{text}; send publish={str(published).lower()} with it")]


def parent_problems(id: str, parent_id: str, levels: Mapping[str, int], height: int) -> list[Problem]:
    """Why a category can't lie in this parent.

    levels: the parent's ancestors and itself with their distance from it; none when there is no such category.
    height: how many levels lie below the category.
    """
    if not levels:
        text = f"there is no category {parent_id!r}; create it first, or use {ROOT!r}"
    elif id in levels:
        text = f"{parent_id!r} is the category itself or lies below it; use another parent"
    elif len(levels) + 1 + height > MAX_LEVELS:
        text = f"the tree would have more than {MAX_LEVELS} levels"
    else:
        return []
    return [Problem.violation("parentId", text)]


def is_product(type: str | None) -> bool:
    """Whether a reference's type, which may be left out, is the only one there is."""
    return type is None or type.upper() == PRODUCT


def default_text(texts: Mapping[str, str], languages: Languages) -> str:
    """The one text of a localised field for those that can't take a map: the default language's, else the first."""
    return texts[choose(Accept(), texts, languages.default) or ""] if texts else ""


def forest(
    nodes: Iterable[Node], languages: Languages, view: Callable[[Node], Document], *, unpublished: bool
) -> list[Document]:
    """The nodes as nested documents, siblings by position, then name, then id.

    Without `unpublished`, an unpublished category is left out with all that lies below it.
    """
    ordered = sorted(nodes, key=lambda node: (node.position, default_text(node.name, languages), node.id))
    children: dict[str | None, list[Node]] = {}
    for node in ordered:
        children.setdefault(node.parent_id, []).append(node)
    trees: list[Document] = []
    pending: list[tuple[str | None, list[Document]]] = [(None, trees)]
    while pending:
        parent_id, siblings = pending.pop()
        for node in children.get(parent_id, ()):
            if unpublished or node.published:
                document = {**view(node), "subcategories": []}
                siblings.append(document)
                pending.append((node.id, document["subcategories"]))
    return trees


def holds(tree: Document, ids: Collection[str]) -> bool:
    """Whether one of the categories is in the tree."""
    pending = [tree]
    while pending:
        node = pending.pop()
        if node["id"] in ids:
            return True
        pending += node["subcategories"]
    return False


def published_with_ancestors(nodes: Mapping[str, Node], ids: Iterable[str]) -> list[Node]:
    """Those of `ids` that are published up to their root, and their ancestors."""
    shown: dict[str, Node] = {}
    for id in ids:
        path = []
        above: str | None = id
        while above is not None and above in nodes and above not in shown:
            path.append(nodes[above])
            above = nodes[above].parent_id
        if all(node.published for node in path):
            shown |= {node.id: node for node in path}
    return list(shown.values())
