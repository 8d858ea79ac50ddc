"""A webhook worker in a process of its own, to be killed."""

import asyncio

from coterie.directory import SERVICES
from coterie.kit.runtime import build
from coterie.settings import Settings
from coterie.worker.webhooks import Pace, WebhookWorker


def main(database: str, secret: str, data_dir: str, lease: str) -> None:
    """Work until killed. lease: seconds for which a destination is kept from the next worker."""
    settings = Settings(database=database, secret=secret, data_dir=data_dir, allowed_hosts="127.0.0.1")
    pace = Pace(lease=float(lease), batch_seconds=float(lease) / 4, events=20, longest_pause=0.5, breaker=20)

    async def work() -> None:
        await WebhookWorker(build(settings, SERVICES), pace=pace).run()

    asyncio.run(work())
