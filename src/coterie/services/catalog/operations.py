"""Catalogs: create, read, filter, replace, patch, delete; and the trees that a site shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, or_, select

from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_uuid
from coterie.kit.errors import Invalid, NotFound, Problem
from coterie.kit.language import filter_map
from coterie.kit.listing import ListQuery, Match, field_filters
from coterie.kit.outbox import Event
from coterie.kit.resource import Resource
from coterie.kit.store import Change, Document, Kind, Refusal, Write, Written, among, store
from coterie.kit.wire import Instant, convert
from coterie.query.q_sql import Field, Fields
from coterie.services.catalog import events, rules
from coterie.services.catalog.schemas import (
    CatalogCreation,
    CatalogsQuery,
    CatalogUpdate,
    CatalogView,
    TreesQuery,
)
from coterie.services.catalog.tables import catalog, reference
from coterie.services.category import facade as categories
from coterie.services.site import facade as sites

_TEXTS = ("name", "description")


async def _check(call: Call, writes: Sequence[Write]) -> list[Refusal]:
    """Categories that are no roots, and sites that are not there; what was named before is not asked again."""
    wanted = {
        kind: [rules.newly_named(write.document, write.before, kind) for write in writes]
        for kind in rules.NAMED
    }
    site_codes, roots = (
        {id for each in wanted[kind] for id in each} for kind in (rules.SITE, rules.CATEGORY)
    )
    known_sites = await sites.existing(call, site_codes)
    known_roots = roots if call.setting("references") == "open" else await categories.roots(call, roots)
    return [
        [
            *(
                Problem.violation(place, f"there is no site {code[:80]!r}; create it first")
                for code, place in by_site.items()
                if code not in known_sites
            ),
            *(
                Problem.violation(
                    place, f"there is no root category {id[:80]!r}; create it, or name its root"
                )
                for id, place in by_category.items()
                if id not in known_roots
            ),
        ]
        for by_site, by_category in zip(wanted[rules.SITE], wanted[rules.CATEGORY], strict=True)
    ]


def _values(document: Document) -> dict[str, Any]:
    visibility = document["visibility"]
    return {
        "visible": visibility.get("visible", False),
        "visible_from": visibility.get("from"),
        "visible_to": visibility.get("to"),
    }


async def _written(call: Call, changed: Sequence[Written]) -> None:
    for each in changed:
        (id,) = each.key
        await _keep_references(call, id, each.before, each.document)
        type_ = events.CATALOG_CREATED if each.before is None else events.CATALOG_UPDATED
        payload = events.written(call.tenant.name, rules.view(each.view, call.at))
        call.emit(type_, events.subject(id), payload, id=id)


async def _keep_references(call: Call, id: str, before: Document | None, after: Document) -> None:
    here = call.tenant.name
    for kind in rules.NAMED:
        old, new = set(rules.named(before, kind)), set(rules.named(after, kind))
        if old - new:
            gone = (reference.c.kind == kind, reference.c.target_id.in_(sorted(old - new)))
            mine = (reference.c.tenant == here, reference.c.catalog_id == id)
            await call.db.run(delete(reference).where(*mine, *gone))
        rows = [
            {"tenant": here, "kind": kind, "target_id": each, "catalog_id": id} for each in sorted(new - old)
        ]
        if rows:
            await call.db.run(reference.insert(), rows)


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        (id,) = each.key
        mine = (reference.c.tenant == call.tenant.name, reference.c.catalog_id == id)
        await call.db.run(delete(reference).where(*mine))
        call.emit(events.CATALOG_DELETED, events.subject(id), events.deleted(call.tenant.name, id), id=id)


KIND = Kind(
    noun="catalog",
    table=catalog,
    columns={"name": "name"},
    localized=_TEXTS,
    defaults={"visibility": {"visible": False}, "publishedSites": [], "categoryIds": []},
    rules=rules.catalog_problems,
    check=_check,
    values=_values,
    written=_written,
    removed=_removed,
    new_key=new_uuid,
)

FIELDS = Fields(
    {
        "id": Field(catalog.c.id),
        "name": Field(catalog.c.name, "localized"),
        "description": Field(catalog.c.doc, "localized", ("description",)),
        "visibility.visible": Field(catalog.c.visible, "boolean"),
        "visibility.from": Field(catalog.c.visible_from, "date"),
        "visibility.to": Field(catalog.c.visible_to, "date"),
        "publishedSites": Field(catalog.c.doc, "text-array", ("publishedSites",)),
        "categoryIds": Field(catalog.c.doc, "text-array", ("categoryIds",)),
        "metadata.version": Field(catalog.c.version, "number"),
        "metadata.createdAt": Field(catalog.c.created_at, "date"),
        "metadata.updatedAt": Field(catalog.c.modified_at, "date"),
    },
    catalog.c.doc,
)


def _shaped(call: Call, document: Document) -> Document:
    view = rules.view(document, call.at)
    return {**view, **{name: filter_map(view[name], call.accept) for name in _TEXTS if name in view}}


RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=CatalogCreation,
    replace_type=CatalogUpdate,
    item_type=CatalogCreation,
    view_type=CatalogView,
    parameter="catalog_id",
    shape=_shaped,
    version_required_in_patch=True,
)


async def list_catalogs(call: Call, query: CatalogsQuery) -> Reply:
    """The catalogs that meet all filters: texts by a part in any case, a site exactly, dates inclusive."""
    texts = {name: text for name, text in call.query.items() if name.split(".")[0] in _TEXTS}
    how: Mapping[str, Match] = dict.fromkeys(texts, "contains")
    conditions = field_filters(texts, FIELDS, how)
    if query.published_site is not None:
        conditions.append(_naming(call, rules.SITE, [query.published_site]))
    if query.visibility_from is not None:
        conditions.append(catalog.c.visible_from >= str(query.visibility_from))
    if query.visibility_to is not None:
        conditions.append(catalog.c.visible_to <= _until(query.visibility_to))
    if query.metadata_updated_at is not None:
        conditions.append(catalog.c.modified_at >= str(query.metadata_updated_at))
    return await RESOURCE.page(call, query, None, *conditions)


def _until(text: str) -> str:
    try:
        return str(convert(rules.last_instant(text), Instant, where="visibilityTo"))
    except ValueError:
        problem = Problem.violation("visibilityTo", f"{text[:80]!r} is not a date such as 2026-01-31")
        raise Invalid(problems=(problem,)) from None


async def list_of_category(call: Call, category_id: str, query: ListQuery) -> Reply:
    """The catalogs that name the category."""
    return await RESOURCE.page(call, query, None, _naming(call, rules.CATEGORY, [category_id]))


def _naming(call: Call, kind: str, ids: Collection[str]) -> ColumnElement[bool]:
    return catalog.c.id.in_(_named_by(call, kind, ids))


def _named_by(call: Call, kind: str, ids: Collection[str]) -> Select[Any]:
    columns = reference.c
    target = among(call.db, [columns.target_id], [(id,) for id in ids])
    return select(columns.catalog_id).where(columns.tenant == call.tenant.name, columns.kind == kind, target)


async def category_trees(call: Call, query: TreesQuery) -> Reply:
    """The published category trees of the catalogs that are visible now: of one, or of those of a site, or of all."""
    if query.site_code is not None and await sites.get(call, query.site_code) is None:
        problem = Problem.violation("siteCode", f"there is no site {query.site_code[:80]!r}")
        raise Invalid(problems=(problem,))
    shown = [
        catalog.c.visible,
        or_(catalog.c.visible_from.is_(None), catalog.c.visible_from <= call.at),
        or_(catalog.c.visible_to.is_(None), catalog.c.visible_to > call.at),
    ]
    if query.site_code is not None:
        shown.append(_naming(call, rules.SITE, [query.site_code]))
    if query.catalog_id is not None:
        shown.append(catalog.c.id == query.catalog_id)
    rows = await call.db.all(RESOURCE.selected(call).where(*shown))
    if query.catalog_id is not None and not rows:
        raise NotFound("catalog", query.catalog_id)
    return await categories.trees(call, {id for row in rows for id in row.doc["categoryIds"]})


async def forget_categories(call: Call, deleted: list[Event]) -> None:
    """Deleted categories are named by no catalog any more."""
    await _forget(call, rules.CATEGORY, {event.facts["id"] for event in deleted})


async def forget_sites(call: Call, deleted: list[Event]) -> None:
    """No catalog is published on deleted sites any more."""
    await _forget(call, rules.SITE, {event.facts["code"] for event in deleted})


async def _forget(call: Call, kind: str, gone: Collection[str]) -> None:
    statement = RESOURCE.selected(call).where(_naming(call, kind, gone))
    rows = await call.db.all(statement.order_by(catalog.c.id).with_for_update())
    changes = [Change((row.id,), rules.without(KIND.document_of(row), kind, gone), "amend") for row in rows]
    await store(call, KIND, changes)
