"""Two server processes on one database, many clients at once: no lost update, no double membership, one event each."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coterie.services.customer_segment.events import CUSTOMER_CREATED
from support import feed
from support.served import SEGMENTS, TENANT, Served, bulk, serving

NAMES = ("gold", "silver", "bronze", "iron")
SHARED = ("crowd", "counter")
Member = tuple[str, str]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, Served]]:
    """Two processes that serve one tenant, once on each engine."""
    admin = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    folder: Path = tmp_path_factory.mktemp(request.param)
    with serving(folder, admin, *NAMES, *SHARED) as first, first.another() as second:
        yield first, second
        errors = first.log.read_text()
        assert '"level": "error"' not in errors, errors


async def together(
    servers: tuple[Served, Served], *tasks: Callable[[httpx2.AsyncClient], Awaitable[Any]]
) -> Any:
    """The results of the tasks, run at once by clients of their own, every other one at the second server."""

    async def one(at: int, task: Callable[[httpx2.AsyncClient], Awaitable[Any]]) -> Any:
        async with servers[at % 2].client() as http:
            return await task(http)

    async with asyncio.timeout(120):
        return await asyncio.gather(*(one(at, task) for at, task in enumerate(tasks)))


async def told(server: Served) -> feed.Feed:
    async with server.opened() as database:
        return await feed.checked(database, TENANT)


def test_the_same_customers_join_several_segments_at_once(servers: tuple[Served, Served]) -> None:
    """Each of four segments gets the same 200 customers from two clients, in opposite orders."""

    def joins(segment: str, people: list[str]) -> Callable[[httpx2.AsyncClient], Awaitable[Any]]:
        async def join(http: httpx2.AsyncClient) -> list[tuple[Member, int]]:
            answer = await http.put(f"{SEGMENTS}/{segment}/customers/bulk", json=bulk(people))
            assert answer.status_code == 207, answer.text
            codes = [entry["code"] for entry in answer.json()]
            return [((segment, each), code) for each, code in zip(people, codes, strict=True)]

        return join

    for round in range(5):
        people = [f"j{round}-{number:03}" for number in range(200)]
        orders = (people, people[::-1])
        answers = asyncio.run(together(servers, *(joins(name, order) for name in NAMES for order in orders)))
        codes: dict[Member, list[int]] = {}
        for member, code in (entry for answer in answers for entry in answer):
            codes.setdefault(member, []).append(code)
        assert {tuple(sorted(each)) for each in codes.values()} == {(201, 204)}, "one of the two makes it"
        members = asyncio.run(servers[0].members())
        assert {each: members.get(each) for each in codes} == dict.fromkeys(codes, 2)
        created = Counter(asyncio.run(servers[0].events(CUSTOMER_CREATED)))
        assert {each: created[each] for each in codes} == dict.fromkeys(codes, 1)
    asyncio.run(told(servers[0]))


def test_writers_and_readers_of_one_segment(servers: tuple[Served, Served]) -> None:
    """Customers are put, some of them removed and put again, one by one and in bulk, while others list them."""
    stay = [f"s{number:02}" for number in range(40)]
    move = [f"m{number:02}" for number in range(40)]
    url = f"{SEGMENTS}/crowd/customers"
    done = asyncio.Event()
    writing = 6

    def writes(writer: int) -> Callable[[httpx2.AsyncClient], Awaitable[Any]]:
        chance = random.Random(writer)

        async def change(http: httpx2.AsyncClient, number: int) -> list[tuple[str, int]]:
            content = {"mixins": {"mark": {"writer": writer, "number": number}}}
            how = chance.randrange(4)
            if how == 0:
                ids = chance.sample(move, 20)
                answer = await http.request("DELETE", f"{url}/bulk", json=bulk(ids))
            elif how == 1:
                ids = chance.sample(stay + move, 40)
                answer = await http.put(f"{url}/bulk", json=bulk(ids, writer=writer, number=number))
            elif how == 2:
                ids = chance.sample(move, 1)
                answer = await http.delete(f"{url}/{ids[0]}")
            else:
                ids = chance.sample(stay + move, 1)
                answer = await http.put(f"{url}/{ids[0]}", json=content)
            many = answer.status_code == 207
            codes = [entry["code"] for entry in answer.json()] if many else [answer.status_code]
            assert set(codes) <= ({204, 404} if how in (0, 2) else {201, 204}), answer.text
            word = "-" if how in (0, 2) else "+"
            return [(word + id, code) for id, code in zip(ids, codes, strict=True) if code != 404]

        async def write(http: httpx2.AsyncClient) -> Counter[tuple[str, int]]:
            nonlocal writing
            try:
                return Counter([each for number in range(25) for each in await change(http, number)])
            finally:
                writing -= 1
                if not writing:
                    done.set()

        return write

    async def read(http: httpx2.AsyncClient) -> int:
        reads = 0
        while not done.is_set():
            answer = await http.get(f"{url}?pageSize=200", headers={"X-Total-Count": "true"})
            assert answer.status_code == 200, answer.text
            ids = [each["customer"]["id"] for each in answer.json()]
            assert len(set(ids)) == len(ids) == int(answer.headers["X-Total-Count"])
            reads += 1
        return reads

    *counts, first, second = asyncio.run(together(servers, *map(writes, range(writing)), read, read))
    assert first > 0
    assert second > 0
    answered: Counter[tuple[str, int]] = sum(counts, Counter())
    members = asyncio.run(servers[0].members())
    for id in stay:
        assert answered["+" + id, 201] == 1, id
        assert members["crowd", id] == answered["+" + id, 201] + answered["+" + id, 204], id
    for id in move:
        left = answered["+" + id, 201] - answered["-" + id, 204]
        assert left == (("crowd", id) in members), id
    created = Counter(asyncio.run(servers[0].events(CUSTOMER_CREATED)))
    assert {id: created["crowd", id] for id in stay + move} == {
        id: answered["+" + id, 201] for id in stay + move
    }
    asyncio.run(told(servers[0]))


PLACES = {
    "segment": (f"{SEGMENTS}/counter", {"name": {"en": "counter"}, "siteCode": "main"}, None),
    "member": (f"{SEGMENTS}/counter/customers/c", {}, None),
    "member in a bulk": (f"{SEGMENTS}/counter/customers/b", {"customerId": "b"}, "customers/bulk"),
    "item": (f"{SEGMENTS}/counter/items/PRODUCT/p", {}, None),
    "item in a bulk": (f"{SEGMENTS}/counter/items/PRODUCT/q", {"id": "q"}, "items/PRODUCT/bulk"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_stale_version_is_a_conflict_and_no_count_is_lost(
    servers: tuple[Served, Served], place: str
) -> None:
    """Clients read a counter and write it back increased, based on the version that they read."""
    url, required, via = PLACES[place]
    goal, clients = 8, 6

    async def put(http: httpx2.AsyncClient, value: int, version: int | None) -> int:
        body = {**required, "mixins": {"count": {"value": value}}}
        if version is not None:
            body["metadata"] = {"version": version}
        if via is None:
            return (await http.put(url, json=body)).status_code
        # An untouched neighbour on each side: only the stale entry is refused.
        name = next(iter(required))
        near = [{name: f"n{id(http)}-{side}"} for side in (0, 1)]
        answer = await http.put(f"{SEGMENTS}/counter/{via}", json=[near[0], body, near[1]])
        assert answer.status_code == 207, answer.text
        before, code, after = (entry["code"] for entry in answer.json())
        assert {before, after} <= {201, 204}, answer.text
        return int(code)

    async def count(http: httpx2.AsyncClient) -> Counter[int]:
        codes: Counter[int] = Counter()
        while codes[204] < goal:
            seen = (await http.get(url)).json()
            codes[await put(http, seen["mixins"]["count"]["value"] + 1, seen["metadata"]["version"])] += 1
        return codes

    async def whole() -> tuple[Counter[int], int, dict[str, Any]]:
        async with servers[0].client() as http:
            await put(http, 0, None)
            started = (await http.get(url)).json()["metadata"]["version"]
            codes = sum(await together(servers, *[count] * clients), Counter())
            return codes, started, (await http.get(url)).json()

    codes, started, final = asyncio.run(whole())
    assert set(codes) == {204, 409}, "the clients did meet, and nothing else went wrong"
    assert codes[204] == goal * clients
    assert final["mixins"]["count"]["value"] == goal * clients
    assert final["metadata"]["version"] == started + goal * clients
    asyncio.run(told(servers[0]))
