"""Media that are attached to the resources of a service, which keeps a copy of what it shows of them.

Media stands above the services whose resources it refers to, so they can't ask it: they follow its event. Each has a
table of `attachment_table`, the reaction `follow` to `CHANGED`, and the expression `attached` in its views.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Index, Select, Table, delete, select

from coterie.kit.call import Call
from coterie.kit.outbox import Event
from coterie.kit.rows import Reaction
from coterie.kit.tables import key, tenant_table
from coterie.query.sql import Json, Str, json_array_agg

CHANGED = "media.attachments-changed"
"""The internal event of an asset that is, or was, attached to something.

Its facts: `asset`, the id; `before` and `after`, sets of (type, id) that it was and is attached to; `shown`, what is
shown of it there, with `id`, `url` (of a file a path, for `located`), `createdAt`,
`modifiedAt`, `mixins`, and of a file `contentType` and `customAttributes`.
"""


def attachment_table(name: str) -> Table:
    """The table of the media of one kind of resource; the key serves "media of", the index "attached to"."""
    table = tenant_table(
        name,
        key("ref_id"),
        key("asset_id"),
        Column("doc", Json, nullable=False),
        Column("created_at", Str, nullable=False),
    )
    Index(f"{name}_asset", table.c.tenant, table.c.asset_id)
    return table


def attached(table: Table, resource: Table) -> ColumnElement[Any]:
    """What is shown of the media of each row of `resource`, the oldest first, as a JSON array."""
    columns = table.c
    rows = select(columns.doc).where(*_of(table, resource)).order_by(columns.created_at, columns.asset_id)
    return json_array_agg(rows.correlate(resource))


def rows_of(table: Table, resource: Table) -> Select[Any]:
    """The media of each row of `resource`, for a field of `q` on them."""
    return select(1).select_from(table).where(*_of(table, resource))


def _of(table: Table, resource: Table) -> Sequence[ColumnElement[bool]]:
    return table.c.tenant == resource.c.tenant, table.c.ref_id == resource.c.id


def follow(table: Table, type_: str) -> Reaction:
    """The reaction to `CHANGED` that keeps the table of the resources of a reference type."""

    async def react(call: Call, events: list[Event]) -> None:
        # The last event of an asset says how it is now.
        last = {event.facts["asset"]: event.facts for event in events}
        touched = sorted(
            asset
            for asset in last
            if any(
                kind == type_
                for event in events
                if event.facts["asset"] == asset
                for kind, _ in (*event.facts["before"], *event.facts["after"])
            )
        )
        if not touched:
            return
        here = call.tenant.name
        await call.db.run(delete(table).where(table.c.tenant == here, table.c.asset_id.in_(touched)))
        rows = [row for asset in touched for row in _rows(here, type_, asset, last[asset])]
        if rows:
            await call.db.run(table.insert(), rows)

    return react


def _rows(tenant: str, type_: str, asset: str, facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for kind, id in sorted(facts["after"]):
        if kind == type_:
            shown = facts["shown"]
            yield {
                "tenant": tenant,
                "ref_id": id,
                "asset_id": asset,
                "doc": shown,
                "created_at": shown["createdAt"],
            }


def located(call: Call, url: str) -> str:
    """A URL for clients: a path of this server with its address, any other as it is."""
    return call.runtime.settings.base_url + url if url.startswith("/") else url


def with_image(call: Call, view: dict[str, Any], folder: str) -> dict[str, Any]:
    """A view with the image that was attached last, instead of `media`, the list of all."""
    media = view.pop("media", None)
    if media:
        last = media[-1]
        path = f"{call.tenant.name}/{folder}/{last['id']}"
        view |= {"mediaId": last["id"], "image": located(call, last["url"]), "cloudinaryUrl": path}
    return view
