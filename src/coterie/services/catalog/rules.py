"""What a catalog may say, and whether it is visible. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from coterie.kit.errors import Problem

Document = dict[str, Any]

CATEGORY, SITE = "CATEGORY", "SITE"
NAMED = {CATEGORY: "categoryIds", SITE: "publishedSites"}
"""What a catalog names, by its kind: the field."""

VISIBLE, NOT_VISIBLE = "visible", "not_visible"


def catalog_problems(document: Document, _before: Document | None) -> list[Problem]:
    """What is wrong with a catalog, whatever else is stored."""
    problems = []
    if not document["name"]:
        problems.append(Problem.violation("name", "needs a name in at least one language"))
    visibility = document["visibility"]
    if "from" in visibility and "to" in visibility and visibility["from"] > visibility["to"]:
        problems.append(Problem.violation("visibility", "ends before it starts"))
    return problems


def named(document: Mapping[str, Any] | None, kind: str) -> list[str]:
    """The ids of a kind that a catalog names, in its order."""
    return list((document or {}).get(NAMED[kind], ()))


def newly_named(document: Document, before: Document | None, kind: str) -> dict[str, str]:
    """The ids of a kind that a catalog did not name before, each with its place: only these have to be there."""
    known = set(named(before, kind))
    return {id: f"{NAMED[kind]}[{at}]" for at, id in enumerate(named(document, kind)) if id not in known}


def without(document: Document, kind: str, gone: Collection[str]) -> Document:
    """A catalog that names these no more."""
    return {**document, NAMED[kind]: [id for id in named(document, kind) if id not in gone]}


def status(visibility: Mapping[str, Any], at: str) -> str:
    """Whether a catalog is visible at an instant: from `from` on, before `to`; a missing bound is open."""
    open_ = visibility.get("from", at) <= at and ("to" not in visibility or at < visibility["to"])
    return VISIBLE if visibility.get("visible") and open_ else NOT_VISIBLE


def view(document: Document, at: str) -> Document:
    """A catalog as clients see it: with its status, and with `updatedAt` instead of `modifiedAt`."""
    metadata = dict(document["metadata"])
    metadata["updatedAt"] = metadata.pop("modifiedAt")
    visibility = {"visible": False, **document["visibility"]}
    return {**document, "visibility": visibility, "status": status(visibility, at), "metadata": metadata}


def last_instant(text: str) -> str:
    """The end of what `visibilityTo` names: of a day its last millisecond. Raises ValueError."""
    return f"{date.fromisoformat(text).isoformat()}T23:59:59.999Z" if len(text) == len("2026-01-31") else text
