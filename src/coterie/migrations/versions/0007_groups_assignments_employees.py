"""Revision 0007: Keep groups, assignments and employees."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "iam_access_control",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "iam_assignment",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("group_id", Str(), nullable=False),
        sa.Column("user_id", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("user_type", Str(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "group_id", "user_id"),
    )
    op.create_index("iam_assignment_user", "iam_assignment", ["tenant", "user_id"], unique=False)
    op.create_table(
        "iam_contact",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("legal_entity_id", Str(), nullable=False),
        sa.Column("customer_id", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "legal_entity_id", "customer_id"),
    )
    op.create_index("iam_contact_customer", "iam_contact", ["tenant", "customer_id"], unique=False)
    op.create_table(
        "iam_employee",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("email", Str(), nullable=False),
        sa.Column("folded", Str(), nullable=False),
        sa.Column("first_name", Str(), nullable=False),
        sa.Column("last_name", Str(), nullable=False),
        sa.Column("status", Str(), nullable=False),
        sa.Column("last_login", Str(), nullable=True),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("iam_employee_email", "iam_employee", ["tenant", "folded"], unique=True)
    op.create_table(
        "iam_group",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("user_type", Str(), nullable=False),
        sa.Column("code", Str(), nullable=True),
        sa.Column("legal_entity_id", Str(), nullable=True),
        sa.Column("vendor_id", Str(), nullable=True),
        sa.Column("access_controls", Json(), nullable=True),
        sa.Column("templates", Json(), nullable=True),
        sa.Column("restrictions", Json(), nullable=True),
        sa.Column("custom_scopes", Json(), nullable=True),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("iam_group_company", "iam_group", ["tenant", "legal_entity_id"], unique=False)
    op.create_index("iam_group_vendor", "iam_group", ["tenant", "vendor_id"], unique=False)
    op.create_table(
        "iam_scope",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.add_column("login", sa.Column("employee_id", Str(), nullable=True))
    op.execute(
        "INSERT INTO iam_contact (tenant, legal_entity_id, customer_id)"
        " SELECT tenant, legal_entity_id, customer_id FROM contact_assignment"
    )
