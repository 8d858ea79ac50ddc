"""Commands run with an environment and a data folder of the test's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.commands import COTERIE, Background, Run, Start
from support.postgres import create_database, drop_database, dsn


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of this test's commands; a test may add to it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COTERIE_")}
    return {**clean, "COTERIE_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "100"}


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    """Runs a command to its end."""

    def command(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COTERIE, *arguments],
            env={**environ, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return command


@pytest.fixture
def start(environ: dict[str, str]) -> Iterator[Start]:
    """Starts a command that goes on, and waits for its first line; it ends with the test."""
    with ExitStack() as running:

        def command(*arguments: str) -> Background:
            process = subprocess.Popen(
                [COTERIE, *arguments],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            running.callback(lambda: process.poll() is None and process.kill())
            return Background(process)

        yield command


@pytest.fixture
def postgres_dsn(postgres_url: str) -> Iterator[str]:
    """An empty PostgreSQL database, as an operator writes its URL."""
    url = create_database(postgres_url)
    yield dsn(url)
    drop_database(postgres_url, url)
