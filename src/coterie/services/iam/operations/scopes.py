"""Scopes: the predefined ones and the tenant's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, NotFound, Problem
from coterie.kit.listing import ListQuery
from coterie.kit.store import Change, Kind, Written, among_stored, prepared, remove, store_one
from coterie.kit.wire import to_document
from coterie.services.iam import events
from coterie.services.iam.operations.catalogues import Catalogue
from coterie.services.iam.rules.catalogue import SCOPES, Document
from coterie.services.iam.rules.grants import SCOPE_NAME
from coterie.services.iam.schemas import ScopeUpsert
from coterie.services.iam.tables import scope

READ, READ_OWN, MANAGE = "iam.scope_read", "iam.scope_read_own", "iam.scope_manage"

LIST = Catalogue("scope", SCOPES, scope, {"predefined": False})


async def _written(call: Call, changed: Sequence[Written]) -> None:
    for each in changed:
        type_ = events.SCOPE_CREATED if each.before is None else events.SCOPE_UPDATED
        call.emit(type_, events.subject("scope", each.key[0]), events.written(call.tenant.name, each.view))


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        payload = events.deleted(call.tenant.name, each.key[0])
        call.emit(events.SCOPE_DELETED, events.subject("scope", each.key[0]), payload, id=each.key[0])


KIND = Kind("scope", scope, localized=("description",), written=_written, removed=_removed)


async def list_scopes(call: Call, query: ListQuery) -> Reply:
    """All scopes."""
    return await LIST.page(call, query)


async def get_scope(call: Call, scope_id: str) -> Document:
    """One scope."""
    return await LIST.one(call, scope_id)


async def put_scope(call: Call, scope_id: str, body: ScopeUpsert) -> Reply:
    """Define a scope of the tenant's own, or describe it anew."""
    _refuse_predefined(scope_id)
    if not SCOPE_NAME.fullmatch(scope_id):
        problem = Problem.violation("scopeId", "use letters, digits, ., - and _")
        raise Invalid(problems=(problem,))
    document, version = prepared(to_document(body))
    outcome = await store_one(call, KIND, Change((scope_id,), document, "upsert", version))
    return Reply(201, {"id": scope_id}) if outcome.code == 201 else Reply(204)


async def delete_scope(call: Call, scope_id: str) -> None:
    """Delete a scope of the tenant's own; access controls lose it by a reaction to the event."""
    _refuse_predefined(scope_id)
    if not await remove(call, KIND, [(scope_id,)]):
        raise NotFound(KIND.noun, scope_id)


async def own(call: Call, ids: Sequence[str]) -> set[str]:
    """Those of the names that are scopes of the tenant's own; none is deleted until the transaction ends."""
    return await among_stored(call, scope.c.id, [id for id in ids if id not in SCOPES])


async def defined(call: Call, texts: Mapping[str, str]) -> None:
    """Define scopes of the tenant's own, each with what it is for; those that are there stay as they are."""
    rows = [
        {
            "tenant": call.tenant.name,
            "id": id,
            **KIND.row_of(
                {"domain": id.partition(".")[0], "description": {call.tenant.languages.default: text}}
            ),
            "version": 1,
            "created_at": call.at,
            "modified_at": call.at,
        }
        for id, text in texts.items()
    ]
    statement = call.db.insert(scope).on_conflict_do_nothing().returning(scope)
    made = [(row, KIND.document_of(row)) for row in await call.db.all(statement, rows)]
    await _written(call, [Written((row.id,), document, None, KIND.view_of(row)) for row, document in made])


async def all_own(call: Call) -> list[str]:
    """The names of all scopes of the tenant's own."""
    rows = await call.db.all(select(scope.c.id).where(scope.c.tenant == call.tenant.name))
    return [row.id for row in rows]


def _refuse_predefined(scope_id: str) -> None:
    if scope_id in SCOPES:
        problem = Problem.violation("scopeId", f"{scope_id} is predefined; choose another name")
        raise Invalid("Constraint validation failed", problems=(problem,))
