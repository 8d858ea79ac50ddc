"""Trees of dynamic variants: the place of a product in its tree, and what it inherits from above. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coterie.kit.errors import Problem

Document = dict[str, Any]

LEVELS = 4
"""How many levels a tree may have, its root included."""
# What follows from a product's ancestors.
_PLACED = ("parentVariantPath", "inheritedVariantAttributes")


def placed(document: Document, parent: Mapping[str, Any] | None) -> Document:
    """A product at its place: its path (direct parent first), what it inherits, and which ancestor is missing.

    parent: the document of its parent, None where it has none or that one is not there.
    """
    result = {name: value for name, value in document.items() if name not in _PLACED}
    metadata = {
        name: value for name, value in document.get("metadata", {}).items() if name != "dynamicVariantInfo"
    }
    parent_id = document.get("parentVariantId")
    path: list[str] = []
    missing = None
    if parent_id is not None and parent is None:
        path, missing = [parent_id], parent_id
    elif parent_id is not None and parent is not None:
        path = [parent_id, *parent.get("parentVariantPath", ())]
        missing = parent.get("metadata", {}).get("dynamicVariantInfo", {}).get("missingAncestorId")
        if above := accumulated(parent):
            result["inheritedVariantAttributes"] = above
    result["parentVariantPath"] = path
    if missing is not None:
        metadata["dynamicVariantInfo"] = {"missingAncestorId": missing}
    result.pop("metadata", None)
    return result | ({"metadata": metadata} if metadata else {})


def accumulated(document: Mapping[str, Any]) -> Document:
    """A product's attributes together with those of its ancestors; its own win."""
    return {**document.get("inheritedVariantAttributes", {}), **document.get("ownVariantAttributes", {})}


def place_problems(id: str, path: Sequence[str], below: int, inside: frozenset[str]) -> list[Problem]:
    """Whether a product may stand there. below: how many levels there are under it. inside: all products under it."""
    if id in path or inside & set(path):
        return [Problem.violation("parentVariantId", "lies below the product itself; choose another parent")]
    if len(path) + 1 + below > LEVELS:
        text = f"would make the tree deeper than {LEVELS} levels; choose a parent further up"
        return [Problem.violation("parentVariantId", text)]
    return []


def entry(document: Mapping[str, Any], version: int) -> Document:
    """A product as it stands in the `variants` of its root."""
    names = ("code", "name", "parentVariantId", "sellable", "published", "dynamicVariantType")
    found = {"version": version, **{name: document[name] for name in names if name in document}}
    return found | {"variantAttributes": accumulated(document)}
