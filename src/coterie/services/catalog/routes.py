"""The operations of the catalog service: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.services.catalog import events, operations
from coterie.services.catalog.operations import RESOURCE
from coterie.services.catalog.schemas import CatalogView
from coterie.services.category.facade import TreeNode

MANAGE = ("catalog.catalog_manage",)
_CHANGED = (
    "Cannot find the entity with an id: {id} and the version that was sent. It is possible to update an entity with "
    "the latest version only. Fetch the entity to get the latest version."
)

SERVICE = Service(
    name="catalog",
    title="Catalog Service",
    prefix="/catalog/{tenant}",
    dialect=Dialect(
        id_name="id",
        details="strings",
        texts={
            "not_found.catalog": "Catalog with id '{id}' not found.",
            "exists": "Given resource already exists.",
            "changed": _CHANGED,
            "forbidden": "Permission denied due to insufficient rights",
            "missing_scopes": "Permission denied due to insufficient rights",
        },
    ),
    events=events.ALL,
    reactions={
        "category.deleted": operations.forget_categories,
        "site.site-deleted": operations.forget_sites,
    },
    rows=(
        op("GET", "/catalogs", operations.list_catalogs, ANY, 200, answer=list[CatalogView]),
        op("POST", "/catalogs", RESOURCE.create, MANAGE, 201),
        op("GET", "/catalogs/{catalogId}", RESOURCE.get, ANY, 200),
        op("PUT", "/catalogs/{catalogId}", RESOURCE.upsert, MANAGE, 201, 204),
        op("PATCH", "/catalogs/{catalogId}", RESOURCE.patch, MANAGE, 204),
        op("DELETE", "/catalogs/{catalogId}", RESOURCE.delete, MANAGE, 204),
        op(
            "GET",
            "/catalogs/categories/{categoryId}",
            operations.list_of_category,
            ANY,
            200,
            answer=list[CatalogView],
        ),
        op(
            "GET",
            "/category-trees",
            operations.category_trees,
            ANY,
            200,
            answer=list[TreeNode],
            extension=True,
        ),
    ),
)
