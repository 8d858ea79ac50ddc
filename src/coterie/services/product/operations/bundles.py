"""What bundles consist of: kept beside them, so that a product knows the bundles that it is in."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select

from coterie.kit.call import Call
from coterie.kit.store import Write, Written, among
from coterie.services.product.rules.products import BUNDLE
from coterie.services.product.tables import bundle_member


async def inside(call: Call, writes: Sequence[Write]) -> dict[str, list[str]]:
    """The members of the bundles that the products of bundles lead to, as far down as they go."""
    found: dict[str, list[str]] = {}
    level = {each["productId"] for write in writes for each in write.document.get("bundledProducts", ())}
    while level := level - found.keys():
        wanted = among(call.db, [bundle_member.c.bundle_id], [(id,) for id in sorted(level)])
        rows = await call.db.all(
            select(bundle_member.c.bundle_id, bundle_member.c.product_id).where(
                bundle_member.c.tenant == call.tenant.name, wanted
            )
        )
        found |= {id: [] for id in level}
        for row in rows:
            found[row.bundle_id].append(row.product_id)
        level = {row.product_id for row in rows}
    return found


async def keep(call: Call, changed: Sequence[Written]) -> None:
    """Note the members of the bundles among products that were written."""
    bundles = {each.key[0]: each.document for each in changed if each.document["productType"] == BUNDLE}
    if not bundles:
        return
    await forget(call, bundles)
    rows = [
        {"tenant": call.tenant.name, "bundle_id": id, "product_id": member["productId"]}
        for id, document in bundles.items()
        for member in document["bundledProducts"]
    ]
    await call.db.run(bundle_member.insert(), rows)


async def forget(call: Call, ids: Collection[str]) -> None:
    """Drop what is noted of bundles."""
    which = among(call.db, [bundle_member.c.bundle_id], [(id,) for id in sorted(ids)])
    await call.db.run(delete(bundle_member).where(bundle_member.c.tenant == call.tenant.name, which))


async def using(call: Call, ids: Collection[str]) -> tuple[str, str] | None:
    """A bundle that has one of these products, and the product; of bundles that are not among them."""
    which = among(call.db, [bundle_member.c.product_id], [(id,) for id in sorted(ids)])
    others = ~among(call.db, [bundle_member.c.bundle_id], [(id,) for id in sorted(ids)])
    columns = [bundle_member.c.bundle_id, bundle_member.c.product_id]
    row = await call.db.first(
        select(*columns)
        .where(bundle_member.c.tenant == call.tenant.name, which, others)
        .order_by(*columns)
        .limit(1)
    )
    return None if row is None else (row.bundle_id, row.product_id)
