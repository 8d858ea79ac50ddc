"""A generated tenant behind a real server in a process of its own, and wrk that asks it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.request import urlopen

from benchmarks.generate import TENANT
from benchmarks.reads import SAMPLE, SPREAD, Read, Request, floor_of, requests
from benchmarks.server import ANSWERS
from benchmarks.shape import Size, sample
from coterie.directory import SERVICES
from coterie.kit import clients
from coterie.kit.clock import iso
from coterie.kit.runtime import Runtime, build
from coterie.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
_SECRET = "benchmark-" * 4
_CONNECTIONS = 8
_START_SECONDS = 60


@dataclass
class Tenant:
    """A generated tenant in a database of its own, with tokens of its sample customers and of a backend."""

    size: Size
    settings: Settings
    tokens: list[str]
    service: str
    folder: Path


def logged_in(size: Size, url: str, folder: Path) -> Tenant:
    """The generated tenant of this size in the database at `url`, after its sample customers have logged in."""
    settings = Settings(database=url, data_dir=str(folder), secret=_SECRET)
    tokens, service = asyncio.run(_log_in(settings, size))
    return Tenant(size, settings, tokens, service, folder)


async def _log_in(settings: Settings, size: Size) -> tuple[list[str], str]:
    runtime = build(settings, SERVICES)
    try:
        return await _tokens(runtime, size)
    finally:
        await runtime.close()


async def _tokens(runtime: Runtime, size: Size) -> tuple[list[str], str]:
    issuer = await runtime.tokens.issuer()
    async with runtime.database.writing() as db:
        client, _ = await clients.create(db, TENANT, "api", at=iso(issuer.now))
        tokens = []
        for each in sample(size, SPREAD):
            issued = await issuer.customer(db, TENANT, each.customer_id, client_id=client.id, session_id=None)
            tokens.append(issued.access_token)
    return tokens, issuer.service(client, client.scopes).access_token


@dataclass
class Server:
    """A running server of a tenant. `files` are what wrk sends, by name."""

    tenant: Tenant
    address: str = ""
    process: subprocess.Popen[bytes] | None = None
    files: dict[str, Path] = field(default_factory=dict)

    def __enter__(self) -> Server:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self.process = self._started("serve", port)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    "the server did not start; run `python -m benchmarks.server serve` to see why"
                )
            try:
                urlopen(f"http://{self.address}/health/ready").close()
                return self
            except OSError:
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait()

    def _started(self, command: str, port: int) -> subprocess.Popen[bytes]:
        settings = self.tenant.settings
        environment = {
            **os.environ,
            "COTERIE_DATABASE": settings.database,
            "COTERIE_DATA_DIR": settings.data_dir,
            "COTERIE_SECRET": settings.secret,
            "COTERIE_PORT": str(port),
            ANSWERS: str(self.tenant.folder / "answers.json"),
        }
        line = [sys.executable, "-m", "benchmarks.server", command]
        return subprocess.Popen(
            line, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    @contextmanager
    def working(self) -> Iterator[int]:
        """The process that works on jobs meanwhile: the server itself, or on PostgreSQL a worker of its own."""
        assert self.process is not None
        if self.tenant.settings.embedded:
            yield self.process.pid
            return
        worker = self._started("worker", 0)
        try:
            yield worker.pid
        finally:
            worker.terminate()
            worker.wait()

    def record(self, reads: Iterable[Read]) -> None:
        """Send every request once, keep the sample's answers for the floor, and write what wrk will send."""
        answers = {}
        for read in reads:
            spread = requests(read, self.tenant.size, self.tenant.tokens, self.tenant.service)
            given = spread[:SAMPLE]
            answers[read.name] = [each.decode() for each in self.ask(spread)[:SAMPLE]]
            sent = {"": given, "-floor": floor_of(read, given), "-spread": spread}
            for suffix, each in sent.items():
                self.files[read.name + suffix] = self._written(read.name + suffix, each)
        (self.tenant.folder / "answers.json").write_text(json.dumps(answers))

    def ask(self, given: Iterable[Request]) -> list[bytes]:
        """The bodies of the answers, one after the other. Raises RuntimeError unless all are successes."""
        connection = HTTPConnection(self.address)
        bodies = []
        for each in given:
            headers = {"Authorization": f"Bearer {each.token}", "Content-Type": "application/json"}
            connection.request(each.method, each.target, each.body or None, headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{each.method} {each.target}: {answer.status} {body[:300]!r}")
            bodies.append(body)
        connection.close()
        return bodies

    def _written(self, name: str, given: Iterable[Request]) -> Path:
        path = self.tenant.folder / f"{name}.requests"
        raw = [each.raw() for each in given]
        path.write_bytes(b"".join(b"%d\n%b" % (len(each), each) for each in raw))
        return path

    def start_load(self, name: str, seconds: int) -> subprocess.Popen[str]:
        """wrk on its way; `rate` says what it found."""
        command = [
            "wrk",
            "-t1",
            f"-c{_CONNECTIONS}",
            f"-d{seconds}s",
            "-s",
            str(ROOT / "benchmarks" / "rotate.lua"),
        ]
        target = [f"http://{self.address}/", "--", str(self.files[name])]
        return subprocess.Popen([*command, *target], stdout=subprocess.PIPE, text=True)

    def rate(self, name: str, seconds: int) -> float:
        """Requests per second."""
        return rate(self.start_load(name, seconds))


def rate(load: subprocess.Popen[str]) -> float:
    """Requests per second that wrk found. Raises RuntimeError when any was refused."""
    text = load.communicate()[0]
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if load.returncode or found is None or "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"wrk: {text}")
    return float(found[1])
