"""A backlog of events delivered to one receiver, against the bare HTTP client that sends it as many requests."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2

from benchmarks.generate import progress
from benchmarks.load import ROOT, Server
from benchmarks.report import Figure
from coterie.database.engines import engine_of
from coterie.directory import SERVICES
from coterie.kit.runtime import Runtime, build
from coterie.kit.tables import outbox
from coterie.migrations import migrate
from coterie.services.webhook import facade
from coterie.settings import Settings
from coterie.worker.webhooks import Pace, WebhookWorker

NAME = "webhooks"
GOAL = 0.4
_TENANT, _TYPE, _SUBJECTS = "hooks", "product.created", 1000
_AT = "2026-01-02T03:04:05.678Z"
_PAYLOAD = '{"id":"p%07d","code":"C-%07d","name":{"en":"Product"},"productType":"BASIC","published":true}'
# The bare client need not send all of them for its rate.
_BARE = 20_000
_LOAD = 5_000
_COLUMNS = ("tenant", "type", "subject", "payload", "internal", "created_at", "events")


def figures(engine: str, servers: dict[str, Server], events: int) -> Iterator[Figure]:
    """Events delivered per second until none is left, and requests per second of the client alone, before and after."""
    for size, server in servers.items():
        progress(f"{engine}: {NAME}, size {size}, {events:,} events\n")
        settings = replace(server.tenant.settings, allowed_hosts="127.0.0.1")
        if engine_of(settings.database) == "sqlite":
            # A file of its own: the server's own worker would take the events of the other.
            settings = replace(settings, database=f"sqlite:///{server.tenant.folder / 'hooks.db'}")
        line = [sys.executable, "-m", "benchmarks.webhooks"]
        receiver = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            assert receiver.stdout is not None
            url = f"http://127.0.0.1:{int(receiver.stdout.readline())}/hooks"
            bare = [asyncio.run(_bare(url, min(events, _BARE)))]
            whole = asyncio.run(_drained(settings, url, events))
            bare.append(asyncio.run(_bare(url, min(events, _BARE))))
        finally:
            receiver.terminate()
            receiver.wait()
        title = f"a backlog of {events:,} events by webhooks, signed"
        yield Figure(
            title,
            engine,
            size,
            "the bare HTTP client to the same receiver",
            GOAL,
            [whole] * 2,
            bare,
        )


async def _bare(url: str, count: int) -> float:
    """Requests per second of the client with as many at once as the worker has."""
    numbers = iter(range(count))

    async def send(client: httpx2.AsyncClient) -> None:
        for number in numbers:
            answer = await client.post(url, content=(_PAYLOAD % (number, number)).encode())
            assert answer.status_code == 200

    async with httpx2.AsyncClient(trust_env=False) as client:
        started = time.perf_counter()
        await asyncio.gather(*(send(client) for _ in range(Pace().at_once)))
        return count / (time.perf_counter() - started)


async def _drained(settings: Settings, url: str, events: int) -> float:
    """Events per second until the backlog is delivered."""
    await migrate.upgrade(settings.database_url)
    runtime = build(settings, SERVICES)
    try:
        await _backlog(runtime, url, events)
        sent: list[int] = []
        worker = WebhookWorker(runtime, observe=lambda _outcome, number: sent.append(number))
        started = time.perf_counter()
        await worker.drain()
        seconds = time.perf_counter() - started
        assert sum(sent) == events, f"{sum(sent)} of {events} were delivered"
        return events / seconds
    finally:
        await runtime.close()


async def _backlog(runtime: Runtime, url: str, events: int) -> None:
    secret = runtime.vault.seal("benchmark", facade.SECRETS)
    doc = {"provider": "HTTP", "configuration": {"destinationUrl": url, "secretKey": secret}}
    told: dict[str, Any] = {"tenant": _TENANT, "code": "http", "active": True}
    made = {"version": 1, "created_at": _AT, "modified_at": _AT}
    async with runtime.database.writing() as db:
        await db.run(facade.config.insert(), [{**told, "doc": doc, **made}])
        await db.run(facade.destination.insert(), [{**told, "entry": "", "after_id": 0, "after_position": 0}])
        row = {"tenant": _TENANT, "event_type": _TYPE, "subscribed": True, "excluded": [], **made}
        await db.run(facade.subscription.insert(), [row])
    for start in range(0, events, _LOAD):
        rows = [
            (_TENANT, _TYPE, f"product:{n % _SUBJECTS}", _PAYLOAD % (n, n), False, _AT, 1)
            for n in range(start, min(start + _LOAD, events))
        ]
        async with runtime.database.writing() as db:
            await db.load(outbox, _COLUMNS, rows)


class _Receiver(asyncio.Protocol):
    """Answers every request with 200 as soon as it is whole."""

    def __init__(self) -> None:
        self._data = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._data) < end + 4 + length:
                return
            self._data = self._data[end + 4 + length :]
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


async def _receive() -> None:
    server = await asyncio.get_running_loop().create_server(_Receiver, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_receive())
