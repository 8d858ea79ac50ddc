"""Assignments: which products lie in a category, and which categories a product lies in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select

from coterie.database.session import Retry
from coterie.kit.bulk import Outcome, bulk_reply
from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_uuid
from coterie.kit.errors import CoterieError, Invalid, NotFound, Problem
from coterie.kit.language import filter_map
from coterie.kit.listing import page
from coterie.kit.resource import check_id
from coterie.kit.rows import Bulk
from coterie.kit.store import Document
from coterie.query.q_sql import Field, Fields
from coterie.services.category import events, rules
from coterie.services.category.operations import hierarchy, links
from coterie.services.category.operations.categories import existing, missing
from coterie.services.category.operations.lookup import (
    any_category,
    category_page,
    seen,
    shown,
    text_contains,
    unpublished_shown,
)
from coterie.services.category.schemas import (
    AssignmentCreation,
    AssignmentsQuery,
    AssignmentTypeQuery,
    Reference,
    ReferenceQuery,
)
from coterie.services.category.tables import assignment, category, closure
from coterie.services.product import facade as products

_product = products.names.subquery("product_name")

FIELDS = Fields(
    {
        "id": Field(assignment.c.id),
        "categoryId": Field(assignment.c.category_id),
        "ref.id": Field(assignment.c.ref_id),
        "ref.type": Field(assignment.c.ref_type),
        "ref.localizedName": Field(_product.c.name, "localized"),
    }
)


@dataclass(frozen=True)
class _Assigned:
    """An assignment that is there now, and whether it was made just now."""

    id: str
    made: bool


async def _must_exist(call: Call, category_id: str) -> None:
    """Raises NotFound unless there is the category; it can't be deleted until the transaction ends."""
    if category_id not in await existing(call, [category_id]):
        raise missing(category_id)


def _product_id(ref: Reference) -> str:
    if not rules.is_product(ref.type):
        text = f"{ref.type!r} can't be assigned; use {rules.PRODUCT}"
        raise Invalid(
            "Assignment reference validation failed", problems=(Problem.violation("ref.type", text),)
        )
    check_id(ref.id, "ref.id")
    return ref.id


def _unknown(product_id: str) -> Invalid:
    problem = Problem.violation("ref.id", f"there is no product {product_id!r}; create it first")
    return Invalid("Assignment reference validation failed", problems=(problem,))


async def _assign(call: Call, category_id: str, product_ids: Collection[str]) -> dict[str, _Assigned]:
    """Assign the products; those that do not exist are not in the answer (decision 5)."""
    known: Collection[str] = product_ids
    if _checked(call):
        known = await products.existing(call, product_ids)
    rows = [
        {
            "tenant": call.tenant.name,
            "category_id": category_id,
            "ref_type": rules.PRODUCT,
            "ref_id": product_id,
            "id": new_uuid(),
            "created_at": call.at,
        }
        for product_id in sorted(known)
    ]
    if not rows:
        return {}
    new = call.db.insert(assignment).on_conflict_do_nothing()
    made = await call.db.all(new.returning(assignment.c.ref_id, assignment.c.id), rows)
    assigned = {row.ref_id: _Assigned(row.id, True) for row in made}
    for product_id, each in sorted(assigned.items()):
        links.announce(call, events.ASSIGNMENT_CREATED, each.id, category_id, product_id)
    old = [product_id for product_id in known if product_id not in assigned]
    if old:
        there = select(assignment.c.ref_id, assignment.c.id).where(
            assignment.c.tenant == call.tenant.name,
            assignment.c.category_id == category_id,
            links.of_products(old),
        )
        assigned |= {row.ref_id: _Assigned(row.id, False) for row in await call.db.all(there)}
        if len(assigned) < len(known):
            raise Retry("an assignment was deleted between two looks")
    return assigned


def _checked(call: Call) -> bool:
    """Whether only products that are there may be assigned."""
    own = call.setting("enableProductCategoryAssignmentValidation")
    return bool(call.setting("references") != "open" if own is None else own)


async def _assign_one(call: Call, category_id: str, product_id: str) -> _Assigned:
    await _must_exist(call, category_id)
    assigned = await _assign(call, category_id, [product_id])
    if product_id not in assigned:
        raise _unknown(product_id)
    return assigned[product_id]


async def create(call: Call, category_id: str, body: AssignmentCreation) -> Reply:
    """Assign a product; one that is assigned already keeps its assignment, whose id is answered."""
    assigned = await _assign_one(call, category_id, _product_id(body.ref))
    return Reply(201, {"id": assigned.id})


async def put(call: Call, category_id: str, reference_id: str) -> Reply:
    """Assign a product: 204 when it is assigned already."""
    check_id(reference_id, "referenceId")
    assigned = await _assign_one(call, category_id, reference_id)
    return Reply(201, {"id": assigned.id}) if assigned.made else Reply(204)


async def create_bulk(call: Call, category_id: str, body: Bulk[AssignmentCreation]) -> Reply:
    """Assign many products; an entry for one that is assigned already has the id it has."""
    return await _assign_many(call, category_id, body, there=201)


async def put_bulk(call: Call, category_id: str, body: Bulk[AssignmentCreation]) -> Reply:
    """Assign many products, 204 for each that is assigned already."""
    return await _assign_many(call, category_id, body, there=204)


async def _assign_many(call: Call, category_id: str, body: Bulk[AssignmentCreation], *, there: int) -> Reply:
    await _must_exist(call, category_id)
    wanted: list[str | CoterieError] = []
    for item in body.items:
        try:
            if isinstance(item, CoterieError):
                raise item
            wanted.append(_product_id(item.ref))
        except CoterieError as error:
            wanted.append(error)
    assigned = await _assign(call, category_id, {each for each in wanted if isinstance(each, str)})
    outcomes = []
    told: set[str] = set()
    for each in wanted:
        if isinstance(each, CoterieError):
            outcomes.append(Outcome.refused(each))
            continue
        # Of a product that the body names twice, the second time finds what the first one made.
        again = each in told
        told.add(each)
        outcomes.append(_entry(each, assigned.get(each), there, again))
    return bulk_reply(call, outcomes, ids=False)


def _entry(product_id: str, assigned: _Assigned | None, there: int, again: bool) -> Outcome:
    product: tuple[str, Any] = ("productId", product_id)
    if assigned is None:
        error = _unknown(product_id)
        return Outcome(error.status, None, error, (product,))
    code = 201 if assigned.made and not again else there
    return Outcome(code, assigned.id, None, (("assignmentId", assigned.id), product))


async def delete_one(call: Call, category_id: str, assignment_id: str) -> None:
    """Delete an assignment of the category by its id."""
    condition = and_(assignment.c.category_id == category_id, assignment.c.id == assignment_id)
    if not await links.remove_assignments(call, condition):
        raise _no_reference(assignment_id, f"Assignment with id '{assignment_id}' not found")


async def delete_reference(call: Call, category_id: str, reference_id: str) -> None:
    """Delete the assignment of a product to the category."""
    condition = and_(assignment.c.category_id == category_id, links.of_products([reference_id]))
    if not await links.remove_assignments(call, condition):
        raise _no_reference(reference_id, f"Reference id {reference_id} not found")


async def delete_all(call: Call, category_id: str, query: AssignmentTypeQuery) -> None:
    """Delete all assignments of the category."""
    _check_type(query.assignment_type)
    await _must_exist(call, category_id)
    await links.remove_assignments(call, assignment.c.category_id == category_id)


async def delete_references(call: Call, reference_id: str) -> None:
    """Delete the assignments of a product to any category."""
    if not await links.remove_assignments(call, links.of_products([reference_id])):
        raise _no_reference(reference_id, f"Reference id {reference_id} not found")


def _no_reference(id: str, detail: str) -> NotFound:
    return missing(id, "Error while getting category reference", detail)


def _check_type(type: str | None) -> None:
    if not rules.is_product(type):
        text = f"{type!r} can't be assigned; use {rules.PRODUCT}, or leave it out"
        raise Invalid(problems=(Problem.violation("assignmentType", text),))


async def list_assignments(call: Call, category_id: str, query: AssignmentsQuery) -> Reply:
    """The assignments of the category, or of all that is shown below it as well, that meet all filters."""
    _check_type(query.assignment_type)
    unpublished = unpublished_shown(call, query.show_unpublished)
    await seen(call, category_id, unpublished)
    home = assignment.c.category_id
    conditions = [home == category_id]
    if query.with_subcategories:
        conditions = [home.in_(hierarchy.shown_below(call, category_id, least=0, unpublished=unpublished))]
    if query.segments_ids is not None:
        conditions.append(links.of_segments(call, _names(query.segments_ids)))
    if query.ref_id is not None:
        conditions.append(assignment.c.ref_id == query.ref_id)
    if query.ref_localized_name is not None:
        name = query.ref_localized_name
        conditions.append(text_contains(call, "ref.localizedName", _product.c.name, (), name))
    if query.hide_unpublished_products:
        conditions.append(_product.c.published)
    named = and_(_product.c.tenant == assignment.c.tenant, _product.c.id == assignment.c.ref_id)
    statement = (
        select(assignment, _product.c.name)
        .join_from(assignment, _product, named, isouter=True)
        .where(assignment.c.tenant == call.tenant.name, *conditions)
    )
    return await page(
        call,
        statement,
        query,
        FIELDS,
        view=lambda row: _view(call, row),
        tie_break=[assignment.c.ref_id, assignment.c.category_id],
        strict_sort=True,
    )


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _view(call: Call, row: Any) -> Document:
    ref: Document = {"id": row.ref_id, "type": row.ref_type}
    if row.name is not None:
        ref["localizedName"] = filter_map(row.name, call.accept)
    return {"id": row.id, "categoryId": row.category_id, "ref": ref}


async def list_categories_of(call: Call, reference_id: str, query: ReferenceQuery) -> Reply:
    """The categories of a product; 404 when none is shown."""
    homes = select(assignment.c.category_id).where(
        assignment.c.tenant == call.tenant.name, links.of_products([reference_id])
    )
    unpublished = unpublished_shown(call, query.show_unpublished)
    conditions = [category.c.id.in_(homes), shown(unpublished)]
    expand = _add_supercategories if query.expand_supercategories_ids else None
    reply = await category_page(call, query, *conditions, expand=expand)
    if not reply.value and not await any_category(call, *conditions):
        detail = f"Categories for assignment reference with id '{reference_id}' not found"
        raise missing(reference_id, "Error while getting categories for assignment reference", detail)
    return reply


async def _add_supercategories(call: Call, views: Sequence[Document]) -> None:
    """`supercategoriesIds`: the ancestors of each category, from its root down."""
    ids = [each["id"] for each in views]
    paths = select(closure.c.category_id, closure.c.ancestor_id).where(
        closure.c.tenant == call.tenant.name, closure.c.category_id.in_(ids), closure.c.depth > 0
    )
    ancestors: dict[str, list[str]] = {id: [] for id in ids}
    for row in await call.db.all(paths.order_by(closure.c.depth.desc())):
        ancestors[row.category_id].append(row.ancestor_id)
    for each in views:
        each["supercategoriesIds"] = ancestors[each["id"]]
