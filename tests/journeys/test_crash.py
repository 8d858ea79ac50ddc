"""A server killed in the middle of a bulk leaves all of it or nothing, members and events alike."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from support.served import SEGMENTS, Served, bulk, serving

ROUNDS, SIZE = 20, 200
BULK = f"{SEGMENTS}/gold/customers/bulk"


def customers(round: int) -> list[str]:
    return [f"r{round:02}-{number:03}" for number in range(SIZE)]


async def write(http: httpx2.AsyncClient, ids: list[str]) -> bool:
    """Whether the server said that it has written the members; False when it died before that."""
    try:
        answer = await http.put(BULK, json=bulk(ids))
    except httpx2.TransportError:
        return False
    assert answer.status_code == 207, answer.text
    assert all(entry["code"] == 201 for entry in answer.json())
    return True


@asynccontextmanager
async def warm(server: Served, round: int) -> AsyncIterator[httpx2.AsyncClient]:
    """A client whose next bulk spends its time in writing: connected, its token known, its SQL compiled."""
    async with server.client() as http:
        assert await write(http, [f"w{round:02}-0", f"w{round:02}-1"])
        yield http


async def seconds_of_a_bulk(server: Served) -> float:
    async with warm(server, 0) as http:
        started = time.perf_counter()
        assert await write(http, customers(0))
        return time.perf_counter() - started


async def killed_after(server: Served, round: int, delay: float) -> bool:
    """Whether the round's bulk was answered before the server was killed, `delay` seconds after it was sent."""
    async with warm(server, round) as http:
        writing = asyncio.create_task(write(http, customers(round)))
        await asyncio.sleep(delay)
        server.kill()
        return await writing


async def left(server: Served, round: int, answered: bool) -> int:
    """How many members of the round there are: all or none, and as many events. Fails otherwise."""
    members, events = await server.members(), await server.events()
    found = sum(("gold", each) in members for each in customers(round))
    assert found in (0, SIZE), f"round {round} left {found} of {SIZE} members"
    assert found == SIZE or not answered, f"round {round} was answered with 207 and is lost"
    assert sorted(events) == sorted(members), f"round {round}: events and members differ"
    return found


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_killed_server_leaves_all_or_nothing_of_a_bulk(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    admin = request.getfixturevalue("postgres_url") if engine == "postgres" else None
    chance = random.Random(7)
    with serving(tmp_path, admin, "gold") as server:
        whole = asyncio.run(seconds_of_a_bulk(server))
        kept = []
        for round in range(1, ROUNDS + 1):
            # One kill in each tenth of a call, then some after it: every part of it is hit, the commit too.
            delay = whole * 2 * (round - 1 + chance.random()) / ROUNDS
            answered = asyncio.run(killed_after(server, round, delay))
            server.start()
            kept.append(asyncio.run(left(server, round, answered)))
        assert 0 in kept, (
            f"no kill came before a commit: the delays, up to {2 * whole:.3f} s, miss their purpose"
        )
