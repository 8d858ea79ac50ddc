"""The tables of the kit itself, and how a service declares a table of resources."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, Table, text
from sqlalchemy.sql.schema import SchemaItem

from coterie.query.sql import Json, Str

metadata = MetaData()


def key(name: str) -> Column[Any]:
    """A part of a primary key."""
    return Column(name, Str, primary_key=True, nullable=False)


def tenant_table(name: str, *items: SchemaItem) -> Table:
    """A table whose primary key starts with the tenant."""
    return Table(name, metadata, key("tenant"), *items)


def resource_table(name: str, *items: SchemaItem) -> Table:
    """A table of resources: keys and promoted columns as given, the rest of the resource in `doc`."""
    return tenant_table(
        name,
        *items,
        Column("doc", Json, nullable=False),
        Column("version", Integer, nullable=False),
        Column("created_at", Str, nullable=False),
        Column("modified_at", Str, nullable=False),
    )


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


tenant = Table(
    "tenant",
    metadata,
    key("tenant"),
    Column("languages", Json, nullable=False),
    Column("default_language", Str, nullable=False),
    Column("currency", Str, nullable=False),
    Column("settings", Json, nullable=False),
    Column("created_at", Str, nullable=False),
)

# A row tells of one event, or of `events` of one type and subject, whose payloads are then an array; the first
# `delivered` of them are done with. It is open until `done_at`; after a failure it waits for `retry_at`; a worker
# has it until `lease_until`; from `parked_at` on it stands still, which a done one never does. Its key, alone of
# all, has no tenant, since workers take events of any.
outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tenant", Str, nullable=False),
    Column("type", Str, nullable=False),
    Column("subject", Str, nullable=False),
    Column("payload", Json, nullable=False),
    Column("internal", Boolean, nullable=False),
    Column("created_at", Str, nullable=False),
    Column("events", Integer, nullable=False, server_default="1"),
    Column("delivered", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("retry_at", Str),
    Column("lease", Str),
    Column("lease_until", Str),
    Column("parked_at", Str),
    Column("error", Str),
    Column("done_at", Str),
    _partial("outbox_open", "id", where="done_at IS NULL AND parked_at IS NULL"),
    _partial("outbox_parked", "tenant", "subject", "id", where="parked_at IS NOT NULL"),
    _partial("outbox_subject", "tenant", "subject", "id", where="done_at IS NULL"),
    _partial("outbox_done", "done_at", "id", where="done_at IS NOT NULL"),
    Index("outbox_feed", "tenant", "id"),
    sqlite_autoincrement=True,
)

# The keys that sign tokens belong to the installation, so they have no tenant: a token is verified before its
# tenant is known. `slot` is `current` for the one that signs and NULL for those that only verify.
signing_key = Table(
    "signing_key",
    metadata,
    key("kid"),
    Column("slot", Str, unique=True),
    Column("sealed", Str, nullable=False),
    Column("created_at", Str, nullable=False),
    Column("expires_at", Str),
)

api_client = tenant_table(
    "api_client",
    key("id"),
    Column("kind", Str, nullable=False),
    Column("secret_hash", Str, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", Str, nullable=False),
)

# A login: an anonymous visit, a customer's or an employee's, in which any number of access tokens may be issued. An
# access token is good as long as its login is here.
login = tenant_table(
    "login",
    key("id"),
    Column("kind", Str, nullable=False),
    Column("session_id", Str, nullable=False),
    Column("client_id", Str, nullable=False),
    Column("customer_id", Str),
    Column("employee_id", Str),
    Column("created_at", Str, nullable=False),
    Column("expires_at", Str, nullable=False),
    Index("login_customer", "tenant", "customer_id"),
    Index("login_employee", "tenant", "employee_id"),
    Index("login_session", "tenant", "session_id"),
    Index("login_expiry", "expires_at"),
)

refresh_token = tenant_table(
    "refresh_token",
    key("hash"),
    Column("login_id", Str, nullable=False),
    Column("rotated_at", Str),
    Column("expires_at", Str, nullable=False),
    Index("refresh_token_login", "tenant", "login_id"),
    Index("refresh_token_expiry", "expires_at"),
)

# Attempts of an account or a client's address within a window, by a keyed digest of either.
attempt = tenant_table(
    "attempt",
    key("key"),
    Column("begun", Integer, nullable=False),
    Column("expires_at", Str, nullable=False),
    Index("attempt_expiry", "expires_at"),
)

# Work that outlives its request. A worker has a running job until `lease_until`; `attempts` counts how often one
# took it since its last finished step.
job = tenant_table(
    "job",
    key("id"),
    Column("kind", Str, nullable=False),
    Column("state", Str, nullable=False),
    Column("parameters", Json, nullable=False),
    Column("counts", Json, nullable=False),
    Column("cursor", Json, nullable=False),
    Column("message", Str),
    Column("attempts", Integer, nullable=False),
    Column("lease", Str),
    Column("lease_until", Str),
    Column("created_at", Str, nullable=False),
    Column("started_at", Str),
    Column("finished_at", Str),
    _partial("job_open", "created_at", where="finished_at IS NULL"),
    _partial("job_finished", "finished_at", where="finished_at IS NOT NULL"),
)

# What goes into a job (`in`) and what comes out (`out`), in order.
job_chunk = tenant_table(
    "job_chunk",
    key("job"),
    key("direction"),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    Column("lines", Integer, nullable=False),
)

job_error = tenant_table(
    "job_error",
    key("job"),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("message", Str, nullable=False),
)

# The keys that a job has met, so that in the end it knows what it has not.
job_seen = tenant_table("job_seen", key("job"), key("key"))
