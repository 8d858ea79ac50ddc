"""Revision 0008: Add locations."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "legal_entity_reference",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("legal_entity_id", Str(), nullable=False),
        sa.Column("kind", Str(), nullable=False),
        sa.Column("target_id", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "legal_entity_id", "kind", "target_id"),
    )
    op.create_index(
        "legal_entity_reference_reverse",
        "legal_entity_reference",
        ["tenant", "kind", "target_id"],
        unique=False,
    )
    op.create_table(
        "location",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("name", Str(), nullable=True),
        sa.Column("type", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
