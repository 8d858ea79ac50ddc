"""Imports on a real server: killed in the middle again and again they end as if never.

`COTERIE_TEST_KILLS` is how often, as in test_crash.py.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support import feed
from support.served import IMPORTS, SEGMENTS, TENANT, Served, bulk, serving

KILLS = int(os.environ.get("COTERIE_TEST_KILLS", "2"))
ROWS, OLD = 20_000, 1_500
log = logging.getLogger(__name__)


async def customers(numbers: range) -> AsyncIterator[bytes]:
    """A file of members, in parts that end anywhere."""
    yield b"customerId\n"
    for start in range(numbers.start, numbers.stop, 777):
        part = range(start, min(start + 777, numbers.stop))
        yield b"".join(b"c%07d\n" % number for number in part)


async def upload(http: httpx2.AsyncClient, numbers: range) -> str:
    """The path of an import that replaces all members by these."""
    answer = await http.post(
        IMPORTS,
        params={"type": "customers", "segmentId": "gold", "mode": "replace"},
        content=customers(numbers),
        headers={"content-type": "text/csv"},
    )
    assert answer.status_code == 202, answer.text
    return f"{IMPORTS}/{answer.json()['id']}"


async def fill(server: Served) -> None:
    """Old members."""
    async with server.client() as http:
        for start in range(0, OLD, 200):
            ids = [f"c{number:07d}" for number in range(start, min(start + 200, OLD))]
            answer = await http.put(f"{SEGMENTS}/gold/customers/bulk", json=bulk(ids))
            assert answer.status_code == 207


async def start(server: Served, numbers: range) -> str:
    async with server.client() as http:
        return await upload(http, numbers)


async def view(server: Served, path: str) -> Any:
    async with server.client() as http:
        return (await http.get(path)).json()


async def check(server: Served, path: str, before: range, named: range) -> None:
    """The import has ended as one that nobody interrupted, and the events tell what it did."""
    await server.jobs_end()
    ended, (old, new) = await view(server, path), (set(before), set(named))
    assert ended["state"] == "SUCCEEDED", ended
    counts = {name: number for name, number in ended["counts"].items() if not name.startswith("bytes")}
    assert counts == {
        "rows": len(new),
        "created": len(new - old),
        "updated": 0,
        "unchanged": len(new & old),
        "deleted": len(old - new),
        "failed": 0,
    }
    async with server.opened() as database:
        stored = await feed.checked(database, TENANT)
    assert sorted(stored.members) == sorted(("gold", f"c{number:07d}", "") for number in named)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_server_killed_during_an_import_loses_and_repeats_nothing(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    admin = request.getfixturevalue("postgres_url") if engine == "postgres" else None
    chance, at_work, imports = random.Random(7), 0, 0
    members, named = range(OLD), range(OLD // 2, OLD // 2 + ROWS)
    with serving(tmp_path, admin, "gold", works=True) as server:
        asyncio.run(fill(server))
        while at_work < KILLS:
            path, rows, patience = asyncio.run(start(server, named)), 0, 1.0
            while at_work < KILLS:
                time.sleep(chance.uniform(0.05, 0.4) * patience)
                server.kill()
                at_work += asyncio.run(server.end_leases())
                server.start()
                now = asyncio.run(view(server, path))
                if now["state"] not in ("QUEUED", "RUNNING"):
                    break
                # A step that is never let end fails its job: where the machine is slow, kills wait for longer.
                patience, rows = patience * 2 if now["counts"]["rows"] == rows else 1.0, now["counts"]["rows"]
            asyncio.run(check(server, path, members, named))
            imports += 1
            members, named = named, range(named.start + ROWS // 2, named.stop + ROWS // 2)
    log.info("%s: %s kills at work in %s imports", engine, at_work, imports)
