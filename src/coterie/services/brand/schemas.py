"""What travels: brands, in requests and in answers."""

from __future__ import annotations

from coterie.kit.wire import MetadataView, Wire


class Version(Wire):
    """`metadata` of a request: the version that it is based on."""

    version: int | None = None


class BrandUpdate(Wire):
    """Body of PUT; it replaces the brand completely. It needs `name` or `localizedName`."""

    name: str | None = None
    description: str | None = None
    localized_name: dict[str, str] | None = None
    localized_description: dict[str, str] | None = None
    metadata: Version | None = None


class BrandCreation(BrandUpdate):
    """Body of POST; without an id one is made."""

    id: str | None = None


class BrandView(Wire):
    """A brand as clients see it; `image` and what goes with it only where media has attached one."""

    id: str
    name: str
    localized_name: dict[str, str]
    metadata: MetadataView
    description: str | None = None
    localized_description: dict[str, str] | None = None
    image: str | None = None
    cloudinary_url: str | None = None
    media_id: str | None = None
