"""What other services may ask of session contexts."""

from __future__ import annotations

from coterie.kit.call import Call
from coterie.services.session_context.operations import sessions
from coterie.services.session_context.operations.sessions import Seeds as Seeds


async def begin(call: Call, session_id: str, seeds: Seeds) -> None:
    """The context of a visit that begins. Raises Invalid for seeds that no context can have."""
    await sessions.begin(call, session_id, seeds)
