"""Employees: the people who run the shop."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, exists, select, update

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Forbidden, Invalid, NotFound, Problem
from coterie.kit.language import filter_map
from coterie.kit.listing import page
from coterie.kit.store import Change, Kind, Written, among_stored, remove, store_one
from coterie.kit.wire import to_document
from coterie.query.q_sql import Field, Fields
from coterie.services.iam import events
from coterie.services.iam.operations import assignments, invitations
from coterie.services.iam.rules import employees as rules
from coterie.services.iam.rules.catalogue import EMPLOYEE, Document
from coterie.services.iam.rules.groups import user_type
from coterie.services.iam.schemas import EmployeeCreation, EmployeesQuery, EmployeeUpdate, ExpandQuery
from coterie.services.iam.tables import assignment, employee, group, identity, link, password

READ, CREATE, UPDATE, DELETE = "iam.user_read", "iam.user_create", "iam.user_update", "iam.user_delete"


async def _written(call: Call, changed: Sequence[Written]) -> None:
    for each in changed:
        type_ = events.USER_CREATED if each.before is None else events.USER_UPDATED
        call.emit(type_, events.subject("user", each.key[0]), events.written(call.tenant.name, each.view))


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    call.regranted = True
    ids = [each.key[0] for each in gone]
    for table in (password, link, identity):
        mine = (table.c.tenant == call.tenant.name, table.c.employee_id.in_(ids))
        await call.db.run(delete(table).where(*mine))
    for id in ids:
        await call.runtime.tokens.end_employee(call.db, call.tenant.name, id)
    for each in gone:
        payload = events.deleted(call.tenant.name, each.key[0])
        call.emit(events.USER_DELETED, events.subject("user", each.key[0]), payload)


KIND = Kind(
    noun="user",
    table=employee,
    columns={
        "contactEmail": "email",
        "firstName": "first_name",
        "lastName": "last_name",
        "status": "status",
    },
    rules=lambda document, _before: rules.problems(document),
    values=lambda document: {"folded": rules.folded(document["contactEmail"])},
    written=_written,
    removed=_removed,
)

FIELDS = Fields(
    {
        "id": Field(employee.c.id),
        "contactEmail": Field(employee.c.email),
        "firstName": Field(employee.c.first_name),
        "lastName": Field(employee.c.last_name),
        "status": Field(employee.c.status),
        "lastLogin": Field(employee.c.last_login, "date"),
    },
    employee.c.doc,
)


# Reading


async def list_employees(call: Call, query: EmployeesQuery) -> Reply:
    """All employees; customers are listed by their own service."""
    if query.user_type is not None and user_type(query.user_type) != EMPLOYEE:
        problem = Problem.violation("userType", "Wrong user type.")
        raise Invalid("This user type is not supported yet for the user search", problems=(problem,))
    return await _page(call, query)


async def list_of_vendor(call: Call, vendor_id: str, query: EmployeesQuery) -> Reply:
    """The employees in the groups of a vendor."""
    mine = exists().where(
        assignment.c.tenant == employee.c.tenant,
        assignment.c.user_id == employee.c.id,
        assignment.c.user_type == EMPLOYEE,
        group.c.tenant == assignment.c.tenant,
        group.c.id == assignment.c.group_id,
        group.c.vendor_id == vendor_id,
    )
    return await _page(call, query, mine)


async def _page(call: Call, query: EmployeesQuery, *where: ColumnElement[bool]) -> Reply:
    wanted = query.expand == "groups"
    return await page(
        call,
        select(employee).where(employee.c.tenant == call.tenant.name, *where),
        query,
        FIELDS,
        view=_view,
        tie_break=[employee.c.id],
        expand=lambda call, views: _expand(call, views, wanted),
    )


async def get_employee(call: Call, user_id: str, query: ExpandQuery) -> Document:
    """One employee."""
    row = await call.db.first(select(employee).where(KIND.where(call, (user_id,))))
    if row is None:
        raise NotFound(KIND.noun, user_id)
    views = [_view(row)]
    await _expand(call, views, query.expand == "groups")
    return views[0]


async def get_me(call: Call, query: ExpandQuery) -> Document:
    """The employee who asks."""
    return await get_employee(call, own_id(call), query)


def own_id(call: Call) -> str:
    """The id of the employee whose token it is. Raises Forbidden for anybody else's."""
    if call.caller.employee_id is None:
        raise Forbidden(message="This operation is for employees; send an employee's token.")
    return call.caller.employee_id


def _view(row: Row[Any]) -> Document:
    view = {name: value for name, value in KIND.view_of(row).items() if name != "metadata"}
    # An account is never locked here: whoever must not sign in is deleted, or taken out of his groups.
    view |= {"backofficeUserNumber": row.id, "validFrom": row.created_at, "isAccountLocked": False}
    return view if row.last_login is None else {**view, "lastLogin": row.last_login}


async def _expand(call: Call, views: list[Document], wanted: bool) -> None:
    """Complete views with the groups: their ids, and what they are when `wanted`."""
    ids = [view["id"] for view in views]
    statement = (
        select(assignment.c.user_id, group)
        .join(group, and_(group.c.tenant == assignment.c.tenant, group.c.id == assignment.c.group_id))
        .where(
            assignment.c.tenant == call.tenant.name,
            assignment.c.user_id.in_(ids),
            assignment.c.user_type == EMPLOYEE,
        )
        .order_by(assignment.c.user_id, group.c.id)
    )
    found: dict[str, list[Document]] = {id: [] for id in ids}
    for row in await call.db.all(statement):
        shown = {"id": row.id, "userType": row.user_type}
        shown |= {
            name: filter_map(row.doc[name], call.accept)
            for name in ("name", "description")
            if name in row.doc
        }
        found[row.user_id].append(shown)
    for view in views:
        view["groupIds"] = [each["id"] for each in found[view["id"]]]
        if wanted:
            view["groups"] = found[view["id"]]


# Writing


async def create_employee(call: Call, body: EmployeeCreation) -> Reply:
    """A new employee in these groups; one with this e-mail address who is there already is put into them.

    Until he first signs in he is mailed a link to set a password.
    """
    row = await put_there(call, body)
    if row.status == rules.PROVISIONED:
        await invitations.send(call, rules.INVITATION, row.id, row.email, row.doc["preferredLanguage"])
    return Reply(201, {"id": row.id})


async def put_there(call: Call, body: EmployeeCreation) -> Row[Any]:
    """The employee with this e-mail address, who is made if there is none, in these groups."""
    document = to_document(body)
    groups = await _groups(call, document.pop("groupIds"))
    row = await by_email(call, body.contact_email, lock=True)
    if row is None:
        await store_one(call, KIND, Change(None, {**document, "status": rules.PROVISIONED}, "create"))
        row = await by_email(call, body.contact_email)
        assert row is not None
    await assignments.assign(call, groups, row.id, EMPLOYEE)
    return row


async def put_employee(call: Call, user_id: str, body: EmployeeUpdate) -> None:
    """Change an employee, who is then in these groups and no others."""
    document = to_document(body)
    wanted = document.pop("groupIds")
    document.pop("backofficeUserNumber")
    row = await call.db.first(select(employee).where(KIND.where(call, (user_id,))).with_for_update())
    if row is None:
        raise NotFound(KIND.noun, user_id)
    groups = await _groups(call, wanted)
    kept = {"contactEmail": row.email, "status": row.status}
    await store_one(call, KIND, Change((user_id,), {**document, **kept}, "replace"))
    mine = and_(assignment.c.user_id == user_id, assignment.c.user_type == EMPLOYEE)
    await assignments.forget(call, and_(mine, assignment.c.group_id.not_in(wanted)))
    await assignments.assign(call, groups, user_id, EMPLOYEE)


async def delete_employee(call: Call, user_id: str) -> None:
    """Delete an employee, who leaves his groups and is let in nowhere any more."""
    if not await remove(call, KIND, [(user_id,)]):
        raise NotFound(KIND.noun, user_id)
    await assignments.forget(call, and_(assignment.c.user_id == user_id, assignment.c.user_type == EMPLOYEE))


async def _groups(call: Call, ids: Collection[str]) -> Sequence[Row[Any]]:
    """Groups by their columns, locked against deletion. Raises NotFound."""
    wanted = sorted(set(ids))
    statement = select(group).where(group.c.tenant == call.tenant.name, group.c.id.in_(wanted))
    rows = await call.db.all(statement.order_by(group.c.id).with_for_update(read=True, key_share=True))
    missing = sorted(set(wanted) - {row.id for row in rows})
    if missing:
        raise NotFound("group", missing[0], "Error while getting groups provided in request.")
    return rows


# For signing in


async def by_email(call: Call, email: str, *, lock: bool = False) -> Row[Any] | None:
    """The employee with this e-mail address, in whatever case."""
    statement = select(employee).where(
        employee.c.tenant == call.tenant.name, employee.c.folded == rules.folded(email)
    )
    return await call.db.first(statement.with_for_update() if lock else statement)


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are employees; none of them can be deleted until the transaction ends."""
    return await among_stored(call, employee.c.id, ids)


async def by_id(call: Call, id: str, *, lock: bool = False) -> Row[Any] | None:
    """The employee with this id."""
    statement = select(employee).where(KIND.where(call, (id,)))
    return await call.db.first(statement.with_for_update() if lock else statement)


async def signed_in(call: Call, id: str) -> None:
    """Note that an employee has signed in: from the first time on he is active."""
    values = {"status": rules.ACTIVE, "last_login": call.at}
    await call.db.run(update(employee).where(KIND.where(call, (id,))).values(values))
