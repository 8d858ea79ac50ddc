"""Pure decisions of media: what a file is by how it begins, what it may be called, how it is served."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.services.media import rules
from support.media import GIF, JPEG, PDF, PNG, SVG, ZIP, png_of

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XHTML = b'<?xml version="1.0"?><x xmlns="http://www.w3.org/1999/xhtml"/>'


@pytest.mark.parametrize(
    ("head", "claimed", "found"),
    [
        (PNG, "image/jpg", "image/png"),
        (GIF, None, "image/gif"),
        (JPEG, "text/plain", "image/jpeg"),
        (PDF, "image/png", "application/pdf"),
        (ZIP, None, "application/zip"),
        (b"PK\x03\x04" + b"\0" * 60, DOCX, DOCX),
        (b"PK\x03\x04" + b"\0" * 60, "image/png", "application/zip"),
        (b"plain text", "image/png", "text/plain"),
        (b"BMW,1,2\nAudi,3,4\n", "text/csv", "text/csv"),
        (b'{"a": 1}', "application/json; charset=utf-8", "application/json"),
        ("Ünï".encode(), None, "text/plain"),
        (("ü" * rules.HEAD).encode()[1 : rules.HEAD + 1], None, "application/octet-stream"),
        (b"a" + ("ü" * rules.HEAD).encode()[: rules.HEAD - 1], None, "text/plain"),
        (b"", "image/png", "application/octet-stream"),
        (b"\xff\xfe<\0h\0t\0m\0l\0>\0", "text/plain", "application/octet-stream"),
        (b"\0\1\2", "text/plain", "application/octet-stream"),
        (PNG[:20], "image/png", "application/octet-stream"),
        (SVG, "image/png", "image/svg+xml"),
        (b"<svg:svg xmlns:svg='http://www.w3.org/2000/svg'/>", None, "image/svg+xml"),
        (b'<?xml version="1.0"?><BMECAT/>', None, "application/xml"),
    ],
    ids=range(20),
)
def test_a_type_is_looked_at_and_not_believed(head: bytes, claimed: str | None, found: str) -> None:
    assert rules.media_type(head, claimed) == found


@pytest.mark.parametrize(
    ("head", "claimed"),
    [
        (b"<!DOCTYPE html><p>x", None),
        (b"\xef\xbb\xbf \r\n<HTML>", "image/png"),
        (b"<script>alert(1)</script>", "text/plain"),
        (b"<!-- x --><!doctype html >", None),
        (b"<iframe src=x>", None),
        (XHTML, "application/xml"),
        (b"alert(1)", "text/javascript"),
        (PNG, "text/html"),
        (b"x", "application/xhtml+xml; charset=utf-8"),
    ],
)
def test_what_browsers_run_is_refused(head: bytes, claimed: str | None) -> None:
    assert rules.media_type(head, claimed) is None


@pytest.mark.parametrize(("head", "size"), [(PNG, (96, 96)), (GIF, (3, 4)), (JPEG, (6, 5))])
def test_an_image_s_size_is_read_from_its_header(head: bytes, size: tuple[int, int]) -> None:
    assert rules.dimensions(head) == size


def test_a_size_of_many_pixels_is_read_without_any() -> None:
    assert rules.dimensions(png_of(100_000, 90_000)) == (100_000, 90_000)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", PNG[:8], GIF[:6], JPEG[:4], b"RIFF\0\0\0\0WEBP", b"BM", b"II*\0"]),
)
def test_no_beginning_of_a_file_is_too_much(rest: bytes, start: bytes) -> None:
    head = start + rest
    kind = rules.media_type(head, None)
    assert kind is None or "/" in kind
    rules.dimensions(head)


@pytest.mark.parametrize(
    ("asked", "sent", "name"),
    [
        ("a.png", "b.png", "a.png"),
        (None, "b.png", "b.png"),
        (None, None, "file"),
        ("../../etc/passwd", None, "passwd"),
        ("..\\..\\boot.ini", None, "boot.ini"),
        ("C:\\x\\", None, "file"),
        ("/", None, "file"),
        (".htaccess", None, "htaccess"),
        ("a\r\nX-Evil: 1", None, "aX-Evil 1"),
        ('a"b;c', None, "ab;c"),
        ("photo\u202egnp.exe", None, "photognp.exe"),
        ("x" * 500, None, "x" * 200),
        ("Größe 5.png", None, "Größe 5.png"),
    ],
)
def test_a_name_is_no_more_than_a_name(asked: str | None, sent: str | None, name: str) -> None:
    assert rules.file_name(asked, sent) == name


@given(st.text(max_size=300))
def test_any_name_fits_into_urls_and_headers(text: str) -> None:
    name = rules.file_name(text.encode("utf-8", "replace").decode(), None)
    details = {"filename": name, "mimeType": "image/png", "bytes": 1, "etag": "e" * 64}
    url = rules.url_of("id", {"type": "BLOB", "access": "PUBLIC", "details": details}, "demo")
    assert url is not None
    assert url.isascii()
    assert unquote(url.split("/")[-1].partition("?")[0]) == name
    disposition = rules.headers(details)["Content-Disposition"]
    assert disposition.isascii()
    assert disposition.isprintable()
    assert disposition.count('"') == 2


@pytest.mark.parametrize(
    ("kind", "disposition"),
    [
        ("image/png", "inline"),
        ("video/mp4", "inline"),
        ("image/svg+xml", "attachment"),
        ("application/pdf", "attachment"),
        ("text/plain", "attachment"),
        ("application/xml", "attachment"),
    ],
)
def test_only_what_can_t_run_anything_is_shown_in_place(kind: str, disposition: str) -> None:
    headers = rules.headers({"filename": "a", "mimeType": kind, "bytes": 1, "etag": "e"})
    assert headers["Content-Disposition"].startswith(disposition)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
