"""Locations: the addresses that legal entities list."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import or_, select

from coterie.kit.call import Call, Reply
from coterie.kit.listing import Match, field_filters
from coterie.kit.resource import Resource
from coterie.kit.store import Document, Kind, Written
from coterie.query.q_sql import Field, Fields
from coterie.services.customer_management import events, rules
from coterie.services.customer_management.schemas import (
    AddressLines,
    LocationCreation,
    LocationsQuery,
    LocationUpdate,
    LocationView,
)
from coterie.services.customer_management.tables import location

READ = "customermanagement.location_read"
MANAGE = "customermanagement.location_manage"

_FILTERS: Mapping[str, Match] = {
    "name": "contains",
    "type": "equals",
    "contactDetails.email": "contains",
    "contactDetails.phone": "contains",
    "contactDetails.city": "contains",
    "contactDetails.state": "contains",
    "contactDetails.postcode": "contains",
    "contactDetails.countryCode": "equals",
}
_LINES: Mapping[str, Match] = {
    "contactDetails.addressLine1": "contains",
    "contactDetails.addressLine2": "contains",
}


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        (id,) = each.key
        payload = events.location_deleted(call.tenant.name, id)
        call.emit(events.LOCATION_DELETED, f"location:{id}", payload, internal=True, id=id)


KIND = Kind(
    noun="location",
    table=location,
    columns={"name": "name", "type": "type"},
    rules=rules.location_problems,
    removed=_removed,
)

FIELDS = Fields(
    {
        "id": Field(location.c.id),
        "name": Field(location.c.name),
        "type": Field(location.c.type),
        "contactDetails.emails": Field(location.c.doc, "text-array", ("contactDetails", "emails")),
        "contactDetails.phones": Field(location.c.doc, "text-array", ("contactDetails", "phones")),
        "contactDetails.tags": Field(location.c.doc, "text-array", ("contactDetails", "tags")),
        "metadata.version": Field(location.c.version, "number"),
        "metadata.createdAt": Field(location.c.created_at, "date"),
        "metadata.modifiedAt": Field(location.c.modified_at, "date"),
    },
    location.c.doc,
    # The filters name one of many.
    {
        "contactDetails.email": "contactDetails.emails",
        "contactDetails.phone": "contactDetails.phones",
        "metadataCreatedAt": "metadata.createdAt",
        "metadataModifiedAt": "metadata.modifiedAt",
    },
)

RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=LocationCreation,
    replace_type=LocationUpdate,
    item_type=LocationCreation,
    view_type=LocationView,
    parameter="location_id",
)


async def list_locations(call: Call, query: LocationsQuery) -> Reply:
    """The locations of all legal entities."""
    conditions = field_filters(query, FIELDS, _FILTERS)
    if query.address is not None:
        lines = AddressLines(line1=query.address, line2=query.address)
        conditions.append(or_(*field_filters(lines, FIELDS, _LINES)))
    return await RESOURCE.page(call, query, None, *conditions)


async def views(call: Call, ids: Collection[str]) -> dict[str, Document]:
    """Locations as clients see them, by id."""
    if not ids:
        return {}
    statement = select(location).where(location.c.tenant == call.tenant.name, location.c.id.in_(sorted(ids)))
    return {row.id: KIND.view_of(row) for row in await call.db.all(statement)}
