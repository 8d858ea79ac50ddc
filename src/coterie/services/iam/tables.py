"""The tables of groups, assignments, employees and what they sign in with, and custom access controls and scopes."""

from __future__ import annotations

from sqlalchemy import Column, Index

from coterie.kit.tables import key, resource_table, tenant_table
from coterie.query.sql import Json, Str

# `code` marks the predefined groups of a company. `custom_scopes`: what the group's custom access controls hold,
# kept in step with them, so that one statement tells what a user may do.
group = resource_table(
    "iam_group",
    key("id"),
    Column("user_type", Str, nullable=False),
    Column("code", Str),
    Column("legal_entity_id", Str),
    Column("vendor_id", Str),
    Column("access_controls", Json),
    Column("templates", Json),
    Column("restrictions", Json),
    Column("custom_scopes", Json),
)
Index("iam_group_company", group.c.tenant, group.c.legal_entity_id)
Index("iam_group_vendor", group.c.tenant, group.c.vendor_id)

assignment = tenant_table(
    "iam_assignment",
    key("group_id"),
    key("user_id"),
    Column("id", Str, nullable=False),
    Column("user_type", Str, nullable=False),
    Column("created_at", Str, nullable=False),
)
Index("iam_assignment_user", assignment.c.tenant, assignment.c.user_id)

access_control = resource_table("iam_access_control", key("id"))
scope = resource_table("iam_scope", key("id"))

# `folded`: the e-mail address as it is compared. `status` is PROVISIONED until the employee first signs in.
employee = resource_table(
    "iam_employee",
    key("id"),
    Column("email", Str, nullable=False),
    Column("folded", Str, nullable=False),
    Column("first_name", Str, nullable=False),
    Column("last_name", Str, nullable=False),
    Column("status", Str, nullable=False),
    Column("last_login", Str),
)
Index("iam_employee_email", employee.c.tenant, employee.c.folded, unique=True)

# The Argon2id hash of an employee's password; one who signs in with an identity provider only has none.
password = tenant_table(
    "iam_password",
    key("employee_id"),
    Column("hash", Str, nullable=False),
    Column("set_at", Str, nullable=False),
)

# One-time tokens that employees were sent by mail, by their SHA-256 digests.
link = tenant_table(
    "iam_link",
    key("hash"),
    Column("employee_id", Str, nullable=False),
    Column("purpose", Str, nullable=False),
    Column("data", Json, nullable=False),
    Column("expires_at", Str, nullable=False),
)
Index("iam_link_employee", link.c.tenant, link.c.employee_id)
Index("iam_link_expiry", link.c.expires_at)

# Employees as identity providers know them: a provider's subject stands for one employee only.
identity = tenant_table(
    "iam_identity",
    key("issuer"),
    key("subject"),
    Column("employee_id", Str, nullable=False),
    Column("created_at", Str, nullable=False),
)
Index("iam_identity_employee", identity.c.tenant, identity.c.employee_id)

# Which customers are contacts of which companies: kept in step with client management by its events.
contact = tenant_table("iam_contact", key("legal_entity_id"), key("customer_id"))
Index("iam_contact_customer", contact.c.tenant, contact.c.customer_id)
