"""`coterie import products|categories|assignments` against a real server."""

from __future__ import annotations

import base64
import csv
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from support.commands import COTERIE, Run
from support.served import TENANT, Served, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), None) as served:
        yield served


@pytest.fixture
def known(server: Served) -> dict[str, str]:
    """The server, for a command's environment."""
    return {"COTERIE_URL": server.url, "TENANT": TENANT, **server.credentials}


@pytest.fixture
def given(run: Run, known: dict[str, str]) -> Run:
    return lambda *arguments, **more: run(*arguments, **(known | more))


def rows(file: Path, lines: list[Any]) -> Path:
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def counts(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    found: dict[str, int] = json.loads(done.stdout)
    return found


def product(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "code": id, "name": {"en": id}, "productType": "BASIC", "published": True, **more}


def category(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "code": id, "localizedName": {"en": id}, "published": True, **more}


def test_a_catalogue_comes_in_and_a_repetition_changes_nothing(given: Run, tmp_path: Path) -> None:
    tree = rows(tmp_path / "c.ndjson", [category("above"), category("below", parentId="above")])
    some = rows(tmp_path / "p.ndjson", [product(f"p{n}") for n in range(401)])
    links = rows(
        tmp_path / "a.ndjson",
        [{"categoryId": ("above", "below")[n > 200], "productId": f"p{n}"} for n in range(401)],
    )
    for again in (False, True):
        for what, file, count in (
            ("categories", tree, 2),
            ("products", some, 401),
            ("assignments", links, 401),
        ):
            done = given("import", what, str(file), "--json")
            assert (done.returncode, done.stderr) == (0, "")
            made = {"created": 0, "updated": count} if again else {"created": count, "updated": 0}
            assert counts(done) == {"rows": count, "failed": 0, **made}
    assert not list(tmp_path.glob("*.progress"))


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg=="
)


def test_media_come_from_files_beside_the_list_or_by_url(given: Run, tmp_path: Path) -> None:
    given("import", "products", str(rows(tmp_path / "p.ndjson", [product("pictured")])))
    (tmp_path / "a.png").write_bytes(PIXEL)
    shown = {"refIds": [{"type": "PRODUCT", "id": "pictured"}]}
    file = rows(
        tmp_path / "m.ndjson",
        [
            {"id": "blob", "file": "a.png", **shown},
            {"id": "link", "url": "https://example.com/a.png", **shown},
            {"id": "gone", "file": "b.png"},
            {"id": "none"},
        ],
    )
    for arguments, created, updated in ((["--dry-run"], 2, 0), ([], 2, 0), ([], 0, 2)):
        done = given("import", "media", str(file), "--json", *arguments)
        assert counts(done) == {"rows": 4, "created": created, "updated": updated, "failed": 2}
        assert "line 3 (gone): file: b.png can't be read: No such file or directory" in done.stderr
        assert "line 4 (none): file: is required, or url" in done.stderr


def test_a_dry_run_believes_in_the_rows_above(given: Run, tmp_path: Path) -> None:
    file = rows(
        tmp_path / "c.ndjson", [category("dry"), category("x", parentId="dry"), category("y", parentId="no")]
    )
    errors = tmp_path / "errors.csv"
    for dry in (True, False):
        arguments = ["--dry-run"] if dry else []
        done = given("import", "categories", str(file), "--json", "--errors", str(errors), *arguments)
        assert done.returncode == 1
        assert counts(done) == {"rows": 3, "created": 2, "updated": 0, "failed": 1}
        (refused,) = csv.DictReader(errors.open())
        assert (refused["line"], refused["id"]) == ("3", "y")
        assert "parentId" in refused["message"]


def test_an_interrupted_import_goes_on(given: Run, known: dict[str, str], tmp_path: Path) -> None:
    lines = [product(f"long{n}") for n in range(12_000)]
    lines[10] = {"id": "nameless"}
    file = rows(tmp_path / "long.ndjson", lines)
    errors, journal = tmp_path / "errors.csv", tmp_path / "long.ndjson.progress"
    command = ["import", "products", str(file), "--errors", str(errors), "--json"]
    process = subprocess.Popen(
        [COTERIE, *command], env={**os.environ, **known}, stderr=subprocess.PIPE, text=True
    )
    while not journal.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; the same command goes on after the" in told
    before = json.loads(journal.read_text())
    assert 0 < before["rows"] < 12_000
    assert before["rows"] % 200 == 0
    done = given(*command)
    assert done.returncode == 1
    assert counts(done)["rows"] == 12_000
    assert counts(done)["failed"] == 1
    # What was on its way when it stopped is sent again, as a replacement.
    assert counts(done)["updated"] in (0, 200)
    assert [row["id"] for row in csv.DictReader(errors.open())] == ["nameless"]
    assert not journal.exists()


def test_another_import_does_not_go_on(given: Run, tmp_path: Path) -> None:
    file = rows(tmp_path / "p.ndjson", [product("only")])
    journal = tmp_path / "p.ndjson.progress"
    journal.write_text(json.dumps({"about": "another", "rows": 1, "created": 1, "updated": 0, "failed": 0}))
    assert counts(given("import", "products", str(file), "--json"))["created"] == 1


def test_a_server_that_is_something_else_is_named(given: Run, tmp_path: Path) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

    file = rows(tmp_path / "p.ndjson", [product("p")])
    with HTTPServer(("127.0.0.1", 0), Page) as page:
        Thread(target=page.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{page.server_port}"
        done = given("import", "products", str(file), COTERIE_URL=url)
        page.shutdown()
    assert (done.returncode, done.stderr) == (1, f"coterie: {url} answers, but is no server of this API.\n")


@pytest.mark.parametrize(
    ("arguments", "more", "code", "words"),
    [
        (["products", "nothing.csv"], {}, 1, "nothing.csv can't be read: No such file"),
        (["categories", "names"], {}, 2, "--format"),
        (["coupons", "nothing.csv"], {}, 2, "coupons"),
        (["products", "-", "--format", "csv"], {}, 1, "no first line"),
        (["products", "-", "--format", "csv", "--map", "no.toml"], {}, 1, "no.toml can't be read"),
        (["products", "-", "--format", "csv"], {"CLIENT_SECRET": "wrong"}, 1, "answered 401"),
        (["products", "-", "--format", "csv"], {"COTERIE_URL": "http://127.0.0.1:1"}, 1, "can't be reached"),
    ],
)
def test_refusals_are_one_line(
    given: Run, arguments: list[str], more: dict[str, str], code: int, words: str
) -> None:
    done = given("import", *arguments, **more)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
