"""The tutorial and the guides tell the truth: their commands, unchanged, against a server just started."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from support.postgres import create_database, drop_database, dsn

ROOT = Path(__file__).resolve().parents[1]
MARK = "\x1e"
PAGES = [
    "tutorial.md",
    "guides/loading-a-catalogue.md",
    "guides/mixins.md",
    "guides/multi-site-shops.md",
    "guides/webhooks.md",
]
COTERIE = Path(sys.executable).with_name("coterie")


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Commands with what they print: (script, kind, expected), kind "" where the page shows no answer."""
    fences = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.M | re.S)
    pairs = []
    for (kind, text), following in zip(fences, [*fences[1:], ("", "")], strict=True):
        if kind == "bash":
            pairs.append((text, *(following if following[0] in ("json", "text") else ("", ""))))
    return pairs


def is_within(expected: Any, actual: Any) -> bool:
    """Whether the answer shows what the page does; objects may have more fields, lists no more items."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(
            key in actual and is_within(value, actual[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(expected)
            and all(is_within(*pair) for pair in zip(expected, actual, strict=True))
        )
    return bool(expected == actual)


@pytest.fixture(params=["sqlite", "postgres"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a server that was started for the first time, with its demo."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {
        **os.environ,
        "COTERIE_DATA_DIR": str(tmp_path / "data"),
        "COTERIE_PORT": str(port),
        "COTERIE_LOG_LEVEL": "warning",
        "COTERIE_ALLOWED_HOSTS": "127.0.0.1",
        "COTERIE_URL": f"http://127.0.0.1:{port}",
    }
    url = None
    if request.param == "postgres":
        admin = request.getfixturevalue("postgres_url")
        url = create_database(admin)
        environ |= {"COTERIE_DATABASE": dsn(url), "COTERIE_SECRET": "tutorial-" * 5}
        subprocess.run([COTERIE, "migrate"], env=environ, check=True, capture_output=True)
    log = (tmp_path / "log").open("w+")
    server = subprocess.Popen([COTERIE, "serve", "--demo"], env=environ, stdout=log, stderr=log)
    # With PostgreSQL events are delivered by a process of their own.
    workers = [subprocess.Popen([COTERIE, "worker"], env=environ, stdout=log, stderr=log)] if url else []
    try:
        wait(f"http://127.0.0.1:{port}/health/ready", server, log)
        yield environ
    finally:
        for process in (server, *workers):
            process.terminate()
        for process in (server, *workers):
            assert process.wait(30) == 0, "who is asked to stop ends well"
        if url is not None:
            drop_database(request.getfixturevalue("postgres_url"), url)


def wait(url: str, server: subprocess.Popen[bytes], log: Any) -> None:
    for _ in range(600):
        if server.poll() is not None:
            log.seek(0)
            pytest.fail(f"the server ended: {log.read()}")
        try:
            urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not start")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(environment: dict[str, str], page: str) -> None:
    assert shutil.which("curl"), "the pages are curl: install it (apt-get install curl)"
    told = blocks(page)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        environment["WEBHOOK_PORT"] = str(free.getsockname()[1])
    script = "".join(f"{commands}\nprintf '{MARK}'\n" for commands, _, _ in told)
    # The page calls .venv/bin/coterie from the repository's folder; the environment here may be another.
    script = script.replace(".venv/bin/coterie", str(COTERIE))
    done = subprocess.run(
        ["bash", "-u"],
        input=script,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split(MARK)
    for (commands, kind, expected), actual in zip(told, printed, strict=False):
        if kind == "json":
            assert is_within(json.loads(expected), json.loads(actual)), f"{commands}\n{actual}"
        elif kind == "text":
            assert actual.strip("\n") == expected.strip("\n"), f"{commands}\n{actual}\n{done.stderr}"
