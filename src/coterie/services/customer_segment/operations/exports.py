"""Exports: assignments written to a file by a job, batch by batch, in the form that imports take."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select, tuple_

from coterie.kit import jobs
from coterie.kit.call import Call, Reply
from coterie.kit.errors import Conflict
from coterie.kit.jobs import Job, Step
from coterie.kit.store import Document
from coterie.kit.wire import encode
from coterie.services.customer_segment.operations import files
from coterie.services.customer_segment.operations.customers import must_exist
from coterie.services.customer_segment.operations.targets import TARGETS, Files, Target, view_of
from coterie.services.customer_segment.schemas import ExportOrder
from coterie.services.customer_segment.tables import member

KIND = "customer-segment.export"
_NOUN = "export"
FILES = Files(KIND, _NOUN)
_AT_ONCE = 2_000


async def start_export(call: Call, body: ExportOrder) -> Document:
    """Let a job write assignments to a file."""
    parameters = {"type": body.type, "format": body.format or files.NDJSON}
    if body.segment_id is not None:
        await must_exist(call, body.segment_id)
        parameters["segmentId"] = body.segment_id
    id = await jobs.create(call, KIND, parameters, {"rows": 0, "bytes": 0})
    return view_of(call, await jobs.get(call.db, call, KIND, id, _NOUN))


async def run(call: Call, current: Job) -> Step:
    """The next batch of assignments, in the order of segment and key."""
    target, format = TARGETS[current.parameters["type"]], current.parameters["format"]
    table = target.table
    order = [table.c[name] for name in target.names]
    found = select(*order, table.c.doc).where(table.c.tenant == call.tenant.name)
    if "segmentId" in current.parameters:
        found = found.where(table.c.segment_id == current.parameters["segmentId"])
    if table is member:
        found = found.where(or_(member.c.expires_at.is_(None), member.c.expires_at > call.at))
    after = current.cursor.get("after")
    if after is not None:
        found = found.where(tuple_(*order) > tuple_(*after))
    rows = await call.db.all(found.order_by(*order).limit(_AT_ONCE))
    written = _written(target, rows, format, header=after is None)
    return Step(
        cursor={"after": list(rows[-1][: len(order)]) if rows else after},
        counts={"rows": len(rows), "bytes": len(written)},
        output=written,
        finished=len(rows) < _AT_ONCE,
    )


def _written(target: Target, rows: Sequence[Any], format: str, *, header: bool) -> bytes:
    if format == files.NDJSON:
        return b"".join(encode(_row(target, row)) + b"\n" for row in rows)
    names = [*target.names.values(), "mixins", "metadata"]
    text = io.StringIO()
    writer = csv.writer(text)
    if header:
        writer.writerow(names)
    for row in rows:
        values = _row(target, row)
        writer.writerow(
            value if isinstance(value := values.get(name, ""), str) else encode(value).decode()
            for name in names
        )
    return text.getvalue().encode()


def _row(target: Target, row: Any) -> Document:
    """An assignment as an import takes it: no version, which would bind it to what is stored now."""
    mapping = row._mapping
    key = {wire: mapping[column] for column, wire in target.names.items() if mapping[column]}
    return key | {name: row.doc[name] for name in ("mixins", "metadata") if name in row.doc}


async def export_file(call: Call, job_id: str) -> Reply:
    """The file of an export that has succeeded."""
    async with call.reading() as session:
        row = await jobs.get(session, call, KIND, job_id, _NOUN)
    if row.state != jobs.SUCCEEDED:
        raise Conflict(f"The export has no file: it is {row.state}.")
    format = row.parameters["format"]
    headers = {
        "Content-Type": files.MEDIA[format],
        "Content-Length": str(row.counts["bytes"]),
        "Content-Disposition": f'attachment; filename="{row.parameters["type"]}.{format}"',
    }
    return Reply(value=jobs.output(call.runtime.database, call.tenant.name, job_id), headers=headers)
