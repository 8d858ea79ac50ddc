"""The tables of customers, their e-mail addresses, postal addresses and companies."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, false, text

from coterie.kit.tables import key, resource_table, tenant_table
from coterie.query.sql import Json, Str

customer = resource_table(
    "customer",
    key("id"),
    Column("first_name", Str),
    Column("last_name", Str),
    Column("contact_email", Str),
    Column("active", Boolean, nullable=False),
    Column("on_hold", Boolean, nullable=False),
    Column("last_login", Str),
)
Index("customer_email_contact", customer.c.tenant, customer.c.contact_email)

# Every address that a customer is reached at or logs in with, in folded case: it belongs to one customer only.
# `login` tells whether it is an account; one without a hash can't log in until its password is reset. `legacy_hash` is
# one of another system, to be replaced at the first login, to which `reminded_at` the customer was asked. `opt_in`: the
# account waits for the link that its address was sent. `unproven`: only who signed up says that the address is his.
email = tenant_table(
    "customer_email",
    key("folded"),
    Column("customer_id", Str, nullable=False),
    Column("email", Str, nullable=False),
    Column("login", Boolean, nullable=False),
    Column("password_hash", Str),
    Column("initial_password", Boolean, nullable=False),
    Column("legacy_hash", Str),
    Column("reminded_at", Str),
    Column("opt_in", Boolean, nullable=False, server_default=false()),
    Column("unproven", Boolean, nullable=False, server_default=false()),
    Column("created_at", Str, nullable=False),
)
Index("customer_email_customer", email.c.tenant, email.c.customer_id)
_LEGACY = text("legacy_hash IS NOT NULL")
Index("customer_email_legacy", email.c.tenant, sqlite_where=_LEGACY, postgresql_where=_LEGACY)

# One-time tokens that were sent by mail, by their SHA-256 digests.
link = tenant_table(
    "customer_link",
    key("hash"),
    Column("customer_id", Str, nullable=False),
    Column("purpose", Str, nullable=False),
    Column("data", Json, nullable=False),
    Column("expires_at", Str, nullable=False),
)
Index("customer_link_customer", link.c.tenant, link.c.customer_id)
Index("customer_link_expiry", link.c.expires_at)

# Until when passwords of another system count, and when those who have not signed in are reminded; days in UTC.
migration = tenant_table(
    "customer_migration",
    Column("ends_on", Str, nullable=False),
    Column("remind_on", Str, nullable=False),
    Column("notify", Boolean, nullable=False),
)

# The numbers of deleted customers.
deleted = tenant_table("customer_deleted", key("id"))

# Customers as identity providers know them: a provider's subject stands for one customer only.
identity = tenant_table(
    "customer_identity",
    key("issuer"),
    key("subject"),
    Column("customer_id", Str, nullable=False),
    Column("created_at", Str, nullable=False),
)
Index("customer_identity_customer", identity.c.tenant, identity.c.customer_id)

address = resource_table("customer_address", key("customer_id"), key("id"))

# Who acts for which company: kept in step with the contact assignments of client management by its events.
company = tenant_table("customer_company", key("customer_id"), key("legal_entity_id"))
Index("customer_company_reverse", company.c.tenant, company.c.legal_entity_id, company.c.customer_id)

# The last customer number that was given out; numbers of deleted customers are not given again.
number = tenant_table("customer_number", Column("value", BigInteger, nullable=False))
