"""Jobs beyond a good day: a worker that stops, steps that fail, jobs that nobody takes, and what is deleted when."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from coterie.kit.clock import iso
from coterie.kit.tables import job, job_chunk, job_error, job_seen
from coterie.services.customer_segment.operations import files
from coterie.worker import steps
from coterie.worker.jobs import JobWorker
from support.api import Api
from support.jobs import CSV, IMPORTS, finish, imported, lose_lease, refused, run_steps, upload
from support.shop import SEGMENTS, Shop

EXPORTS = "/customer-segment/{tenant}/exports"


@pytest.fixture
def api(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """A tenant with a site and the segment gold; its customers are kept elsewhere. A step takes 1,000 lines."""
    monkeypatch.setattr(files, "_MOST_LINES", 1000)
    shop = Shop(api)
    shop.site()
    shop.segment("gold")
    shop.setting("references", "open")
    return api


def rows(count: int) -> bytes:
    return b"customerId\n" + b"".join(b"c%05d\n" % number for number in range(count))


def started(api: Api, count: int, **query: str) -> str:
    """The path of an import of so many members into gold."""
    answer = upload(api, rows(count), CSV, segmentId="gold", **query)
    assert answer.status == 202, answer.body
    return f"{IMPORTS}/{answer.json['id']}"


def members(api: Api) -> int:
    return len(api.get(f"{SEGMENTS}/gold/customers?pageSize=10000").json)


def set_job(api: Api, path: str, **values: Any) -> None:
    async def change() -> None:
        async with api.server.runtime.database.writing() as session:
            mine = (job.c.tenant == api.tenant, job.c.id == path.rsplit("/", 1)[1])
            await session.run(update(job).where(*mine).values(**values))

    api.run(change())


def prune(api: Api, later: timedelta = timedelta(0), limit: int = 1000) -> list[int]:
    """What each call of the pruning deletes, so much later than now, until nothing is left to delete."""

    async def run() -> list[int]:
        runtime, gone = api.server.runtime, []
        now = runtime.clock.now() + later
        while True:
            async with runtime.database.writing() as session:
                gone.append(await steps.prune(session, now, limit, days=7))
            if not gone[-1]:
                return gone

    return api.run(run())


def kept(api: Api) -> dict[str, int]:
    """How many rows there are of the tenant's jobs, by table; chunks by their direction."""

    async def read() -> dict[str, int]:
        found = {}
        async with api.server.runtime.database.reading() as session:
            for table in (job, job_error, job_seen):
                here = select(func.count()).select_from(table).where(table.c.tenant == api.tenant)
                found[table.name] = await session.value(here)
            for direction in ("in", "out"):
                here = select(func.count()).where(job_chunk.c.tenant == api.tenant)
                found[direction] = await session.value(here.where(job_chunk.c.direction == direction))
        return found

    return api.run(read())


def test_a_worker_that_stops_ends_its_step_and_gives_the_job_back(api: Api) -> None:
    path = started(api, 5500)
    worker = JobWorker(api.server.runtime)

    async def stop_at_work() -> None:
        running = asyncio.create_task(worker.run())
        while (await api.send("GET", path)).json["counts"]["rows"] == 0:  # noqa: ASYNC110
            await asyncio.sleep(0)
        worker.stop()
        await running

    api.run(stop_at_work())
    view = api.get(path).json
    assert view["state"] == "QUEUED"
    assert view["counts"]["rows"] in range(1000, 5500, 1000)
    assert view["counts"]["rows"] == members(api)
    finish(api)  # at once, though no lease has run out
    assert api.get(path).json["state"] == "SUCCEEDED"
    assert members(api) == 5500


def test_a_job_whose_step_keeps_failing_ends_and_holds_up_no_other(api: Api) -> None:
    path = started(api, 1500)
    run_steps(api, 1)
    lose_lease(api)
    set_job(api, path, parameters={"type": "nothing"})
    worker = JobWorker(api.server.runtime)
    for attempt in range(5):
        with pytest.raises(KeyError):
            api.run(worker.round())
        assert api.get(f"{path}?fields=state").json == {"state": "RUNNING"}
        # It waits a little before the next attempt, and others go on meanwhile.
        other = imported(api, b"customerId\nx%d\n" % attempt, CSV, segmentId="gold")
        assert other["state"] == "SUCCEEDED"
        lose_lease(api)
    finish(api)
    found = api.run(state(api, path))
    assert (found.state, found.message) == (
        "FAILED",
        "A step failed 5 times; the server's log says why.",
    )
    assert found.finished_at is not None
    assert members(api) == 1005  # what was written before stays
    assert api.post(f"{path}/cancel").status == 409


async def state(api: Api, path: str) -> Any:
    async with api.server.runtime.database.reading() as session:
        return await session.first(select(job).where(job.c.id == path.rsplit("/", 1)[1]))


def test_a_step_that_ends_makes_good_for_those_that_failed(api: Api) -> None:
    path = started(api, 2500)
    parameters = api.run(state(api, path)).parameters
    worker = JobWorker(api.server.runtime)
    for _ in range(3):
        for _ in range(4):
            set_job(api, path, parameters={"type": "nothing"})
            with pytest.raises(KeyError):
                api.run(worker.round())
            lose_lease(api)
        set_job(api, path, parameters=parameters)
        run_steps(api, 1)
        lose_lease(api)
    finish(api)
    assert api.get(path).json["state"] == "SUCCEEDED"


def test_a_job_that_nobody_takes_says_so_after_a_minute(api: Api) -> None:
    path = started(api, 1)
    assert "message" not in api.get(path).json
    now = api.server.runtime.clock.now()
    set_job(api, path, created_at=iso(now - timedelta(seconds=61)))
    assert api.get(path).json["message"].startswith("No worker has taken it yet.")
    assert api.get(IMPORTS).json[0]["message"].startswith("No worker has taken it yet.")
    finish(api)
    assert "message" not in api.get(path).json


def test_what_no_job_needs_any_more_is_deleted_in_time(api: Api) -> None:
    waiting, week = started(api, 10), timedelta(days=7)
    set_job(api, waiting, state="CANCELLED")  # not to be run yet: a cancelled one has an end
    done = imported(api, rows(1500) + b"not an id\n", CSV, segmentId="gold", mode="replace")
    assert api.post(EXPORTS, {"type": "customers"}).status == 202
    finish(api)
    set_job(api, waiting, state="QUEUED")
    assert kept(api) == {"job": 3, "job_error": 1, "job_seen": 1500, "in": 3, "out": 1}
    # What went in is of no use after the end, what came out is kept for a week.
    gone = prune(api, limit=400)
    assert max(gone) <= 400
    assert kept(api) == {"job": 3, "job_error": 1, "job_seen": 0, "in": 1, "out": 1}
    prune(api, week - timedelta(minutes=5))
    assert len(refused(api, done["id"])) == 1
    prune(api, week + timedelta(minutes=5))
    assert kept(api) == {"job": 1, "job_error": 0, "job_seen": 0, "in": 1, "out": 0}
    finish(api)
    assert api.get(waiting).json["state"] == "SUCCEEDED"


def test_an_upload_that_broke_off_is_deleted_and_one_that_goes_on_is_not(api: Api) -> None:
    broken = upload(api, rows(2500) + b'"' + b"x" * 1_100_000, CSV, segmentId="gold")
    assert broken.status == 400
    going_on = started(api, 10)
    now = api.server.runtime.clock.now()
    set_job(api, going_on, state="UPLOADING", lease_until=iso(now + timedelta(hours=1)))
    prune(api, timedelta(minutes=59))
    assert kept(api) == {"job": 1, "job_error": 0, "job_seen": 0, "in": 1, "out": 0}
    prune(api, timedelta(minutes=61))
    assert kept(api) == {"job": 0, "job_error": 0, "job_seen": 0, "in": 0, "out": 0}
