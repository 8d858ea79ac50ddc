"""The stamp of a tenant's categories: trees that are kept in memory are good as long as it stands (decision 8)."""

from __future__ import annotations

from functools import cache

from sqlalchemy import bindparam, select

from coterie.database.session import Hot
from coterie.kit.call import Call
from coterie.kit.clock import new_id
from coterie.kit.outbox import Event
from coterie.query.sql import Str
from coterie.services.category.tables import stamp


async def changed(call: Call, _changed: list[Event]) -> None:
    """Categories came, changed or went, or a hierarchy was mended."""
    row = {"tenant": call.tenant.name, "stamp": new_id()}
    fresh = call.db.insert(stamp).values(row)
    await call.db.run(
        fresh.on_conflict_do_update(index_elements=[stamp.c.tenant], set_={"stamp": row["stamp"]})
    )


async def now(call: Call) -> str | None:
    """The stamp of this moment; None: no category ever changed."""
    rows = await call.db.hot(_hot(), tenant=call.tenant.name)
    return rows[0][0] if rows else None


async def of_snapshot(call: Call) -> str | None:
    """The stamp of the very state that the transaction's other statements read."""
    found: str | None = await call.db.value(select(stamp.c.stamp).where(stamp.c.tenant == call.tenant.name))
    return found


@cache
def _hot() -> Hot:
    return Hot(select(stamp.c.stamp).where(stamp.c.tenant == bindparam("tenant", type_=Str())))
