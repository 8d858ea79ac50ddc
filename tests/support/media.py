"""Assets as clients send them: forms, small files of every kind, and what a test asks of them."""

from __future__ import annotations

import json
import struct
from typing import Any

from coterie.cli.demo_data.pictures import picture
from support.api import Api, Response

ASSETS = "/media/{tenant}/assets"
BOUNDARY = "----a-boundary"
PNG = picture("a test")
GIF = b"GIF89a" + struct.pack("<HH", 3, 4) + b"\x00\x00\x00;"
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc0\x00\x11\x08\x00\x05\x00\x06\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xd9"
)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
ZIP = b"PK\x05\x06" + b"\x00" * 18
SVG = b'<?xml version="1.0"?>\n<!-- a logo -->\n<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header claims this many pixels; there are none."""
    return PNG[:16] + struct.pack(">II", width, height) + PNG[24:]


def part(name: str, content: bytes, type: str | None = None, filename: str | None = None) -> bytes:
    """One part of a form."""
    told = "" if filename is None else f'; filename="{filename}"'
    kind = "" if type is None else f"\r\nContent-Type: {type}"
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{told}{kind}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def form(body: Any, file: bytes | None, *, filename: str = "a.png", type: str = "image/png") -> bytes:
    """A form with `body` as JSON and, where there is one, `file`."""
    parts = part("body", json.dumps(body).encode(), "application/json")
    if file is not None:
        parts = part("file", file, type, filename) + parts
    return parts + f"--{BOUNDARY}--\r\n".encode()


def send(api: Api, method: str, path: str, raw: bytes) -> Response:
    """A form."""
    return api.request(method, path, raw, content_type=f"multipart/form-data; boundary={BOUNDARY}")


def blob(**body: Any) -> dict[str, Any]:
    """The JSON of a public file."""
    return {"type": "BLOB", "access": "PUBLIC", **body}


def link(**body: Any) -> dict[str, Any]:
    """The JSON of a public link."""
    return {"type": "LINK", "access": "PUBLIC", "url": "https://example.com/a.html", **body}


def upload(
    api: Api, file: bytes = PNG, *, filename: str = "a.png", type: str = "image/png", **body: Any
) -> str:
    """The id of a new file."""
    response = send(api, "POST", ASSETS, form(blob(**body), file, filename=filename, type=type))
    assert response.status == 201, response.body
    id: str = response.json["id"]
    return id


def one(api: Api, id: str) -> Any:
    """The asset as it reads now."""
    response = api.get(f"{ASSETS}/{id}")
    assert response.status == 200, response.body
    return response.json


def content(api: Api, id: str) -> Response:
    """What the asset's URL answers to anybody."""
    url: str = one(api, id)["url"]
    base = api.server.settings.base_url
    assert url.startswith(base)
    return api.as_(None).get(url.removeprefix(base))
