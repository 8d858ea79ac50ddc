"""Tokens: from an Authorization header to a Caller; issuing, refreshing and ending."""

from __future__ import annotations

from collections import OrderedDict

import msgspec
from sqlalchemy import ColumnElement, Table, Text, bindparam, cast, select

from coterie.database.session import Database, Hot, Session
from coterie.kit import jwt, logins
from coterie.kit.caller import Caller
from coterie.kit.clock import Clock
from coterie.kit.errors import Unauthorized
from coterie.kit.keys import Keys, Vault
from coterie.kit.logins import Issuer, Login, LoginKind
from coterie.kit.rows import Authority
from coterie.kit.tables import api_client, login
from coterie.settings import Settings

_REMEMBERED = 10_000
# How long the transaction that ends a login may take to commit, at most.
_COMMIT_SECONDS = 60.0


def _alive(table: Table, *facts: ColumnElement[str]) -> Hot:
    columns = table.c
    found = select(columns.id, *facts)
    return Hot(found.where(columns.tenant == bindparam("tenant"), columns.id == bindparam("id")))


_LOGIN_ALIVE = _alive(login)
_CLIENT_ALIVE = _alive(api_client)


class Tokens:
    """The access tokens of all tenants.

    A token that was verified is remembered, with what it may do, for the setting `token_memory` seconds. One that
    was ended is refused at once by the process that ended it, and by the others when they forget it; what people
    may do changes just so. authority: what says what customers and employees may do; without one, nothing.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        vault: Vault,
        settings: Settings,
        authority: Authority | None = None,
    ) -> None:
        self._database, self._clock, self._vault, self._settings = database, clock, vault, settings
        self.keys = Keys(database, clock, vault, settings)
        self._authority = authority
        facts = () if authority is None else (cast(authority.facts, Text).label("facts"),)
        self._person = _alive(login, *facts)
        self._memory: OrderedDict[str, tuple[float, Caller]] = OrderedDict()
        self._ended: dict[str, float] = {}
        self._forgotten = 0

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
        forgotten = self._forgotten
        caller = await self._admitted(await self._decoded(token, now))
        # What was read while somebody's rights changed may be of before the change.
        if forgotten != self._forgotten:
            return caller
        self._memory[token] = (now + self._settings.token_memory, caller)
        self._memory.move_to_end(token)
        if len(self._memory) > _REMEMBERED:
            self._memory.popitem(last=False)
        return caller

    def forget(self, tenant: str) -> None:
        """Verify the tokens of a tenant's people anew; call it once a change of what they may do is committed."""
        self._forgotten += 1
        for token, (_, caller) in list(self._memory.items()):
            if caller.tenant == tenant and caller.kind != "service":
                del self._memory[token]

    async def issuer(self) -> Issuer:
        """What issues tokens now. Call it outside a transaction: the first key is made in one of its own."""
        return Issuer(await self.keys.signing(), self._settings, self._clock.now())

    async def redeem(self, db: Session, tenant: str, kind: LoginKind, refresh_token: str) -> Login | None:
        """The login that a refresh token continues, or None when it is no good.

        An anonymous one may be used again within its life; any other is used up, and when it comes back
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
        await self._end(db, tenant, await logins.of_person(db, tenant, "customer", customer_id, keep))

    async def end_employee(self, db: Session, tenant: str, employee_id: str, keep: str = "") -> None:
        """The same of an employee."""
        await self._end(db, tenant, await logins.of_person(db, tenant, "employee", employee_id, keep))

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

    async def _admitted(self, caller: Caller) -> Caller:
        """The caller with his scopes, if what the token was issued for, its login or API client, is still there.

        Raises Unauthorized. A person's scopes are found in the statement that looks for the login.
        """
        user = caller.customer_id or caller.employee_id
        async with self._database.reading() as session:
            if caller.kind == "service":
                found = await session.hot(_CLIENT_ALIVE, tenant=caller.tenant, id=caller.client_id)
            elif self._authority is None or user is None or caller.scopes:
                found = await session.hot(_LOGIN_ALIVE, tenant=caller.tenant, id=caller.login_id)
            else:
                asked = {"kind": caller.kind, "user": user, "entity": caller.legal_entity_id or ""}
                found = await session.hot(self._person, tenant=caller.tenant, id=caller.login_id, **asked)
        if not found:
            raise Unauthorized
        if self._authority is None or len(found[0]) == 1:
            return caller
        admitted = self._authority.admitted(caller, msgspec.json.decode(found[0][1]))
        if admitted is None:
            raise Unauthorized
        return admitted

    async def _end(self, db: Session, tenant: str, login_ids: list[str]) -> None:
        await logins.end(db, tenant, login_ids)
        # Not denied here, but read from the database until the commit is certain: it may yet be rolled back.
        now = self._clock.now().timestamp()
        self._ended = {id: until for id, until in self._ended.items() if until > now}
        until = now + self._settings.token_memory + _COMMIT_SECONDS
        self._ended |= dict.fromkeys(login_ids, until)
