"""Which customer a person is whom an identity provider names: known, found by what is proven of him, or made.

What a provider says is believed as far as it vouches for it, and no further: an e-mail address that is not verified
finds nobody, and an account that anybody could have made for the address is taken out of his hands (docs/guides/
single-sign-on.md).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update

from coterie.database.session import Retry
from coterie.federation.claims import Identity, Refused
from coterie.federation.schemas import Provider
from coterie.kit.call import Call
from coterie.kit.errors import AlreadyExists, Conflict, NotFound, Unauthorized
from coterie.kit.store import Change, Document, locked, prepared
from coterie.services.customer import rules
from coterie.services.customer.operations import accounts, profiles
from coterie.services.customer.operations.accounts import Account
from coterie.services.customer.operations.credentials import REFUSED
from coterie.services.customer.operations.letters import LINKS
from coterie.services.customer.operations.stored import KIND
from coterie.services.customer.tables import email, identity


async def customer_of(call: Call, provider: Provider, person: Identity) -> str:
    """The number of the customer, in the call's transaction. Raises Unauthorized, NotFound or Conflict."""
    id, account = await _known(call, person), None
    if id is None:
        id, account = await _found(call, provider, person)
        if id is None:
            if _is_closed(call, provider):
                raise NotFound("customer")
            id = await _made(call, person)
        await _remember(call, person, id)
    row = (await locked(call, KIND, [(id,)])).get((id,))
    if row is None:
        raise Retry("the customer was deleted a moment ago")
    if account is not None and account.unproven and not row.on_hold:
        await _prove(call, account, row)
    elif not rules.may_log_in(row.active, row.on_hold):
        raise Unauthorized(REFUSED)
    return id


async def _known(call: Call, person: Identity) -> str | None:
    columns = identity.c
    mine = (columns.tenant == call.tenant.name, columns.issuer == person.issuer)
    id: str | None = await call.db.value(
        select(columns.customer_id).where(*mine, columns.subject == person.subject)
    )
    return id


async def _found(call: Call, provider: Provider, person: Identity) -> tuple[str | None, Row[Any] | None]:
    """An existing customer who is meant, and the account by which he was found. Raises Refused or Conflict."""
    if (provider.identifier or call.setting("ssoCustomerIdentifierField")) == "SUBJECT":
        # Only where the tenant has brought its customers under the provider's subjects: else a number that
        # was given out here could be a stranger's subject there.
        if not _is_closed(call, provider):
            return None, None
        there = await locked(call, KIND, [(person.subject,)])
        return (person.subject if there else None), None
    if person.email is None:
        raise Refused("it does not say that the e-mail address is verified, and the person is not known here")
    held = await _held(call, person.email)
    if held is None:
        return None, None
    if not held.login:
        text = "The e-mail address is already used to reach another customer."
        raise Conflict(text, log=f"it is a contact address of {held.customer_id}")
    return held.customer_id, held


async def _held(call: Call, address: str) -> Row[Any] | None:
    return await call.db.first(select(email).where(*accounts.at(call, address)).with_for_update())


async def _made(call: Call, person: Identity) -> str:
    """A new customer, who logs in with the address that the provider vouches for, if it is free."""
    named = {"firstName": person.first_name, "lastName": person.last_name, "contactEmail": person.email}
    address = person.email
    if address is not None and (
        rules.email_problems("email", address) or await _held(call, address) is not None
    ):
        address = named["contactEmail"] = None
    profile, _ = prepared({name: value for name, value in named.items() if value is not None})
    try:
        return await profiles.add(call, profile, None, Account(address) if address else None)
    except AlreadyExists:
        raise Retry("somebody took the address a moment ago") from None


async def _remember(call: Call, person: Identity, customer_id: str) -> None:
    row = {
        "tenant": call.tenant.name,
        "issuer": person.issuer,
        "subject": person.subject,
        "customer_id": customer_id,
        "created_at": call.at,
    }
    new = call.db.insert(identity).values(row).on_conflict_do_nothing().returning(identity.c.customer_id)
    if await call.db.first(new) is None:
        raise Retry("the person became known a moment ago")


async def _prove(call: Call, account: Row[Any], row: Row[Any]) -> None:
    """Give an account to the owner of its address: whatever whoever made it could still get in by is gone."""
    bare: Document = dict.fromkeys(("password_hash", "legacy_hash"))
    bare |= dict.fromkeys(("initial_password", "opt_in", "unproven"), False)
    await call.db.run(update(email).where(*accounts.at(call, account.email)).values(bare))
    document, _ = prepared(KIND.document_of(row) | {"contactEmail": account.email, "active": True})
    await profiles.store_change(call, Change((row.id,), document, "amend"), row)
    await LINKS.forget(call, row.id)
    await call.runtime.tokens.end_customer(call.db, call.tenant.name, row.id)


def _is_closed(call: Call, provider: Provider) -> bool:
    """Whether only those get in who are customers already: the provider's configuration overrules the tenant's."""
    if provider.provisioning_disabled is not None:
        return provider.provisioning_disabled
    return bool(call.setting("ssoCustomerAutoprovisioningDisabled"))
