"""One installation per engine under a clock that stands still, and further processes of the same one."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from coterie.database.engines import open_database
from coterie.database.session import Database, Session
from coterie.kit import clients, tables
from coterie.kit.clients import Client
from coterie.kit.clock import Clock, iso
from coterie.kit.keys import Vault
from coterie.kit.logins import Issued
from coterie.kit.tokens import Tokens
from coterie.settings import Settings

T = TypeVar("T")
TENANT = "acme"
TABLES = [tables.signing_key, tables.api_client, tables.login, tables.refresh_token, tables.attempt]


class StillClock(Clock):
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def pass_(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


class Process:
    """A server process: its own memory over the shared database."""

    def __init__(self, runner: asyncio.Runner, settings: Settings, clock: StillClock) -> None:
        self.runner, self.settings, self.clock = runner, settings, clock
        self.database: Database = runner.run(_open(settings.database))
        self.vault = Vault(settings)
        self.tokens = Tokens(self.database, clock, self.vault, settings)

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(step)

    def writing(self, step: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
        """`step` inside one committed transaction."""
        return self._inside(self.database.writing, step)

    def reading(self, step: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
        return self._inside(self.database.reading, step)

    def _inside(
        self,
        begin: Callable[[], AbstractAsyncContextManager[Session]],
        step: Callable[[Session], Coroutine[Any, Any, T]],
    ) -> T:
        async def inside() -> T:
            async with begin() as session:
                return await step(session)

        return self.run(inside())

    def client(self, kind: Any = "api", scopes: frozenset[str] = frozenset()) -> tuple[Client, str]:
        at = iso(self.clock.now())
        return self.writing(lambda db: clients.create(db, TENANT, kind, scopes, at=at))

    def anonymous(self) -> Issued:
        issuer = self.run(self.tokens.issuer())
        return self.writing(lambda db: issuer.anonymous(db, TENANT, "storefront"))

    def customer(self, customer_id: str = "10000001", session_id: str | None = None) -> Issued:
        issuer = self.run(self.tokens.issuer())
        return self.writing(
            lambda db: issuer.customer(
                db,
                TENANT,
                customer_id,
                client_id="storefront",
                session_id=session_id,
            )
        )

    def caller(self, token: str) -> Any:
        return self.run(self.tokens.caller(f"Bearer {token}"))

    def statements(self, step: Callable[[], object]) -> int:
        """How many statements `step` runs."""
        self.database.sessions = []
        step()
        counted = sum(session.statements for session in self.database.sessions)
        self.database.sessions = None
        return counted

    def close(self) -> None:
        self.run(self.database.close())


async def _open(url: str) -> Database:
    return open_database(url, pool_size=4)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, runner: asyncio.Runner) -> Settings:
    """Settings of an installation whose tables are there and empty."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'coterie.db'}"
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            tables.metadata.create_all(connection, tables=TABLES)
        engine.dispose()
        return Settings(database=url, data_dir=str(tmp_path))
    url = request.getfixturevalue("postgres_database")

    async def create() -> None:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(lambda sync: tables.metadata.create_all(sync, tables=TABLES))
        await engine.dispose()

    runner.run(create())
    return Settings(database=url, data_dir=str(tmp_path), secret="0123456789abcdef" * 2)


@pytest.fixture
def start(runner: asyncio.Runner, settings: Settings, clock: StillClock) -> Iterator[Callable[..., Process]]:
    """Starts processes of the installation; keyword arguments are settings of that process."""
    started: list[Process] = []

    def start(**changed: Any) -> Process:
        started.append(Process(runner, replace(settings, **changed), clock))
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture
def process(start: Callable[..., Process]) -> Process:
    return start()
