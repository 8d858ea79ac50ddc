"""What attributes may say, and the form in which they are stored (CONTRACT §3.11)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from coterie.kit.errors import Problem
from coterie.kit.language import Content, Languages, check_map

Document = dict[str, Any]

PRECISION = 0.01
"""The step of a DECIMAL that names none."""
NO_PRECISION = -1
DEEPEST, MOST = 10, 500
"""How deeply attributes may be nested, and how many a schema may have: mixins are validated where others wait."""
TEXTS = ("name", "description")
FLAGS = ("readOnly", "localized", "required", "nullable")

_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")


def normalised(attributes: Iterable[Document]) -> list[Document]:
    """Attributes as they are stored and shown: what a request leaves out is filled in."""
    return [_normalised(each) for each in attributes]


def _normalised(attribute: Document) -> Document:
    given = attribute.get("metadata") or {}
    made = {**attribute, "metadata": {flag: bool(given.get(flag)) for flag in FLAGS}}
    if "attributes" in attribute:
        made["attributes"] = normalised(attribute["attributes"])
    if "DECIMAL" in (attribute["type"], attribute.get("arrayType", {}).get("type")):
        made.setdefault("precision", PRECISION)
    return made


def problems(attributes: Sequence[Document], where: str = "attributes", depth: int = 1) -> list[Problem]:
    """What is wrong with attributes; `where` is their place in the request."""
    if depth > DEEPEST:
        return [Problem.violation(where, f"can't be nested deeper than {DEEPEST} levels")]
    if depth == 1 and sum(1 for _ in every(attributes)) > MOST:
        return [Problem.violation(where, f"can't be more than {MOST}; make several schemas")]
    found: list[Problem] = []
    seen: set[str] = set()
    for at, attribute in enumerate(attributes):
        place, key = f"{where}[{at}]", attribute["key"]
        if not _KEY.fullmatch(key):
            text = f"{key[:80]!r} is not a key; use 1 to 100 letters, digits, - and _"
            found.append(Problem.violation(f"{place}.key", text))
        if key in seen:
            found.append(Problem.violation(f"{place}.key", f"{key!r} is the key of another attribute too"))
        seen.add(key)
        found += [Problem.violation(f"{place}.{field}", text) for field, text in _of_one(attribute)]
        inner = attribute.get("attributes") or ()
        found += problems(inner, f"{place}.attributes", depth + 1)
    return found


def _of_one(attribute: Document) -> Iterator[tuple[str, str]]:
    """What is wrong with one attribute, apart from those inside it: field and text."""
    type_, array = attribute["type"], attribute.get("arrayType")
    metadata = attribute["metadata"]
    if type_ == "ARRAY" and array is None:
        yield "arrayType", "is required for an ARRAY"
    if type_ != "ARRAY" and array is not None:
        yield "arrayType", "is for an ARRAY only"
    if metadata.get("localized") and type_ != "TEXT":
        yield "metadata.localized", "is for TEXT only; of an ARRAY set arrayType.localized"
    if metadata.get("required") and type_ == "BOOLEAN":
        yield "metadata.required", "a BOOLEAN can't be required"
    inside = array["type"] if type_ == "ARRAY" and array is not None else type_
    if (inside == "OBJECT") != bool(attribute.get("attributes")):
        yield "attributes", "are required for an OBJECT, and for objects in an ARRAY, and for nothing else"
    if "precision" in attribute:
        yield from _of_precision(inside, attribute["precision"])
    if type_ == "ARRAY":
        yield from _of_values(attribute, "", None)
        if array is not None:
            yield from _of_values(array, "arrayType.", array["type"])
            if array["type"] == "ARRAY":
                yield "arrayType.type", "an ARRAY can't hold arrays; put them into an OBJECT"
            if array.get("localized") and array["type"] != "TEXT":
                yield "arrayType.localized", "is for TEXT only"
    else:
        yield from _of_values(attribute, "", type_)


def _of_precision(type_: str, precision: float) -> Iterator[tuple[str, str]]:
    if type_ != "DECIMAL":
        yield "precision", "is for a DECIMAL only"
        return
    number = Decimal(str(precision))
    step = number.is_finite() and number.normalize().as_tuple()
    if precision != NO_PRECISION and (not step or step[:2] != (0, (1,)) or not -10 <= int(step[2]) < 0):
        yield "precision", f"{precision} is no step such as 0.1 or 0.01; -1 is for any"


def _of_values(holder: Mapping[str, Any], prefix: str, type_: str | None) -> Iterator[tuple[str, str]]:
    """What is wrong with the values of an ENUM or REFERENCE; those of another type have none."""
    values = [each["value"] for each in holder.get("values") or ()]
    if type_ in ("ENUM", "REFERENCE"):
        if not values:
            yield f"{prefix}values", f"are required for a type {type_}"
        if len(set(values)) < len(values):
            yield f"{prefix}values", "hold one of them twice"
    elif values:
        yield f"{prefix}values", "are for ENUM and REFERENCE only"


def every(attributes: Iterable[Document]) -> Iterator[Document]:
    """The attributes, and those inside them."""
    for attribute in attributes:
        yield attribute
        yield from every(attribute.get("attributes") or ())


def targets(attributes: Iterable[Document]) -> set[str]:
    """The types of entities that REFERENCE attributes may lead to."""
    found: set[str] = set()
    for attribute in every(attributes):
        for holder in (attribute, attribute.get("arrayType") or {}):
            if holder.get("type") == "REFERENCE":
                found |= {each["value"] for each in holder.get("values") or ()}
    return found


def text_problems(document: Document, content: Content, languages: Languages) -> list[Problem]:
    """What is wrong with the languages of the names and descriptions of a schema and its attributes."""
    found = check_map(document["name"], content, languages, "name")
    for attribute in every(document.get("attributes") or ()):
        for field in TEXTS:
            if field in attribute:
                place = f"attributes.{attribute['key']}.{field}"
                found += check_map(attribute[field], content, languages, place)
    return found
