"""Writes a made-up tenant straight through the driver: sorted rows first, indexes afterwards.

`python -m benchmarks.generate --size S --database URL` fills a migrated database that the tenant is not in yet.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import asyncpg
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from benchmarks.shape import SIZES, Size
from benchmarks.tenant import Row, contents
from coterie.database.engines import engine_of
from coterie.database.postgres import dsn

TENANT = "bench"
_PROGRESS_EVERY = 100_000
Say = Callable[[str], None]


def generate(url: str, size: Size, *, tenant: str = TENANT, say: Say = lambda _: None) -> None:
    """Fill the migrated database at `url` with a tenant of this size; `say` hears of the progress.

    All of it or nothing. Raises the driver's error when the tenant is there already.
    """
    started = time.monotonic()
    if engine_of(url) == "sqlite":
        _sqlite(url.removeprefix("sqlite:///"), size, tenant, say)
    else:
        asyncio.run(_postgres(url, size, tenant, say))
    say(f"tenant {tenant} is written: {time.monotonic() - started:.1f} s\n")


class Rows:
    """Rows of one table as tuples in the order of `columns`: those that the rows name, and the tenant.

    A column that they do not name is left to its default. Raises ValueError when it has none.
    """

    def __init__(self, table: Table, tenant: str, rows: Iterable[Row], dialect: Dialect) -> None:
        iterator = iter(rows)
        first = next(iterator)
        named = {"tenant": tenant, **first}
        lacking = [
            each.name
            for each in table.columns
            if each.name not in named and not each.nullable and each.server_default is None
        ]
        wrong = [*lacking, *(named.keys() - set(table.columns.keys()))]
        if wrong:
            raise ValueError(
                f"{table.name}: the columns {wrong} need a value, or are not there; change benchmarks/tenant.py"
            )
        columns = [each for each in table.columns if each.name in named]
        self.columns = [each.name for each in columns]
        self._tenant, self._rows = tenant, chain((first,), iterator)
        self._steps = [
            (each.name, each.type.dialect_impl(dialect).bind_processor(dialect)) for each in columns
        ]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        steps = [(name, None if process is None else _remembering(process)) for name, process in self._steps]
        for row in self._rows:
            row["tenant"] = self._tenant
            yield tuple([row[name] if step is None else step(row[name]) for name, step in steps])


def _remembering(process: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`process`, which need not run again for the very object it had before: most tables share a document."""
    last, result = None, None

    def step(value: Any) -> Any:
        nonlocal last, result
        if value is not last:
            last, result = value, process(value)
        return result

    return step


def _told(rows: Iterable[tuple[Any, ...]], name: str, count: int, say: Say) -> Iterator[tuple[Any, ...]]:
    say(f"{name}: {count:,} rows")
    for number, row in enumerate(rows):
        if number and number % _PROGRESS_EVERY == 0:
            say(f"{name}: {number:,} of {count:,} rows")
        yield row


def _sqlite(path: str, size: Size, tenant: str, say: Say) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA cache_size = -262144")
        connection.execute("BEGIN IMMEDIATE")
        for table, count, rows in contents(size):
            found = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
                (table.name,),
            ).fetchall()
            for name, _ in found:
                connection.execute(f'DROP INDEX "{name}"')
            given = Rows(table, tenant, rows, sqlite.dialect())
            marks = ", ".join("?" * len(given.columns))
            insert = f"INSERT INTO {table.name} ({_listed(given.columns)}) VALUES ({marks})"
            connection.executemany(insert, _told(given, table.name, count, say))
            for name, sql in found:
                say(f"{table.name}: index {name}")
                connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


async def _postgres(url: str, size: Size, tenant: str, say: Say) -> None:
    connection = await asyncpg.connect(dsn(url))
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
            for table, count, rows in contents(size):
                # A constraint's index can't be dropped alone; the rows come in the order of the primary key.
                found = await connection.fetch(
                    "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS sql FROM pg_index "
                    "WHERE indrelid = $1::text::regclass AND NOT indisprimary "
                    "AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
                    table.name,
                )
                for index in found:
                    await connection.execute(f"DROP INDEX {index['name']}")
                given = Rows(table, tenant, rows, postgresql.dialect())  # type: ignore[no-untyped-call]
                await connection.copy_records_to_table(
                    table.name, columns=given.columns, records=_told(given, table.name, count, say)
                )
                for index in found:
                    say(f"{table.name}: index {index['name']}")
                    await connection.execute(index["sql"])
        # What autovacuum does to a table that was filled.
        say("vacuum")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def progress(text: str) -> None:
    """A progress line on standard error."""
    end = "" if sys.stderr.isatty() and not text.endswith("\n") else "\n"
    print(
        f"\r\x1b[K{text.rstrip()}" if sys.stderr.isatty() else text.rstrip(),
        end=end,
        file=sys.stderr,
        flush=True,
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="S")
    parser.add_argument("--database", required=True, help="sqlite:///PATH or postgresql://…, migrated")
    parser.add_argument("--tenant", default=TENANT)
    chosen = parser.parse_args()
    generate(chosen.database, SIZES[chosen.size], tenant=chosen.tenant, say=progress)


if __name__ == "__main__":
    main()
