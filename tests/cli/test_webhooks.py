"""`coterie webhook`: what arrives at a desk is verified, and what did not arrive elsewhere is cared for."""

from __future__ import annotations

import json
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from coterie.services.webhook.facade import signatures
from support.commands import Run, Start
from support.served import TENANT, serving

SECRET = "kettle"


def post(url: str, secret: str, at: int, body: bytes = b'{"id":"pan"}') -> int:
    headers = {
        "webhook-id": "acme.7.0",
        "webhook-timestamp": str(at),
        "emporix-event-type": "product.created",
    }
    headers |= signatures(body, secret, "acme.7.0", at)
    try:
        with urlopen(Request(url, body, headers), timeout=30) as answer:
            status: int = answer.status
            return status
    except HTTPError as error:
        return error.code


def test_what_arrives_is_printed_and_verified(start: Start) -> None:
    listener = start("webhook", "listen", "--port", "0", "--secret", SECRET, "--count", "3")
    now = int(time.time())
    assert [post(listener.url, *each) for each in ((SECRET, now), ("pan", now), (SECRET, now - 3600))] == [
        204,
        401,
        401,
    ]
    output, errors = listener.process.communicate(timeout=30)
    assert (listener.process.returncode, errors) == (0, "")
    assert output.splitlines() == [
        "product.created acme.7.0 (verified)",
        '{"id":"pan"}',
        "product.created acme.7.0 (emporix-event-signature is wrong)",
        '{"id":"pan"}',
        "product.created acme.7.0 (webhook-timestamp is missing, or too old)",
        '{"id":"pan"}',
    ]


def test_without_a_secret_it_says_that_nothing_was_verified(start: Start) -> None:
    listener = start("webhook", "listen", "--port", "0", "--count", "1")
    assert post(listener.url, "", 0) == 204
    assert "(not verified)" in listener.process.communicate(timeout=30)[0]


def test_what_was_not_taken_is_listed_replayed_and_given_up(
    run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with serving(tmp_path_factory.mktemp("served"), None) as server:
        known = {"COTERIE_URL": server.url, "TENANT": TENANT, **server.credentials}
        done = run("webhook", "failed", "--json", **known)
        assert (done.returncode, json.loads(done.stdout)) == (0, [])
        assert run("webhook", "replay", **known).stdout == "0 events tried again.\n"
        assert run("webhook", "discard", "7.0", **known).stdout == "0 events given up.\n"
        refused = run("webhook", "discard", **known)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        refused = run("webhook", "replay", "seven", **known)
        assert refused.returncode == 1
        assert "is not an event's id" in refused.stderr
