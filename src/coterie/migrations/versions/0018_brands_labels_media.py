"""Revision 0018: Brands, labels and media."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0018"
down_revision = "0012"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "brand",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("name", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "brand_media",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("ref_id", Str(), nullable=False),
        sa.Column("asset_id", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "ref_id", "asset_id"),
    )
    op.create_index("brand_media_asset", "brand_media", ["tenant", "asset_id"], unique=False)
    op.create_table(
        "label",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("name", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "label_media",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("ref_id", Str(), nullable=False),
        sa.Column("asset_id", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "ref_id", "asset_id"),
    )
    op.create_index("label_media_asset", "label_media", ["tenant", "asset_id"], unique=False)
