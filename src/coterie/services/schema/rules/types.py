"""Which types of entities there are: those that have mixins, those that may be referred to, and custom ones."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from coterie.kit.errors import Invalid, Problem

ENTITY = "CUSTOM_ENTITY"
"""The type of a schema that is for every custom type."""

# fmt: off
TYPES = frozenset((
    "AVAILABILITY", "CART", "CART_ITEM", "CATEGORY", "COMPANY", "COUPON", "CUSTOMER", "CUSTOMER_ADDRESS", "LOCATION",
    "MEDIA", "ORDER", "ORDER_ENTRY", "PRICE_LIST", "PRODUCT", "QUOTE", "RETURN", "SITE", "VENDOR", ENTITY,
))
"""The types, besides custom ones, that a schema may be for (CONTRACT §3.11)."""

TARGETS = frozenset((
    "CART", "CART_ITEM", "CATEGORY", "COMPANY", "CUSTOMER", "CUSTOMER_SEGMENT", "MEDIA", "ORDER", "ORDER_ENTRY",
    "PRICE", "PRICE_LIST", "PRODUCT",
))
"""The types, besides custom ones, that a REFERENCE may lead to."""
# fmt: on

RESERVED = TYPES | TARGETS

_ID = re.compile(r"[A-Z][A-Z0-9_]{0,65}")
ACTIONS = ("read", "manage", "read_own", "manage_own")


def check_id(id: str, field: str = "id") -> None:
    """Raises Invalid for what can't be the id of a custom type."""
    if not _ID.fullmatch(id):
        text = f"{id[:80]!r} is no type; use up to 66 upper-case letters, digits and _, a letter first"
        raise Invalid(problems=(Problem.violation(field, text),))
    if id in RESERVED:
        raise Invalid(problems=(Problem.violation(field, f"{id} is built in; choose another id"),))


def scopes(id: str) -> dict[str, str]:
    """The scopes that a custom type brings, with what each is for (CONTRACT §1.8)."""
    words = {action: action.replace("_", " ").capitalize() for action in ACTIONS}
    return {f"custom.{id.lower()}_{action}": f"{words[action]}: {id}" for action in ACTIONS}


def type_problems(types: Iterable[str], custom: Collection[str]) -> list[Problem]:
    """What is wrong with the types of a schema; `custom` are those of them that are the tenant's own."""
    return [
        Problem.violation("types", f"{each[:80]!r} is neither a built-in type nor one of your own")
        for each in types
        if each not in TYPES and each not in custom
    ]


def target_problems(targets: Collection[str], types: Sequence[str], custom: Collection[str]) -> list[Problem]:
    """What is wrong with the REFERENCE attributes of a schema for these types."""
    found = [
        Problem.violation("attributes", f"a REFERENCE can't lead to {each[:80]!r}, which is no type")
        for each in sorted(targets)
        if each not in TARGETS and each not in custom
    ]
    built_in = sorted(each for each in types if each in TYPES and each != ENTITY)
    if targets and built_in:
        text = f"a REFERENCE is for schemas of custom types only, not for {', '.join(built_in)}"
        found.append(Problem.violation("types", text))
    return found


def changed(before: Sequence[str], named: Sequence[str], mode: str) -> list[str]:
    """The types of a version after ADD, REMOVE or REPLACE, in order and once each."""
    if mode == "REMOVE":
        return [each for each in before if each not in named]
    return list(dict.fromkeys([*before, *named] if mode == "ADD" else named))
