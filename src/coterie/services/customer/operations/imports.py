"""Moving customers here with the passwords they have, and until when those of another system count (CONTRACT §3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, select, update

from coterie.database.session import Session
from coterie.kit.bulk import Outcome, bulk_reply
from coterie.kit.call import Call, Reply
from coterie.kit.clock import iso
from coterie.kit.errors import AlreadyExists, CoterieError, Invalid, NotFound, Problem
from coterie.kit.resource import check_id
from coterie.kit.rows import Bulk
from coterie.kit.runtime import Runtime
from coterie.kit.store import Change, Document, among_stored, prepared, store
from coterie.kit.wire import to_document
from coterie.mail.letters import Letter, post_all
from coterie.services.customer import rules
from coterie.services.customer.operations import accounts, foreign, letters
from coterie.services.customer.operations.accounts import Account
from coterie.services.customer.operations.stored import KIND
from coterie.services.customer.schemas import CustomerImport, Retention, RetentionView
from coterie.services.customer.tables import customer, deleted, email, migration

_REMINDER = "sign-in-reminder"
Entry = tuple[str | None, Document, Account]


async def import_customers(call: Call, body: Bulk[CustomerImport]) -> Reply:
    """New customers with the hashes of their passwords; nobody is sent anything. Written as a set."""
    legacy = any(not isinstance(each, CoterieError) and each.account.legacy_auth for each in body.items)
    until = await _ends_on(call) if legacy else None
    entries: list[Entry | CoterieError] = []
    addresses: set[str] = set()
    for item in body.items:
        try:
            if isinstance(item, CoterieError):
                raise item
            entry = _entry(item, open=until is not None and until > call.at[:10])
            if rules.folded(entry[2].email) in addresses:
                raise AlreadyExists("account", entry[2].email)
            addresses.add(rules.folded(entry[2].email))
            entries.append(entry)
        except CoterieError as error:
            entries.append(error)
    named = await _named(call, entries)
    claims = {id: account for id, _, account in (e for e in named if not isinstance(e, CoterieError))}
    got = await accounts.claim_all(call, claims)
    changes: list[Change | CoterieError] = []
    for each in named:
        if isinstance(each, CoterieError):
            changes.append(each)
        elif each[0] in got:
            changes.append(Change((each[0],), each[1], "create"))
        else:
            changes.append(AlreadyExists("account", each[2].email))
    outcomes = await store(call, KIND, changes)
    await _give_back(call, changes, outcomes)
    return bulk_reply(call, outcomes)


def _entry(item: CustomerImport, *, open: bool) -> Entry:
    """Id, profile and account of an item. Raises Invalid. open: passwords of another system count."""
    document, _ = prepared(to_document(item))
    document.pop("account")
    given = item.account
    if item.id is not None:
        check_id(item.id)
    problems = rules.email_problems("account.email", given.email)
    contact = document.setdefault("contactEmail", given.email)
    if rules.folded(contact) != rules.folded(given.email):
        problems.append(Problem.violation("contactEmail", "must be the same as account.email, or left out"))
    if (given.password_hash is None) == (given.legacy_auth is None):
        text = "Exactly one of 'passwordHash' or 'legacyAuth' must be provided in the account"
        raise Invalid(text, problems=(Problem.violation("account", text),))
    account = Account(given.email, given.password_hash)
    if given.password_hash is not None and not foreign.is_argon2(given.password_hash):
        text = "is no Argon2 hash ($argon2id$…) of a bearable cost; send other ones as legacyAuth"
        problems.append(Problem.violation("account.passwordHash", text))
    if given.legacy_auth is not None:
        auth = given.legacy_auth
        if auth.algorithm not in foreign.ALGORITHMS:
            known = ", ".join(foreign.ALGORITHMS)
            problems.append(Problem.violation("account.legacyAuth.algorithm", f"is not known; use {known}"))
        elif not open:
            text = "needs a password migration retention configuration that has not ended"
            problems.append(Problem.violation("account.legacyAuth", text))
        hash = foreign.stored(auth.algorithm, auth.hash, auth.context or {})
        if hash is None and auth.algorithm in foreign.ALGORITHMS:
            text = f"is no {auth.algorithm} hash that can be verified here, or one that costs too much"
            problems.append(Problem.violation("account.legacyAuth.hash", text))
        account = Account(given.email, legacy_hash=hash)
    if problems:
        raise Invalid(problems=problems)
    return item.id, document, account


async def _named(
    call: Call, entries: Sequence[Entry | CoterieError]
) -> list[tuple[str, Document, Account] | CoterieError]:
    """The entries with a number for each that has no id; ids that are taken become errors."""
    good = [each for each in entries if not isinstance(each, CoterieError)]
    asked = [id for id, _, _ in good if id is not None]
    taken = await among_stored(call, customer.c.id, asked)
    if asked and not call.setting("enableRecreationOfDeletedCustomer"):
        gone = select(deleted.c.id).where(deleted.c.tenant == call.tenant.name, deleted.c.id.in_(asked))
        taken |= {row.id for row in await call.db.all(gone)}
    numbers: list[str] = []
    while len(numbers) < len(good) - len(asked):
        fresh = await accounts.next_numbers(call, len(good) - len(asked) - len(numbers))
        used = await among_stored(call, customer.c.id, fresh)
        numbers += [each for each in fresh if each not in used and each not in asked]
    free = iter(numbers)
    named: list[tuple[str, Document, Account] | CoterieError] = []
    for each in entries:
        if isinstance(each, CoterieError):
            named.append(each)
        elif each[0] in taken:
            named.append(AlreadyExists("customer", each[0], f"The customer number {each[0]} is taken."))
        else:
            if each[0] is not None:
                taken.add(each[0])
            named.append((each[0] or next(free), each[1], each[2]))
    return named


async def _give_back(
    call: Call, changes: Sequence[Change | CoterieError], outcomes: Sequence[Outcome]
) -> None:
    """Free the addresses of customers that were not stored after all."""
    failed = [
        change.key[0]
        for change, outcome in zip(changes, outcomes, strict=True)
        if isinstance(change, Change) and change.key is not None and outcome.error is not None
    ]
    if failed:
        mine = (email.c.tenant == call.tenant.name, email.c.customer_id.in_(failed))
        await call.db.run(delete(email).where(*mine))


# How long passwords of another system count


async def get_retention(call: Call) -> RetentionView:
    """Until when they count. Raises NotFound."""
    row = await call.db.first(select(migration).where(migration.c.tenant == call.tenant.name))
    if row is None:
        text = "There is no password migration retention configuration."
        raise NotFound("password-migration-retention", None, text)
    return RetentionView(
        retention_end_date=row.ends_on,
        email_reminder_date=row.remind_on,
        email_notifications_enabled=row.notify,
    )


async def set_retention(call: Call, body: Retention) -> RetentionView:
    """Set until when they count. Raises Invalid."""
    ends_on, remind_on = rules.retention(call.now.date(), body.retention_end_date, body.email_reminder_date)
    notify = body.email_notifications_enabled is not False
    values = {"ends_on": ends_on.isoformat(), "remind_on": remind_on.isoformat(), "notify": notify}
    statement = call.db.insert(migration).values({"tenant": call.tenant.name, **values})
    await call.db.run(statement.on_conflict_do_update(index_elements=["tenant"], set_=values))
    return RetentionView(
        retention_end_date=values["ends_on"],  # type: ignore[arg-type]
        email_reminder_date=values["remind_on"],  # type: ignore[arg-type]
        email_notifications_enabled=notify,
    )


async def remove_retention(call: Call) -> None:
    """Forget until when they count. Raises Invalid while there is any."""
    # Locked, so that an import that has found it open ends first.
    here = migration.c.tenant == call.tenant.name
    await call.db.first(select(migration).where(here).with_for_update())
    left = select(email.c.folded).where(email.c.tenant == call.tenant.name, email.c.legacy_hash.is_not(None))
    if await call.db.first(left.limit(1)) is not None:
        text = (
            "Customers still have a password of another system; set an earlier retentionEndDate to end that."
        )
        raise Invalid(text, problems=(Problem("", "bad_request", text),))
    await call.db.run(delete(migration).where(here))


async def _ends_on(call: Call) -> str | None:
    found = select(migration.c.ends_on).where(migration.c.tenant == call.tenant.name)
    ends: str | None = await call.db.value(found.with_for_update(read=True))
    return ends


def _waiting(when: ColumnElement[bool], limit: int) -> Select[Any]:
    """The accounts with a foreign hash of tenants whose migration is at that point."""
    his = (customer.c.tenant == email.c.tenant) & (customer.c.id == email.c.customer_id)
    columns = (email.c.tenant, email.c.folded, email.c.email, email.c.customer_id, customer.c.doc)
    found = select(*columns, migration.c.notify, migration.c.ends_on).join_from(email, customer, his)
    found = found.join(migration, migration.c.tenant == email.c.tenant)
    return (
        found.where(email.c.legacy_hash.is_not(None), when)
        .order_by(email.c.tenant, email.c.folded)
        .limit(limit)
    )


async def end_migrations(runtime: Runtime, db: Session, now: datetime, limit: int) -> int:
    """Forget the foreign hashes of customers whose time is over, and send them a link to set a new password."""
    over = _waiting(migration.c.ends_on <= now.date().isoformat(), limit)
    rows = await db.all(over.with_for_update(of=email, skip_locked=True))
    posted: list[tuple[str, Letter]] = []
    for row in rows:
        at = (email.c.tenant == row.tenant, email.c.folded == row.folded)
        await db.run(update(email).where(*at).values(legacy_hash=None))
        tenant = await runtime.tenants.get(row.tenant)
        if row.notify and tenant is not None:
            token = await letters.LINKS.make(runtime, db, row.tenant, rules.RESET, row.customer_id, {})
            language = (row.doc["preferredLanguage"],)
            letter = letters.letter(runtime, tenant, rules.RESET, row.email, token, language, site="")
            posted.append((row.tenant, letter))
    await post_all(runtime, db, posted)
    return len(rows)


async def remind(runtime: Runtime, db: Session, now: datetime, limit: int) -> int:
    """Ask customers with a foreign hash to sign in once while it counts."""
    due = _waiting(migration.c.remind_on <= now.date().isoformat(), limit)
    due = due.where(migration.c.notify.is_(True), email.c.reminded_at.is_(None))
    rows = await db.all(due.with_for_update(of=email, skip_locked=True))
    posted: list[tuple[str, Letter]] = []
    for row in rows:
        at = (email.c.tenant == row.tenant, email.c.folded == row.folded)
        await db.run(update(email).where(*at).values(reminded_at=iso(now)))
        tenant = await runtime.tenants.get(row.tenant)
        if tenant is not None:
            values = {"tenant": tenant.name, "email": row.email, "date": row.ends_on}
            values |= {"shop": rules.shop(tenant.settings), "link": rules.home(tenant.settings)}
            languages = (row.doc["preferredLanguage"], tenant.languages.default)
            posted.append((row.tenant, Letter(_REMINDER, row.email, languages, values)))
    await post_all(runtime, db, posted)
    return len(rows)
