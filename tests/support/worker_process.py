"""A worker in a process of its own, to be killed: `python -m support.worker_process URL LOG [LEASE]`."""

import asyncio
import os
import sys

from coterie.database.engines import open_database
from coterie.kit.clock import Clock
from coterie.worker.claims import Pace, StoredEvent
from coterie.worker.worker import Worker


class Logger:
    """Writes each event's row, position and subject to a file, slowly enough to be killed in the middle."""

    name = "logger"
    types: frozenset[str] | None = None

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def deliver(self, event: StoredEvent) -> None:
        os.write(self._file, f"{event.id} {event.position} {event.subject}\n".encode())
        await asyncio.sleep(0.01)


async def main(url: str, log: str, lease: str = "60") -> None:
    """Work until killed. lease: seconds for which the events of one that was killed are kept from the next."""
    pace = Pace(lease=float(lease), deliver=float(lease) / 4)
    await Worker(open_database(url), Clock(), [Logger(log)], pace=pace).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
