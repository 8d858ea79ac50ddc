"""A server killed in the middle of a write leaves all of it or nothing, and the events tell what the tables hold.

`COTERIE_TEST_KILLS` is how often each kind of write is killed on each engine; a few times unless it is set.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from support import feed
from support.served import IMPORTS, SEGMENTS, TENANT, Served, bulk, serving

KILLS = int(os.environ.get("COTERIE_TEST_KILLS", "2"))
SECONDS_EACH = 10  # on average; a machine that is slower than that makes fewer rounds
MANY = tuple(f"s{number:02}" for number in range(60))
log = logging.getLogger(__name__)

Keys = set[tuple[str, str, str]]
Prepare = Callable[[httpx2.AsyncClient, str, int], Awaitable[str]]
Send = Callable[[httpx2.AsyncClient, str, int], Awaitable[httpx2.Response]]


@dataclass(frozen=True)
class Act:
    """A write that is killed, of `size` assignments that come, or go, all at once.

    prepare: makes what it needs, under a name of its own, and returns the id of that. send: the request. members,
    items: the keys of the assignments, of the id and the size. thing: the path of what is deleted with them, or
    "" when the assignments are made. job: it goes on after the answer, and after a kill by itself.
    """

    size: int
    send: Send
    prepare: Prepare
    members: Callable[[str, int], Iterable[tuple[str, str, str]]] = lambda id, size: ()
    items: Callable[[str, int], Iterable[tuple[str, str, str]]] = lambda id, size: ()
    thing: str = ""
    job: bool = False


async def make(http: httpx2.AsyncClient, method: str, path: str, body: Any) -> Any:
    answer = await http.request(method, path, json=body)
    assert answer.status_code in (201, 204, 207), answer.text
    if answer.status_code == 207:
        assert {entry["code"] for entry in answer.json()} == {201}, answer.text
    return answer.json() if answer.content else None


async def only_a_name(http: httpx2.AsyncClient, name: str, size: int) -> str:
    return name


async def put_members(http: httpx2.AsyncClient, id: str, size: int) -> httpx2.Response:
    return await http.put(
        f"{SEGMENTS}/gold/customers/bulk", json=bulk([f"{id}-{at:03}" for at in range(size)])
    )


async def put_items(http: httpx2.AsyncClient, id: str, size: int) -> httpx2.Response:
    body = [{"id": f"{id}-{at:03}"} for at in range(size)]
    return await http.put(f"{SEGMENTS}/gold/items/PRODUCT/bulk", json=body)


async def import_members(http: httpx2.AsyncClient, id: str, size: int) -> httpx2.Response:
    rows = "".join(f"{id}-{at:04}\n" for at in range(size))
    query = {"type": "customers", "segmentId": "gold"}
    headers = {"content-type": "text/csv"}
    return await http.post(IMPORTS, params=query, content=f"customerId\n{rows}", headers=headers)


async def product(http: httpx2.AsyncClient, name: str, size: int) -> str:
    body = {"code": name, "name": {"en": name}, "productType": "BASIC", "published": True}
    await make(http, "PUT", f"/product/{TENANT}/products/{name}", body)
    for segment in MANY[:size]:
        await make(http, "PUT", f"{SEGMENTS}/{segment}/items/PRODUCT/{name}", {})
    return name


async def category(http: httpx2.AsyncClient, name: str, size: int) -> str:
    body = {"localizedName": {"en": name}, "published": True}
    await make(http, "PUT", f"/category/{TENANT}/categories/{name}?publish=true", body)
    for segment in MANY[:size]:
        await make(http, "PUT", f"{SEGMENTS}/{segment}/items/CATEGORY/{name}", {})
    return name


async def customer(http: httpx2.AsyncClient, name: str, size: int) -> str:
    body = {"contactEmail": f"{name}@example.com", "firstName": "Ada", "lastName": name}
    id: str = (await make(http, "POST", f"/customer/{TENANT}/customers", body))["id"]
    for segment in MANY[:size]:
        await make(http, "PUT", f"{SEGMENTS}/{segment}/customers/{id}", {})
    return id


async def big_segment(http: httpx2.AsyncClient, name: str, size: int) -> str:
    await make(http, "PUT", f"{SEGMENTS}/{name}", {"name": {"en": name}, "siteCode": "main"})
    for start in range(0, size, 200):
        ids = [str(at) for at in range(start, min(start + 200, size))]
        await make(http, "PUT", f"{SEGMENTS}/{name}/customers/bulk", bulk(ids))
        await make(http, "PUT", f"{SEGMENTS}/{name}/items/PRODUCT/bulk", [{"id": each} for each in ids])
    return name


def deletion(path: str) -> Send:
    async def delete(http: httpx2.AsyncClient, id: str, size: int) -> httpx2.Response:
        return await http.delete(path.replace("{id}", id))

    return delete


def deleted(path: str, prepare: Prepare, size: int = len(MANY), tail: str = "", **keys: Any) -> Act:
    return Act(size, deletion(path + tail), prepare, thing=path, **keys)


ACTS = {
    "members": Act(
        200,
        put_members,
        only_a_name,
        members=lambda id, size: (("gold", f"{id}-{at:03}", "") for at in range(size)),
    ),
    "items": Act(
        200,
        put_items,
        only_a_name,
        items=lambda id, size: (("gold", "PRODUCT", f"{id}-{at:03}") for at in range(size)),
    ),
    "product": deleted(
        f"/product/{TENANT}/products/{{id}}",
        product,
        items=lambda id, size: ((segment, "PRODUCT", id) for segment in MANY[:size]),
    ),
    "category": deleted(
        f"/category/{TENANT}/categories/{{id}}",
        category,
        items=lambda id, size: ((segment, "CATEGORY", id) for segment in MANY[:size]),
    ),
    "customer": deleted(
        f"/customer/{TENANT}/customers/{{id}}",
        customer,
        members=lambda id, size: ((segment, id, "") for segment in MANY[:size]),
    ),
    "segment": deleted(
        f"{SEGMENTS}/{{id}}",
        big_segment,
        600,
        "?forceDelete=true",
        members=lambda id, size: ((id, str(at), "") for at in range(size)),
        items=lambda id, size: ((id, "PRODUCT", str(at)) for at in range(size)),
    ),
    "import": Act(
        2200,
        import_members,
        only_a_name,
        members=lambda id, size: (("gold", f"{id}-{at:04}", "") for at in range(size)),
        job=True,
    ),
}


async def answered(act: Act, http: httpx2.AsyncClient, id: str, size: int) -> bool:
    """Whether the server said that it has done it; False when it died before that."""
    try:
        answer = await act.send(http, id, size)
    except httpx2.TransportError:
        return False
    assert answer.status_code in ((202, 204) if act.thing or act.job else (207,)), answer.text
    if answer.status_code == 207:
        assert {entry["code"] for entry in answer.json()} == {201}, answer.text
    return True


async def warm(act: Act, server: Served, http: httpx2.AsyncClient, name: str) -> None:
    """Let the next request spend its time in writing: connected, its token known, its SQL compiled."""
    assert await answered(act, http, await act.prepare(http, name, 2), 2)
    if act.job:
        await server.jobs_end()


async def seconds_of(act: Act, server: Served, name: str) -> float:
    """How long it takes when nobody interrupts it: the shorter of two."""
    took = []
    async with server.client() as http:
        await warm(act, server, http, f"w{name}")
        for which in ("a", "b"):
            id = await act.prepare(http, which + name, act.size)
            started = time.perf_counter()
            assert await answered(act, http, id, act.size)
            if act.job:
                await server.jobs_end()
            took.append(time.perf_counter() - started)
    return min(took)


async def killed(act: Act, server: Served, name: str, delay: float) -> tuple[str, bool, bool]:
    """The id, whether the request was answered before the kill, `delay` seconds after it was sent, and whether a
    job was at work then."""
    async with server.client() as http:
        await warm(act, server, http, f"w{name}")
        id = await act.prepare(http, name, act.size)
        writing = asyncio.create_task(answered(act, http, id, act.size))
        await asyncio.sleep(delay)
        server.kill()
        return id, await writing, await server.end_leases()


async def happened(act: Act, server: Served, id: str) -> bool:
    """Whether the write is there: all of it or nothing. Fails otherwise, and when the events tell something else."""
    if act.job:
        await server.jobs_end()
    async with server.opened() as database:
        now = await feed.checked(database, TENANT)
    members, items = set(act.members(id, act.size)), set(act.items(id, act.size))
    found = len(members & now.members.keys()) + len(items & now.items.keys())
    assert found in (0, len(members) + len(items)), (
        f"{found} of {len(members) + len(items)} assignments are left"
    )
    if not act.thing:
        return found > 0
    async with server.client() as http:
        status = (await http.get(act.thing.replace("{id}", id))).status_code
    assert status == (200 if found else 404), f"{status}, but {found} assignments"
    return not found


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with segments, once on each engine."""
    admin = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    with serving(tmp_path_factory.mktemp(request.param), admin, "gold", *MANY, works=True) as served:
        yield served


@pytest.mark.parametrize("name", ACTS)
def test_a_killed_server_leaves_all_or_nothing(server: Served, name: str) -> None:
    act, chance = ACTS[name], random.Random(7)
    if not server.running:
        server.start()
    whole = asyncio.run(seconds_of(act, server, name))
    outcomes, at_work, until = [], 0, time.monotonic() + KILLS * SECONDS_EACH
    # One kill in each part of the call, then some after it: every part of it is hit, the commit too.
    for round, slot in enumerate(chance.sample(range(KILLS), KILLS)):
        if time.monotonic() > until:
            break
        delay = whole * 1.5 * (slot + chance.random()) / KILLS
        id, was_answered, interrupted = asyncio.run(killed(act, server, f"{name}{round:03}", delay))
        server.start()
        done = asyncio.run(happened(act, server, id))
        assert done or not was_answered, f"round {round} was answered and is lost"
        outcomes.append((was_answered, done))
        at_work += interrupted
    undone, unanswered = outcomes.count((False, False)), outcomes.count((False, True))
    log.info(
        "%s, %s: %s kills, %s before the commit, %s between it and the answer, %s at work in a job, others after it",
        *(server.engine, name, len(outcomes), undone, unanswered, at_work),
    )
    assert (at_work if act.job else undone) or KILLS < 20, (
        f"no kill came while it was written: delays up to {whole:.3f} s miss their purpose"
    )
