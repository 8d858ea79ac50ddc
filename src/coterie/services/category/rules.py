"""What a category may be, and how categories become trees. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from coterie.kit.errors import Problem
from coterie.kit.language import Accept, Languages, choose

ROOT = "root"
"""The `parentId` of a category that has none, and therefore no category's id."""

PRODUCT = "PRODUCT"
STANDARD, CLASSIFICATION = "STANDARD", "CLASSIFICATION"
SHADOWED = "categoryTree"
"""The id that GET takes for the deprecated tree."""
MAX_LEVELS = 100
"""How deep a tree may be: what is nested in an answer must stay readable for every client."""

LOCALIZED = ("localizedName", "localizedDescription", "localizedSlug")
# What a PUT that does not name it leaves as it is: the reference's PUT has no such fields.
LASTING = ("type", "ownClassificationMixins")

_MIXIN_NAME = re.compile(r"[a-zA-Z0-9_]\S*")
_SCHEMA_URL = re.compile(r"https?://[^\s/$.?#].\S*")

Document = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """A category as a part of trees. `name`, `description` and `slug` map languages to texts."""

    id: str
    parent_id: str | None
    code: str | None
    type: str
    name: Mapping[str, str]
    description: Mapping[str, str] | None
    slug: Mapping[str, str] | None
    ecn: tuple[str, ...]
    validity: Mapping[str, str] | None
    position: int
    published: bool


def category_problems(document: Document, before: Document | None) -> list[Problem]:
    """What is wrong with a category, whatever else is stored."""
    problems = list(_type_problems(document, before))
    if not document["localizedName"]:
        problems.append(Problem.violation("localizedName", "needs a name in at least one language"))
    if document["position"] < 0:
        problems.append(Problem.violation("position", "is negative; the first position is 0"))
    validity = document.get("validity") or {}
    if "from" in validity and "to" in validity and validity["from"] > validity["to"]:
        problems.append(Problem.violation("validity", "ends before it starts"))
    return problems


def _type_problems(document: Document, before: Document | None) -> Iterator[Problem]:
    """What is wrong with a category's type and with what only a CLASSIFICATION category has (CONTRACT §3.3)."""
    type_, own = document["type"], document.get("ownClassificationMixins", ())
    if type_ not in (STANDARD, CLASSIFICATION):
        yield Problem.violation("type", f"{type_[:40]!r} is no type; use {STANDARD} or {CLASSIFICATION}")
    elif before is not None and type_ != before["type"]:
        yield Problem.violation("type", f"is {before['type']} and can't be changed; create another category")
    elif type_ == STANDARD and own:
        text = f"belong to the type {CLASSIFICATION}; use mixins, or create a category of that type"
        yield Problem.violation("ownClassificationMixins", text)
    elif type_ == CLASSIFICATION and not document.get("code", "").strip():
        yield Problem.violation(
            "code", f"is required of the type {CLASSIFICATION}: its mixins are named by it"
        )
    names: set[str] = set()
    for at, each in enumerate(own):
        place = f"ownClassificationMixins[{at}]"
        if not _MIXIN_NAME.fullmatch(each["name"]):
            text = (
                f"{each['name'][:80]!r} is not a mixin's name; start with a letter or digit, without spaces"
            )
            yield Problem.violation(f"{place}.name", text)
        if each["name"] in names:
            yield Problem.violation(
                f"{place}.name", f"{each['name'][:80]!r} is there already; use another name"
            )
        if not _SCHEMA_URL.fullmatch(each["schemaUrl"]):
            text = f"{each['schemaUrl'][:80]!r} is not a URL such as https://example.com/schema.json"
            yield Problem.violation(f"{place}.schemaUrl", text)
        names.add(each["name"])


def adapted(document: Document) -> Document:
    """A request's document as it is stored: a root has no parent, and a type is in upper case."""
    kept = dict(document)
    if kept.get("parentId") == ROOT:
        del kept["parentId"]
    if isinstance(kept.get("type"), str):
        kept["type"] = kept["type"].upper()
    return kept


def lasting(body: Document, before: Document) -> Document:
    """What the body of a PUT leaves as it is."""
    return {name: before[name] for name in LASTING if name in before and name not in body}


def classifies_differently(document: Document, before: Document | None) -> bool:
    """Whether the products of a category, or of those below it, have to hold something else than before."""
    if document["type"] != CLASSIFICATION:
        return False
    named = ("code", "parentId", "ownClassificationMixins")
    return before is None or any(document.get(name) != before.get(name) for name in named)


def classification_mixins(id: str, code: str, own: Iterable[Document]) -> list[Document]:
    """The mixins that a category defines, as its products and the categories below it have them.

    A product holds each at `class_{code}_{name}`.
    """
    return [
        {
            "name": each["name"],
            "mixinPath": f"class_{code}_{each['name']}",
            "schemaUrl": each["schemaUrl"],
            "required": each.get("required", False),
            "sourceCategoryId": id,
        }
        for each in own
    ]


def publish_problems(publish: bool | None, published: bool | None) -> list[Problem]:
    """`publish` of the query must say what `published` of the body says; without it, it says false."""
    if published is None or bool(publish) == published:
        return []
    text = f"is {str(bool(publish)).lower()}, but `published` in the body is {str(published).lower()}"
    return [Problem.violation("publish", f"{text}; send publish={str(published).lower()} with it")]


@dataclass(frozen=True)
class Place:
    """Where a category is to lie: its parent's ancestors and itself with their distance from it, and its type.

    There is no such parent without `levels`.
    """

    levels: Mapping[str, int]
    type: str = STANDARD


def parent_problems(id: str, type: str, parent_id: str, place: Place, height: int) -> list[Problem]:
    """Why a category can't lie in this parent. `height`: how many levels lie below the category."""
    if not place.levels:
        text = f"there is no category {parent_id!r}; create it first, or use {ROOT!r}"
    elif id in place.levels:
        text = f"{parent_id!r} is the category itself or lies below it; use another parent"
    elif place.type != type:
        text = f"{parent_id!r} is of the type {place.type}, and the category of the type {type}; both must be of one"
    elif len(place.levels) + 1 + height > MAX_LEVELS:
        text = f"the tree would have more than {MAX_LEVELS} levels"
    else:
        return []
    return [Problem.violation("parentId", text)]


def paths(parents: Mapping[str, str | None]) -> set[tuple[str, str, int]]:
    """The closure as it follows from the parents: each category with each ancestor and its distance, itself at 0.

    An ancestor that is not among the categories ends its path.
    """
    found = set()
    for id in parents:
        above: str | None = id
        depth = 0
        while above is not None and above in parents:
            found.add((id, above, depth))
            above, depth = parents[above], depth + 1
    return found


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


def deprecated(tree: Document) -> Document:
    """A tree in the shape of the deprecated operation: plain texts, and each node but the root names its parent."""
    names = ("id", "name", "code", "description", "position", "published", "ecn")

    def node(document: Document, parent_id: str | None) -> Document:
        kept = {name: document[name] for name in names if name in document}
        if parent_id is not None:
            kept["parentId"] = parent_id
        kept["subcategories"] = [node(each, document["id"]) for each in document["subcategories"]]
        return kept

    return node(tree, None)


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
