"""`coterie webhook`: a receiver at a developer's desk, and what to do with events that a receiver did not take."""

from __future__ import annotations

import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Annotated, Any

from cyclopts import App, Parameter

from coterie.cli import CommandError, app
from coterie.cli.options import Json
from coterie.cli.remote import Access, opened
from coterie.services.webhook.facade import signatures

webhook = App(name="webhook", help="Receive webhooks at a desk, and care for those that were not taken.")
app.command(webhook)

# How old, in seconds, a delivery may be: whoever recorded one can't play it again much later.
_OLDEST = 300
_LARGEST = 10 * 1024 * 1024


@webhook.command
def listen(
    *,
    port: Annotated[int, Parameter(help="Port on 127.0.0.1; 0 takes a free one.")] = 8090,
    secret: Annotated[
        str, Parameter(env_var="WEBHOOK_SECRET", help="The secretKey; empty: nothing is verified.")
    ] = "",
    count: Annotated[int, Parameter(help="End after so many deliveries; 0: never.")] = 0,
) -> None:
    """Print and verify the webhooks that arrive.

    The server sends to 127.0.0.1 only with COTERIE_ALLOWED_HOSTS=127.0.0.1. A delivery whose signatures are wrong is
    printed, and refused with 401.
    """
    try:
        server = HTTPServer(("127.0.0.1", port), _Printer)
    except (OSError, OverflowError) as error:
        raise CommandError(f"can't listen on 127.0.0.1:{port}: {error}", 3) from None
    server.__dict__["secret"] = secret
    print(f"listens on http://127.0.0.1:{server.server_port}", flush=True)
    with server:
        taken = 0
        while not count or taken < count:
            server.handle_request()
            taken += 1


class _Printer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = self.headers.get("content-length", "0")
        body = self.rfile.read(min(int(length) if length.isdigit() else 0, _LARGEST))
        secret: str = self.server.__dict__["secret"]
        problem = verified(secret, {name.lower(): value for name, value in self.headers.items()}, body)
        told = problem or ("verified" if secret else "not verified")
        print(f"{self.headers.get('emporix-event-type', '?')} {self.headers.get('webhook-id', '?')} ({told})")
        print(body.decode(errors="replace"), flush=True)
        self.send_response(401 if problem else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def verified(secret: str, headers: dict[str, str], body: bytes) -> str:
    """What is wrong with a delivery's signatures; empty when nothing is."""
    if not secret:
        return ""
    id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(int(at) - time.time()) > _OLDEST:
        return "webhook-timestamp is missing, or too old"
    for name, value in signatures(body, secret, id, int(at)).items():
        if not hmac.compare_digest(headers.get(name, "").encode(), value.encode()):
            return f"{name} is wrong"
    return ""


@webhook.command
def failed(access: Access, *, json_: Json = False) -> None:
    """List the events that receivers did not take."""
    with opened(access) as server:
        found = server.ask("GET", "/webhook/{tenant}/failed-events").json()
    if json_:
        print(json.dumps(found))
        return
    for each in found:
        state = "parked" if "parkedAt" in each else f"again at {each.get('retryAt', 'once')}"
        print(f"{each['id']}  {each['type']}  {each['subject']}  {each['attempts']} attempts, {state}")
        print(f"    {each.get('error', '')}")


@webhook.command
def replay(*ids: str, access: Access) -> None:
    """Try parked events again: those with these ids, or all."""
    _change(access, "replay", ids, "tried again")


@webhook.command
def discard(*ids: str, access: Access) -> None:
    """Give the parked events with these ids up, and go on with what waits behind them."""
    if not ids:
        raise CommandError("name the ids of the events to give up; `coterie webhook failed` lists them.", 2)
    _change(access, "discard", ids, "given up")


def _change(access: Access, what: str, ids: tuple[str, ...], told: str) -> None:
    with opened(access) as server:
        body = {"ids": list(ids)} if ids else {}
        count = server.ask("POST", f"/webhook/{{tenant}}/failed-events/{what}", json=body).json()["count"]
    print(f"{count} events {told}.")
    sys.stdout.flush()
