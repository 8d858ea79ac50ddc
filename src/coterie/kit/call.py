"""A call: everything an operation may know of the request it serves, and its one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Raw

from coterie.database.session import Session
from coterie.kit.caller import Caller
from coterie.kit.clock import iso
from coterie.kit.errors import Forbidden, Problem, UnsupportedLanguage
from coterie.kit.language import Accept, Content, LanguageError, check_accept, parse_accept, parse_content
from coterie.kit.outbox import Event
from coterie.kit.rows import Row, Service
from coterie.kit.tenants import Tenant
from coterie.tenant_settings import TENANT_SETTINGS

if TYPE_CHECKING:
    from coterie.kit.runtime import Runtime


@dataclass
class Reply:
    """An answer whose code or headers are not the row's first ones. A `value` of bytes is JSON already.

    One that is an asynchronous iterator of bytes is sent as it comes; its headers name its Content-Type.
    """

    code: int | None = None
    value: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """What an operation takes first.

    db: the transaction of the row's mode. now: the instant of the request, at which everything is decided.
    query: the raw query parameters; a handler with a `query` struct gets them typed. address: the client's. raced:
    it lost a race and is run again, so it should lock others out rather than lose once more. regranted: the
    operation changed what people of the tenant may do, so that after the commit no token of theirs is taken from
    memory.
    """

    runtime: Runtime
    service: Service
    row: Row
    tenant: Tenant
    caller: Caller
    now: datetime
    headers: Mapping[str, str]
    query: Mapping[str, str]
    request_id: str = ""
    address: str = ""
    raced: bool = False
    regranted: bool = False
    events: list[Event] = field(default_factory=list)
    _db: Session | None = None

    @property
    def db(self) -> Session:
        """The transaction. Rows of mode `none` open their own, with `reading` and `writing`."""
        assert self._db is not None, f"{self.row.method} {self.row.path} has no transaction of its own"
        return self._db

    @cached_property
    def at(self) -> str:
        """The instant of the request as stored and sent."""
        return iso(self.now)

    @property
    def wants_count(self) -> bool:
        """Whether the client asked for the total number of results (CONTRACT §2.5)."""
        dialect = self.service.dialect
        asked = (
            self.query.get(dialect.count_query, "")
            if dialect.count_query
            else self.headers.get("x-total-count", "")
        )
        return dialect.always_count or asked.lower() == "true"

    @property
    def dry_run(self) -> bool:
        """Whether the client only asks what would happen: an extension, the header `X-Dry-Run: true`."""
        return self.headers.get("x-dry-run", "").lower() == "true"

    @cached_property
    def accept(self) -> Accept:
        """The languages that the client wants. Raises Invalid when malformed, or when the tenant has none of them."""
        try:
            accept = parse_accept(self.headers.get("accept-language"))
            check_accept(accept, self.tenant.languages)
        except LanguageError as error:
            raise _header_problem(error) from None
        return accept

    @cached_property
    def content(self) -> Content:
        """The languages that the request's body may hold. Raises Invalid."""
        try:
            return parse_content(self.headers.get("content-language"), self.tenant.languages)
        except LanguageError as error:
            raise _header_problem(error) from None

    def emit(
        self,
        type: str,
        subject: str,
        payload: dict[str, Any] | Raw,
        /,
        *,
        internal: bool = False,
        **facts: Any,
    ) -> None:
        """Note an event; the pipeline writes it, after the reactions to it, before the commit."""
        self.events.append(Event(type, subject, payload, internal, facts))

    def require(self, *scopes: str) -> None:
        """Raises Forbidden unless the caller has one of `scopes`."""
        if not self.caller.may(scopes):
            raise Forbidden(scopes)

    def vendor(self, *scopes: str) -> str | None:
        """The vendor to whose resources the caller is bound: None with one of `scopes`, else his own with one of them
        that ends in `_by_vendor`. Raises Forbidden with neither, or for a caller who is no vendor's."""
        caller = self.caller
        if caller.may(scopes):
            return None
        if caller.vendor_id is None or not caller.may(tuple(f"{scope}_by_vendor" for scope in scopes)):
            raise Forbidden(scopes)
        return caller.vendor_id

    def setting(self, name: str) -> Any:
        """The tenant's setting, or its default."""
        settings = self.tenant.settings
        return settings[name] if name in settings else TENANT_SETTINGS[name].default

    def reading(self) -> AbstractAsyncContextManager[Session]:
        """A reading transaction for a row of mode `none`."""
        return self.runtime.database.reading()

    def writing(self) -> AbstractAsyncContextManager[None]:
        """A writing transaction for a row of mode `none`: `db` inside the block, events flushed at its end."""
        return self.runtime.transaction(self)


def _header_problem(error: LanguageError) -> UnsupportedLanguage:
    problem = Problem(error.header, "invalid_header", error.message)
    refusal = UnsupportedLanguage(problems=(problem,))
    refusal.noun = error.header
    return refusal
