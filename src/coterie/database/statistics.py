"""What SQLite knows of the sizes of its tables, by which it chooses between indexes; PostgreSQL finds out by itself."""

from __future__ import annotations

from sqlalchemy import text

from coterie.database.session import Session

# The rows of an index that are looked at: 20 ms for ten million memberships. Of a column in which a value has more
# rows than that, SQLite takes it to have so many, so fewer would make it read a tenant for a list of some hundred ids.
ROWS = 4_000
# Of smaller tables nothing is kept: they are read well either way, and an import would make them another table.
_LEAST = 10_000
_SMALL = text(
    "DELETE FROM sqlite_stat1 WHERE tbl NOT IN"
    f" (SELECT tbl FROM sqlite_stat1 WHERE CAST(stat AS INTEGER) >= {_LEAST})"
)
_KNOWN = text("SELECT name FROM sqlite_master WHERE name = 'sqlite_stat1'")
_STORED = text("SELECT tbl, idx, stat FROM sqlite_stat1")


async def renew(session: Session) -> None:
    """Count the rows of large tables and of their indexes anew, for all connections of all processes."""
    if session.sql.name != "sqlite":
        return
    before = await _scales(session)
    await _analyse(session)
    if await _scales(session) != before:
        # Other connections read statistics with the schema, and that again only when there is a new table.
        await session.run(text("DROP TABLE sqlite_stat1"))
        await _analyse(session)


async def _analyse(session: Session) -> None:
    await session.run(text(f"PRAGMA analysis_limit = {ROWS}"))
    await session.run(text("ANALYZE"))
    await session.run(_SMALL)
    await session.run(text("ANALYZE sqlite_schema"))  # this connection takes what is left


async def _scales(session: Session) -> dict[tuple[str, str], list[int]]:
    """Of each index the digits that its numbers have: plans depend on nothing finer."""
    if await session.first(_KNOWN) is None:
        return {}
    rows = await session.all(_STORED)
    return {(row.tbl, row.idx): [len(number) for number in row.stat.split()] for row in rows}
