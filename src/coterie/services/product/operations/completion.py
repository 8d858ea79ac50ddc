"""Completing a product that a request asks for: type, vendor, what it inherits, and its template's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coterie.kit.errors import CoterieError, Invalid, NotFound, Problem
from coterie.kit.store import Change, Document
from coterie.services.product.operations.surroundings import Surroundings, parent_named
from coterie.services.product.operations.templates import Choice
from coterie.services.product.rules import products as rules
from coterie.services.product.rules import templates, trees, variants


def completed(change: Change, around: Surroundings, vendor: str | None) -> Change | CoterieError:
    """The change with the whole document that is to be stored, or the error that refuses it.

    vendor: the one whose products alone the caller may write; a product without a vendor becomes his.
    """
    assert change.key is not None
    id = change.key[-1]
    before = around.products.get(id)
    if before is None and change.how == "replace":
        return NotFound("product", id)
    document = _defaults(change.document, before)
    if before is not None and before["productType"] != document["productType"]:
        return change._replace(document=document)  # a rule refuses it
    problems: list[Problem] = []
    if document["productType"] == rules.VARIANT:
        document, problems = _variant(change, document, around)
    else:
        if before is None and len(id) > rules.ID_LENGTH:
            problems = [Problem.violation("id", f"must not be longer than {rules.ID_LENGTH} characters")]
        if vendor is not None and rules.vendor_of(document) is None:
            document["vendorId"] = vendor
        if document["productType"] == rules.DYNAMIC:
            document = _dynamic(document, before, around)
    if problems:
        return Invalid(problems=problems)
    if "vendor" not in document and document.get("vendorId"):
        document["vendor"] = {"id": document["vendorId"]}
    if "vendor" in document:
        document.setdefault("vendorId", document["vendor"]["id"])
    return change._replace(document=_plain(document))


def _defaults(given: Document, before: Mapping[str, Any] | None) -> Document:
    document = {
        **given,
        "productType": given.get("productType") or (before or {}).get("productType", rules.BASIC),
    }
    document.setdefault("published", False)
    overridden = document.pop("overridden", None)
    document = rules.belonging(document)
    if overridden and document["productType"] == rules.VARIANT:
        metadata = document.get("metadata", {})
        document["metadata"] = {**metadata, "overridden": list(dict.fromkeys(overridden))}
    return document


def _variant(change: Change, document: Document, around: Surroundings) -> tuple[Document, list[Problem]]:
    assert change.key is not None
    id = change.key[-1]
    before = around.products.get(id)
    parent_id = before["parentVariantId"] if before is not None else parent_named(change)
    if parent_id is None:
        return document, [Problem.violation("parentVariantId", "is required of a variant")]
    if not id.startswith(f"{parent_id}{rules.SEPARATOR}"):
        text = f"the id of a variant starts with its parent's; use {parent_id}{rules.SEPARATOR}{id}"
        return document, [Problem.violation("id", text)]
    if len(id) > len(parent_id) + len(rules.SEPARATOR) + rules.ID_LENGTH:
        text = f"must not have more than {rules.ID_LENGTH} characters behind {rules.SEPARATOR}"
        return document, [Problem.violation("id", text)]
    parent = around.products.get(parent_id)
    if parent is None or parent["productType"] != rules.PARENT:
        what = "there is no product" if parent is None else f"{parent['productType']} is the type of"
        text = f"{what} {parent_id[:80]!r}; variants are of products of the type {rules.PARENT}"
        return document, [Problem.violation("parentVariantId", text)]
    problems = variants.overridden_problems(document.get("metadata", {}).get("overridden", []))
    if problems:
        return document, problems
    return variants.inherited({**document, "parentVariantId": parent_id}, parent), []


def _dynamic(document: Document, before: Mapping[str, Any] | None, around: Surroundings) -> Document:
    """A PUT that says nothing of a parent keeps it; an empty text makes the product a root."""
    if "parentVariantId" not in document and before is not None and "parentVariantId" in before:
        document["parentVariantId"] = before["parentVariantId"]
    if not document.get("parentVariantId"):
        document.pop("parentVariantId", None)
    parent = around.products.get(document.get("parentVariantId", ""))
    return trees.placed(document, parent)


def _plain(document: Document) -> Document:
    """Without the addresses of the schemas that the product's template makes: answers name them by themselves."""
    named = document.get("metadata", {}).get("mixins")
    if not named or "template" not in document:
        return document
    kept = {name: url for name, url in named.items() if name not in templates.MIXINS}
    metadata = {name: value for name, value in document["metadata"].items() if name != "mixins"}
    metadata |= {"mixins": kept} if kept else {}
    rest = {name: value for name, value in document.items() if name != "metadata"}
    return rest | ({"metadata": metadata} if metadata else {})


def with_template(change: Change, known: Mapping[Choice, Document]) -> Change:
    """The change with the defaults of its product's template."""
    chosen = change.document.get("template")
    if chosen is None or change.document["productType"] == rules.VARIANT:
        return change
    template = known.get((chosen["id"], chosen["version"]))
    if template is None:
        return change
    return change._replace(document=templates.with_defaults(change.document, template["attributes"]))
