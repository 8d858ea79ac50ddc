"""Revision 0006: stamp the products of categories."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Str

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.add_column("customer_segment_tree", sa.Column("products_stamp", Str(), nullable=True))
