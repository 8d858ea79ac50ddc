"""Migrated databases for tests: one of each engine is made once, and every test gets a copy."""

import asyncio
import shutil
from pathlib import Path

from coterie.migrations import migrate
from support.postgres import create_database, drop_database


class SqliteTemplate:
    """A migrated file and its copies."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "template.db"
        asyncio.run(migrate.upgrade(f"sqlite:///{self._file}"))

    def copy(self, folder: Path) -> str:
        """URL of a new database in `folder`, migrated and empty."""
        return f"sqlite:///{shutil.copy(self._file, folder / 'coterie.db')}"


class PostgresTemplate:
    """A migrated database of the run's server and its copies."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url
        self._url = create_database(admin_url)
        asyncio.run(migrate.upgrade(self._url))

    def copy(self) -> str:
        """URL of a new database, migrated and empty."""
        return create_database(self._admin_url, self._url)

    def drop(self, url: str) -> None:
        """Drop a copy, cutting the connections that are left."""
        drop_database(self._admin_url, url)
