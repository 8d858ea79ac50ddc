"""What becomes of the instances of a deleted customer: his own go, those for his company stay without him."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update

from coterie.kit.call import Call
from coterie.kit.outbox import Event
from coterie.kit.store import Written, remove
from coterie.services.schema.operations.instances import KIND
from coterie.services.schema.rules import owners
from coterie.services.schema.tables import instance


async def forget_customers(call: Call, deleted: list[Event]) -> None:
    """Remove what customers who are deleted own for themselves, and their names from what they own for a company."""
    columns = instance.c
    ids = [event.facts["id"] for event in deleted]
    mine = (
        columns.tenant == call.tenant.name,
        columns.owner_type == owners.CUSTOMER,
        columns.owner_id.in_(ids),
    )
    statement = select(instance).where(*mine).order_by(columns.type, columns.id).with_for_update()
    rows = await call.db.all(statement)
    await remove(call, KIND, [KIND.key_of(row) for row in rows if row.owner_entity is None])
    left = [row for row in rows if row.owner_entity is not None]
    if not left:
        return
    owner = {"type": owners.CUSTOMER, "userId": owners.GONE}
    changed = []
    for row in left:
        before = KIND.document_of(row)
        document = {**before, "owner": {**owner, "legalEntityId": row.owner_entity}}
        shown = KIND.composed(row.id, document, row.version + 1, row.created_at, call.at)
        changed.append(Written(KIND.key_of(row), document, before, shown))
    anonymise = (
        update(instance)
        .where(
            columns.tenant == call.tenant.name,
            columns.type == bindparam("_type"),
            columns.id == bindparam("_id"),
        )
        .values(version=columns.version + 1, modified_at=call.at)
    )
    values = [{"_type": each.key[0], "_id": each.key[1], **KIND.row_of(each.document)} for each in changed]
    await call.db.run(anonymise, values)
    assert KIND.written is not None
    await KIND.written(call, changed)
