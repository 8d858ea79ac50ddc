"""The webhook worker: tells each destination the events of the feed, in order for each subject, at least once.

Destinations are served side by side, each from a place of its own in the feed, so that a dead one delays nobody. What
one does not take is set aside with what follows of the same subject, and tried again ever later; after several failures
in a row the destination is left alone, and then asked with a single event whether it is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from coterie.database.session import Session
from coterie.fetch import SafeFetcher
from coterie.kit.clock import jittered, new_secret
from coterie.kit.runtime import Runtime
from coterie.services.webhook.facade import Horizon, content, wants
from coterie.worker import destinations
from coterie.worker.destinations import Batch, Item, Key, Outcomes
from coterie.worker.senders import Sender, Undelivered, http_sender, svix_sender

# Seconds for which transactions that are open are waited for where all is to be delivered.
_PATIENCE = 30.0
log = structlog.get_logger("coterie.webhooks")


@dataclass(frozen=True)
class Pace:
    """How much is done at once, and how long is waited. Times are in seconds.

    A batch starts no delivery after `batch_seconds`, so that a lease outlives it. After `attempts` failures, about an
    hour, an event is parked.
    """

    destinations: int = 32
    events: int = 200
    at_once: int = 16
    deliver: float = 10.0
    batch_seconds: float = 20.0
    lease: float = 60.0
    attempts: int = 15
    first_retry: float = 1.0
    longest_retry: float = 600.0
    breaker: int = 5
    longest_pause: float = 60.0
    first_idle: float = 0.05
    longest_idle: float = 1.0


class WebhookWorker:
    """Delivers until stopped. Any number may run at once. observe: gets the outcome and how many."""

    def __init__(
        self, runtime: Runtime, *, pace: Pace = Pace(), observe: Callable[[str, int], None] | None = None
    ) -> None:
        self._runtime, self._pace = runtime, pace
        self._observe = observe or (lambda _outcome, _number: None)
        self._fetcher = SafeFetcher(runtime.settings.names("allowed_hosts"), timeout=pace.deliver)
        self._horizon = Horizon(runtime.database)
        self._serving: dict[Key, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`. Outages of the database are waited out."""
        idle = self._pace.first_idle
        while not self._stopping.is_set():
            try:
                idle = self._pace.first_idle if await self.round() else min(idle * 2, self._pace.longest_idle)
            except Exception:
                log.exception("webhooks could not go on and try again")
                idle = jittered(2 * self._pace.longest_idle)
            with suppress(TimeoutError):
                async with asyncio.timeout(idle):
                    await self._stopping.wait()
        await self._ended()

    def stop(self) -> None:
        """Let deliveries in flight end, and return from `run`."""
        self._stopping.set()

    async def drain(self) -> None:
        """Rounds until nothing can be delivered now, of what was written before."""
        await self._horizon.id(_PATIENCE)
        while await self.round():
            await self._ended()

    async def _ended(self) -> None:
        await asyncio.gather(*self._serving.values(), return_exceptions=True)
        await asyncio.sleep(0)  # what is called back when they are done has not run yet

    async def round(self) -> bool:
        """Begin to serve those who are due. Whether there was one."""
        pace = self._pace
        room = pace.destinations - len(self._serving)
        if room <= 0:
            return True
        horizon = await self._horizon.id()
        longest = (pace.lease, pace.longest_pause, pace.longest_retry)
        async with self._runtime.database.reading() as session:
            found = await destinations.due(session, self._runtime.clock.now(), horizon, longest, room)
        new = [key for key in found if key not in self._serving]
        for key in new:
            task = asyncio.create_task(self._serve(key))
            self._serving[key] = task
            task.add_done_callback(partial(self._served, key))
        return bool(new)

    def _served(self, key: Key, _task: asyncio.Task[None]) -> None:
        self._serving.pop(key, None)

    async def _serve(self, key: Key) -> None:
        token, clock, database = new_secret(12), self._runtime.clock, self._runtime.database
        senders: dict[str, Sender] = {}
        try:
            async with database.writing() as session:
                if not await destinations.take(session, key, token, clock.now(), self._pace.lease):
                    return
            while not self._stopping.is_set() and await self._batch(key, token, senders):
                pass
            async with database.writing() as session:
                await destinations.give_back(session, key, token)
        except Exception:
            # Another worker, or this one, goes on when the lease has run out.
            log.exception(
                "a destination could not be served", tenant=key.tenant, code=key.code, entry=key.entry
            )
        finally:
            for sender in senders.values():
                await sender.close()

    async def _batch(self, key: Key, token: str, senders: dict[str, Sender]) -> bool:
        """Tell a destination a batch. Whether there was one, and it is still this worker's."""
        pace, clock, database = self._pace, self._runtime.clock, self._runtime.database
        horizon = await self._horizon.id()
        async with database.reading() as session:
            left = await self._left(session, key.tenant)
            taken = await destinations.batch(
                session, key, token, clock.now(), horizon, pace.events, pace.breaker, pace.longest_retry
            )
        if left == 0:
            async with database.writing() as session:
                until = clock.now() + timedelta(seconds=pace.longest_pause)
                await destinations.pause(session, key, token, until)
            return False
        if taken is None:
            return False
        outcomes = await self._told(key, taken, senders, left)
        waits = [self._wait(item.attempts) for item, _ in outcomes.failed]
        pause = None
        if outcomes.failures >= pace.breaker and outcomes.failed:
            pause = jittered(min(2.0 ** min(outcomes.failures - pace.breaker, 30), pace.longest_pause))
        async with database.writing() as session:
            saved = await destinations.save(
                *(session, key, token, clock.now(), taken, outcomes),
                lease=pace.lease,
                pause=pause,
                waits=waits,
            )
        self._note(key, outcomes, waits)
        return saved and pause is None

    async def _left(self, session: Session, tenant: str) -> int | None:
        """How many events the tenant may have sent this month yet; None: any number."""
        limit = self._runtime.settings.webhook_limit
        if not limit:
            return None
        return max(limit - await destinations.sent(session, tenant, self._runtime.clock.now()), 0)

    def _wait(self, attempts: int) -> float | None:
        if attempts + 1 >= self._pace.attempts:
            return None
        return jittered(min(self._pace.first_retry * 2.0**attempts, self._pace.longest_retry))

    async def _told(self, key: Key, taken: Batch, senders: dict[str, Sender], left: int | None) -> Outcomes:
        """Subjects side by side, the events of each one after the other."""
        outcomes = Outcomes(failures=taken.failures)
        entries = taken.configuration.get("eventsConfiguration", [])
        entry: dict[str, Any] = next((each for each in entries if each["id"] == key.entry), {})
        sender = senders.get(repr((taken.configuration, entry)))
        if sender is None:
            sender = self._sender(key, taken, entry)
            senders[repr((taken.configuration, entry))] = sender
        subjects: dict[str, list[Item]] = {}
        for item in taken.items:
            if item.type not in taken.excluded or not wants(taken.configuration, key.entry, item.type):
                outcomes.done.append(item)
            elif item.subject in taken.blocked:
                outcomes.left.append(item)
            else:
                subjects.setdefault(item.subject, []).append(item)
        slots, until = asyncio.Semaphore(self._pace.at_once), asyncio.get_running_loop().time()
        until += self._pace.batch_seconds

        async def tell(items: list[Item]) -> None:
            async with slots:
                for at, item in enumerate(items):
                    late = asyncio.get_running_loop().time() > until or self._stopping.is_set()
                    broken = outcomes.failures >= self._pace.breaker and outcomes.failures > taken.failures
                    if late or broken or (left is not None and outcomes.sent >= left):
                        outcomes.left.extend(items[at:])
                        return
                    error = await self._sent(sender, item, entry, taken.excluded[item.type], outcomes)
                    if error is not None:
                        outcomes.failed.append((item, error))
                        outcomes.left.extend(items[at + 1 :])
                        return
                    outcomes.done.append(item)

        async with asyncio.TaskGroup() as tasks:
            for items in subjects.values():
                tasks.create_task(tell(items))
        return outcomes

    async def _sent(
        self, sender: Sender, item: Item, entry: dict[str, Any], excluded: list[str], outcomes: Outcomes
    ) -> str | None:
        """Send an event unless it is filtered out; what went wrong, or None."""
        told = content(item.payload, entry, excluded)
        if told is None:
            return None
        try:
            await sender.send(item, told, int(self._runtime.clock.now().timestamp()))
        except Undelivered as error:
            outcomes.failures += 1
            return str(error)
        outcomes.failures = 0
        outcomes.sent += 1
        return None

    def _sender(self, key: Key, taken: Batch, entry: dict[str, Any]) -> Sender:
        vault, settings, most = self._runtime.vault, self._runtime.settings, self._pace.at_once
        if taken.provider != "HTTP":
            given = taken.configuration
            return svix_sender(self._fetcher, vault, settings, key.tenant, taken.provider, given)
        return http_sender(self._fetcher, vault, key.tenant, taken.configuration, entry, most)

    def _note(self, key: Key, outcomes: Outcomes, waits: list[float | None]) -> None:
        if outcomes.sent:
            self._observe("sent", outcomes.sent)
        for (item, error), wait in zip(outcomes.failed, waits, strict=True):
            what = "parked" if wait is None else "retried"
            self._observe(what, 1)
            facts = {
                "tenant": key.tenant,
                "code": key.code,
                "entry": key.entry,
                "type": item.type,
                "error": error,
            }
            log.warning(
                f"webhook {what}",
                event_id=item.id,
                position=item.position,
                attempt=item.attempts + 1,
                **facts,
            )
