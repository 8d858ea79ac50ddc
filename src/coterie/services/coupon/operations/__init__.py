"""What the coupon service does: coupons, and their redemptions."""
