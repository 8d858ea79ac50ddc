"""A server that is asked to stop answers what it has begun, a worker gives its job back; then they end well."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from support.served import IMPORTS, SEGMENTS, Served, bulk, serving

REQUESTS, SIZE = 4, 200
ROWS = 12_000


async def in_flight(http: httpx2.AsyncClient) -> int:
    """How many requests the server works on, this one apart."""
    metrics = (await http.get("/metrics")).text
    found = re.search(r"^coterie_requests_in_flight (\d+)", metrics, re.M)
    assert found, metrics
    return int(found[1]) - 1


async def lets_in(server: Served) -> bool:
    """Whether the server answers a new connection."""
    async with server.client() as late:
        try:
            return (await late.get("/health/live")).status_code == 200
        except httpx2.TransportError:
            return False


async def stop_with_writes_in_flight(server: Served) -> list[int]:
    """Ask the server to stop while writes wait for a lock that the test holds; the statuses of their answers."""
    async with server.opened() as database, server.client() as http:
        async with database.writing() as session, asyncio.timeout(30):  # on SQLite this is the lock
            if not server.database.startswith("sqlite"):
                await session.run(text("LOCK TABLE customer_segment_member IN EXCLUSIVE MODE"))
            writes = [
                asyncio.create_task(
                    http.put(
                        f"{SEGMENTS}/gold/customers/bulk", json=bulk([f"w{n}-{at}" for at in range(SIZE)])
                    )
                )
                for n in range(REQUESTS)
            ]
            while await in_flight(http) < REQUESTS:  # noqa: ASYNC110 - the condition is another process'
                await asyncio.sleep(0.02)
            server.ask_to_stop()
            while await lets_in(server):  # noqa: ASYNC110 - the condition is another process'
                await asyncio.sleep(0.02)
            assert server.running
            assert not any(write.done() for write in writes)
        return [(await write).status_code for write in writes]


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_stopping_server_answers_what_it_has_begun(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    admin = request.getfixturevalue("postgres_url") if engine == "postgres" else None
    with serving(tmp_path, admin, "gold") as server:
        assert asyncio.run(stop_with_writes_in_flight(server)) == [207] * REQUESTS
        assert server.exit_code() == 0
        members, events = asyncio.run(server.members()), asyncio.run(server.events())
        assert len(members) == REQUESTS * SIZE
        assert sorted(events) == sorted(members)
        assert server.log.read_text().count("error") == 0, server.log.read_text()


async def upload(server: Served) -> str:
    """The path of an import of many members."""
    async with server.client() as http:
        answer = await http.post(
            IMPORTS,
            params={"type": "customers", "segmentId": "gold"},
            content="customerId\n" + "".join(f"c{number:05}\n" for number in range(ROWS)),
            headers={"content-type": "text/csv"},
        )
        assert answer.status_code == 202, answer.text
        return f"{IMPORTS}/{answer.json()['id']}"


async def view(server: Served, path: str, rows: int = 0) -> tuple[str, int]:
    """State and rows of an import, once it has got so far."""
    async with server.client() as http:
        while True:
            found = (await http.get(path)).json()
            if found["counts"]["rows"] >= rows:
                return found["state"], found["counts"]["rows"]
            await asyncio.sleep(0.02)


def test_a_stopping_worker_gives_its_job_back(postgres_url: str, tmp_path: Path) -> None:
    with serving(tmp_path, postgres_url, "gold") as server:
        assert "wait for `coterie worker`" in server.log.read_text()
        path = asyncio.run(upload(server))
        assert asyncio.run(view(server, path)) == ("QUEUED", 0)
        worker = server.start_worker()
        asyncio.run(view(server, path, 1))
        worker.terminate()
        assert worker.wait(30) == 0
        state, rows = asyncio.run(view(server, path))
        assert (state, 0 < rows < ROWS) == ("QUEUED", True)
        server.start_worker()
        asyncio.run(server.jobs_end())
        assert asyncio.run(view(server, path)) == ("SUCCEEDED", ROWS)
        assert sorted(asyncio.run(server.events())) == sorted(asyncio.run(server.members()))
