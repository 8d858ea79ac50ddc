"""Revision 0019: Events share rows."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0012"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.add_column("outbox", sa.Column("events", sa.Integer(), server_default="1", nullable=False))
    op.add_column("outbox", sa.Column("delivered", sa.Integer(), server_default="0", nullable=False))
