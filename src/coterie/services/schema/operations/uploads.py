"""Forms of several parts (multipart/form-data) whose parts are JSON and texts, small enough for memory."""

from __future__ import annotations

from collections.abc import Mapping
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

from coterie.kit.call import Call
from coterie.kit.errors import Invalid, Problem, TooLarge, UnsupportedMedia
from coterie.kit.rows import Upload
from coterie.kit.wire import parse

MEDIA = "multipart/form-data"
Form = Mapping[str, bytes]


async def form(call: Call, body: Upload) -> Form:
    """The parts of a form by their names. Raises UnsupportedMedia, TooLarge."""
    if body.media != MEDIA:
        raise UnsupportedMedia(f"The media type {body.media!r} is not supported; send {MEDIA}.")
    most = call.runtime.settings.max_body
    data = bytearray()
    async for part in body.parts:
        data += part
        if len(data) > most:
            raise TooLarge(413, f"The body is larger than {most} bytes.")
    header = call.headers["content-type"].encode("latin-1", "replace")
    message = message_from_bytes(b"Content-Type: " + header + b"\r\n\r\n" + bytes(data), policy=HTTP)
    parts: dict[str, bytes] = {}
    for inner in message.iter_parts():
        name, payload = inner.get_param("name", header="content-disposition"), inner.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            parts[name] = payload
    return parts


def json_of(form: Form, name: str) -> Any:
    """The JSON of a part. Raises Invalid where the part is missing, Malformed."""
    if not form.get(name, b"").strip():
        problem = Problem.violation(name, "is required: a part of the form that holds JSON")
        raise Invalid(problems=(problem,))
    return parse(form[name])


def text_of(form: Form, name: str) -> str:
    """The text of a part; empty where it is missing. Raises Invalid."""
    try:
        return form.get(name, b"").decode().strip()
    except UnicodeDecodeError:
        raise Invalid(problems=(Problem.violation(name, "is not UTF-8 text"),)) from None
