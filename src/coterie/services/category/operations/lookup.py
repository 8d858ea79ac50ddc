"""Reading categories: one, lists, search, parents and subcategories; and what the caller is shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, false, or_, select, true

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, Problem
from coterie.kit.language import filter_map
from coterie.kit.listing import Expand, ListQuery, page
from coterie.kit.store import Document
from coterie.kit.wire import Search
from coterie.query.json_match import JsonTest
from coterie.query.keyset import Key
from coterie.query.pattern import PatternError, literal
from coterie.query.sql import json_matches
from coterie.services.category import rules
from coterie.services.category.operations import hierarchy, media
from coterie.services.category.operations.categories import FIELDS, KIND, missing
from coterie.services.category.operations.classification import add_mixins
from coterie.services.category.schemas import (
    CategoriesQuery,
    SearchQuery,
    ShownListQuery,
    ShownQuery,
    SubcategoriesQuery,
)
from coterie.services.category.tables import category, closure, ecn

READ_UNPUBLISHED = "category.category_read_unpublished"


def unpublished_shown(call: Call, asked: bool | None) -> bool:
    """Whether unpublished categories are shown; asking for them takes a scope. Raises Forbidden."""
    if asked:
        call.require(READ_UNPUBLISHED)
    return bool(asked)


def shown(unpublished: bool) -> ColumnElement[bool]:
    """The condition on categories that they are shown, whatever lies above them."""
    return true() if unpublished else category.c.published


def view(call: Call, row: Row[Any]) -> Document:
    """A category as clients see it. The row has its media; its texts come once more in the default language."""
    document = {**KIND.view_of(row), "media": media.shown(call, row.media)}
    if not document.get("ownClassificationMixins"):
        document.pop("ownClassificationMixins", None)
    return localized(call, document)


def localized(call: Call, document: Document) -> Document:
    """A category with its maps in the languages asked for, and `name` and `description` as plain texts."""
    for plain, name in (("name", "localizedName"), ("description", "localizedDescription")):
        if document.get(name):
            document[plain] = rules.default_text(document[name], call.tenant.languages)
    for name in rules.LOCALIZED:
        if name in document:
            document[name] = filter_map(document[name], call.accept)
    return document


async def seen(call: Call, category_id: str, unpublished: bool) -> Row[Any]:
    """The row of a category that is shown. Raises NotFound."""
    condition = and_(KIND.where(call, (category_id,)), shown(unpublished))
    row = await call.db.first(media.with_media().where(condition))
    if row is None:
        raise missing(category_id)
    return row


async def get(call: Call, category_id: str, query: ShownQuery) -> Document:
    """One category."""
    found = view(call, await seen(call, category_id, unpublished_shown(call, query.show_unpublished)))
    await add_mixins(call, [found])
    return found


async def category_page(
    call: Call,
    query: ListQuery,
    *conditions: ColumnElement[bool],
    q: str | None = None,
    tie_break: Sequence[ColumnElement[Any] | Key] = (),
    expand: Expand | None = None,
) -> Reply:
    """A page of the categories that meet the conditions."""

    async def expanded(call: Call, views: list[Document]) -> None:
        await add_mixins(call, views)
        if expand is not None:
            await expand(call, views)

    return await page(
        call,
        media.with_media().where(category.c.tenant == call.tenant.name, *conditions),
        query,
        FIELDS,
        view=lambda row: view(call, row),
        tie_break=[*tie_break, category.c.id],
        q=q,
        strict_sort=True,
        expand=expanded,
    )


async def list_categories(call: Call, query: CategoriesQuery) -> Reply:
    """The categories that meet all filters."""
    return await category_page(call, query, *_listed(call, query), *_filters(call, query))


async def search(call: Call, query: SearchQuery, body: Search | None) -> Reply:
    """The categories that match the `q` of the body."""
    return await category_page(call, query, *_listed(call, query), q=body.q if body else None)


def _listed(call: Call, query: SearchQuery) -> list[ColumnElement[bool]]:
    conditions = [shown(unpublished_shown(call, query.show_unpublished))]
    if query.show_roots:
        conditions.append(category.c.parent_id.is_(None))
    return conditions


def _filters(call: Call, query: CategoriesQuery) -> list[ColumnElement[bool]]:
    """The conditions of the list's own parameters: codes in any case, texts by a part, dates exclusive."""
    conditions: list[ColumnElement[bool]] = []
    if query.code is not None:
        conditions.append(category.c.code_folded == query.code.casefold())
    if query.ecn is not None:
        numbered = select(ecn.c.category_id).where(ecn.c.tenant == call.tenant.name, ecn.c.ecn == query.ecn)
        conditions.append(category.c.id.in_(numbered))
    for name, column, path, text in (
        ("localizedName", category.c.name, (), query.localized_name),
        ("localizedDescription", category.c.doc, ("localizedDescription",), query.localized_description),
        ("localizedSlug", category.c.doc, ("localizedSlug",), query.localized_slug),
    ):
        if text is not None:
            conditions.append(text_contains(call, name, column, path, text))
    if query.validity_from is not None:
        conditions.append(category.c.valid_from > str(query.validity_from))
    if query.validity_to is not None:
        conditions.append(category.c.valid_to < str(query.validity_to))
    if query.metadata_modified_at is not None:
        conditions.append(category.c.modified_at > str(query.metadata_modified_at))
    return conditions


def text_contains(
    call: Call, parameter: str, column: ColumnElement[Any], path: tuple[str, ...], text: str
) -> ColumnElement[bool]:
    """Whether a localised field contains the text, in any case, in one of the languages asked for."""
    try:
        pattern = literal(text)
    except PatternError as error:
        raise Invalid(problems=(Problem.violation(parameter, str(error)),)) from None
    supported = {tag: tag for tag in call.tenant.languages.supported}
    wanted = filter_map(supported, call.accept)
    if wanted == supported:
        return json_matches(column, JsonTest(path, members=True, pattern=pattern))
    return or_(false(), *(json_matches(column, JsonTest((*path, tag), pattern=pattern)) for tag in wanted))


async def parents(call: Call, category_id: str, query: ShownListQuery) -> Reply:
    """The ancestors of a category, from its root down. Those not shown are left out; with none left, 404."""
    unpublished = unpublished_shown(call, query.show_unpublished)
    await seen(call, category_id, unpublished)
    ancestors = hierarchy.above(call, category_id, least=1)
    distance = _distance(call, closure.c.category_id == category_id, closure.c.ancestor_id == category.c.id)
    return await _relatives(
        call,
        query,
        [category.c.id.in_(ancestors), shown(unpublished)],
        [Key(distance, descending=True)],
        ("Parents", category_id),
    )


async def subcategories(call: Call, category_id: str, query: SubcategoriesQuery) -> Reply:
    """The descendants of a category by levels, siblings by position; with none, 404."""
    unpublished = unpublished_shown(call, query.show_unpublished)
    await seen(call, category_id, unpublished)
    descendants = hierarchy.shown_below(call, category_id, least=1, unpublished=unpublished)
    if query.depth is not None:
        if query.depth < 0:
            text = f"{query.depth} is not a depth; 1 is for the children alone"
            raise Invalid(problems=(Problem.violation("depth", text),))
        descendants = descendants.where(closure.c.depth <= query.depth)
    distance = _distance(call, closure.c.ancestor_id == category_id, closure.c.category_id == category.c.id)
    return await _relatives(
        call,
        query,
        [category.c.id.in_(descendants)],
        [distance, category.c.position],
        ("Subcategories", category_id),
    )


def _distance(call: Call, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    return (
        select(closure.c.depth)
        .where(closure.c.tenant == call.tenant.name, *conditions)
        .correlate(category)
        .scalar_subquery()
    )


async def _relatives(
    call: Call,
    query: ListQuery,
    conditions: list[ColumnElement[bool]],
    order: list[ColumnElement[Any] | Key],
    about: tuple[str, str],
) -> Reply:
    """A page of relatives; 404 when there is none at all, and an empty page past the last one."""
    reply = await category_page(call, query, *conditions, tie_break=order)
    if not reply.value and not await any_category(call, *conditions):
        what, id = about
        detail = f"{what} for category with id '{id}' for tenant '{call.tenant.name}' not found"
        raise missing(id, f"Error while getting category {what.lower()}", detail)
    return reply


async def any_category(call: Call, *conditions: ColumnElement[bool]) -> bool:
    """Whether a category meets the conditions."""
    statement = select(category.c.id).where(category.c.tenant == call.tenant.name, *conditions).limit(1)
    return await call.db.first(statement) is not None
