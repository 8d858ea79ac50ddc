"""Segments: create, read, search, replace, patch, delete, one by one and in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select

from coterie.kit.bulk import Outcome, bulk_reply
from coterie.kit.call import Call, Reply
from coterie.kit.errors import CoterieError, Invalid, NotFound, Problem
from coterie.kit.listing import chosen
from coterie.kit.outbox import Event
from coterie.kit.resource import Resource
from coterie.kit.rows import Bulk
from coterie.kit.store import Document, Kind, Write, Written, among_stored, remove
from coterie.kit.wire import Search
from coterie.query.q_sql import Field, Fields
from coterie.services.customer_segment import events, rules
from coterie.services.customer_segment.operations import counts, uses
from coterie.services.customer_segment.operations.audience import (
    Audience,
    audience,
    belongs,
    sees_all,
    visible,
)
from coterie.services.customer_segment.operations.counts import Tally
from coterie.services.customer_segment.schemas import (
    ForceQuery,
    SegmentCreation,
    SegmentItem,
    SegmentQuery,
    SegmentsQuery,
    SegmentUpdate,
    SegmentView,
)
from coterie.services.customer_segment.tables import item, member, segment
from coterie.services.site import facade as sites

LOCALIZED = ("name", "description")


async def _check_sites(call: Call, writes: Sequence[Write]) -> list[list[Problem]]:
    wanted = {write.document["siteCode"] for write in writes}
    known = await sites.existing(call, wanted)
    return [
        []
        if (code := write.document["siteCode"]) in known
        else [Problem.violation("siteCode", f"there is no site {code!r}; create it, or use one that exists")]
        for write in writes
    ]


def _window(document: Document) -> dict[str, Any]:
    validity = document.get("validity") or {}
    return {"valid_from": validity.get("from"), "valid_to": validity.get("to")}


async def _written(call: Call, changed: Sequence[Written]) -> None:
    for each in changed:
        subject = events.subject(each.key[0])
        if each.before is None:
            call.emit(events.SEGMENT_CREATED, subject, events.segment_created(call.tenant.name, each.view))
        else:
            payload = events.segment_updated(call.tenant.name, each.view, each.before["status"])
            call.emit(events.SEGMENT_UPDATED, subject, payload)


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        payload = events.segment_deleted(call.tenant.name, each.key[0])
        call.emit(events.SEGMENT_DELETED, events.subject(each.key[0]), payload, id=each.key[0])


KIND = Kind(
    noun="segment",
    table=segment,
    columns={"status": "status", "siteCode": "site_code"},
    localized=LOCALIZED,
    defaults={"status": "INACTIVE"},
    rules=rules.segment_problems,
    check=_check_sites,
    values=_window,
    written=_written,
    removed=_removed,
)

FIELDS = Fields(
    {
        "id": Field(segment.c.id),
        "status": Field(segment.c.status),
        "siteCode": Field(segment.c.site_code),
        "validity.from": Field(segment.c.valid_from, "date"),
        "validity.to": Field(segment.c.valid_to, "date"),
        "name": Field(segment.c.doc, "localized", ("name",)),
        "description": Field(segment.c.doc, "localized", ("description",)),
        "metadata.version": Field(segment.c.version, "number"),
        "metadata.createdAt": Field(segment.c.created_at, "date"),
        "metadata.modifiedAt": Field(segment.c.modified_at, "date"),
    },
    segment.c.doc,
)

RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=SegmentCreation,
    replace_type=SegmentUpdate,
    item_type=SegmentItem,
    view_type=SegmentView,
    parameter="segment_id",
)


async def list_segments(call: Call, query: SegmentsQuery) -> Reply:
    """The segments the caller may see; with `customerId`, a reader sees those of that customer."""
    who = await audience(call, query.legal_entity_id, query.customer_id)
    return await RESOURCE.page(call, query, None, _of(call, who))


async def search_segments(call: Call, query: SegmentsQuery, body: Search | None) -> Reply:
    """The same, with the `q` in the body."""
    who = await audience(call, query.legal_entity_id, query.customer_id)
    return await RESOURCE.page(call, query, body.q if body else None, _of(call, who))


def _of(call: Call, who: Audience | None) -> ColumnElement[bool]:
    # A reader who names a customer sees that customer's segments whatever their status.
    if who is not None and sees_all(call):
        return belongs(call, who)
    return visible(call, who)


async def get_segment(call: Call, segment_id: str, query: SegmentQuery) -> Document:
    """One segment; one that the caller may not see is not found."""
    row = await seen(call, segment_id, query.legal_entity_id)
    return chosen(RESOURCE.view(call, row), query.fields)


async def seen(call: Call, segment_id: str, legal_entity_id: str | None) -> Any:
    """The row of a segment that the caller may see. Raises NotFound."""
    who = await audience(call, legal_entity_id)
    condition = and_(KIND.where(call, (segment_id,)), visible(call, who))
    row = await call.db.first(select(segment).where(condition))
    if row is None:
        raise NotFound("segment", segment_id)
    return row


async def delete_segment(call: Call, segment_id: str, query: ForceQuery) -> None:
    """Delete a segment; one with assignments only with `forceDelete`, and then these as well (decision 9)."""
    (outcome,) = await _delete(call, [segment_id], force=bool(query.force_delete))
    if outcome.error is not None:
        raise outcome.error


async def delete_segments(call: Call, query: ForceQuery, body: Bulk[str]) -> Reply:
    """Delete segments by their ids, each on its own terms."""
    ids = [each for each in body.items if isinstance(each, str)]
    outcomes = iter(await _delete(call, ids, force=bool(query.force_delete)))
    return bulk_reply(
        call,
        [Outcome.refused(each) if isinstance(each, CoterieError) else next(outcomes) for each in body.items],
    )


async def _delete(call: Call, ids: Sequence[str], *, force: bool) -> list[Outcome]:
    distinct = list(dict.fromkeys(ids))
    # The segment rows are locked first, as an assignment's writer does, so nobody adds to a segment being deleted.
    known = await existing(call, distinct, exclusive=True)
    had = await counts.tallies(call, known)
    gone = [id for id in distinct if id in known and (force or not _uses(had[id]))]
    # Expired memberships count nowhere, but their rows go as well.
    holding = [id for id in gone if _uses(had[id]) or had[id].expired]
    if holding:
        await _delete_assignments(call, holding)
    await remove(call, KIND, [(id,) for id in gone])
    users = await uses.told(call, sorted(known.difference(gone)))
    outcomes, left = [], set(gone)
    for id in ids:
        if id in left:
            left.remove(id)
            outcomes.append(Outcome(204, id))
        elif id in known and id not in gone:
            outcomes.append(Outcome.refused(_in_use(id, had[id], users.get(id)), id))
        else:
            outcomes.append(Outcome.refused(NotFound("segment", id), id))
    return outcomes


def _uses(has: Tally) -> int:
    return has.members + has.products + has.categories


def _in_use(id: str, has: Tally, users: str | None) -> Invalid:
    items = has.products + has.categories
    message = f"has {has.members} customers and {items} items; remove them, or delete with forceDelete=true"
    problems = [Problem.violation("forceDelete", message)]
    if users is not None:
        problems.append(Problem.violation("forceDelete", f"is used by the {users}"))
    return Invalid(
        f"The segment {id} has assignments; remove them, or delete with forceDelete=true.",
        problems=problems,
    )


async def existing(call: Call, ids: Sequence[str], *, exclusive: bool = False) -> set[str]:
    """Those of `ids` that are segments, locked against deletion (or, exclusively, against new assignments)."""
    return await among_stored(call, segment.c.id, ids, exclusive=exclusive)


async def _delete_assignments(call: Call, ids: Sequence[str]) -> None:
    """Delete every assignment of these segments, with the event of each."""
    await delete_members(call, member.c.segment_id.in_(ids))
    gone = delete(item).where(item.c.tenant == call.tenant.name, item.c.segment_id.in_(ids))
    for row in await call.db.all(gone.returning(*item.primary_key.columns)):
        emit_item_deleted(call, row.segment_id, row.type, row.item_id)


async def delete_members(call: Call, condition: ColumnElement[bool], *, expired: bool = False) -> None:
    """Delete the customer assignments that meet the condition, with the event of each.

    expired: all of them have, and go because a write met them.
    """
    gone = delete(member).where(member.c.tenant == call.tenant.name, condition)
    for row in await call.db.all(gone.returning(*member.primary_key.columns)):
        emit_customer_deleted(call, row.segment_id, row.customer_id, row.legal_entity_id, expired=expired)


def emit_customer_deleted(
    call: Call, segment_id: str, customer_id: str, legal_entity_id: str, *, expired: bool = False
) -> None:
    """Note that a customer assignment is gone; of an expired one that a write met only this server hears."""
    payload = events.customer_deleted(call.tenant.name, segment_id, customer_id, legal_entity_id)
    type_ = events.CUSTOMER_EXPIRED if expired else events.CUSTOMER_DELETED
    call.emit(type_, events.subject(segment_id), payload, internal=expired, segment_id=segment_id)


def emit_item_deleted(call: Call, segment_id: str, type: str, item_id: str) -> None:
    """Note that an item assignment is gone."""
    payload = events.item_deleted(call.tenant.name, segment_id, item_id, type)
    call.emit(
        events.ITEM_DELETED,
        events.subject(segment_id),
        payload,
        segment_id=segment_id,
        type=type,
        item_id=item_id,
    )


async def refuse_used_sites(call: Call, deleted: list[Event]) -> None:
    """A site that segments stand on can't be deleted."""
    codes = [event.facts["code"] for event in deleted]
    used = select(segment.c.id, segment.c.site_code).where(
        segment.c.tenant == call.tenant.name, segment.c.site_code.in_(codes)
    )
    row = await call.db.first(used.limit(1))
    if row is not None:
        raise Invalid(
            f"The site {row.site_code} is used by the segment {row.id}; delete its segments first.",
            problems=(Problem.violation("code", f"is used by the segment {row.id}"),),
        )
