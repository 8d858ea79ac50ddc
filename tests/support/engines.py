"""Which database engines a test run uses, and the line that says so."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from support.postgres_binaries import PostgresBinaries, find_postgres

VARIABLE = "COTERIE_TEST_ENGINES"


@dataclass(frozen=True)
class Engines:
    """The engines of one run: always SQLite; `postgres` is None when the run leaves PostgreSQL out."""

    postgres: PostgresBinaries | None

    @property
    def names(self) -> tuple[str, ...]:
        """The engines' names, for tests that run once per engine."""
        return ("sqlite",) if self.postgres is None else ("sqlite", "postgres")

    def __str__(self) -> str:
        sqlite = f"engines: SQLite {sqlite3.sqlite_version}"
        if self.postgres is None:
            return f"{sqlite}; PostgreSQL is NOT tested ({VARIABLE}=sqlite)"
        return f"{sqlite}, PostgreSQL {self.postgres.version} ({self.postgres.bin})"


def choose_engines(environ: Mapping[str, str]) -> Engines:
    """Decide the run's engines: both, unless COTERIE_TEST_ENGINES is `sqlite`.

    Raises ValueError for another value of the variable, and PostgresNotFoundError when the machine has no
    PostgreSQL that tests can use: leaving an engine out must be asked for.
    """
    asked = environ.get(VARIABLE, "")
    if asked == "sqlite":
        return Engines(postgres=None)
    if asked:
        raise ValueError(
            f"{VARIABLE} is {asked!r}; set it to 'sqlite' to leave PostgreSQL out, or leave it unset"
        )
    return Engines(postgres=find_postgres(environ))
