"""Revision 0016: Variants, templates and indexes of products."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "product_bundle_member",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("bundle_id", Str(), nullable=False),
        sa.Column("product_id", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "bundle_id", "product_id"),
    )
    op.create_index(
        "product_bundle_member_of",
        "product_bundle_member",
        ["tenant", "product_id", "bundle_id"],
        unique=True,
    )
    op.create_table(
        "product_index",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("fields", Json(), nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "product_index_value",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("product_id", Str(), nullable=False),
        sa.Column("path", Str(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", Str(), nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "product_id", "path", "n"),
    )
    op.create_index(
        "product_index_number",
        "product_index_value",
        ["tenant", "path", "number", "product_id"],
        unique=False,
    )
    op.create_index(
        "product_index_text", "product_index_value", ["tenant", "path", "text", "product_id"], unique=False
    )
    op.create_table(
        "product_template",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("name", Json(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "product_template_version",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("template_id", Str(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", Json(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "template_id", "version"),
    )
    op.add_column("product", sa.Column("vendor_id", Str(), nullable=True))
    op.add_column("product", sa.Column("parent_id", Str(), nullable=True))
    op.add_column("product", sa.Column("root_id", Str(), nullable=True))
    op.add_column("product", sa.Column("template_id", Str(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("UPDATE product SET vendor_id = coalesce(doc ->> 'vendorId', doc -> 'vendor' ->> 'id')")
    else:
        op.execute(
            "UPDATE product SET vendor_id = "
            "coalesce(json_extract(doc, '$.vendorId'), json_extract(doc, '$.vendor.id'))"
        )
    op.create_index(
        "product_parent_of",
        "product",
        ["tenant", "parent_id"],
        unique=False,
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "product_root_of",
        "product",
        ["tenant", "root_id"],
        unique=False,
        sqlite_where=sa.text("root_id IS NOT NULL"),
        postgresql_where=sa.text("root_id IS NOT NULL"),
    )
    op.create_index(
        "product_template_of",
        "product",
        ["tenant", "template_id"],
        unique=False,
        sqlite_where=sa.text("template_id IS NOT NULL"),
        postgresql_where=sa.text("template_id IS NOT NULL"),
    )
    op.create_index(
        "product_vendor_of",
        "product",
        ["tenant", "vendor_id"],
        unique=False,
        sqlite_where=sa.text("vendor_id IS NOT NULL"),
        postgresql_where=sa.text("vendor_id IS NOT NULL"),
    )
