"""Categories: what is stored of them, and create, replace, patch, delete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, delete, select, update

from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_uuid
from coterie.kit.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from coterie.kit.resource import Resource, check_id
from coterie.kit.store import (
    Document,
    Kind,
    Refusal,
    Write,
    Written,
    among_stored,
    kept_rows,
    locked,
    remove,
    store_one,
)
from coterie.query.q_sql import Field, Fields
from coterie.services.category import events, rules
from coterie.services.category.operations import classification, hierarchy
from coterie.services.category.operations.links import remove_assignments
from coterie.services.category.schemas import (
    CategoryCreation,
    CategoryUpdate,
    CategoryView,
    DeleteQuery,
    PublishQuery,
)
from coterie.services.category.tables import assignment, category, ecn, segment_link

PUBLISH = "category.category_publish"
UNPUBLISH = "category.category_unpublish"

# Ids in one statement when a large tree is deleted: engines limit the values that one may bind.
_AT_ONCE = 10_000


def missing(id: str, message: str | None = None, detail: str | None = None) -> NotFound:
    """The refusal of what is not there, or what the caller may not know of, in this service's words."""
    error = NotFound("category", id, message)
    error.problems = (Problem("", "resource_not_found", detail or f"Category with id '{id}' not found"),)
    return error


async def _check(call: Call, writes: Sequence[Write]) -> list[Refusal]:
    return [await _refusal(call, write) for write in writes]


async def _refusal(call: Call, write: Write) -> Refusal:
    """What forbids a write: a scope that lacks, its parent, or an external number that is taken."""
    (id,) = write.key
    before = write.before or {}
    was, becomes = bool(before.get("published")), bool(write.document["published"])
    if was != becomes:
        scope = PUBLISH if becomes else UNPUBLISH
        if not call.caller.may((scope,)):
            return Forbidden((scope,))
    parent_id, type_ = write.document.get("parentId"), write.document["type"]
    if parent_id is not None and parent_id != before.get("parentId"):
        place = await hierarchy.place(call, parent_id)
        height = await hierarchy.height(call, id) if write.before is not None else 0
        problems = rules.parent_problems(id, type_, parent_id, place, height)
        if problems:
            return problems
    if type_ == rules.CLASSIFICATION and write.document["code"] != before.get("code"):
        taken = await classification.taken_code(call, id, write.document["code"])
        if taken:
            return taken
    return await _taken_numbers(call, id, set(write.document.get("ecn", ())) - set(before.get("ecn", ())))


async def _taken_numbers(call: Call, id: str, numbers: Collection[str]) -> Refusal:
    if not numbers:
        return []
    holders = select(ecn.c.ecn, ecn.c.category_id).where(
        ecn.c.tenant == call.tenant.name, ecn.c.ecn.in_(sorted(numbers)), ecn.c.category_id != id
    )
    rows = await call.db.all(holders.order_by(ecn.c.ecn))
    if not rows:
        return []
    text = "Duplicated ECN value - given ECN is already assigned to another category."
    problems = [
        Problem.violation("ecn", f"{row.ecn!r} belongs to the category {row.category_id}") for row in rows
    ]
    return Conflict(text, problems=problems)


def _values(document: Document) -> dict[str, Any]:
    validity = document.get("validity") or {}
    code = document.get("code")
    return {
        "code_folded": None if code is None else code.casefold(),
        "valid_from": validity.get("from"),
        "valid_to": validity.get("to"),
    }


async def _written(call: Call, changed: Sequence[Written]) -> None:
    """The hierarchy and the external numbers follow the change, and its event is noted."""
    for each in changed:
        (id,) = each.key
        parent_id = each.document.get("parentId")
        if each.before is None:
            await hierarchy.add(call, id, parent_id)
        elif parent_id != each.before.get("parentId"):
            await hierarchy.move(call, id, parent_id)
        await _keep_numbers(call, id, (each.before or {}).get("ecn", ()), each.document.get("ecn", ()))
        type_ = events.CATEGORY_CREATED if each.before is None else events.CATEGORY_UPDATED
        _announce(call, type_, id, each.view)
    changed_mixins = [
        each.key[0] for each in changed if rules.classifies_differently(each.document, each.before)
    ]
    await classification.tell(call, changed_mixins)


async def _keep_numbers(call: Call, id: str, before: Sequence[str], after: Sequence[str]) -> None:
    here = call.tenant.name
    gone, come = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    if gone:
        await call.db.run(delete(ecn).where(ecn.c.tenant == here, ecn.c.ecn.in_(gone)))
    if come:
        rows = [{"tenant": here, "ecn": number, "category_id": id} for number in come]
        await call.db.run(ecn.insert(), rows)


def _announce(call: Call, type: str, id: str, view: Document) -> None:
    call.emit(type, events.subject(id), events.category(call.tenant.name, view), id=id)


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        (id,) = each.key
        payload = events.category_deleted(call.tenant.name, id)
        call.emit(events.CATEGORY_DELETED, events.subject(id), payload, id=id)


KIND = Kind(
    noun="category",
    table=category,
    columns={
        "parentId": "parent_id",
        "code": "code",
        "type": "type",
        "localizedName": "name",
        "position": "position",
        "published": "published",
    },
    localized=rules.LOCALIZED,
    defaults={"position": 0, "type": rules.STANDARD},
    rules=rules.category_problems,
    check=_check,
    values=_values,
    written=_written,
    removed=_removed,
    new_key=new_uuid,
)

FIELDS = Fields(
    {
        "id": Field(category.c.id),
        "parentId": Field(category.c.parent_id),
        "code": Field(category.c.code),
        "type": Field(category.c.type),
        "localizedName": Field(category.c.name, "localized"),
        "localizedDescription": Field(category.c.doc, "localized", ("localizedDescription",)),
        "localizedSlug": Field(category.c.doc, "localized", ("localizedSlug",)),
        "position": Field(category.c.position, "number"),
        "published": Field(category.c.published, "boolean"),
        "validity.from": Field(category.c.valid_from, "date"),
        "validity.to": Field(category.c.valid_to, "date"),
        "mixins": Field(category.c.doc, "json", ("mixins",)),
        "metadata.version": Field(category.c.version, "number"),
        "metadata.createdAt": Field(category.c.created_at, "date"),
        "metadata.modifiedAt": Field(category.c.modified_at, "date"),
    },
    category.c.doc,
)


def _check_id(id: str, where: str) -> None:
    check_id(id, where)
    if id == rules.ROOT:
        text = f"{rules.ROOT!r} stands for no parent at all; use another id"
        raise Invalid(problems=(Problem.violation(where, text),))
    if id == rules.SHADOWED:
        text = f"{rules.SHADOWED!r} is a path of this service; use another id"
        raise Invalid(problems=(Problem.violation(where, text),))


RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=CategoryCreation,
    replace_type=CategoryUpdate,
    item_type=CategoryCreation,
    view_type=CategoryView,
    parameter="category_id",
    adapt=lambda _call, document: rules.adapted(document),
    version_required_in_patch=True,
    check_id=_check_id,
)


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are categories; none of them can be deleted until the transaction ends."""
    return await among_stored(call, category.c.id, ids)


async def roots(call: Call, ids: Collection[str]) -> set[str]:
    """The same of root categories."""
    rows = await kept_rows(call, category.c.id, [category.c.id, category.c.parent_id], ids)
    return {row.id for row in rows if row.parent_id is None}


async def create(call: Call, query: PublishQuery, body: CategoryCreation) -> Reply:
    """Create a category; 409 when its id or one of its external numbers is taken."""
    _check_publish(query, body.published)
    await hierarchy.lock(call)
    outcome = await store_one(call, KIND, RESOURCE.change(call, body, "create", None))
    return Reply(201, {"id": outcome.id})


async def put(call: Call, category_id: str, query: PublishQuery, body: CategoryUpdate) -> Reply:
    """Replace a category, or create it under this id."""
    _check_publish(query, body.published)
    await hierarchy.lock(call)
    change = RESOURCE.change(call, body, "upsert", category_id)
    stored = (await locked(call, KIND, [(category_id,)])).get((category_id,))
    if stored is not None:
        change.document.update(rules.lasting(change.document, KIND.document_of(stored)))
    outcome = await store_one(call, KIND, change)
    return Reply(201, {"id": outcome.id}) if outcome.code == 201 else Reply(204)


async def patch(call: Call, category_id: str, query: PublishQuery, body: dict[str, Any]) -> None:
    """Merge an object into a category; it names the version that it is based on."""
    changes = {name: value for name, value in body.items() if (name, value) != ("published", None)}
    published = changes.get("published")
    _check_publish(query, published if isinstance(published, bool) else None)
    if changes.get("parentId") == rules.ROOT:
        changes["parentId"] = None
    await hierarchy.lock(call)
    row = (await locked(call, KIND, [(category_id,)])).get((category_id,))
    if row is None:
        raise missing(category_id)
    await store_one(call, KIND, RESOURCE.patch_change(call, category_id, row, changes))


def _check_publish(query: PublishQuery, published: bool | None) -> None:
    problems = rules.publish_problems(query.publish, published)
    if problems:
        raise Invalid(problems=problems)


async def delete_category(call: Call, category_id: str, query: DeleteQuery) -> None:
    """Delete a category: with all that lies below it, or alone, whereupon its children become roots."""
    await hierarchy.lock(call)
    everything = bool(query.with_subcategories or query.recursive)
    ids = [category_id]
    if everything:
        ids = [row.category_id for row in await call.db.all(hierarchy.below(call, category_id))]
    # Locked before anything goes, so that nobody assigns a product to a category that is being deleted.
    found = 0
    for keys in _batches(ids):
        found += len(await locked(call, KIND, keys))
    if not found:
        raise missing(category_id)
    await _remove_links(call, hierarchy.below(call, category_id) if everything else [category_id])
    if everything:
        await hierarchy.remove_all(call, category_id)
    else:
        promoted = await _promote_children(call, category_id)
        await hierarchy.remove_alone(call, category_id)
        await classification.tell(call, promoted)
    for keys in _batches(ids):
        await remove(call, KIND, keys)


def _batches(ids: Sequence[str]) -> list[list[tuple[str, ...]]]:
    return [[(id,) for id in ids[at : at + _AT_ONCE]] for at in range(0, len(ids), _AT_ONCE)]


async def _remove_links(call: Call, ids: Select[Any] | list[str]) -> None:
    """The assignments, external numbers and segments of what is deleted go with it."""
    await remove_assignments(call, assignment.c.category_id.in_(ids))
    for table in (ecn, segment_link):
        gone = delete(table).where(table.c.tenant == call.tenant.name, table.c.category_id.in_(ids))
        await call.db.run(gone)


async def _promote_children(call: Call, id: str) -> list[str]:
    """The children become roots; each is changed, so it gets a version and an event. Those of CLASSIFICATION."""
    promoted = (
        update(category)
        .where(category.c.tenant == call.tenant.name, category.c.parent_id == id)
        .values(parent_id=None, version=category.c.version + 1, modified_at=call.at)
        .returning(category)
    )
    rows = await call.db.all(promoted)
    for row in rows:
        _announce(call, events.CATEGORY_UPDATED, row.id, KIND.view_of(row))
    return [row.id for row in rows if row.type == rules.CLASSIFICATION]
