"""The operations of the coupon service: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.services.coupon.operations import coupons, redemptions
from coterie.services.coupon.operations.coupons import MANAGE as _MANAGE
from coterie.services.coupon.operations.coupons import ON_BEHALF as _ON_BEHALF
from coterie.services.coupon.operations.coupons import READ as _READ
from coterie.services.coupon.operations.redemptions import REDEEM as _REDEEM
from coterie.services.coupon.schemas import CouponView, Location, RedemptionView

MANAGE, READ = (_MANAGE,), (_MANAGE, _READ)
OWN_REDEMPTION = (_MANAGE, _REDEEM, _ON_BEHALF)

_COUPON = "/coupons/{code}"
_REDEMPTIONS = "/coupons/{code}/redemptions"
_REDEMPTION = "/coupons/{code}/redemptions/{id}"

# There is no reaction to a deleted segment or category: a coupon that names one matches nobody by it. Nor is a deleted
# customer taken off the list of those whom a coupon is for: an empty list would be everybody.
SERVICE = Service(
    name="coupon",
    title="Coupon Service",
    prefix="/coupon/{tenant}",
    dialect=Dialect(
        envelope="B",
        count_header="Items-Count",
        count_query="totalCount",
        first_version=0,
        page_size=16,
        texts={
            "not_found.coupon": "Coupon with code {id} not found.",
            "not_found.redemption": "Redemption with id {id} not found.",
            "exists": "Duplicate Coupon '{id}' on tenant '{tenant}'",
        },
    ),
    reactions={"customer.deleted": redemptions.forget_customers},
    rows=(
        op("GET", "/coupons", coupons.list_coupons, READ, 200, answer=list[CouponView]),
        op("POST", "/coupons", coupons.create_coupon, MANAGE, 201, answer=Location),
        # Any token for oneself; who names another customer needs a scope, which the operation asks for.
        op("GET", _COUPON, coupons.get_coupon, ANY, 200, answer=CouponView),
        op("PUT", _COUPON, coupons.update_coupon, MANAGE, 200),
        op("PATCH", _COUPON, coupons.patch_coupon, MANAGE, 200),
        op("DELETE", _COUPON, coupons.delete_coupon, MANAGE, 204),
        op("POST", _COUPON + "/validation", redemptions.validate_coupon, ANY, 200, mode="read"),
        # Redemptions
        op("GET", _REDEMPTIONS, redemptions.list_redemptions, MANAGE, 200, answer=list[RedemptionView]),
        op("POST", _REDEMPTIONS, redemptions.redeem_coupon, ANY, 201, answer=Location),
        op("GET", _REDEMPTION, redemptions.get_redemption, OWN_REDEMPTION, 200, answer=RedemptionView),
        op("DELETE", _REDEMPTION, redemptions.delete_redemption, MANAGE, 204),
    ),
)
