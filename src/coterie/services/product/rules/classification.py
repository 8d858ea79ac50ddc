"""Pure decisions: the mixins that products hold because of their CLASSIFICATION categories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Document = dict[str, Any]


def due(lists: Iterable[Iterable[Document]]) -> list[Document]:
    """The classification mixins of several categories, each path once: they may inherit from the same one."""
    by_path: dict[str, Document] = {}
    for mixins in lists:
        for each in mixins:
            by_path.setdefault(each["mixinPath"], each)
    return list(by_path.values())


def used(mixin: Document, url: str | None) -> Document:
    """A classification mixin as a product's view tells it: with the schema that the product uses, if it does."""
    if url is None:
        return mixin
    return {**mixin, "usedSchemaUrl": url, "obsoleteSchemaUrlUsed": url != mixin["schemaUrl"]}


def to_check(document: Document, mixins: Iterable[Document]) -> tuple[Document, Document]:
    """What of a product its classification mixins are about, and the schemas' URLs.

    A mixin that the product holds without naming a schema is given the category's: `document` is changed.
    """
    held = document.get("mixins") or {}
    data: Document = {}
    urls: Document = {}
    for each in mixins:
        path = each["mixinPath"]
        if path in held:
            metadata = document["metadata"] = dict(document.get("metadata") or {})
            named = metadata["mixins"] = dict(metadata.get("mixins") or {})
            data[path], urls[path] = held[path], named.setdefault(path, each["schemaUrl"])
        elif each["required"]:
            data[path], urls[path] = {}, each["schemaUrl"]
    return data, urls
