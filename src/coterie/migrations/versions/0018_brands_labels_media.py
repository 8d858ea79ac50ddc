"""Revision 0018: Brands, labels and media."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0018"
down_revision = "0017"


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
        "category_media",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("ref_id", Str(), nullable=False),
        sa.Column("asset_id", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "ref_id", "asset_id"),
    )
    op.create_index("category_media_asset", "category_media", ["tenant", "asset_id"], unique=False)
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
    op.create_table(
        "media_asset",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("type", Str(), nullable=False),
        sa.Column("access", Str(), nullable=False),
        sa.Column("vendor_id", Str(), nullable=True),
        sa.Column("blob", Str(), nullable=True),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("media_asset_vendor", "media_asset", ["tenant", "vendor_id"], unique=False)
    op.create_table(
        "media_blob",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("key", Str(), nullable=False),
        sa.Column("doomed_at", Str(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "key"),
    )
    op.create_index(
        "media_blob_doomed",
        "media_blob",
        ["doomed_at"],
        unique=False,
        sqlite_where=sa.text("doomed_at IS NOT NULL"),
        postgresql_where=sa.text("doomed_at IS NOT NULL"),
    )
    op.create_table(
        "media_reference",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("type", Str(), nullable=False),
        sa.Column("ref_id", Str(), nullable=False),
        sa.Column("asset_id", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "type", "ref_id", "asset_id"),
    )
    op.create_index("media_reference_of", "media_reference", ["tenant", "asset_id"], unique=False)
    op.create_table(
        "product_media",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("ref_id", Str(), nullable=False),
        sa.Column("asset_id", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "ref_id", "asset_id"),
    )
    op.create_index("product_media_asset", "product_media", ["tenant", "asset_id"], unique=False)
