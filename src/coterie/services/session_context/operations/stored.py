"""Session contexts as they are stored: found, made and changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Select, select, update

from coterie.kit.call import Call
from coterie.kit.clock import iso
from coterie.kit.errors import Invalid
from coterie.kit.store import Document, Kind
from coterie.services.session_context import rules
from coterie.services.session_context.tables import context

# A context stays at least this long after its last change, with or without a login.
LIFE = timedelta(days=1)

KIND = Kind(
    noun="session",
    table=context,
    key=("session_id",),
    columns={"customerId": "customer_id"},
    id_field="sessionId",
)


def of_session(call: Call, session_id: str) -> Select[Any]:
    """The context of a session."""
    return select(context).where(KIND.where(call, (session_id,)))


async def locked(call: Call, session_id: str) -> Row[Any] | None:
    """The context of a session, locked until the transaction ends, or None."""
    return await call.db.first(of_session(call, session_id).with_for_update())


async def make(call: Call, session_id: str, document: Document) -> None:
    """Store a new context; one that is there already stays."""
    row = {
        "tenant": call.tenant.name,
        "session_id": session_id,
        **KIND.row_of(document),
        "version": 1,
        "created_at": call.at,
        "modified_at": call.at,
        "due_at": iso(call.now + LIFE),
    }
    await call.db.run(call.db.insert(context).on_conflict_do_nothing(), [row])


async def change(call: Call, row: Row[Any], document: Document) -> None:
    """Store a changed context."""
    values = {**KIND.row_of(document), "version": row.version + 1, "modified_at": call.at}
    await call.db.run(update(context).where(KIND.where(call, (row.session_id,))).values(values))


def require_sound(document: Document) -> None:
    """Raises Invalid for a context that no client may write."""
    problems = rules.problems(document)
    if problems:
        raise Invalid(problems=problems)
