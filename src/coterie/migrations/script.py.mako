"""Revision ${up_revision}: ${message}."""

import sqlalchemy as sa
from alembic import op

from coterie.query.sql import Json, Str
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    ${upgrades if upgrades else "pass"}
