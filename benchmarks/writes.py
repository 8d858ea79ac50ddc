"""Members through `customers/bulk`, with their events, against the same rows by one bare upsert of the driver."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from random import Random
from typing import Any

import asyncpg
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from benchmarks.generate import TENANT, Rows, progress
from benchmarks.load import Server
from benchmarks.reads import Request
from benchmarks.report import Figure
from benchmarks.shape import Size, segment_id, shopper
from benchmarks.tenant import Row
from coterie.database.engines import engine_of
from coterie.database.postgres import dsn
from coterie.services.customer_segment.tables import member

NAME = "bulk"
GOAL = 0.3
_A_CALL, _CALLS = 200, 10
_AT = "2026-01-02T03:04:05.678Z"

Batch = tuple[str, list[str]]
"""A segment and the customers who come into it."""


def figures(engine: str, servers: dict[str, Server], rounds: int) -> Iterator[Figure]:
    """Members written per second, beside those of the bare upsert; every row is new, and rounds alternate."""
    for size, server in servers.items():
        batches = _batches(server.tenant.size)
        bare, whole = [], []
        # No segment is written twice, so a small tenant has few rounds.
        most = min(rounds, server.tenant.size.segments // (2 * _CALLS))
        for number in range(most):
            progress(f"{engine}: {NAME}, size {size}, round {number + 1} of {most}")
            bare.append(_per_second(partial(_bare_members, server.tenant.settings.database), batches))
            whole.append(_per_second(partial(_through_the_api, server), batches))
        progress("\n")
        title = f"members by `customers/bulk`, {_A_CALL} a call, with events"
        yield Figure(title, engine, size, "one bare multi-row upsert of as many rows", GOAL, whole, bare)


def _batches(size: Size) -> Iterator[Batch]:
    """Random customers with even numbers who are not in the segment yet; those with odd ones are imported."""
    random = Random(size.seed)
    even = range(0, size.customers, 2)
    for number in random.sample(range(size.segments), size.segments):
        segment = segment_id(number)
        chosen = (shopper(size, each) for each in random.sample(even, min(len(even), 2 * _A_CALL)))
        strangers = [each.customer_id for each in chosen if segment not in each.segments]
        yield segment, strangers[:_A_CALL]


def _per_second(write: Callable[[list[Batch]], float], batches: Iterator[Batch]) -> float:
    """Members that `write` writes per second; it returns the seconds that it took."""
    given = list(islice(batches, _CALLS))
    return sum(len(customers) for _, customers in given) / write(given)


def _through_the_api(server: Server, batches: list[Batch]) -> float:
    """The seconds that one client's calls take, one after the other."""
    given = [
        Request(
            "PUT",
            f"/customer-segment/{TENANT}/segments/{segment}/customers/bulk",
            server.tenant.service,
            json.dumps([{"customerId": each} for each in customers]).encode(),
        )
        for segment, customers in batches
    ]
    started = time.perf_counter()
    answers = server.ask(given)
    seconds = time.perf_counter() - started
    assert all(each["code"] == 201 for answer in answers for each in json.loads(answer)), answers[0][:300]
    return seconds


def _bare_members(url: str, batches: list[Batch]) -> float:
    return bare(url, member, [list(_rows(*batch)) for batch in batches])


def bare(url: str, table: Table, batches: list[list[Row]]) -> float:
    """The seconds that multi-row upserts of these rows take, each batch committed."""
    if engine_of(url) == "sqlite":
        return _bare_sqlite(url.removeprefix("sqlite:///"), table, batches)
    return asyncio.run(_bare_postgres(url, table, batches))


def _update(table: Table) -> str:
    key = ", ".join(column.name for column in table.primary_key)
    return (
        f"ON CONFLICT ({key}) DO UPDATE SET doc = excluded.doc, modified_at = excluded.modified_at, "
        f"version = {table.name}.version + 1"
    )


def _bare_sqlite(path: str, table: Table, batches: list[list[Row]]) -> float:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    # As the server writes.
    connection.execute("PRAGMA synchronous = NORMAL")
    given = [Rows(table, TENANT, batch, sqlite.dialect()) for batch in batches]
    columns = given[0].columns
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks}) {_update(table)}"
    tuples = [list(each) for each in given]
    started = time.perf_counter()
    for each in tuples:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, each)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return seconds


async def _bare_postgres(url: str, table: Table, batches: list[list[Row]]) -> float:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    given = [Rows(table, TENANT, batch, dialect) for batch in batches]
    columns = given[0].columns
    types = [table.c[name].type.compile(dialect).split()[0] for name in columns]
    arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(types, 1))
    rows = f"SELECT * FROM unnest({arrays})"
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) {rows} {_update(table)}"
    lists: list[list[tuple[Any, ...]]] = [list(zip(*each, strict=True)) for each in given]
    connection = await asyncpg.connect(dsn(url))
    try:
        started = time.perf_counter()
        for each in lists:
            await connection.execute(statement, *each)
        return time.perf_counter() - started
    finally:
        await connection.close()


def _rows(segment: str, customers: list[str]) -> Iterator[Row]:
    for each in customers:
        yield {
            "customer_id": each,
            "legal_entity_id": "",
            "segment_id": segment,
            "assignment_type": "MANUAL",
            "doc": {},
            "version": 1,
            "created_at": _AT,
            "modified_at": _AT,
        }
