"""What travels: labels, in requests and in answers."""

from __future__ import annotations

from coterie.kit.listing import ListQuery
from coterie.kit.wire import MetadataView, Wire

Text = str | dict[str, str]
"""A text in no language in particular, or a map of its translations."""


class Overlay(Wire):
    """Whether the label lies over the images of its products, and at which position."""

    position: int | float
    is_true: bool | None = None


class Version(Wire):
    """`metadata` of a request: the version that it is based on."""

    version: int | None = None


class LabelUpdate(Wire):
    """Body of PUT; it replaces the label completely."""

    name: str
    description: Text
    overlay: Overlay | None = None
    metadata: Version | None = None


class LabelCreation(LabelUpdate):
    """Body of POST; without an id one is made."""

    id: str | None = None


class LabelsQuery(ListQuery):
    """Query parameters of the list; `justOverlay` leaves those with a position of 1 or more."""

    just_overlay: bool | None = None


class OverlayView(Wire):
    """The overlay in an answer."""

    position: int | float
    is_true: bool | None = None


class LabelView(Wire):
    """A label as clients see it; `image` and what goes with it only where media has attached one."""

    id: str
    name: str
    description: Text
    metadata: MetadataView
    overlay: OverlayView | None = None
    image: str | None = None
    cloudinary_url: str | None = None
    media_id: str | None = None
