"""Jobs: work kept in the database, which any worker goes on with, in steps of one transaction each.

A service lists what runs its jobs in `Service.jobs`. A step is given the job as it stands, changes what it will, and
returns a `Step`; its changes, their events, and the job's new state are committed together, so that a worker
killed anywhere leaves nothing half done, and the next one repeats nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, select, update
from sqlalchemy import Row as SqlRow

from coterie.database.session import Database, Session
from coterie.kit.call import Call
from coterie.kit.clock import iso, new_id
from coterie.kit.errors import Conflict, NotFound
from coterie.kit.tables import job, job_chunk, job_error, job_seen

UPLOADING, QUEUED, RUNNING = "UPLOADING", "QUEUED", "RUNNING"
SUCCEEDED, FAILED, CANCELLED = "SUCCEEDED", "FAILED", "CANCELLED"
Direction = Literal["in", "out"]

# An upload that has sent nothing for so long has broken off with its server.
_SILENCE = 3600.0


@dataclass(frozen=True)
class Job:
    """A job as it stands before a step. counts: numbers for people. cursor: where it has got to."""

    tenant: str
    id: str
    kind: str
    parameters: dict[str, Any]
    counts: dict[str, int]
    cursor: dict[str, Any]


@dataclass(frozen=True)
class Step:
    """What a step did, to be kept with the job.

    counts are added to the job's. errors: lines of the input with what is wrong. seen: keys that were met. output:
    the next chunk of what comes out. undo: take back all changes but these. failure: why the job ends in failure.
    """

    cursor: dict[str, Any]
    counts: Mapping[str, int]
    errors: Sequence[tuple[int, str]] = ()
    seen: Collection[str] = ()
    output: bytes = b""
    finished: bool = False
    failure: str | None = None
    undo: bool = False


async def create(
    call: Call, kind: str, parameters: dict[str, Any], counts: Mapping[str, int], *, state: str = QUEUED
) -> str:
    """Add a job and return its id; one that is UPLOADING runs after `enqueue`."""
    id = new_id()
    values = {"tenant": call.tenant.name, "id": id, "kind": kind, "state": state, "attempts": 0}
    values |= {"parameters": parameters, "counts": dict(counts), "cursor": {}, "created_at": call.at}
    values["lease_until"] = _later(call, _SILENCE) if state == UPLOADING else None
    await call.db.run(job.insert(), [values])
    return id


async def add_input(call: Call, id: str, n: int, data: bytes, lines: int) -> None:
    """Add the chunk `n` of what goes into an uploading job. Raises Conflict when it was given up meanwhile."""
    await _uploading(call, id, lease_until=_later(call, _SILENCE))
    await add_chunk(call.db, call.tenant.name, id, "in", n, data, lines)


async def enqueue(call: Call, id: str, parameters: dict[str, Any], counts: Mapping[str, int]) -> None:
    """Let a job run whose upload is whole."""
    values = {"state": QUEUED, "parameters": parameters, "counts": dict(counts), "lease_until": None}
    await _uploading(call, id, **values)


async def _uploading(call: Call, id: str, **values: Any) -> None:
    where = and_(job.c.tenant == call.tenant.name, job.c.id == id, job.c.state == UPLOADING)
    if not await call.db.run(update(job).where(where).values(**values)):
        raise Conflict("The upload took too long and was given up; start it again.")


def _later(call: Call, seconds: float) -> str:
    return iso(call.runtime.clock.now() + timedelta(seconds=seconds))


async def give_up(call: Call, id: str) -> None:
    """Leave an upload that broke off to the pruning."""
    await _uploading(call, id, lease_until=call.at)


def of_kind(call: Call, kind: str) -> Select[Any]:
    """The tenant's jobs of a kind; one whose upload goes on is none yet."""
    here = and_(job.c.tenant == call.tenant.name, job.c.kind == kind)
    return select(job).where(here, job.c.state != UPLOADING)


async def get(session: Session, call: Call, kind: str, id: str, noun: str) -> SqlRow[Any]:
    """One job. Raises NotFound."""
    row = await session.first(of_kind(call, kind).where(job.c.id == id))
    if row is None:
        raise NotFound(noun, id)
    return row


async def cancel(call: Call, kind: str, id: str, noun: str) -> None:
    """Let a job stop before its next step; what it has done stays. Raises NotFound, and Conflict when it has ended."""
    row = await call.db.first(of_kind(call, kind).where(job.c.id == id).with_for_update())
    if row is None:
        raise NotFound(noun, id)
    if row.finished_at is not None:
        raise Conflict(f"The {noun} has ended already: {row.state}.")
    await change(call.db, row.tenant, id, state=CANCELLED, finished_at=call.at, lease=None, lease_until=None)


async def change(session: Session, tenant: str, id: str, **values: Any) -> None:
    """Set columns of a job."""
    await session.run(update(job).where(job.c.tenant == tenant, job.c.id == id).values(**values))


async def add_chunk(
    session: Session, tenant: str, id: str, direction: Direction, n: int, data: bytes, lines: int
) -> None:
    """Add a chunk to what goes into a job, or comes out of it."""
    row = {"tenant": tenant, "job": id, "direction": direction, "n": n, "data": data, "lines": lines}
    await session.run(job_chunk.insert(), [row])


async def read_input(call: Call, id: str, n: int) -> tuple[bytes, int] | None:
    """The chunk `n` of what goes into a job: its bytes and lines, or None after the last."""
    where = _chunk(call.tenant.name, id, "in", n)
    row = await call.db.first(select(job_chunk.c.data, job_chunk.c.lines).where(where))
    return None if row is None else (row.data, row.lines)


def _chunk(tenant: str, id: str, direction: Direction, n: int) -> ColumnElement[bool]:
    columns = job_chunk.c
    here = and_(columns.tenant == tenant, columns.job == id)
    return and_(here, columns.direction == direction, columns.n == n)


async def output(database: Database, tenant: str, id: str) -> AsyncIterator[bytes]:
    """What came out of a job, chunk by chunk, in transactions of their own."""
    n = 0
    while True:
        async with database.reading() as session:
            data = await session.value(select(job_chunk.c.data).where(_chunk(tenant, id, "out", n)))
        if data is None:
            return
        yield data
        n += 1


async def errors(
    database: Database, tenant: str, id: str, size: int = 1000
) -> AsyncIterator[Sequence[SqlRow[Any]]]:
    """The `line` and `message` of what was refused, in batches."""
    line = -1
    while True:
        found = select(job_error).where(job_error.c.tenant == tenant, job_error.c.job == id)
        found = found.where(job_error.c.line > line).order_by(job_error.c.line).limit(size)
        async with database.reading() as session:
            rows = await session.all(found)
        if not rows:
            return
        yield rows
        line = rows[-1].line


async def seen(call: Call, id: str, keys: Collection[str]) -> set[str]:
    """Those of `keys` that the job has met."""
    where = and_(job_seen.c.tenant == call.tenant.name, job_seen.c.job == id, job_seen.c.key.in_(keys))
    return {row.key for row in await call.db.all(select(job_seen.c.key).where(where))}
