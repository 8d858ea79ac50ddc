"""Classification: what the products of CLASSIFICATION categories have to hold, inherited from the root down.

The product service keeps a copy by following the internal event, so that it need not ask this service, which stands
on it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import and_, select

from coterie.kit.call import Call
from coterie.kit.errors import Conflict, Problem
from coterie.kit.store import Document, Refusal, among
from coterie.services.category import events, rules
from coterie.services.category.tables import category, closure


async def mixins_of(call: Call, ids: Collection[str]) -> dict[str, list[Document]]:
    """The classification mixins of those of the categories that have any: the root's first, their own last."""
    found: dict[str, list[Document]] = {}
    if not ids:
        return found
    above = and_(category.c.tenant == closure.c.tenant, category.c.id == closure.c.ancestor_id)
    statement = (
        select(closure.c.category_id, category.c.id, category.c.code, category.c.doc)
        .join_from(closure, category, above)
        .where(
            closure.c.tenant == call.tenant.name,
            among(call.db, [closure.c.category_id], [(id,) for id in ids]),
            category.c.type == rules.CLASSIFICATION,
        )
        .order_by(closure.c.category_id, closure.c.depth.desc())
    )
    for row in await call.db.all(statement):
        own = row.doc.get("ownClassificationMixins", ())
        found.setdefault(row.category_id, []).extend(rules.classification_mixins(row.id, row.code, own))
    return found


async def add_mixins(call: Call, views: Sequence[Document]) -> None:
    """`classificationMixins` of the views of CLASSIFICATION categories."""
    views = [view for view in views if view["type"] == rules.CLASSIFICATION]
    known = await mixins_of(call, [view["id"] for view in views])
    for view in views:
        view["classificationMixins"] = known.get(view["id"], [])


async def tell(call: Call, ids: Collection[str]) -> None:
    """Note what products in these categories, and in those below them, have to hold from now on."""
    if not ids:
        return
    below = select(closure.c.category_id).where(
        closure.c.tenant == call.tenant.name, among(call.db, [closure.c.ancestor_id], [(id,) for id in ids])
    )
    affected = sorted({row.category_id for row in await call.db.all(below)})
    known = await mixins_of(call, affected)
    first = min(ids)
    mixins = {id: known.get(id, []) for id in affected}
    payload = {"categoryIds": affected, "tenant": call.tenant.name}
    call.emit(events.CLASSIFIED, events.subject(first), payload, internal=True, mixins=mixins)


async def taken_code(call: Call, id: str, code: str) -> Refusal:
    """The refusal of a code that another CLASSIFICATION category has: both would name mixins of products alike."""
    statement = select(category.c.id).where(
        category.c.tenant == call.tenant.name,
        category.c.code_folded == code.casefold(),
        category.c.code == code,
        category.c.type == rules.CLASSIFICATION,
        category.c.id != id,
    )
    holder = await call.db.value(statement)
    if holder is None:
        return []
    problem = Problem.violation("code", f"{code!r} belongs to the {rules.CLASSIFICATION} category {holder}")
    return Conflict("Duplicated code of a classification category.", problems=[problem])
