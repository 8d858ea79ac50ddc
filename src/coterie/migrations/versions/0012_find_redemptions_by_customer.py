"""Revision 0012: Find redemptions by customer."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_index(
        "coupon_redemption_customer", "coupon_redemption", ["tenant", "customer_id"], unique=False
    )
    op.create_index("coupon_usage_customer", "coupon_usage", ["tenant", "customer_id"], unique=False)
