"""Bulk operations on instances: each item for itself, written as a set."""

from __future__ import annotations

from typing import Any

from coterie.kit.bulk import Outcome, bulk_reply
from coterie.kit.call import Call, Reply
from coterie.kit.errors import CoterieError, NotFound
from coterie.kit.rows import Bulk
from coterie.kit.store import Change, remove, store
from coterie.services.schema.operations import instances
from coterie.services.schema.operations.custom_types import must_exist
from coterie.services.schema.schemas import InstanceCreation, InstanceItem, InstancePatch, WriteQuery


async def create_instances(call: Call, type: str, query: WriteQuery, body: Bulk[InstanceCreation]) -> Reply:
    """Add many instances."""
    return await _write(call, type, body, "create")


async def put_instances(call: Call, type: str, query: WriteQuery, body: Bulk[InstanceItem]) -> Reply:
    """Add or replace many instances."""
    return await _write(call, type, body, "upsert")


async def _write(call: Call, type_: str, body: Bulk[Any], how: str) -> Reply:
    await must_exist(call, type_)
    changes: list[Change | CoterieError] = []
    for each in body.items:
        try:
            if isinstance(each, CoterieError):
                raise each
            changes.append(instances.change(type_, each.id, each, how))
        except CoterieError as error:
            changes.append(error)
    await instances.with_urls(call, type_, changes)
    outcomes = await store(call, instances.KIND, changes)
    return bulk_reply(call, outcomes)


async def patch_instances(call: Call, type: str, query: WriteQuery, body: Bulk[InstancePatch]) -> Reply:
    """Change many instances by RFC 6902 operations; those of one are applied in their order."""
    await must_exist(call, type)
    outcomes: list[Outcome | None] = [
        Outcome.refused(each) if isinstance(each, CoterieError) else None for each in body.items
    ]
    pending = [(at, each) for at, each in enumerate(body.items) if isinstance(each, InstancePatch)]
    while pending:
        batch = {each.id: (at, each) for at, each in reversed(pending)}
        patches = [(each.id, each.data) for _, each in batch.values()]
        for (at, _), outcome in zip(batch.values(), await instances.patch(call, type, patches), strict=True):
            outcomes[at] = outcome
        pending = [(at, each) for at, each in pending if outcomes[at] is None]
    return bulk_reply(call, [each for each in outcomes if each is not None])


async def delete_instances(call: Call, type: str, body: Bulk[str]) -> Reply:
    """Delete many instances."""
    await must_exist(call, type)
    ids = [each for each in body.items if isinstance(each, str)]
    left = await instances.manageable(call, type, ids)
    await remove(call, instances.KIND, [(type, id) for id in left])
    outcomes = []
    for each in body.items:
        if isinstance(each, CoterieError):
            outcomes.append(Outcome.refused(each))
        elif left.pop(each, None) is not None:
            outcomes.append(Outcome(204, each))
        else:
            outcomes.append(Outcome.refused(NotFound(instances.NOUN, each), each))
    return bulk_reply(call, outcomes)
