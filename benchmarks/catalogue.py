"""Products with mixins: found by `q` with and without an index, and written in bulk, against the bare driver."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from urllib.parse import quote

import asyncpg

from benchmarks.generate import TENANT, progress
from benchmarks.load import Server
from benchmarks.reads import Request
from benchmarks.report import Figure
from benchmarks.tenant import Row
from benchmarks.writes import bare
from coterie.database.engines import engine_of
from coterie.database.postgres import dsn
from coterie.services.product.tables import product

NAME = "catalogue"
PRODUCTS = 100_000
_AT = "2026-01-02T03:04:05.678Z"
_PAGE, _A_CALL, _CALLS = 60, 200, 5
# As many products have a value as a page holds.
_VALUES = PRODUCTS // _PAGE
_PATIENCE = 300
_PRODUCTS = f"/product/{TENANT}/products"
_GOALS = {"indexed": 0.1, "unindexed": 0.25, "bulk": 0.1}

Ask = Callable[[int], str]
"""A statement of the driver by a value."""


def figures(engine: str, servers: dict[str, Server], rounds: int) -> Iterator[Figure]:
    """Searches and products per second; floor and measure in turn."""
    for size, server in servers.items():
        url = server.tenant.settings.database
        progress(f"{engine}: {NAME}, size {size}, {PRODUCTS:,} products with mixins")
        bare(url, product, [_rows(start, start + 5_000) for start in range(0, PRODUCTS, 5_000)])
        _analyse(url)
        _index(server)
        title = f"`GET products?q=` on {{}} mixin field, {PRODUCTS:,} products, page of {_PAGE}"
        for name, path, number, ask in (
            ("indexed", "mixins.spec.width", 100, _by_keys),
            ("unindexed", "mixins.spec.height", 2, _by_json(engine)),
        ):
            floors, rates = [], []
            for each in range(rounds):
                progress(f"{engine}: {NAME}, {name}, round {each + 1} of {rounds}")
                values = Random(each).sample(range(_VALUES), number)
                floors.append(number / _bare_reads(url, [ask(value) for value in values]))
                rates.append(number / _searches(server, path, values))
            article = "an indexed" if name == "indexed" else "an unindexed"
            floor = (
                "its rows by key from the driver" if name == "indexed" else "the database's own JSON search"
            )
            yield Figure(title.format(article), engine, size, floor, _GOALS[name], rates, floors)
        yield _bulk(engine, size, server, rounds)


def _id(number: int) -> str:
    return f"catalogue-{number:06}"


def _mixins(number: int) -> dict[str, Any]:
    value = number % _VALUES
    spec = {"width": value, "height": value, "colour": f"colour {number % 20}", "tags": ["new", "eco"]}
    return {"spec": spec, "care": {"wash": 30, "notes": "Wash with similar colours, dry in the shade. " * 3}}


def _rows(start: int, end: int) -> list[Row]:
    return [
        {
            "id": _id(number),
            "code": _id(number).upper(),
            "name": {"en": f"Product {number}", "de": f"Produkt {number}"},
            "published": True,
            "doc": {"productType": "BASIC", "mixins": _mixins(number)},
            "version": 1,
            "created_at": _AT,
            "modified_at": _AT,
        }
        for number in range(start, end)
    ]


def _index(server: Server) -> None:
    """Let one of the fields be indexed, and wait for it."""
    target, token = f"/product/{TENANT}/indexed-fields", server.tenant.service
    body = json.dumps([{"path": "mixins.spec.width"}]).encode()
    with server.working():
        server.ask([Request("PUT", target, token, body)])
        deadline = time.monotonic() + _PATIENCE
        while not json.loads(server.ask([Request("GET", target, token, b"")])[0])[0]["ready"]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the index was not ready after {_PATIENCE} seconds")
            time.sleep(0.2)
    _analyse(server.tenant.settings.database)


def _searches(server: Server, path: str, values: list[int]) -> float:
    """The seconds that one client's searches take, one after the other; each finds a whole page."""
    targets = [f"{_PRODUCTS}?pageSize={_PAGE}&q={quote(f'{path}:{value}')}" for value in values]
    given = [Request("GET", target, server.tenant.service, b"") for target in targets]
    started = time.perf_counter()
    answers = server.ask(given)
    seconds = time.perf_counter() - started
    assert all(len(json.loads(answer)) == _PAGE for answer in answers)
    return seconds


def _by_keys(value: int) -> str:
    ids = ", ".join(f"'{_id(value + at * _VALUES)}'" for at in range(_PAGE))
    return f"SELECT * FROM product WHERE tenant = '{TENANT}' AND id IN ({ids}) ORDER BY id"


def _by_json(engine: str) -> Ask:
    height = (
        "json_extract(doc, '$.mixins.spec.height')"
        if engine == "sqlite"
        else "(doc #>> '{mixins,spec,height}')::float8"
    )
    statement = f"SELECT * FROM product WHERE tenant = '{TENANT}' AND {height} = "
    return lambda value: f"{statement} {value} ORDER BY id LIMIT {_PAGE}"


def _bare_reads(url: str, statements: list[str]) -> float:
    """The seconds that the driver takes for them; each finds a whole page."""
    if engine_of(url) == "sqlite":
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        started = time.perf_counter()
        assert all(len(connection.execute(each).fetchall()) == _PAGE for each in statements)
        seconds = time.perf_counter() - started
        connection.close()
        return seconds
    return asyncio.run(_read_postgres(url, statements))


async def _read_postgres(url: str, statements: list[str]) -> float:
    connection = await asyncpg.connect(dsn(url))
    try:
        started = time.perf_counter()
        for each in statements:
            assert len(await connection.fetch(each)) == _PAGE
        return time.perf_counter() - started
    finally:
        await connection.close()


def _analyse(url: str) -> None:
    """What autovacuum would have done."""

    async def run() -> None:
        connection = await asyncpg.connect(dsn(url))
        await connection.execute("VACUUM ANALYZE product")
        await connection.execute("VACUUM ANALYZE product_index_value")
        await connection.close()

    if engine_of(url) != "sqlite":
        asyncio.run(run())


def _bulk(engine: str, size: str, server: Server, rounds: int) -> Figure:
    """New products by `products/bulk`, with their events, against as many bare rows."""
    floors, rates = [], []
    for each in range(rounds):
        progress(f"{engine}: {NAME}, bulk, round {each + 1} of {rounds}")
        first = PRODUCTS + each * 2 * _CALLS * _A_CALL
        starts = [first + call * _A_CALL for call in range(2 * _CALLS)]
        url = server.tenant.settings.database
        seconds = bare(url, product, [_rows(start, start + _A_CALL) for start in starts[:_CALLS]])
        floors.append(_CALLS * _A_CALL / seconds)
        given = [_upsert(server, start) for start in starts[_CALLS:]]
        started = time.perf_counter()
        answers = server.ask(given)
        rates.append(_CALLS * _A_CALL / (time.perf_counter() - started))
        assert all(entry["code"] == 201 for answer in answers for entry in json.loads(answer))
    progress("\n")
    title = f"products by `PUT products/bulk`, {_A_CALL} a call, one indexed field, with events"
    return Figure(
        title, engine, size, "one bare multi-row upsert of as many rows", _GOALS["bulk"], rates, floors
    )


def _upsert(server: Server, start: int) -> Request:
    items = [
        {
            "id": _id(number),
            "code": _id(number).upper(),
            "name": {"en": f"Product {number}", "de": f"Produkt {number}"},
            "published": True,
            "mixins": _mixins(number),
        }
        for number in range(start, start + _A_CALL)
    ]
    return Request("PUT", f"{_PRODUCTS}/bulk", server.tenant.service, json.dumps(items).encode())
