"""The tables of legal entities, contact assignments and locations."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index

from coterie.kit.tables import key, resource_table, tenant_table
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

location = resource_table(
    "location",
    key("id"),
    Column("name", Str),
    Column("type", Str, nullable=False),
)

# Which locations and which contact assignments (of its approval group) a legal entity lists, so that they can be
# taken off the lists when they go; `kind` is the list's name on the wire, the lists themselves are in documents.
reference = tenant_table("legal_entity_reference", key("legal_entity_id"), key("kind"), key("target_id"))
Index("legal_entity_reference_reverse", reference.c.tenant, reference.c.kind, reference.c.target_id)
