"""API clients: the key pairs that tokens are asked with (CONTRACT §1.1)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import Row, delete, select

from coterie.database.session import Session
from coterie.kit.caller import ALL_SCOPES
from coterie.kit.clock import new_secret
from coterie.kit.tables import api_client

ClientKind = Literal["api", "storefront", "custom"]
# Compared against when the client is unknown, so that both cases take the same path.
_NO_HASH = "0" * 64


@dataclass(frozen=True)
class Client:
    """An API client. kind: `api` (every scope), `custom` (only `scopes`), `storefront` (anonymous tokens
    only).

    scopes: scope names, or `*` alone for every scope of the tenant.
    """

    tenant: str
    id: str
    kind: ClientKind
    scopes: frozenset[str]
    created_at: str


async def create(
    db: Session,
    tenant: str,
    kind: ClientKind,
    scopes: frozenset[str] = frozenset(),
    *,
    at: str,
    id: str | None = None,
    secret: str | None = None,
) -> tuple[Client, str]:
    """Add a client; its secret is returned this once and can't be read again.

    `scopes` of a custom client; an `api` client has every scope and a `storefront` client none.
    `id` and `secret` are made unless given; a given secret has to be as random as one that is made.
    The id starts with the tenant's name, so that it is found by the primary key although a token request
    names no tenant.
    """
    granted = {"api": frozenset({ALL_SCOPES}), "storefront": frozenset[str](), "custom": scopes}[kind]
    client = Client(tenant, id or f"{tenant}-{new_secret(24)}", kind, granted, at)
    secret = secret or new_secret(32)
    row = {
        "tenant": tenant,
        "id": client.id,
        "kind": kind,
        "secret_hash": digest(secret),
        "scopes": sorted(granted),
        "created_at": at,
    }
    await db.run(api_client.insert().values(row))
    return client, secret


def digest(secret: str) -> str:
    """SHA-256 of a secret that the server made.

    A slow password hash would gain nothing: 32 random bytes can't be guessed, however fast guesses are
    tested.
    """
    return sha256(secret.encode()).hexdigest()


async def find(db: Session, client_id: str) -> Client | None:
    """The client with this id, or None."""
    row = await _row(db, client_id)
    return None if row is None else _client(row)


async def verified(db: Session, client_id: str, secret: str) -> Client | None:
    """The client if its secret is right, else None."""
    row = await _row(db, client_id)
    expected = _NO_HASH if row is None else row.secret_hash
    right = hmac.compare_digest(expected, digest(secret))
    return _client(row) if row is not None and right else None


async def listed(db: Session, tenant: str) -> list[Client]:
    """The tenant's clients, oldest first."""
    columns = api_client.c
    statement = select(api_client).where(columns.tenant == tenant).order_by(columns.created_at, columns.id)
    return [_client(row) for row in await db.all(statement)]


async def remove(db: Session, tenant: str, client_id: str) -> bool:
    """Remove a client, and with it every service token it was given; whether it was there."""
    columns = api_client.c
    return bool(await db.run(delete(api_client).where(columns.tenant == tenant, columns.id == client_id)))


async def _row(db: Session, client_id: str) -> Row[Any] | None:
    tenant = client_id.partition("-")[0]
    columns = api_client.c
    return await db.first(select(api_client).where(columns.tenant == tenant, columns.id == client_id))


def _client(row: Row[Any]) -> Client:
    return Client(row.tenant, row.id, row.kind, frozenset(row.scopes), row.created_at)
