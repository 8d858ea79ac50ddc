"""What travels: products, in requests and in answers."""

from __future__ import annotations

from typing import Any

from coterie.kit.wire import BulkEntry, Created, Listed, Metadata, MetadataView, Wire

Text = str | dict[str, str]
"""A localised text: in one language, or as a map from language to text (CONTRACT §2.6)."""


class RelatedItem(Wire):
    """Another product, and how it is related."""

    ref_id: str
    type: str


class Vendor(Wire):
    """The vendor whose product it is."""

    id: str
    name: str | None = None


class ProductUpdate(Wire):
    """Body of PUT; it replaces the product completely."""

    code: str
    name: Text
    description: Text | None = None
    product_type: str | None = None
    published: bool | None = None
    tax_classes: dict[str, str] | None = None
    related_items: Listed[RelatedItem] | None = None
    brand_id: str | None = None
    label_ids: Listed[str] | None = None
    vendor: Vendor | None = None
    vendor_id: str | None = None
    weight_dependent: bool | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class ProductCreation(ProductUpdate):
    """Body of POST; without an id one is made."""

    id: str | None = None


class ProductItem(ProductUpdate):
    """An item of a bulk PUT."""

    id: str


class PutQuery(Wire):
    """Query parameters of PUT."""

    partial: bool | None = None


class RelatedItemView(Wire):
    """A related product in an answer."""

    ref_id: str
    type: str


class VendorView(Wire):
    """The vendor in an answer."""

    id: str
    name: str | None = None


class ProductView(Wire):
    """A product as clients see it."""

    id: str
    yrn: str
    code: str
    name: Text
    product_type: str
    published: bool
    category_ids: list[str]
    customer_segment_ids: list[str]
    media: list[dict[str, Any]]
    metadata: MetadataView
    description: Text | None = None
    tax_classes: dict[str, str] | None = None
    related_items: list[RelatedItemView] | None = None
    brand_id: str | None = None
    label_ids: list[str] | None = None
    vendor: VendorView | None = None
    vendor_id: str | None = None
    weight_dependent: bool | None = None
    mixins: dict[str, Any] | None = None


class ProductCreated(Created):
    """The answer of a creation."""

    yrn: str


class ProductEntry(BulkEntry):
    """One entry of a bulk answer."""

    yrn: str | None = None


class YrnSearch(Wire):
    """Products by their yrns, in either form (CONTRACT §2.9)."""

    yrns: list[str]
