"""Customers as the tenant manages them: create, read, search, replace, patch, delete (CONTRACT §3.7)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, or_, select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import AlreadyExists, Forbidden, Invalid, NotFound, Problem
from coterie.kit.listing import page
from coterie.kit.outbox import Event
from coterie.kit.resource import Resource, check_id
from coterie.kit.store import Change, Document, among_stored, locked, prepared, remove, store
from coterie.kit.wire import Search, to_document
from coterie.query.sql import json_text
from coterie.services.customer import rules
from coterie.services.customer.operations import accounts, companies, letters
from coterie.services.customer.operations.accounts import Account
from coterie.services.customer.operations.stored import FIELDS, KIND, expand, missing, view
from coterie.services.customer.schemas import (
    CreationQuery,
    CustomerCreation,
    CustomersQuery,
    CustomerUpdate,
    CustomerView,
    ExpandQuery,
)
from coterie.services.customer.tables import address, company, customer, deleted, identity

RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=CustomerCreation,
    replace_type=CustomerUpdate,
    item_type=CustomerUpdate,
    view_type=CustomerView,
    parameter="customer_number",
)

# Reading


async def list_customers(call: Call, query: CustomersQuery) -> Reply:
    """The customers that the caller may see."""
    return await _page(call, query, None)


async def search_customers(call: Call, query: CustomersQuery, body: Search | None) -> Reply:
    """The same, with the `q` in the body."""
    return await _page(call, query, body.q if body else None)


async def get_customer(call: Call, customer_number: str, query: ExpandQuery) -> Document:
    """One customer; one that the caller may not see is not found."""
    row = await call.db.first(_visible(call, rules.READ).where(KIND.where(call, (customer_number,))))
    if row is None:
        raise missing(customer_number)
    views = [view(row)]
    await expand(call, views, rules.expansions(query.expand))
    return views[0]


async def _page(call: Call, query: CustomersQuery, q: str | None) -> Reply:
    wanted = rules.expansions(query.expand)
    return await page(
        call,
        _visible(call, rules.READ),
        query,
        FIELDS,
        view=view,
        tie_break=[customer.c.id],
        q=q,
        expand=lambda call, views: expand(call, views, wanted),
    )


def _visible(call: Call, scope: str) -> Select[Any]:
    """The customers that the caller may see with `scope`, or with the same scope for his own company.

    With the scope narrowed to restrictions, those that carry one of these (CONTRACT §2.13).
    """
    statement = select(customer).where(customer.c.tenant == call.tenant.name)
    if call.caller.may((scope,)):
        return statement
    restriction = json_text(customer.c.doc, ("restriction",))
    return statement.where(or_(_own(call), restriction.in_(sorted(call.caller.restricted_to((scope,))))))


def _own(call: Call) -> ColumnElement[bool]:
    """The caller's own profile, and those of the company he acts for; of all his companies if he names none."""
    mine, theirs = company.alias(), company.alias()
    entities = select(mine.c.legal_entity_id).where(
        mine.c.tenant == call.tenant.name, mine.c.customer_id == call.caller.customer_id
    )
    if call.caller.legal_entity_id is not None:
        entities = entities.where(mine.c.legal_entity_id == call.caller.legal_entity_id)
    colleagues = select(theirs.c.customer_id).where(
        theirs.c.tenant == call.tenant.name, theirs.c.legal_entity_id.in_(entities)
    )
    return or_(customer.c.id == call.caller.customer_id, customer.c.id.in_(colleagues))


# Writing


async def create_customer(call: Call, query: CreationQuery, body: CustomerCreation) -> Reply:
    """A new customer; with an e-mail address an account, with a password one that can log in at once.

    He is sent a link to set his password, unless the query says otherwise.
    """
    document, _ = prepared(to_document(body))
    password, contact = document.pop("password", None), document.get("contactEmail")
    if password is not None and contact is None:
        raise Invalid(problems=(Problem.violation("contactEmail", "is required with a password"),))
    secret = None if password is None else await call.runtime.passwords.hash(password)
    async with call.writing():
        await _require_company(call)
        account = Account(contact, secret, initial=True, unproven=_is_hearsay(call)) if contact else None
        id = await add(call, document, body.id, account)
        if contact is not None and query.send_password_reset_notifications is not False:
            await letters.send_link(call, rules.RESET, id, contact, document)
    return Reply(201, {"id": id})


async def add(call: Call, document: Document, id: str | None, account: Account | None) -> str:
    """Store a new customer and take its addresses. Raises AlreadyExists or Invalid."""
    if id is not None:
        check_id(id)
        await _require_not_deleted(call, id)
    while True:
        name = id or (await accounts.next_numbers(call))[0]
        (outcome,) = await store(call, KIND, [Change((name,), document, "create")])
        if outcome.error is None:
            break
        # A number that somebody chose as an id is passed over.
        if id is not None or not isinstance(outcome.error, AlreadyExists):
            raise outcome.error
    if account is not None:
        await accounts.claim_login(call, name, account)
    if "contactEmail" in document:
        await accounts.claim_contact(call, name, document["contactEmail"])
    return name


async def put_customer(
    call: Call, customer_number: str, query: CreationQuery, body: CustomerUpdate | None
) -> Reply:
    """Replace a profile, or create it under this number."""
    check_id(customer_number, "customerNumber")
    document, version = prepared(to_document(body or CustomerUpdate()))
    before = (await locked(call, KIND, [(customer_number,)])).get((customer_number,))
    if before is None:
        await _require_company(call)
        contact = document.get("contactEmail")
        account = Account(contact, unproven=_is_hearsay(call)) if contact else None
        await add(call, document, customer_number, account)
        if contact is not None and query.send_password_reset_notifications is not False:
            await letters.send_link(call, rules.RESET, customer_number, contact, document)
        return Reply(201, {"id": customer_number})
    await _require_own(call, customer_number)
    # What a profile says of the customer does not lift a block of his account.
    document = {"active": before.active, "onHold": before.on_hold, **document}
    await managed(call, Change((customer_number,), document, "replace", version), before)
    return Reply(204)


async def patch_customer(
    call: Call, customer_number: str, body: dict[str, Any] | list[dict[str, Any]]
) -> Reply:
    """Change a profile by a merge object, or by RFC 6902 operations."""
    before = (await locked(call, KIND, [(customer_number,)])).get((customer_number,))
    if before is None:
        raise missing(customer_number)
    await _require_own(call, customer_number)
    change = RESOURCE.patch_change(call, customer_number, before, body)
    await managed(call, change, before)
    return Reply(200)


async def delete_customer(call: Call, customer_number: str) -> None:
    """Delete a customer with his accounts and addresses, and end his logins."""
    if not await locked(call, KIND, [(customer_number,)]):
        raise missing(customer_number)
    await _require_own(call, customer_number)
    await remove(call, KIND, [(customer_number,)])
    await accounts.forget(call, customer_number)
    await letters.LINKS.forget(call, customer_number)
    gone = {"tenant": call.tenant.name, "id": customer_number}
    await call.db.run(call.db.insert(deleted).values(gone).on_conflict_do_nothing())
    for table in (address, company, identity):
        columns = table.c
        mine = (columns.tenant == call.tenant.name, columns.customer_id == customer_number)
        await call.db.run(delete(table).where(*mine))
    await call.runtime.tokens.end_customer(call.db, call.tenant.name, customer_number)


async def require_users(call: Call, assigned: list[Event]) -> None:
    """Customers who are put into groups must be there (decision 5). Raises NotFound, in IAM's words for users."""
    ids = {event.facts["user_id"] for event in assigned if event.facts["user_type"] == "CUSTOMER"}
    if call.setting("references") == "open":
        return
    missing = ids - await among_stored(call, customer.c.id, ids)
    if missing:
        raise NotFound("user", min(missing))


async def managed(call: Call, change: Change, before: Row[Any]) -> None:
    """Store a profile that the caller changes, who may not change everything. Raises Forbidden."""
    _require_tenant_only_kept(call, change, before)
    await store_change(call, change, before)


async def store_change(call: Call, change: Change, before: Row[Any]) -> None:
    """Store a changed profile; a new contact address is taken and the old one given up."""
    assert change.key is not None
    (outcome,) = await store(call, KIND, [change])
    if outcome.error is not None:
        raise outcome.error
    after = change.document
    if not rules.may_log_in(after.get("active") is not False, bool(after.get("onHold"))):
        # Whoever is blocked is out at once, not when his token ends.
        await call.runtime.tokens.end_customer(call.db, call.tenant.name, change.key[0])
    contact: str | None = before.contact_email
    asked = change.document.get("contactEmail")
    if asked is None or (contact is not None and rules.folded(asked) == rules.folded(contact)):
        return
    await accounts.claim_contact(call, change.key[0], asked)
    if contact is not None:
        await accounts.release_contact(call, change.key[0], contact)


def _require_tenant_only_kept(call: Call, change: Change, before: Row[Any]) -> None:
    """Raises Forbidden for a caller without the full scope who would lift a block, or change what is not his."""
    stored = KIND.document_of(before)
    kept = all(change.document.get(name) == stored.get(name) for name in rules.TENANT_ONLY)
    if not kept and not call.caller.may((rules.MANAGE,)):
        raise Forbidden((rules.MANAGE,))


async def _require_not_deleted(call: Call, id: str) -> None:
    """Raises AlreadyExists for the number of a deleted customer, unless the tenant lets it be given again."""
    if call.setting("enableRecreationOfDeletedCustomer"):
        return
    there = select(deleted.c.id).where(deleted.c.tenant == call.tenant.name, deleted.c.id == id)
    if await call.db.first(there) is not None:
        text = f"The customer number {id} belonged to a customer who was deleted; use another one."
        raise AlreadyExists("customer", id, text)


def _is_hearsay(call: Call) -> bool:
    """Whether the address of a new account is what just another customer says."""
    return not call.caller.may((rules.MANAGE,))


async def _require_own(call: Call, customer_number: str) -> None:
    """Raises NotFound for a customer that a caller without the full scope may not manage."""
    visible = _visible(call, rules.MANAGE).where(KIND.where(call, (customer_number,)))
    if await call.db.first(visible) is None:
        raise missing(customer_number)


async def _require_company(call: Call) -> None:
    """Raises Forbidden for a caller without the full scope who acts for no company: he has no colleagues."""
    if call.caller.may((rules.MANAGE,)):
        return
    id = call.caller.customer_id
    if id is None or not await companies.of_customer(call, id):
        raise Forbidden((rules.MANAGE,))
