"""The statistics of an embedded database: a worker makes them, and connections that are open already use them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from coterie.cli.server import worker_of
from coterie.database.sqlite import SqliteDatabase
from coterie.services.customer.tables import customer
from coterie.settings import Settings
from coterie.worker.mail import MailSender
from support.api import Api, Server, new_tenant
from support.database import SqliteTemplate

MANY, FEW = 30_000, 3_000  # what SQLite samples is right within a factor of two
COLUMNS = (
    "tenant",
    "id",
    "version",
    "created_at",
    "modified_at",
    "doc",
    "contact_email",
    "active",
    "on_hold",
)
_numbers = count()
LOOKUP = "/customer/{tenant}/customers?q=contactEmail:7@example.com"


@pytest.fixture
def api(sqlite_template: SqliteTemplate, tmp_path: Path) -> Iterator[Api]:
    """A tenant on a server and a file of the test's own."""
    url = sqlite_template.copy(tmp_path)
    settings = Settings(database=url, data_dir=str(tmp_path), secret="test-secret-" * 4, log_level="error")
    server = Server("sqlite", settings)
    yield new_tenant(server)
    server.close()


def fill(api: Api, number: int) -> None:
    """So many customers."""
    rows = [(api.tenant, f"{n:06}", 1, "", "", "{}", f"{n}@example.com", True, False) for n in range(number)]

    async def load() -> None:
        async with api.server.runtime.database.writing() as session:
            await session.load(customer, COLUMNS, rows)

    api.run(load())


def housekeep(api: Api) -> None:
    """What a worker does when it starts, and now and then."""
    runtime = api.server.runtime
    worker = worker_of(runtime, MailSender(runtime))

    async def rounds() -> None:
        while await worker.round():
            pass

    api.run(rounds())


def plan(api: Api) -> list[str]:
    """How a kept connection, one that has run the statement before, looks up customers by their address."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, text: str, values: Any, *_: Any) -> None:
        if "customer.contact_email =" in text:
            sent.append((text, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert api.get(LOOKUP).status == 200
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    text, values = sent[0]  # the other one counts them
    database = api.server.runtime.database
    assert isinstance(database, SqliteDatabase)
    (reader,) = database.readers
    # A text of its own: the driver keeps statements, and one that only explains never looks whether it is of now.
    return [row[3] for row in reader[1].execute(f"EXPLAIN QUERY PLAN {text} -- {next(_numbers)}", values)]


def by_address(steps: list[str]) -> bool:
    return any("customer_email_contact (tenant=? AND contact_email=?)" in step for step in steps)


def test_a_look_up_by_address_uses_its_index_once_a_worker_has_counted(api: Api) -> None:
    fill(api, MANY)
    assert not by_address(plan(api)), "SQLite needs no statistics for this any more"
    housekeep(api)
    assert by_address(plan(api))


def test_little_is_not_counted_until_it_has_become_much(api: Api) -> None:
    fill(api, FEW)
    housekeep(api)
    assert stored(api) == {}
    more = Api(api.server, new_tenant(api.server).tenant, api.token)
    fill(more, MANY)
    housekeep(api)
    assert "customer_email_contact" in stored(api)
    assert by_address(plan(api))


def stored(api: Api) -> dict[str, str]:
    """The statistics in the file, by index."""
    database = api.server.runtime.database
    assert isinstance(database, SqliteDatabase)
    return dict(database.readers[0][1].execute("SELECT idx, stat FROM sqlite_stat1").fetchall())


def test_counting_again_leaves_the_plans_of_others_alone(api: Api) -> None:
    fill(api, MANY)
    housekeep(api)
    version = schema_version(api)
    housekeep(api)
    assert schema_version(api) == version


def schema_version(api: Api) -> int:
    """What every connection compares to know whether its schema, statistics included, is of now."""
    database = api.server.runtime.database
    assert isinstance(database, SqliteDatabase)
    found: int = database.readers[0][1].execute("PRAGMA schema_version").fetchone()[0]
    return found
