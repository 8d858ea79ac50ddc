"""Tokens: from an Authorization header to a Caller; issuing, refreshing and ending."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

from sqlalchemy import Table, bindparam, select

from coterie.database.session import Database, Hot, Session
from coterie.kit import jwt, logins
from coterie.kit.caller import Caller
from coterie.kit.clock import Clock
from coterie.kit.errors import Unauthorized
from coterie.kit.keys import Keys, Vault
from coterie.kit.logins import Issuer, Login
from coterie.kit.tables import api_client, login
from coterie.settings import Settings

_REMEMBERED = 10_000
# How long the transaction that ends a login may take to commit, at most.
_COMMIT_SECONDS = 60.0


def _alive(table: Table) -> Hot:
    columns = table.c
    return Hot(select(columns.id).where(columns.tenant == bindparam("tenant"), columns.id == bindparam("id")))


_LOGIN_ALIVE = _alive(login)
_CLIENT_ALIVE = _alive(api_client)


class Tokens:
    """The access tokens of all tenants.

    A token that was verified is remembered for the setting `token_memory` seconds. One that was ended is
    refused at once by the process that ended it, and by the others when they forget it.
    """

    def __init__(self, database: Database, clock: Clock, vault: Vault, settings: Settings) -> None:
        self._database, self._clock, self._vault, self._settings = database, clock, vault, settings
        self.keys = Keys(database, clock, vault, settings)
        self._memory: OrderedDict[str, tuple[float, Caller]] = OrderedDict()
        self._ended: dict[str, float] = {}

    async def caller(self, authorization: str | None) -> Caller:
        """Who `Authorization: Bearer …` stands for. Raises Unauthorized ("invalid" or "expired")."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized
        return await self.verified(token.strip())

    async def verified(self, token: str) -> Caller:
        """Who an access token stands for. Raises Unauthorized ("invalid" or "expired")."""
        now = self._clock.now().timestamp()
        known = self._memory.get(token)
        if known is not None and now < known[0] and known[1].login_id not in self._ended:
            if known[1].expires <= now:
                raise Unauthorized("expired")
            self._memory.move_to_end(token)
            return known[1]
        caller = await self._decoded(token, now)
        if not await self._is_alive(caller):
            raise Unauthorized
        self._memory[token] = (now + self._settings.token_memory, caller)
        self._memory.move_to_end(token)
        if len(self._memory) > _REMEMBERED:
            self._memory.popitem(last=False)
        return caller

    async def issuer(self) -> Issuer:
        """What issues tokens now. Call it outside a transaction: the first key is made in one of its own."""
        return Issuer(await self.keys.signing(), self._settings, self._clock.now())

    async def redeem(
        self, db: Session, tenant: str, kind: Literal["anonymous", "customer"], refresh_token: str
    ) -> Login | None:
        """The login that a refresh token continues, or None when it is no good.

        An anonymous one may be used again within its life; a customer's is used up, and when it comes back
        later its whole login ends, so commit before answering 401.
        """
        found = await logins.redeem(db, tenant, kind, refresh_token, self._clock.now())
        if isinstance(found, str):
            await self.end(db, tenant, found)
            return None
        return found

    async def end(self, db: Session, tenant: str, login_id: str) -> None:
        """End a login, and all its tokens with it."""
        await self._end(db, tenant, [login_id])

    async def end_customer(self, db: Session, tenant: str, customer_id: str, keep: str = "") -> None:
        """End every login of a customer, but not `keep`."""
        await self._end(db, tenant, await logins.of_customer(db, tenant, customer_id, keep))

    def saas_token(self, tenant: str, customer_id: str, expires: int) -> str:
        """The saas-token of a customer, good until `expires` (Unix seconds)."""
        return jwt.encode_saas(customer_id, self._saas_key(tenant), expires)

    def saas_customer(self, tenant: str, token: str) -> str:
        """The customer number that a saas-token of the tenant stands for. Raises Unauthorized."""
        return jwt.decode_saas(token, self._saas_key(tenant), self._clock.now().timestamp())

    async def prune(self, db: Session) -> int:
        """Delete some expired logins and refresh tokens; call it again until it returns 0."""
        return await logins.prune(db, self._clock.now())

    def _saas_key(self, tenant: str) -> bytes:
        return self._vault.derive(f"saas token {tenant}")

    async def _decoded(self, token: str, now: float) -> Caller:
        try:
            return jwt.decode(token, self.keys.known, now)
        except jwt.UnknownKey as unknown:
            if await self.keys.look_for(unknown.kid) is None:
                raise Unauthorized from None
        return jwt.decode(token, self.keys.known, now)

    async def _is_alive(self, caller: Caller) -> bool:
        """Whether what the token was issued for is still there: its login or its API client."""
        async with self._database.reading() as session:
            if caller.kind == "service":
                return bool(await session.hot(_CLIENT_ALIVE, tenant=caller.tenant, id=caller.client_id))
            return bool(await session.hot(_LOGIN_ALIVE, tenant=caller.tenant, id=caller.login_id))

    async def _end(self, db: Session, tenant: str, login_ids: list[str]) -> None:
        await logins.end(db, tenant, login_ids)
        # Not denied here, but read from the database until the commit is certain: it may yet be rolled back.
        now = self._clock.now().timestamp()
        self._ended = {id: until for id, until in self._ended.items() if until > now}
        until = now + self._settings.token_memory + _COMMIT_SECONDS
        self._ended |= dict.fromkeys(login_ids, until)
