"""Revision 0014: Add countries, currencies and units."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "country",
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
        "currency",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("code", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "code"),
    )
    op.create_table(
        "currency_exchange",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("code", Str(), nullable=False),
        sa.Column("source", Str(), nullable=False),
        sa.Column("target", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "code"),
    )
    op.create_index("currency_exchange_source", "currency_exchange", ["tenant", "source"], unique=False)
    op.create_index("currency_exchange_target", "currency_exchange", ["tenant", "target"], unique=False)
    op.create_table(
        "unit",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("code", Str(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "code"),
    )
