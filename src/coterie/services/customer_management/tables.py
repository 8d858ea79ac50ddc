"""The tables of legal entities and contact assignments."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index

from coterie.kit.tables import key, resource_table
from coterie.query.sql import Str

legal_entity = resource_table(
    "legal_entity",
    key("id"),
    Column("name", Str, nullable=False),
    Column("type", Str, nullable=False),
    Column("parent_id", Str),
)
Index("legal_entity_parent", legal_entity.c.tenant, legal_entity.c.parent_id)

contact = resource_table(
    "contact_assignment",
    key("id"),
    Column("legal_entity_id", Str, nullable=False),
    Column("customer_id", Str, nullable=False),
    Column("type", Str, nullable=False),
    Column("is_primary", Boolean, nullable=False),
)
# A customer is a contact of a legal entity only once (CONTRACT §3.8); the other index is the reverse.
Index(
    "contact_assignment_once", contact.c.tenant, contact.c.customer_id, contact.c.legal_entity_id, unique=True
)
Index("contact_assignment_of", contact.c.tenant, contact.c.legal_entity_id, contact.c.customer_id)
