"""Revision 0017: Classify, stamp trees, keep catalogs."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "category_stamp",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("stamp", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "product_classification",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("category_id", Str(), nullable=False),
        sa.Column("mixins", Json(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "category_id"),
    )
    op.add_column("category", sa.Column("type", Str(), server_default="STANDARD", nullable=False))
    op.create_table(
        "catalog",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("name", Json(), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("visible_from", Str(), nullable=True),
        sa.Column("visible_to", Str(), nullable=True),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "catalog_reference",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("kind", Str(), nullable=False),
        sa.Column("target_id", Str(), nullable=False),
        sa.Column("catalog_id", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "target_id", "catalog_id"),
    )
    op.create_index("catalog_reference_of", "catalog_reference", ["tenant", "catalog_id"], unique=False)
    # Without a stamp nothing is kept in memory.
    op.execute("INSERT INTO category_stamp (tenant, stamp) SELECT DISTINCT tenant, 'first' FROM category")
