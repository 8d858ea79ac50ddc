"""Brands, labels and pictures of the demo tenant, as request bodies; the pictures are drawn here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coterie.cli.demo_data.catalogue import brands, categories, products
from coterie.cli.demo_data.pictures import picture

Body = dict[str, Any]
LABELS = (
    ("ships-worldwide", "Ships worldwide", "Versand weltweit", 1),
    ("three-years", "3 years warranty", "3 Jahre Garantie", 2),
)
# The first products of this many have a picture of their own.
_PICTURED = 40


def brand_bodies() -> list[Body]:
    """Bodies of POST /brands."""
    return [
        {
            "id": id,
            "name": name,
            "description": f"Tools and supplies by {name}",
            "localizedDescription": {
                "en": f"Tools and supplies by {name}",
                "de": f"Werkzeug und Zubehör von {name}",
            },
        }
        for id, name in brands().items()
    ]


def label_bodies() -> list[Body]:
    """Bodies of POST /labels."""
    return [
        {
            "id": id,
            "name": english,
            "description": {"en": english, "de": german},
            "overlay": {"position": position, "isTrue": True},
        }
        for id, english, german, position in LABELS
    ]


def pictures() -> Iterator[tuple[Body, bytes]]:
    """The `body` of each asset with its file: of brands, labels, top categories, and some products."""
    for id in brands():
        yield _asset("brand", id), picture(id, round=True)
    for id, *_ in LABELS:
        yield _asset("label", id), picture(id, round=True)
    for body in categories():
        if "parentId" not in body:
            yield _asset("category", body["id"]), picture(body["id"])
    for body in products()[:_PICTURED]:
        yield _asset("product", body["id"]), picture(body["id"])


def _asset(kind: str, id: str) -> Body:
    return {
        "id": f"{kind}-{id}",
        "type": "BLOB",
        "access": "PUBLIC",
        "refIds": [{"type": kind.upper(), "id": id}],
        "details": {"filename": f"{id}.png", "mimeType": "image/png"},
    }
