"""One request from its row to its answer: token, tenant, scope, decode, transaction, encode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from coterie.kit.call import Call, Reply
from coterie.kit.caller import Caller
from coterie.kit.dialect import render
from coterie.kit.dispatch import Match
from coterie.kit.errors import CoterieError, Forbidden, Invalid, NotFound, Problem, UnsupportedMedia
from coterie.kit.rows import Bulk, Form, Row, Upload, bulk_item, form_value
from coterie.kit.runtime import DryRun, Runtime
from coterie.kit.tenants import Tenant
from coterie.kit.wire import convert, decode, encode, parse, parse_query

_NOBODY = Caller("anonymous", "", frozenset())


@dataclass(frozen=True)
class Request:
    """A request as the pipeline sees it; header names are lower case. `stream`: the body of an `Upload`."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    id: str = ""
    address: str = ""
    stream: AsyncIterator[bytes] | None = None


@dataclass
class Answer:
    """Status, headers and bytes to send, or a stream of them. `log` is what only the log may know."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    log: str = ""
    stream: AsyncIterator[bytes] | None = None


async def answer(runtime: Runtime, match: Match, request: Request) -> Answer:
    """Serve a request whose row is known; what the client did wrong becomes the service's own error answer."""
    try:
        return await _serve(runtime, match, request)
    except CoterieError as error:
        tenant = match.parameters.get("tenant", "")
        status, headers, body = render(error, match.row.dialect or match.service.dialect, tenant)
        return Answer(status, encode(body), headers, error.log)


async def _serve(runtime: Runtime, match: Match, request: Request) -> Answer:
    row, parameters = match.row, dict(match.parameters)
    if row.scopes is None:
        caller = _NOBODY
        tenant = await _public_tenant(runtime, parameters.pop("tenant", None))
    else:
        caller = await runtime.tokens.caller(request.headers.get("authorization"))
        # Another tenant's token learns nothing, not even whether the tenant exists.
        if parameters.pop("tenant", caller.tenant) != caller.tenant:
            raise Forbidden
        scopes = row.scopes_for(parameters)
        if not caller.may(scopes) and not (row.restricted and caller.restricted_to(scopes)):
            raise Forbidden(scopes)
        tenant = await _known_tenant(runtime, caller.tenant)
    query = parse_query(request.query)
    arguments: dict[str, Any] = {}
    for name, value in parameters.items():
        if any(character < " " for character in value):
            raise Invalid(problems=(Problem.violation(name, "holds a control character"),))
        arguments[name] = value
    if row.handler.query is not None:
        arguments["query"] = convert(query, row.handler.query)
    if row.handler.body is not None:
        arguments["body"] = read_body(runtime, row, request)
    call = Call(
        runtime=runtime,
        service=match.service,
        row=row,
        tenant=tenant,
        caller=caller,
        now=runtime.clock.now(),
        headers=request.headers,
        query=query,
        request_id=request.id,
        address=request.address,
    )
    if call.dry_run and row.mode == "none":
        problem = Problem("X-Dry-Run", "invalid_header", "can't be used here; send the request without it")
        raise Invalid(problems=(problem,))
    return encoded(row, await runtime.retried(lambda: _run(runtime, call, arguments), call))


async def _run(runtime: Runtime, call: Call, arguments: dict[str, Any]) -> Any:
    run = call.row.handler.run
    if call.row.mode == "write":
        result = None
        with suppress(DryRun):
            async with runtime.transaction(call):
                result = await run(call, **arguments)
        return result
    if call.row.mode == "read":
        async with runtime.database.reading() as session:
            call._db = session
            try:
                return await run(call, **arguments)
            finally:
                call._db = None
    return await run(call, **arguments)


async def _known_tenant(runtime: Runtime, name: str) -> Tenant:
    tenant = await runtime.tenants.get(name)
    if tenant is None:
        raise NotFound("tenant", name, f"The tenant {name} does not exist.")
    return tenant


async def _public_tenant(runtime: Runtime, name: str | None) -> Tenant:
    """The tenant of an operation that takes no token; those without a tenant in the path name it themselves."""
    if name is None:
        return runtime.tenants.nobody
    return await _known_tenant(runtime, name)


def read_body(runtime: Runtime, row: Row, request: Request) -> Any:
    """The body as the handler declares it. Raises Invalid, Malformed or UnsupportedMedia."""
    body = row.handler.body
    media = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if body is Upload:
        assert request.stream is not None
        return Upload(media, request.stream)
    struct = form_value(body)
    if struct is not None:
        if media == "application/x-www-form-urlencoded":
            try:
                pairs = dict(parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=100))
            except ValueError:
                raise Invalid("The form can't be read.") from None
            return Form(convert(pairs, struct))
        return Form(decode(request.body, struct))
    if media in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise UnsupportedMedia(f"The media type {media} is not supported; send application/json.")
    if row.handler.body_optional and not request.body.strip():
        return None
    item = bulk_item(body)
    if item is None:
        return decode(request.body, body)
    return read_bulk(parse(request.body), item, runtime.settings.bulk_max)


def read_bulk(value: Any, item: Any, most: int) -> Bulk[Any]:
    """Each item as its struct or its error; the whole is refused when it is no array, or over the limit."""
    if not isinstance(value, list):
        raise Invalid(problems=(Problem.violation("", "expected an array of items"),))
    if len(value) > most:
        raise Invalid(f"Maximum size of the payload array is {most}.")
    items: list[Any] = []
    for each in value:
        try:
            items.append(convert(each, item))
        except Invalid as error:
            items.append(error)
    return Bulk(tuple(items))


def encoded(row: Row, result: Any) -> Answer:
    """The answer of an operation's result: the row's first code unless a Reply names another."""
    reply = result if isinstance(result, Reply) else Reply(value=result)
    code = reply.code or row.codes[0]
    headers = dict(reply.headers)
    if reply.value is None:
        return Answer(code, b"", headers)
    if isinstance(reply.value, AsyncIterator):
        return Answer(code, b"", headers, stream=reply.value)
    body = reply.value if isinstance(reply.value, bytes) else encode(reply.value)
    return Answer(code, body, headers)
