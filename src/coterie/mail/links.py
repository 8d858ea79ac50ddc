"""One-time tokens that people are sent by mail: made, found, used up. Only their digests are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Table, delete, select, tuple_

from coterie.database.session import Session
from coterie.kit.call import Call
from coterie.kit.clients import digest
from coterie.kit.clock import iso, new_secret
from coterie.kit.errors import Invalid, Problem
from coterie.kit.runtime import Runtime


@dataclass(frozen=True)
class Link:
    """What a token stands for."""

    owner: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Links:
    """The tokens in one table, with the columns tenant, hash, purpose, data and expires_at.

    owner: the column of whose they are. lifetimes: by purpose the setting with the seconds that a token lasts.
    """

    table: Table
    owner: Column[Any]
    lifetimes: Mapping[str, str]

    def seconds(self, runtime: Runtime, purpose: str) -> int:
        """How long a token of this purpose lasts."""
        return int(getattr(runtime.settings, self.lifetimes[purpose]))

    async def make(
        self, runtime: Runtime, db: Session, tenant: str, purpose: str, owner: str, data: dict[str, Any]
    ) -> str:
        """A new token; those of the same purpose that its owner had are no good any more."""
        columns = self.table.c
        old = (columns.tenant == tenant, self.owner == owner, columns.purpose == purpose)
        await db.run(delete(self.table).where(*old))
        token = new_secret()
        row = {
            "tenant": tenant,
            "hash": digest(token),
            self.owner.name: owner,
            "purpose": purpose,
            "data": data,
            "expires_at": iso(runtime.clock.now() + timedelta(seconds=self.seconds(runtime, purpose))),
        }
        await db.run(self.table.insert().values(row))
        return token

    async def check(self, call: Call, token: str, *purposes: str) -> None:
        """Raises Invalid for a token that is good for none of these, before anything costly is done for it."""
        async with call.reading() as db:
            if await db.first(select(self.table.c.hash).where(*self._good(call, token, purposes))) is None:
                raise no_good()

    async def use(self, call: Call, token: str, *purposes: str) -> Link:
        """What a token of one of these purposes stands for; it is used up. Raises Invalid."""
        used = delete(self.table).where(*self._good(call, token, purposes))
        row = await call.db.first(used.returning(self.owner.label("owner"), self.table.c.data))
        if row is None:
            raise no_good()
        return Link(row.owner, row.data)

    async def forget(self, call: Call, owner: str, *purposes: str) -> None:
        """The owner's tokens of these purposes are no good any more; without any, all of his."""
        columns = self.table.c
        mine = delete(self.table).where(columns.tenant == call.tenant.name, self.owner == owner)
        await call.db.run(mine.where(columns.purpose.in_(purposes)) if purposes else mine)

    async def prune(self, _runtime: Runtime, session: Session, now: datetime, limit: int) -> int:
        """Delete some of the tokens that have expired: a chore of the service whose they are."""
        columns = self.table.c
        pair = (columns.tenant, columns.hash)
        old = select(*pair).where(columns.expires_at < iso(now)).limit(limit)
        return await session.run(delete(self.table).where(tuple_(*pair).in_(old)))

    def _good(self, call: Call, token: str, purposes: tuple[str, ...]) -> tuple[Any, ...]:
        columns = self.table.c
        mine = (columns.tenant == call.tenant.name, columns.hash == digest(token))
        return (*mine, columns.purpose.in_(purposes), columns.expires_at > call.at)


def no_good() -> Invalid:
    """The error for a token that stands for nothing, or for nobody who may use it."""
    text = "is not valid: it has expired, or was used or replaced; ask for a new one"
    return Invalid(problems=(Problem.violation("token", text),))
