"""What travels: coupons, and the redemptions of a coupon."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from coterie.kit.listing import ListQuery
from coterie.kit.wire import Instant, Listed, Metadata, Wire

DiscountType = Literal["PERCENT", "ABSOLUTE", "FREE_SHIPPING"]
CalculationType = Literal["TOTAL", "SUBTOTAL"]
Status = Literal["VALID", "INACTIVE", "EXPIRED", "USED"]


class Amount(Wire):
    """An amount of money in a request: 0 where absent, US dollars unless `currency` (ISO 4217) says otherwise."""

    amount: Decimal | None = None
    currency: str | None = None


class AmountView(Wire):
    """An amount of money in an answer."""

    amount: float
    currency: str


class Restrictions(Wire):
    """What a redemption must satisfy. `validFrom` is inclusive, `validUntil` exclusive, a missing bound open."""

    valid_for: Listed[str] | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    min_order_value: Amount | None = None
    included_categories: Listed[str] | None = None
    excluded_categories: Listed[str] | None = None
    segments: Listed[str] | None = None


class CouponUpdate(Wire):
    """Body of PUT; it replaces the coupon completely, unless the query says `partial=true`: then what is absent stays.

    A coupon must have a name.
    """

    name: str | None = None
    description: str | None = None
    discount_type: DiscountType | None = None
    discount_percentage: Decimal | None = None
    discount_absolute: Amount | None = None
    discount_calculation_type: CalculationType | None = None
    allow_anonymous: bool | None = None
    max_redemptions: int | None = None
    max_redemptions_per_customer: int | None = None
    category_restricted: bool | None = None
    segment_restricted: bool | None = None
    restrictions: Restrictions | None = None
    issued_to: str | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class CouponCreation(CouponUpdate):
    """Body of POST; without a code one is made that can't be guessed."""

    name: str
    code: str | None = None


class Location(Wire):
    """Answer of a POST: `id` is the coupon's code, or the redemption's id."""

    id: str
    yrn: str


class RestrictionsView(Wire):
    """The restrictions of a coupon in an answer."""

    valid_for: list[str] | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    min_order_value: AmountView | None = None
    included_categories: list[str] | None = None
    excluded_categories: list[str] | None = None
    segments: list[str] | None = None


class LegalEntityRedemptions(Wire):
    """How often a coupon was redeemed for a legal entity."""

    legal_entity_id: str
    count: int


class CouponMetadataView(Wire):
    """`metadata` of a coupon in an answer."""

    version: int
    mixins: dict[str, Any] | None = None


class CouponView(Wire):
    """A coupon as clients see it; who may not read all coupons gets it without the seller's fields."""

    code: str
    name: str
    discount_type: DiscountType
    status: Status
    metadata: CouponMetadataView
    discount_calculation_type: CalculationType
    allow_anonymous: bool
    max_redemptions_per_customer: int
    category_restricted: bool
    segment_restricted: bool
    legal_entity_redemptions: list[LegalEntityRedemptions]
    description: str | None = None
    discount_percentage: float | None = None
    discount_absolute: AmountView | None = None
    restrictions: RestrictionsView | None = None
    mixins: dict[str, Any] | None = None
    max_redemptions: int | None = None
    redemption_count: int | None = None
    issued_to: str | None = None
    deleted: bool | None = None


class CouponsQuery(ListQuery):
    """Query parameters of the coupon list."""

    show_deleted: bool | None = None


class PartialQuery(Wire):
    """Whether a PUT changes only the fields it names (deprecated: PATCH does)."""

    partial: bool | None = None


class CustomerQuery(Wire):
    """The customer on whose behalf is asked."""

    customer_number: str | None = None


class RedemptionCreation(Wire):
    """Body of a redemption and of a validation."""

    order_total: Amount
    discount: Amount
    order_code: str | None = None
    customer_number: str | None = None
    legal_entity_id: str | None = None


class RedemptionView(Wire):
    """A redemption as clients see it; a guest's names no customer."""

    id: str
    code: str
    order_total: AmountView
    discount: AmountView
    redeemed_at: str
    order_code: str | None = None
    customer_number: str | None = None
    legal_entity_id: str | None = None
