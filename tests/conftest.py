"""What every test run has: its engines, one PostgreSQL server, the loopback guard, bounded properties."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from coterie.settings import Settings
from support import loopback
from support.api import Api, Server, new_tenant
from support.database import PostgresTemplate, SqliteTemplate
from support.engines import Engines, choose_engines
from support.postgres import PostgresServer, create_database, drop_database, start_postgres
from support.postgres_binaries import PostgresNotFoundError

ENGINES = pytest.StashKey[Engines]()
SERVER = pytest.StashKey[PostgresServer]()


def pytest_configure(config: pytest.Config) -> None:
    """Choose the engines; a run without PostgreSQL that did not ask for it ends here with a usage error."""
    loopback.install()
    # libpq's variables in the developer's shell, such as PGPORT, must not redirect the tests' connections.
    for name in [name for name in os.environ if re.match("PG[A-Z]", name)]:
        del os.environ[name]
    hypothesis.settings.register_profile("local", max_examples=50, deadline=None, database=None)
    hypothesis.settings.register_profile("ci", hypothesis.settings.get_profile("local"), derandomize=True)
    hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")
    try:
        config.stash[ENGINES] = choose_engines(os.environ)
    except (PostgresNotFoundError, ValueError) as problem:
        raise pytest.UsageError(str(problem)) from None
    # Before the workers, so that all share one server; a run without workers starts it when a test asks.
    if config.getoption("numprocesses", None) and config.stash[ENGINES].postgres:
        _start_server(config)


@pytest.hookimpl(optionalhook=True)  # exists only when xdist is loaded
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker where the run's server is."""
    if server := node.config.stash.get(SERVER, None):
        node.workerinput["postgres_url"] = server.admin_url


def pytest_report_header(config: pytest.Config) -> str:
    return str(config.stash[ENGINES])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.write_line(str(config.stash[ENGINES]))


def _start_server(config: pytest.Config) -> str:
    """Start the run's server and return its admin URL; it stops when pytest ends, also after Ctrl-C."""
    binaries = config.stash[ENGINES].postgres
    assert binaries is not None
    server = config.stash[SERVER] = start_postgres(binaries)
    config.add_cleanup(server.stop)
    return server.admin_url


@pytest.fixture(scope="session")
def engines(request: pytest.FixtureRequest) -> Engines:
    """The engines of this run."""
    return request.config.stash[ENGINES]


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest, engines: Engines) -> str:
    """SQLAlchemy URL of the server's `postgres` database, as superuser. Skips in a run without PostgreSQL."""
    if engines.postgres is None:
        pytest.skip("needs PostgreSQL, which this run leaves out")
    shared: str | None = getattr(request.config, "workerinput", {}).get("postgres_url")
    return shared or _start_server(request.config)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """SQLAlchemy URL of an empty database of this test's own, dropped afterwards."""
    url = create_database(postgres_url)
    yield url
    drop_database(postgres_url, url)


@pytest.fixture(autouse=True)
def loopback_only() -> Iterator[None]:
    """Fail a test that tried to leave the machine, even when the code under test swallowed the refusal."""
    loopback.take_refused()
    yield
    if refused := loopback.take_refused():
        pytest.fail(f"tests may only reach loopback; this one tried {', '.join(refused)}")


# One app for each engine and worker process; each test gets a tenant of its own.


def _server(engine: str, url: str, folder: Path) -> Iterator[Server]:
    server = Server(
        engine, Settings(database=url, data_dir=str(folder), secret="test-secret-" * 4, log_level="error")
    )
    yield server
    server.close()


@pytest.fixture(scope="session")
def sqlite_server(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The app on a migrated SQLite file."""
    folder = tmp_path_factory.mktemp("sqlite")
    yield from _server("sqlite", sqlite_template.copy(folder), folder)


@pytest.fixture(scope="session")
def postgres_server(
    postgres_template: PostgresTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The app on a migrated PostgreSQL database."""
    url = postgres_template.copy()
    yield from _server("postgres", url, tmp_path_factory.mktemp("postgres"))
    postgres_template.drop(url)


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> Server:
    """The app, once on each engine."""
    found: Server = request.getfixturevalue(f"{request.param}_server")
    return found


@pytest.fixture
def api(server: Server) -> Api:
    """A client of a fresh tenant with every scope, once on each engine."""
    return new_tenant(server)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    """A migrated SQLite file to copy."""
    return SqliteTemplate(tmp_path_factory.mktemp("sqlite-template"))


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> PostgresTemplate:
    """A migrated PostgreSQL database to copy."""
    return PostgresTemplate(postgres_url)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a migrated, empty database of this test's own; the test runs once for each engine."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_template").copy(tmp_path)
        return
    template = request.getfixturevalue("postgres_template")
    url = template.copy()
    yield url
    template.drop(url)
