"""The pages that the server has of its own: the interactive API documentation, which needs no other host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

# Swagger UI writes style attributes and draws its icons from data: URLs. Scripts come from files only, and
# calls go to the server that the page came from.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HTML, _SCRIPT, _STYLE = (f"text/{kind}; charset=utf-8" for kind in ("html", "javascript", "css"))
# Our own files may change with every release; the vendored ones are large and seldom do.
_FRESH, _KEPT = "no-cache", "public, max-age=86400"
_FILES = (
    ("/docs", "docs.html", _HTML, _FRESH),
    ("/docs/start.js", "start.js", _SCRIPT, _FRESH),
    ("/docs/swagger-ui-bundle.js", "swagger-ui/swagger-ui-bundle.js", _SCRIPT, _KEPT),
    ("/docs/swagger-ui.css", "swagger-ui/swagger-ui.css", _STYLE, _KEPT),
)


@dataclass(frozen=True)
class Page:
    """A page as it is sent."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def load() -> dict[str, Page]:
    """All pages by path, without a trailing slash; read once, when the server starts."""
    static = files("coterie.description") / "static"
    pages = {"/": Page(302, b"", MappingProxyType({"Location": "/docs", "Cache-Control": _FRESH}))}
    for path, name, media, cached in _FILES:
        headers = {
            "Content-Type": media,
            "Cache-Control": cached,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": _CSP,
        }
        pages[path] = Page(200, static.joinpath(name).read_bytes(), MappingProxyType(headers))
    return pages
