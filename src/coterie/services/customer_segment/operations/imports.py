"""Imports: files of assignments taken in as they arrive, and judged and written chunk by chunk by a job."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import select, tuple_

from coterie.kit import jobs
from coterie.kit.call import Call, Reply
from coterie.kit.errors import CoterieError, Invalid, NotFound, Problem
from coterie.kit.jobs import Job, Step
from coterie.kit.rows import Upload
from coterie.kit.store import Change, Document, remove
from coterie.kit.wire import convert, encode
from coterie.services.customer_segment.operations import customers, files
from coterie.services.customer_segment.operations.segments import existing
from coterie.services.customer_segment.operations.targets import TARGETS, Files, Target, view_of
from coterie.services.customer_segment.schemas import (
    ErrorsQuery,
    ImportQuery,
)

T = TypeVar("T")
KIND = "customer-segment.import"
_NOUN = "import"
FILES = Files(KIND, _NOUN)
_COUNTS = ("bytesDone", "rows", "created", "updated", "unchanged", "deleted", "failed")
# How many assignments a step of the removal looks at.
_REMOVED_AT_ONCE = 1_000


# Taking in


async def start_import(call: Call, query: ImportQuery, body: Upload) -> Document:
    """Take in a file of assignments, to be written by a job; nothing is kept of one that breaks off."""
    upload = _Uploading(call, _parameters(query, files.format_of(body.media)))
    try:
        async for part in body.parts:
            await upload.add(part)
        return await upload.end()
    except BaseException:
        await upload.give_up()
        raise


def _parameters(query: ImportQuery, format: str) -> dict[str, Any]:
    mode = query.mode or "merge"
    if mode == "replace" and query.segment_id is None:
        text = "is required with mode=replace: it names the segment whose assignments are replaced"
        raise Invalid(problems=(Problem.violation("segmentId", text),))
    parameters = {"type": query.type, "format": format, "mode": mode, "dryRun": bool(query.dry_run)}
    return parameters | ({"segmentId": query.segment_id} if query.segment_id is not None else {})


class _Uploading:
    """A file on its way into the chunks of a job, which is made with the first of them."""

    def __init__(self, call: Call, parameters: dict[str, Any]) -> None:
        self._call, self._parameters = call, parameters
        self._cutter = files.Cutter(parameters["format"])
        self._required = list(TARGETS[parameters["type"]].required)
        if "segmentId" not in parameters:
            self._required.append("segmentId")
        self._id: str | None = None
        self._chunks = self._bytes = 0

    async def add(self, part: bytes) -> None:
        """Keep what is whole with this part."""
        for data, lines in self._cutter.feed(part):
            await self._keep(data, lines)

    async def end(self) -> Document:
        """Keep the rest and let the job run."""
        for data, lines in self._cutter.finish():
            await self._keep(data, lines)
        if self._id is None:
            raise Invalid("The file has no rows; to remove all assignments, delete them.")
        counts = {"bytes": self._bytes, **dict.fromkeys(_COUNTS, 0)}
        id = self._id
        await _written(self._call, lambda: jobs.enqueue(self._call, id, self._parameters, counts))
        self._call.runtime.jobs_queued.set()
        async with self._call.reading() as session:
            return view_of(self._call, await jobs.get(session, self._call, KIND, id, _NOUN))

    async def give_up(self) -> None:
        """Leave what was kept to be deleted."""
        if self._id is not None:
            id = self._id
            await _written(self._call, lambda: jobs.give_up(self._call, id))

    async def _keep(self, data: bytes, lines: int) -> None:
        if self._id is None:
            if not data.strip():
                return
            if self._cutter.header is not None:
                self._parameters["columns"] = files.columns_of(self._cutter.header, self._required)
            self._parameters["line"] = self._cutter.lines - lines + 1
            self._id = await _written(self._call, self._create)
        id, n = self._id, self._chunks
        await _written(self._call, lambda: jobs.add_input(self._call, id, n, data, lines))
        self._chunks += 1
        self._bytes += len(data)

    async def _create(self) -> str:
        if "segmentId" in self._parameters:
            await customers.must_exist(self._call, self._parameters["segmentId"])
        return await jobs.create(self._call, KIND, self._parameters, {}, state=jobs.UPLOADING)


async def _written(call: Call, step: Callable[[], Awaitable[T]]) -> T:
    """A short transaction of its own, run again when it lost a race."""

    async def run() -> T:
        async with call.writing():
            return await step()

    return await call.runtime.retried(run, call)


# Running


async def run(call: Call, current: Job) -> Step:
    """One chunk of the file; after the last, with `replace`, some of the assignments that it did not name."""
    if "after" not in current.cursor:
        chunk = await jobs.read_input(call, current.id, current.cursor.get("chunk", 0))
        if chunk is not None:
            return await _judged(call, current, *chunk)
    if current.parameters["mode"] == "merge":
        return Step(current.cursor, {}, finished=True)
    unread = current.cursor.get("unread", 0)
    if unread:
        text = f"{unread} rows name no assignment, so nothing was removed; correct them and import again."
        return Step(current.cursor, {}, failure=text)
    return await _removed(call, current)


async def _judged(call: Call, current: Job, data: bytes, lines: int) -> Step:
    parameters, cursor = current.parameters, current.cursor
    target = TARGETS[parameters["type"]]
    line = cursor.get("line", parameters["line"])
    numbers, changes = [], []
    for number, record in files.records(data, parameters["format"], parameters.get("columns", ()), line):
        numbers.append(number)
        changes.append(_change(target, record, parameters.get("segmentId")))
    read = [change for change in changes if isinstance(change, Change)]
    segments = target.segments_of(changes)
    known = await existing(call, sorted(set(filter(None, segments))), exclusive=call.raced)
    judged = [
        change if segment is None or segment in known else NotFound("segment", segment)
        for change, segment in zip(changes, segments, strict=True)
    ]
    outcomes = await target.store(call, judged)
    errors = [
        (number, message(call, outcome.error))
        for number, outcome in zip(numbers, outcomes, strict=True)
        if outcome.error is not None
    ]
    created = sum(outcome.code == 201 for outcome in outcomes)
    updated = sum(event.type == target.updated for event in call.events)
    replacing = parameters["mode"] == "replace"
    return Step(
        cursor={
            "chunk": cursor.get("chunk", 0) + 1,
            "line": line + lines,
            "unread": cursor.get("unread", 0) + len(changes) - len(read),
        },
        counts={
            "bytesDone": len(data),
            "rows": len(changes),
            "created": created,
            "updated": updated,
            "unchanged": len(changes) - len(errors) - created - updated,
            "failed": len(errors),
        },
        errors=errors,
        seen={_seen_key(change.key) for change in read} if replacing else (),
        undo=parameters["dryRun"],
    )


def _seen_key(key: Sequence[str] | None) -> str:
    # No id has a slash in it.
    return "/".join(key or ())


def _change(target: Target, record: Document | CoterieError, segment_id: str | None) -> Change | CoterieError:
    try:
        if isinstance(record, CoterieError):
            raise record
        row: Any = convert(record, target.row)
        if row.segment_id is None and segment_id is None:
            text = "is required, in the row or for all rows in the query"
            raise Invalid(problems=(Problem.violation("segmentId", text),))
        if None not in (row.segment_id, segment_id) and row.segment_id != segment_id:
            text = f"{row.segment_id!r} is not the segment {segment_id!r} that the query names"
            raise Invalid(problems=(Problem.violation("segmentId", text),))
        return target.change(row, segment_id or row.segment_id)
    except CoterieError as error:
        return error


def message(call: Call, error: CoterieError) -> str:
    """What is wrong with a row, in one line."""
    told = "; ".join(f"{each.field}: {each.message}" for each in error.problems)
    return told or call.service.dialect.message(error, call.tenant.name)


async def _removed(call: Call, current: Job) -> Step:
    target, dry = TARGETS[current.parameters["type"]], current.parameters["dryRun"]
    columns = [target.table.c[name] for name in target.kind.key]
    order = [column for column in columns if column.name != "segment_id"]
    segment = target.table.c.segment_id == current.parameters["segmentId"]
    found = select(*columns).where(target.table.c.tenant == call.tenant.name, segment)
    after = current.cursor.get("after")
    if after is not None:
        found = found.where(tuple_(*order) > tuple_(*after))
    rows = await call.db.all(found.order_by(*order).limit(_REMOVED_AT_ONCE))
    seen = await jobs.seen(call, current.id, [_seen_key(tuple(row)) for row in rows]) if rows else set()
    gone = [tuple(row) for row in rows if _seen_key(tuple(row)) not in seen]
    if gone and not dry:
        await remove(call, target.kind, gone)
    last = [rows[-1]._mapping[column.name] for column in order] if rows else []
    ended = len(rows) < _REMOVED_AT_ONCE
    return Step({**current.cursor, "after": last}, {"deleted": len(gone)}, finished=ended)


# Asking


async def import_errors(call: Call, job_id: str, query: ErrorsQuery) -> Reply:
    """The rows that were refused, each with its line in the file and what is wrong, as a file."""
    async with call.reading() as session:
        await jobs.get(session, call, KIND, job_id, _NOUN)
    format = query.format or files.NDJSON
    return Reply(value=_errors(call, job_id, format), headers={"Content-Type": files.MEDIA[format]})


async def _errors(call: Call, id: str, format: str) -> AsyncIterator[bytes]:
    if format == files.CSV:
        yield b"line,message\r\n"
    async for rows in jobs.errors(call.runtime.database, call.tenant.name, id):
        if format == files.CSV:
            text = io.StringIO()
            csv.writer(text).writerows((row.line, row.message) for row in rows)
            yield text.getvalue().encode()
        else:
            yield b"".join(encode({"line": row.line, "message": row.message}) + b"\n" for row in rows)
