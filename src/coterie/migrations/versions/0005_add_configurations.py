"""Revision 0005: Add configurations."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "configuration",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("client", Str(), nullable=False),
        sa.Column("key", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "client", "key"),
    )
