"""A receiver of webhooks on loopback, which verifies and remembers what it takes, and fails when told to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from coterie.database.session import Database
from coterie.services.webhook.tables import destination


@dataclass(frozen=True)
class Taken:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> tuple[int, int]:
        """The event's row and position."""
        _, row, position = self.headers["webhook-id"].rsplit(".", 2)
        return int(row), int(position)


@dataclass
class Receiver:
    """`answers` says what a request gets: the status, and seconds to wait before it; by default 200 at once."""

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    accepted: list[Taken] = field(default_factory=list)
    answers: Callable[[Taken], tuple[int, float]] = lambda _taken: (200, 0.0)
    headers: dict[str, str] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def at(self, path: str) -> list[Taken]:
        """What came to a path and was answered with a success."""
        return [each for each in self.accepted if each.path == path]


async def nobody_else(database: Database) -> None:
    """Forget the destinations that other tests left: a worker serves those of all tenants."""
    async with database.writing() as session:
        await session.run(destination.delete())


@contextmanager
def receiving(receiver: Receiver | None = None) -> Iterator[Receiver]:
    """A receiver that listens until the block ends."""
    told = receiver or Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken = Taken(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            with told.lock:
                told.taken.append(taken)
            status, seconds = told.answers(taken)
            if status < 300:
                with told.lock:
                    told.accepted.append(taken)
            time.sleep(seconds)
            self.send_response(status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        request_queue_size = 128

    server = Listener(("127.0.0.1", told.port), Handler)
    server.daemon_threads = True
    told.port = server.server_port
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
