"""The operations of the customer-segment service: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import Service, op
from coterie.kit.wire import BulkEntry, Created
from coterie.services.customer_segment import events
from coterie.services.customer_segment.operations import (
    counts,
    customers,
    explanations,
    exports,
    imports,
    items,
    match,
    segments,
    stamps,
    storefront,
    trees,
    uses,
)
from coterie.services.customer_segment.operations.audience import MANAGE as _MANAGE
from coterie.services.customer_segment.operations.audience import READ as _READ
from coterie.services.customer_segment.operations.audience import READ_OWN as _READ_OWN
from coterie.services.customer_segment.operations.segments import RESOURCE
from coterie.services.customer_segment.schemas import (
    CountView,
    CustomerAssignmentView,
    ExplanationView,
    ExportView,
    ImportView,
    ItemAssignmentView,
    MatchedItem,
    ProductExplanationView,
    SegmentView,
    TreeNode,
    UseView,
)

MANAGE, READ, OWN = (_MANAGE,), (_READ,), (_READ, _READ_OWN)

_SEGMENTS = "/segments"
_SEGMENT = "/segments/{segmentId}"
_CUSTOMERS = _SEGMENT + "/customers"
_CUSTOMER = _SEGMENT + "/customers/{customerId}"
_CONTACT = _SEGMENT + "/customers/{customerId}/{legalEntityId}"
_ITEMS = _SEGMENT + "/items"
_ITEM = _SEGMENT + "/items/{type}/{itemId}"
_EXPLANATIONS = "/explanations/customers/{customerId}"
_IMPORTS = "/imports"
_IMPORT = "/imports/{jobId}"
_EXPORTS = "/exports"
_EXPORT = "/exports/{jobId}"
_ITEMS_BULK = _SEGMENT + "/items/{type}/bulk"

SERVICE = Service(
    name="customer_segment",
    title="Customer Segment Service",
    prefix="/customer-segment/{tenant}",
    dialect=Dialect(index_base=1, bulk_status={204: "OK"}),
    events=events.ALL,
    jobs={imports.KIND: imports.run, exports.KIND: exports.run},
    reactions={
        events.CUSTOMER_CREATED: counts.add,
        events.CUSTOMER_DELETED: counts.subtract,
        events.CUSTOMER_EXPIRED: counts.subtract,
        events.ITEM_CREATED: counts.add,
        events.ITEM_DELETED: (counts.subtract, stamps.items_removed),
        events.SEGMENT_DELETED: counts.forget_segments,
        "customer.deleted": customers.forget_customers,
        "client-management.legalentity-deleted": customers.forget_companies,
        "client-management.contact-assignment-deleted": customers.forget_contacts,
        "product.deleted": items.forget_products,
        "category.deleted": (items.forget_categories, stamps.categories_changed),
        "product.created": stamps.products_renamed,
        "product.updated": stamps.products_renamed,
        "category.created": stamps.categories_changed,
        "category.updated": stamps.categories_changed,
        "category.tree-rebuilt": stamps.categories_changed,
        "assignment.created": stamps.categorised,
        "assignment.deleted": stamps.categorised,
        "coupon.created": uses.note_coupons,
        "coupon.updated": uses.note_coupons,
        "coupon.deleted": uses.forget_coupons,
        "site.site-deleted": segments.refuse_used_sites,
    },
    rows=(
        # Segments
        op("GET", _SEGMENTS, storefront.list_segments, OWN, 200, answer=list[SegmentView]),
        op("POST", _SEGMENTS, RESOURCE.create, MANAGE, 201),
        op(
            "POST",
            _SEGMENTS + "/search",
            segments.search_segments,
            OWN,
            200,
            answer=list[SegmentView],
            mode="read",
        ),
        op("GET", _SEGMENT, segments.get_segment, OWN, 200, answer=SegmentView),
        op("PUT", _SEGMENT, RESOURCE.upsert, MANAGE, 201, 204, answer=Created),
        op("PATCH", _SEGMENT, RESOURCE.patch, MANAGE, 204),
        op("DELETE", _SEGMENT, segments.delete_segment, MANAGE, 204),
        op("POST", _SEGMENTS + "/bulk", RESOURCE.create_bulk, MANAGE, 207),
        op("PUT", _SEGMENTS + "/bulk", RESOURCE.upsert_bulk, MANAGE, 207),
        op("DELETE", _SEGMENTS + "/bulk", segments.delete_segments, MANAGE, 207, answer=list[BulkEntry]),
        # Customers of a segment
        op("GET", _CUSTOMERS, customers.list_customers, OWN, 200, answer=list[CustomerAssignmentView]),
        op(
            "POST",
            _CUSTOMERS + "/search",
            customers.search_customers,
            READ,
            200,
            answer=list[CustomerAssignmentView],
            mode="read",
        ),
        op("PUT", _CUSTOMERS + "/bulk", customers.put_customers, MANAGE, 207, answer=list[BulkEntry]),
        op("DELETE", _CUSTOMERS + "/bulk", customers.delete_customers, MANAGE, 207, answer=list[BulkEntry]),
        op("GET", _CUSTOMER, customers.get_customer, READ, 200, answer=CustomerAssignmentView),
        op("PUT", _CUSTOMER, customers.put_customer, MANAGE, 201, 204),
        op("DELETE", _CUSTOMER, customers.delete_customer, MANAGE, 204),
        op("GET", _CONTACT, customers.get_contact, READ, 200, answer=CustomerAssignmentView),
        op("PUT", _CONTACT, customers.put_contact, MANAGE, 201, 204),
        op("DELETE", _CONTACT, customers.delete_contact, MANAGE, 204),
        # Items of a segment
        op("GET", _ITEMS, items.list_items, OWN, 200, answer=list[ItemAssignmentView]),
        op(
            "POST",
            _ITEMS + "/search",
            items.search_items,
            OWN,
            200,
            answer=list[ItemAssignmentView],
            mode="read",
        ),
        op("PUT", _ITEMS_BULK, items.put_items, MANAGE, 207, answer=list[BulkEntry]),
        op("DELETE", _ITEMS_BULK, items.delete_items, MANAGE, 207, answer=list[BulkEntry]),
        op("GET", _ITEM, items.get_item, OWN, 200, answer=ItemAssignmentView),
        op("PUT", _ITEM, items.put_item, MANAGE, 201, 204),
        op("DELETE", _ITEM, items.delete_item, MANAGE, 204),
        # What a storefront asks
        op("GET", _SEGMENTS + "/items", storefront.list_items, OWN, 200, answer=list[ItemAssignmentView]),
        op(
            "GET",
            _SEGMENTS + "/items/category-trees",
            trees.category_trees,
            (_READ_OWN,),
            200,
            answer=list[TreeNode],
        ),
        op("POST", _SEGMENTS + "/match", match.match, MANAGE, 200, answer=list[MatchedItem], mode="read"),
        # Beyond the reference
        op("GET", "/counts", counts.list_counts, READ, 200, answer=list[CountView], extension=True),
        op("GET", "/counts/{segmentId}", counts.get_count, READ, 200, extension=True),
        op("GET", "/usages/{segmentId}", uses.list_uses, READ, 200, answer=list[UseView], extension=True),
        op(
            "GET",
            _EXPLANATIONS,
            explanations.explain_customer,
            READ,
            200,
            answer=list[ExplanationView],
            extension=True,
        ),
        op(
            "GET",
            _EXPLANATIONS + "/products/{productId}",
            explanations.explain_product,
            READ,
            200,
            answer=ProductExplanationView,
            extension=True,
        ),
        # Files of assignments
        op(
            "POST",
            _IMPORTS,
            imports.start_import,
            MANAGE,
            202,
            answer=ImportView,
            mode="none",
            extension=True,
        ),
        op("GET", _IMPORTS, imports.FILES.list, MANAGE, 200, answer=list[ImportView], extension=True),
        op("GET", _IMPORT, imports.FILES.get, MANAGE, 200, answer=ImportView, extension=True),
        op("POST", _IMPORT + "/cancel", imports.FILES.cancel, MANAGE, 204, extension=True),
        op(
            "GET",
            _IMPORT + "/errors",
            imports.import_errors,
            MANAGE,
            200,
            answer=bytes,
            mode="none",
            extension=True,
        ),
        op("POST", _EXPORTS, exports.start_export, READ, 202, answer=ExportView, extension=True),
        op("GET", _EXPORTS, exports.FILES.list, READ, 200, answer=list[ExportView], extension=True),
        op("GET", _EXPORT, exports.FILES.get, READ, 200, answer=ExportView, extension=True),
        op("POST", _EXPORT + "/cancel", exports.FILES.cancel, READ, 204, extension=True),
        op(
            "GET",
            _EXPORT + "/file",
            exports.export_file,
            READ,
            200,
            answer=bytes,
            mode="none",
            extension=True,
        ),
    ),
)
