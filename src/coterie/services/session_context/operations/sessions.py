"""What becomes of the context of a session: it begins, its customer comes, acts for a company and goes, it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, select, tuple_, update

from coterie.database.session import Session
from coterie.kit.call import Call
from coterie.kit.clock import iso
from coterie.kit.outbox import Event
from coterie.kit.runtime import Runtime
from coterie.kit.store import Document
from coterie.kit.tables import login
from coterie.services.customer import facade as customers
from coterie.services.session_context import rules
from coterie.services.session_context.operations.stored import (
    KIND,
    LIFE,
    change,
    locked,
    make,
    require_sound,
)
from coterie.services.session_context.tables import context
from coterie.services.site import facade as sites


@dataclass(frozen=True)
class Seeds:
    """What a visit wants of its context; None where the site decides."""

    site_code: str | None = None
    currency: str | None = None
    language: str | None = None
    target_location: str | None = None


async def begin(call: Call, session_id: str, seeds: Seeds) -> None:
    """Make the context of a visit. Raises Invalid."""
    document = await started(call, seeds)
    require_sound(document)
    await make(call, session_id, document)


async def started(call: Call, seeds: Seeds) -> Document:
    """The context that a visit starts with: its seeds, and what its site or the default one has."""
    wanted = {
        "siteCode": seeds.site_code,
        "currency": seeds.currency,
        "language": seeds.language,
        "targetLocation": seeds.target_location,
    }
    site = await sites.get(call, seeds.site_code) if seeds.site_code else None
    site = site or await sites.default_site(call)
    given = {name: value for name, value in wanted.items() if value is not None}
    tenant = call.tenant
    return rules.started(given, site, tenant.currency, tenant.languages.default, tenant.country)


async def log_in(call: Call, logged_in: list[Event]) -> None:
    """Customers logged in: the facts are `customer_id` and `session_id`, whose context becomes theirs."""
    for event in logged_in:
        customer_id, session_id = event.facts["customer_id"], event.facts["session_id"]
        row = await locked(call, session_id)
        document = await started(call, Seeds()) if row is None else KIND.document_of(row)
        if row is not None and row.customer_id not in (None, customer_id):
            # The one before did not log out; nothing of him is for who comes next.
            document = rules.logged_out(document)
        shopper = await customers.shopper(call, customer_id)
        here = await sites.get(call, document["siteCode"]) if "siteCode" in document else None
        wanted = rules.site_wanted(shopper, here)
        there = await sites.get(call, wanted) if wanted is not None else None
        document = rules.logged_in(document, customer_id, shopper, there or here)
        if row is None:
            await make(call, session_id, document)
        else:
            await change(call, row, document)


async def act_for(call: Call, refreshed: list[Event]) -> None:
    """Customers got further tokens: the facts are `session_id` and `legal_entity_id`, which may be None."""
    for event in refreshed:
        row = await locked(call, event.facts["session_id"])
        if row is not None:
            document = KIND.document_of(row)
            after = rules.acting_for(document, event.facts["legal_entity_id"])
            if after != document:
                await change(call, row, after)


async def log_out(call: Call, logged_out: list[Event]) -> None:
    """Customers logged out: the facts are `customer_id` and `session_id`."""
    for event in logged_out:
        row = await locked(call, event.facts["session_id"])
        if row is not None and row.customer_id == event.facts["customer_id"]:
            await change(call, row, rules.logged_out(KIND.document_of(row)))


async def forget(call: Call, deleted: list[Event]) -> None:
    """The contexts of deleted customers go with them."""
    ids = [event.facts["id"] for event in deleted]
    columns = context.c
    gone = delete(context).where(columns.tenant == call.tenant.name, columns.customer_id.in_(ids))
    await call.db.run(gone)


async def prune(_runtime: Runtime, session: Session, now: datetime, limit: int) -> int:
    """Delete contexts of sessions that have no login left; how many were looked at.

    Those that were changed of late stay as well: a backend may have made them for a session of its own.
    """
    columns = context.c
    alive = exists().where(login.c.tenant == columns.tenant, login.c.session_id == columns.session_id)
    due = (
        select(columns.tenant, columns.session_id, columns.modified_at, alive.label("alive"))
        .where(columns.due_at < iso(now))
        .order_by(columns.due_at)
        .limit(limit)
        .with_for_update(of=context, skip_locked=True)
    )
    rows = await session.all(due)
    young = iso(now - LIFE)
    kept = [(row.tenant, row.session_id) for row in rows if row.alive or row.modified_at >= young]
    ended = [(row.tenant, row.session_id) for row in rows if not row.alive and row.modified_at < young]
    pair = tuple_(columns.tenant, columns.session_id)
    if kept:
        await session.run(update(context).where(pair.in_(kept)).values(due_at=iso(now + LIFE)))
    if ended:
        await session.run(delete(context).where(pair.in_(ended)))
    return len(rows)
