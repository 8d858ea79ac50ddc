"""A category's media: the copy of what it shows of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from coterie.attachments import attached, located
from coterie.kit.call import Call
from coterie.kit.store import Document
from coterie.services.category.tables import category, category_media

_SHOWN = ("id", "contentType", "customAttributes", "mixins")


def with_media() -> Select[Any]:
    """All categories, each with its media besides."""
    return select(category, attached(category_media, category).label("media"))


def shown(call: Call, media: list[Document]) -> list[Document]:
    """A category's media as clients see them."""
    return [
        {
            **{name: each[name] for name in _SHOWN if name in each},
            "url": located(call, each["url"]),
            "metadata": {"createdAt": each["createdAt"], "modifiedAt": each["modifiedAt"]},
        }
        for each in media
    ]
