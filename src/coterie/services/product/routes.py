"""The operations of the product service: read this first."""

from __future__ import annotations

from coterie.attachments import CHANGED, follow
from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.services.product import events
from coterie.services.product.operations import links, products
from coterie.services.product.operations.products import RESOURCE
from coterie.services.product.schemas import ProductCreated, ProductView
from coterie.services.product.tables import product_media

MANAGE = ("product.product_manage",)

SERVICE = Service(
    name="product",
    title="Product Service",
    prefix="/product/{tenant}",
    dialect=Dialect(
        details="strings",
        texts={
            "not_found": "The {noun} with id {id} has not been found.",
            "changed": "The resource that was requested for update has changed. "
            "Please retry your request with valid version.",
            "missing_scopes": "Missing required scopes '[{scopes}]'",
        },
    ),
    events=events.ALL,
    reactions={
        CHANGED: follow(product_media, "PRODUCT"),
        "assignment.created": links.add_categories,
        "assignment.deleted": links.remove_categories,
        "customer-segment.item-assignment-created": links.add_segments,
        "customer-segment.item-assignment-deleted": links.remove_segments,
    },
    rows=(
        # Published products are open to any token, unpublished ones take product.product_read_unpublished;
        # changing `published` takes product.product_publish or product.product_unpublish besides.
        op("GET", "/products", RESOURCE.list, ANY, 200),
        op("POST", "/products", RESOURCE.create, MANAGE, 201),
        op("POST", "/products/search", RESOURCE.search, ANY, 200),
        op("POST", "/products/bulk", RESOURCE.create_bulk, MANAGE, 207),
        op("PUT", "/products/bulk", RESOURCE.upsert_bulk, MANAGE, 207),
        op("GET", "/products/{productId}", RESOURCE.get, ANY, 200),
        op("PUT", "/products/{productId}", products.put_product, MANAGE, 201, 204, answer=ProductCreated),
        op("PATCH", "/products/{productId}", RESOURCE.patch, MANAGE, 204),
        op("DELETE", "/products/{productId}", RESOURCE.delete, MANAGE, 204),
        op(
            "POST",
            "/search",
            products.search_by_yrns,
            ANY,
            200,
            answer=list[ProductView],
            mode="read",
            extension=True,
        ),
    ),
)
