"""Workers killed in the middle of delivering lose no event: what was delivered tells what the tables hold.

`COTERIE_TEST_KILLS` is how often, as in test_crash.py.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from coterie.settings import Settings
from coterie.worker.worker import Worker
from support import feed
from support.api import Api, Server, new_tenant
from support.outbox import Recorder, StillClock, drain
from support.shop import SEGMENTS, Shop

KILLS = int(os.environ.get("COTERIE_TEST_KILLS", "2"))
NAMES = ("gold", "silver", "bronze", "iron")
LEASE = 1


def change(api: Api, round: int) -> None:
    """Forty-eight or more events: members of each segment come, those of the round before go, items are changed."""
    for name in NAMES:
        people = [{"customerId": f"{round}-{at}"} for at in range(8)]
        before = [{"customerId": f"{round - 1}-{at}"} for at in range(8)]
        goods = [{"id": f"p{at}", "mixins": {"mark": {"round": round}}} for at in range(4)]
        for method, tail, body in (
            ("PUT", "customers/bulk", people),
            ("DELETE", "customers/bulk", before),
            ("PUT", "items/PRODUCT/bulk", goods),
        ):
            assert api.request(method, f"{SEGMENTS}/{name}/{tail}", body).status == 207


def killed_after(url: str, log: Path, lines: int) -> None:
    """A worker that is killed once it has delivered this many more events."""
    started = delivered(log)
    process = subprocess.Popen(
        [sys.executable, "-m", "support.worker_process", url, str(log), str(LEASE)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    try:
        deadline = time.monotonic() + 60
        while len(delivered(log)) < len(started) + lines:
            assert process.poll() is None, "the worker ended by itself"
            assert time.monotonic() < deadline, "the worker delivers nothing"
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait(30)


def delivered(log: Path) -> list[feed.EventId]:
    """The events that were delivered, in order, repetitions included."""
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return [(int(id), int(position)) for id, position, _subject in lines]


def test_killed_workers_lose_no_event(database_url: str, tmp_path: Path) -> None:
    log, chance = tmp_path / "log", random.Random(7)
    settings = Settings(
        database=database_url, data_dir=str(tmp_path), secret="journey-" * 5, log_level="error"
    )
    server = Server(database_url.split(":", 1)[0], settings)
    try:
        api = new_tenant(server, references="open")
        shop = Shop(api)
        shop.site()
        for name in NAMES:
            shop.segment(name)
        for round in range(KILLS):
            change(api, round)
            killed_after(database_url, log, chance.randint(1, 24))
        database, rest = server.runtime.database, Recorder()
        later = StillClock(datetime.now(UTC) + timedelta(seconds=LEASE + 120))
        server.run(drain(Worker(database, later, [rest])))
        ids = [*delivered(log), *((event.id, event.position) for event in rest.events)]
        assert len(rest.events) > 0, "the last worker was not killed in the middle"
        heard = server.run(feed.from_events(database, api.tenant, ids))
        assert heard == server.run(feed.checked(database, api.tenant))
        # A kill repeats what was on its way, which is one event for each segment and the site at most.
        assert len(ids) - len(set(ids)) <= KILLS * (len(NAMES) + 1)
    finally:
        server.close()
