"""The server as a client sees it, in process: real pipeline, real database, every answer held against the contract."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from argon2 import PasswordHasher
from sqlalchemy import func, select

from coterie.app import App
from coterie.directory import SERVICES
from coterie.kit import jwt, tables
from coterie.kit.clients import Client
from coterie.kit.dispatch import Dispatch
from coterie.kit.errors import CoterieError
from coterie.kit.outbox import entries
from coterie.kit.passwords import Passwords
from coterie.kit.runtime import Runtime, build
from coterie.settings import Settings
from support.contract import Contract

T = TypeVar("T")
CONTRACT = Contract.load()
CLIENT_ID = "test"
CUSTOMER_SCOPES = frozenset(
    {
        "customer.customer_read_own",
        "customer.customer_manage_own",
        "customermanagement.legalentity_read_own",
        "customersegment.segment_read_own",
        "coupon.coupon_redeem",
    }
)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Response:
    """An answer. `json` is its decoded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


class Server:
    """One app over one database, with a loop of its own; tests share it and get a tenant each."""

    def __init__(self, engine: str, settings: Settings) -> None:
        self.engine = engine
        self.settings = settings
        self.runner = asyncio.Runner()
        self.runtime: Runtime = self.run(self._open())
        self.app = App(self.runtime)
        self.rows = Dispatch(SERVICES)

    async def _open(self) -> Runtime:
        cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        return build(self.settings, SERVICES, passwords=cheap)

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(step)

    def close(self) -> None:
        self.run(self.runtime.close())
        self.runner.close()

    async def send(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Response:
        """One request through the whole pipeline."""
        parts = urlsplit(target)
        scope = {
            "type": "http",
            "method": method,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
            "client": ("127.0.0.1", 1),
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start = sent[0]
        return Response(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in sent[1:]),
        )


class Api:
    """A client of one tenant. `token` is sent unless a request names another; None sends none."""

    def __init__(self, server: Server, tenant: str, token: str | None) -> None:
        self.server, self.tenant, self.token = server, tenant, token
        self.engine = server.engine

    def as_(self, token: str | None) -> Api:
        """The same tenant with another token."""
        return Api(self.server, self.tenant, token)

    def with_scopes(self, *scopes: str) -> Api:
        """The same tenant with a service token that has these scopes only."""

        async def issue() -> str:
            issuer = await self.server.runtime.tokens.issuer()
            client = Client(self.tenant, CLIENT_ID, "api", frozenset(scopes), "")
            return issuer.service(client, frozenset(scopes)).access_token

        return self.as_(self.run(issue()))

    def as_customer(
        self,
        customer_id: str,
        legal_entity_id: str | None = None,
        *,
        scopes: frozenset[str] = frozenset(),
    ) -> Api:
        """The same tenant with the token of a customer, acting for a legal entity or for himself.

        He may do what his groups say. A token with `scopes` may do just these, and act for a company that is not
        his: no server issues one.
        """

        async def issue() -> str:
            runtime = self.server.runtime
            issuer = await runtime.tokens.issuer()
            async with runtime.database.writing() as db:
                issued = await issuer.customer(
                    db, self.tenant, customer_id, client_id=CLIENT_ID, session_id=None
                )
            caller = replace(issued.caller, legal_entity_id=legal_entity_id, scopes=scopes)
            return jwt.encode(caller, issuer.key, int(issuer.now.timestamp()))

        return self.as_(self.run(issue()))

    def as_employee(self, employee_id: str) -> Api:
        """The same tenant with the token of an employee."""

        async def issue() -> str:
            runtime = self.server.runtime
            issuer = await runtime.tokens.issuer()
            async with runtime.database.writing() as db:
                issued = await issuer.employee(db, self.tenant, employee_id, client_id=CLIENT_ID)
            return issued.access_token

        return self.as_(self.run(issue()))

    def as_anonymous(self) -> Api:
        """The same tenant with an anonymous token."""

        async def issue() -> str:
            runtime = self.server.runtime
            issuer = await runtime.tokens.issuer()
            async with runtime.database.writing() as db:
                return (await issuer.anonymous(db, self.tenant, CLIENT_ID)).access_token

        return self.as_(self.run(issue()))

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        return self.server.run(step)

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """A request; header names are given with underscores. `{tenant}` in the path is filled in."""
        return self.run(self.send(method, path, body, **headers))

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        target = path.replace("{tenant}", self.tenant)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            given.setdefault("authorization", f"Bearer {self.token}")
        raw = b""
        if body is not None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            given.setdefault("content-type", "application/json")
        response = await self.server.send(method, target, given, raw)
        self._check(method, target, response)
        return response

    def _check(self, method: str, target: str, response: Response) -> None:
        try:
            row = self.server.rows.match(method, urlsplit(target).path).row
        except CoterieError:
            row = None
        # Of an extension the reference promises nothing; its own type is held below.
        if row is None or not row.extension or CONTRACT.find(method, target):
            problems = CONTRACT.check(method, target, response.status, response.headers, response.body)
            assert not problems, problems
        if row is None:
            return
        if response.status < 300:
            assert response.status in row.codes, (
                f"{method} {target}: {response.status} is not a code of its row"
            )
            # Our own document must tell the truth as well.
            if row.handler.answer is bytes:
                media = row.handler.media
                assert "*/*" in media or response.headers["content-type"] in media, (target, response.headers)
            elif response.body and row.handler.answer is not None and "fields=" not in target:
                msgspec.json.decode(response.body, type=row.handler.answer)

    def get(self, path: str, **headers: str) -> Response:
        return self.request("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Response:
        return self.request("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Response:
        return self.request("PUT", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Response:
        return self.request("PATCH", path, body, **headers)

    def delete(self, path: str, body: Any = None, **headers: str) -> Response:
        return self.request("DELETE", path, body, **headers)

    def events(self, type: str | None = None) -> list[dict[str, Any]]:
        """The payloads of the tenant's events so far, in order, with their `type`."""

        async def read() -> list[dict[str, Any]]:
            statement = (
                select(tables.outbox.c.type, tables.outbox.c.payload)
                .where(tables.outbox.c.tenant == self.tenant)
                .order_by(tables.outbox.c.id)
            )
            async with self.server.runtime.database.reading() as session:
                rows = await session.all(statement)
            return [
                {**payload, "type": row.type}
                for row in rows
                if type is None or row.type == type
                for _, payload in entries(row.payload)
            ]

        return self.run(read())

    def snapshot(self) -> dict[str, int]:
        """The number of rows of this tenant in every table: a refused request leaves it as it was.

        But for attempts, which count just those that are refused.
        """

        async def read() -> dict[str, int]:
            counts = {}
            async with self.server.runtime.database.reading() as session:
                for table in tables.metadata.sorted_tables:
                    if "tenant" in table.c and table is not tables.attempt:
                        statement = select(func.count()).where(table.c.tenant == self.tenant)
                        counts[table.name] = await session.value(statement)
            return counts

        return self.run(read())

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """What happens inside writes nothing and emits nothing."""
        before, events = self.snapshot(), self.events()
        yield
        assert self.snapshot() == before
        assert self.events() == events

    @contextmanager
    def statements(self, most: int) -> Iterator[None]:
        """What happens inside needs at most this many statements: the budget of a list or bulk operation."""
        database = self.server.runtime.database
        database.sessions = []
        try:
            yield
            used = sum(session.statements for session in database.sessions)
        finally:
            database.sessions = None
        assert used <= most, f"{used} statements, the budget is {most}"


def new_tenant(server: Server, languages: tuple[str, ...] = ("en", "de"), **settings: Any) -> Api:
    """A fresh tenant with some currencies, and a client with every scope."""
    currencies = [{"id": code} for code in ("EUR", "CHF", "USD", "GBP")]
    settings = {
        name: each for name, each in {"project_curr": currencies, **settings}.items() if each is not None
    }
    name = f"t{next(_numbers):06}"

    async def create() -> None:
        async with server.runtime.database.writing() as session:
            await server.runtime.tenants.create(session, name, languages=languages, settings=settings)
            row = {"id": CLIENT_ID, "kind": "api", "secret_hash": "", "scopes": ["*"], "created_at": ""}
            await session.run(tables.api_client.insert(), [{"tenant": name, **row}])

    server.run(create())
    return Api(server, name, None).with_scopes("*")


class settings:  # noqa: N801 - reads as a statement
    """The server with other settings, for a while."""

    def __init__(self, server: Server, **values: Any) -> None:
        self._server, self._values = server, values

    def __enter__(self) -> None:
        self._before = self._server.runtime.settings
        self._set(replace(self._before, **self._values))

    def __exit__(self, *_: object) -> None:
        self._set(self._before)

    def _set(self, values: Settings) -> None:
        object.__setattr__(self._server.runtime, "settings", values)
        self._server.app = App(self._server.runtime)
