"""One-time tokens that customers are sent by mail: made, found, used up. Only their digests are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, tuple_

from coterie.database.session import Session
from coterie.kit.call import Call
from coterie.kit.clients import digest
from coterie.kit.clock import iso, new_secret
from coterie.kit.errors import Invalid, Problem
from coterie.kit.runtime import Runtime
from coterie.services.customer.rules import EMAIL_CHANGE, OPT_IN, RESET
from coterie.services.customer.tables import link

_SECONDS = {OPT_IN: "opt_in_seconds", RESET: "reset_seconds", EMAIL_CHANGE: "email_change_seconds"}


@dataclass(frozen=True)
class Link:
    """What a token stands for."""

    customer_id: str
    data: dict[str, Any]


def seconds(runtime: Runtime, purpose: str) -> int:
    """How long a token of this purpose lasts."""
    return int(getattr(runtime.settings, _SECONDS[purpose]))


async def make(
    runtime: Runtime, db: Session, tenant: str, purpose: str, customer_id: str, data: dict[str, Any]
) -> str:
    """A new token; those of the same purpose that the customer had are no good any more."""
    columns = link.c
    old = (columns.tenant == tenant, columns.customer_id == customer_id, columns.purpose == purpose)
    await db.run(delete(link).where(*old))
    token = new_secret()
    row = {
        "tenant": tenant,
        "hash": digest(token),
        "customer_id": customer_id,
        "purpose": purpose,
        "data": data,
        "expires_at": iso(runtime.clock.now() + timedelta(seconds=seconds(runtime, purpose))),
    }
    await db.run(link.insert().values(row))
    return token


async def check(call: Call, purpose: str, token: str) -> None:
    """Raises Invalid for a token that is no good, before anything costly is done for it."""
    async with call.reading() as db:
        if await db.first(select(link.c.hash).where(*_good(call, purpose, token))) is None:
            raise no_good()


async def use(call: Call, purpose: str, token: str) -> Link:
    """What the token stands for; it is used up. Raises Invalid."""
    used = delete(link).where(*_good(call, purpose, token)).returning(link.c.customer_id, link.c.data)
    row = await call.db.first(used)
    if row is None:
        raise no_good()
    return Link(row.customer_id, row.data)


async def forget(call: Call, customer_id: str, *purposes: str) -> None:
    """The customer's tokens of these purposes are no good any more; without any, all of his."""
    columns = link.c
    mine = delete(link).where(columns.tenant == call.tenant.name, columns.customer_id == customer_id)
    await call.db.run(mine.where(columns.purpose.in_(purposes)) if purposes else mine)


async def prune(_runtime: Runtime, session: Session, now: datetime, limit: int) -> int:
    """Delete some of the tokens that have expired."""
    pair = (link.c.tenant, link.c.hash)
    old = select(*pair).where(link.c.expires_at < iso(now)).limit(limit)
    return await session.run(delete(link).where(tuple_(*pair).in_(old)))


def _good(call: Call, purpose: str, token: str) -> tuple[Any, ...]:
    columns = link.c
    mine = (columns.tenant == call.tenant.name, columns.hash == digest(token))
    return (*mine, columns.purpose == purpose, columns.expires_at > call.at)


def no_good() -> Invalid:
    """The error for a token that stands for nothing, or for nobody who may use it."""
    text = "is not valid: it has expired, or was used or replaced; ask for a new one"
    return Invalid(problems=(Problem.violation("token", text),))
