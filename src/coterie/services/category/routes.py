"""The operations of the category service: read this first."""

from __future__ import annotations

from coterie.attachments import CHANGED, follow
from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.kit.wire import Created
from coterie.services.category import events
from coterie.services.category.operations import assignments, categories, links, lookup, stamps, trees
from coterie.services.category.schemas import (
    AssignmentEntry,
    AssignmentView,
    CategoryView,
    DeprecatedNode,
    TreeNode,
)
from coterie.services.category.tables import category_media

MANAGE = ("category.category_manage",)

_CATEGORY = "/categories/{categoryId}"
_ASSIGNMENTS = "/categories/{categoryId}/assignments"
_REFERENCE = "/categories/{categoryId}/assignments/references/{referenceId}"
_REFERENCES = "/assignments/references/{referenceId}"

SERVICE = Service(
    name="category",
    title="Category Service",
    prefix="/category/{tenant}",
    dialect=Dialect(
        details="strings",
        texts={
            "invalid": "Constraint validation failed",
            "language.Accept-Language": "Accept-Language validation failed.",
            "not_found": "Error while getting {noun}",
            "missing_scopes": "You need a scope for this action.",
        },
    ),
    events=events.ALL,
    reactions={
        **dict.fromkeys(
            (
                events.CATEGORY_CREATED,
                events.CATEGORY_UPDATED,
                events.CATEGORY_DELETED,
                events.REBUILT,
            ),
            stamps.changed,
        ),
        CHANGED: follow(category_media, "CATEGORY"),
        "product.deleted": links.forget_products,
        "customer-segment.item-assignment-created": links.link_segments,
        "customer-segment.item-assignment-deleted": links.unlink_segments,
    },
    rows=(
        # Published categories are open to any token; showUnpublished takes category.category_read_unpublished, and
        # changing `published` takes category.category_publish or category.category_unpublish besides.
        op("GET", "/categories", lookup.list_categories, ANY, 200, answer=list[CategoryView]),
        op("POST", "/categories", categories.create, MANAGE, 201, answer=Created),
        op("POST", "/categories/search", lookup.search, ANY, 200, answer=list[CategoryView], mode="read"),
        op("GET", _CATEGORY, lookup.get, ANY, 200, answer=CategoryView),
        op("PUT", _CATEGORY, categories.put, MANAGE, 201, 204, answer=Created),
        op("PATCH", _CATEGORY, categories.patch, MANAGE, 204),
        op("DELETE", _CATEGORY, categories.delete_category, MANAGE, 204),
        op("GET", _CATEGORY + "/parents", lookup.parents, ANY, 200, answer=list[CategoryView]),
        op("GET", _CATEGORY + "/subcategories", lookup.subcategories, ANY, 200, answer=list[CategoryView]),
        # Trees
        op("GET", "/category-trees", trees.list_trees, ANY, 200, answer=list[TreeNode]),
        op(
            "POST", "/category-trees/search", trees.search_trees, ANY, 200, answer=list[TreeNode], mode="read"
        ),
        op("GET", "/category-trees/{categoryId}", trees.get_tree, ANY, 200, answer=TreeNode),
        op(
            "POST",
            "/category-trees/{rootCategoryId}/rebuild",
            trees.rebuild_tree,
            MANAGE,
            200,
            answer=TreeNode,
        ),
        op(
            "GET",
            "/categories/categoryTree",
            trees.get_deprecated_tree,
            ANY,
            200,
            answer=DeprecatedNode,
            deprecated=True,
            dialect=Dialect(envelope="B"),
        ),
        # Products of a category
        op("GET", _ASSIGNMENTS, assignments.list_assignments, ANY, 200, answer=list[AssignmentView]),
        op("POST", _ASSIGNMENTS, assignments.create, MANAGE, 201, answer=Created),
        op("DELETE", _ASSIGNMENTS, assignments.delete_all, MANAGE, 204),
        op(
            "POST", _ASSIGNMENTS + "/bulk", assignments.create_bulk, MANAGE, 207, answer=list[AssignmentEntry]
        ),
        op(
            "PUT",
            _ASSIGNMENTS + "/references/bulk",
            assignments.put_bulk,
            MANAGE,
            207,
            answer=list[AssignmentEntry],
        ),
        op("PUT", _REFERENCE, assignments.put, MANAGE, 201, 204, answer=Created),
        op("DELETE", _REFERENCE, assignments.delete_reference, MANAGE, 204),
        op("DELETE", _ASSIGNMENTS + "/{assignmentId}", assignments.delete_one, MANAGE, 204),
        # Categories of a product
        op("GET", _REFERENCES, assignments.list_categories_of, ANY, 200, answer=list[CategoryView]),
        op("DELETE", _REFERENCES, assignments.delete_references, MANAGE, 204),
    ),
)
