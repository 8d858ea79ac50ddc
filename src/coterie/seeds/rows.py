"""Seeds and a tenant's own rows as one: how they are read together, and how a seed becomes a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from coterie.kit.call import Call
from coterie.kit.store import Document, Kind
from coterie.kit.tables import tenant


async def merged(
    call: Call, kind: Kind, seeds: Mapping[str, Document], *only: ColumnElement[bool]
) -> dict[str, Document]:
    """Everything by code, as clients see it, in one statement; `only` are conditions on the rows.

    A seed has version 1 and is as old as the tenant. A row that is marked `deleted` takes its seed away.
    """
    table, here = kind.table, call.tenant.name
    own = and_(table.c.tenant == tenant.c.tenant, *only)
    columns = [column for column in table.c if column.name != "tenant"]
    statement = select(tenant.c.created_at.label("since"), *columns).select_from(tenant.outerjoin(table, own))
    rows = await call.db.all(statement.where(tenant.c.tenant == here))
    since = rows[0].since if rows else call.at
    found = {code: kind.composed(code, seed, 1, since, since) for code, seed in seeds.items()}
    for row in rows:
        values = row._mapping
        code = values[kind.key[-1]]
        if code is not None:
            found.pop(code, None)
            if not values.get("deleted"):
                found[code] = kind.view_of(row)
    return found


async def one(call: Call, kind: Kind, code: str, seed: Document | None) -> Document | None:
    """What has this code, as clients see it, or None."""
    seeds = {} if seed is None else {code: seed}
    return (await merged(call, kind, seeds, kind.table.c[kind.key[-1]] == code)).get(code)


async def plant(call: Call, kind: Kind, seeds: Mapping[str, Document]) -> None:
    """Make rows of seeds, where there are none, so that a write finds them as they were read."""
    if not seeds:
        return
    since = await call.db.value(select(tenant.c.created_at).where(tenant.c.tenant == call.tenant.name))
    rows: list[dict[str, Any]] = [
        {
            "tenant": call.tenant.name,
            kind.key[-1]: code,
            **kind.row_of(seeds[code]),
            "version": 1,
            "created_at": since,
            "modified_at": since,
        }
        for code in sorted(seeds)
    ]
    await call.db.run(call.db.insert(kind.table).on_conflict_do_nothing(), rows)
