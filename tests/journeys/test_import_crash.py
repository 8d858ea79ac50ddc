"""Imports on a real server: killed in the middle again and again they end as if never."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import update

from coterie.kit.tables import job
from coterie.services.customer_segment.events import CUSTOMER_CREATED, CUSTOMER_DELETED
from support.served import SEGMENTS, TENANT, Served, bulk, serving

IMPORTS = f"/customer-segment/{TENANT}/imports"
ROWS, OLD = 40_000, 1_500


async def customers(first: int, count: int) -> AsyncIterator[bytes]:
    """A file of members, in parts that end anywhere."""
    yield b"customerId\n"
    for start in range(first, first + count, 777):
        ids = range(start, min(start + 777, first + count))
        yield b"".join(b"c%07d\n" % number for number in ids)


async def upload(http: httpx2.AsyncClient, rows: AsyncIterator[bytes], **query: str) -> str:
    answer = await http.post(
        IMPORTS,
        params={"type": "customers", "segmentId": "gold", **query},
        content=rows,
        headers={"content-type": "text/csv"},
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def ended(server: Served, path: str, seconds: float = 60) -> Any:
    """The job after its end."""
    deadline = time.monotonic() + seconds
    async with server.client() as http:
        while True:
            view = (await http.get(path)).json()
            if view["state"] not in ("QUEUED", "RUNNING"):
                assert view["state"] == "SUCCEEDED", view
                return view
            assert time.monotonic() < deadline, view
            await asyncio.sleep(0.05)


async def fill(server: Served) -> str:
    """Old members, and an import that replaces them by others, half of which were there."""
    async with server.client() as http:
        for start in range(0, OLD, 200):
            ids = [f"c{number:07d}" for number in range(start, min(start + 200, OLD))]
            answer = await http.put(f"{SEGMENTS}/gold/customers/bulk", json=bulk(ids))
            assert answer.status_code == 207
        return f"{IMPORTS}/{await upload(http, customers(OLD // 2, ROWS), mode='replace')}"


def test_a_server_killed_during_an_import_loses_and_repeats_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    with serving(tmp_path, None, "gold") as server:
        path = asyncio.run(fill(server))
        interrupted = []
        for _ in range(4):
            time.sleep(chance.uniform(0.05, 0.6))
            server.kill()
            interrupted.append(asyncio.run(end_lease(server)))
            server.start()
        assert any(interrupted), "no kill came while the import ran: the delays miss their purpose"
        view = asyncio.run(ended(server, path))
        new = ROWS - (OLD - OLD // 2)
        assert view["counts"]["rows"] == ROWS
        assert (view["counts"]["created"], view["counts"]["deleted"]) == (new, OLD // 2)
        assert view["counts"]["failed"] == 0
        expected = sorted(("gold", f"c{number:07d}") for number in range(OLD // 2, OLD // 2 + ROWS))
        assert sorted(asyncio.run(server.members())) == expected
        created = asyncio.run(server.events(CUSTOMER_CREATED))
        assert sorted(created) == sorted(("gold", f"c{number:07d}") for number in range(OLD // 2 + ROWS))
        assert len(asyncio.run(server.payloads(CUSTOMER_DELETED))) == OLD // 2


async def end_lease(server: Served) -> bool:
    """Let the lease of the killed worker have run out, to save the wait. Whether it was at work."""
    async with server.opened() as database, database.writing() as session:
        running = update(job).where(job.c.state == "RUNNING")
        return bool(await session.run(running.values(lease_until="2000-01-01T00:00:00.000Z")))
