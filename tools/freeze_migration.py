"""Writes the first migration anew from the tables of the kit and all services; only before the first release.

Run `.venv/bin/python tools/freeze_migration.py`. Later changes are migrations of their own, written by
`.venv/bin/python tools/freeze_migration.py --next "Add a column"` and completed by hand.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from coterie.database.sqlite import sqlite_engine
from coterie.migrations import all_tables, migrate
from coterie.query.sql import Json, Str


def main() -> None:
    """Write 0001_initial.py, or with --next the migration after the last one."""
    parser = argparse.ArgumentParser(description="Write a migration from the declared tables.")
    parser.add_argument("--next", metavar="MESSAGE", help="write a new migration with what differs")
    message = parser.parse_args().next
    folder = Path(scripts().versions)
    if message is None:
        for old in folder.glob("*.py"):
            old.unlink()
    head = scripts().get_current_head()
    code = steps(since=head)
    written = scripts().generate_revision(
        f"{int(head or 0) + 1:04}", message or "initial", head="head", upgrades=code, imports=""
    )
    assert written is not None
    for step in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        subprocess.run([str(Path(sys.executable).with_name("ruff")), *step, written.path], check=True)
    print(f"wrote {written.path}")


def scripts() -> ScriptDirectory:
    """The migrations there are now; files are named like 0001_initial.py."""
    config = migrate.config()
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return ScriptDirectory.from_config(config)


def steps(since: str | None) -> str:
    """The operations that lead to the declared tables from an empty database, or from the last migration."""
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/schema.db"
        if since is not None:
            asyncio.run(migrate.upgrade(f"sqlite:///{file}"))
        engine = sqlite_engine(file)
        with engine.connect() as connection:
            code = difference(connection)
        engine.dispose()
    return re.sub(r"^ *# ###.*\n?", "", code, flags=re.MULTILINE).strip()


def difference(connection: Connection) -> str:
    """What the database lacks of the declared tables, as Python."""
    produced = produce_migrations(MigrationContext.configure(connection), all_tables()).upgrade_ops
    assert isinstance(produced, ops.UpgradeOps)
    return render_python_code(produced, render_item=type_name)


def type_name(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Our own column types by their names; everything else as Alembic writes it."""
    if kind == "type" and isinstance(item, (Str, Json)):
        return f"{type(item).__name__}()"
    return False


if __name__ == "__main__":
    main()
