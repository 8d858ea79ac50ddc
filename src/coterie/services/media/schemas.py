"""What travels: assets, in requests and in answers."""

from __future__ import annotations

from typing import Any, Literal

from coterie.kit.wire import Listed, Metadata, MetadataView, Wire

Type = Literal["BLOB", "LINK"]
Access = Literal["PUBLIC", "PRIVATE"]


class RefId(Wire):
    """What an asset is attached to: BRAND, CATEGORY, LABEL, PRODUCT, MODULE, or a type of the tenant's own."""

    type: str
    id: str


class Details(Wire):
    """What the client says of a file. Its type is looked at, not believed."""

    filename: str | None = None
    mime_type: str | None = None


class AssetUpdate(Wire):
    """Body of PUT; it replaces all but `type` and `access`, which must be as they were."""

    type: Type
    access: Access
    url: str | None = None
    ref_ids: Listed[RefId] | None = None
    details: Details | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class AssetCreation(AssetUpdate):
    """Body of POST; without an id one is made."""

    id: str | None = None


class AssetForm(Wire):
    """The parts of a form that creates an asset of the type BLOB."""

    file: bytes
    body: AssetCreation


class AssetUpdateForm(Wire):
    """The parts of a form that replaces one; without `file` it keeps its file."""

    body: AssetUpdate
    file: bytes | None = None


class FileQuery(Wire):
    """`v` tells which content a URL was made for, so that caches may keep it."""

    v: str | None = None


class RefIdView(Wire):
    """A reference in an answer."""

    type: str
    id: str


class DetailsView(Wire):
    """A file in an answer: `bytes` is its size, `etag` the SHA-256 of its content."""

    filename: str
    mime_type: str
    bytes: int
    etag: str


class AssetView(Wire):
    """An asset as clients see it. `url` is absent from a private BLOB, which only its download gives."""

    id: str
    type: Type
    access: Access
    metadata: MetadataView
    url: str | None = None
    ref_ids: list[RefIdView] | None = None
    details: DetailsView | None = None
    vendor_id: str | None = None
    mixins: dict[str, Any] | None = None
