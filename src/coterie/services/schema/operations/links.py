"""Where mixins of instances lead: what is referred to must be there, and can be shown in the place of its id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from coterie.kit.call import Call
from coterie.kit.errors import Problem
from coterie.kit.language import filter_map
from coterie.kit.store import Document, Write, among
from coterie.query.sql import key_rows
from coterie.services.category import facade as category
from coterie.services.customer import facade as customer
from coterie.services.customer_management import facade as customer_management
from coterie.services.customer_segment import facade as customer_segment
from coterie.services.iam import facade as iam
from coterie.services.product import facade as product
from coterie.services.schema.rules import owners, types
from coterie.services.schema.rules.links import NOT_FOUND, Link, expanded, is_named, links, patterns
from coterie.services.schema.tables import instance

Existing = Callable[[Call, Collection[str]], Awaitable[set[str]]]

EXISTING: Mapping[str, Existing] = {
    "CATEGORY": category.existing,
    "COMPANY": customer_management.existing,
    "CUSTOMER": customer.existing,
    "CUSTOMER_SEGMENT": customer_segment.existing,
    "PRODUCT": product.existing,
}
"""How to find out whether entities of a built-in type are there; of other types nothing is known here."""


def checked(call: Call) -> bool:
    """Whether what a request refers to must be there: not for a tenant that keeps it elsewhere (decision 5)."""
    if call.setting("references") == "open":
        return False
    asked = call.query.get("validateReferences", "").lower()
    return asked != "false" if not call.row.path.endswith("/bulk") else asked == "true"


async def problems(call: Call, writes: Sequence[Write]) -> list[list[Problem]]:
    """For each write what it refers to and is not there; what is there can't be deleted until the transaction ends."""
    found = [list(links(write.document.get("mixins"))) for write in writes]
    if not checked(call):
        return [[] for _ in writes]
    there = await _there(call, [link for each in found for link in each])
    return [
        [
            Problem.violation(f"mixins.{'.'.join(link.path)}", f"there is no {link.type} {link.id[:80]!r}")
            for link in each
            if link.type in there and link.id not in there[link.type]
        ]
        for each in found
    ]


async def _there(call: Call, found: Iterable[Link]) -> dict[str, set[str]]:
    wanted: dict[str, set[str]] = {}
    for link in found:
        wanted.setdefault(link.type, set()).add(link.id)
    there = {}
    for type_ in sorted(wanted):  # in one order, so that no two calls deadlock
        if type_ in EXISTING:
            there[type_] = await EXISTING[type_](call, wanted[type_])
        elif type_ not in types.RESERVED:
            there[type_] = await _instances(call, type_, wanted[type_])
    return there


async def _instances(call: Call, type_: str, ids: Collection[str]) -> set[str]:
    columns = instance.c
    here = (columns.tenant == call.tenant.name, columns.type == type_)
    statement = select(columns.id).where(*here, among(call.db, [columns.id], [(id,) for id in sorted(ids)]))
    rows = await call.db.all(statement.order_by(columns.id).with_for_update(read=True, key_share=True))
    return {row.id for row in rows}


async def owner_problems(call: Call, named: Sequence[owners.Owner]) -> list[list[Problem]]:
    """For each owner that a request names what of him is not there."""
    if call.setting("references") == "open":
        return [[] for _ in named]
    by_type = {
        type_: {owner["userId"] for owner in named if owner["type"] == type_}
        for type_ in (owners.CUSTOMER, owners.EMPLOYEE)
    }
    there = {
        owners.CUSTOMER: await customer.existing(call, by_type[owners.CUSTOMER]),
        owners.EMPLOYEE: await iam.employees_among(call, by_type[owners.EMPLOYEE]),
        owners.SERVICE: {owner["userId"] for owner in named if owner["type"] == owners.SERVICE},
    }
    companies = {owner["legalEntityId"] for owner in named if "legalEntityId" in owner}
    known = await customer_management.existing(call, companies)
    found: list[list[Problem]] = []
    for owner in named:
        here = []
        if owner["userId"] not in there[owner["type"]]:
            here.append(
                Problem.violation("owner.userId", f"there is no {owner['type']} {owner['userId'][:80]!r}")
            )
        if owner.get("legalEntityId") not in {None, *known}:
            text = f"there is no legal entity {owner['legalEntityId'][:80]!r}"
            here.append(Problem.violation("owner.legalEntityId", text))
        found.append(here)
    return found


# Showing what is referred to


@dataclass(frozen=True)
class _Shown:
    """How entities of a type are read: rows by `tenant` and `id`, wire names by column, and who may see them."""

    rows: Select[Any]
    fields: Mapping[str, str]
    scopes: tuple[str, ...] = ()
    unpublished: tuple[str, ...] = ()


_SHOWN: Mapping[str, _Shown] = {
    "CATEGORY": _Shown(
        category.names,
        {"code": "code", "name": "localizedName", "published": "published"},
        unpublished=("category.category_read_unpublished", "category.category_manage"),
    ),
    "COMPANY": _Shown(customer_management.names, {"name": "name"}, ("customermanagement.legalentity_read",)),
    "CUSTOMER": _Shown(
        customer.names,
        {"first_name": "firstName", "last_name": "lastName", "email": "contactEmail"},
        ("customer.customer_read",),
    ),
    "PRODUCT": _Shown(
        product.names,
        {"code": "code", "name": "name", "published": "published"},
        unpublished=("product.product_read_unpublished", "product.product_manage"),
    ),
}

Read = Callable[[str, Collection[str]], Awaitable[dict[str, Document] | None]]


async def expand(call: Call, views: Sequence[Document], wanted: str | None, read: Read) -> None:
    """Put what references lead to into them, as far as `wanted` names them and the caller may read it.

    `read`: instances of a type by id, or None when the caller may not read any.
    """
    named = patterns(wanted)
    found = [link for view in views for link in links(view.get("mixins")) if is_named(link, named)]
    for type_ in sorted({link.type for link in found}):
        ids = {link.id for link in found if link.type == type_}
        entities: dict[str, Document] | None = None
        reason = f"Entities of type {type_} can't be expanded"
        if type_ in _SHOWN:
            entities = await _entities(call, _SHOWN[type_], ids)
            reason = "You need a scope to read it"
        elif type_ not in types.RESERVED:
            entities = await read(type_, ids)
            reason = "You need a scope to read it"
        for link in found:
            if link.type == type_:
                entity = None if entities is None else entities.get(link.id)
                expanded(link, entity, reason if entities is None else NOT_FOUND)


async def _entities(call: Call, shown: _Shown, ids: Collection[str]) -> dict[str, Document] | None:
    if not call.caller.may(shown.scopes):
        return None
    rows = shown.rows.subquery()
    where: list[ColumnElement[bool]] = [
        rows.c.tenant == call.tenant.name,
        rows.c.id.in_(key_rows(call.db.sql, ["id"], [sorted(ids)])),
    ]
    if shown.unpublished and not call.caller.may(shown.unpublished):
        where.append(rows.c.published)
    found = {}
    for row in await call.db.all(select(rows).where(*where)):
        values = {wire: row._mapping[column] for column, wire in shown.fields.items()}
        found[row.id] = {
            wire: filter_map(value, call.accept) if isinstance(value, dict) else value
            for wire, value in values.items()
            if value is not None
        }
    return found
