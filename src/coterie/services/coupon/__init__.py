"""Coupons and their redemptions: codes that grant a discount, to whom, when and how often.

A deleted coupon is kept, hidden, and its code stays taken: orders and redemptions know it by that. Where the tenant
setting `couponPermanentDelete` is on, deleting removes the coupon with its redemptions and frees the code, also for
coupons that are hidden already. Codes are upper-cased unless `enableCouponCodeCaseSensitivity` is on; switched off
again, it leaves codes in lower case unreachable. A coupon may outlive a segment, category or customer that it names,
and then matches nobody by it.

Nouns: coupon, redemption. Uses the facades of customers, categories and customer segments; nobody uses its own.
"""
