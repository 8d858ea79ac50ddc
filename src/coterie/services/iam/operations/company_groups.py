"""The predefined groups of a company: made with it, and gone with it (CONTRACT §3.8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from coterie.kit.call import Call
from coterie.kit.clock import new_id
from coterie.kit.errors import NotFound
from coterie.kit.store import remove
from coterie.services.iam import events
from coterie.services.iam.operations import assignments
from coterie.services.iam.operations.groups import KIND
from coterie.services.iam.rules import groups as rules
from coterie.services.iam.rules.catalogue import COMPANY_GROUPS, CUSTOMER
from coterie.services.iam.tables import group


@dataclass(frozen=True)
class Group:
    """A group of a company. role: ADMIN, BUYER or REQUESTER for the predefined ones; name: by language."""

    id: str
    legal_entity_id: str
    role: str | None
    name: Mapping[str, str]


async def created(call: Call, legal_entity_id: str, name: str) -> tuple[Group, ...]:
    """Make the groups of a new company, which are named for it in every language of the tenant.

    Not by the rules of a request: its Content-Language says nothing of these names.
    """
    made = []
    for code, (template, texts) in COMPANY_GROUPS.items():
        names = {
            tag: f"{name}: {texts.get(tag.split('-')[0].lower(), texts['en'])}"
            for tag in call.tenant.languages.supported
        }
        document: dict[str, Any] = {
            "userType": CUSTOMER,
            "code": code,
            "legalEntityId": legal_entity_id,
            "templates": [template],
            "name": names,
        }
        made.append((new_id(), document))
    first = {"tenant": call.tenant.name, "version": 1, "created_at": call.at, "modified_at": call.at}
    await call.db.run(group.insert(), [{"id": id, **KIND.row_of(each), **first} for id, each in made])
    for id, document in made:
        view = KIND.composed(id, document, 1, call.at, call.at)
        payload = events.written(call.tenant.name, rules.shown(view))
        call.emit(events.GROUP_CREATED, events.subject("group", id), payload, company=None)
    return tuple(Group(id, legal_entity_id, each["code"], each["name"]) for id, each in made)


async def of_companies(call: Call, ids: Collection[str]) -> dict[str, tuple[Group, ...]]:
    """The groups of each company, oldest first; what has none is left out."""
    if not ids:
        return {}
    columns = group.c
    statement = select(group).where(
        columns.tenant == call.tenant.name, columns.legal_entity_id.in_(sorted(ids))
    )
    found: dict[str, tuple[Group, ...]] = {}
    for row in await call.db.all(statement.order_by(columns.created_at, columns.code, columns.id)):
        own = (Group(row.id, row.legal_entity_id, row.code, row.doc["name"]),)
        found[row.legal_entity_id] = found.get(row.legal_entity_id, ()) + own
    return found


async def removed(call: Call, legal_entity_id: str, group_id: str) -> None:
    """Delete a group of a company, with its assignments. Raises NotFound."""
    await _group(call, legal_entity_id, group_id)
    await remove(call, KIND, [(group_id,)])


async def assigned(call: Call, legal_entity_id: str, group_id: str, customer_id: str) -> None:
    """Put a customer into a group of a company. Raises NotFound or Invalid."""
    row = await _group(call, legal_entity_id, group_id)
    await assignments.assign(call, [row], customer_id, CUSTOMER)


async def unassigned(call: Call, legal_entity_id: str, group_id: str, customer_id: str) -> None:
    """Take a customer out of a group of a company, if he is in it. Raises NotFound."""
    await _group(call, legal_entity_id, group_id)
    await assignments.taken_out(call, group_id, customer_id)


async def _group(call: Call, legal_entity_id: str, group_id: str) -> Row[Any]:
    row = await assignments.locked_group(call, group_id)
    if row.legal_entity_id != legal_entity_id:
        raise NotFound("group", group_id)
    return row
