"""What travels: catalogs, in requests and in answers."""

from __future__ import annotations

import msgspec

from coterie.kit.listing import ListQuery
from coterie.kit.wire import Instant, Listed, Wire


class Visibility(Wire):
    """Whether a catalog is visible, and the window in which it is; a missing bound is open."""

    visible: bool | None = None
    from_: Instant | None = msgspec.field(name="from", default=None)
    to: Instant | None = None


class CatalogMetadata(Wire):
    """`metadata` in a request: the version that it is based on."""

    version: int | None = None


class CatalogUpdate(Wire):
    """Body of PUT; it replaces the catalog completely. What is read-only in an answer may be sent, and is ignored."""

    name: dict[str, str]
    description: dict[str, str] | None = None
    visibility: Visibility | None = None
    published_sites: Listed[str] | None = None
    category_ids: Listed[str] | None = None
    metadata: CatalogMetadata | None = None


class CatalogCreation(CatalogUpdate):
    """Body of POST; without an id one is made."""

    id: str | None = None


class CatalogsQuery(ListQuery):
    """Query parameters of the list of catalogs; all that are given must hold.

    `name.de`, `description.de` and so on search one language. A date of `visibilityTo` is the whole day.
    """

    name: str | None = None
    description: str | None = None
    published_site: str | None = None
    visibility_from: Instant | None = None
    visibility_to: str | None = None
    metadata_updated_at: Instant | None = None


class TreesQuery(Wire):
    """Query parameters of the trees: of one catalog, or of those that are published on a site."""

    catalog_id: str | None = None
    site_code: str | None = None


class VisibilityView(Wire):
    """The visibility of a catalog in an answer."""

    visible: bool
    from_: str | None = msgspec.field(name="from", default=None)
    to: str | None = None


class CatalogMetadataView(Wire):
    """`metadata` of a catalog in an answer."""

    version: int
    created_at: str
    updated_at: str


class CatalogView(Wire):
    """A catalog as clients see it; `status` says whether it is visible at the moment of the request."""

    id: str
    name: dict[str, str]
    status: str
    visibility: VisibilityView
    published_sites: list[str]
    category_ids: list[str]
    metadata: CatalogMetadataView
    description: dict[str, str] | None = None
