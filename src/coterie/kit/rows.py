"""Rows: one visible line for each operation, and the service that holds them."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from sqlalchemy import ColumnElement

from coterie.kit.caller import Caller
from coterie.kit.dialect import DEFAULT, Dialect
from coterie.kit.errors import CoterieError

if TYPE_CHECKING:
    from datetime import datetime

    from coterie.database.session import Session
    from coterie.kit.call import Call
    from coterie.kit.jobs import Job, Step
    from coterie.kit.mixins import Local
    from coterie.kit.outbox import Event
    from coterie.kit.runtime import Runtime

T = TypeVar("T")
Mode = Literal["read", "write", "none"]
Reaction = Callable[["Call", "list[Event]"], Awaitable[None]]
Chore = Callable[["Runtime", "Session", "datetime", int], Awaitable[int]]
Run = Callable[["Call", "Job"], Awaitable["Step"]]
Published = Callable[["Session", str, str], Awaitable["Local | None"]]

PUBLIC: None = None  # no token at all
ANY: tuple[str, ...] = ()  # a valid token of any kind
TYPED = (
    "{lowerCaseType}"  # in a scope: the path's type of custom entities, as its scopes name it (CONTRACT §1.8)
)


@dataclass(frozen=True)
class Bulk(Generic[T]):
    """A bulk body: each item as its struct, or as the error that its own answer will carry."""

    items: tuple[T | CoterieError, ...]


@dataclass(frozen=True)
class Form(Generic[T]):
    """A body that is sent as a form or as JSON."""

    value: T


@dataclass(frozen=True)
class Upload:
    """A body of any size, read as it arrives; `media` is its type in lower case. For rows of mode `none`."""

    media: str
    parts: AsyncIterator[bytes]


_FILES: Mapping[str, Any] = {"text/csv": str, "application/x-ndjson": str}


@dataclass(frozen=True)
class Handler:
    """What runs for a row, and the types of what goes in and out.

    run: called with the call, the path parameters by name, and `query` and `body` where it has them.
    body: a struct, `Bulk[struct]`, `Form[struct]`, `Upload`, a plain JSON type, or None.
    answer: the type of the success body; `bytes` for a file.
    media: what an `Upload` or a file may be, by media type.
    """

    run: Callable[..., Awaitable[Any]]
    parameters: tuple[str, ...] = ()
    query: type | None = None
    body: Any = None
    answer: Any = None
    mode: Mode | None = None
    body_optional: bool = False
    media: Mapping[str, Any] = field(default_factory=lambda: _FILES, hash=False)


@dataclass(frozen=True)
class Row:
    """One operation: `codes` are its success codes, the first the usual one.

    restricted: scopes narrowed to a restriction open it as well, since it shows and changes nothing of another.
    dialect: how it words errors, where that differs from its service.
    """

    method: str
    path: str
    handler: Handler
    scopes: tuple[str, ...] | None
    codes: tuple[int, ...]
    mode: Mode
    deprecated: bool = False
    extension: bool = False
    restricted: bool = False
    dialect: Dialect | None = None

    def scopes_for(self, parameters: Mapping[str, str]) -> tuple[str, ...]:
        """The scopes of which a request with these path parameters needs one."""
        if not self.scopes or TYPED not in self.scopes[-1]:
            return self.scopes or ()
        return tuple(scope.replace(TYPED, parameters["type"].lower()) for scope in self.scopes)


@dataclass(frozen=True)
class Authority:
    """How the service that keeps them says what the people behind tokens may do, whenever a token is verified.

    facts: JSON that the database makes beside the login, from the bind parameters `tenant`, `kind`
    (of the caller), `user` (the customer's or employee's id) and `entity` (the legal entity that the customer acts
    for, else empty). admitted: the caller with the scopes that follow from the facts, or None when the token is no
    good any more. A change of either ends with `Call.regranted`.
    """

    facts: ColumnElement[Any]
    admitted: Callable[[Caller, Any], Caller | None]


@dataclass(frozen=True)
class Service:
    """One service: its name is its folder's, `prefix` the path before its rows', tenant included where it has one.

    reactions: what it does inside the same transaction when an event is emitted, its own or another service's, by
    event type; several in their order.
    jobs: what runs a step of a job, by the job's kind. job_days: how long finished jobs of a kind are kept, where that
    is not the setting's to say.
    authority: of the one service that says what customers and employees may do.
    chores: what is to be done now and then, such as deleting what has expired: each does about so many rows, and
    says how many it did.
    published: of the one service that publishes schemas of mixins: what it holds at a URL, given the server's own.
    """

    name: str
    prefix: str
    rows: tuple[Row, ...]
    title: str
    dialect: Dialect = DEFAULT
    reactions: Mapping[str, Reaction | tuple[Reaction, ...]] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    jobs: Mapping[str, Run] = field(default_factory=dict)
    job_days: Mapping[str, int] = field(default_factory=dict)
    authority: Authority | None = None
    chores: tuple[Chore, ...] = ()
    published: Published | None = None

    @property
    def segment(self) -> str:
        """The first URL segment."""
        return self.prefix.split("/")[1]


def op(
    method: str,
    path: str,
    handler: Callable[..., Awaitable[Any]] | Handler,
    scopes: tuple[str, ...] | None,
    *codes: int,
    answer: Any = None,
    mode: Mode | None = None,
    deprecated: bool = False,
    extension: bool = False,
    restricted: bool = False,
    dialect: Dialect | None = None,
) -> Row:
    """A row. `mode` is what its transaction does: by default GET reads and every other method writes.

    `answer` is the type of the success body of a function that returns a Reply or a plain document.
    """
    known = handler if isinstance(handler, Handler) else handler_of(handler)
    if answer is not None:
        known = replace(known, answer=answer)
    names = tuple(snake(name) for name in re.findall(r"\{([^}]+)\}", path))
    if set(names) != set(known.parameters):
        raise TypeError(f"{method} {path}: the handler takes {known.parameters}, the path has {names}")
    chosen = mode or known.mode or ("read" if method == "GET" else "write")
    return Row(
        method, path, known, scopes, codes or (200,), chosen, deprecated, extension, restricted, dialect
    )


def handler_of(function: Callable[..., Awaitable[Any]]) -> Handler:
    """A Handler of a plain function `(call, path parameters…, query, body) -> answer`, by its annotations."""
    hints = get_type_hints(function)
    names = list(inspect.signature(function).parameters)[1:]
    body = hints.get("body")
    optional = False
    if body is not None and type(None) in get_args(body):
        rest = [each for each in get_args(body) if each is not type(None)]
        body, optional = rest[0] if len(rest) == 1 else body, True
    answer = hints.get("return")
    if answer is not None and (answer is dict or get_origin(answer) is dict or answer.__name__ == "Reply"):
        answer = None
    return Handler(
        run=function,
        parameters=tuple(name for name in names if name not in ("query", "body")),
        query=hints.get("query"),
        body=body,
        answer=None if answer in (None, type(None)) else answer,
        body_optional=optional,
    )


def bulk_item(body: Any) -> Any:
    """The item type of a `Bulk[item]` body, or None."""
    return get_args(body)[0] if get_origin(body) is Bulk else None


def form_value(body: Any) -> Any:
    """The struct of a `Form[struct]` body, or None."""
    return get_args(body)[0] if get_origin(body) is Form else None


def snake(name: str) -> str:
    """`segmentId` and `product-template-id` as Python names."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).replace("-", "_").lower()
