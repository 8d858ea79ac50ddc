"""Svix: one adapter, tested against a server on loopback that speaks its protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from coterie.fetch import SafeFetcher
from coterie.kit.tables import outbox
from coterie.services.webhook.tables import aside
from coterie.worker.webhooks import WebhookWorker
from support.api import Api
from support.receiver import nobody_else

CONFIG = "/webhook/{tenant}/config"
DASHBOARD = "/webhook/{tenant}/dashboard-access"
KEY = "testsk_key"


@dataclass
class Account:
    """What an account of Svix holds; `fails`: the status of everything."""

    port: int = 0
    apps: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    messages: dict[tuple[str, str], Any] = field(default_factory=dict)
    fails: int = 0

    def answer(self, path: str, key: str, body: Any) -> tuple[int, Any]:
        if self.fails:
            return self.fails, {}
        if key != f"Bearer {KEY}":
            return 401, {"code": "authentication_failed"}
        match path.removeprefix("/api/v1/").strip("/").split("/"):
            case ["app"]:
                self.apps.add(body["uid"])
                return 201, {"id": "app_1", **body}
            case ["event-type"]:
                known = body["name"] in self.types
                self.types.add(body["name"])
                return (409 if known else 201), body
            case ["app", app, "msg"]:
                if app not in self.apps or body["eventType"] not in self.types:
                    return 404, {"code": "not_found"}
                if (app, body["eventId"]) in self.messages:
                    return 409, {"code": "event_exists"}
                self.messages[app, body["eventId"]] = body
                return 202, {"id": "msg_1"}
            case ["auth", "app-portal-access", app] if app in self.apps:
                return 200, {"url": f"https://app.svix.com/login#key={app}", "token": "appsk_1"}
        return 404, {"code": "not_found"}


@pytest.fixture
def account(api: Api) -> Iterator[Account]:
    svix = Account()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, answer = svix.answer(urlsplit(self.path).path, self.headers["authorization"], body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    svix.port = server.server_port
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    runtime, settings, fetcher = api.server.runtime, api.server.runtime.settings, api.server.runtime.fetcher
    told = {"svix_url": f"http://127.0.0.1:{svix.port}", "svix_key": KEY, "allowed_hosts": "127.0.0.1"}
    object.__setattr__(runtime, "settings", replace(settings, **told))
    object.__setattr__(runtime, "fetcher", SafeFetcher(frozenset({"127.0.0.1"})))
    api.run(nobody_else(runtime.database))
    try:
        yield svix
    finally:
        object.__setattr__(runtime, "settings", settings)
        object.__setattr__(runtime, "fetcher", fetcher)
        server.shutdown()
        server.server_close()
        thread.join()


def deliver(api: Api, events: int) -> None:
    row = {
        "tenant": api.tenant,
        "type": "product.created",
        "subject": "p",
        "internal": False,
        "events": events,
    }
    row |= {"payload": [{"n": n, "cost": 1} for n in range(events)], "created_at": "2026-01-01T00:00:00.000Z"}

    async def run() -> None:
        async with api.server.runtime.database.writing() as session:
            await session.run(outbox.insert(), [row])
        await WebhookWorker(api.server.runtime).drain()

    api.run(run())


@pytest.mark.parametrize("provider", ["SVIX", "SVIX_SHARED"])
def test_events_become_messages_of_the_tenants_application(api: Api, account: Account, provider: str) -> None:
    configuration = {"apiKey": KEY} if provider == "SVIX" else {}
    body = {"code": provider.lower(), "provider": provider, "active": True, "configuration": configuration}
    assert api.post(CONFIG, body).status == 201
    change = [{"eventType": "product.created", "action": "SUBSCRIBE", "fieldsToUnsubscribe": ["cost"]}]
    api.patch("/webhook/{tenant}/event-subscriptions", change)
    deliver(api, 3)
    assert [each["payload"] for each in account.messages.values()] == [{"n": n} for n in range(3)]
    assert {app for app, _ in account.messages} == {api.tenant} == account.apps


def test_what_svix_does_not_take_is_tried_again(api: Api, account: Account) -> None:
    body = {"code": "svix", "provider": "SVIX", "active": True, "configuration": {"apiKey": "wrong"}}
    assert api.post(CONFIG, body).status == 201
    api.patch(
        "/webhook/{tenant}/event-subscriptions", [{"eventType": "product.created", "action": "SUBSCRIBE"}]
    )
    deliver(api, 2)

    async def errors() -> list[str]:
        async with api.server.runtime.database.reading() as session:
            mine = select(aside.c.error).where(aside.c.tenant == api.tenant, aside.c.attempts > 0)
            return [row.error for row in await session.all(mine)]

    assert api.run(errors()) == ["Svix answered a message with status 401"]


def test_the_dashboard_opens_with_the_operators_account(api: Api, account: Account) -> None:
    answer = api.get(DASHBOARD)
    assert answer.json == {"url": f"https://app.svix.com/login#key={api.tenant}", "token": "appsk_1"}
    account.fails = 503
    assert api.get(DASHBOARD).status == 502
    runtime = api.server.runtime
    object.__setattr__(runtime, "settings", replace(runtime.settings, svix_key=""))
    assert api.get(DASHBOARD).status == 404
