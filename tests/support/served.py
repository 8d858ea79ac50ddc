"""A real `coterie serve` in a process of its own, on a data folder and a port of its own, to be killed and asked."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx2
from sqlalchemy import select, update

from coterie.database.engines import open_database
from coterie.database.session import Database
from coterie.kit.clock import Clock
from coterie.kit.outbox import entries
from coterie.kit.tables import job, outbox
from coterie.kit.tenants import Tenants
from coterie.services.customer_segment.events import CUSTOMER_CREATED
from coterie.services.customer_segment.tables import member
from support.postgres import create_database, drop_database, dsn
from support.shop import site

COTERIE = Path(sys.executable).with_name("coterie")
TENANT = "acme"
SEGMENTS = f"/customer-segment/{TENANT}/segments"
IMPORTS = f"/customer-segment/{TENANT}/imports"


class Served:
    """A server that can be started, killed and stopped, over one database. `database` is its URL.

    works: it runs jobs, too. On SQLite it always does; on PostgreSQL a worker is started and killed with it.
    """

    def __init__(self, folder: Path, database: str | None = None, *, works: bool = False) -> None:
        self.log = folder / "log"
        self.environment = {
            **os.environ,
            "COTERIE_DATA_DIR": str(folder / "data"),
            "COTERIE_LOG_LEVEL": "warning",
            "COTERIE_SECRET": "journey-" * 5,
        }
        self._take_port()
        self.database = database or f"sqlite:///{folder / 'data' / 'coterie.db'}"
        if database is not None:
            self.environment["COTERIE_DATABASE"] = database
            self.command("migrate")
        self.process: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self._works = works and database is not None
        self.token = ""

    @property
    def engine(self) -> str:
        """sqlite or postgres."""
        return "sqlite" if self.database.startswith("sqlite") else "postgres"

    def _take_port(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.environment["COTERIE_PORT"] = str(port)

    @contextmanager
    def another(self) -> Iterator[Served]:
        """A second running process over the same database, with the same token."""
        second = copy(self)
        second.environment, second.process, second.worker = dict(self.environment), None, None
        second._take_port()
        try:
            second.start()
            yield second
        finally:
            second.kill()

    def command(self, *arguments: str) -> str:
        """What a command of the CLI prints; it must succeed."""
        done = subprocess.run(
            [COTERIE, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        """Start the server and wait until it is ready."""
        works = self._working()
        self.process = self._spawn("serve")
        if self._works:
            self.worker = self._spawn("worker")
        self._wait(lambda: self._answers() and self._working() >= works + self._works)

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker beside the server, and wait until it is ready."""
        works = self._working()
        worker = self.worker = self._spawn("worker")
        self._wait(lambda: self._working() > works)
        return worker

    def _spawn(self, command: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen([COTERIE, command], env=self.environment, stdout=log, stderr=log)

    def _wait(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not ready():
            assert self.running, f"the server ended: {self.log.read_text()}"
            assert time.monotonic() < deadline, f"it did not start: {self.log.read_text()}"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            urlopen(f"{self.url}/health/ready", timeout=5).close()
        except OSError:
            return False
        return True

    def _working(self) -> int:
        """How often a worker has started."""
        return self.log.read_text().count("coterie worker started") if self.log.exists() else 0

    def kill(self) -> None:
        """End the server at once, as a power cut would, if it runs; its worker too."""
        for process in (self.process, self.worker):
            if process is not None:
                process.kill()
                process.wait(30)

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        """What an init system sends."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        """The exit code; waits for it at most 30 seconds."""
        assert self.process is not None
        return self.process.wait(30)

    async def furnish(self, *segments: str) -> None:
        """Give the server a tenant whose customers are kept elsewhere, a site, these segments, and a token."""
        async with self.client() as http:
            form = {"grant_type": "client_credentials", **self._credentials}
            self.token = (await http.post("/oauth/token", data=form)).json()["access_token"]
        async with self.client() as http:
            made = await http.post(f"/site/{TENANT}/sites", json=site())
            assert made.status_code == 201, made.text
            for id in segments:
                body = {"name": {"en": id}, "siteCode": "main"}
                made = await http.put(f"{SEGMENTS}/{id}", json=body)
                assert made.status_code == 201, made.text

    @property
    def credentials(self) -> dict[str, str]:
        """The API client, as variables for a command."""
        return {name.upper(): value for name, value in self._credentials.items()}

    async def make_tenant(self) -> None:
        """Add the tenant and its client, before the server starts."""
        self.command("tenant", "create", TENANT, "--languages", "en,de")
        made = json.loads(self.command("client", "create", TENANT, "--json"))
        self._credentials = {name: made[name] for name in ("client_id", "client_secret")}

        async with self.opened() as database, database.writing() as session:
            # The bulks name customers that nobody created.
            await Tenants(database, Clock()).change(session, TENANT, "references", "open")

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Database]:
        """The server's database, opened beside it."""
        database = open_database(self.database)
        try:
            yield database
        finally:
            await database.close()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx2.AsyncClient]:
        """A client with the token, over real sockets."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        async with httpx2.AsyncClient(
            base_url=self.url, headers=headers, timeout=60, trust_env=False
        ) as http:
            yield http

    async def end_leases(self) -> bool:
        """Let the leases of a killed worker have run out, to save the wait. Whether it was at work."""
        past = "2000-01-01T00:00:00.000Z"
        async with self.opened() as database, database.writing() as session:
            held = update(job).where(job.c.state == "RUNNING", job.c.lease_until > past)
            return bool(await session.run(held.values(lease_until=past)))

    async def jobs_end(self, seconds: float = 60) -> None:
        """Wait until no import is left to run."""
        deadline = time.monotonic() + seconds
        async with self.client() as http:
            while True:
                answer = await http.get(f"{IMPORTS}?q=state:(QUEUED,RUNNING)")
                assert answer.status_code == 200, answer.text
                if not answer.json():
                    return
                assert time.monotonic() < deadline, answer.text
                await asyncio.sleep(0.02)

    async def members(self) -> dict[tuple[str, str], int]:
        """The version of every stored assignment, by segment and customer."""

        statement = select(member.c.segment_id, member.c.customer_id, member.c.version)
        async with self.opened() as database, database.reading() as session:
            rows = await session.all(statement)
        return {(row.segment_id, row.customer_id): row.version for row in rows}

    async def events(self, type: str = CUSTOMER_CREATED) -> list[tuple[str, str]]:
        """Segment and customer of every event of this type, in order."""
        found = await self.payloads(type)
        return [(payload["segmentId"], payload["customer"]["id"]) for payload in found]

    async def payloads(self, type: str) -> list[Any]:
        """The payload of every event of this type, in order."""

        statement = select(outbox.c.payload).where(outbox.c.type == type).order_by(outbox.c.id)
        async with self.opened() as database, database.reading() as session:
            rows = await session.all(statement)
            return [payload for row in rows for _, payload in entries(row.payload)]


@contextmanager
def serving(
    folder: Path, postgres_admin: str | None, *segments: str, works: bool = False
) -> Iterator[Served]:
    """A running server with a tenant and `segments`: on PostgreSQL when `postgres_admin` names one, else SQLite."""
    url = create_database(postgres_admin) if postgres_admin else None
    server = Served(folder, dsn(url) if url else None, works=works)
    try:
        asyncio.run(server.make_tenant())
        server.start()
        asyncio.run(server.furnish(*segments))
        yield server
    finally:
        server.kill()
        if postgres_admin and url:
            drop_database(postgres_admin, url)


def bulk(customers: list[str], **mixin: Any) -> list[dict[str, Any]]:
    """The body of a bulk PUT of customers."""
    return [{"customerId": each, **({"mixins": {"mark": mixin}} if mixin else {})} for each in customers]
