"""The steps of jobs: claiming a job, running one step in one transaction, deleting what no job needs any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, and_, delete, literal, or_, select, true, tuple_, update

from coterie.database.session import Database, Session
from coterie.kit.call import Call
from coterie.kit.caller import Caller
from coterie.kit.clock import iso, new_secret
from coterie.kit.jobs import FAILED, QUEUED, RUNNING, SUCCEEDED, UPLOADING, Job, Step, add_chunk, change
from coterie.kit.rows import Handler, Row, Service
from coterie.kit.runtime import Runtime
from coterie.kit.tables import job, job_chunk, job_error, job_seen
from coterie.query.sql import key_rows

# A lease, in seconds, need not outlive a step: the job's row is locked while one runs.
_LEASE = 10.0
# How far apart, in seconds, the clocks of two servers may be.
_SKEW = 60.0
_ATTEMPTS = 5
_GAVE_UP = f"A step failed {_ATTEMPTS} times; the server's log says why."


@dataclass(frozen=True)
class Claim:
    """A job that is this worker's as long as `lease` stands in its row."""

    tenant: str
    id: str
    kind: str
    lease: str


class _Undone(Exception):
    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step


def _claimable(now: datetime) -> Select[Any]:
    # A lease that lies too far ahead was written before the clock went back: it is over.
    latest = iso(now + timedelta(seconds=_LEASE + _SKEW))
    over = or_(job.c.lease_until <= iso(now), job.c.lease_until > latest)
    ready = or_(job.c.state == QUEUED, and_(job.c.state == RUNNING, over))
    return select(job).where(job.c.finished_at.is_(None), ready).order_by(job.c.created_at).limit(1)


async def claim(database: Database, now: datetime) -> Claim | None:
    """Lease the oldest job that nobody works on. One that failed too often in a row ends here."""
    async with database.reading() as session:
        if await session.first(_claimable(now)) is None:
            return None  # idle workers take no lock
    async with database.writing() as session:
        row = await session.first(_claimable(now).with_for_update(skip_locked=True))
        if row is None:
            return None
        if row.attempts >= _ATTEMPTS:
            ended = {"state": FAILED, "message": _GAVE_UP, "finished_at": iso(now), "lease": None}
            await change(session, row.tenant, row.id, **ended)
            return None
        lease = new_secret(12)
        values = {"state": RUNNING, "lease": lease, "lease_until": iso(now + timedelta(seconds=_LEASE))}
        values |= {"attempts": row.attempts + 1, "started_at": row.started_at or iso(now)}
        await change(session, row.tenant, row.id, **values)
        return Claim(row.tenant, row.id, row.kind, lease)


async def give_back(database: Database, claimed: Claim, until: datetime | None = None) -> None:
    """Leave a job to whoever comes first; with `until`, to whoever comes after that. Nothing if it is ours no more."""
    mine = and_(job.c.tenant == claimed.tenant, job.c.id == claimed.id, job.c.lease == claimed.lease)
    free: dict[str, Any] = (
        {"state": QUEUED, "lease_until": None} if until is None else {"lease_until": iso(until)}
    )
    async with database.writing() as session:
        await session.run(update(job).where(mine).values(lease=None, **free))


async def advance(runtime: Runtime, claimed: Claim) -> bool:
    """Run one step. False when the job has ended, or is another worker's."""
    service = next(each for each in runtime.services if claimed.kind in each.jobs)
    call = await _call(runtime, service, claimed)
    return await runtime.retried(lambda: _advance(call, claimed), call)


async def _advance(call: Call, claimed: Claim) -> bool:
    try:
        async with call.writing():
            current = await _ours(call.db, claimed)
            if current is None:
                return False
            step = await call.service.jobs[claimed.kind](call, current)
            if step.undo:
                raise _Undone(step)
            await _save(call, current, step)
    except _Undone as undone:
        step = undone.step
        async with call.writing():
            current = await _ours(call.db, claimed)
            if current is None:
                return False
            await _save(call, current, step)
    return not (step.finished or step.failure)


async def _call(runtime: Runtime, service: Service, claimed: Claim) -> Call:
    """What a step has instead of a request's call: it may do everything in its tenant."""
    tenant = await runtime.tenants.get(claimed.tenant)
    assert tenant is not None, f"the job {claimed.id} is of a tenant that is not there"
    row = Row("JOB", claimed.kind, Handler(service.jobs[claimed.kind]), (), (), "write")
    caller = Caller("service", claimed.tenant, frozenset("*"))
    return Call(runtime, service, row, tenant, caller, runtime.clock.now(), {}, {}, claimed.id)


async def _ours(session: Session, claimed: Claim) -> Job | None:
    """The job, locked until the transaction ends, if it is still this worker's."""
    where = and_(job.c.tenant == claimed.tenant, job.c.id == claimed.id, job.c.lease == claimed.lease)
    row = await session.first(select(job).where(where, job.c.state == RUNNING).with_for_update())
    if row is None:
        return None
    return Job(row.tenant, row.id, row.kind, row.parameters, row.counts, row.cursor)


async def _save(call: Call, current: Job, step: Step) -> None:
    tenant, id, now = current.tenant, current.id, call.runtime.clock.now()
    counts, cursor = dict(current.counts), dict(step.cursor)
    for name, number in step.counts.items():
        counts[name] = counts.get(name, 0) + number
    if step.output:
        n = current.cursor.get("out", 0)
        await add_chunk(call.db, tenant, id, "out", n, step.output, 0)
        cursor["out"] = n + 1
    rows = [{"tenant": tenant, "job": id, "line": line, "message": text} for line, text in step.errors]
    await call.db.run(job_error.insert(), rows)
    if step.seen:
        met = key_rows(call.db.sql, ["key"], [sorted(step.seen)]).subquery()
        keys = select(literal(tenant), literal(id), met.c.key).where(true())
        insert = call.db.insert(job_seen).from_select(["tenant", "job", "key"], keys)
        await call.db.run(insert.on_conflict_do_nothing())
    values: dict[str, Any] = {"counts": counts, "cursor": cursor, "attempts": 0}
    values["lease_until"] = iso(now + timedelta(seconds=_LEASE))
    if step.finished or step.failure:
        values |= {"state": FAILED if step.failure else SUCCEEDED, "message": step.failure}
        values |= {"finished_at": iso(now), "lease": None, "lease_until": None}
    await change(call.db, tenant, id, **values)


async def prune(
    session: Session,
    now: datetime,
    limit: int,
    *,
    days: int,
    longer: Mapping[str, int] = MappingProxyType({}),
) -> int:
    """Delete a bounded part of what no job needs any more. How many rows; called again until that is 0.

    days: how long finished jobs are kept. longer: the days of kinds that have their own.
    """
    ended = select(job.c.tenant, job.c.id).where(job.c.finished_at.is_not(None))
    broken = and_(job.c.state == UPLOADING, job.c.lease_until < iso(now))
    old = [and_(job.c.kind.not_in(sorted(longer)), job.c.finished_at < iso(now - timedelta(days=days)))]
    old += [
        and_(job.c.kind == kind, job.c.finished_at < iso(now - timedelta(days=own)))
        for kind, own in longer.items()
    ]
    expired = select(job.c.tenant, job.c.id).where(or_(*old, broken))
    inputs = job_chunk.c.direction == "in"
    for table, jobs, where, most in (
        (job_seen, ended, true(), limit),
        (job_chunk, ended, inputs, max(limit // 20, 1)),
        (job_chunk, expired, true(), max(limit // 20, 1)),
        (job_error, expired, true(), limit),
    ):
        keys = list(table.primary_key.columns)
        rows = select(*keys).where(tuple_(table.c.tenant, table.c.job).in_(jobs), where).limit(most)
        gone = await session.run(delete(table).where(tuple_(*keys).in_(rows)))
        if gone:
            return gone
    keys = [job.c.tenant, job.c.id]
    return await session.run(delete(job).where(tuple_(*keys).in_(expired.limit(limit))))
