"""An operation that lost a race runs again from its start, and gives up politely."""

from __future__ import annotations

import pytest

from coterie.database.session import Retry
from coterie.kit.call import Call, Reply
from coterie.kit.dispatch import Dispatch
from coterie.kit.rows import ANY, Service, op
from support.api import Api, Response


def contested(api: Api, monkeypatch: pytest.MonkeyPatch, losses: int) -> Response:
    """The answer of a write that loses this many races, each after noting an event."""
    left = losses

    async def write(call: Call) -> Reply:
        nonlocal left
        call.emit("raced", "race", {})
        if left:
            left -= 1
            raise Retry("lost")
        return Reply(204)

    service = Service("race", "/race/{tenant}", (op("POST", "/races", write, ANY, 204),), "Race")
    monkeypatch.setattr(api.server.app, "dispatch", Dispatch([service]))
    token = {"authorization": f"Bearer {api.token}"}
    return api.run(api.server.send("POST", f"/race/{api.tenant}/races", token))


def test_a_lost_race_is_run_again_and_tells_of_it_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert contested(api, monkeypatch, 2).status == 204
    assert len(api.events("raced")) == 1


def test_a_race_that_is_always_lost_is_a_conflict(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with api.unchanged():
        refused = contested(api, monkeypatch, 10**6)
    assert refused.status == 409
    assert "try again" in refused.json["message"]
