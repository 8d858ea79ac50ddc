"""Files of any size pass through a worker piece by piece: what it holds does not grow with them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from coterie.services.customer_segment.tables import member
from support.api import Api
from support.jobs import IMPORTS, NDJSON, finish, run_steps
from support.shop import Shop

EXPORTS = "/customer-segment/{tenant}/exports"
MEGABYTE = 1024 * 1024
PART = 64 * 1024
UPLOADED = 60 * MEGABYTE
ROWS, TEXT = 60_000, "x" * 400


@pytest.fixture
def api(api: Api) -> Api:
    """A tenant with the segment gold; its customers are kept elsewhere."""
    shop = Shop(api)
    shop.site()
    shop.segment("gold")
    shop.setting("references", "open")
    return api


@contextmanager
def holding(most: int) -> Iterator[None]:
    """What happens inside allocates at most so many bytes at any time, beyond what was there."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= most, f"{peak / MEGABYTE:.1f} MB were held at once, the budget is {most / MEGABYTE:.1f} MB"


def streamed(
    api: Api,
    method: str,
    target: str,
    parts: Iterator[bytes],
    heard: Callable[[bytes], None],
) -> int:
    """The status of a request whose body, and whose answer, come in parts."""
    split = urlsplit(target.replace("{tenant}", api.tenant))
    headers = {"authorization": f"Bearer {api.token}", "content-type": NDJSON}
    scope = {
        "type": "http",
        "method": method,
        "path": split.path,
        "raw_path": split.path.encode(),
        "query_string": split.query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
    }
    status = 0

    async def receive() -> dict[str, Any]:
        part = next(parts, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)
        heard(message.get("body", b""))

    api.run(api.server.app(scope, receive, send))
    return status


def a_file(size: int) -> Iterator[bytes]:
    """Members with long mixins, in parts that end anywhere."""
    rest, sent, number = b"", 0, 0
    while sent < size:
        while len(rest) < PART:
            rest += b'{"customerId": "c%07d", "mixins": {"note": {"text": "%s"}}}\n' % (number, b"x" * 5000)
            number += 1
        part, rest = rest[:PART], rest[PART:]
        sent += len(part)
        yield part
    yield rest


def fill(api: Api) -> None:
    """Many members, past the API."""
    at = "2026-01-01T00:00:00.000Z"
    row = {"tenant": api.tenant, "segment_id": "gold", "legal_entity_id": "", "version": 1}
    row |= {"assignment_type": "MANUAL", "doc": {"mixins": {"note": {"text": TEXT}}}}
    row |= {"created_at": at, "modified_at": at}

    async def write() -> None:
        async with api.server.runtime.database.writing() as session:
            for start in range(0, ROWS, 10_000):
                numbers = range(start, start + 10_000)
                await session.run(member.insert(), [{**row, "customer_id": f"c{n:07}"} for n in numbers])

    api.run(write())


def test_an_upload_is_not_held_in_memory(api: Api) -> None:
    answer = bytearray()
    with holding(12 * MEGABYTE):
        target = f"{IMPORTS}?type=customers&segmentId=gold"
        assert streamed(api, "POST", target, a_file(UPLOADED), answer.extend) == 202, answer
        run_steps(api, 3)
    view = api.get(IMPORTS).json[0]
    assert view["counts"]["bytes"] >= UPLOADED
    assert view["counts"]["rows"] > 100
    assert api.post(f"{IMPORTS}/{view['id']}/cancel").status == 204


def test_an_export_is_not_held_in_memory(api: Api) -> None:
    fill(api)
    path = f"{EXPORTS}/{api.post(EXPORTS, {'type': 'customers'}).json['id']}"
    size = lines = 0

    def hear(part: bytes) -> None:
        nonlocal size, lines
        size, lines = size + len(part), lines + part.count(b"\n")

    with holding(12 * MEGABYTE):
        finish(api)
        assert streamed(api, "GET", f"{path}/file", iter(()), hear) == 200
    assert (lines, size) == (ROWS, api.get(path).json["counts"]["bytes"])
    assert size > 25 * MEGABYTE
