"""What travels: session contexts, and the attributes that clients keep in them."""

from __future__ import annotations

from typing import Any

from coterie.kit.wire import Metadata, MetadataView, Wire


class ContextUpdate(Wire):
    """Body of PUT: what is left out stays as it is. Of `metadata` the version counts."""

    customer_id: str | None = None
    site_code: str | None = None
    currency: str | None = None
    cart_id: str | None = None
    target_location: str | None = None
    language: str | None = None
    context: dict[str, Any] | None = None
    metadata: Metadata | None = None


class UpsertQuery(Wire):
    """Whether a session context that is not there is created."""

    upsert: bool | None = None


class AttributeCreation(Wire):
    """An attribute to be kept in the context: text, an object, or whatever else JSON has."""

    key: str
    value: Any


class ContextView(Wire):
    """A session context as clients see it."""

    session_id: str
    context: dict[str, Any]
    metadata: MetadataView
    customer_id: str | None = None
    site_code: str | None = None
    currency: str | None = None
    cart_id: str | None = None
    target_location: str | None = None
    language: str | None = None
