"""What is linked to categories: products by assignments, segments by a copy of theirs; and the reactions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, or_, select

from coterie.kit.call import Call
from coterie.kit.outbox import Event
from coterie.services.category import events, rules
from coterie.services.category.tables import assignment, closure, segment_link


async def remove_assignments(call: Call, condition: ColumnElement[bool]) -> int:
    """Delete the assignments that meet the condition, with the event of each; how many there were."""
    gone = (
        delete(assignment)
        .where(assignment.c.tenant == call.tenant.name, condition)
        .returning(assignment.c.id, assignment.c.category_id, assignment.c.ref_type, assignment.c.ref_id)
    )
    rows = await call.db.all(gone)
    for row in sorted(rows, key=lambda row: (row.ref_id, row.category_id)):
        announce(call, events.ASSIGNMENT_DELETED, row.id, row.category_id, row.ref_id)
    return len(rows)


def announce(call: Call, type: str, id: str, category_id: str, product_id: str) -> None:
    """Note that an assignment came or went."""
    ref = {"id": product_id, "type": rules.PRODUCT}
    payload = events.assignment(call.tenant.name, id, category_id, ref)
    call.emit(type, events.subject(category_id), payload, category_id=category_id, product_id=product_id)


async def forget_products(call: Call, deleted: list[Event]) -> None:
    """The assignments of deleted products go with them."""
    await remove_assignments(call, of_products([event.facts["id"] for event in deleted]))


def of_products(ids: Sequence[str]) -> ColumnElement[bool]:
    """The condition on assignments: of one of these products."""
    return and_(assignment.c.ref_type == rules.PRODUCT, assignment.c.ref_id.in_(ids))


def of_segments(call: Call, segment_ids: Sequence[str]) -> ColumnElement[bool]:
    """The condition on assignments: their category is assigned to one of the segments.

    With the tenant setting `segments.categoryScope` at `subtree`, a category below an assigned one counts as well
    (decision 3).
    """
    here = call.tenant.name
    assigned = select(segment_link.c.category_id).where(
        segment_link.c.tenant == here, segment_link.c.segment_id.in_(segment_ids)
    )
    if call.setting("segments.categoryScope") == "subtree":
        assigned = select(closure.c.category_id).where(
            closure.c.tenant == here, closure.c.ancestor_id.in_(assigned)
        )
    return assignment.c.category_id.in_(assigned)


async def link_segments(call: Call, created: list[Event]) -> None:
    """Categories were assigned to segments."""
    rows = [
        {"tenant": call.tenant.name, "segment_id": segment_id, "category_id": category_id}
        for segment_id, category_id in _links(created)
    ]
    if rows:
        await call.db.run(call.db.insert(segment_link).on_conflict_do_nothing(), rows)


async def unlink_segments(call: Call, deleted: list[Event]) -> None:
    """Categories are no longer assigned to segments."""
    by_segment: dict[str, list[str]] = {}
    for segment_id, category_id in _links(deleted):
        by_segment.setdefault(segment_id, []).append(category_id)
    if by_segment:
        links = segment_link.c
        pairs = or_(
            *(
                and_(links.segment_id == segment_id, links.category_id.in_(ids))
                for segment_id, ids in by_segment.items()
            )
        )
        await call.db.run(delete(segment_link).where(links.tenant == call.tenant.name, pairs))


def _links(items: list[Event]) -> list[tuple[str, str]]:
    """Segment and category of the events that are about categories; a segment holds products as well."""
    return [
        (event.facts["segment_id"], event.facts["item_id"])
        for event in items
        if event.facts["type"] == "CATEGORY"
    ]
