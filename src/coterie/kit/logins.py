"""Logins: what access tokens are issued in, how they are refreshed, and how they end.

A login is an anonymous visit, a customer's or an employee's. Its row is what keeps its access tokens good; refresh
tokens are kept as SHA-256 digests, so that a copy of the database opens nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, select, tuple_, update

from coterie.database.session import Session
from coterie.kit import jwt
from coterie.kit.caller import Caller
from coterie.kit.clients import Client, digest
from coterie.kit.clock import iso, new_id, new_secret, new_uuid
from coterie.kit.keys import SigningKey
from coterie.kit.tables import attempt, login, refresh_token
from coterie.settings import Settings

BEARER = "Bearer"
LoginKind = Literal["anonymous", "customer", "employee"]
# A refresh token that comes back this soon after its rotation is a lost answer or a second tab, no theft.
_LEEWAY = timedelta(seconds=10)
_PRUNED = 5_000


@dataclass(frozen=True)
class Login:
    """A login, as its refresh token found it."""

    tenant: str
    id: str
    kind: LoginKind
    session_id: str
    client_id: str
    customer_id: str | None = None
    employee_id: str | None = None


@dataclass(frozen=True)
class Issued:
    """New tokens for a client; lifetimes in seconds. `caller` is what the access token says."""

    access_token: str
    expires_in: int
    caller: Caller
    refresh_token: str = ""
    refresh_expires_in: int = 0


@dataclass(frozen=True)
class Issuer:
    """Issues tokens at one instant with one key; `Tokens.issuer` makes it."""

    key: SigningKey
    settings: Settings
    now: datetime

    def service(self, client: Client, scopes: frozenset[str]) -> Issued:
        """A service token of an API client."""
        return self._issued(
            Caller(
                "service",
                client.tenant,
                scopes,
                client_id=client.id,
                expires=self._expires(self.settings.token_seconds),
            )
        )

    async def anonymous(self, db: Session, tenant: str, client_id: str) -> Issued:
        """The tokens of a new anonymous visit, with a session id of its own."""
        return await self.continued(
            db, await self._begin(db, Login(tenant, new_id(), "anonymous", new_uuid(), client_id))
        )

    async def customer(
        self,
        db: Session,
        tenant: str,
        customer_id: str,
        *,
        client_id: str,
        session_id: str | None,
    ) -> Issued:
        """The tokens of a customer who logs in; `session_id`: the anonymous one that goes on, if any."""
        begun = Login(tenant, new_id(), "customer", session_id or new_uuid(), client_id, customer_id)
        return await self.continued(db, await self._begin(db, begun))

    async def employee(self, db: Session, tenant: str, employee_id: str, *, client_id: str) -> Issued:
        """The tokens of an employee who logs in."""
        begun = Login(tenant, new_id(), "employee", new_uuid(), client_id, employee_id=employee_id)
        return await self.continued(db, await self._begin(db, begun))

    async def continued(self, db: Session, known: Login, legal_entity_id: str | None = None) -> Issued:
        """Further tokens of a login; it lives as long as the last of them.

        They say who the person is, and nothing of scopes: those are found when a token is verified.
        """
        settings = self.settings
        seconds = {
            "anonymous": settings.anonymous_seconds,
            "customer": settings.customer_seconds,
            "employee": settings.token_seconds,
        }[known.kind]
        longest = max(seconds, settings.refresh_seconds)
        token = new_secret()
        row = {
            "tenant": known.tenant,
            "hash": digest(token),
            "login_id": known.id,
            "expires_at": iso(self.now + timedelta(seconds=settings.refresh_seconds)),
        }
        await db.run(refresh_token.insert().values(row))
        columns = login.c
        await db.run(
            update(login)
            .where(columns.tenant == known.tenant, columns.id == known.id)
            .values(expires_at=iso(self.now + timedelta(seconds=longest)))
        )
        caller = Caller(
            known.kind,
            known.tenant,
            frozenset(),
            client_id=known.client_id,
            customer_id=known.customer_id,
            employee_id=known.employee_id,
            legal_entity_id=legal_entity_id,
            session_id=known.session_id,
            login_id=known.id,
            expires=self._expires(seconds),
        )
        return self._issued(caller, token)

    async def _begin(self, db: Session, begun: Login) -> Login:
        instants = {"created_at": iso(self.now), "expires_at": iso(self.now)}
        await db.run(login.insert().values({**asdict(begun), **instants}))
        return begun

    def _issued(self, caller: Caller, refresh: str = "") -> Issued:
        issued = int(self.now.timestamp())
        return Issued(
            jwt.encode(caller, self.key, issued),
            caller.expires - issued,
            caller,
            refresh,
            self.settings.refresh_seconds if refresh else 0,
        )

    def _expires(self, seconds: int) -> int:
        return int(self.now.timestamp()) + seconds


async def redeem(db: Session, tenant: str, kind: LoginKind, token: str, now: datetime) -> Login | str | None:
    """The login of a refresh token, which a customer or employee can use once; None when it is no good.

    One of theirs that was used before has been copied: the answer is then the id of its login, which the
    caller must end (`Tokens.redeem` does).
    """
    columns = refresh_token.c
    mine = (columns.tenant == tenant, columns.hash == digest(token))
    row = await db.first(
        select(refresh_token, login.c.session_id, login.c.client_id, login.c.customer_id, login.c.employee_id)
        .join_from(
            refresh_token, login, (login.c.tenant == columns.tenant) & (login.c.id == columns.login_id)
        )
        .where(*mine, login.c.kind == kind, columns.expires_at > iso(now))
        .with_for_update()
    )
    if row is None:
        return None
    if row.rotated_at is not None:
        return row.login_id if row.rotated_at < iso(now - _LEEWAY) else None
    if kind != "anonymous":
        await db.run(update(refresh_token).where(*mine).values(rotated_at=iso(now)))
    return Login(tenant, row.login_id, kind, row.session_id, row.client_id, row.customer_id, row.employee_id)


async def end(db: Session, tenant: str, login_ids: list[str]) -> None:
    """End logins: their access tokens and refresh tokens are no good any more."""
    await db.run(
        delete(refresh_token).where(refresh_token.c.tenant == tenant, refresh_token.c.login_id.in_(login_ids))
    )
    await db.run(delete(login).where(login.c.tenant == tenant, login.c.id.in_(login_ids)))


async def of_person(db: Session, tenant: str, kind: LoginKind, id: str, keep: str = "") -> list[str]:
    """The ids of a customer's or an employee's logins, without `keep`."""
    columns = login.c
    rows = await db.all(
        select(columns.id)
        .where(columns.tenant == tenant, columns[f"{kind}_id"] == id, columns.id != keep)
        .with_for_update()
    )
    return [row.id for row in rows]


async def prune(db: Session, now: datetime) -> int:
    """Delete some of what has expired. The number of rows: the worker goes on until it is 0."""
    removed = 0
    for table, name in ((refresh_token, "hash"), (login, "id"), (attempt, "key")):
        pair = (table.c.tenant, table.c[name])
        old = select(*pair).where(table.c.expires_at < iso(now)).limit(_PRUNED)
        removed += await db.run(delete(table).where(tuple_(*pair).in_(old)))
    return removed
