"""What other services may ask of configurations."""

from __future__ import annotations

from typing import Any

from coterie.kit.call import Call
from coterie.services.configuration.operations import shared


async def value(call: Call, key: str) -> Any:
    """The value of a configuration that is kept for its readers; None when there is none, or it is secured.

    The settings that the engine acts on are `call.setting`'s.
    """
    return await shared.plain_value(call, key)
