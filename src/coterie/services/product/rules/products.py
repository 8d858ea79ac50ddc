"""What a product may hold, who may publish it, and how it is named across services. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from coterie.kit.errors import Problem

BASIC, BUNDLE, PARENT, VARIANT, DYNAMIC = "BASIC", "BUNDLE", "PARENT_VARIANT", "VARIANT", "DYNAMIC_VARIANT"
TYPES = (BASIC, BUNDLE, PARENT, VARIANT, DYNAMIC)
MANAGE = "product.product_manage"
PUBLISH = "product.product_publish"
UNPUBLISH = "product.product_unpublish"

ID_LENGTH = 32
SEPARATOR = "--"
"""Stands between the parent's id and its own part in the id of a variant."""
VARIANT_ID_LENGTH = 2 * ID_LENGTH + len(SEPARATOR)
CODE_LENGTH = 256
"""The longest code: it is indexed, and PostgreSQL refuses index entries of more than 2,700 bytes."""

# What only products of some types have.
_OWN_FIELDS = {
    "template": (BASIC, BUNDLE, PARENT, VARIANT),
    "bundledProducts": (BUNDLE,),
    "variantAttributes": (PARENT,),
    "parentVariantId": (VARIANT, DYNAMIC),
    "dynamicVariantType": (DYNAMIC,),
    "sellable": (DYNAMIC,),
    "ownVariantAttributes": (DYNAMIC,),
}
_YRN = re.compile(r"urn:yaas:(?:hybris:product|saasag:caasproduct):product:([^;]+);(.+)", re.DOTALL)


def belonging(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without what products of other types have."""
    type_ = document["productType"]
    return {name: value for name, value in document.items() if type_ in _OWN_FIELDS.get(name, (type_,))}


def product_problems(document: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[Problem]:
    """What is wrong with a product beside the one that it replaces."""
    problems = []
    type_ = document["productType"]
    if before is not None and type_ != before["productType"]:
        text = f"can't be changed from {before['productType']}; create another product instead"
        problems.append(Problem.violation("productType", text))
    elif type_ not in TYPES:
        text = f"{type_[:80]!r} is no type of products; use {', '.join(TYPES)}"
        problems.append(Problem.violation("productType", text))
    if not document["code"].strip():
        problems.append(Problem.violation("code", "must not be empty"))
    elif len(document["code"]) > CODE_LENGTH:
        problems.append(Problem.violation("code", f"must not be longer than {CODE_LENGTH} characters"))
    if not document["name"]:
        problems.append(Problem.violation("name", "must hold a text in at least one language"))
    vendor = document.get("vendor")
    if vendor is not None and document.get("vendorId", vendor["id"]) != vendor["id"]:
        problems.append(Problem.violation("vendorId", "is another vendor than vendor.id; send one of them"))
    if type_ == BUNDLE:
        problems += _bundle_problems(document.get("bundledProducts"))
    if type_ == DYNAMIC:
        problems += _attribute_problems(document.get("ownVariantAttributes", {}))
    return problems


def _bundle_problems(members: list[dict[str, Any]] | None) -> list[Problem]:
    if not members:
        return [Problem.violation("bundledProducts", "must name at least one product")]
    problems, seen = [], set()
    for at, member in enumerate(members):
        place = f"bundledProducts[{at}]"
        if member["amount"] < 1:
            problems.append(Problem.violation(f"{place}.amount", "must be a positive number"))
        if member["productId"] in seen:
            text = f"{member['productId'][:80]!r} is in the bundle already; add to its amount instead"
            problems.append(Problem.violation(f"{place}.productId", text))
        seen.add(member["productId"])
    return problems


_QUALIFIERS: dict[str, tuple[type, ...]] = {
    "STRING": (str,),
    "NUMBER": (int, float),
    "DECIMAL": (int, float),
    "BOOLEAN": (bool,),
}


def _attribute_problems(attributes: Mapping[str, Any]) -> list[Problem]:
    """A qualifier is of the JSON type that its `type` names."""
    problems = []
    for key, attribute in attributes.items():
        value = attribute["value"]
        wanted, given = _QUALIFIERS[value["type"]], value["qualifier"]
        if not isinstance(given, wanted) or (isinstance(given, bool) and bool not in wanted):
            text = f"must be a {value['type'].lower()}, as its type says"
            problems.append(Problem.violation(f"ownVariantAttributes.{key}.value.qualifier", text))
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


def new_members(document: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, str]:
    """The bundled products that were not in the bundle before, each with its place in the document."""
    known = {item["productId"] for item in (before or {}).get("bundledProducts", ())}
    items = enumerate(document.get("bundledProducts", ()))
    return {
        item["productId"]: f"bundledProducts[{at}].productId"
        for at, item in items
        if item["productId"] not in known
    }


def relation_problems(
    document: Mapping[str, Any], before: Mapping[str, Any] | None, types: frozenset[str] | None
) -> list[Problem]:
    """Relations of a type that the configuration `relation_types` does not list; None where there is no list."""
    if types is None:
        return []
    known = {item["type"] for item in (before or {}).get("relatedItems", ())} | types
    return [
        Problem.violation(
            f"relatedItems[{at}].type",
            f"{item['type'][:80]!r} is no relation type; use {', '.join(sorted(types)) or 'none'}, "
            "or add it to the configuration relation_types",
        )
        for at, item in enumerate(document.get("relatedItems", ()))
        if item["type"] not in known
    ]


def relation_types(value: object) -> frozenset[str] | None:
    """The types in the configuration `relation_types`: a list of names, or of objects with a name in `type`, `code`,
    `key` or `id`; None where nothing can be read as such."""
    if not isinstance(value, list):
        return None
    found = set()
    for each in value:
        if isinstance(each, dict):
            each = next((each[name] for name in ("type", "code", "key", "id") if name in each), None)
        if isinstance(each, str):
            found.add(each)
    return frozenset(found)


def vendor_of(document: Mapping[str, Any]) -> str | None:
    """The vendor whose product it is."""
    vendor: str | None = document.get("vendorId") or (document.get("vendor") or {}).get("id")
    return vendor


def circle(bundle_id: str, members: Iterable[str], inside: Mapping[str, Iterable[str]]) -> str | None:
    """The member through which a bundle would contain itself. inside: the members of the bundles that are known."""
    for member in members:
        seen, waiting = set(), [member]
        while waiting:
            each = waiting.pop()
            if each == bundle_id:
                return member
            if each not in seen:
                seen.add(each)
                waiting += inside.get(each, ())
    return None


def yrn(tenant: str, product_id: str) -> str:
    """The name of a product across services (CONTRACT §2.9)."""
    return f"urn:yaas:hybris:product:product:{tenant};{product_id}"


def parse_yrn(text: str) -> tuple[str, str] | None:
    """Tenant and id of a product's yrn, in the current or the legacy form; None when it is neither."""
    match = _YRN.fullmatch(text)
    return None if match is None else (match[1], match[2])
