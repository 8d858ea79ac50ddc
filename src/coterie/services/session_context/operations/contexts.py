"""What clients ask of session contexts: of any session as a manager, of their own with its token."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Forbidden, Invalid, NotFound, Problem, VersionConflict
from coterie.kit.patch import PatchError, patched
from coterie.kit.resource import check_id
from coterie.kit.store import Document
from coterie.kit.wire import Metadata, convert, to_document
from coterie.services.session_context import rules
from coterie.services.session_context.operations.sessions import Seeds, started
from coterie.services.session_context.operations.stored import (
    KIND,
    change,
    locked,
    make,
    of_session,
    require_sound,
)
from coterie.services.session_context.schemas import AttributeCreation, ContextUpdate, UpsertQuery

_SAAS = "saas-token"

# Any session


async def get(call: Call, session_id: str) -> Document:
    """The context of a session."""
    return _view(await call.db.first(of_session(call, session_id)), session_id)


async def put(call: Call, session_id: str, query: UpsertQuery, body: ContextUpdate) -> None:
    """Write a context; with `upsert` one that is not there is made. What is left out stays as it is."""
    check_id(session_id, "sessionId", 100)
    row = await locked(call, session_id)
    if row is None and not query.upsert:
        raise NotFound(KIND.noun, session_id)
    sent = to_document(body)
    version = (sent.pop("metadata", None) or {}).get("version")
    before = await started(call, Seeds()) if row is None else KIND.document_of(row)
    _require_customer(call, before.get("customerId"), body.customer_id)
    await _store(call, session_id, row, before, {**before, **sent}, version)


async def add_attribute(call: Call, session_id: str, body: AttributeCreation) -> None:
    """Keep an attribute in a context; one of that name is replaced."""
    await _set(call, _found(await locked(call, session_id), session_id), body)


async def remove_attribute(call: Call, session_id: str, attribute_name: str) -> None:
    """Remove an attribute from a context."""
    await _unset(call, _found(await locked(call, session_id), session_id), attribute_name)


# The caller's own


async def get_own(call: Call) -> Document:
    """The context of the caller's session."""
    session_id = _own_session(call)
    return _view(_own(call, await call.db.first(of_session(call, session_id)), session_id), session_id)


async def patch_own(call: Call, query: UpsertQuery, body: dict[str, Any]) -> None:
    """Merge an object into the context of the caller's session; only some fields count, null removes one."""
    session_id = _own_session(call)
    row = await locked(call, session_id)
    if row is not None or not query.upsert:
        row = _own(call, row, session_id)
    version = convert(body.get("metadata") or {}, Metadata, where="metadata").version
    before = await started(call, Seeds()) if row is None else KIND.document_of(row)
    asked = {name: value for name, value in body.items() if name in rules.OWN_FIELDS}
    try:
        after = patched(before, asked)
    except PatchError as error:
        raise Invalid(problems=(Problem.violation(error.path or "", str(error)),)) from None
    await _store(call, session_id, row, before, to_document(convert(after, ContextUpdate)), version)


async def add_own_attribute(call: Call, body: AttributeCreation) -> Reply:
    """Keep an attribute in the context of the caller's session; the answer is its name."""
    session_id = _own_session(call)
    await _set(call, _own(call, await locked(call, session_id), session_id), body)
    return Reply(201, body.key)


async def remove_own_attribute(call: Call, attribute_name: str) -> None:
    """Remove an attribute from the context of the caller's session."""
    session_id = _own_session(call)
    await _unset(call, _own(call, await locked(call, session_id), session_id), attribute_name)


def _own_session(call: Call) -> str:
    """The session of the caller's token. Raises Forbidden for a token that has none."""
    if call.caller.session_id is None:
        raise Forbidden(message="This operation is for storefronts; send a customer's or a visitor's token.")
    return call.caller.session_id


def _own(call: Call, row: Row[Any] | None, session_id: str) -> Row[Any]:
    """The context, unless it is of another customer, or of one and the caller is none. Raises NotFound.

    Who gave a visitor his session still has its token: he must not see what the visitor does as a customer.
    """
    if row is not None and row.customer_id not in (None, call.caller.customer_id):
        row = None
    return _found(row, session_id)


def _found(row: Row[Any] | None, session_id: str) -> Row[Any]:
    if row is None:
        raise NotFound(KIND.noun, session_id)
    return row


def _view(row: Row[Any] | None, session_id: str) -> Document:
    view = KIND.view_of(_found(row, session_id))
    return {**view, "context": view.get("context", {})}


def _require_customer(call: Call, stored: str | None, sent: str | None) -> None:
    """Raises Invalid, Unauthorized or Forbidden unless the saas-token is of the customer, where there is one."""
    if stored is None and sent is None:
        return
    token = call.headers.get(_SAAS)
    if not token:
        message = "is required for the context of a customer"
        raise Invalid(problems=(Problem(_SAAS, "invalid_header", message),))
    proven = call.runtime.tokens.saas_customer(call.tenant.name, token)
    if not rules.may_put(stored, sent, proven):
        raise Forbidden(message=f"The {_SAAS} is of another customer than the session context.")


async def _store(
    call: Call, session_id: str, row: Row[Any] | None, before: Document, after: Document, version: int | None
) -> None:
    """Write a whole context on top of the version that the client has read (CONTRACT §2.8)."""
    after = rules.written(before, after)
    require_sound(after)
    if row is None:
        await make(call, session_id, after)
        return
    if version is None:
        raise Invalid(problems=(Problem.violation("metadata.version", "is required"),))
    if version != row.version:
        raise VersionConflict(KIND.noun, session_id)
    await change(call, row, after)


async def _set(call: Call, row: Row[Any], body: AttributeCreation) -> None:
    problems = rules.attribute_problems(body.key)
    if body.value is None:
        problems.append(Problem.violation("value", "is required"))
    if problems:
        raise Invalid(problems=problems)
    document = KIND.document_of(row)
    after = {**document, "context": {**document.get("context", {}), body.key: body.value}}
    require_sound(after)
    await change(call, row, after)


async def _unset(call: Call, row: Row[Any], name: str) -> None:
    problems = rules.attribute_problems(name)
    if problems:
        raise Invalid(problems=problems)
    document = KIND.document_of(row)
    attributes = document.get("context", {})
    if name not in attributes:
        raise NotFound("attribute", row.session_id, f"The session has no attribute {name[:80]!r}.")
    rest = {each: value for each, value in attributes.items() if each != name}
    await change(call, row, {**document, "context": rest})
