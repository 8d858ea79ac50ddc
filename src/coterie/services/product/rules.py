"""What a product may hold, who may publish it, and how it is named across services. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from coterie.kit.errors import Problem

Document = dict[str, Any]

BASIC = "BASIC"
PUBLISH = "product.product_publish"
UNPUBLISH = "product.product_unpublish"

ID_LENGTH = 32
CODE_LENGTH = 256
"""The longest code: it is indexed, and PostgreSQL refuses index entries of more than 2,700 bytes."""

_YRN = re.compile(r"urn:yaas:(?:hybris:product|saasag:caasproduct):product:([^;]+);(.+)", re.DOTALL)


def product_problems(document: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[Problem]:
    """What is wrong with a product beside the one that it replaces."""
    problems = []
    type_ = document["productType"]
    if before is not None and type_ != before["productType"]:
        text = f"can't be changed from {before['productType']}; create another product instead"
        problems.append(Problem.violation("productType", text))
    elif type_ != BASIC:
        text = f"{type_[:80]!r} is not supported; only products of the type {BASIC} are"
        problems.append(Problem.violation("productType", text))
    if not document["code"].strip():
        problems.append(Problem.violation("code", "must not be empty"))
    elif len(document["code"]) > CODE_LENGTH:
        problems.append(Problem.violation("code", f"must not be longer than {CODE_LENGTH} characters"))
    if not document["name"]:
        problems.append(Problem.violation("name", "must hold a text in at least one language"))
    return problems


def scope_needed(published: bool, before: Mapping[str, Any] | None) -> str | None:
    """The scope, besides the one to manage products, that a change of `published` takes (CONTRACT §3.5)."""
    was = before is not None and before["published"]
    if published == was:
        return None
    return PUBLISH if published else UNPUBLISH


def new_relations(document: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, str]:
    """The related products that were not related before, each with its place in the document."""
    known = {item["refId"] for item in (before or {}).get("relatedItems", ())}
    items = enumerate(document.get("relatedItems", ()))
    return {item["refId"]: f"relatedItems[{at}].refId" for at, item in items if item["refId"] not in known}


def yrn(tenant: str, product_id: str) -> str:
    """The name of a product across services (CONTRACT §2.9)."""
    return f"urn:yaas:hybris:product:product:{tenant};{product_id}"


def parse_yrn(text: str) -> tuple[str, str] | None:
    """Tenant and id of a product's yrn, in the current or the legacy form; None when it is neither."""
    match = _YRN.fullmatch(text)
    return None if match is None else (match[1], match[2])


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
