"""Access controls: the predefined ones and the tenant's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update

from coterie.kit.call import Call, Reply
from coterie.kit.caller import RESTRICTION
from coterie.kit.errors import Invalid, NotFound, Problem
from coterie.kit.outbox import Event
from coterie.kit.resource import check_id
from coterie.kit.store import Change, Kind, Refusal, Write, Written, prepared, remove, store, store_one
from coterie.kit.wire import to_document
from coterie.query.json_match import JsonTest
from coterie.query.sql import json_matches
from coterie.services.iam import events
from coterie.services.iam.operations import scopes
from coterie.services.iam.operations.catalogues import RESOURCE_LIST, ROLE_LIST, TEMPLATE_LIST, Catalogue
from coterie.services.iam.operations.grants import require_granting
from coterie.services.iam.rules.catalogue import ACCESS_CONTROLS, Document
from coterie.services.iam.rules.grants import unknown_scopes
from coterie.services.iam.rules.groups import user_type
from coterie.services.iam.schemas import AccessControlUpsert, ControlsQuery, ExpandQuery, TemplatesQuery
from coterie.services.iam.tables import access_control, group

READ, MANAGE = "iam.access_read", "iam.access_manage"
LIST = Catalogue(
    "access control",
    ACCESS_CONTROLS,
    access_control,
    {"predefined": False, "restrictionAware": False, "vendorAware": False},
)


async def _check(call: Call, writes: Sequence[Write]) -> list[Refusal]:
    """The scopes must be defined, and whom the access control is for can't be changed."""
    named = [scope for write in writes for scope in write.document["scopes"]]
    own = await scopes.own(call, [scope.partition(RESTRICTION)[0] for scope in named])
    refusals: list[Refusal] = []
    for write in writes:
        before = write.before or {}
        problems = [
            Problem.violation("scopes", f"there is no scope {scope[:80]!r}; create it with PUT /scopes/…")
            for scope in unknown_scopes(write.document["scopes"], own)
        ]
        if write.before is not None and before.get("restrictedTo") != write.document.get("restrictedTo"):
            problems.append(Problem.violation("restrictedTo", "can't be changed"))
        require_granting(call, write.document["scopes"], frozenset(before.get("scopes", ())))
        refusals.append(problems)
    return refusals


async def _written(call: Call, changed: Sequence[Written]) -> None:
    call.regranted = True
    await _regrant(call, [each.key[0] for each in changed if each.before is not None])
    for each in changed:
        type_ = events.ACCESS_CONTROL_CREATED if each.before is None else events.ACCESS_CONTROL_UPDATED
        payload = events.written(call.tenant.name, each.view)
        call.emit(type_, events.subject("access-control", each.key[0]), payload)


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        payload = events.deleted(call.tenant.name, each.key[0])
        subject = events.subject("access-control", each.key[0])
        call.emit(events.ACCESS_CONTROL_DELETED, subject, payload, id=each.key[0])


KIND = Kind(
    "access control",
    access_control,
    localized=("name", "description"),
    check=_check,
    written=_written,
    removed=_removed,
)


async def list_controls(call: Call, query: ControlsQuery) -> Reply:
    """All access controls."""
    return await LIST.page(call, query, expand=expansion(query.expand))


async def get_control(call: Call, access_control_id: str, query: ExpandQuery) -> Document:
    """One access control."""
    view = await LIST.one(call, access_control_id)
    await expansion(query.expand)(call, [view])
    return view


async def put_control(call: Call, access_control_id: str, body: AccessControlUpsert) -> Reply:
    """Create an access control of the tenant's own, or replace it."""
    _refuse_predefined(access_control_id)
    check_id(access_control_id, "accessControlId")
    document, version = prepared(to_document(body))
    if "restrictedTo" in document:
        document["restrictedTo"] = user_type(document["restrictedTo"], "restrictedTo")
    document["scopes"] = list(dict.fromkeys(document["scopes"]))
    outcome = await store_one(call, KIND, Change((access_control_id,), document, "upsert", version))
    return Reply(201, {"id": access_control_id}) if outcome.code == 201 else Reply(204)


async def delete_control(call: Call, access_control_id: str) -> None:
    """Delete an access control of the tenant's own; groups lose it by a reaction to the event."""
    _refuse_predefined(access_control_id)
    if not await remove(call, KIND, [(access_control_id,)]):
        raise NotFound(KIND.noun, access_control_id)


async def list_templates(call: Call, query: TemplatesQuery) -> Reply:
    """The templates; with their access controls when asked for."""

    async def expand(call: Call, views: list[Document]) -> None:
        known = await LIST.some(call, {id for view in views for id in view["accessControls"]})
        for view in views:
            view["accessControlsDocuments"] = [known[id] for id in view["accessControls"]]

    return await TEMPLATE_LIST.page(call, query, expand=expand if query.expand == "accessControls" else None)


def expansion(wanted: str | None) -> Any:
    """What adds role and resource to views of access controls, as far as `expand` names them."""
    names = {name.strip() for name in (wanted or "").split(",")} & {"role", "resource"}

    async def expand(call: Call, views: list[Document]) -> None:
        for name, known in (("role", ROLE_LIST), ("resource", RESOURCE_LIST)):
            if name not in names:
                continue
            found = await known.some(call, {view[f"{name}Id"] for view in views if f"{name}Id" in view})
            for view in views:
                if view.get(f"{name}Id") in found:
                    view[name] = found[view[f"{name}Id"]]

    return expand


async def own(call: Call, ids: Collection[str]) -> dict[str, Document]:
    """The tenant's own access controls among `ids`, locked until the transaction ends."""
    wanted = sorted(id for id in ids if id not in ACCESS_CONTROLS)
    if not wanted:
        return {}
    columns = access_control.c
    statement = select(columns.id, columns.doc).where(
        columns.tenant == call.tenant.name, columns.id.in_(wanted)
    )
    rows = await call.db.all(statement.order_by(columns.id).with_for_update(read=True))
    return {row.id: row.doc for row in rows}


async def with_custom_scopes(call: Call, named: Mapping[str, Sequence[str]]) -> None:
    """Have each group keep what the access controls that it names hold; `named`: their ids by group."""
    known = await own(call, {id for ids in named.values() for id in ids})
    statement = (
        update(group)
        .where(group.c.tenant == bindparam("_tenant"), group.c.id == bindparam("_id"))
        .values(custom_scopes=bindparam("_scopes", type_=group.c.custom_scopes.type))
    )
    rows = [
        {
            "_tenant": call.tenant.name,
            "_id": id,
            "_scopes": sorted({scope for each in ids if each in known for scope in known[each]["scopes"]}),
        }
        for id, ids in named.items()
    ]
    if rows:
        await call.db.run(statement, rows)


async def _regrant(call: Call, ids: Sequence[str]) -> None:
    """Have the groups that name these access controls follow their change."""
    if ids:
        named = await naming(call, ids)
        await with_custom_scopes(call, {row.id: row.access_controls for row in named})


async def naming(call: Call, ids: Sequence[str]) -> Sequence[Any]:
    """The groups that name one of these access controls, by all their columns, locked."""
    test = JsonTest((), one_of=tuple(ids))
    statement = select(group).where(
        group.c.tenant == call.tenant.name, json_matches(group.c.access_controls, test)
    )
    return await call.db.all(statement.order_by(group.c.id).with_for_update())


async def forget_scopes(call: Call, deleted: list[Event]) -> None:
    """Access controls lose the scopes that were deleted."""
    gone = {event.facts["id"] for event in deleted}
    test = JsonTest(("scopes",), one_of=tuple(sorted(gone)))
    statement = select(access_control).where(
        access_control.c.tenant == call.tenant.name, json_matches(access_control.c.doc, test)
    )
    changes = []
    for row in await call.db.all(statement.order_by(access_control.c.id).with_for_update()):
        left = [scope for scope in row.doc["scopes"] if scope not in gone]
        changes.append(Change((row.id,), {**KIND.document_of(row), "scopes": left}, "amend"))
    await store(call, KIND, changes)


def _refuse_predefined(id: str) -> None:
    if id in ACCESS_CONTROLS:
        problem = Problem.violation("accessControlId", f"{id} is predefined; create one of your own")
        raise Invalid("Constraint validation failed", problems=(problem,))
