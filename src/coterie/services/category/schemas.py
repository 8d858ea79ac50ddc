"""What travels: categories, category trees, and the assignments of products."""

from __future__ import annotations

from typing import Any

import msgspec

from coterie.kit.listing import ListQuery
from coterie.kit.wire import Instant, Listed, Metadata, MetadataView, Wire


class Validity(Wire):
    """The window in which a category is valid; a missing bound is open."""

    from_: Instant | None = msgspec.field(name="from", default=None)
    to: Instant | None = None


class OwnMixin(Wire):
    """A mixin that a CLASSIFICATION category defines for its products; required ones must satisfy their schema."""

    name: str
    schema_url: str
    required: bool | None = None


class CategoryUpdate(Wire):
    """Body of PUT; it replaces the category completely. Without `parentId`, or with "root", it is a root.

    `type` and `ownClassificationMixins` stay as they are where it does not name them.
    """

    localized_name: dict[str, str]
    published: bool
    localized_description: dict[str, str] | None = None
    localized_slug: dict[str, str] | None = None
    parent_id: str | None = None
    code: str | None = None
    ecn: Listed[str] | None = None
    validity: Validity | None = None
    position: int | None = None
    type: str | None = None
    own_classification_mixins: Listed[OwnMixin] | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class CategoryCreation(CategoryUpdate):
    """Body of POST; without an id one is made."""

    id: str | None = None


class PublishQuery(Wire):
    """`publish` of the writing operations: it says once more what `published` of the body says."""

    publish: bool | None = None


class DeleteQuery(Wire):
    """Whether the descendants are deleted too; `recursive` is the older name."""

    with_subcategories: bool | None = None
    recursive: bool | None = None


class ShownQuery(Wire):
    """Whether unpublished categories are shown, which takes a scope of its own."""

    show_unpublished: bool | None = None


class ShownListQuery(ListQuery):
    """Query parameters of the lists of categories."""

    show_unpublished: bool | None = None


class SearchQuery(ShownListQuery):
    """Query parameters of the search for categories."""

    show_roots: bool | None = None


class CategoriesQuery(SearchQuery):
    """Query parameters of the list of categories; all that are given must hold."""

    code: str | None = None
    ecn: str | None = None
    localized_name: str | None = None
    localized_description: str | None = None
    localized_slug: str | None = None
    validity_from: Instant | None = None
    validity_to: Instant | None = None
    metadata_modified_at: Instant | None = None


class SubcategoriesQuery(ShownListQuery):
    """Query parameters of the descendants of a category: down to `depth`, 1 for its children alone."""

    depth: int | None = None


class ReferenceQuery(ShownListQuery):
    """Query parameters of the categories of a product."""

    expand_supercategories_ids: bool | None = None


class TreesQuery(ShownQuery):
    """Query parameters of the trees: those that hold one of `categoryIds`, separated by commas."""

    category_ids: str | None = None


class TreeSearch(Wire):
    """Body of the search for trees."""

    category_ids: Listed[str]


class ValidityView(Wire):
    """The window of a category in an answer."""

    from_: str | None = msgspec.field(name="from", default=None)
    to: str | None = None


class OwnMixinView(Wire):
    """A mixin that a CLASSIFICATION category defines, in an answer."""

    name: str
    schema_url: str
    required: bool | None = None


class ClassificationMixinView(Wire):
    """A mixin of a CLASSIFICATION category or of one above it; products hold it at `mixinPath`."""

    name: str
    mixin_path: str
    schema_url: str
    required: bool
    source_category_id: str


class CategoryView(Wire):
    """A category as clients see it. `name` and `description` are the texts in the tenant's default language."""

    id: str
    type: str
    localized_name: dict[str, str]
    position: int
    published: bool
    metadata: MetadataView
    media: list[dict[str, Any]]
    parent_id: str | None = None
    code: str | None = None
    ecn: list[str] | None = None
    name: str | None = None
    description: str | None = None
    localized_description: dict[str, str] | None = None
    localized_slug: dict[str, str] | None = None
    validity: ValidityView | None = None
    supercategories_ids: list[str] | None = None
    own_classification_mixins: list[OwnMixinView] | None = None
    classification_mixins: list[ClassificationMixinView] | None = None
    mixins: dict[str, Any] | None = None


class TreeNode(Wire):
    """A category in a tree, its subcategories in order of position."""

    id: str
    type: str
    localized_name: dict[str, str]
    name: str
    position: int
    published: bool
    subcategories: list[TreeNode]
    code: str | None = None
    ecn: list[str] | None = None
    description: str | None = None
    localized_description: dict[str, str] | None = None
    localized_slug: dict[str, str] | None = None
    validity: ValidityView | None = None


class DeprecatedNode(Wire):
    """A category in the deprecated tree: its texts are those of the tenant's default language."""

    id: str
    name: str
    position: int
    published: bool
    subcategories: list[DeprecatedNode]
    parent_id: str | None = None
    code: str | None = None
    description: str | None = None
    ecn: list[str] | None = None


class Reference(Wire):
    """What is assigned: a product, the only type there is, named in any letter case."""

    id: str
    type: str | None = None


class AssignmentCreation(Wire):
    """Body of POST of an assignment, and an item of the bulk bodies."""

    ref: Reference


class AssignmentTypeQuery(Wire):
    """`assignmentType`, which can only be PRODUCT."""

    assignment_type: str | None = None


class AssignmentsQuery(ShownListQuery):
    """Query parameters of the assignments of a category; all that are given must hold."""

    assignment_type: str | None = None
    with_subcategories: bool | None = None
    segments_ids: str | None = None
    hide_unpublished_products: bool | None = None
    ref_id: str | None = msgspec.field(name="ref.id", default=None)
    ref_localized_name: str | None = msgspec.field(name="ref.localizedName", default=None)


class ReferenceView(Wire):
    """The product of an assignment, with its name of now."""

    id: str
    type: str
    localized_name: dict[str, str] | None = None


class AssignmentView(Wire):
    """An assignment as clients see it."""

    id: str
    category_id: str
    ref: ReferenceView


class AssignmentEntry(Wire):
    """One entry of a 207 answer; `assignmentId` is absent from what was refused."""

    index: int
    code: int
    status: str
    assignment_id: str | None = None
    product_id: str | None = None
    message: str | None = None
    details: list[Any] | None = None
