"""Revision 0002: stamp items and trees."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Str

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "customer_segment_tree",
        sa.Column("tenant", Str(), nullable=False),
        sa.Column("stamp", Str(), nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.add_column("customer_segment", sa.Column("items_stamp", Str(), nullable=True))
    # A segment that has items already needs a stamp; it is compared only with those of this segment, and later
    # ones begin with the time.
    op.execute("UPDATE customer_segment SET items_stamp = 'before-0002'")
