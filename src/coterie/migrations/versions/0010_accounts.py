"""Revision 0010: attempts to sign in, one-time links, and migrations of customers."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "attempt",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("key", Str(), nullable=False),
        sa.Column("begun", sa.Integer(), nullable=False),
        sa.Column("expires_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key"),
    )
    op.create_index("attempt_expiry", "attempt", ["expires_at"], unique=False)
    op.create_table(
        "customer_deleted",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "customer_link",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("hash", Str(), nullable=False),
        sa.Column("customer_id", Str(), nullable=False),
        sa.Column("purpose", Str(), nullable=False),
        sa.Column("data", Json(), nullable=False),
        sa.Column("expires_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash"),
    )
    op.create_index("customer_link_customer", "customer_link", ["tenant", "customer_id"], unique=False)
    op.create_index("customer_link_expiry", "customer_link", ["expires_at"], unique=False)
    op.create_table(
        "customer_migration",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("ends_on", Str(), nullable=False),
        sa.Column("remind_on", Str(), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.add_column("customer_email", sa.Column("legacy_hash", Str(), nullable=True))
    op.add_column("customer_email", sa.Column("reminded_at", Str(), nullable=True))
    op.add_column(
        "customer_email", sa.Column("opt_in", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_index(
        "customer_email_legacy",
        "customer_email",
        ["tenant"],
        unique=False,
        sqlite_where=sa.text("legacy_hash IS NOT NULL"),
        postgresql_where=sa.text("legacy_hash IS NOT NULL"),
    )
