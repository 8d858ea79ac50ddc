"""What travels: segments, customer and item assignments, match and category trees."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from coterie.kit.listing import FieldsQuery, ListQuery, Paging
from coterie.kit.wire import Instant, Listed, Metadata, MetadataView, Wire

Status = Literal["ACTIVE", "INACTIVE"]
AssignmentType = Literal["MANUAL", "AUTOMATIC"]
ItemType = Literal["PRODUCT", "CATEGORY"]


class Validity(Wire):
    """The window in which a segment is valid: `from` inclusive, `to` exclusive, a missing bound open."""

    from_: Instant | None = msgspec.field(name="from", default=None)
    to: Instant | None = None


class SegmentUpdate(Wire):
    """Body of PUT; it replaces the segment completely."""

    name: dict[str, str]
    site_code: str
    description: dict[str, str] | None = None
    validity: Validity | None = None
    status: Status | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class SegmentCreation(SegmentUpdate):
    """Body of POST; without an id one is made."""

    id: str | None = None


class SegmentItem(SegmentUpdate):
    """An item of a bulk PUT."""

    id: str


class ValidityView(Wire):
    """The window of a segment in an answer."""

    from_: str | None = msgspec.field(name="from", default=None)
    to: str | None = None


class SegmentView(Wire):
    """A segment as clients see it."""

    id: str
    name: dict[str, str]
    site_code: str
    status: Status
    metadata: MetadataView
    description: dict[str, str] | None = None
    validity: ValidityView | None = None
    mixins: dict[str, Any] | None = None


class SegmentsQuery(ListQuery):
    """Query parameters of the segment lists."""

    legal_entity_id: str | None = None
    customer_id: str | None = None


class SegmentQuery(FieldsQuery):
    """Query parameters of one segment or item assignment."""

    legal_entity_id: str | None = None


class ForceQuery(Wire):
    """Whether assignments are deleted with the segment."""

    force_delete: bool | None = None


class AssignmentUpdate(Wire):
    """Body of PUT of an assignment; it may be an empty object."""

    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class CustomerAssignmentItem(AssignmentUpdate):
    """An item of a bulk PUT of customers; without `legalEntityId` the customer acts for himself (B2C)."""

    customer_id: str
    legal_entity_id: str | None = None


class CustomerAssignmentRef(Wire):
    """An item of a bulk DELETE of customers."""

    customer_id: str
    legal_entity_id: str | None = None


class CustomerView(Wire):
    """The customer of an assignment, as he is now."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None


class LegalEntityView(Wire):
    """The legal entity of an assignment, as it is now."""

    id: str
    name: str | None = None


class CustomerAssignmentView(Wire):
    """A customer assignment as clients see it."""

    customer: CustomerView
    assignment_type: AssignmentType
    metadata: MetadataView
    legal_entity: LegalEntityView | None = None
    mixins: dict[str, Any] | None = None


class ItemAssignmentItem(AssignmentUpdate):
    """An item of a bulk PUT of items."""

    id: str


class ItemView(Wire):
    """The product or category of an assignment, as it is now."""

    id: str
    code: str | None = None
    name: dict[str, str] | None = None


class ItemAssignmentView(Wire):
    """An item assignment as clients see it."""

    segment_id: str
    item: ItemView
    type: ItemType
    metadata: MetadataView
    mixins: dict[str, Any] | None = None


class ItemsQuery(ListQuery):
    """Query parameters of a segment's item lists."""

    legal_entity_id: str | None = None


class AllItemsQuery(ItemsQuery):
    """Query parameters of the item list across segments."""

    site_code: str | None = None
    only_active: bool | None = None


class TreesQuery(Wire):
    """Query parameters of the category trees."""

    legal_entity_id: str | None = None
    site_code: str | None = None


class MatchItem(Wire):
    """A product to be matched."""

    id: str


class Match(Wire):
    """Which of `items` do these segments cover? `site` and `siteCode` mean the same; one is required."""

    items: Listed[MatchItem]
    segment_ids: Listed[str]
    site: str | None = None
    site_code: str | None = None


class MatchedItem(Wire):
    """A product that is covered."""

    id: str


class TreeNode(Wire):
    """A category in a segment's tree; unassigned ancestors are there as labels."""

    id: str
    name: dict[str, str]
    is_segment_assigned: bool
    code: str | None = None
    parent_id: str | None = None
    localized_description: dict[str, str] | None = None
    localized_slug: dict[str, str] | None = None
    ecn: list[str] | None = None
    validity: ValidityView | None = None
    position: int | None = None
    published: bool | None = None
    subcategories: list[TreeNode] | None = None


class CountsQuery(Paging):
    """Query parameters of the counts; `segmentIds` lists ids, separated by commas."""

    segment_ids: str | None = None


class CountView(Wire):
    """How much a segment has now; a customer is a member once for each legal entity that he is assigned for."""

    segment_id: str
    members: int
    products: int
    categories: int


class UseView(Wire):
    """Who names a segment: a coupon by its code."""

    kind: Literal["COUPON"]
    id: str
    name: str


class ExplanationQuery(Paging):
    """For whom, where and when: `at` is the instant, that of the request where absent.

    `segmentIds` limits the answer to these, separated by commas.
    """

    legal_entity_id: str | None = None
    site_code: str | None = None
    at: Instant | None = None
    segment_ids: str | None = None


class ReasonView(Wire):
    """Why a customer is not in a segment. `at` is when it, or the membership, began or ended to be valid.

    `legalEntityIds` are those for which the customer is a member, `siteCode` the site on which the segment stands.
    """

    code: Literal[
        "NOT_A_MEMBER",
        "INACTIVE",
        "NOT_YET_VALID",
        "EXPIRED",
        "OTHER_SITE",
        "OTHER_LEGAL_ENTITY",
        "MEMBERSHIP_EXPIRED",
    ]
    message: str
    at: str | None = None
    legal_entity_ids: list[str] | None = None
    site_code: str | None = None


class ExplanationView(Wire):
    """Whether a customer is in a segment: an active one that counts him as a member. `message` says it in words."""

    segment_id: str
    in_: bool = msgspec.field(name="in")
    reasons: list[ReasonView]
    message: str


class CategoryStep(Wire):
    """A category on the path from the root."""

    id: str
    name: dict[str, str] | None = None


class WayView(Wire):
    """How a segment has a product: as an item, or by a category assigned to it.

    `path` leads from the root to the category that the product lies in, by way of the assigned one.
    """

    by: Literal["PRODUCT", "CATEGORY"]
    category_id: str | None = None
    path: list[CategoryStep] | None = None


class SegmentWaysView(ExplanationView):
    """Whether a customer is in a segment that has a product, and how the segment has it."""

    ways: list[WayView]


class ProductExplanationView(Wire):
    """Whether a customer's segments have a product; `segments` are all that have it, in `visible` ones he is."""

    visible: bool
    segments: list[SegmentWaysView]


FileType = Literal["customers", "items"]
FileFormat = Literal["csv", "ndjson"]
JobState = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]


class ImportQuery(Wire):
    """What an uploaded file is. `segmentId` is for files whose rows name no segment, and for `replace`."""

    type: FileType
    segment_id: str | None = None
    mode: Literal["merge", "replace"] | None = None
    dry_run: bool | None = None


class CustomerRow(CustomerAssignmentItem):
    """A row of a file of customer assignments."""

    segment_id: str | None = None


class ItemRow(ItemAssignmentItem):
    """A row of a file of item assignments."""

    type: str
    segment_id: str | None = None


class ErrorsQuery(Wire):
    """How the refused rows are wanted; NDJSON where unsaid."""

    format: FileFormat | None = None


class ImportCounts(Wire):
    """How far an import is: `bytes` of the file, those `bytesDone`, and what became of the `rows` read so far."""

    bytes: int
    bytes_done: int
    rows: int
    created: int
    updated: int
    unchanged: int
    deleted: int
    failed: int


class JobView(Wire):
    """A job as clients see it; `message` says why it failed."""

    id: str
    type: FileType
    format: FileFormat
    state: JobState
    created_at: str
    segment_id: str | None = None
    message: str | None = None
    started_at: str | None = None
    finished_at: str | None = None


class ImportView(JobView):
    """An import."""

    mode: Literal["merge", "replace"]
    dry_run: bool
    counts: ImportCounts


class ExportOrder(Wire):
    """What is to be exported: of one segment, or of all; NDJSON where no format is said."""

    type: FileType
    segment_id: str | None = None
    format: FileFormat | None = None


class ExportCounts(Wire):
    """How far an export is."""

    rows: int
    bytes: int


class ExportView(JobView):
    """An export."""

    counts: ExportCounts
