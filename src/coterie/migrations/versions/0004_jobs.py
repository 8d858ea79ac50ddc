"""Jobs, their files, the rows they refused and the keys they met."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "job",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("id", Str(), nullable=False),
        sa.Column("kind", Str(), nullable=False),
        sa.Column("state", Str(), nullable=False),
        sa.Column("parameters", Json(), nullable=False),
        sa.Column("counts", Json(), nullable=False),
        sa.Column("cursor", Json(), nullable=False),
        sa.Column("message", Str(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", Str(), nullable=True),
        sa.Column("lease_until", Str(), nullable=True),
        sa.Column("created_at", Str(), nullable=False),
        sa.Column("started_at", Str(), nullable=True),
        sa.Column("finished_at", Str(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index(
        "job_finished",
        "job",
        ["finished_at"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NOT NULL"),
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "job_open",
        "job",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "job_chunk",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("job", Str(), nullable=False),
        sa.Column("direction", Str(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "job", "direction", "n"),
    )
    op.create_table(
        "job_error",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("job", Str(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("message", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "job", "line"),
    )
    op.create_table(
        "job_seen",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("job", Str(), nullable=False),
        sa.Column("key", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "job", "key"),
    )
