"""What a customer does with his own profile (CONTRACT §3.6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Forbidden, Problem
from coterie.kit.rows import Handler, handler_of
from coterie.kit.store import Document, locked
from coterie.services.customer import rules
from coterie.services.customer.operations import profiles
from coterie.services.customer.operations.stored import KIND, missing, own_profile
from coterie.services.customer.schemas import ExpandQuery
from coterie.services.customer.tables import customer


def own_id(call: Call) -> str:
    """The number of the customer whose token it is. Raises Forbidden for anybody else's."""
    if call.caller.customer_id is None:
        error = Forbidden(message="This operation is for customers; send a customer's token.")
        error.problems = (Problem("Authorization", "insufficient_permissions", str(error)),)
        raise error
    return call.caller.customer_id


def mine(function: Callable[..., Awaitable[Any]]) -> Handler:
    """A handler that does to the caller himself what `function` does to the customer of its `customer_number`."""
    known = handler_of(function)

    async def run(call: Call, **arguments: Any) -> Any:
        return await function(call, customer_number=own_id(call), **arguments)

    run.__doc__ = function.__doc__
    parameters = tuple(name for name in known.parameters if name != "customer_number")
    return replace(known, run=run, parameters=parameters)


async def get_me(call: Call, query: ExpandQuery) -> Document:
    """The caller's own profile; that of nobody for a visitor."""
    if call.caller.kind == "anonymous":
        return dict(rules.ANONYMOUS)
    return await own_profile(call, own_id(call), query.expand)


async def patch_me(call: Call, body: dict[str, Any] | list[dict[str, Any]] | None) -> Reply:
    """Change the caller's own profile by a merge object, or by RFC 6902 operations; PUT does the same.

    What of it the tenant keeps to itself is passed over in an object, and refused in operations.
    """
    id = own_id(call)
    before = (await locked(call, KIND, [(id,)])).get((id,))
    if before is None:
        raise missing(id)
    if not isinstance(body, list):
        body = {name: value for name, value in (body or {}).items() if name not in rules.TENANT_ONLY}
    await profiles.managed(call, profiles.RESOURCE.patch_change(call, id, before, body), before)
    return Reply(200)


async def preferences(call: Call, customer_id: str) -> Document:
    """The stored profile of a customer, empty when he is gone."""
    row = await call.db.first(select(customer).where(KIND.where(call, (customer_id,))))
    return {} if row is None else KIND.document_of(row)
