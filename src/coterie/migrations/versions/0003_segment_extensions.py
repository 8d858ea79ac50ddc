"""Revision 0003: Count the assignments of segments."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Str

revision = "0003"
down_revision = "0001"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "customer_segment_count",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("segment_id", Str(), nullable=False),
        sa.Column("kind", Str(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "segment_id", "kind", "shard"),
    )
    op.create_index(
        "customer_segment_member_expiry",
        "customer_segment_member",
        ["tenant", "segment_id", "expires_at"],
        unique=False,
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.execute(
        """
        INSERT INTO customer_segment_count (tenant, segment_id, kind, shard, number)
        SELECT tenant, segment_id, 'CUSTOMER', 0, count(*) FROM customer_segment_member
        GROUP BY tenant, segment_id
        UNION ALL
        SELECT tenant, segment_id, type, 0, count(*) FROM customer_segment_item
        GROUP BY tenant, segment_id, type
        """
    )
