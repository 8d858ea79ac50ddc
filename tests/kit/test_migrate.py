"""Migrations lead every database to the declared tables, also when several processes migrate at once."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from coterie.database.postgres import postgres_engine
from coterie.database.session import DatabaseError
from coterie.database.sqlite import sqlite_engine
from coterie.migrations import all_tables, migrate


def on(url: str, work):
    """Run `work` on a plain connection."""
    if url.startswith("sqlite"):
        engine = sqlite_engine(url.removeprefix("sqlite:///"))
        with engine.connect() as connection:
            result = work(connection)
        engine.dispose()
        return result

    async def run():
        engine = postgres_engine(url)
        async with engine.begin() as connection:
            result = await connection.run_sync(work)
        await engine.dispose()
        return result

    return asyncio.run(run())


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new folder/coterie.db"
    return request.getfixturevalue("postgres_database")


def test_an_empty_database_gets_the_declared_schema(empty_url: str) -> None:
    asyncio.run(migrate.upgrade(empty_url))
    options = {"compare_type": True, "compare_server_default": True}
    differences = on(
        empty_url, lambda c: compare_metadata(MigrationContext.configure(c, opts=options), all_tables())
    )
    assert not differences, "run tools/freeze_migration.py, or after the first release add a migration"


def test_the_comparison_sees_a_missing_column_and_another_type(database_url: str) -> None:
    changed = sa.MetaData()
    for table in all_tables().tables.values():
        table.to_metadata(changed)
    changed.tables["outbox"].append_column(sa.Column("more", sa.Integer))
    changed.tables["outbox"].c.attempts.type = sa.Text()
    differences = on(database_url, lambda c: compare_metadata(MigrationContext.configure(c), changed))
    assert [each[0] if isinstance(each, tuple) else each[0][0] for each in differences] == [
        "add_column",
        "modify_type",
    ]


def test_postgresql_compares_text_by_code_point_and_keeps_documents_as_jsonb(postgres_database: str) -> None:
    asyncio.run(migrate.upgrade(postgres_database))
    query = sa.text(
        "SELECT DISTINCT CASE WHEN data_type LIKE '%json%' THEN data_type ELSE 'text' END, collation_name "
        "FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version' "
        "AND (data_type LIKE '%json%' OR data_type = 'text' OR data_type LIKE 'char%')"
    )
    found = {tuple(row) for row in on(postgres_database, lambda c: c.execute(query).all())}
    assert found == {("text", "C"), ("jsonb", None)}


def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = asyncio.run(migrate.status(database_url))
    asyncio.run(migrate.upgrade(database_url))
    assert asyncio.run(migrate.status(database_url)) == before
    assert before[0] == before[1]
    asyncio.run(migrate.require_current(database_url))


def test_segments_and_coupons_of_before_are_counted_and_noted(empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).parent.mkdir()
    member = "('t', '{}', '', '{}', 'MANUAL', '{{}}', 1, '', '')"
    item = "('t', 'gold', '{}', '{}', '{{}}', 1, '', '')"
    before = [
        "INSERT INTO customer_segment_member (tenant, customer_id, legal_entity_id, segment_id, "
        "assignment_type, doc, version, created_at, modified_at) VALUES "
        + ", ".join(member.format(*each) for each in [("c1", "gold"), ("c2", "gold"), ("c1", "iron")]),
        "INSERT INTO customer_segment_item (tenant, segment_id, type, item_id, doc, version, created_at, "
        "modified_at) VALUES "
        + ", ".join(item.format(*each) for each in [("PRODUCT", "p"), ("CATEGORY", "c")]),
        "INSERT INTO coupon (tenant, code, max_redemptions, deleted, doc, version, created_at, modified_at) "
        """VALUES ('t', 'A', -1, false, '{"name": "\u00e4 \\"A\\"", "restrictions": {"segments": """
        """["gold", "none", "gold"]}}', 0, '', ''), """
        """('t', 'B', -1, false, '{"name": "B", "restrictions": {}}', 0, '', ''), """
        """('t', 'C', -1, true, '{"name": "C", "restrictions": {"segments": ["gold"]}}', 0, '', '')""",
    ]
    on(empty_url, lambda c: command.upgrade(migrate.config(c), "0001"))
    for statement in before:
        on(empty_url, lambda c, text=statement: c.exec_driver_sql(text))
    asyncio.run(migrate.upgrade(empty_url))
    counted = sa.text("SELECT tenant, segment_id, kind, shard, number FROM customer_segment_count")
    assert sorted(on(empty_url, lambda c: c.execute(counted).all())) == [
        ("t", "gold", "CATEGORY", 0, 1),
        ("t", "gold", "CUSTOMER", 0, 2),
        ("t", "gold", "PRODUCT", 0, 1),
        ("t", "iron", "CUSTOMER", 0, 1),
    ]
    noted = sa.text("SELECT tenant, segment_id, kind, user_id, name FROM customer_segment_use")
    assert sorted(on(empty_url, lambda c: c.execute(noted).all())) == [
        ("t", "gold", "COUPON", "A", 'ä "A"'),
        ("t", "none", "COUPON", "A", 'ä "A"'),
    ]


def test_several_may_migrate_at_once(empty_url: str) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*(migrate.upgrade(empty_url) for _ in range(6)))
        await migrate.require_current(empty_url)

    asyncio.run(all_at_once())


def test_a_database_never_migrated_is_refused_with_the_way_out(empty_url: str) -> None:
    assert asyncio.run(migrate.status(empty_url))[0] is None
    with pytest.raises(DatabaseError, match="run `coterie migrate` first"):
        asyncio.run(migrate.require_current(empty_url))
    if empty_url.startswith("sqlite"):
        assert not Path(empty_url.removeprefix("sqlite:///")).exists()


def test_a_newer_database_is_refused_and_left_alone(database_url: str) -> None:
    newer = sa.text("UPDATE alembic_version SET version_num = '9999'")
    on(database_url, lambda c: c.execute(newer))
    message = r"is of a newer version \(rev 9999\) than this coterie knows; upgrade coterie\."
    for refused in (migrate.upgrade, migrate.require_current):
        with pytest.raises(DatabaseError, match=message):
            asyncio.run(refused(database_url))
    assert asyncio.run(migrate.status(database_url))[0] == "9999"


def test_a_migration_that_fails_leaves_nothing_behind(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = migrate.command.upgrade

    def fail(*args: object) -> None:
        upgrade(*args)
        raise OSError("out of luck")

    monkeypatch.setattr(migrate.command, "upgrade", fail)
    with pytest.raises(DatabaseError, match="out of luck"):
        asyncio.run(migrate.upgrade(empty_url))
    assert on(empty_url, lambda c: sa.inspect(c).get_table_names()) == []


def test_what_cannot_be_opened_is_named_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to have a header of one")
    with pytest.raises(DatabaseError, match=r"notes\.txt can't be opened: file is not a database"):
        asyncio.run(migrate.upgrade(f"sqlite:///{tmp_path}/notes.txt"))
    with pytest.raises(DatabaseError, match="can't be used") as refused:
        asyncio.run(migrate.upgrade("postgresql://someone:hidden@127.0.0.1:9/coterie"))
    assert "hidden" not in str(refused.value)


def test_a_server_with_another_encoding_is_refused(postgres_url: str) -> None:
    on_server = sa.text(
        "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
    )

    async def create() -> None:
        engine = postgres_engine(postgres_url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(sa.text("DROP DATABASE IF EXISTS latin"))
            await connection.execute(on_server)
        await engine.dispose()

    asyncio.run(create())
    with pytest.raises(DatabaseError, match="encoded in LATIN1; create it with UTF8"):
        asyncio.run(migrate.upgrade(postgres_url.replace("/postgres?", "/latin?")))


def test_the_file_is_in_wal_mode_for_good(tmp_path: Path) -> None:
    asyncio.run(migrate.upgrade(f"sqlite:///{tmp_path}/c.db"))
    with sqlite3.connect(tmp_path / "c.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
