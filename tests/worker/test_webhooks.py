"""Webhooks are delivered at least once and in order per subject, and one dead receiver delays nobody else."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from coterie.kit.outbox import entries
from coterie.kit.tables import outbox
from coterie.services.webhook.tables import aside, destination
from coterie.worker import webhooks
from coterie.worker.webhooks import WebhookWorker
from support.api import Api
from support.outbox import StillClock
from support.receiver import Receiver, Taken, nobody_else, receiving

CONFIG = "/webhook/{tenant}/config"
FAILED = "/webhook/{tenant}/failed-events"
TYPE = "product.created"
PACE = replace(webhooks.Pace(), deliver=10.0)


@dataclass
class Hooks:
    """A tenant whose events of products are sent to a receiver, and a worker whose clock is moved by hand."""

    api: Api
    receiver: Receiver
    clock: StillClock
    pace: webhooks.Pace = PACE

    def configure(self, **configuration: Any) -> None:
        given = {"destinationUrl": f"{self.receiver.url}/root", "secretKey": "s3cret", **configuration}
        body = {"code": "http", "provider": "HTTP", "active": True, "configuration": given}
        assert self.api.post(CONFIG, body).status == 201

    def subscribe(self, *types: str, **more: Any) -> None:
        given = [{"eventType": each, "action": "SUBSCRIBE", **more} for each in types]
        assert {
            each["code"] for each in self.api.patch("/webhook/{tenant}/event-subscriptions", given).json
        } == {200}

    def emit(self, *subjects: str, type: str = TYPE, events: int = 1, **payload: Any) -> None:
        """A row for each subject; its events have their numbers as payload."""
        rows = [
            {
                "tenant": self.api.tenant,
                "type": type,
                "subject": subject,
                "payload": [{"n": n, **payload} for n in range(events)]
                if events > 1
                else {"n": 0, **payload},
                "events": events,
                "internal": False,
                "created_at": "2026-01-01T00:00:00.000Z",
            }
            for subject in subjects
        ]

        async def write() -> None:
            async with self.api.server.runtime.database.writing() as session:
                await session.run(outbox.insert(), rows)

        self.api.run(write())

    def deliver(self) -> None:
        """All that can be delivered now."""
        runtime = replace(self.api.server.runtime, clock=self.clock)
        self.api.run(WebhookWorker(runtime, pace=self.pace).drain())

    def told(self, path: str = "/root") -> list[tuple[int, int]]:
        return [taken.id for taken in self.receiver.at(path)]

    def emitted(self) -> dict[str, list[tuple[int, int]]]:
        """Every event by subject, in order."""

        async def read() -> dict[str, list[tuple[int, int]]]:
            found: dict[str, list[tuple[int, int]]] = {}
            async with self.api.server.runtime.database.reading() as session:
                mine = select(outbox).where(outbox.c.tenant == self.api.tenant, outbox.c.type == TYPE)
                for row in await session.all(mine.order_by(outbox.c.id)):
                    for at, _ in entries(row.payload):
                        found.setdefault(row.subject, []).append((row.id, at))
            return found

        return self.api.run(read())

    def rows(self, table: Any) -> list[Any]:
        async def read() -> list[Any]:
            async with self.api.server.runtime.database.reading() as session:
                return list(await session.all(select(table).where(table.c.tenant == self.api.tenant)))

        return self.api.run(read())


@pytest.fixture
def hooks(api: Api) -> Iterator[Hooks]:
    runtime, settings = api.server.runtime, api.server.runtime.settings
    object.__setattr__(runtime, "settings", replace(settings, allowed_hosts="127.0.0.1"))
    api.run(nobody_else(runtime.database))
    try:
        with receiving() as receiver:
            yield Hooks(api, receiver, StillClock(runtime.clock.now()))
    finally:
        object.__setattr__(runtime, "settings", settings)


def test_an_event_arrives_signed_in_both_schemes(hooks: Hooks) -> None:
    hooks.configure(headers={"x-shop": {"value": "one"}})
    hooks.subscribe(TYPE)
    hooks.emit("p1", name="Kettle")
    hooks.deliver()
    (taken,) = hooks.receiver.taken
    assert taken.json == {"n": 0, "name": "Kettle"}
    headers = taken.headers
    assert (headers["x-shop"], headers["emporix-event-type"]) == ("one", TYPE)
    ours = hmac.digest(b"s3cret", taken.body, hashlib.sha256)
    assert headers["emporix-event-signature"] == base64.b64encode(ours).decode()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + taken.body
    theirs = base64.b64encode(hmac.digest(b"s3cret", signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{theirs}"
    statistics = hooks.api.get("/webhook/{tenant}/statistics").json
    assert [each["succesfullySentWebhooks"] for each in statistics["monthStatistics"]] == [1]


def test_only_what_is_subscribed_and_matches_goes_where_it_should(hooks: Hooks) -> None:
    url = hooks.receiver.url
    hooks.configure(
        eventsConfiguration=[
            {"eventType": "PRODUCT.CREATED", "destinationUrl": f"{url}/all", "secretKey": "other"},
            {
                "eventType": TYPE,
                "destinationUrl": f"{url}/some",
                "filter": "$[?(@.name == 'Pan')]",
                "excludedFields": [],
            },
            {"eventType": TYPE, "destinationUrl": f"{url}/off", "active": False},
        ]
    )
    hooks.subscribe(TYPE, "product.updated", fieldsToUnsubscribe=["price"])
    hooks.emit("p1", name="Kettle", price=1)
    hooks.emit("p2", name="Pan", price=2)
    hooks.emit("p1", type="product.updated", price=3)
    hooks.emit("p1", type="product.deleted")
    hooks.deliver()
    found = {
        path: [each.json for each in hooks.receiver.at(path)] for path in ("/all", "/some", "/root", "/off")
    }
    assert sorted(found["/all"], key=str) == [{"n": 0, "name": "Kettle"}, {"n": 0, "name": "Pan"}]
    assert found["/some"] == [{"n": 0, "name": "Pan", "price": 2}]
    assert found["/root"] == [{"n": 0}]
    assert found["/off"] == []
    for taken in hooks.receiver.at("/all"):
        ours = hmac.digest(b"other", taken.body, hashlib.sha256)
        assert taken.headers["emporix-event-signature"] == base64.b64encode(ours).decode()


def test_events_before_the_configuration_are_not_sent_and_the_rest_once_in_order(hooks: Hooks) -> None:
    hooks.subscribe(TYPE)
    hooks.emit("early")
    hooks.configure()
    hooks.emit(*["a", "b", "c"] * 40)
    hooks.emit("a", "b", events=250)
    hooks.emit("a")
    hooks.deliver()
    emitted = hooks.emitted()
    told = hooks.told()
    assert len(told) == len(set(told)) == sum(map(len, emitted.values())) - 1
    for subject in "abc":
        assert [id for id in told if id in set(emitted[subject])] == emitted[subject]
    hooks.deliver()
    assert len(hooks.told()) == len(told)


def test_a_refused_event_holds_up_its_subject_only_and_is_tried_ever_later(hooks: Hooks) -> None:
    hooks.configure()
    hooks.subscribe(TYPE)
    bad = {"on": True}
    hooks.receiver.answers = lambda taken: (500 if bad["on"] and taken.json.get("bad") else 200, 0)
    hooks.emit("a", "b")
    hooks.emit("a", bad=True)
    hooks.emit("a", "b", events=3)
    hooks.deliver()
    emitted = hooks.emitted()
    assert sorted(hooks.told()) == sorted([emitted["a"][0], *emitted["b"]])
    (first,) = hooks.api.get(FAILED).json
    assert (first["attempts"], first["subject"]) == (1, "a")
    assert first["error"] == "the receiver answered with status 500"
    tried = len(hooks.receiver.taken)
    hooks.deliver()
    assert len(hooks.receiver.taken) == tried, "before its time"
    hooks.emit("a")
    hooks.clock.move(seconds=2)
    hooks.deliver()
    assert len(hooks.receiver.taken) == tried + 1
    bad["on"] = False
    hooks.clock.move(seconds=4)
    hooks.deliver()
    told = hooks.told()
    assert [id for id in told if id in set(hooks.emitted()["a"])][-5:] == hooks.emitted()["a"][-5:]
    assert hooks.api.get(FAILED).json == []
    assert hooks.rows(aside) == []


def test_what_keeps_failing_is_parked_replayed_or_given_up(hooks: Hooks) -> None:
    hooks.pace = replace(PACE, attempts=2)
    hooks.configure()
    hooks.subscribe(TYPE)
    bad = {"on": True}
    hooks.receiver.answers = lambda taken: (500 if bad["on"] and taken.json.get("bad") else 200, 0)
    hooks.emit("a", "b", bad=True)
    hooks.emit("a", "b")
    hooks.deliver()
    hooks.clock.move(minutes=5)
    hooks.deliver()
    parked = hooks.api.get(f"{FAILED}?parked=true").json
    assert [each["subject"] for each in parked] == ["a", "b"]
    assert hooks.api.get(f"{FAILED}?parked=false").json == []
    hooks.clock.move(days=1)
    hooks.deliver()
    assert hooks.told() == []
    assert hooks.api.post(f"{FAILED}/discard", {"ids": [parked[0]["id"]]}).json == {"count": 1}
    hooks.deliver()
    emitted = hooks.emitted()
    assert hooks.told() == [emitted["a"][1]]
    bad["on"] = False
    assert hooks.api.post(f"{FAILED}/replay").json == {"count": 1}
    hooks.deliver()
    assert hooks.told()[1:] == emitted["b"]
    with hooks.api.unchanged():
        assert hooks.api.post(f"{FAILED}/discard", {}).status == 400
        assert hooks.api.post(f"{FAILED}/replay", {"ids": ["x"]}).status == 400


def test_a_dead_destination_is_left_alone_and_delays_nobody(hooks: Hooks) -> None:
    url = hooks.receiver.url
    dead = {"on": True}
    hooks.receiver.answers = lambda taken: (503 if dead["on"] and taken.path == "/dead" else 200, 0)
    hooks.configure(
        eventsConfiguration=[
            {"eventType": TYPE, "destinationUrl": f"{url}/dead"},
            {"eventType": TYPE, "destinationUrl": f"{url}/well"},
        ]
    )
    hooks.subscribe(TYPE)
    subjects = [f"s{at}" for at in range(300)]
    hooks.emit(*subjects)
    hooks.deliver()
    assert len(hooks.told("/well")) == 300
    tried = len(hooks.receiver.taken) - 300
    assert PACE.breaker <= tried <= PACE.breaker + PACE.at_once
    hooks.clock.move(seconds=PACE.longest_pause)
    hooks.deliver()
    assert len(hooks.receiver.taken) == 300 + tried + 1, "asked with one event"
    dead["on"] = False
    # More than once, since a busy machine may have let a delivery fail.
    for _ in range(3):
        hooks.clock.move(seconds=PACE.longest_retry)
        hooks.deliver()
    assert sorted(set(hooks.told("/dead"))) == sorted(hooks.told("/well"))


def test_one_event_that_is_never_taken_does_not_keep_a_destination_shut(hooks: Hooks) -> None:
    hooks.configure()
    hooks.subscribe(TYPE)
    hooks.receiver.answers = lambda taken: (400 if taken.json.get("bad") else 200, 0)
    hooks.emit("a", bad=True)
    for _ in range(PACE.breaker + 1):
        hooks.deliver()
        hooks.clock.move(seconds=PACE.longest_pause)
    hooks.emit("b")
    hooks.clock.move(seconds=PACE.longest_pause)
    hooks.deliver()
    hooks.clock.move(seconds=PACE.longest_pause)
    hooks.deliver()
    assert hooks.told() == hooks.emitted()["b"]


def test_a_worker_that_was_killed_is_replaced_when_its_lease_is_over(hooks: Hooks) -> None:
    hooks.configure()
    hooks.subscribe(TYPE)
    hooks.emit("a", events=5)

    async def killed() -> None:
        async with hooks.api.server.runtime.database.writing() as session:
            until = hooks.clock.now() + timedelta(seconds=PACE.lease)
            values = {"lease": "gone", "lease_until": until.isoformat(timespec="milliseconds")[:-6] + "Z"}
            await session.run(
                update(destination).where(destination.c.tenant == hooks.api.tenant).values(**values)
            )

    hooks.api.run(killed())
    hooks.deliver()
    assert hooks.told() == []
    hooks.clock.move(seconds=PACE.lease)
    hooks.deliver()
    assert hooks.told() == hooks.emitted()["a"]


def test_no_redirect_is_followed_and_no_private_address_reached(hooks: Hooks) -> None:
    hooks.configure()
    hooks.subscribe(TYPE)
    hooks.receiver.headers["Location"] = f"{hooks.receiver.url}/other"
    hooks.receiver.answers = lambda _taken: (307, 0)
    hooks.emit("a")
    hooks.deliver()
    assert [each.path for each in hooks.receiver.taken] == ["/root"]
    runtime = hooks.api.server.runtime
    object.__setattr__(runtime, "settings", replace(runtime.settings, allowed_hosts=""))
    hooks.clock.move(minutes=5)
    hooks.deliver()
    assert len(hooks.receiver.taken) == 1
    (failed,) = hooks.api.get(FAILED).json
    assert "not public" in failed["error"]


def test_a_receiver_that_never_answers_has_not_taken_the_event(hooks: Hooks) -> None:
    hooks.pace = replace(PACE, deliver=0.2)
    hooks.configure()
    hooks.subscribe(TYPE)
    hooks.receiver.answers = lambda _taken: (200, 1.0)
    hooks.emit("a")
    hooks.deliver()
    (failed,) = hooks.api.get(FAILED).json
    assert "did not answer within 0.2 seconds" in failed["error"]


def test_no_more_is_sent_in_a_month_than_the_limit_and_the_rest_in_the_next(hooks: Hooks) -> None:
    runtime = hooks.api.server.runtime
    object.__setattr__(runtime, "settings", replace(runtime.settings, webhook_limit=3))
    hooks.configure()
    hooks.subscribe(TYPE)
    hooks.emit("a", events=5)
    hooks.deliver()
    assert len(hooks.told()) == 3
    hooks.clock.move(days=32)
    hooks.deliver()
    assert hooks.told() == hooks.emitted()["a"]


def test_events_lost_to_retention_are_not_waited_for(hooks: Hooks) -> None:
    hooks.configure()
    hooks.subscribe(TYPE)
    hooks.receiver.answers = lambda taken: (500, 0)
    hooks.emit("a")
    hooks.deliver()

    async def prune() -> None:
        async with hooks.api.server.runtime.database.writing() as session:
            await session.run(outbox.delete().where(outbox.c.tenant == hooks.api.tenant))

    hooks.api.run(prune())
    hooks.clock.move(minutes=5)
    hooks.deliver()
    assert hooks.rows(aside) == []


def test_ids_tell_repetitions() -> None:
    assert Taken("/", {"webhook-id": "acme.12.3"}, b"").id == (12, 3)
