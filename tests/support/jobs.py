"""Imports and exports of a tenant, run to their end without a worker in the background."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import update

from coterie.kit.tables import job
from coterie.worker import steps
from coterie.worker.jobs import JobWorker
from support.api import Api, Response

IMPORTS = "/customer-segment/{tenant}/imports"
CSV, NDJSON = "text/csv", "application/x-ndjson"


def ndjson(rows: Iterable[dict[str, Any]]) -> bytes:
    """The rows as a file."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def upload(api: Api, body: bytes, media: str = NDJSON, type: str = "customers", **query: str) -> Response:
    """The answer to an upload; query parameters by their names on the wire."""
    target = "&".join(f"{name}={value}" for name, value in {"type": type, **query}.items())
    return api.post(f"{IMPORTS}?{target}", body, content_type=media)


def finish(api: Api) -> None:
    """Run every job there is to its end."""

    async def run() -> None:
        worker = JobWorker(api.server.runtime)
        while await worker.round():
            pass

    api.run(run())


def run_steps(api: Api, number: int) -> None:
    """Run so many steps of the oldest job, as a worker that is gone afterwards."""

    async def run() -> None:
        runtime = api.server.runtime
        claimed = await steps.claim(runtime.database, runtime.clock.now())
        assert claimed is not None
        for _ in range(number):
            assert await steps.advance(runtime, claimed)

    api.run(run())


def imported(api: Api, body: bytes, media: str = NDJSON, type: str = "customers", **query: str) -> Any:
    """The import of a file after its end."""
    answer = upload(api, body, media, type, **query)
    assert answer.status == 202, answer.body
    finish(api)
    return api.get(f"{IMPORTS}/{answer.json['id']}").json


def refused(api: Api, id: str) -> dict[int, str]:
    """What was wrong with the rows of an import, by line."""
    answer = api.get(f"{IMPORTS}/{id}/errors")
    assert answer.headers["content-type"] == NDJSON
    rows = [json.loads(line) for line in answer.body.splitlines()]
    return {row["line"]: row["message"] for row in rows}


def lose_lease(api: Api) -> None:
    """Let the lease of the running job have run out."""

    async def change() -> None:
        async with api.server.runtime.database.writing() as session:
            mine = update(job).where(job.c.tenant == api.tenant, job.c.state == "RUNNING")
            await session.run(mine.values(lease_until="2000-01-01T00:00:00.000Z"))

    api.run(change())
