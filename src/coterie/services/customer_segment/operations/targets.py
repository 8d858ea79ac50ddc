"""What a file holds, members or items, and how a job with one is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Table

from coterie.kit import jobs
from coterie.kit.bulk import Outcome
from coterie.kit.call import Call, Reply
from coterie.kit.clock import iso
from coterie.kit.errors import CoterieError
from coterie.kit.listing import FieldsQuery, ListQuery, chosen, page
from coterie.kit.store import Change, Document, Kind
from coterie.kit.tables import job
from coterie.query.q_sql import Field, Fields
from coterie.services.customer_segment import events
from coterie.services.customer_segment.operations import customers, items, members
from coterie.services.customer_segment.schemas import AssignmentUpdate, CustomerRow, ItemRow

FIELDS = Fields(
    {
        "id": Field(job.c.id),
        "state": Field(job.c.state),
        "createdAt": Field(job.c.created_at, "date"),
        "startedAt": Field(job.c.started_at, "date"),
        "finishedAt": Field(job.c.finished_at, "date"),
    },
    job.c.parameters,
)

_PATIENCE = timedelta(minutes=1)
_UNTAKEN = (
    "No worker has taken it yet. Jobs run in `coterie worker`, or in `coterie serve` with the embedded database; "
    "where one runs, it is busy with others."
)


@dataclass(frozen=True)
class Target:
    """What a file's rows become.

    store: writes changes of the kind. names: the fields of a row by the key columns that they are, in the order of
    an index that starts with the segment. required: the columns that a CSV must have.
    """

    row: type[CustomerRow] | type[ItemRow]
    kind: Kind
    change: Callable[[Any, str], Change]
    store: Callable[[Call, Sequence[Change | CoterieError]], Awaitable[list[Outcome]]]
    updated: str
    names: dict[str, str]
    required: tuple[str, ...]

    @property
    def table(self) -> Table:
        """The assignments."""
        return self.kind.table

    def segments_of(self, changes: Sequence[Change | CoterieError]) -> list[str | None]:
        """The segment that each change is of."""
        at = self.kind.key.index("segment_id")
        return [change.key[at] if isinstance(change, Change) and change.key else None for change in changes]


def _member(row: CustomerRow, segment_id: str) -> Change:
    return customers.change(segment_id, row.customer_id, row.legal_entity_id, row)


def _item(row: ItemRow, segment_id: str) -> Change:
    body = AssignmentUpdate(mixins=row.mixins, metadata=row.metadata)
    return items.change(segment_id, items.type_of(row.type), row.id, body)


_MEMBER = {"segment_id": "segmentId", "customer_id": "customerId", "legal_entity_id": "legalEntityId"}
_ITEM = {"segment_id": "segmentId", "type": "type", "item_id": "id"}
TARGETS = {
    "customers": Target(
        CustomerRow, members.KIND, _member, members.assign, events.CUSTOMER_UPDATED, _MEMBER, ("customerId",)
    ),
    "items": Target(ItemRow, items.KIND, _item, items.assign, events.ITEM_UPDATED, _ITEM, ("type", "id")),
}


def view_of(call: Call, row: Any) -> Document:
    """An import or export as clients see it. One that waits for long says what may be amiss."""
    given = {name: value for name, value in row.parameters.items() if name not in ("columns", "line")}
    long_ago = iso(call.now - _PATIENCE)
    untaken = row.state == jobs.QUEUED and row.started_at is None and row.created_at < long_ago
    view = {
        "id": row.id,
        **given,
        "state": row.state,
        "counts": row.counts,
        "message": _UNTAKEN if untaken else row.message,
        "createdAt": row.created_at,
        "startedAt": row.started_at,
        "finishedAt": row.finished_at,
    }
    return {name: value for name, value in view.items() if value is not None}


@dataclass(frozen=True)
class Files:
    """The jobs of one kind as clients list, read and cancel them."""

    kind: str
    noun: str

    async def list(self, call: Call, query: ListQuery) -> Reply:
        """The tenant's jobs with files, those of the last days."""
        rows, tie_break = jobs.of_kind(call, self.kind), [job.c.created_at, job.c.id]
        view = partial(view_of, call)
        return await page(call, rows, query, FIELDS, view=view, tie_break=tie_break)

    async def get(self, call: Call, job_id: str, query: FieldsQuery) -> Document:
        """How far the job is, and what became of its rows."""
        return chosen(
            view_of(call, await jobs.get(call.db, call, self.kind, job_id, self.noun)), query.fields
        )

    async def cancel(self, call: Call, job_id: str) -> None:
        """Stop the job; what it has written stays."""
        await jobs.cancel(call, self.kind, job_id, self.noun)
