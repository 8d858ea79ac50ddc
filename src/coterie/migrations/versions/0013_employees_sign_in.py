"""Revision 0013: Employees sign in."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "iam_identity",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("issuer", Str(), nullable=False),
        sa.Column("subject", Str(), nullable=False),
        sa.Column("employee_id", Str(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "issuer", "subject"),
    )
    op.create_index("iam_identity_employee", "iam_identity", ["tenant", "employee_id"], unique=False)
    op.create_table(
        "iam_link",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("hash", Str(), nullable=False),
        sa.Column("employee_id", Str(), nullable=False),
        sa.Column("purpose", Str(), nullable=False),
        sa.Column("data", Json(), nullable=False),
        sa.Column("expires_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash"),
    )
    op.create_index("iam_link_employee", "iam_link", ["tenant", "employee_id"], unique=False)
    op.create_index("iam_link_expiry", "iam_link", ["expires_at"], unique=False)
    op.create_table(
        "iam_password",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("employee_id", Str(), nullable=False),
        sa.Column("hash", Str(), nullable=False),
        sa.Column("set_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "employee_id"),
    )
    op.create_index("login_employee", "login", ["tenant", "employee_id"], unique=False)
