"""The operations of session contexts: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.services.session_context.operations import contexts, sessions
from coterie.services.session_context.schemas import ContextView

MANAGE = ("sessioncontext.context_manage",)

_SESSION = "/context/{sessionId}"
_OWN = "/me/context"

SERVICE = Service(
    name="session_context",
    title="Session Context Service",
    prefix="/session-context/{tenant}",
    dialect=Dialect(envelope="C", id_name="sessionId", texts={"not_found.session": "Session not found"}),
    reactions={
        "customer.logged.in": sessions.log_in,
        "customer.session-refreshed": sessions.act_for,
        "customer.logged-out": sessions.log_out,
        "customer.deleted": sessions.forget,
    },
    chores=(sessions.prune,),
    rows=(
        # Any session
        op("GET", _SESSION, contexts.get, MANAGE, 200, answer=ContextView),
        op("PUT", _SESSION, contexts.put, MANAGE, 204),
        op("POST", _SESSION + "/attributes", contexts.add_attribute, MANAGE, 204),
        op("DELETE", _SESSION + "/attributes/{attributeName}", contexts.remove_attribute, MANAGE, 204),
        # The caller's own
        op("GET", _OWN, contexts.get_own, ANY, 200, answer=ContextView),
        op("PATCH", _OWN, contexts.patch_own, ANY, 204),
        op("POST", _OWN + "/attributes", contexts.add_own_attribute, ANY, 201, answer=str),
        op("DELETE", _OWN + "/attributes/{attributeName}", contexts.remove_own_attribute, ANY, 204),
    ),
)
