"""Revision 0015: Add schemas and custom entities."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "schema_document",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("kind", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url", Str(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "id", "number"),
    )
    op.create_table(
        "schema_instance",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("type", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("owner_type", Str(), nullable=False),
        sa.Column("owner_id", Str(), nullable=False),
        sa.Column("owner_entity", Str(), nullable=True),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "type", "id"),
    )
    op.create_index(
        "schema_instance_owner", "schema_instance", ["tenant", "owner_type", "owner_id"], unique=False
    )
    op.create_table(
        "schema_type",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "schema_version",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("kind", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", Json(), nullable=False),
        sa.Column("types", Json(), nullable=False),
        sa.Column("attributes", Json(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "id", "version"),
    )
