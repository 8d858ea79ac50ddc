"""Eight clients that write the same members at once, over HTTP into one SQLite file, lose nothing."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

from coterie.services.customer_segment.events import CUSTOMER_CREATED, CUSTOMER_UPDATED
from support.served import SEGMENTS, Served, bulk, serving

WRITERS, BULKS, SIZE, READERS = 8, 25, 40, 2
NAMES = ("gold", "silver", "bronze")
PEOPLE = [f"c{number:03}" for number in range(120)]

Member = tuple[str, str]


async def write(server: Served, writer: int) -> Counter[Member]:
    """Bulks of members that other writers write too; how often each was written."""
    chance = random.Random(writer)
    written: Counter[Member] = Counter()
    async with server.client() as http:
        for number in range(BULKS):
            segment, ids = chance.choice(NAMES), chance.sample(PEOPLE, SIZE)
            # No two writes are the same, so that each one is a change and has its event.
            answer = await http.put(
                f"{SEGMENTS}/{segment}/customers/bulk", json=bulk(ids, writer=writer, number=number)
            )
            assert answer.status_code == 207, answer.text
            assert {entry["code"] for entry in answer.json()} <= {201, 204}, answer.text
            written.update((segment, id) for id in ids)
    return written


async def read(server: Served, reader: int, done: asyncio.Event) -> int:
    """Lists members until `done`; a bulk is seen whole, so their number never goes down. How many reads."""
    segment, before, reads = NAMES[reader], 0, 0
    async with server.client() as http:
        while not done.is_set():
            answer = await http.get(
                f"{SEGMENTS}/{segment}/customers?pageSize=200", headers={"X-Total-Count": "true"}
            )
            assert answer.status_code == 200, answer.text
            count = int(answer.headers["X-Total-Count"])
            assert count == len(answer.json()), "the count and the page are of one instant"
            assert count >= before
            before, reads = count, reads + 1
    return reads


async def storm(server: Served) -> tuple[Counter[Member], list[int]]:
    """What was written, and how often each reader has read meanwhile."""
    done = asyncio.Event()
    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        readers = [tasks.create_task(read(server, reader, done)) for reader in range(READERS)]
        try:
            written = await asyncio.gather(*(write(server, writer) for writer in range(WRITERS)))
        finally:
            done.set()
    return sum(written, Counter()), [reader.result() for reader in readers]


def test_eight_http_writers_of_one_file_lose_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, None, *NAMES) as server:
        written, reads = asyncio.run(storm(server))
        assert written.total() == WRITERS * BULKS * SIZE
        assert min(reads) > 0
        # A version counts the writes: a lost update would be missing here.
        assert asyncio.run(server.members()) == dict(written)
        assert sorted(asyncio.run(server.events(CUSTOMER_CREATED))) == sorted(written)
        updated = Counter(asyncio.run(server.events(CUSTOMER_UPDATED)))
        assert updated == written - Counter(list(written))
        assert server.log.read_text().count("lock") == 0, server.log.read_text()
