"""The operations of the product service: read this first."""

from __future__ import annotations

from typing import Any

from coterie.attachments import CHANGED, follow
from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, PUBLIC, Service, op
from coterie.kit.wire import Created
from coterie.services.product import events
from coterie.services.product.operations import (
    classification,
    indexing,
    links,
    products,
    reading,
    recalculation,
    templates,
)
from coterie.services.product.schemas.jobs import JobView, RecalculationView
from coterie.services.product.schemas.products import ProductCreated, ProductEntry, ProductView
from coterie.services.product.schemas.templates import TemplateView
from coterie.services.product.tables import product_media

ALL_MANAGE = ("product.product_manage",)
MANAGE = (*ALL_MANAGE, "product.product_manage_by_vendor")
TEMPLATE_READ, TEMPLATE_MANAGE = ("product.product_template_read",), ("product.product_template_manage",)

_PRODUCT = "/products/{productId}"
_JOBS = "/products/recalculate/jobs"
_TEMPLATES = "/product-templates"
_TEMPLATE = "/product-templates/{product-template-id}"
_FIELDS = "/indexed-fields"

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
        "assignment.created": links.add_categories,
        "assignment.deleted": links.remove_categories,
        "customer-segment.item-assignment-created": links.add_segments,
        "customer-segment.item-assignment-deleted": links.remove_segments,
        CHANGED: follow(product_media, "PRODUCT"),
        "category.classified": classification.follow,
        "category.deleted": classification.forget,
    },
    jobs={recalculation.JOB: recalculation.run, indexing.JOB: indexing.run},
    job_days={recalculation.JOB: recalculation.DAYS},
    rows=(
        # Published products are open to any token, unpublished ones take product.product_read_unpublished or are the
        # own vendor's; changing `published` takes product.product_publish or product.product_unpublish besides.
        op("GET", "/products", reading.list_products, ANY, 200, answer=list[ProductView]),
        op("POST", "/products", products.create, MANAGE, 201, answer=ProductCreated),
        op("POST", "/products/search", reading.search, ANY, 200, answer=list[ProductView], mode="read"),
        op("POST", "/products/bulk", products.create_bulk, MANAGE, 207, answer=list[ProductEntry]),
        op("PUT", "/products/bulk", products.upsert_bulk, MANAGE, 207, answer=list[ProductEntry]),
        op("GET", _PRODUCT, reading.get, ANY, 200, answer=ProductView),
        op("PUT", _PRODUCT, products.put, MANAGE, 201, 204, answer=ProductCreated),
        op("PATCH", _PRODUCT, products.patch, MANAGE, 204),
        op("DELETE", _PRODUCT, products.delete_product, MANAGE, 204),
        op(
            "POST",
            "/search",
            reading.search_by_yrns,
            ANY,
            200,
            answer=list[ProductView],
            mode="read",
            extension=True,
        ),
        # Trees of dynamic variants
        op(
            "POST",
            "/products/recalculate",
            recalculation.trigger,
            ALL_MANAGE,
            202,
            answer=RecalculationView,
        ),
        op("GET", _JOBS, recalculation.list_jobs, ALL_MANAGE, 200, answer=list[JobView]),
        op("GET", _JOBS + "/{jobId}", recalculation.get_job, ALL_MANAGE, 200, answer=JobView),
        # Templates
        op("GET", _TEMPLATES, templates.RESOURCE.list, TEMPLATE_READ, 200),
        op("POST", _TEMPLATES, templates.create, TEMPLATE_MANAGE, 201, answer=Created),
        op("GET", _TEMPLATE, templates.get, TEMPLATE_READ, 200, answer=TemplateView),
        op("PUT", _TEMPLATE, templates.put, TEMPLATE_MANAGE, 204),
        op("DELETE", _TEMPLATE, templates.delete_template, TEMPLATE_MANAGE, 204),
        op(
            "GET",
            _TEMPLATE + "/versions/{version}/{schema}",
            templates.schema,
            PUBLIC,
            200,
            answer=dict[str, Any],
            extension=True,
        ),
        # Fields that searches find by an index
        op("GET", _FIELDS, indexing.list_fields, ALL_MANAGE, 200, extension=True),
        op("PUT", _FIELDS, indexing.put_fields, ALL_MANAGE, 200, extension=True),
    ),
)
