"""Personal data: what each table holds of a customer, and what becomes of it when he is deleted. The one list of it.

The services remove what is theirs when they hear of `customer.deleted`. Tests hold them, the schema and
docs/explanation/personal-data.md against this list; a new table has to be put into it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Table, Text, and_, cast, or_, select

from coterie.database.session import Session
from coterie.kit.tables import login
from coterie.migrations import all_tables

Fate = Literal["removed", "anonymised", "kept"]
_Find = Callable[[Table, str, str], ColumnElement[bool]]


@dataclass(frozen=True)
class Holding:
    """A table that holds something of customers, and what becomes of it at deletion.

    rows: the rows of a customer, by the table, the tenant and his id; None where they can't be told from others'.
    secret: columns that are never exported.
    """

    fate: Fate
    rows: _Find | None
    secret: tuple[str, ...] = ()


def _by(column: str) -> _Find:
    return lambda table, _tenant, id: table.c[column] == id


def _mentions(column: str) -> _Find:
    """Rows whose JSON has the id as a text of its own."""
    return lambda table, _tenant, id: cast(table.c[column], Text).contains(json.dumps(id), autoescape=True)


def _of_logins(table: Table, tenant: str, id: str) -> ColumnElement[bool]:
    mine = select(login.c.id).where(login.c.tenant == tenant, login.c.customer_id == id)
    return table.c.login_id.in_(mine)


def _approvals(table: Table, tenant: str, id: str) -> ColumnElement[bool]:
    contact = table.metadata.tables["contact_assignment"]
    mine = select(contact.c.id).where(contact.c.tenant == tenant, contact.c.customer_id == id)
    return and_(table.c.kind == "approvalGroup", table.c.target_id.in_(mine))


def _events(table: Table, tenant: str, id: str) -> ColumnElement[bool]:
    return or_(table.c.subject == f"customer:{id}", _mentions("payload")(table, tenant, id))


def _seen(table: Table, _tenant: str, id: str) -> ColumnElement[bool]:
    return table.c.key.startswith(f"{id}/", autoescape=True)


def _owned(table: Table, _tenant: str, id: str) -> ColumnElement[bool]:
    return and_(table.c.owner_type == "CUSTOMER", table.c.owner_id == id)


HOLDINGS: Mapping[str, Holding] = {
    "customer": Holding("removed", _by("id")),
    "customer_email": Holding("removed", _by("customer_id"), secret=("password_hash", "legacy_hash")),
    "customer_identity": Holding("removed", _by("customer_id")),
    "customer_link": Holding("removed", _by("customer_id"), secret=("hash",)),
    "customer_address": Holding("removed", _by("customer_id")),
    "customer_company": Holding("removed", _by("customer_id")),
    "contact_assignment": Holding("removed", _by("customer_id")),
    "legal_entity_reference": Holding("removed", _approvals),
    "iam_contact": Holding("removed", _by("customer_id")),
    "iam_assignment": Holding("removed", _by("user_id")),
    "customer_segment_member": Holding("removed", _by("customer_id")),
    "session_context": Holding("removed", _by("customer_id")),
    "login": Holding("removed", _by("customer_id")),
    "refresh_token": Holding("removed", _of_logins, secret=("hash",)),
    "schema_instance": Holding("removed", _owned),
    "coupon_usage": Holding("removed", _by("customer_id")),
    "coupon_redemption": Holding("anonymised", _by("customer_id")),
    "coupon": Holding("kept", _mentions("doc")),
    "customer_deleted": Holding("kept", _by("id")),
    "outbox": Holding("kept", _events),
    "webhook_aside": Holding("kept", lambda table, _tenant, id: table.c.subject == f"customer:{id}"),
    "job": Holding("kept", _mentions("cursor")),
    "job_seen": Holding("kept", _seen),
    "job_chunk": Holding("kept", None),
    "job_error": Holding("kept", None),
    "attempt": Holding("kept", None),
}

NOTHING = frozenset(
    {
        "api_client",
        "catalog",
        "catalog_reference",
        "brand",
        "brand_media",
        "category",
        "category_assignment",
        "category_closure",
        "category_ecn",
        "category_media",
        "category_segment",
        "category_stamp",
        "configuration",
        "country",
        "currency",
        "currency_exchange",
        "customer_migration",
        "customer_number",
        "customer_segment",
        "customer_segment_count",
        "customer_segment_item",
        "customer_segment_tree",
        "customer_segment_use",
        "iam_access_control",
        "iam_employee",
        "iam_group",
        "iam_identity",
        "iam_link",
        "iam_password",
        "iam_scope",
        "label",
        "label_media",
        "legal_entity",
        "location",
        "media_asset",
        "media_blob",
        "media_reference",
        "product",
        "product_bundle_member",
        "product_category",
        "product_classification",
        "product_media",
        "product_segment",
        "schema_document",
        "schema_type",
        "schema_version",
        "product_index",
        "product_index_value",
        "product_template",
        "product_template_version",
        "signing_key",
        "site",
        "tenant",
        "webhook_config",
        "webhook_destination",
        "webhook_month",
        "webhook_subscription",
        "unit",
    }
)
"""The tables that hold nothing of customers; employees are none."""


async def held(db: Session, tenant: str, customer_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every row that is held of a customer, by table, without what is secret; also of a deleted one."""
    tables = all_tables().tables
    found = {}
    for name, holding in HOLDINGS.items():
        if holding.rows is None:
            continue
        table = tables[name]
        shown = [column for column in table.c if column.name not in ("tenant", *holding.secret)]
        mine = (table.c.tenant == tenant, holding.rows(table, tenant, customer_id))
        rows = await db.all(select(*shown).where(*mine).order_by(*table.primary_key.columns))
        found[name] = [dict(row._mapping) for row in rows]
    for row in found["outbox"]:
        # A row may tell of others too; a subject that is the customer's own tells of nobody else.
        if row["events"] > 1 and row["subject"] != f"customer:{customer_id}":
            row["payload"] = [each for each in row["payload"] if _names(each, customer_id)]
    return found


def _names(value: Any, text: str) -> bool:
    """Whether JSON has a text that is exactly this, as a value or a key."""
    if isinstance(value, dict):
        return text in value or any(_names(each, text) for each in value.values())
    if isinstance(value, list):
        return any(_names(each, text) for each in value)
    return bool(value == text)
