"""What other services may ask of configurations."""

from __future__ import annotations

from typing import Any

from coterie.database.session import Session
from coterie.kit.call import Call
from coterie.services.configuration import rules
from coterie.services.configuration.operations import shared


async def value(call: Call, key: str) -> Any:
    """The value of a configuration that is kept for its readers; None when there is none, or it is secured.

    The settings that the engine acts on are `call.setting`'s.
    """
    return await shared.plain_value(call, key)


async def restrictions(call: Call) -> frozenset[str] | None:
    """What the configuration `restrictions` lists, as JSON or a text of it (CONTRACT §2.13); None: anything goes."""
    return rules.listed(await value(call, "restrictions"))


async def opened_value(call: Call, db: Session, key: str) -> Any:
    """The value of such a configuration, also of one that is secured: for the engine itself, never for an answer."""
    return await shared.opened_value(call, db, key)
