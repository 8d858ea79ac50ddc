"""Pure decisions: what an asset may say, what a file is, how it is named, and how it is served."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlsplit

import filetype
import imagesize

from coterie.kit.errors import Problem

BLOB, LINK, PUBLIC, PRIVATE = "BLOB", "LINK", "PUBLIC", "PRIVATE"
PRODUCT, CATEGORY, BRAND, LABEL = "PRODUCT", "CATEGORY", "BRAND", "LABEL"
SHOWN = frozenset({PRODUCT, CATEGORY, BRAND, LABEL, "MODULE"})
"""The reference types of the engine, whose assets everybody sees; any other is a type of the tenant's own."""

HEAD = 512 * 1024
"""Bytes at the start of a file by which its type and an image's size are told."""

TEXT, BYTES, SVG, XML = "text/plain", "application/octet-stream", "image/svg+xml", "application/xml"
_LONGEST_URL, _LONGEST_NAME = 2000, 200
_TEXTS = frozenset({"text/csv", "text/markdown", "text/calendar", "text/vcard", "application/json"})
_PACKED = re.compile(
    r"application/(vnd\.openxmlformats-officedocument\..+|vnd\.oasis\.opendocument\..+|epub\+zip|zip)",
    re.ASCII,
)
_ACTIVE = re.compile(
    r"(text/html|application/xhtml\+xml|(text|application)/(x-)?(java|ecma)script)", re.ASCII
)
_MARKUP = re.compile(
    rb"<(!doctype\s+html|html|head|body|script|iframe|object|embed|meta|link|style|base|form|a|img|div|p|h1|table"
    rb"|br|font|title)[\s/>]",
    re.IGNORECASE,
)
# What comes before the root element of an XML document.
_PROLOGUE = re.compile(
    rb"(\s|<\?.*?\?>|<!--.*?-->|<!doctype\s+(?!html)[^>\[]*(\[.*?\])?\s*>)*", re.IGNORECASE | re.DOTALL
)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u202a-\u202e\u2066-\u2069]')


def asset_problems(document: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[Problem]:
    """What an asset must not say, beside the one that it replaces."""
    return list(_problems(document, before))


def _problems(document: Mapping[str, Any], before: Mapping[str, Any] | None) -> Iterator[Problem]:
    for name in ("type", "access"):
        if before is not None and document[name] != before[name]:
            text = f"can't be changed from {before[name]}; create another asset instead"
            yield Problem.violation(name, text)
    if document["type"] == LINK:
        yield from _link_problems(document.get("url"))
    for at, ref in enumerate(document.get("refIds", ())):
        if not ref["id"].strip() or not ref["type"].strip():
            yield Problem.violation(f"refIds[{at}]", "needs a type and an id")
        elif ref["type"] in SHOWN and document["access"] == PRIVATE:
            text = f"{ref['type']} is for assets with the access PUBLIC"
            yield Problem.violation(f"refIds[{at}].type", text)


def _link_problems(url: str | None) -> Iterator[Problem]:
    if url is None:
        yield Problem.violation("url", "is required of a LINK")
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _LONGEST_URL
    if not plain or parts.scheme not in ("http", "https") or not parts.hostname:
        text = f"{url[:80]!r} is not an http or https URL of at most {_LONGEST_URL} characters"
        yield Problem.violation("url", text)


def references(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """The references of a request, each once, the types of the engine in capitals."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for ref in document.get("refIds") or ():
        kind = ref["type"].upper() if ref["type"].upper() in SHOWN else ref["type"]
        found.setdefault((kind, ref["id"]), {"type": kind, "id": ref["id"]})
    return list(found.values())


def pairs(document: Mapping[str, Any] | None) -> frozenset[tuple[str, str]]:
    """What an asset is attached to, as (type, id)."""
    return frozenset((ref["type"], ref["id"]) for ref in (document or {}).get("refIds", ()))


# Files


def media_type(head: bytes, claimed: str | None) -> str | None:
    """The type of a file by how it begins; what the client claims counts among types that look alike. None for HTML
    and the like, which browsers would run."""
    claim = (claimed or "").partition(";")[0].strip().lower()
    if _ACTIVE.fullmatch(claim):
        return None
    sniffed: str | None = filetype.guess_mime(head)
    if sniffed == "application/zip":
        return claim if _PACKED.fullmatch(claim) else sniffed
    if sniffed is not None and (not sniffed.startswith("image/") or dimensions(head) is not None):
        return sniffed
    return _text_type(head, claim)


def _text_type(head: bytes, claim: str) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf")
    start = text.lstrip()[:4096]
    if _MARKUP.match(start):
        return None
    if start.startswith(b"<"):
        prologue = _PROLOGUE.match(start)
        root = start[prologue.end() if prologue else 0 :]
        if re.match(rb"<(\w+:)?svg[\s>/]", root):
            return SVG
        return None if _MARKUP.match(root) or b"http://www.w3.org/1999/xhtml" in start else XML
    if not head or b"\0" in head:
        return BYTES
    try:
        # A character may be cut in two at the end of the head, and nowhere else.
        head.decode()
    except UnicodeDecodeError as error:
        if error.start < HEAD - 4 or len(head) < HEAD:
            return BYTES
    return claim if claim in _TEXTS else TEXT


def dimensions(head: bytes) -> tuple[int, int] | None:
    """Width and height of an image, read from its header and never decoded; None where there are none."""
    try:
        width, height = imagesize.get(BytesIO(head))
    except Exception:  # a header that makes no sense may fail in any way
        return None
    return (int(width), int(height)) if width > 0 and height > 0 else None


def file_name(asked: str | None, sent: str | None) -> str:
    """A name that no file system, URL or header can take for more than a name."""
    name = (asked or sent or "").replace("\\", "/").rpartition("/")[2]
    name = _UNSAFE.sub("", name).strip(" .")[:_LONGEST_NAME].strip(" .")
    return name or "file"


# Serving


def url_of(asset_id: str, document: Mapping[str, Any], tenant: str) -> str | None:
    """Where an asset is for everybody: a path of this server, or a LINK's URL; None for a private file.

    A path tells which content it was made for, so that caches may keep that as long as they like.
    """
    if document["type"] == LINK:
        return str(document["url"])
    if document["access"] == PRIVATE:
        return None
    details = document["details"]
    name = quote(details["filename"], safe="")
    return f"/media/{tenant}/files/{quote(asset_id, safe='')}/{name}?v={content_version(details['etag'])}"


def content_version(etag: str) -> str:
    """What a URL tells of the content that it was made for."""
    return etag[:16]


def shown(
    asset_id: str, document: Mapping[str, Any], tenant: str, created: str, modified: str
) -> dict[str, Any]:
    """What products, categories, brands and labels show of an asset (`attachments.CHANGED`)."""
    view: dict[str, Any] = {
        "id": asset_id,
        "url": url_of(asset_id, document, tenant),
        "createdAt": created,
        "modifiedAt": modified,
    }
    details = document.get("details")
    if details:
        view["contentType"] = details["mimeType"]
        view["customAttributes"] = {
            "id": asset_id,
            "name": details["filename"],
            "type": details["mimeType"],
            "sizeKB": round(details["bytes"] / 1024, 2),
            **document.get("image", {}),
        }
    if document.get("mixins"):
        view["mixins"] = document["mixins"]
    return view


def headers(details: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a file's answer: it is shown in place only if it can't run anything, and nothing of it runs."""
    kind, name = details["mimeType"], details["filename"]
    harmless = kind != SVG and kind.partition("/")[0] in ("image", "audio", "video")
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    disposition = "inline" if harmless else "attachment"
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    return {
        "Content-Type": kind + charset,
        "Content-Length": str(details["bytes"]),
        "Content-Disposition": f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{details["etag"]}"',
    }


def unchanged(if_none_match: str, etag: str) -> bool:
    """Whether a cache that asks holds the content already (RFC 9110 §13.1.2)."""
    held = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return bool(held & {"*", f'"{etag}"'})
