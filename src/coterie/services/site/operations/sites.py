"""Sites: create, read, replace, patch, delete; one of them is the default, and stays so until another is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, select, true, update

from coterie.kit import tables as kit_tables
from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, NotFound, Problem
from coterie.kit.listing import page
from coterie.kit.outbox import Event
from coterie.kit.resource import Resource
from coterie.kit.store import Change, Document, Kind, Refusal, Write, Written, among_stored, remove, store_one
from coterie.kit.tenants import Tenant
from coterie.query.q_sql import Field, Fields
from coterie.services.country import facade as countries
from coterie.services.currency import facade as currencies
from coterie.services.site import events, rules
from coterie.services.site.schemas import SiteCreation, SiteQuery, SitesQuery, SiteUpdate, SiteView
from coterie.services.site.tables import site

Refusals = Callable[[Call, Collection[str]], Awaitable[dict[str, str]]]
READ, MANAGE = "site.site_read", "site.site_manage"


async def _check(call: Call, writes: Sequence[Write]) -> list[Refusal]:
    return [
        [
            *rules.foreign_languages(write.document["languages"], call.tenant.languages),
            *await _misnamed(call, write, rules.countries, countries.refusals),
            *await _misnamed(call, write, rules.currencies, currencies.refusals),
        ]
        for write in writes
    ]


async def _misnamed(call: Call, write: Write, named: rules.Named, refusals: Refusals) -> list[Problem]:
    """Problems of countries or currencies that a site names newly; what it named before may stay."""
    before = set() if write.before is None else {code for _, code in named(write.before)}
    wanted = [(field, code) for field, code in named(write.document) if code not in before]
    refused = await refusals(call, {code for _, code in wanted})
    return [Problem.violation(field, refused[code]) for field, code in wanted if code in refused]


async def _written(call: Call, changed: Sequence[Written]) -> None:
    for each in changed:
        _emit(call, events.SITE_CREATED if each.before is None else events.SITE_UPDATED, each.view)


def _emit(call: Call, type_: str, view: Document) -> None:
    payload = events.changed(call.tenant.name, rules.shown(view, rules.expansion(None), restricted=False))
    call.emit(type_, events.subject(view["code"]), payload, code=view["code"])


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        (code,) = each.key
        payload = events.deleted(call.tenant.name, code)
        call.emit(events.SITE_DELETED, events.subject(code), payload, code=code)


KIND = Kind(
    noun="site",
    table=site,
    key=("code",),
    id_field="code",
    columns={"active": "active", "default": "is_default"},
    defaults={"active": True, "taxDeterminationBasedOn": "BILLING_ADDRESS", "cartCalculationScale": 2},
    rules=rules.site_problems,
    check=_check,
    written=_written,
    removed=_removed,
    mixins_need_url=True,
)

FIELDS = Fields(
    {
        "code": Field(site.c.code),
        "active": Field(site.c.active, "boolean"),
        "default": Field(site.c.is_default, "boolean"),
        "languages": Field(site.c.doc, "text-array", ("languages",)),
        "shipToCountries": Field(site.c.doc, "text-array", ("shipToCountries",)),
        "availableCurrencies": Field(site.c.doc, "text-array", ("availableCurrencies",)),
        "metadata.version": Field(site.c.version, "number"),
        "metadata.createdAt": Field(site.c.created_at, "date"),
        "metadata.modifiedAt": Field(site.c.modified_at, "date"),
    },
    site.c.doc,
)


RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=SiteCreation,
    replace_type=SiteUpdate,
    item_type=SiteUpdate,
    view_type=SiteView,
    parameter="site_code",
    check_id=rules.check_code,
)


async def list_sites(call: Call, query: SitesQuery) -> Reply:
    """The active sites; with `includeInactive` all of them, for who manages sites."""
    wanted = rules.expansion(query.expand)
    restricted = call.caller.may((MANAGE,))
    return await page(
        call,
        RESOURCE.selected(call).where(_listed(call, query)),
        query,
        FIELDS,
        view=lambda row: rules.shown(KIND.view_of(row), wanted, restricted=restricted),
        tie_break=[site.c.code],
    )


async def list_codes(call: Call, query: SitesQuery) -> Reply:
    """The codes of the sites that the list would have."""
    rules.expansion(query.expand)
    query.fields = None
    reply = await page(
        call,
        RESOURCE.selected(call).where(_listed(call, query)),
        query,
        FIELDS,
        view=lambda row: {"code": row.code},
        tie_break=[site.c.code],
    )
    reply.value = [each["code"] for each in reply.value]
    return reply


def _listed(call: Call, query: SitesQuery) -> ColumnElement[bool]:
    if not query.include_inactive:
        return site.c.active
    call.require(MANAGE)
    return true()


async def stored(call: Call, site_code: str) -> Row[Any]:
    """The row of a site. Raises NotFound."""
    row = await call.db.first(RESOURCE.selected(call).where(KIND.where(call, (site_code,))))
    if row is None:
        raise NotFound("site", site_code)
    return row


async def get_site(call: Call, site_code: str, query: SiteQuery) -> Document:
    """One site; an inactive one only for who manages sites."""
    wanted = rules.expansion(query.expand)
    row = await stored(call, site_code)
    if not row.active:
        call.require(MANAGE)
    return rules.shown(KIND.view_of(row), wanted, restricted=call.caller.may((MANAGE,)))


async def create_site(call: Call, body: SiteCreation) -> Reply:
    """Add a site; a tenant's first one becomes the default."""
    current = await default_locked(call)
    await write(call, RESOURCE.change(call, body, "create", None), current)
    return Reply(201, {"id": body.code})


async def replace_site(call: Call, site_code: str, query: SiteQuery, body: SiteUpdate) -> None:
    """Replace a site, but for what `expand` leaves out; one that does not exist is not created."""
    wanted = rules.expansion(query.expand)
    if body.code is not None and body.code != site_code:
        message = f"is {body.code[:80]!r}, but the path says {site_code!r}; a code can't be changed"
        raise Invalid(problems=(Problem.violation("code", message),))
    current = await default_locked(call)
    change = RESOURCE.change(call, body, "replace", site_code)
    if wanted.leaves_out:
        rules.keep_unseen(change.document, KIND.document_of(await stored(call, site_code)), wanted)
    await write(call, change, current)


async def patch_site(call: Call, site_code: str, body: dict[str, Any]) -> None:
    """Merge an object into a site; null removes a field."""
    current = await default_locked(call)
    row = await stored(call, site_code)
    await write(call, RESOURCE.patch_change(call, site_code, row, body), current)


async def write(call: Call, change: Change, current: str | None) -> None:
    """Write a site; where it takes the default flag, the site `current` that has it loses it."""
    assert change.key is not None
    (code,) = change.key
    default = rules.becomes_default(code, change.document.get("default"), current)
    change.document["default"] = default
    rules.fill_services(change.document)
    if default and current != code:
        await _demote(call)
    await store_one(call, KIND, change)


async def default_locked(call: Call) -> str | None:
    """The code of the default site. Who writes sites waits here for others that do, so it stays what it is.

    So does who changes the tenant's languages and currencies; a site is held against those of now.
    """
    here = call.tenant.name
    tenant = kit_tables.tenant
    row = await call.db.first(select(tenant).where(tenant.c.tenant == here).with_for_update())
    assert row is not None
    call.tenant = Tenant.of(row)
    found: str | None = await call.db.value(
        select(site.c.code).where(site.c.tenant == here, site.c.is_default)
    )
    return found


async def _demote(call: Call) -> None:
    """Take the flag from the default site, if there is one."""
    statement = (
        update(site)
        .where(site.c.tenant == call.tenant.name, site.c.is_default)
        .values(is_default=False, version=site.c.version + 1, modified_at=call.at)
        .returning(site)
    )
    for row in await call.db.all(statement):
        _emit(call, events.SITE_UPDATED, KIND.view_of(row))


async def delete_site(call: Call, site_code: str) -> None:
    """Delete a site, unless it is the default one or another service refuses."""
    if await default_locked(call) == site_code:
        raise Invalid(
            f"The site {site_code} is the default one; make another site the default first.",
            problems=(Problem.violation("default", "the default site can't be deleted"),),
        )
    if not await remove(call, KIND, [(site_code,)]):
        raise NotFound("site", site_code)


async def existing(call: Call, codes: Collection[str]) -> set[str]:
    """Those of `codes` that are sites; none of them can be deleted until the transaction ends."""
    return await among_stored(call, site.c.code, codes)


async def document(call: Call, code: str) -> Document | None:
    """The site as clients see it, or None."""
    return await _first(call, site.c.code == code)


async def default_document(call: Call) -> Document | None:
    """The default site as clients see it, or None while there is no site."""
    return await _first(call, site.c.is_default)


async def misfits(call: Call) -> list[str]:
    """What sites have that is not the tenant's, each as a sentence's beginning."""
    rows = await call.db.all(select(site).where(site.c.tenant == call.tenant.name).order_by(site.c.code))
    documents = {row.code: KIND.document_of(row) for row in rows}
    wanted = {code for each in documents.values() for _, code in rules.currencies(each)}
    known = await currencies.refusals(call, wanted)
    return [
        sentence
        for code, document in documents.items()
        for sentence in rules.misfits(code, document, call.tenant.languages, known)
    ]


async def keep_currencies(call: Call, deleted: list[Event]) -> None:
    """A currency that a site sells in is only deleted by force. Raises Invalid."""
    gone = {event.facts["code"] for event in deleted if not event.facts["forced"]}
    if not gone:
        return
    rows = await call.db.all(select(site).where(site.c.tenant == call.tenant.name).order_by(site.c.code))
    for row in rows:
        for _, code in rules.currencies(KIND.document_of(row)):
            if code in gone:
                message = (
                    f"the site {row.code} sells in {code}; change it first, or delete with forceDelete=true"
                )
                raise Invalid(problems=(Problem.violation("currencyCode", message),))


async def _first(call: Call, condition: ColumnElement[bool]) -> Document | None:
    row = await call.db.first(RESOURCE.selected(call).where(condition))
    return None if row is None else KIND.view_of(row)
