"""Classification: the mixins that products hold because of the CLASSIFICATION categories that they are assigned to.

The category service tells which; a copy of it is kept here, since it stands on this service.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import and_, delete, select

from coterie.kit.call import Call
from coterie.kit.errors import Problem
from coterie.kit.mixins import SchemasNeeded
from coterie.kit.outbox import Event
from coterie.kit.store import Document, Write, among
from coterie.services.product.rules import classification as rules
from coterie.services.product.tables import product_category, product_classification


async def follow(call: Call, changed: list[Event]) -> None:
    """What products in some categories have to hold changed; the last event tells what holds now."""
    latest: dict[str, list[Document]] = {}
    for event in changed:
        latest |= event.facts["mixins"]
    await _forget(call, latest)
    rows = [
        {"tenant": call.tenant.name, "category_id": id, "mixins": mixins}
        for id, mixins in sorted(latest.items())
        if mixins
    ]
    if rows:
        await call.db.run(product_classification.insert(), rows)


async def forget(call: Call, deleted: list[Event]) -> None:
    """Categories are gone."""
    await _forget(call, [event.facts["id"] for event in deleted])


async def _forget(call: Call, ids: Collection[str]) -> None:
    columns = product_classification.c
    gone = among(call.db, [columns.category_id], [(id,) for id in ids])
    await call.db.run(delete(product_classification).where(columns.tenant == call.tenant.name, gone))


async def add_mixins(call: Call, views: Sequence[Document]) -> None:
    """`metadata.classificationMixins` of views: what each has to hold, and by which schema it does."""
    ids = sorted({id for view in views for id in view["categoryIds"]})
    if not ids:
        return
    columns = product_classification.c
    statement = select(columns.category_id, columns.mixins).where(
        columns.tenant == call.tenant.name, among(call.db, [columns.category_id], [(id,) for id in ids])
    )
    known = {row.category_id: row.mixins for row in await call.db.all(statement)}
    for view in views if known else ():
        due = rules.due(known[id] for id in view["categoryIds"] if id in known)
        if due:
            urls = view["metadata"].get("mixins", {})
            used = [rules.used(each, urls.get(each["mixinPath"])) for each in due]
            view["metadata"] = {**view["metadata"], "classificationMixins": used}


async def apply(call: Call, writes: Sequence[Write]) -> list[list[Problem]]:
    """What each product lacks of what its categories ask for; a mixin without a schema's URL gets it.

    A required mixin that is not there counts as empty: it lacks what its schema requires, if it requires anything.
    """
    if not writes:
        return []
    due = await _due(call, [write.key[0] for write in writes])
    verdicts: list[list[Problem]] = []
    needed: set[str] = set()
    for write in writes:
        mixins, urls = rules.to_check(write.document, due.get(write.key[0], ()))
        try:
            verdicts.append(
                call.runtime.schemas.check(
                    mixins,
                    urls,
                    tenant=call.tenant.name,
                    url_required=False,
                    unreachable=call.setting("mixins.unreachable"),
                )
            )
        except SchemasNeeded as missing:
            needed |= missing.urls
    if needed:
        raise SchemasNeeded(frozenset(needed))
    return verdicts


async def _due(call: Call, ids: Collection[str]) -> dict[str, list[Document]]:
    """The mixins that products have to hold, by the categories that they are in now."""
    links, kept = product_category.c, product_classification.c
    statement = (
        select(links.product_id, kept.mixins)
        .join_from(
            product_category,
            product_classification,
            and_(kept.tenant == links.tenant, kept.category_id == links.category_id),
        )
        .where(links.tenant == call.tenant.name, among(call.db, [links.product_id], [(id,) for id in ids]))
        .order_by(links.product_id, links.category_id)
    )
    found: dict[str, list[list[Document]]] = {}
    for row in await call.db.all(statement):
        found.setdefault(row.product_id, []).append(row.mixins)
    return {id: rules.due(lists) for id, lists in found.items()}
