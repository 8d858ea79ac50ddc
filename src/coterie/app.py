"""The whole request pipeline on one page: request id, limits, CORS, health, dispatch, and the answer's bytes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from sqlalchemy import text

from coterie.description import pages
from coterie.description.openapi import document
from coterie.kit.clock import new_id
from coterie.kit.dialect import DEFAULT, Dialect, render
from coterie.kit.dispatch import Dispatch
from coterie.kit.endpoint import Answer, Request, answer
from coterie.kit.errors import CoterieError, TooLarge
from coterie.kit.observe import Metrics
from coterie.kit.rows import Upload
from coterie.kit.runtime import Runtime
from coterie.kit.wire import encode

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# What a storefront in a browser sends and reads (CONTRACT §1.7, §2.4, §2.5).
_REQUEST_HEADERS = (
    "Authorization, Content-Type, Accept, Accept-Language, Content-Language, X-Version, X-Total-Count, saas-token, "
    "session-id, Emporix-Tenant, hybris-tenant, tenant, legalEntityId, legal-entity-id, venodr-id, X-Request-Id, "
    "If-Match, anonymous-token"
)
_EXPOSED_HEADERS = (
    "X-Total-Count, Items-Count, X-Count, Count, hybris-count, X-Next-Cursor, X-Prev-Cursor, Location, "
    "Content-Language, X-Request-Id, Retry-After"
)
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_JSON = "application/json"
log = structlog.get_logger("coterie.request")


class App:
    """The ASGI application of a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.metrics = Metrics()
        self.dispatch = Dispatch(runtime.services)
        self._dialects = {service.segment: service.dialect for service in runtime.services}
        self._origins = runtime.settings.names("cors_origins")
        self._pages = pages.load()
        self._document: bytes | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"coterie speaks HTTP only, not {scope['type']}")
        started = time.perf_counter()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        identifier = _request_id(headers)
        self.metrics.flying.inc()
        try:
            result, labels = await self._answer(scope, receive, headers, identifier)
        finally:
            self.metrics.flying.dec()
        seconds = time.perf_counter() - started
        self.metrics.count(labels, result.status, seconds)
        if result.status >= 500:
            self.metrics.errors.inc()
        log.info(
            "request",
            request_id=identifier,
            method=scope["method"],
            operation=labels[2],
            status=result.status,
            milliseconds=round(seconds * 1000, 2),
            **({"reason": result.log} if result.log else {}),
        )
        await self._send(send, scope["method"], headers, identifier, result)

    async def _answer(
        self, scope: Scope, receive: Receive, headers: dict[str, str], identifier: str
    ) -> tuple[Answer, tuple[str, str, str]]:
        """The answer, and the labels of its operation for the metrics."""
        method = scope["method"]
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw.split(b"?", 1)[0].decode("latin-1")
        labels = ("", method, "")
        try:
            self._check_limits(raw, scope)
            if method == "OPTIONS" and "access-control-request-method" in headers:
                return Answer(204), labels
            own = await self._own(method, path)
            if own is not None:
                return own, ("coterie", method, path)
            match = self.dispatch.match(method, path)
            labels = (match.service.name, method, match.service.prefix + match.row.path)
            body, stream = b"", None
            if match.row.handler.body is Upload:
                stream = self._parts(receive, headers, self.runtime.settings.max_upload)
            elif match.row.handler.body is not None:
                limit = self.runtime.settings.max_body
                body = b"".join([part async for part in self._parts(receive, headers, limit)])
            query = scope["query_string"].decode("latin-1")
            client = _client(scope, headers, self.runtime.settings.proxy_header)
            request = Request(method, path, query, headers, body, identifier, client, stream)
            return await answer(self.runtime, match, request), labels
        except CoterieError as error:
            status, extra, value = render(error, self._dialect(path))
            return Answer(status, encode(value), extra, error.log), labels
        except Exception:
            # The client learns the request id and nothing else; the log has the rest.
            log.exception("internal error", request_id=identifier)
            return Answer(500, encode(_internal(self._dialect(path), identifier))), labels

    def _dialect(self, path: str) -> Dialect:
        return self._dialects.get(path.strip("/").split("/", 1)[0], DEFAULT)

    def _check_limits(self, raw: bytes, scope: Scope) -> None:
        settings = self.runtime.settings
        if len(raw) + len(scope["query_string"]) > settings.max_url:
            raise TooLarge(414, f"The URL is longer than {settings.max_url} bytes.")
        if sum(len(name) + len(value) for name, value in scope["headers"]) > settings.max_headers:
            raise TooLarge(431, f"The headers are larger than {settings.max_headers} bytes.")

    async def _parts(self, receive: Receive, headers: dict[str, str], most: int) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises TooLarge."""
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > most:
            raise TooLarge(413, f"The body is larger than {most} bytes.")
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise CoterieError("The client went away.")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > most:
                raise TooLarge(413, f"The body is larger than {most} bytes.")
            more = message.get("more_body", False)
            yield chunk

    async def _own(self, method: str, path: str) -> Answer | None:
        """Health, metrics and the API's own description; None for everything else."""
        if method not in ("GET", "HEAD"):
            return None
        if path == "/health/live":
            return Answer(200, b'{"status":"UP"}')
        if path == "/health/ready":
            return await self._ready()
        if path == "/metrics":
            return Answer(
                200, self.metrics.text(), {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
            )
        if path == "/openapi.json":
            if self._document is None:
                self._document = encode(document(self.runtime.services, self.runtime.settings.base_url))
            return Answer(200, self._document)
        page = self._pages.get(path.rstrip("/") or "/")
        return None if page is None else Answer(page.status, page.body, dict(page.headers))

    async def _ready(self) -> Answer:
        try:
            async with self.runtime.database.reading() as session:
                await session.all(text("SELECT 1"))
        except Exception:
            log.exception("not ready")
            return Answer(503, b'{"status":"DOWN","reason":"The database can\'t be reached."}')
        return Answer(200, b'{"status":"UP"}')

    async def _send(
        self, send: Send, method: str, headers: dict[str, str], identifier: str, result: Answer
    ) -> None:
        out = {"X-Request-Id": identifier, **result.headers}
        if result.body:
            out.setdefault("Content-Type", _JSON)
        if result.status not in (204, 304) and result.stream is None:
            out["Content-Length"] = str(len(result.body))
        out |= self._cors(headers)
        raw = [
            (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in out.items()
        ]
        await send({"type": "http.response.start", "status": result.status, "headers": raw})
        if result.stream is not None:
            async for part in result.stream:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else result.body})

    def _cors(self, headers: dict[str, str]) -> dict[str, str]:
        origin = headers.get("origin")
        if origin is None or not ("*" in self._origins or origin in self._origins):
            return {}
        # Tokens travel in headers, never in cookies, so any origin may be allowed without credentials.
        out = {"Access-Control-Allow-Origin": "*" if "*" in self._origins else origin, "Vary": "Origin"}
        if "access-control-request-method" in headers:
            asked = headers.get("access-control-request-headers", "")
            names = ", ".join(part for part in (_REQUEST_HEADERS, asked) if part)
            out |= {
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": names,
                "Access-Control-Max-Age": "600",
            }
        else:
            out["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
        return out


def _request_id(headers: dict[str, str]) -> str:
    """The client's X-Request-Id when it is harmless to repeat in a log, else a new one."""
    given = headers.get("x-request-id", "")
    plain = 0 < len(given) <= 64 and given.isascii() and given.replace("-", "").replace("_", "").isalnum()
    return given if plain else new_id()


def _client(scope: Scope, headers: dict[str, str], proxy_header: str) -> str:
    """The client's address: of the connection, or as the proxy in front tells it. Anybody else could make it up."""
    forwarded = headers.get(proxy_header.lower(), "") if proxy_header else ""
    return forwarded.rpartition(",")[2].strip() or (scope.get("client") or ("",))[0]


def _internal(dialect: Dialect, identifier: str) -> dict[str, Any]:
    message = f"{dialect.text('internal')} Request id: {identifier}"
    if dialect.envelope == "B":
        return {"status": 500, "type": "internal_service_error", "message": message, "details": []}
    return {"code": 500, "status": "Internal Server Error", "message": message}


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
