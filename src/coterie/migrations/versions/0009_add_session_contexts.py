"""Revision 0009: Add session contexts."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "session_context",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("session_id", Str(), nullable=False),
        sa.Column("customer_id", Str(), nullable=True),
        sa.Column("due_at", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "session_id"),
    )
    op.create_index("session_context_customer", "session_context", ["tenant", "customer_id"], unique=False)
    op.create_index("session_context_due", "session_context", ["due_at"], unique=False)
    op.create_index("login_session", "login", ["tenant", "session_id"], unique=False)
