"""Configurations of a tenant's clients: the integrations that keep settings of their own here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid
from coterie.services.configuration import rules
from coterie.services.configuration.operations import shared
from coterie.services.configuration.rules import Document
from coterie.services.configuration.schemas import ClientConfiguration, KeysQuery
from coterie.services.configuration.tables import configuration


async def list_clients(call: Call) -> Reply:
    """The clients that have configurations."""
    columns = configuration.c
    statement = (
        select(columns.client)
        .where(columns.tenant == call.tenant.name, columns.client != "")
        .distinct()
        .order_by(columns.client)
    )
    return Reply(value=[row.client for row in await call.db.all(statement)])


async def list_all(call: Call, client: str, query: KeysQuery) -> Reply:
    """A client's configurations, by key."""
    return Reply(value=await shared.list_views(call, client, query.keys))


async def get(call: Call, client: str, property_key: str) -> Document:
    """One configuration of a client."""
    return await shared.view(call, client, property_key)


async def create(call: Call, client: str, body: list[ClientConfiguration] | dict[str, Any]) -> Reply:
    """Add configurations of a client, all or none."""
    for each in body if isinstance(body, list) else ():
        _same_client(client, each)
    return Reply(value=await shared.create(call, client, body))


async def replace(call: Call, client: str, property_key: str, body: ClientConfiguration) -> Document:
    """Replace a configuration of a client; one that is not there is not created."""
    _same_client(client, body)
    return await shared.replace(call, client, property_key, body)


async def delete(call: Call, client: str, property_key: str) -> None:
    """Delete a configuration of a client."""
    await shared.remove(call, client, property_key)


def _same_client(client: str, body: ClientConfiguration) -> None:
    if body.client not in (None, client):
        text = "The clients in the path and in the body are not the same."
        raise rules.explained(Invalid("Invalid Parameters"), text)
