"""What other services may ask of configurations."""

from __future__ import annotations

from typing import Any, TypeVar

from coterie.federation.configured import providers
from coterie.federation.schemas import Provider
from coterie.kit.call import Call
from coterie.services.configuration import rules
from coterie.services.configuration.operations import shared

P = TypeVar("P", bound=Provider)


async def value(call: Call, key: str) -> Any:
    """The value of a configuration that is kept for its readers; None when there is none, or it is secured.

    The settings that the engine acts on are `call.setting`'s.
    """
    return await shared.plain_value(call, key)


async def restrictions(call: Call) -> frozenset[str] | None:
    """What the configuration `restrictions` lists, as JSON or a text of it (CONTRACT §2.13); None: anything goes."""
    return rules.listed(await value(call, "restrictions"))


async def identity_providers(call: Call, key: str, kind: type[P]) -> dict[str, P]:
    """The identity providers of a configuration by name, with their secrets: for the engine itself.

    It reads in a transaction of its own.
    """
    async with call.reading() as db:
        value = await shared.opened_value(call, db, key)
    return {} if value is None else providers(value, kind)
