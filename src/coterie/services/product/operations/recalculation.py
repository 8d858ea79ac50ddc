"""Recalculating trees of dynamic variants, as jobs that go down level by level."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from coterie.kit import jobs
from coterie.kit.call import Call
from coterie.kit.errors import Invalid, Problem
from coterie.kit.jobs import FAILED, QUEUED, RUNNING, SUCCEEDED, Job, Step
from coterie.kit.store import Document, among, locked
from coterie.kit.tables import job
from coterie.services.product.operations import indexing, variants
from coterie.services.product.operations.stored import KIND, descendants
from coterie.services.product.rules import products as rules
from coterie.services.product.schemas.jobs import JobsQuery, Recalculation
from coterie.services.product.tables import product

JOB = "product.recalculation"
DAYS = 30
MOST_IDS = 1000
_NOUN = "recalculation job"
_STATUS = {QUEUED: "PENDING", RUNNING: "PROCESSING", SUCCEEDED: "FINISHED", FAILED: "FAILED"}


async def trigger(call: Call, body: Recalculation) -> Document:
    """Make a job for each tree that the products are of; one that has an open job, and what is no dynamic variant, is
    skipped."""
    ids = list(dict.fromkeys(body.product_ids))
    if not 1 <= len(ids) <= MOST_IDS:
        raise Invalid(problems=(Problem.violation("productIds", f"must hold 1 to {MOST_IDS} ids"),))
    wanted = among(call.db, [product.c.id], [(id,) for id in sorted(ids)])
    rows = await call.db.all(
        select(product.c.id, product.c.root_id, product.c.doc).where(
            product.c.tenant == call.tenant.name, wanted
        )
    )
    roots = {row.id: row.root_id or row.id for row in rows if row.doc["productType"] == rules.DYNAMIC}
    # Whoever else asks for these trees waits, and finds the jobs.
    here = {key[0] for key in await locked(call, KIND, [(root,) for root in sorted(set(roots.values()))])}
    opened = {row.parameters["root"]: row for row in await call.db.all(_open(call))}
    found, skipped = [], []
    asked: dict[str, list[str]] = {}
    for id in ids:
        root = roots.get(id)
        if root is None or root in opened or root not in here:
            skipped.append(id)
        else:
            asked.setdefault(root, []).append(id)
    found += [_view(opened[root]) for root in dict.fromkeys(roots.values()) if root in opened]
    for root, by in asked.items():
        id = await jobs.create(call, JOB, {"root": root, "ids": by}, {"done": 0, "total": 0})
        found.append(_view(await jobs.get(call.db, call, JOB, id, _NOUN)))
    if asked:
        call.runtime.jobs_queued.set()
    return {"jobs": found, "skippedProductIds": skipped}


def _open(call: Call) -> Any:
    return jobs.of_kind(call, JOB).where(job.c.state.in_((QUEUED, RUNNING)))


async def list_jobs(call: Call, query: JobsQuery) -> list[Document]:
    """The jobs that are kept, newest first."""
    rows = await call.db.all(jobs.of_kind(call, JOB).order_by(job.c.created_at.desc(), job.c.id))
    return [view for row in rows if query.status in (None, (view := _view(row))["status"])]


async def get_job(call: Call, job_id: str) -> Document:
    """One job."""
    return _view(await jobs.get(call.db, call, JOB, job_id, _NOUN))


def _view(row: Row[Any]) -> Document:
    return {
        "id": row.id,
        "parentRoot": row.parameters["root"],
        "requestedByIds": row.parameters["ids"],
        "status": _STATUS[row.state],
        "createdAt": row.created_at,
        "processingStartedAt": row.started_at,
        "finishedAt": row.finished_at,
        "error": row.message,
        # What the kit counts starts anew with each step that is done.
        "attempts": row.attempts or int(row.started_at is not None),
        "progress": {"done": row.counts["done"], "total": row.counts["total"]},
    }


async def run(call: Call, current: Job) -> Step:
    """One level of the tree, from the root down."""
    root = current.parameters["root"]
    level: list[str] = current.cursor.get("level", [root])
    rows = await locked(call, KIND, [(id,) for id in sorted(level)])
    if level == [root] and not rows:
        return Step({}, {}, failure=f"The product {root} is there no more.")
    below = await descendants(call, level)
    direct = {id: below.get(id, []) for id in level}
    parents = {key[0]: KIND.document_of(row) for key, row in rows.items()}
    changed = await variants.follow(call, parents, direct)
    await indexing.keep(call, changed)
    following = [row.id for group in direct.values() for row in group]
    counts = {"done": len(level)}
    if "level" not in current.cursor:
        counts["total"] = 1 + sum(map(len, below.values()))
    return Step({"level": following}, counts, finished=not following)
