"""What assets are attached to: whether it is there, the rows that find it, and those who are told of a change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import and_, delete, select, tuple_, update

from coterie.attachments import CHANGED
from coterie.kit.call import Call
from coterie.kit.errors import Problem
from coterie.kit.outbox import Event
from coterie.kit.rows import Reaction
from coterie.kit.store import Document
from coterie.services.brand import facade as brands
from coterie.services.category import facade as categories
from coterie.services.label import facade as labels
from coterie.services.media import events, rules
from coterie.services.media.tables import asset, reference
from coterie.services.product import facade as products

_EXISTING = {
    rules.PRODUCT: products.existing,
    rules.CATEGORY: categories.existing,
    rules.BRAND: brands.existing,
    rules.LABEL: labels.existing,
}


async def problems(
    call: Call, document: Document, before: Document | None, vendor: str | None
) -> list[Problem]:
    """What an asset is newly attached to must be there, unless the tenant keeps its catalogue elsewhere; a vendor's
    asset is attached to products of his only, and to what the tenant's own types name."""
    old = rules.pairs(before)
    added = [
        (at, ref["type"], ref["id"])
        for at, ref in enumerate(document.get("refIds", ()))
        if (ref["type"], ref["id"]) not in old
    ]
    found = []
    for kind in sorted({kind for _, kind, _ in added} & rules.SHOWN):
        ids = {id for _, each, id in added if each == kind}
        known = await _known(call, kind, ids, vendor)
        whose = "of yours" if vendor is not None else "here"
        found += [
            Problem.violation(f"refIds[{at}].id", f"there is no {kind.lower()} {id[:80]!r} {whose}")
            for at, each, id in added
            if each == kind and id not in known
        ]
    return found


async def _known(call: Call, kind: str, ids: set[str], vendor: str | None) -> Collection[str]:
    if vendor is not None:
        return await products.of_vendor(call, ids, vendor) if kind == rules.PRODUCT else ()
    if kind not in _EXISTING or call.setting("references") == "open":
        return ids
    return await _EXISTING[kind](call, ids)


async def follow(
    call: Call, id: str, before: Document | None, after: Document | None, instants: tuple[str, str]
) -> None:
    """The rows that find an asset by what it is attached to, and the event for those who show it.

    instants: when the asset was created and modified. after: None for one that is deleted.
    """
    old, new = rules.pairs(before), rules.pairs(after)
    here = call.tenant.name
    if old - new:
        mine = and_(reference.c.tenant == here, reference.c.asset_id == id)
        gone = tuple_(reference.c.type, reference.c.ref_id).in_(sorted(old - new))
        await call.db.run(delete(reference).where(mine, gone))
    rows = [{"tenant": here, "type": kind, "ref_id": ref, "asset_id": id} for kind, ref in sorted(new - old)]
    if rows:
        await call.db.run(reference.insert(), rows)
    if old or new:
        facts: dict[str, Any] = {"asset": id, "before": old, "after": new}
        facts["shown"] = None if after is None else rules.shown(id, after, here, *instants)
        payload = {"id": id, "tenant": here}
        call.emit(CHANGED, events.subject(id), payload, internal=True, **facts)


def detach(type_: str) -> Reaction:
    """The reaction to the deletion of what assets are attached to: they stay, without the reference."""

    async def react(call: Call, deleted: list[Event]) -> None:
        ids = sorted({event.facts["id"] for event in deleted})
        here = call.tenant.name
        of = select(reference.c.asset_id).where(
            reference.c.tenant == here, reference.c.type == type_, reference.c.ref_id.in_(ids)
        )
        found = select(asset).where(asset.c.tenant == here, asset.c.id.in_(of))
        for row in await call.db.all(found.order_by(asset.c.id).with_for_update()):
            await _without(call, row, {(type_, id) for id in ids})

    return react


async def _without(call: Call, row: Any, gone: set[tuple[str, str]]) -> None:
    """Take references off an asset, which counts as a change of it."""
    left = [ref for ref in row.doc["refIds"] if (ref["type"], ref["id"]) not in gone]
    doc = {name: value for name, value in row.doc.items() if name != "refIds"}
    if left:
        doc["refIds"] = left
    mine = and_(asset.c.tenant == call.tenant.name, asset.c.id == row.id)
    await call.db.run(update(asset).where(mine).values(doc=doc, version=row.version + 1, modified_at=call.at))
    promoted = {"type": row.type, "access": row.access}
    instants = (row.created_at, call.at)
    await follow(call, row.id, {**promoted, **row.doc}, {**promoted, **doc}, instants)
