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
from support.database import SqliteTemplate
from support.shop import Shop

HOT = {
    "mine": hot._mine("all", True, with_tree=True),
    "named": match._active(True, True),
    "products": match._products(False, some=False),
    "products asked for": match._products(True, some=True),
    "items": hot._items_of(),
    "categories": trees._categories_of(False),
}
# What a worker finds of a tenant with ten million memberships, by index: rows, and how many have the same columns.
LARGE = {
    "sqlite_autoindex_customer_segment_member_1": "10003824 4001 5 5 1",
    "customer_segment_member_of": "9292800 4001 1001 1 1",
    "customer_segment_member_company": "11954670 4001 4001 5",
    "sqlite_autoindex_customer_segment_item_1": "256608 4001 45 24 1",
    "customer_segment_item_of": "378000 4001 4001 13 1",
    "sqlite_autoindex_customer_segment_1": "10241 4001 1",
    "customer_segment_site": "10062 4001 4001",
    "sqlite_autoindex_customer_company_1": "200376 4001 1 1",
}


def plan(url: str, statement: str, arguments: Any) -> list[str]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
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


@pytest.fixture(scope="module", params=["without statistics", "with those of a large tenant"])
def file(
    request: pytest.FixtureRequest, sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A database file."""
    url = sqlite_template.copy(tmp_path_factory.mktemp("plans"))
    if request.param != "without statistics":
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute("ANALYZE")
            tables = dict(connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'"))
            rows = [(tables[index], index, found) for index, found in LARGE.items()]
            connection.executemany("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", rows)
    return url


@pytest.mark.parametrize("name", HOT)
def test_a_hot_statement_reads_only_what_is_asked_for(sqlite_server: Server, file: str, name: str) -> None:
    statement: Hot = HOT[name]
    dialect = sqlite_server.runtime.database.sql
    any_values = statement.statement.compile(dialect=dialect).params
    steps = plan(file, *statement.bound(dialect, any_values))
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
        assert unbounded(plan(sqlite_server.settings.database, text, values)) == [], text
