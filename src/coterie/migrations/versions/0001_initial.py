"""Revision 0001: initial."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "api_client",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("kind", Str(), nullable=False),
        sa.Column("secret_hash", Str(), nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "category",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("parent_id", Str(), nullable=True),
        sa.Column("code", Str(), nullable=True),
        sa.Column("code_folded", Str(), nullable=True),
        sa.Column("name", Json(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("valid_from", Str(), nullable=True),
        sa.Column("valid_to", Str(), nullable=True),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("category_code", "category", ["tenant", "code_folded"], unique=False)
    op.create_index("category_parent", "category", ["tenant", "parent_id"], unique=False)
    op.create_table(
        "category_assignment",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("category_id", Str(), nullable=False),
        sa.Column("ref_type", Str(), nullable=False),
        sa.Column("ref_id", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "category_id", "ref_type", "ref_id"),
    )
    op.create_index("category_assignment_id", "category_assignment", ["tenant", "id"], unique=True)
    op.create_index(
        "category_assignment_of",
        "category_assignment",
        ["tenant", "ref_type", "ref_id", "category_id"],
        unique=False,
    )
    op.create_table(
        "category_closure",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("category_id", Str(), nullable=False),
        sa.Column("ancestor_id", Str(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "category_id", "ancestor_id"),
    )
    op.create_index(
        "category_closure_below",
        "category_closure",
        ["tenant", "ancestor_id", "depth", "category_id"],
        unique=False,
    )
    op.create_table(
        "category_ecn",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("ecn", Str(), nullable=False),
        sa.Column("category_id", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "ecn"),
    )
    op.create_index("category_ecn_of", "category_ecn", ["tenant", "category_id"], unique=False)
    op.create_table(
        "category_segment",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("segment_id", Str(), nullable=False),
        sa.Column("category_id", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "segment_id", "category_id"),
    )
    op.create_index("category_segment_of", "category_segment", ["tenant", "category_id"], unique=False)
    op.create_table(
        "contact_assignment",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("legal_entity_id", Str(), nullable=False),
        sa.Column("customer_id", Str(), nullable=False),
        sa.Column("type", Str(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index(
        "contact_assignment_of",
        "contact_assignment",
        ["tenant", "legal_entity_id", "customer_id"],
        unique=False,
    )
    op.create_index(
        "contact_assignment_once",
        "contact_assignment",
        ["tenant", "customer_id", "legal_entity_id"],
        unique=True,
    )
    op.create_table(
        "coupon",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("code", Str(), nullable=False),
        sa.Column("valid_from", Str(), nullable=True),
        sa.Column("valid_until", Str(), nullable=True),
        sa.Column("max_redemptions", sa.Integer(), nullable=False),
        sa.Column("redemption_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "code"),
    )
    op.create_table(
        "coupon_redemption",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("code", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("customer_id", Str(), nullable=True),
        sa.Column("legal_entity_id", Str(), nullable=True),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("redeemed_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "code", "id"),
    )
    op.create_index(
        "coupon_redemption_at", "coupon_redemption", ["tenant", "code", "redeemed_at"], unique=False
    )
    op.create_table(
        "coupon_usage",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("code", Str(), nullable=False),
        sa.Column("customer_id", Str(), nullable=False),
        sa.Column("legal_entity_id", Str(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "code", "customer_id", "legal_entity_id"),
    )
    op.create_table(
        "customer",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("first_name", Str(), nullable=True),
        sa.Column("last_name", Str(), nullable=True),
        sa.Column("contact_email", Str(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("on_hold", sa.Boolean(), nullable=False),
        sa.Column("last_login", Str(), nullable=True),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("customer_email_contact", "customer", ["tenant", "contact_email"], unique=False)
    op.create_table(
        "customer_address",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("customer_id", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "customer_id", "id"),
    )
    op.create_table(
        "customer_company",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("customer_id", Str(), nullable=False),
        sa.Column("legal_entity_id", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "customer_id", "legal_entity_id"),
    )
    op.create_index(
        "customer_company_reverse",
        "customer_company",
        ["tenant", "legal_entity_id", "customer_id"],
        unique=False,
    )
    op.create_table(
        "customer_email",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("folded", Str(), nullable=False),
        sa.Column("customer_id", Str(), nullable=False),
        sa.Column("email", Str(), nullable=False),
        sa.Column("login", sa.Boolean(), nullable=False),
        sa.Column("password_hash", Str(), nullable=True),
        sa.Column("initial_password", sa.Boolean(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "folded"),
    )
    op.create_index("customer_email_customer", "customer_email", ["tenant", "customer_id"], unique=False)
    op.create_table(
        "customer_number",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "customer_segment",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("status", Str(), nullable=False),
        sa.Column("site_code", Str(), nullable=False),
        sa.Column("valid_from", Str(), nullable=True),
        sa.Column("valid_to", Str(), nullable=True),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("customer_segment_site", "customer_segment", ["tenant", "site_code"], unique=False)
    op.create_table(
        "customer_segment_item",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("segment_id", Str(), nullable=False),
        sa.Column("type", Str(), nullable=False),
        sa.Column("item_id", Str(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "segment_id", "type", "item_id"),
    )
    op.create_index(
        "customer_segment_item_of",
        "customer_segment_item",
        ["tenant", "type", "item_id", "segment_id"],
        unique=True,
    )
    op.create_table(
        "customer_segment_member",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("customer_id", Str(), nullable=False),
        sa.Column("legal_entity_id", Str(), nullable=False),
        sa.Column("segment_id", Str(), nullable=False),
        sa.Column("assignment_type", Str(), nullable=False),
        sa.Column("cause", Str(), nullable=True),
        sa.Column("expires_at", Str(), nullable=True),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "customer_id", "legal_entity_id", "segment_id"),
    )
    op.create_index(
        "customer_segment_member_company",
        "customer_segment_member",
        ["tenant", "legal_entity_id", "customer_id"],
        unique=False,
    )
    op.create_index(
        "customer_segment_member_of",
        "customer_segment_member",
        ["tenant", "segment_id", "customer_id", "legal_entity_id"],
        unique=True,
    )
    op.create_table(
        "legal_entity",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("name", Str(), nullable=False),
        sa.Column("type", Str(), nullable=False),
        sa.Column("parent_id", Str(), nullable=True),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("legal_entity_parent", "legal_entity", ["tenant", "parent_id"], unique=False)
    op.create_table(
        "login",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("kind", Str(), nullable=False),
        sa.Column("session_id", Str(), nullable=False),
        sa.Column("client_id", Str(), nullable=False),
        sa.Column("customer_id", Str(), nullable=True),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("expires_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("login_customer", "login", ["tenant", "customer_id"], unique=False)
    op.create_index("login_expiry", "login", ["expires_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("type", Str(), nullable=False),
        sa.Column("subject", Str(), nullable=False),
        sa.Column("payload", Json(), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", Str(), nullable=True),
        sa.Column("lease", Str(), nullable=True),
        sa.Column("lease_until", Str(), nullable=True),
        sa.Column("parked_at", Str(), nullable=True),
        sa.Column("error", Str(), nullable=True),
        sa.Column("done_at", Str(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "outbox_done",
        "outbox",
        ["done_at", "id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NOT NULL"),
        postgresql_where=sa.text("done_at IS NOT NULL"),
    )
    op.create_index(
        "outbox_open",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL AND parked_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL AND parked_at IS NULL"),
    )
    op.create_index(
        "outbox_parked",
        "outbox",
        ["tenant", "subject", "id"],
        unique=False,
        sqlite_where=sa.text("parked_at IS NOT NULL"),
        postgresql_where=sa.text("parked_at IS NOT NULL"),
    )
    op.create_index(
        "outbox_subject",
        "outbox",
        ["tenant", "subject", "id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "product",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("code", Str(), nullable=False),
        sa.Column("name", Json(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("product_code", "product", ["tenant", "code"], unique=True)
    op.create_table(
        "product_category",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("product_id", Str(), nullable=False),
        sa.Column("category_id", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "product_id", "category_id"),
    )
    op.create_index(
        "product_category_of", "product_category", ["tenant", "category_id", "product_id"], unique=True
    )
    op.create_table(
        "product_segment",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("product_id", Str(), nullable=False),
        sa.Column("segment_id", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "product_id", "segment_id"),
    )
    op.create_index(
        "product_segment_of", "product_segment", ["tenant", "segment_id", "product_id"], unique=True
    )
    op.create_table(
        "refresh_token",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("hash", Str(), nullable=False),
        sa.Column("login_id", Str(), nullable=False),
        sa.Column("rotated_at", Str(), nullable=True),
        sa.Column("expires_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash"),
    )
    op.create_index("refresh_token_expiry", "refresh_token", ["expires_at"], unique=False)
    op.create_index("refresh_token_login", "refresh_token", ["tenant", "login_id"], unique=False)
    op.create_table(
        "signing_key",
        sa.Column("kid", Str(), nullable=False),
        sa.Column("slot", Str(), nullable=True),
        sa.Column("sealed", Str(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("expires_at", Str(), nullable=True),
        sa.PrimaryKeyConstraint("kid"),
        sa.UniqueConstraint("slot"),
    )
    op.create_table(
        "site",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("code", Str(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("doc", Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("modified_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "code"),
    )
    op.create_index(
        "site_default",
        "site",
        ["tenant"],
        unique=True,
        postgresql_where=sa.text("is_default"),
        sqlite_where=sa.text("is_default"),
    )
    op.create_table(
        "tenant",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("languages", Json(), nullable=False),
        sa.Column("default_language", Str(), nullable=False),
        sa.Column("currency", Str(), nullable=False),
        sa.Column("settings", Json(), nullable=False),
        sa.Column("created_at", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
