"""What is sent to create or replace an asset: JSON of a LINK, or a form whose file goes to the store as it arrives."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from coterie.blobs.port import PART, BlobsUnavailable, Facts, Writing
from coterie.kit.call import Call
from coterie.kit.errors import CoterieError, Invalid, Malformed, Problem, TooLarge, UnsupportedMedia
from coterie.kit.rows import Upload
from coterie.kit.store import Document
from coterie.kit.wire import decode
from coterie.services.media import rules
from coterie.services.media.operations import files
from coterie.services.media.schemas import AssetUpdate, Details

FORM, JSON = "multipart/form-data", "application/json"
T = TypeVar("T", bound=AssetUpdate)
_MOST_PARTS = 20
_MOST_JSON = 1024 * 1024


@dataclass
class NewFile:
    """A file on its way to the store: how it begins, how long it is, and its digest so far."""

    key: str
    writing: Writing
    name: str | None
    claimed: str | None
    most: int
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    head: bytearray = field(default_factory=bytearray)
    pending: bytearray = field(default_factory=bytearray)

    async def add(self, data: bytes) -> None:
        """The next bytes. Raises TooLarge."""
        self.size += len(data)
        if self.size > self.most:
            raise too_large("file")
        self.digest.update(data)
        self.head += data[: rules.HEAD - len(self.head)]
        self.pending += data
        if len(self.pending) >= PART:
            await self._flush()

    async def _flush(self) -> None:
        if self.pending:
            await self.writing.write(bytes(self.pending))
            self.pending.clear()

    async def finish(self, details: Details | None, most_pixels: int) -> Document:
        """What the asset says of the file, which is safe in the store then. Raises Invalid for one that is refused."""
        asked = details or Details()
        kind = rules.media_type(bytes(self.head), asked.mime_type or self.claimed)
        if kind is None:
            text = "is HTML or script, which browsers would run; media takes no such files"
            raise Invalid(problems=(Problem.violation("file", text),))
        size = rules.dimensions(bytes(self.head)) if kind.startswith("image/") and kind != rules.SVG else None
        if size is not None and size[0] * size[1] > most_pixels:
            text = f"is an image of {size[0]} x {size[1]} pixels; it may have {most_pixels} at most"
            raise Invalid(problems=(Problem.violation("file", text),))
        etag = self.digest.hexdigest()
        await self._flush()
        await self.writing.finish(Facts(self.size, etag, kind))
        name = rules.file_name(asked.filename, self.name)
        document: Document = {
            "blob": self.key,
            "details": {"filename": name, "mimeType": kind, "bytes": self.size, "etag": etag},
        }
        if size is not None:
            document["image"] = {"width": size[0], "height": size[1]}
        return document


@dataclass
class Sent:
    """What a request sent: its JSON, and the file where there is one. `form`: as multipart/form-data."""

    form: bool
    body: bytes = b""
    file: NewFile | None = None

    def decoded(self, type_: type[T]) -> T:
        """The JSON as a struct, sent the way that its type of asset is. Raises Invalid or Malformed."""
        asked = decode(self.body, type_)
        if self.form != (asked.type == rules.BLOB):
            text = f"{asked.type} is sent as {JSON if self.form else FORM}"
            raise Invalid(problems=(Problem.violation("type", text),))
        return asked


@asynccontextmanager
async def receiving(call: Call, body: Upload) -> AsyncIterator[Sent]:
    """All that a request sends; its file is forgotten when the request is refused.

    After any other failure a finished file is left to the sweep: only the database knows whether it is held.
    """
    if body.media not in (FORM, JSON):
        raise UnsupportedMedia(f"The media type {body.media!r} is not supported; send {FORM} or {JSON}.")
    sent = Sent(form=body.media == FORM)
    try:
        if sent.form:
            await _form(call, body, sent)
        else:
            sent.body = await _whole(body, call.runtime.settings.max_body)
        yield sent
    except CoterieError:
        if sent.file is not None:
            await files.forget(call, sent.file.key)
        raise
    except BlobsUnavailable as error:
        raise files.Unavailable(error) from error
    finally:
        if sent.file is not None:
            await sent.file.writing.discard()


async def _whole(body: Upload, most: int) -> bytes:
    data = bytearray()
    async for part in body.parts:
        data += part
        if len(data) > most:
            raise TooLarge(413, f"The body is larger than {most} bytes.")
    return bytes(data)


async def _form(call: Call, body: Upload, sent: Sent) -> None:
    """The parts named `file` and `body`; others are ignored. Raises Malformed, Invalid or TooLarge."""
    _, options = parse_options_header(call.headers["content-type"])
    data = bytearray()
    name: str | None = None
    seen: set[str] = set()
    try:
        parser = PushMultipartParser(options.get("boundary", ""), max_segment_count=_MOST_PARTS)
        async for chunk in body.parts:
            for event in parser.parse(chunk) if chunk else ():
                if isinstance(event, MultipartSegment):
                    name = event.name or ""
                    if name in seen & {"file", "body"}:
                        raise Invalid(problems=(Problem.violation(name, "is there twice; send it once"),))
                    seen.add(name)
                    if name == "file":
                        sent.file = await _begun(call, event)
                elif event and name == "file":
                    assert sent.file is not None
                    await sent.file.add(event)
                elif event and name == "body":
                    data += event
                    if len(data) > _MOST_JSON:
                        raise too_large("body")
        parser.close()
    except MultipartError as error:
        raise Malformed(f"The form can't be read: {error}.") from None
    if "body" not in seen:
        raise Invalid(
            problems=(Problem.violation("body", "is required: a part of the form that holds JSON"),)
        )
    sent.body = bytes(data)


async def _begun(call: Call, segment: MultipartSegment) -> NewFile:
    key = await files.reserve(call)
    writing = await call.runtime.blobs.begin(key)
    return NewFile(key, writing, segment.filename, segment.content_type, call.runtime.settings.media_max)


def too_large(part: str) -> TooLarge:
    """The refusal of a part of a form."""
    return TooLarge(413, f"The part named [{part}] exceeds the maximum allowed content length.")
