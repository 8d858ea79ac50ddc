"""A visitor becomes a customer (CONTRACT §3.6)."""

from __future__ import annotations

from typing import Any

from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_id
from coterie.kit.errors import Invalid, Problem
from coterie.kit.store import Change, Kind, prepared, store
from coterie.kit.wire import to_document
from coterie.services.customer import rules
from coterie.services.customer.operations import profiles
from coterie.services.customer.operations.accounts import Account
from coterie.services.customer.schemas import Address, Signup
from coterie.services.customer.tables import address

ADDRESS_KIND = Kind(noun="address", table=address, key=("customer_id", "id"))


async def sign_up(call: Call, body: Signup) -> Reply:
    """A new customer with an account; he may log in at once unless the tenant wants him activated first."""
    details, _ = prepared(to_document(body.customer_details) if body.customer_details else {})
    separate = body.signup.email if body.signup else None
    login, profile = rules.signup_profile(details, body.email, separate)
    password = body.signup.password if body.signup else body.password
    if password is None:
        raise Invalid(problems=(Problem.violation("password", "is required, here or in signup"),))
    secret = await call.runtime.passwords.hash(password)
    profile["active"] = call.setting("customerActiveOnCreation", True) is not False
    async with call.writing():
        id = await profiles.add(call, profile, None, Account(login, secret))
        if body.customer_address is not None:
            await _add_address(call, id, body.customer_address)
    return Reply(201, {"id": id})


async def _add_address(call: Call, customer_id: str, given: Address) -> None:
    """The first address of a customer is the default one."""
    document: dict[str, Any] = prepared(to_document(given))[0] | {"isDefault": True}
    change = Change((customer_id, new_id()), document, "create")
    (outcome,) = await store(call, ADDRESS_KIND, [change])
    if outcome.error is not None:
        raise outcome.error
