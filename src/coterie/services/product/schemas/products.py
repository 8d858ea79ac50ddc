"""Products, in requests and in answers."""

from __future__ import annotations

from typing import Any, Literal

from coterie.kit.listing import FieldsQuery, ListQuery
from coterie.kit.wire import BulkEntry, Created, Listed, MetadataView, Wire
from coterie.services.product.schemas.templates import TemplateShown
from coterie.services.product.schemas.texts import Scalar, Text


class RelatedItem(Wire):
    """Another product, and how it is related."""

    ref_id: str
    type: str


class Vendor(Wire):
    """The vendor whose product it is."""

    id: str
    name: str | None = None


class TemplateChoice(Wire):
    """The version of a template that a product follows."""

    id: str
    version: int


class BundledProduct(Wire):
    """A product in a bundle, and how often."""

    product_id: str
    amount: int


class AttributeValue(Wire):
    """A value that an attribute can have."""

    key: Scalar


class DynamicValue(Wire):
    """The value of a dynamic variant's attribute: `qualifier` is of the type that `type` names."""

    type: Literal["STRING", "NUMBER", "DECIMAL", "BOOLEAN"]
    qualifier: Scalar
    name: Text | None = None
    unit: str | None = None


class DynamicAttribute(Wire):
    """An attribute that tells a dynamic variant from its parent."""

    value: DynamicValue
    name: Text | None = None


class ProductMetadata(Wire):
    """`metadata` in a request; `overridden` names what a variant does not inherit."""

    version: int | None = None
    mixins: dict[str, Any] | None = None
    overridden: list[str] | None = None


class ProductPart(Wire):
    """The fields of a product that a request may hold, of all types of products; one type ignores those of others."""

    code: str | None = None
    name: Text | None = None
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
    template: TemplateChoice | None = None
    bundled_products: Listed[BundledProduct] | None = None
    variant_attributes: dict[str, list[AttributeValue]] | None = None
    parent_variant_id: str | None = None
    dynamic_variant_type: str | None = None
    sellable: bool | None = None
    own_variant_attributes: dict[str, DynamicAttribute] | None = None
    mixins: dict[str, Any] | None = None
    metadata: ProductMetadata | None = None


class ProductUpdate(ProductPart):
    """A whole product, as PUT replaces it. Of PUT with `partial=true` only what is to change is read."""

    code: str
    name: Text


class ProductCreation(ProductUpdate):
    """Body of POST; without an id one is made."""

    id: str | None = None


class ProductItem(ProductUpdate):
    """An item of a bulk PUT."""

    id: str


class WriteQuery(Wire):
    """Query parameters of every write. `doIndex` is for a search index, which there is none of here."""

    skip_variant_generation: bool | None = None
    do_index: bool | None = None
    skip_related_items_validation: bool | None = None


class PutQuery(WriteQuery):
    """Query parameters of PUT."""

    partial: bool | None = None


class DeleteQuery(Wire):
    """Query parameters of DELETE; `force` takes a parent's variants along."""

    force: bool | None = None
    do_index: bool | None = None


class ProductsQuery(ListQuery):
    """Query parameters of a list of products."""

    expand: str | None = None
    raw_value: bool | None = None


class ProductQuery(FieldsQuery):
    """Query parameters of one product."""

    expand: str | None = None
    raw_value: bool | None = None


class RelatedItemView(Wire):
    """A related product in an answer."""

    ref_id: str
    type: str


class VendorView(Wire):
    """The vendor in an answer."""

    id: str
    name: str | None = None


class BundledProductView(Wire):
    """A product in a bundle in an answer."""

    product_id: str
    amount: int


class AttributeValueView(Wire):
    """A value of an attribute in an answer."""

    key: Scalar


class DynamicValueView(Wire):
    """The value of a dynamic variant's attribute in an answer."""

    type: str
    qualifier: Scalar
    name: Text | None = None
    unit: str | None = None


class DynamicAttributeView(Wire):
    """An attribute of a dynamic variant in an answer."""

    value: DynamicValueView
    name: Text | None = None


class VariantEntry(Wire):
    """A product of a tree in the `variants` of its root, with all its attributes. `published`: for those who see
    unpublished products."""

    version: int
    code: str
    name: Text
    parent_variant_id: str
    variant_attributes: dict[str, DynamicAttributeView]
    sellable: bool | None = None
    published: bool | None = None
    dynamic_variant_type: str | None = None


class TreeProblem(Wire):
    """What is wrong with the tree of a dynamic variant."""

    missing_ancestor_id: str


class ClassificationMixinView(Wire):
    """A mixin that a product has to hold at `mixinPath` because of a CLASSIFICATION category.

    `usedSchemaUrl` is the schema that it is held by, if it is; it is obsolete when the category has another by now.
    """

    name: str
    mixin_path: str
    schema_url: str
    required: bool
    source_category_id: str
    used_schema_url: str | None = None
    obsolete_schema_url_used: bool | None = None


class BrandShown(Wire):
    """The brand of a product, where `expand` asks for it."""

    id: str
    name: str
    localized_name: dict[str, str]
    description: str | None = None
    localized_description: dict[str, str] | None = None
    image: str | None = None
    cloudinary_url: str | None = None
    media_id: str | None = None


class LabelOverlay(Wire):
    """Whether a label lies over the images of its products, and at which position."""

    position: int | float
    is_true: bool | None = None


class LabelShown(Wire):
    """A label of a product, where `expand` asks for it."""

    id: str
    name: str
    description: Text | None = None
    overlay: LabelOverlay | None = None
    image: str | None = None
    cloudinary_url: str | None = None
    media_id: str | None = None


class ProductMetadataView(MetadataView):
    """`metadata` of a product in an answer."""

    overridden: list[str] | None = None
    dynamic_variant_info: TreeProblem | None = None
    classification_mixins: list[ClassificationMixinView] | None = None


class ProductView(Wire):
    """A product as clients see it. With `rawValue=false` a variant lacks what it inherits, but for its name."""

    id: str
    yrn: str
    code: str
    name: Text
    product_type: str
    category_ids: list[str]
    customer_segment_ids: list[str]
    media: list[dict[str, Any]]
    metadata: ProductMetadataView
    published: bool | None = None
    description: Text | None = None
    tax_classes: dict[str, str] | None = None
    related_items: list[RelatedItemView] | None = None
    brand_id: str | None = None
    brand: BrandShown | None = None
    label_ids: list[str] | None = None
    labels: list[LabelShown] | None = None
    vendor: VendorView | None = None
    vendor_id: str | None = None
    weight_dependent: bool | None = None
    template: TemplateShown | None = None
    bundled_products: list[BundledProductView] | None = None
    variant_attributes: dict[str, list[AttributeValueView]] | None = None
    parent_variant_id: str | None = None
    parent_variant: ProductView | None = None
    parent_variant_path: list[str] | None = None
    dynamic_variant_type: str | None = None
    sellable: bool | None = None
    own_variant_attributes: dict[str, DynamicAttributeView] | None = None
    inherited_variant_attributes: dict[str, DynamicAttributeView] | None = None
    variants: dict[str, VariantEntry] | None = None
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
