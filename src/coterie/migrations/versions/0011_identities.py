"""Revision 0011: customers as identity providers know them."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Str

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "customer_identity",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("issuer", Str(), nullable=False),
        sa.Column("subject", Str(), nullable=False),
        sa.Column("customer_id", Str(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "issuer", "subject"),
    )
    op.create_index(
        "customer_identity_customer", "customer_identity", ["tenant", "customer_id"], unique=False
    )
    op.add_column(
        "customer_email", sa.Column("unproven", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
