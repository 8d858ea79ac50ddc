"""Revision 0003: Count the assignments of segments, and note the coupons that name them."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Str

revision = "0003"
down_revision = "0002"


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
    op.create_table(
        "customer_segment_use",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("segment_id", Str(), nullable=False),
        sa.Column("kind", Str(), nullable=False),
        sa.Column("user_id", Str(), nullable=False),
        sa.Column("name", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "segment_id", "kind", "user_id"),
    )
    op.create_index(
        "customer_segment_use_by", "customer_segment_use", ["tenant", "kind", "user_id"], unique=False
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
    value, name, each = (
        ("value #>> '{}'", "doc ->> 'name'", "jsonb_path_query(doc, '$.restrictions.segments[*]') AS value")
        if op.get_bind().dialect.name == "postgresql"
        else ("value", "json_extract(doc, '$.name')", "json_each(doc, '$.restrictions.segments')")
    )
    op.execute(
        f"""
        INSERT INTO customer_segment_use (tenant, segment_id, kind, user_id, name)
        SELECT DISTINCT tenant, {value}, 'COUPON', code, {name} FROM coupon, {each} WHERE NOT deleted
        """
    )
