"""Countries: list, read, and say whether they are active."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from coterie.kit.call import Call, Reply
from coterie.kit.errors import NotFound
from coterie.kit.store import Change, Document, Kind, store_one
from coterie.seeds import lists, rows
from coterie.services.country import rules
from coterie.services.country.schemas import CountriesQuery, CountryPatch
from coterie.services.country.tables import country

KIND = Kind(noun="country", table=country, key=("code",), columns={"active": "active"}, id_field="code")


async def list_countries(call: Call, query: CountriesQuery) -> Reply:
    """The tenant's countries, active or not."""
    names = rules.named(call.tenant.languages.supported)
    found = await rows.merged(call, KIND, rules.SEEDS)
    documents = [rules.full(state, names[code]) for code, state in found.items()]
    return lists.page(call, documents, query, rules.FIELDS, lambda each: _shown(call, each))


async def get_country(call: Call, country_code: str) -> Document:
    """One country."""
    state = await rows.one(call, KIND, country_code, rules.SEEDS.get(country_code))
    if state is None:
        raise NotFound("country", country_code)
    return _shown(call, rules.full(state, rules.named(call.tenant.languages.supported)[country_code]))


async def patch_country(call: Call, country_code: str, body: CountryPatch) -> None:
    """Make a country active or inactive."""
    seed = rules.SEEDS.get(country_code)
    if seed is None:
        raise NotFound("country", country_code)
    await rows.plant(call, KIND, {country_code: seed})
    active = body.active
    if active is None:
        active = await call.db.value(select(country.c.active).where(KIND.where(call, (country_code,))))
    change = Change((country_code,), {"active": active}, "replace", body.metadata.version)
    await store_one(call, KIND, change)


async def unusable(call: Call, codes: Collection[str]) -> set[str]:
    """Those of `codes` that are no countries, or that the tenant has made inactive."""
    known = {code for code in codes if code in rules.REGION_OF}
    if not known:
        return set(codes)
    statement = select(country.c.code).where(
        country.c.tenant == call.tenant.name, country.c.code.in_(sorted(known)), ~country.c.active
    )
    return (set(codes) - known) | {row.code for row in await call.db.all(statement)}


def _shown(call: Call, document: Document) -> Document:
    return rules.shown(document, lists.accepted(call), call.tenant.languages.default)
