"""The job worker: takes jobs of all tenants, one at a time, and runs each step by step until stopped."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from coterie.kit.clock import jittered
from coterie.kit.runtime import Runtime
from coterie.worker import steps

log = structlog.get_logger("coterie.jobs")
_FIRST_IDLE, _LONGEST_IDLE, _TROUBLE = 0.05, 2.0, 5.0


class JobWorker:
    """Runs the jobs of a database until stopped. Any number may run at once; `runtime.jobs_queued` wakes it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stopping = False

    async def run(self) -> None:
        """Work until `stop`. Outages of the database are waited out."""
        idle = _FIRST_IDLE
        while not self._stopping:
            try:
                idle = _FIRST_IDLE if await self.round() else min(idle * 2, _LONGEST_IDLE)
            except Exception:
                log.exception("a step of a job failed")
                idle = jittered(_TROUBLE)
            await self._rest(idle)

    def stop(self) -> None:
        """Let the step in progress end, give the job back, and return from `run`."""
        self._stopping = True
        self._runtime.jobs_queued.set()

    async def round(self) -> bool:
        """Run one job as far as it goes. Whether there was one. One whose step fails is tried again, a few times."""
        database, clock = self._runtime.database, self._runtime.clock
        claimed = await steps.claim(database, clock.now())
        if claimed is None:
            return False
        try:
            while not self._stopping:
                if not await steps.advance(self._runtime, claimed):
                    return True
        except Exception:
            await steps.give_back(database, claimed, clock.now() + timedelta(seconds=_TROUBLE))
            raise
        await steps.give_back(database, claimed)
        return True

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0 if self._stopping else seconds):
                await self._runtime.jobs_queued.wait()
        self._runtime.jobs_queued.clear()
