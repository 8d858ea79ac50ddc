"""Assignments: which users are in which groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, exists, select

from coterie.database.session import Retry
from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_uuid
from coterie.kit.errors import Forbidden, Invalid, NotFound
from coterie.kit.listing import ListQuery, page
from coterie.kit.outbox import Event
from coterie.kit.store import among
from coterie.query.q_sql import Field, Fields
from coterie.services.iam import events
from coterie.services.iam.operations.grants import customer_may, groups_of, refuse_beyond, require_granting
from coterie.services.iam.rules import groups as rules
from coterie.services.iam.rules.catalogue import CUSTOMER, EMPLOYEE, Document
from coterie.services.iam.rules.grants import Grant
from coterie.services.iam.schemas import AssignmentCreation
from coterie.services.iam.tables import assignment, contact, employee, group

MANAGE = "iam.assignment_manage"
CREATE_OWN, DELETE_OWN = "iam.assignment_create_own", "iam.assignment_delete_own"
USER_READ, USER_READ_OWN = "iam.user_read", "iam.user_read_own"

_FIELDS = Fields(
    {
        "id": Field(assignment.c.id),
        "userId": Field(assignment.c.user_id),
        "userType": Field(assignment.c.user_type),
    }
)


# Reading


async def list_users(call: Call, group_id: str, query: ListQuery) -> Reply:
    """The users of a group; with the own scope only colleagues in groups of customers (CONTRACT §3.13)."""
    row = await one_group(call, group_id)
    statement = select(assignment).where(
        assignment.c.tenant == call.tenant.name, assignment.c.group_id == group_id
    )
    if not call.caller.may((USER_READ,)):
        if row.user_type != CUSTOMER or row.legal_entity_id not in (None, *await _companies(call)):
            raise NotFound("group", group_id)
        statement = statement.where(assignment.c.user_id.in_(_colleagues(call, row.legal_entity_id)))
    return await page(call, statement, query, _FIELDS, view=_view, tie_break=[assignment.c.user_id])


def _view(row: Row[Any]) -> Document:
    return {"id": row.id, "groupId": row.group_id, "userId": row.user_id, "userType": row.user_type}


async def _companies(call: Call) -> list[str]:
    """The companies that the caller acts for: that of his token, else all his companies."""
    rows = await call.db.all(
        select(contact.c.legal_entity_id).where(
            contact.c.tenant == call.tenant.name, contact.c.customer_id == (call.caller.customer_id or "")
        )
    )
    acting = call.caller.legal_entity_id
    return [row.legal_entity_id for row in rows if acting in (None, row.legal_entity_id)]


def _colleagues(call: Call, company: str | None) -> Any:
    """The contacts of a company, or of all companies that the caller acts for."""
    mine, theirs = contact.alias(), contact.alias()
    here = call.tenant.name
    entities = select(mine.c.legal_entity_id).where(
        mine.c.tenant == here, mine.c.customer_id == (call.caller.customer_id or "")
    )
    only = company or call.caller.legal_entity_id
    if only is not None:
        entities = entities.where(mine.c.legal_entity_id == only)
    return select(theirs.c.customer_id).where(theirs.c.tenant == here, theirs.c.legal_entity_id.in_(entities))


async def one_group(call: Call, group_id: str) -> Row[Any]:
    """A group by its columns. Raises NotFound."""
    return _found(await call.db.first(select(group).where(_group(call, group_id))), group_id)


async def locked_group(call: Call, group_id: str, *, exclusive: bool = False) -> Row[Any]:
    """A group, locked against deletion until the transaction ends, or against everything. Raises NotFound."""
    statement = select(group).where(_group(call, group_id))
    locked = statement.with_for_update(read=not exclusive, key_share=not exclusive)
    return _found(await call.db.first(locked), group_id)


def _found(row: Row[Any] | None, group_id: str) -> Row[Any]:
    if row is None:
        raise NotFound("group", group_id)
    return row


def _group(call: Call, group_id: str) -> ColumnElement[bool]:
    return and_(group.c.tenant == call.tenant.name, group.c.id == group_id)


# Assigning


async def create(call: Call, group_id: str, body: AssignmentCreation) -> Reply:
    """Put a user into a group; one who is in it already stays."""
    kind = rules.user_type(body.user_type or EMPLOYEE)
    id, _ = await _assigned(call, group_id, body.user_id, kind)
    return Reply(201, {"id": id})


async def put(call: Call, group_id: str, user_type: str, user_id: str) -> Reply:
    """The same, told apart: 201 when he was not in it, 204 when nothing happens."""
    id, made = await _assigned(call, group_id, user_id, rules.user_type(user_type))
    return Reply(201, {"id": id}) if made else Reply(204)


async def _assigned(call: Call, group_id: str, user_id: str, kind: str) -> tuple[str, bool]:
    if call.caller.may((MANAGE,)):
        row = await locked_group(call, group_id)
        return (await assign(call, [row], user_id, kind))[group_id]
    row = await _own_group(call, group_id, user_id)
    if kind != CUSTOMER:
        raise Forbidden((MANAGE,))
    held, before = await _may_both(call, row, user_id, CREATE_OWN)
    assigned = await assign(call, [row], user_id, kind, checked=True)
    refuse_beyond(held, await customer_may(call, user_id, row.legal_entity_id) - before)
    return assigned[group_id]


async def assign(
    call: Call, groups: Sequence[Row[Any]], user_id: str, kind: str, *, checked: bool = False
) -> dict[str, tuple[str, bool]]:
    """Put a user into groups, whose rows are locked; the ids of his assignments, and which are new, by group.

    Raises NotFound for an employee who is not there; a customer is looked for by the customer service, which hears
    of the event. checked: what the groups grant need not be held against what the caller may do himself.
    """
    if kind == EMPLOYEE:
        await _lock_employee(call, user_id)
    others = {row.id: row for row in await groups_of(call, user_id, kind)}
    known = await _of_user(call, user_id, others.keys() & {row.id for row in groups})
    result = {group_id: (id, False) for group_id, id in known.items()}
    new = []
    for row in groups:
        if row.id in known:
            continue
        await _lock_predefined(call, row)
        problem = rules.misfit(row._mapping, kind, [each._mapping for each in others.values()])
        if problem is not None:
            refusal = Invalid("Constraint validation failed", problems=(problem,))
            refusal.id = row.id
            raise refusal
        if not checked:
            require_granting(call, Grant.of(row._mapping).scopes)
        others[row.id] = row
        new.append(
            {
                "tenant": call.tenant.name,
                "group_id": row.id,
                "user_id": user_id,
                "id": new_uuid(),
                "user_type": kind,
                "created_at": call.at,
            }
        )
    if new:
        statement = call.db.insert(assignment).on_conflict_do_nothing().returning(assignment.c.group_id)
        if len(await call.db.all(statement, new)) < len(new):
            raise Retry(f"an assignment of {user_id} appeared")
        call.regranted = True
    for each in new:
        result[each["group_id"]] = (each["id"], True)
        _emit(call, events.ASSIGNMENT_CREATED, each)
    return result


async def _lock_employee(call: Call, id: str) -> None:
    """Of two requests that put an employee into groups, one waits. Raises NotFound."""
    found = select(employee.c.id).where(employee.c.tenant == call.tenant.name, employee.c.id == id)
    if await call.db.first(found.with_for_update()) is None:
        raise NotFound("user", id)


async def _lock_predefined(call: Call, row: Row[Any]) -> None:
    """Of two requests that put customers into predefined groups of a company, one waits."""
    if row.code is None:
        return
    columns = group.c
    statement = select(columns.id).where(
        columns.tenant == call.tenant.name,
        columns.legal_entity_id == row.legal_entity_id,
        columns.code.is_not(None),
    )
    await call.db.all(statement.order_by(columns.id).with_for_update())


async def _of_user(call: Call, user_id: str, group_ids: Collection[str]) -> dict[str, str]:
    if not group_ids:
        return {}
    columns = assignment.c
    statement = select(columns.group_id, columns.id).where(
        columns.tenant == call.tenant.name,
        columns.user_id == user_id,
        columns.group_id.in_(sorted(group_ids)),
    )
    return {row.group_id: row.id for row in await call.db.all(statement)}


# The caller's own company


async def _own_group(call: Call, group_id: str, user_id: str) -> Row[Any]:
    """A group of a company that the caller acts for, where the user is his colleague. Raises Forbidden.

    A group of no company is for those who may assign any.
    """
    row = await locked_group(call, group_id)
    company = row.legal_entity_id
    if call.caller.customer_id is None or company is None or company not in await _companies(call):
        raise Forbidden(message="You may change the groups of your own company only.")
    colleague = select(contact.c.customer_id).where(
        contact.c.tenant == call.tenant.name,
        contact.c.legal_entity_id == company,
        contact.c.customer_id == user_id,
    )
    if await call.db.first(colleague.with_for_update(read=True, key_share=True)) is None:
        raise Forbidden(message=f"{user_id[:80]!r} is no contact of your company.")
    return row


async def _may_both(
    call: Call, row: Row[Any], user_id: str, scope: str
) -> tuple[frozenset[str], frozenset[str]]:
    """What the caller and the user may do for the company of a group. Raises Forbidden.

    For the company, also when the token is for none: there the caller may do more, or less.
    """
    assert call.caller.customer_id is not None
    held = await customer_may(call, call.caller.customer_id, row.legal_entity_id)
    if scope not in held:
        raise Forbidden((scope,))
    return held, await customer_may(call, user_id, row.legal_entity_id)


# Removing


async def remove_one(call: Call, group_id: str, user_id: str) -> None:
    """Take a user out of a group."""
    if call.caller.may((MANAGE,)):
        await locked_group(call, group_id)
        if not await taken_out(call, group_id, user_id):
            raise NotFound("assignment", user_id)
        return
    row = await _own_group(call, group_id, user_id)
    held, before = await _may_both(call, row, user_id, DELETE_OWN)
    if not await taken_out(call, group_id, user_id):
        raise NotFound("assignment", user_id)
    # Without a group he may do what customers may by default: that can be more.
    refuse_beyond(held, await customer_may(call, user_id, row.legal_entity_id) - before)


async def taken_out(call: Call, group_id: str, user_id: str) -> bool:
    """Take a user out of a group; whether he was in it."""
    return bool(await forget(call, and_(assignment.c.group_id == group_id, assignment.c.user_id == user_id)))


async def remove_all(call: Call, group_id: str) -> None:
    """Take all users out of a group."""
    await locked_group(call, group_id)
    await forget(call, assignment.c.group_id == group_id)


async def remove_everywhere(call: Call, user_id: str) -> None:
    """Take a user out of all groups."""
    await forget(call, assignment.c.user_id == user_id)


async def forget(call: Call, condition: ColumnElement[bool]) -> int:
    """Delete the assignments that meet a condition; their number."""
    gone = delete(assignment).where(assignment.c.tenant == call.tenant.name, condition).returning(assignment)
    rows = await call.db.all(gone)
    for row in sorted(rows, key=lambda row: (row.group_id, row.user_id)):
        _emit(call, events.ASSIGNMENT_DELETED, row._mapping)
    if rows:
        call.regranted = True
    return len(rows)


def _emit(call: Call, type_: str, row: Mapping[Any, Any]) -> None:
    facts = {"user_id": row["user_id"], "user_type": row["user_type"]}
    payload = events.assigned(call.tenant.name, row["id"], row["group_id"], **facts)
    call.emit(type_, events.subject("group", row["group_id"]), payload, **facts)


# What happens elsewhere


async def forget_customers(call: Call, deleted: list[Event]) -> None:
    """Deleted customers leave their groups, and act for nobody."""
    ids = [event.facts["id"] for event in deleted]
    gone = delete(contact).where(contact.c.tenant == call.tenant.name, contact.c.customer_id.in_(ids))
    await call.db.run(gone)
    await forget(call, and_(assignment.c.user_id.in_(ids), assignment.c.user_type == CUSTOMER))


async def link(call: Call, created: list[Event]) -> None:
    """Contacts were assigned to companies: their facts are `customer_id` and `legal_entity_id`."""
    rows = [
        {"tenant": call.tenant.name, "legal_entity_id": entity, "customer_id": customer}
        for entity, customer in sorted({_pair(event) for event in created})
    ]
    await call.db.run(call.db.insert(contact).on_conflict_do_nothing(), rows)


async def unlink(call: Call, deleted: list[Event]) -> None:
    """Contacts were unassigned: they leave the groups of the company as well, and act for it no longer."""
    pairs = sorted({_pair(event) for event in deleted})
    here = call.tenant.name
    gone = among(call.db, [contact.c.legal_entity_id, contact.c.customer_id], pairs)
    await call.db.run(delete(contact).where(contact.c.tenant == here, gone))
    theirs = exists().where(
        group.c.tenant == here,
        group.c.id == assignment.c.group_id,
        among(call.db, [group.c.legal_entity_id, assignment.c.user_id], pairs),
    )
    people = among(call.db, [assignment.c.user_id], [(customer,) for _, customer in pairs])
    await forget(call, and_(people, theirs))
    call.regranted = True


def _pair(event: Event) -> tuple[str, str]:
    return event.facts["legal_entity_id"], event.facts["customer_id"]
