"""The outbox worker: delivers events at least once and in order per subject, and prunes what is old."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol

import structlog

from coterie.database.session import Database, Session
from coterie.kit.clock import Clock, jittered
from coterie.worker import claims
from coterie.worker.claims import Claim, Pace, StoredEvent, Wanted

log = structlog.get_logger("coterie.worker")
# Deletes about so many rows that are old at an instant, and returns how many; called again until that is 0.
Prune = Callable[[Session, datetime, int], Awaitable[int]]
_LONGEST_OUTAGE_WAIT = 10.0


class Consumer(Protocol):
    """Someone who is told of events: of `types`, or, when that is None, of all that are not internal.

    A delivery that raises or takes too long is repeated later, to every consumer; so is one whose mark was
    lost in a crash. A consumer tells repetitions by `event.id` and `event.position`, or does something that can be
    repeated.
    """

    name: str
    types: frozenset[str] | None

    async def deliver(self, event: StoredEvent) -> None:
        """Take the event; return once it is safe."""


class Worker:
    """Delivers the events of a database to its consumers until stopped. Any number may run at once.

    Events that no consumer wants are marked as done and kept for `event_days`. prunes: what else is to be deleted
    now and then. wake: set when there are new events, else they are found by polling. observe: gets the
    outcome (delivered, retried, parked, pruned) and how many.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        consumers: Sequence[Consumer] = (),
        *,
        event_days: int = 30,
        prunes: Sequence[Prune] = (),
        wake: asyncio.Event | None = None,
        observe: Callable[[str, int], None] | None = None,
        pace: Pace = Pace(),
    ) -> None:
        self._database, self._clock, self._consumers, self._pace = database, clock, tuple(consumers), pace
        self._wanted = Wanted(
            frozenset().union(*(each.types or () for each in self._consumers)),
            all=any(each.types is None for each in self._consumers),
        )
        self._days = timedelta(days=event_days)
        self._prunes: tuple[Prune, ...] = (claims.park_behind, self._prune_events, *prunes)
        self._wake = wake or asyncio.Event()
        self._observe = observe or _ignore
        self._stopping = False
        self._pruning: list[Prune] = []
        self._next_pruning = 0.0

    async def run(self) -> None:
        """Work until `stop`. Outages of the database are waited out."""
        idle, troubles = self._pace.first_idle, 0
        while not self._stopping:
            try:
                worked = await self.round()
            except Exception:
                troubles += 1
                log.exception("the worker could not go on and tries again", attempt=troubles)
                await self._rest(jittered(min(0.25 * 2 ** min(troubles, 10), _LONGEST_OUTAGE_WAIT)))
                continue
            troubles = 0
            if worked:
                idle = self._pace.first_idle
            else:
                woken = await self._rest(idle)
                idle = self._pace.first_idle if woken else min(idle * 2, self._pace.longest_idle)

    def stop(self) -> None:
        """Let deliveries in flight end, give the rest back, and return from `run`."""
        self._stopping = True
        self._wake.set()

    async def round(self) -> bool:
        """Deliver one batch and prune one. Whether there was anything to do."""
        worked = False
        async with self._database.reading() as session:
            anything = await claims.anything(session, self._clock.now(), self._pace)
        if anything:
            async with self._database.writing() as session:
                now = (
                    self._clock.now()
                )  # after the wait for the transaction: a lease starts when it is written
                claim = await claims.claim(session, now, self._pace, wanted=self._wanted)
            if claim.undelivered:
                self._observe("delivered", claim.undelivered)
            await self._deliver(claim)
            worked = bool(claim.undelivered or claim.events)
        return await self._prune() or worked

    async def _rest(self, seconds: float) -> bool:
        """Wait; True when woken before the time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(0 if self._stopping else seconds):
                await self._wake.wait()
        woken = self._wake.is_set()
        self._wake.clear()
        return woken

    async def _deliver(self, claim: Claim) -> None:
        """Subjects side by side, the events of each one after the other."""

        def subject(event: StoredEvent) -> tuple[str, str]:
            return event.tenant, event.subject

        slots = asyncio.Semaphore(self._pace.at_once)
        async with asyncio.TaskGroup() as tasks:
            for _, events in groupby(
                sorted(claim.events, key=lambda event: (subject(event), event.id, event.position)), subject
            ):
                tasks.create_task(self._deliver_subject(claim, list(events), slots))

    async def _deliver_subject(
        self, claim: Claim, events: list[StoredEvent], slots: asyncio.Semaphore
    ) -> None:
        async with slots:
            until = claim.until
            while events:
                if self._stopping:
                    await self._release(claim, events)
                    return
                now, lease = self._clock.now(), timedelta(seconds=self._pace.lease)
                # A lease must outlive the delivery; one that lies too far ahead is ended by the others.
                if not now + timedelta(seconds=self._pace.deliver) < until <= now + lease:
                    async with self._database.writing() as session:
                        until = self._clock.now() + lease
                        ours = await claims.renew(session, claim.token, {event.id for event in events}, until)
                    if not ours:
                        log.warning("another worker took over", event_id=events[0].id)
                        await self._release(claim, events)
                        return
                error = await self._attempt(events[0])
                if error is not None:
                    await self._failed(claim, events, error)
                    return
                event = events.pop(0)
                async with self._database.writing() as session:
                    if not await claims.delivered(session, claim.token, event, self._clock.now()):
                        log.warning("another worker took over during a delivery", event_id=event.id)
                self._observe("delivered", 1)

    def _told(self, type_: str, internal: bool) -> list[Consumer]:
        return [
            each for each in self._consumers if (not internal if each.types is None else type_ in each.types)
        ]

    async def _attempt(self, event: StoredEvent) -> str | None:
        """Tell every consumer that wants it; what went wrong, or None."""
        told = self._told(event.type, event.internal)
        for consumer in told:
            try:
                async with asyncio.timeout(self._pace.deliver / len(told)):
                    await consumer.deliver(event)
            except Exception as error:
                return f"{consumer.name}: {type(error).__name__}: {error}"
        return None

    async def _failed(self, claim: Claim, events: list[StoredEvent], error: str) -> None:
        event, *behind = events
        now, pace = self._clock.now(), self._pace
        attempt = event.attempts + 1
        retry = None
        if attempt < pace.attempts:
            wait = min(pace.first_retry * 2.0 ** min(event.attempts, 30), pace.longest_retry)
            retry = now + timedelta(seconds=jittered(wait))
        async with self._database.writing() as session:
            await claims.failed(session, claim.token, event, error, retry=retry, now=now)
            if behind:
                await claims.release(session, claim.token, {each.id for each in behind} - {event.id})
        outcome = "parked" if retry is None else "retried"
        self._observe(outcome, 1)
        log.warning(
            f"event {outcome}",
            event_id=event.id,
            type=event.type,
            tenant=event.tenant,
            attempt=attempt,
            error=error,
        )

    async def _release(self, claim: Claim, events: list[StoredEvent]) -> None:
        async with self._database.writing() as session:
            await claims.release(session, claim.token, {event.id for event in events})

    async def _prune(self) -> bool:
        """One bounded batch, so that deliveries never wait for long. Whether there was anything to do."""
        elapsed = asyncio.get_running_loop().time()
        if not self._pruning and elapsed >= self._next_pruning:
            self._pruning = list(self._prunes)
            self._next_pruning = elapsed + jittered(2 * self._pace.housekeeping)
        if not self._pruning:
            return False
        prune = self._pruning[0]
        try:
            async with self._database.writing() as session:
                pruned = await prune(session, self._clock.now(), self._pace.rows)
        except Exception:
            # One that fails must keep neither the others nor the deliveries; its turn comes again.
            self._pruning.pop(0)
            raise
        if not pruned:
            self._pruning.pop(0)
        if pruned and prune is not claims.park_behind:
            self._observe("pruned", pruned)
        return True

    async def _prune_events(self, session: Session, now: datetime, limit: int) -> int:
        return await claims.prune(session, now - self._days, limit)


def _ignore(_outcome: str, _count: int) -> None:
    pass
