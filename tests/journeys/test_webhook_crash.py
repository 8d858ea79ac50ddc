"""Workers and the receiver killed at random under load: every committed change arrives, in order per subject.

`COTERIE_TEST_WEBHOOK_SECONDS` is for how long there is load: 120 is the whole test, the suite's is short.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from coterie.kit.outbox import entries
from coterie.kit.tables import outbox
from coterie.settings import Settings
from coterie.worker import webhooks
from coterie.worker.webhooks import WebhookWorker
from support.api import Api, Server, new_tenant
from support.outbox import StillClock
from support.receiver import Receiver, receiving
from support.shop import SEGMENTS, Shop

SECONDS = float(os.environ.get("COTERIE_TEST_WEBHOOK_SECONDS", "4"))
A_SECOND = 50
NAMES = ("gold", "silver", "bronze", "iron")
TYPES = ("created", "deleted")
LEASE = 1


def _worker(settings: Settings) -> subprocess.Popen[bytes]:
    script = "import sys; from support import webhook_process; webhook_process.main(*sys.argv[1:])"
    return subprocess.Popen(
        [sys.executable, "-c", script, settings.database, settings.secret, settings.data_dir, str(LEASE)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )


def _loaded(api: Api, settings: Settings, chance: random.Random) -> Receiver:
    """Changes for a while, during which a worker and the receiver are killed and come back; what was received."""
    receiver, number = Receiver(), 0
    until = time.monotonic() + SECONDS
    process = _worker(settings)
    with ExitStack() as listening:
        listening.enter_context(receiving(receiver))
        configure(api, receiver)
        while time.monotonic() < until:
            again = time.monotonic() + chance.uniform(0.3, 1.5)
            while time.monotonic() < again:
                started = time.monotonic()
                for _ in range(5):
                    name, number = chance.choice(NAMES), number + 1
                    people = [{"customerId": f"c{number}"}, {"customerId": f"d{number}"}]
                    path = f"{SEGMENTS}/{name}/customers"
                    assert api.put(f"{path}/bulk", people).status == 207
                    assert api.delete(f"{path}/c{number}").status == 204
                # Ten changes to a round.
                time.sleep(max(0.0, 10 / A_SECOND - (time.monotonic() - started)))
            if chance.random() < 0.5:
                process.kill()
                process.wait(30)
                process = _worker(settings)
            else:
                listening.close()
                time.sleep(0.2)
                listening.enter_context(receiving(receiver))
        process.kill()
        process.wait(30)
        # Who comes later finds the leases and the waits over.
        later = StillClock(datetime.now(UTC) + timedelta(seconds=LEASE + 120))
        runtime = replace(api.server.runtime, clock=later)
        for _ in range(30):
            api.run(asyncio.wait_for(WebhookWorker(runtime, pace=webhooks.Pace(lease=LEASE)).drain(), 60))
            later.move(seconds=700)
    return receiver


def configure(api: Api, receiver: Receiver) -> None:
    given = {"destinationUrl": receiver.url, "secretKey": "s3cret"}
    body = {"code": "http", "provider": "HTTP", "active": True, "configuration": given}
    assert api.post("/webhook/{tenant}/config", body).status == 201


def test_every_change_arrives_in_order_whoever_is_killed(database_url: str, tmp_path: Path) -> None:
    settings = Settings(
        database=database_url,
        data_dir=str(tmp_path),
        secret="journey-" * 5,
        log_level="error",
        allowed_hosts="127.0.0.1",
    )
    server = Server(database_url.split(":", 1)[0], settings)
    try:
        api = new_tenant(server, references="open")
        shop = Shop(api)
        shop.site()
        for name in NAMES:
            shop.segment(name)
        types = [f"customer-segment.customer-assignment-{what}" for what in TYPES]
        changes = [{"eventType": each, "action": "SUBSCRIBE"} for each in types]
        assert api.patch("/webhook/{tenant}/event-subscriptions", changes).status == 207
        receiver = _loaded(api, settings, random.Random(7))

        async def emitted() -> dict[str, list[tuple[int, int]]]:
            found: dict[str, list[tuple[int, int]]] = {}
            async with server.runtime.database.reading() as session:
                mine = select(outbox).where(outbox.c.tenant == api.tenant, outbox.c.type.in_(types))
                for row in await session.all(mine.order_by(outbox.c.id)):
                    for at, _ in entries(row.payload):
                        found.setdefault(row.subject, []).append((row.id, at))
            return found

        told = list(dict.fromkeys(taken.id for taken in receiver.accepted))
        for ids in server.run(emitted()).values():
            known = set(ids)
            assert [id for id in told if id in known] == ids
    finally:
        server.close()
