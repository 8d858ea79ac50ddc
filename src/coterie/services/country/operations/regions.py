"""Regions: list and read. Nobody changes them."""

from __future__ import annotations

from sqlalchemy import select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import NotFound
from coterie.kit.store import Document
from coterie.kit.tables import tenant
from coterie.seeds import lists
from coterie.services.country import rules
from coterie.services.country.schemas import RegionsQuery


async def list_regions(call: Call, query: RegionsQuery) -> Reply:
    """All regions."""
    found = await _regions(call)
    return lists.page(call, found.values(), query, rules.REGION_FIELDS, lambda each: _shown(call, each))


async def get_region(call: Call, region_code: str) -> Document:
    """One region."""
    found = (await _regions(call)).get(region_code)
    if found is None:
        raise NotFound("region", region_code)
    return _shown(call, found)


async def _regions(call: Call) -> dict[str, Document]:
    """All regions by code, as old as the tenant."""
    since = await call.db.value(select(tenant.c.created_at).where(tenant.c.tenant == call.tenant.name))
    metadata = {"version": 1, "createdAt": since, "modifiedAt": since}
    names = rules.regions_named(call.tenant.languages.supported)
    return {code: {"code": code, "name": dict(name), "metadata": metadata} for code, name in names.items()}


def _shown(call: Call, document: Document) -> Document:
    return rules.shown(document, lists.accepted(call), call.tenant.languages.default)
