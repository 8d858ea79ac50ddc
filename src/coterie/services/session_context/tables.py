"""The table of session contexts."""

from __future__ import annotations

from sqlalchemy import Column, Index

from coterie.kit.tables import key, resource_table
from coterie.query.sql import Str

# From `due_at` on somebody looks whether the session has ended.
context = resource_table(
    "session_context",
    key("session_id"),
    Column("customer_id", Str),
    Column("due_at", Str, nullable=False),
)
Index("session_context_customer", context.c.tenant, context.c.customer_id)
Index("session_context_due", context.c.due_at)
