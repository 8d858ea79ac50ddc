"""The parts of a running server, made once by the app and handed to every call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from coterie.blobs.choose import open_blobs
from coterie.blobs.port import Blobs
from coterie.database.engines import open_database
from coterie.database.session import Database, Retry
from coterie.fetch import SafeFetcher
from coterie.kit.clock import Clock, jittered
from coterie.kit.errors import Conflict, Invalid, Problem
from coterie.kit.keys import Vault
from coterie.kit.mixins import Local, Schemas, SchemasNeeded
from coterie.kit.outbox import flush
from coterie.kit.passwords import Passwords
from coterie.kit.rows import Reaction, Service
from coterie.kit.tenants import Tenants
from coterie.kit.tokens import Tokens
from coterie.settings import Settings

if TYPE_CHECKING:
    from coterie.kit.call import Call

T = TypeVar("T")
# How often a transaction that lost a race, or lacked a schema, is run again.
_RETRIES = 8
# How many schemas one request may have fetched: the memory and the connections for them are everybody's.
_MOST_SCHEMAS = 100
_TOO_MANY_SCHEMAS = f"names more than {_MOST_SCHEMAS} schemas that are not known yet; send fewer at a time"


class DryRun(Exception):
    """All went well, and nothing of it stays."""


@dataclass(frozen=True)
class Runtime:
    """What lives as long as the process. `events_written` and `jobs_queued` wake workers in it."""

    settings: Settings
    clock: Clock
    database: Database
    tenants: Tenants
    vault: Vault
    tokens: Tokens
    passwords: Passwords
    fetcher: SafeFetcher
    schemas: Schemas
    blobs: Blobs
    services: tuple[Service, ...]
    reactions: Mapping[str, tuple[Reaction, ...]]
    events_written: asyncio.Event = field(default_factory=asyncio.Event)
    jobs_queued: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def transaction(self, call: Call) -> AsyncIterator[None]:
        """A writing transaction for `call`: commits with the events of the call, or rolls back both.

        Raises DryRun instead of committing, where the client only asks what would happen.
        """
        async with self.database.writing() as session:
            call._db = session
            call.events.clear()
            call.regranted = False
            try:
                yield
                written = await flush(call)
                if call.dry_run:
                    raise DryRun
            finally:
                call._db = None
        self.schemas.absent.clear()
        if call.regranted:
            self.tokens.forget(call.tenant.name)
        if written:
            self.events_written.set()

    async def retried(self, run: Callable[[], Awaitable[T]], call: Call) -> T:
        """Run a transaction of a call; again when it lost a race or needs a schema that is not in memory.

        Raises Invalid for too many schemas at once, and Conflict when it keeps losing.
        """
        for attempt in range(_RETRIES):
            try:
                return await run()
            except SchemasNeeded as needed:
                if len(needed.urls) > _MOST_SCHEMAS:
                    problem = Problem.violation("metadata.mixins", _TOO_MANY_SCHEMAS)
                    raise Invalid(problems=(problem,)) from None
                # Fetched outside the transaction: a slow host must not hold up other writers.
                await self.schemas.load(needed.urls)
            except Retry:
                call.raced = True
                # Those who race each other should not meet again.
                await asyncio.sleep(jittered(0.002 * 2**attempt))
        raise Conflict("The resource is being changed by other requests; try again.")

    async def close(self) -> None:
        """Close what holds connections or threads."""
        self.passwords.close()
        await self.blobs.close()
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
        for type_, own in service.reactions.items():
            reactions[type_] = (*reactions.get(type_, ()), *(own if isinstance(own, tuple) else (own,)))
    authority = next((service.authority for service in known if service.authority is not None), None)
    fetcher = SafeFetcher(settings.names("allowed_hosts"))
    published = next((service.published for service in known if service.published is not None), None)

    async def local(url: str) -> Local | None:
        if published is None:
            return None
        async with database.reading() as session:
            return await published(session, settings.base_url, url)

    return Runtime(
        settings=settings,
        clock=clock,
        database=database,
        tenants=Tenants(database, clock),
        vault=vault,
        tokens=Tokens(database, clock, vault, settings, authority),
        passwords=passwords or Passwords(),
        fetcher=fetcher,
        schemas=Schemas(fetcher, settings.schema_seconds, local=local),
        blobs=open_blobs(settings, clock.now),
        services=known,
        reactions=reactions,
    )
