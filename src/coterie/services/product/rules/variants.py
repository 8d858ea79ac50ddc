"""Variants of a parent: what they inherit, what is theirs, and which ones a parent's attributes make. Pure."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from coterie.kit.errors import Problem

Document = dict[str, Any]
Combination = tuple[tuple[str, Any], ...]
"""One value for each attribute that tells variants apart, as sorted pairs."""

ATTRIBUTES = "productVariantAttributes"
"""The mixin that holds a variant's own values."""
MOST_GENERATED = 2_000
"""How many variants one request may make."""

# A variant's own, whatever its parent has.
_OWN = ("code", "productType", "parentVariantId")
# A parent's own, which no variant has.
_PARENTS = (*_OWN, "variantAttributes")
_FIXED = ("id", "code", "template", "variantAttributes", "productType", "parentVariantId", "yrn")
_NESTED = ("mixins", "metadata")
_MOST_OVERRIDDEN = 200


def overridden_problems(paths: Sequence[str]) -> list[Problem]:
    """What is wrong with `metadata.overridden`: it names fields, of mixins and metadata also paths inside them."""
    if len(paths) > _MOST_OVERRIDDEN:
        return [Problem.violation("metadata.overridden", f"names more than {_MOST_OVERRIDDEN} fields")]
    problems = []
    for at, path in enumerate(paths):
        place = f"metadata.overridden[{at}]"
        first, *rest = path.split(".")
        if first in _FIXED:
            problems.append(Problem.violation(place, f"{first} can't be overridden; take it off the list"))
        elif not all([first, *rest]) or (rest and first not in _NESTED) or path == "metadata":
            text = f"{path[:80]!r} must be a field, such as name, or a path such as mixins.size.height"
            problems.append(Problem.violation(place, text))
    return problems


def inherited(own: Document, parent: Mapping[str, Any]) -> Document:
    """A variant as it counts: all of its parent, but for what is its own or overridden in `own`."""
    paths = _overridden(own)
    result: Document = {name: copy.deepcopy(value) for name, value in parent.items() if name not in _PARENTS}
    metadata = result.pop("metadata", {})
    if "mixins" in metadata:
        result["metadata"] = {"mixins": metadata["mixins"]}
    # The parent has no values of its own, only the attributes that they are of.
    _take(result, own, ("mixins", ATTRIBUTES))
    for path in paths:
        _take(result, own, tuple(path.split(".")))
    _take(result, own, ("mixins", ATTRIBUTES))
    result |= {name: own[name] for name in _OWN if name in own}
    if paths:
        result["metadata"] = {**result.get("metadata", {}), "overridden": paths}
    return result


def without_inherited(document: Document) -> Document:
    """Of a variant's view what is its own or overridden, and its name, which every product has."""
    metadata = document["metadata"]
    always = ("id", "yrn", "name", *_OWN, "categoryIds", "customerSegmentIds", "media")
    result: Document = {name: document[name] for name in always if name in document}
    kept = {name: value for name, value in metadata.items() if name != "mixins"}
    result["metadata"] = kept
    for path in _overridden(document):
        _take(result, document, tuple(path.split(".")))
    _take(result, document, ("mixins", ATTRIBUTES))
    return result


def _overridden(document: Mapping[str, Any]) -> list[str]:
    paths: list[str] = (document.get("metadata") or {}).get("overridden") or []
    # Either names the vendor.
    if {"vendor", "vendorId"} & set(paths):
        return [*(path for path in paths if path not in ("vendor", "vendorId")), "vendor", "vendorId"]
    return paths


def _take(target: Document, source: Mapping[str, Any], path: tuple[str, ...]) -> None:
    """Make what is at a path of `target` what it is in `source`: gone, where that has nothing there."""
    *way, last = path
    value: Any = source
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            _drop(target, path)
            return
        value = value[key]
    for key in way:
        inner = target.get(key)
        if not isinstance(inner, dict):
            inner = target[key] = {}
        target = inner
    target[last] = copy.deepcopy(value)


def _drop(target: Any, path: tuple[str, ...]) -> None:
    *way, last = path
    for key in way:
        target = target.get(key) if isinstance(target, dict) else None
    if isinstance(target, dict):
        target.pop(last, None)


# Combinations


def combination(document: Mapping[str, Any]) -> Combination:
    """What tells a variant from its siblings."""
    values = (document.get("mixins") or {}).get(ATTRIBUTES) or {}
    return tuple(sorted(values.items()))


def combinations(attributes: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterable[Combination]:
    """Every combination of the values of a parent's `variantAttributes`, in their order."""
    keys = list(attributes)
    for values in product(*([value["key"] for value in attributes[key]] for key in keys)):
        yield tuple(sorted(zip(keys, values, strict=True)))


def number_of_combinations(attributes: Mapping[str, Sequence[Any]]) -> int:
    """How many combinations there are, without making them."""
    number = 1
    for values in attributes.values():
        number *= len(values)
    return number


def missing(
    attributes: Mapping[str, Any], before: Mapping[str, Any] | None, existing: Collection[Combination]
) -> list[Combination]:
    """The combinations that variants are to be made of: those that the change added, so that a variant that was
    deleted does not come back; all, where the parent has no variants yet."""
    here = {_key(each) for each in existing}
    gone = {_key(each) for each in combinations(before)} if before and existing else set()
    return [each for each in combinations(attributes) if _key(each) not in here and _key(each) not in gone]


def _key(values: Combination) -> tuple[tuple[str, str, Any], ...]:
    # True and 1 are one to Python, not to JSON.
    return tuple((name, type(value).__name__, value) for name, value in values)


def variant_problems(
    document: Mapping[str, Any], parent: Mapping[str, Any], siblings: Mapping[str, Combination]
) -> list[Problem]:
    """Whether a variant's values are of its parent's attributes, all of them, and no sibling's. siblings: by id."""
    attributes = parent["variantAttributes"]
    values = (document.get("mixins") or {}).get(ATTRIBUTES) or {}
    problems = []
    for name in sorted(attributes.keys() - values.keys()):
        text = f"is required; the parent tells its variants apart by {', '.join(sorted(attributes))}"
        problems.append(Problem.violation(f"mixins.{ATTRIBUTES}.{name}", text))
    for name, value in values.items():
        known = [each["key"] for each in attributes.get(name, ())]
        if not any(type(each) is type(value) and each == value for each in known):
            text = f"{str(value)[:80]!r} is not among the parent's variantAttributes; add it there first"
            problems.append(Problem.violation(f"mixins.{ATTRIBUTES}.{name}", text))
    own = _key(combination(document))
    twin = next((id for id, other in siblings.items() if _key(other) == own), None)
    if twin is not None and not problems:
        text = f"the variant {twin} has these values already"
        problems.append(Problem.violation(f"mixins.{ATTRIBUTES}", text))
    return problems


def attribute_removals(attributes: Mapping[str, Any], siblings: Mapping[str, Combination]) -> list[Problem]:
    """The values that variants have and a parent's new `variantAttributes` has no more."""
    found: dict[str, Problem] = {}
    for id, values in siblings.items():
        for name, value in values:
            if not any(each["key"] == value for each in attributes.get(name, ())):
                text = f"must keep {str(value)[:80]!r}, which the variant {id} has; delete the variant first"
                found.setdefault(f"{name} {value}", Problem.violation(f"variantAttributes.{name}", text))
        for name in attributes.keys() - dict(values).keys():
            text = f"is new, and variants such as {id} have no value for it; delete them first"
            found.setdefault(name, Problem.violation(f"variantAttributes.{name}", text))
    return list(found.values())
