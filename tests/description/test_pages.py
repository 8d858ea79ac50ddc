"""The documentation pages: complete without any other host, and the vendored files as they were published."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files

import pytest

from coterie.description.pages import Page, load

VENDORED = files("coterie.description") / "static" / "swagger-ui"


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    return load()


def test_the_root_leads_to_the_documentation(pages: dict[str, Page]) -> None:
    root = pages["/"]
    assert (root.status, root.body, root.headers["Location"]) == (302, b"", "/docs")
    assert root.headers["Location"] in pages


def test_the_page_needs_nothing_that_is_not_served(pages: dict[str, Page]) -> None:
    html = pages["/docs"].body.decode()
    wanted = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert {each for each in wanted if each.startswith("/docs/")} == set(pages) - {"/", "/docs"}
    assert all(each.startswith(("/docs/", "data:")) or each == "/openapi.json" for each in wanted)
    assert b'fetch("/openapi.json")' in pages["/docs/start.js"].body
    style = pages["/docs/swagger-ui.css"].body
    assert all(each.startswith(b"data:") for each in re.findall(rb"""url\(\s*["']?([^"')]*)""", style))
    assert b"@import" not in style


def test_the_page_has_no_inline_script(pages: dict[str, Page]) -> None:
    html = pages["/docs"].body.decode()
    assert re.findall(r"<script[^>]*>", html) == re.findall(r'<script src="[^"]+">', html)
    assert not re.search(r"\son\w+=", html)


def test_headers_are_those_of_a_safe_page(pages: dict[str, Page]) -> None:
    kinds = {
        "/docs": "text/html; charset=utf-8",
        "/docs/start.js": "text/javascript; charset=utf-8",
        "/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
        "/docs/swagger-ui.css": "text/css; charset=utf-8",
    }
    assert {path: page.headers.get("Content-Type") for path, page in pages.items() if path != "/"} == kinds
    for path in kinds:
        headers = pages[path].headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"]
        policy = dict(each.strip().split(" ", 1) for each in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["connect-src"] == "'self'"


def test_vendored_files_are_as_published() -> None:
    sums = VENDORED.joinpath("SHA256SUMS").read_text()
    listed = {name: digest for digest, name in map(str.split, sums.splitlines())}
    present = {each.name for each in VENDORED.iterdir()} - {"SHA256SUMS"}
    assert set(listed) == present
    for name, digest in listed.items():
        found = hashlib.sha256(VENDORED.joinpath(name).read_bytes()).hexdigest()
        assert found == digest, f"{name} was changed; docs/decisions/0003 tells how to update it"


def test_pages_cannot_be_changed(pages: dict[str, Page]) -> None:
    with pytest.raises(TypeError):
        pages["/docs"].headers["X-Extra"] = "1"  # type: ignore[index]
