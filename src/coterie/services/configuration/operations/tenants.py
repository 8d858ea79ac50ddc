"""Configurations of the tenant: storefronts read the public ones, who has the scope all of them."""

from __future__ import annotations

from typing import Any

from coterie.kit.call import Call, Reply
from coterie.services.configuration import rules
from coterie.services.configuration.operations import shared
from coterie.services.configuration.rules import Document
from coterie.services.configuration.schemas import Configuration, KeysQuery


async def list_defaults(_call: Call, query: KeysQuery) -> Reply:
    """What holds for every tenant that says nothing else."""
    return Reply(value=rules.defaults(rules.wanted(query.keys)))


async def list_all(call: Call, query: KeysQuery) -> Reply:
    """The tenant's configurations, by key; for a storefront the public ones."""
    views = await shared.list_views(call, "", query.keys)
    if not call.caller.may((shared.VIEW,)):
        if not rules.is_storefront(call.caller):
            call.require(shared.VIEW)
        views = [each for each in views if each["key"] in rules.PUBLIC_KEYS]
    return Reply(value=views)


async def get(call: Call, property_key: str) -> Document:
    """One configuration of the tenant."""
    if not (rules.is_storefront(call.caller) and property_key in rules.PUBLIC_KEYS):
        call.require(shared.VIEW)
    return await shared.view(call, "", property_key)


async def create(call: Call, body: list[Configuration] | dict[str, Any]) -> Reply:
    """Add configurations, all or none."""
    return Reply(value=await shared.create(call, "", body))


async def replace(call: Call, property_key: str, body: Configuration) -> Document:
    """Replace a configuration; one that is not there is not created."""
    return await shared.replace(call, "", property_key, body)


async def delete(call: Call, property_key: str) -> None:
    """Delete a configuration; a setting of the tenant returns to its default."""
    await shared.remove(call, "", property_key)
