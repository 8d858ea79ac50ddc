"""Labels: create, read, list, replace, patch, delete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from coterie.attachments import attached, rows_of, with_image
from coterie.kit.call import Call, Reply
from coterie.kit.errors import NotFound
from coterie.kit.language import localized
from coterie.kit.resource import Resource
from coterie.kit.store import Document, Kind, Written, among, among_stored, locked, store_one
from coterie.query.q_sql import Field, Fields
from coterie.query.sql import json_number
from coterie.services.label import events, rules
from coterie.services.label.schemas import LabelCreation, LabelsQuery, LabelUpdate, LabelView
from coterie.services.label.tables import label, label_media

MANAGE = "label.label_manage"


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        (id,) = each.key
        payload = {"id": id, "tenant": call.tenant.name}
        call.emit(events.LABEL_DELETED, events.subject(id), payload, internal=True, id=id)


KIND = Kind(
    noun="label",
    table=label,
    columns={"name": "name"},
    localized=("description",),
    rules=rules.label_problems,
    removed=_removed,
)

FIELDS = Fields(
    {
        "id": Field(label.c.id),
        "name": Field(label.c.name),
        "description": Field(label.c.doc, "localized", ("description",)),
        "mediaId": Field(label_media.c.asset_id, rows=rows_of(label_media, label)),
        "metadata.version": Field(label.c.version, "number"),
        "metadata.createdAt": Field(label.c.created_at, "date"),
        "metadata.modifiedAt": Field(label.c.modified_at, "date"),
    },
    label.c.doc,
)


def _shaped(call: Call, view: Document) -> Document:
    """The description as it was sent, unless the client asks for languages."""
    if not call.accept.absent:
        view["description"] = localized(view["description"], call.accept, call.tenant.languages)
    return with_image(call, view, "labels")


RESOURCE = Resource(
    kind=KIND,
    fields=FIELDS,
    create_type=LabelCreation,
    replace_type=LabelUpdate,
    item_type=LabelUpdate,
    view_type=LabelView,
    parameter="label_id",
    computed={"media": attached(label_media, label)},
    shape=_shaped,
)


async def list_labels(call: Call, query: LabelsQuery) -> Reply:
    """A page of labels; with `justOverlay` of those that lie over images at a position of 1 or more."""
    overlaid = [json_number(label.c.doc, ("overlay", "position")) >= 1] if query.just_overlay else []
    return await RESOURCE.page(call, query, None, *overlaid)


async def create_label(call: Call, body: LabelCreation) -> Reply:
    """A new label, which is answered."""
    outcome = await store_one(call, KIND, RESOURCE.change(call, body, "create", None))
    assert outcome.id is not None
    return Reply(201, await RESOURCE.one(call, (outcome.id,)))


async def replace_label(call: Call, label_id: str, body: LabelUpdate) -> Document:
    """Replace a label completely; one that does not exist is not created."""
    await store_one(call, KIND, RESOURCE.change(call, body, "replace", label_id))
    return await RESOURCE.one(call, (label_id,))


async def patch_label(call: Call, label_id: str, body: dict[str, Any]) -> Document:
    """Merge an object into a label; null removes a field."""
    row = (await locked(call, KIND, [(label_id,)])).get((label_id,))
    if row is None:
        raise NotFound("label", label_id)
    await store_one(call, KIND, RESOURCE.patch_change(call, label_id, row, body))
    return await RESOURCE.one(call, (label_id,))


async def existing(call: Call, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are labels; none of them can be deleted until the transaction ends."""
    return await among_stored(call, label.c.id, ids)


async def by_ids(call: Call, ids: Collection[str]) -> dict[str, Document]:
    """The labels among `ids` as clients see them."""
    if not ids:
        return {}
    named = among(call.db, [label.c.id], [(id,) for id in sorted(set(ids))])
    rows = await call.db.all(RESOURCE.selected(call).where(named))
    return {row.id: RESOURCE.view(call, row) for row in rows}
