"""Plans of hot statements and cascades on SQLite: by the keys that are asked for, never all rows of a tenant."""

import sqlite3
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from coterie.database.session import Hot
from coterie.query.sql import register_sqlite
from coterie.services.customer_segment.operations import hot, match, trees
from support.api import Server, new_tenant
from support.shop import Shop

HOT = {
    "mine": hot._mine("all", True, with_tree=True),
    "named": match._active(True, True),
    "products": match._products(False, some=False),
    "products asked for": match._products(True, some=True),
    "items": hot._items_of(),
    "categories": trees._categories_of(False),
}


def plan(server: Server, statement: str, arguments: Any) -> list[str]:
    connection = sqlite3.connect(server.settings.database.removeprefix("sqlite:///"))
    register_sqlite(connection)
    rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", arguments).fetchall()
    connection.close()
    return [row[3] for row in rows]


def unbounded(steps: list[str]) -> list[str]:
    """Steps that read every row of a table, or of a tenant; that of the stamp of its categories has only one."""
    whole = [
        each for each in steps if each.endswith("(tenant=?)") or each.startswith("SCAN customer_segment")
    ]
    return [each for each in whole if "customer_segment_tree" not in each]


@pytest.mark.parametrize("name", HOT)
def test_a_hot_statement_reads_only_what_is_asked_for(sqlite_server: Server, name: str) -> None:
    statement: Hot = HOT[name]
    dialect = sqlite_server.runtime.database.sql
    any_values = statement.statement.compile(dialect=dialect).params
    steps = plan(sqlite_server, *statement.bound(dialect, any_values))
    assert steps
    assert unbounded(steps) == []


def test_the_end_of_a_legal_entity_reads_only_what_it_had(sqlite_server: Server) -> None:
    shop = Shop(new_tenant(sqlite_server))
    shop.company("acme")
    for name in ("ada", "bob"):
        shop.contact(shop.customer(f"{name}@example.com"), "acme")
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, text: str, values: Any, *_: Any) -> None:
        if text.startswith("DELETE FROM customer_"):
            sent.append((text, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert shop.api.delete("/customer-management/{tenant}/legal-entities/acme").status == 204
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert {text.split()[2] for text, _ in sent} >= {"customer_company", "customer_segment_member"}
    for text, values in sent:
        assert unbounded(plan(sqlite_server, text, values)) == [], text
