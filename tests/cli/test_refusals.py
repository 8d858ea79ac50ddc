"""What a person can mend is one line on standard error, without a traceback, and an exit code for scripts."""

from __future__ import annotations

import re
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest

from coterie.cli import EXIT_CODES
from support.commands import Run

ROOT = Path(__file__).resolve().parents[2]
SECRET = "cli-" * 10


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """The command ended with `code`, wrote nothing but one line, and the line has the words."""
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert re.fullmatch(r"coterie: [^\n]+\n", done.stderr), done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("serve --prot 1", "--prot"),
        ("serve --port abc", "--port"),
        ("serve --port 65536", "65536 is not a port"),
        ("serve --port -1", "-1 is not a port"),
        ("nonsense", "nonsense"),
        ("tenant create", "NAME"),
        ("tenant create acme --languages ,", "--languages"),
        ("client create acme --kind root", "--kind"),
        ("client create acme --kind custom", "--scopes"),
        ("client create acme --kind storefront --scopes site.site_read", "--scopes"),
        ("routes nonsense", "customer_segment"),
    ],
)
def test_wrong_usage(run: Run, arguments: str, words: str) -> None:
    refused(run(*arguments.split()), 2, words)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "80.5"),
        ("MAX_BODY", "-1"),
        ("SCHEMA_SECONDS", "nan"),
        ("EMBEDDED_WORKER", "maybe"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_bad_setting_is_named(run: Run, name: str, value: str) -> None:
    refused(run("serve", "--host", "127.0.0.1", **{f"COTERIE_{name}": value}), 2, f"COTERIE_{name}", value)


def test_a_taken_port(run: Run) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        refused(run("serve", "--port", port), 3, port, "--port")


@pytest.mark.parametrize("command", ["serve --port 0", "tenant create acme"])
def test_a_data_folder_that_cannot_be(run: Run, tmp_path: Path, command: str) -> None:
    file = tmp_path / "file"
    file.touch()
    folder = str(file / "data")
    refused(run(*command.split(), "--data-dir", folder), 4, folder)
    assert file.read_bytes() == b""


@pytest.mark.parametrize("command", ["serve --port 0", "migrate --check"])
def test_a_file_that_is_no_database(run: Run, tmp_path: Path, command: str) -> None:
    path = tmp_path / "data" / "coterie.db"
    path.parent.mkdir()
    path.write_text("Dear diary, " * 100)
    refused(run(*command.split()), 4, str(path), "not a database")
    assert path.read_text() == "Dear diary, " * 100


@pytest.mark.parametrize("command", ["serve --port 0", "migrate"])
def test_a_database_of_a_newer_version(run: Run, tmp_path: Path, command: str) -> None:
    assert run("migrate").returncode == 0
    with sqlite3.connect(tmp_path / "data" / "coterie.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    refused(run(*command.split()), 4, "9999", "upgrade coterie")


@pytest.mark.parametrize(
    "url",
    ["nonsense", "mysql://host/name", "sqlite:///:memory:", "sqlite:///", "sqlite:relative.db"],
)
def test_a_database_url_that_is_none(run: Run, url: str) -> None:
    refused(run("migrate", "--database", url), 4, "use sqlite:///PATH")


def test_a_database_url_that_cannot_be_read_is_not_repeated(run: Run) -> None:
    done = run("migrate", "--database", "postgresql://user:hush@host:port/name")
    refused(done, 4, "USER:PASSWORD@HOST")
    assert "hush" not in done.stderr


def test_a_server_that_is_not_there(run: Run) -> None:
    done = run("migrate", "--database", "postgresql://user:hush@127.0.0.1:1/name")
    refused(done, 4, "127.0.0.1:1")
    assert "hush" not in done.stderr


def test_postgres_wants_to_be_migrated_first(run: Run, postgres_dsn: str) -> None:
    for command in ("serve --port 0", "worker", "tenant create acme"):
        done = run(*command.split(), COTERIE_DATABASE=postgres_dsn, COTERIE_SECRET=SECRET)
        refused(done, 4, "`coterie migrate`")


def test_postgres_wants_a_secret(run: Run, postgres_dsn: str) -> None:
    assert run("migrate", COTERIE_DATABASE=postgres_dsn).returncode == 0
    for command in ("serve --port 0", "worker"):
        done = run(*command.split(), COTERIE_DATABASE=postgres_dsn)
        refused(done, 2, "COTERIE_SECRET", "openssl rand")
    short = run("worker", COTERIE_DATABASE=postgres_dsn, COTERIE_SECRET="short")
    refused(short, 2, "COTERIE_SECRET", "32 bytes")


def test_tenants_and_clients(run: Run) -> None:
    refused(run("client", "create", "acme"), 1, "coterie tenant create acme")
    refused(run("tenant", "create", "Acme!"), 1, "Acme!", "3 to 16")
    assert run("tenant", "create", "acme").returncode == 0
    refused(run("tenant", "create", "acme"), 1, "acme exists")


def test_the_guide_lists_the_exit_codes() -> None:
    guide = (ROOT / "docs" / "guides" / "operating.md").read_text()
    listed = {int(code): what for code, what in re.findall(r"^\| (\d+) \| ([^|]+?) \|", guide, re.M)}
    assert listed == EXIT_CODES
