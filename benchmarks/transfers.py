"""Imports against the database's own bulk load of as many rows, and how much memory an export takes."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.dialects import postgresql, sqlite

from benchmarks.generate import TENANT, Rows, progress
from benchmarks.load import Server
from benchmarks.report import Figure
from benchmarks.shape import Size, customer_id, segment_id, segments_of
from benchmarks.tenant import Row
from coterie.database.engines import engine_of
from coterie.database.postgres import dsn
from coterie.services.customer_segment.tables import member

IMPORT, EXPORT = "import", "export"
IMPORT_GOAL = 0.4
# How much more memory than at its start a worker may take, in MB.
_ALLOWED = 50.0
_AT = "2026-01-02T03:04:05.678Z"
_FILES = f"/customer-segment/{TENANT}"
_A_PART = 10_000
# After so many seconds a worker has started.
_SETTLED = 3.0

Member = tuple[str, str]
"""A segment and a customer who comes into it."""


def import_figures(engine: str, servers: dict[str, Server], count: int) -> Iterator[Figure]:
    """Members that an import writes per second, from the job's start to its end, beside those of a bare load."""
    for size, server in servers.items():
        strangers = _strangers(server.tenant.size)
        progress(f"{engine}: {IMPORT}, size {size}, {count:,} members\n")
        bare = _bare(server.tenant.settings.database, list(islice(strangers, count)))
        imported = _imported(server, islice(strangers, count))
        title = f"{count:,} members by an import, with events"
        floor = "the database's own bulk load of as many rows"
        yield Figure(title, engine, size, floor, IMPORT_GOAL, [count / imported], [count / bare])


def export_figures(engine: str, servers: dict[str, Server]) -> Iterator[Figure]:
    """The memory that an export may take beside what it takes."""
    for size, server in servers.items():
        progress(f"{engine}: {EXPORT}, size {size}\n")
        members, grown = _exported(server)
        title = f"{_ALLOWED:.0f} MB for a worker that exports {members:,} members"
        yield Figure(title, engine, size, "what its memory grew by", 1.0, [_ALLOWED], [max(grown, 1.0)])


def _strangers(size: Size) -> Iterator[Member]:
    """Customers with odd numbers who are not in a segment yet, segment by segment: the order of an export."""
    for segment in range(size.segments):
        for number in range(1, size.customers, 2):
            if segment not in segments_of(size, number):
                yield segment_id(segment), customer_id(number)


def _imported(server: Server, members: Iterator[Member]) -> float:
    """The seconds that the job of an import takes."""
    lines = (f"{segment},{customer}\n" for segment, customer in members)

    def body() -> Iterator[bytes]:
        yield b"segmentId,customerId\n"
        while part := "".join(islice(lines, _A_PART)):
            yield part.encode()

    with server.working():
        view = _job(server, "imports?type=customers", "text/csv", body())
    counts = view["counts"]
    assert counts["created"] == counts["rows"], counts
    started, finished = (datetime.fromisoformat(view[name]) for name in ("startedAt", "finishedAt"))
    return (finished - started).total_seconds()


def _job(server: Server, path: str, media: str, body: Any, look: Callable[[], object] = lambda: None) -> Any:
    """A job after its end; `look` is called again and again meanwhile."""
    headers = {"Authorization": f"Bearer {server.tenant.service}"}
    connection = HTTPConnection(server.address)
    connection.request("POST", f"{_FILES}/{path}", body, headers | {"Content-Type": media})
    view = json.loads(connection.getresponse().read())
    where = f"{_FILES}/{path.partition('?')[0]}/{view['id']}"
    while view["state"] in ("QUEUED", "RUNNING"):
        look()
        time.sleep(0.2)
        connection.request("GET", where, headers=headers)
        view = json.loads(connection.getresponse().read())
    connection.close()
    assert view["state"] == "SUCCEEDED", view
    return view


def _exported(server: Server) -> tuple[int, float]:
    """How many members an export of all wrote, and by how many MB the memory of who wrote it grew meanwhile."""
    with server.working() as process:
        time.sleep(_SETTLED)
        seen = [_memory(process)]
        body = json.dumps({"type": "customers"}).encode()
        view = _job(server, "exports", "application/json", body, lambda: seen.append(_memory(process)))
    return view["counts"]["rows"], max(seen) - seen[0]


def _memory(process: int) -> float:
    """The memory of a process in MB, without the pages of files, which the system may take back at any time."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def _bare(url: str, members: list[Member]) -> float:
    """The seconds that the driver takes to load the rows in one transaction, indexes included."""
    if engine_of(url) == "sqlite":
        given = Rows(member, TENANT, _rows(members), sqlite.dialect())
        return _bare_sqlite(url.removeprefix("sqlite:///"), given.columns, list(given))
    given = Rows(member, TENANT, _rows(members), postgresql.dialect())  # type: ignore[no-untyped-call]
    return asyncio.run(_bare_postgres(url, given.columns, list(given)))


def _bare_sqlite(path: str, columns: list[str], rows: list[tuple[Any, ...]]) -> float:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    # As the server writes.
    for pragma in ("synchronous = NORMAL", "cache_size = -65536"):
        connection.execute(f"PRAGMA {pragma}")
    insert = f"INSERT INTO {member.name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    started = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(insert, rows)
    connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return seconds


async def _bare_postgres(url: str, columns: list[str], rows: list[tuple[Any, ...]]) -> float:
    connection = await asyncpg.connect(dsn(url))
    try:
        started = time.perf_counter()
        await connection.copy_records_to_table(member.name, columns=columns, records=rows)
        return time.perf_counter() - started
    finally:
        await connection.close()


def _rows(members: list[Member]) -> Iterator[Row]:
    nothing: dict[str, Any] = {}
    for segment, customer in members:
        yield {
            "customer_id": customer,
            "legal_entity_id": "",
            "segment_id": segment,
            "assignment_type": "MANUAL",
            "doc": nothing,
            "version": 1,
            "created_at": _AT,
            "modified_at": _AT,
        }
