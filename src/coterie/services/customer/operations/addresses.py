"""The postal addresses of customers, as they or the tenant keep them (CONTRACT §3.6, §3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_id
from coterie.kit.errors import Invalid, NotFound, Problem
from coterie.kit.resource import Resource, check_id
from coterie.kit.store import Change, Document, prepared, remove, store
from coterie.kit.wire import to_document
from coterie.query.q_sql import Fields
from coterie.services.customer import rules
from coterie.services.customer.operations.stored import ADDRESS, KIND, missing
from coterie.services.customer.schemas import Address, AddressCreation, AddressView, TagsQuery
from coterie.services.customer.tables import address, customer

_RESOURCE = Resource(
    kind=ADDRESS,
    fields=Fields({}, address.c.doc),
    create_type=AddressCreation,
    replace_type=Address,
    item_type=Address,
    view_type=AddressView,
    parameter="address_id",
)


async def list_addresses(call: Call, customer_number: str) -> Reply:
    """All addresses of a customer, the oldest first. Raises NotFound for the customer."""
    if await call.db.first(select(customer.c.id).where(_customer(call, customer_number))) is None:
        raise missing(customer_number)
    return Reply(value=[ADDRESS.view_of(row) for row in await _stored(call, customer_number)])


async def get_address(call: Call, customer_number: str, address_id: str) -> Document:
    """One address. Raises NotFound."""
    row = await call.db.first(select(address).where(ADDRESS.where(call, (customer_number, address_id))))
    if row is None:
        raise _missing(customer_number, address_id)
    return ADDRESS.view_of(row)


async def add_address(call: Call, customer_number: str, body: AddressCreation) -> Reply:
    """A new address; the first one is the default. Raises NotFound, AlreadyExists or Invalid."""
    if body.id is not None:
        check_id(body.id)
    document, _ = prepared(to_document(body))
    id = await save(call, customer_number, Change((customer_number, body.id or new_id()), document, "create"))
    return Reply(201, {"id": id})


async def add_own_address(call: Call, customer_number: str, body: Address | None) -> Reply:
    """The same for a customer himself, who need not name anybody."""
    document, _ = prepared(to_document(body or Address()))
    id = await save(call, customer_number, Change((customer_number, new_id()), document, "create"))
    return Reply(201, {"id": id})


async def put_address(call: Call, customer_number: str, address_id: str, body: Address | None) -> Reply:
    """Replace an address, or create it under this id, which needs a `contactName`."""
    check_id(address_id, "addressId")
    document, version = prepared(to_document(body or Address()))
    await _lock(call, customer_number)
    stored = await call.db.first(select(address).where(ADDRESS.where(call, (customer_number, address_id))))
    if stored is None and not document.get("contactName"):
        raise Invalid(problems=(Problem.violation("contactName", "is required for a new address"),))
    await save(call, customer_number, Change((customer_number, address_id), document, "upsert", version))
    return Reply(201, {"id": address_id}) if stored is None else Reply(204)


async def patch_address(
    call: Call, customer_number: str, address_id: str, body: dict[str, Any] | list[dict[str, Any]]
) -> Reply:
    """Change an address by a merge object, or by RFC 6902 operations."""
    row = await _locked(call, customer_number, address_id)
    change = _RESOURCE.patch_change(call, address_id, row, body)
    await save(call, customer_number, change._replace(key=(customer_number, address_id)))
    return Reply(200)


async def delete_address(call: Call, customer_number: str, address_id: str) -> None:
    """Delete an address. Raises NotFound."""
    await _lock(call, customer_number)
    if not await remove(call, ADDRESS, [(customer_number, address_id)]):
        raise _missing(customer_number, address_id)


async def add_tags(call: Call, customer_number: str, address_id: str, query: TagsQuery) -> None:
    """Add tags to an address; those that it has stay."""
    await _retag(
        call, customer_number, address_id, lambda had, named: list(dict.fromkeys([*had, *named])), query
    )


async def remove_tags(call: Call, customer_number: str, address_id: str, query: TagsQuery) -> None:
    """Take tags from an address; those that it does not have are passed over."""
    await _retag(
        call, customer_number, address_id, lambda had, named: [t for t in had if t not in named], query
    )


async def save(call: Call, customer_id: str, change: Change) -> str:
    """Write one address; a new default one takes the mark from the others. The id. Raises what refuses it."""
    await _lock(call, customer_id)
    assert change.key is not None
    rows, id = await _stored(call, customer_id), change.key[-1]
    if len(rows) >= rules.MOST_ADDRESSES and all(row.id != id for row in rows):
        text = f"a customer has {rules.MOST_ADDRESSES} addresses at most; delete one first"
        raise Invalid(problems=(Problem.violation("", text),))
    document = change.document | ({} if rows else {"isDefault": True})
    changes = [change._replace(document=document)]
    if document.get("isDefault"):
        changes += [
            Change((customer_id, row.id), {**ADDRESS.document_of(row), "isDefault": False}, "amend")
            for row in rows
            if row.id != id and row.doc.get("isDefault")
        ]
    outcome = (await store(call, ADDRESS, changes))[0]
    if outcome.error is not None:
        raise outcome.error
    return id


async def _retag(call: Call, customer_id: str, id: str, how: Any, query: TagsQuery) -> None:
    row = await _locked(call, customer_id, id)
    document = ADDRESS.document_of(row)
    document["tags"] = how(document.get("tags") or [], rules.tags_of(query.tags))
    await save(call, customer_id, Change((customer_id, id), document, "replace"))


async def _lock(call: Call, customer_id: str) -> None:
    """One change of a customer's addresses at a time. Raises NotFound for the customer."""
    locked = select(customer.c.id).where(_customer(call, customer_id)).with_for_update()
    if await call.db.first(locked) is None:
        raise missing(customer_id)


async def _locked(call: Call, customer_id: str, id: str) -> Row[Any]:
    await _lock(call, customer_id)
    row = await call.db.first(select(address).where(ADDRESS.where(call, (customer_id, id))))
    if row is None:
        raise _missing(customer_id, id)
    return row


async def _stored(call: Call, customer_id: str) -> Sequence[Row[Any]]:
    columns = address.c
    mine = (columns.tenant == call.tenant.name, columns.customer_id == customer_id)
    return await call.db.all(select(address).where(*mine).order_by(columns.created_at, columns.id))


def _customer(call: Call, customer_id: str) -> Any:
    return KIND.where(call, (customer_id,))


def _missing(customer_id: str, id: str) -> NotFound:
    return NotFound("address", id, f"Address {id[:80]} of customer {customer_id[:80]} not found.")
