"""References from mixins to entities: where they are, and which of them an `expand` names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coterie.services.schema.rules.documents import REFERENCE_ID, REFERENCE_TYPE

STATUS = "expandStatus"
ALL = "*"


@dataclass(frozen=True)
class Link:
    """A reference: where it is in the mixins, to what it leads, and the object that holds it."""

    path: tuple[str, ...]
    type: str
    id: str
    holder: dict[str, Any]


def links(value: Any, path: tuple[str, ...] = ()) -> Iterator[Link]:
    """The references in mixins: objects with a type of entities and an id."""
    if isinstance(value, dict):
        type_, id = value.get(REFERENCE_TYPE), value.get(REFERENCE_ID)
        if isinstance(type_, str) and isinstance(id, str):
            yield Link(path, type_, id, value)
            return
        for name, inner in value.items():
            yield from links(inner, (*path, name))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from links(inner, (*path, str(at)))


def is_named(link: Link, patterns: Sequence[Sequence[str]]) -> bool:
    """Whether an `expand` names a reference: by its path, by that of its array, or with `*` for what is below."""
    places = [link.path, link.path[:-1]] if link.path[-1:] and link.path[-1].isdecimal() else [link.path]
    return any(_fits(pattern, place) for pattern in patterns for place in places)


def _fits(pattern: Sequence[str], place: Sequence[str]) -> bool:
    if pattern[-1:] == [ALL] and len(place) >= len(pattern):
        place = place[: len(pattern)]
    return len(pattern) == len(place) and all(
        one in (ALL, other) for one, other in zip(pattern, place, strict=True)
    )


def patterns(expand: str | None) -> list[list[str]]:
    """The paths of an `expand`."""
    return [part.strip().split(".") for part in (expand or "").split(",") if part.strip()]


def expanded(link: Link, found: dict[str, Any] | None, reason: str) -> None:
    """Put an entity into the reference to it, or say why that can't be."""
    if found is not None:
        fields = {name: value for name, value in found.items() if name not in (REFERENCE_TYPE, REFERENCE_ID)}
        link.holder.update(fields, **{STATUS: "SUCCESS"})
        return
    error: dict[str, Any] = {"message": reason}
    if reason == NOT_FOUND:
        error["details"] = [f"Entity with id: '{link.id}' was not found for type: '{link.type}'"]
    link.holder.update({STATUS: "FAILURE", "error": error})


NOT_FOUND = "Entity not found"


def collapsed(mixins: Any) -> None:
    """Take out of references what an earlier answer put into them, so that it is not stored."""
    for link in links(mixins):
        if STATUS in link.holder:
            link.holder.clear()
            link.holder.update({REFERENCE_TYPE: link.type, REFERENCE_ID: link.id})
