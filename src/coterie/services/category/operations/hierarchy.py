"""The closure: every category with its ancestors, kept by set statements in the transaction of each change.

Whoever changes the hierarchy holds `lock` first. Two moves that each are right on their own could close a cycle
together, and a category created meanwhile could miss ancestors.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, insert, literal, or_, select

from coterie.kit.call import Call
from coterie.kit.tables import tenant
from coterie.query.sql import Str
from coterie.services.category.rules import Place, paths
from coterie.services.category.tables import category, closure

_COLUMNS = ("tenant", "category_id", "ancestor_id", "depth")


async def lock(call: Call) -> None:
    """Wait for other changes of the tenant's hierarchy; they wait until this transaction ends."""
    row = select(tenant.c.tenant).where(tenant.c.tenant == call.tenant.name)
    await call.db.all(row.with_for_update(key_share=True))


def below(call: Call, id: str) -> Select[Any]:
    """The ids of a category and its descendants."""
    return select(closure.c.category_id).where(
        closure.c.tenant == call.tenant.name, closure.c.ancestor_id == id
    )


def above(call: Call, id: str, *, least: int) -> Select[Any]:
    """The ids of a category's ancestors that are at least so far away, itself being at 0."""
    return select(closure.c.ancestor_id).where(
        closure.c.tenant == call.tenant.name, closure.c.category_id == id, closure.c.depth >= least
    )


async def place(call: Call, id: str) -> Place:
    """A category's ancestors and itself, with their distance, and its type; no levels when it is not there."""
    here = call.tenant.name
    type_ = select(category.c.type).where(category.c.tenant == here, category.c.id == id).scalar_subquery()
    rows = await call.db.all(
        select(closure.c.ancestor_id, closure.c.depth, type_.label("type")).where(
            closure.c.tenant == here, closure.c.category_id == id
        )
    )
    levels = {row.ancestor_id: row.depth for row in rows}
    return Place(levels, rows[0].type) if levels else Place(levels)


async def height(call: Call, id: str) -> int:
    """How many levels lie below a category."""
    deepest = select(func.max(closure.c.depth)).where(
        closure.c.tenant == call.tenant.name, closure.c.ancestor_id == id
    )
    return await call.db.value(deepest) or 0


async def add(call: Call, id: str, parent_id: str | None) -> None:
    """A category was created."""
    here = call.tenant.name
    own = {"tenant": here, "category_id": id, "ancestor_id": id, "depth": 0}
    await call.db.run(insert(closure), [own])
    if parent_id is not None:
        parents = select(
            literal(here, Str()), literal(id, Str()), closure.c.ancestor_id, closure.c.depth + 1
        ).where(closure.c.tenant == here, closure.c.category_id == parent_id)
        await call.db.run(insert(closure).from_select(_COLUMNS, parents))


async def move(call: Call, id: str, parent_id: str | None) -> None:
    """A category, with all that lies below it, got another parent, or became a root."""
    here = call.tenant.name
    await _detach(call, id, above(call, id, least=1))
    if parent_id is not None:
        upper, lower = closure.alias("upper"), closure.alias("lower")
        paths = select(
            literal(here, Str()),
            lower.c.category_id,
            upper.c.ancestor_id,
            upper.c.depth + lower.c.depth + 1,
        ).where(
            upper.c.tenant == here,
            upper.c.category_id == parent_id,
            lower.c.tenant == upper.c.tenant,
            lower.c.ancestor_id == id,
        )
        await call.db.run(insert(closure).from_select(_COLUMNS, paths))


async def remove_alone(call: Call, id: str) -> None:
    """A category goes, and its children become roots."""
    await _detach(call, id, above(call, id, least=0))


async def remove_all(call: Call, id: str) -> None:
    """A category goes with all that lies below it."""
    gone = delete(closure).where(
        closure.c.tenant == call.tenant.name, closure.c.category_id.in_(below(call, id))
    )
    await call.db.run(gone)


async def rebuild(call: Call, root_id: str) -> bool:
    """Make the closure of a root and all that lies below it follow from the parents again; whether it did not."""
    here = call.tenant.name
    first = select(category.c.id, category.c.parent_id).where(
        category.c.tenant == here, category.c.id == root_id
    )
    tree = first.cte("tree", recursive=True)
    child = category.alias("child")
    next_ = select(child.c.id, child.c.parent_id).where(
        child.c.tenant == here, child.c.parent_id == tree.c.id
    )
    members = tree.union(next_)
    rows = await call.db.all(select(members.c.id, members.c.parent_id))
    wanted = paths({row.id: row.parent_id for row in rows})
    ids = select(members.c.id)
    touching = (
        closure.c.tenant == here,
        or_(closure.c.category_id.in_(ids), closure.c.ancestor_id.in_(ids)),
    )
    stored = {
        (row.category_id, row.ancestor_id, row.depth)
        for row in await call.db.all(
            select(closure.c.category_id, closure.c.ancestor_id, closure.c.depth).where(*touching)
        )
    }
    if stored == wanted:
        return False
    await call.db.run(delete(closure).where(*touching))
    await call.db.load(closure, _COLUMNS, [(here, *path) for path in sorted(wanted)])
    return True


async def _detach(call: Call, id: str, ancestors: Select[Any]) -> None:
    """Cut the paths from these ancestors to the category and all that lies below it."""
    gone = delete(closure).where(
        closure.c.tenant == call.tenant.name,
        closure.c.category_id.in_(below(call, id)),
        closure.c.ancestor_id.in_(ancestors),
    )
    await call.db.run(gone)


def shown_below(call: Call, id: str, *, least: int, unpublished: bool) -> Select[Any]:
    """The ids of a category's descendants that are at least so far away.

    Without `unpublished`, those to which a path of published categories leads: as in a tree, an unpublished
    category hides all that lies below it. Whether the category itself is published is not asked.
    """
    here = call.tenant.name
    statement = below(call, id).where(closure.c.depth >= least)
    if unpublished:
        return statement
    step = closure.alias("step")
    hidden: ColumnElement[bool] = exists().where(
        step.c.tenant == here,
        step.c.category_id == closure.c.category_id,
        step.c.depth < closure.c.depth,
        category.c.tenant == here,
        category.c.id == step.c.ancestor_id,
        ~category.c.published,
    )
    return statement.where(~hidden)
