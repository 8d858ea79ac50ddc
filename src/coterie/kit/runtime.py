"""The parts of a running server, made once by the app and handed to every call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coterie.database.engines import open_database
from coterie.database.session import Database
from coterie.kit.clock import Clock
from coterie.kit.fetch import SafeFetcher
from coterie.kit.keys import Vault
from coterie.kit.mixins import Schemas
from coterie.kit.outbox import flush
from coterie.kit.passwords import Passwords
from coterie.kit.rows import Reaction, Service
from coterie.kit.tenants import Tenants
from coterie.kit.tokens import Tokens
from coterie.settings import Settings

if TYPE_CHECKING:
    from coterie.kit.call import Call


@dataclass(frozen=True)
class Runtime:
    """What lives as long as the process. `events_written` wakes a worker in it."""

    settings: Settings
    clock: Clock
    database: Database
    tenants: Tenants
    vault: Vault
    tokens: Tokens
    passwords: Passwords
    schemas: Schemas
    services: tuple[Service, ...]
    reactions: Mapping[str, tuple[Reaction, ...]]
    events_written: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def transaction(self, call: Call) -> AsyncIterator[None]:
        """A writing transaction for `call`: commits with the events of the call, or rolls back both."""
        async with self.database.writing() as session:
            call._db = session
            call.events.clear()
            try:
                yield
                written = await flush(call)
            finally:
                call._db = None
        if written:
            self.events_written.set()

    async def close(self) -> None:
        """Close what holds connections or threads."""
        self.passwords.close()
        await self.database.close()


def build(
    settings: Settings,
    services: Iterable[Service],
    *,
    clock: Clock | None = None,
    passwords: Passwords | None = None,
) -> Runtime:
    """The parts for these settings. Raises SettingError or DatabaseError."""
    clock = clock or Clock()
    vault = Vault(settings)
    database = open_database(settings.database_url, pool_size=settings.pool_size)
    known = tuple(services)
    reactions: dict[str, tuple[Reaction, ...]] = {}
    for service in known:
        for type_, reaction in service.reactions.items():
            reactions[type_] = (*reactions.get(type_, ()), reaction)
    fetcher = SafeFetcher(settings.names("allowed_hosts"))
    return Runtime(
        settings=settings,
        clock=clock,
        database=database,
        tenants=Tenants(database, clock),
        vault=vault,
        tokens=Tokens(database, clock, vault, settings),
        passwords=passwords or Passwords(),
        schemas=Schemas(fetcher, settings.schema_seconds),
        services=known,
        reactions=reactions,
    )
