"""The files of a tenant in the store: reserved before they are written, held by an asset, doomed, swept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, or_, select, update

from coterie.blobs.port import BlobMissing, BlobsUnavailable
from coterie.database.session import Session
from coterie.kit.call import Call
from coterie.kit.clock import iso, new_uuid
from coterie.kit.errors import CoterieError, NotFound
from coterie.kit.runtime import Runtime
from coterie.services.media.tables import blob

# How long a request may take from the first byte of its file to its end.
_LONGEST_UPLOAD = timedelta(hours=6)
# Files that one transaction of the sweep deletes from the store: others that write wait for it.
_AT_ONCE = 20


class Unavailable(CoterieError):
    """The store of files can't be reached; the log says why."""

    status, key = 502, "unavailable"

    def __init__(self, error: BlobsUnavailable) -> None:
        super().__init__("The store of files could not be reached. Try again later.", log=str(error))


async def reserve(call: Call) -> str:
    """A key for a new file. It is doomed from the start: whatever becomes of the request, the sweep knows of it."""
    name = new_uuid()
    key = f"{call.tenant.name}/{name[:2]}/{name}"
    doomed = iso(call.now + _LONGEST_UPLOAD)

    async def write() -> None:
        async with call.writing():
            await call.db.run(blob.insert().values(tenant=call.tenant.name, key=key, doomed_at=doomed))

    await call.runtime.retried(write, call)
    return key


async def forget(call: Call, key: str) -> None:
    """A file whose request was refused goes at once, or with the sweep if the store can't be reached."""

    async def write() -> None:
        async with call.writing():
            mine = and_(blob.c.tenant == call.tenant.name, blob.c.key == key)
            await call.db.run(delete(blob).where(mine))

    with suppress(BlobsUnavailable):
        await call.runtime.blobs.delete([key])
        await call.runtime.retried(write, call)


async def hold(call: Call, key: str) -> None:
    """An asset holds the file from now on. Raises Unavailable when the sweep was faster."""
    mine = and_(blob.c.tenant == call.tenant.name, blob.c.key == key, blob.c.doomed_at.is_not(None))
    if await call.db.run(update(blob).where(mine).values(doomed_at=None)) != 1:
        raise Unavailable(BlobsUnavailable(f"{key} was swept before its request ended"))


async def doom(call: Call, key: str) -> None:
    """No asset holds the file any more."""
    mine = and_(blob.c.tenant == call.tenant.name, blob.c.key == key)
    await call.db.run(update(blob).where(mine).values(doomed_at=call.at))


async def sweep(runtime: Runtime, session: Session, now: datetime, limit: int) -> int:
    """Delete some of the files that are doomed, from the store and then from the table."""
    doomed = select(blob.c.tenant, blob.c.key).where(blob.c.doomed_at < iso(now))
    some = doomed.order_by(blob.c.doomed_at).limit(min(limit, _AT_ONCE)).with_for_update(skip_locked=True)
    rows = await session.all(some)
    if rows:
        await runtime.blobs.delete([row.key for row in rows])
        await session.run(delete(blob).where(_among(rows)))
    return len(rows)


def _among(rows: Sequence[Row[Any]]) -> ColumnElement[bool]:
    return or_(*(and_(blob.c.tenant == row.tenant, blob.c.key == row.key) for row in rows))


async def content(call: Call, asset_id: str, key: str) -> AsyncIterator[bytes]:
    """A file in parts. Raises NotFound where the store has lost it, Unavailable."""
    try:
        return await call.runtime.blobs.read(key)
    except BlobsUnavailable as error:
        raise Unavailable(error) from error
    except BlobMissing:
        missing = NotFound("asset", asset_id)
        missing.log = f"the store has no file {key}"
        raise missing from None
