"""Revision 0019: Webhooks, and events that share rows."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "webhook_aside",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("code", Str(), nullable=False),
        sa.Column("entry", Str(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", Str(), nullable=False),
        sa.Column("subject", Str(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", Str(), nullable=True),
        sa.Column("parked_at", Str(), nullable=True),
        sa.Column("error", Str(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "code", "entry", "event_id", "position"),
    )
    op.create_table(
        "webhook_config",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("code", Str(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "code"),
    )
    op.create_table(
        "webhook_destination",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("code", Str(), nullable=False),
        sa.Column("entry", Str(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column("after_position", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open_until", Str(), nullable=True),
        sa.Column("lease", Str(), nullable=True),
        sa.Column("lease_until", Str(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "code", "entry"),
    )
    op.create_table(
        "webhook_month",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("month", Str(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "month"),
    )
    op.create_table(
        "webhook_subscription",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("event_type", Str(), nullable=False),
        sa.Column("subscribed", sa.Boolean(), nullable=False),
        sa.Column("excluded", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event_type"),
    )
    op.add_column("outbox", sa.Column("events", sa.Integer(), server_default="1", nullable=False))
    op.add_column("outbox", sa.Column("delivered", sa.Integer(), server_default="0", nullable=False))
    op.create_index("outbox_feed", "outbox", ["tenant", "id"], unique=False)
