"""Templates: what they may define, and whether a product keeps to its template. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from coterie.kit.errors import Problem
from coterie.services.product.rules import variants
from coterie.services.product.rules.products import PARENT, VARIANT

Document = dict[str, Any]

ATTRIBUTES = "productTemplateAttributes"
"""The mixin that holds the values of those template attributes that don't tell variants apart."""
_TYPES = ("TEXT", "NUMBER", "BOOLEAN", "DATETIME")
_KEY = re.compile(r"[A-Za-z0-9]{1,64}")
MOST_ATTRIBUTES = 200


def template_problems(document: Document, _before: Document | None) -> list[Problem]:
    """What is wrong with a template."""
    problems = []
    if not document["name"]:
        problems.append(Problem.violation("name", "must hold a text in at least one language"))
    if len(document["attributes"]) > MOST_ATTRIBUTES:
        problems.append(Problem.violation("attributes", f"must not be more than {MOST_ATTRIBUTES}"))
    seen: set[str] = set()
    for at, attribute in enumerate(document["attributes"]):
        problems += _attribute_problems(attribute, f"attributes[{at}]")
        if attribute["key"] in seen:
            problems.append(Problem.violation(f"attributes[{at}].key", f"{attribute['key']!r} stands twice"))
        seen.add(attribute["key"])
    return problems


def _attribute_problems(attribute: Mapping[str, Any], place: str) -> list[Problem]:
    problems = []
    metadata, type_ = attribute["metadata"], attribute["type"]
    if not _KEY.fullmatch(attribute["key"]):
        problems.append(Problem.violation(f"{place}.key", "must be 1 to 64 letters and digits"))
    if type_ not in _TYPES:
        text = f"{type_[:40]!r} is no type; use {', '.join(_TYPES)}"
        return [*problems, Problem.violation(f"{place}.type", text)]
    keys = [value["key"] for value in attribute.get("values") or ()]
    for at, key in enumerate(keys):
        if not _is_a(type_, key):
            problems.append(Problem.violation(f"{place}.values[{at}].key", f"must be a {type_}"))
        if any(_same(key, other) for other in keys[:at]):
            problems.append(Problem.violation(f"{place}.values[{at}].key", f"{key!r} stands twice"))
    if metadata.get("variantAttribute") and not keys:
        text = "must be given for a variant attribute: variants are made of them"
        problems.append(Problem.violation(f"{place}.values", text))
    default = metadata.get("defaultValue")
    if default is not None and not _is_a(type_, default):
        problems.append(Problem.violation(f"{place}.metadata.defaultValue", f"must be a {type_}"))
    elif default is not None and keys and not any(_same(default, key) for key in keys):
        problems.append(Problem.violation(f"{place}.metadata.defaultValue", "must be among the values"))
    return problems


def _is_a(type_: str, value: object) -> bool:
    if type_ == "BOOLEAN":
        return isinstance(value, bool)
    if type_ == "NUMBER":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    if type_ == "TEXT":
        return True
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return "T" in value


def _same(one: object, other: object) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def with_defaults(document: Document, attributes: Sequence[Mapping[str, Any]]) -> Document:
    """The product with the defaults of those attributes that it has no value of."""
    mixins = document.get("mixins") or {}
    values = mixins.get(ATTRIBUTES)
    defaults = {
        each["key"]: each["metadata"]["defaultValue"]
        for each in attributes
        if not each["metadata"].get("variantAttribute") and each["metadata"].get("defaultValue") is not None
    }
    if not defaults or (values is not None and not isinstance(values, dict)):
        return document
    return {**document, "mixins": {**mixins, ATTRIBUTES: {**defaults, **(values or {})}}}


def product_problems(document: Mapping[str, Any], attributes: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Where a product breaks the attributes of its template."""
    mixins = document.get("mixins") or {}
    plain = {each["key"]: each for each in attributes if not each["metadata"].get("variantAttribute")}
    telling = {each["key"]: each for each in attributes if each["metadata"].get("variantAttribute")}
    values = mixins.get(ATTRIBUTES) or {}
    if not isinstance(values, dict):
        return []  # its form is a problem of its own
    problems = [problem for key, value in values.items() for problem in _value_problems(key, value, plain)]
    for key, each in plain.items():
        if each["metadata"].get("mandatory") and key not in values:
            problems.append(Problem.violation(f"mixins.{ATTRIBUTES}.{key}", "is mandatory in the template"))
    type_ = document["productType"]
    if telling and type_ not in (PARENT, VARIANT):
        text = f"has variant attributes, so only products of the types {PARENT} and {VARIANT} may use it"
        problems.append(Problem.violation("template.id", text))
    if type_ == PARENT:
        problems += _parent_problems(document.get("variantAttributes") or {}, telling)
    return problems


def _value_problems(key: str, value: object, known: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    place = f"mixins.{ATTRIBUTES}.{key}"
    if key not in known:
        text = f"is no attribute of the template; it has {', '.join(sorted(known)) or 'none'}"
        return [Problem.violation(place, text)]
    if not _is_a(known[key]["type"], value):
        return [Problem.violation(place, f"must be a {known[key]['type']}")]
    allowed = [each["key"] for each in known[key].get("values") or ()]
    if allowed and not any(_same(value, each) for each in allowed):
        return [Problem.violation(place, f"must be one of {', '.join(map(str, allowed[:50]))}")]
    return []


def _parent_problems(
    chosen: Mapping[str, Sequence[Mapping[str, Any]]], telling: Mapping[str, Mapping[str, Any]]
) -> list[Problem]:
    if not chosen:
        return [Problem.violation("variantAttributes", "must hold values of at least one attribute")]
    problems = []
    for name, values in chosen.items():
        place = f"variantAttributes.{name}"
        if name not in telling:
            text = f"is no variant attribute of the template; it has {', '.join(sorted(telling)) or 'none'}"
            problems.append(Problem.violation(place, text))
            continue
        if not values:
            problems.append(Problem.violation(place, "must hold at least one value"))
        allowed = [each["key"] for each in telling[name]["values"]]
        keys = [each["key"] for each in values]
        for at, key in enumerate(keys):
            if not any(_same(key, each) for each in allowed):
                text = f"{str(key)[:80]!r} is not among the template's values: {', '.join(map(str, allowed[:50]))}"
                problems.append(Problem.violation(f"{place}[{at}].key", text))
            if any(_same(key, other) for other in keys[:at]):
                problems.append(Problem.violation(f"{place}[{at}].key", "stands twice"))
    return problems


def schema(attributes: Sequence[Mapping[str, Any]], *, telling: bool) -> Document:
    """The JSON Schema (draft 4) of the values of a template's attributes: of variants, or of all products."""
    chosen = [each for each in attributes if bool(each["metadata"].get("variantAttribute")) == telling]
    required = sorted(each["key"] for each in chosen if telling or each["metadata"].get("mandatory"))
    document: Document = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "properties": {each["key"]: _property(each) for each in chosen},
        "additionalProperties": False,
    }
    return document | ({"required": required} if required else {})


def _property(attribute: Mapping[str, Any]) -> Document:
    types = {"TEXT": "string", "NUMBER": "number", "BOOLEAN": "boolean", "DATETIME": "string"}
    found: Document = {"type": types[attribute["type"]]}
    if attribute["type"] == "DATETIME":
        found["format"] = "date-time"
    values = [each["key"] for each in attribute.get("values") or ()]
    return found | ({"enum": values} if values else {})


MIXINS = (ATTRIBUTES, variants.ATTRIBUTES)
"""The mixins that templates define: the server checks them itself, and names their schemas."""
