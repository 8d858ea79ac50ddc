"""`coterie import` and `coterie export` against a real server."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.commands import Run
from support.served import TENANT, Served, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose tenant has the segments gold and silver, and keeps its customers elsewhere."""
    with serving(tmp_path_factory.mktemp("served"), None, "gold", "silver") as served:
        yield served


@pytest.fixture
def given(run: Run, server: Served) -> Run:
    """Runs a command that knows the server by its environment."""
    known = {"COTERIE_URL": server.url, "TENANT": TENANT, **server.credentials}
    return lambda *arguments, **more: run(*arguments, **(known | more))


def test_what_is_imported_is_exported(given: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "members.csv", tmp_path / "out.ndjson"
    source.write_text("customerId,legalEntityId\nada,\nbob,acme\n")
    done = given("import", "customers", str(source), "--segment", "gold")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "2 rows, 2 created, 0 updated, 0 unchanged, 0 deleted, 0 failed\n"
    done = given("export", "customers", str(target), "--segment", "gold")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "2 customers exported.\n")
    assert [json.loads(line) for line in target.read_text().splitlines()] == [
        {"segmentId": "gold", "customerId": "ada"},
        {"segmentId": "gold", "customerId": "bob", "legalEntityId": "acme"},
    ]
    assert list(tmp_path.glob("*.part")) == []
    done = given("export", "customers", "-", "--segment", "gold", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert [row["customerId"] for row in csv.DictReader(io.StringIO(done.stdout))] == ["ada", "bob"]


def test_refused_rows_are_saved_and_end_with_1(given: Run, tmp_path: Path) -> None:
    source, errors = tmp_path / "items.jsonl", tmp_path / "errors.csv"
    source.write_text('{"type": "PRODUCT", "id": "p1"}\n{"type": "SHOE", "id": "p2"}\n')
    arguments = ("items", str(source), "--segment", "silver", "--dry-run", "--errors", str(errors))
    done = given("import", *arguments)
    assert done.returncode == 1
    assert done.stdout == "2 rows, 1 created, 0 updated, 0 unchanged, 0 deleted, 1 failed (dry run)\n"
    assert done.stderr == f"coterie: 1 rows were refused; see {errors}\n"
    assert [row["line"] for row in csv.DictReader(errors.open())] == ["2"]
    done = given("import", *arguments[:4], "--json")
    assert json.loads(done.stdout)["counts"]["created"] == 1
    nowhere = tmp_path / "nowhere" / "errors.csv"
    done = given("import", *arguments[:-1], str(nowhere))
    assert (done.returncode, done.stderr) == (
        1,
        f"coterie: {nowhere} can't be written: No such file or directory.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "more", "code", "words"),
    [
        (["import", "customers", "nothing.csv"], {}, 1, "nothing.csv can't be read: No such file"),
        (["import", "customers", "members"], {}, 2, "--format"),
        (["import", "coupons", "nothing.csv"], {}, 2, "coupons"),
        (["import", "customers", "-", "--format", "csv"], {}, 1, "answered 400: The file has no rows"),
        (["export", "items", "-", "--format", "csv", "--segment", "bronze"], {}, 1, "answered 404"),
        (["export", "items", "x.csv"], {"CLIENT_SECRET": "wrong"}, 1, "answered 401"),
        (["export", "items", "x.csv"], {"COTERIE_URL": "http://127.0.0.1:1"}, 1, "can't be reached"),
    ],
)
def test_refusals_are_one_line(
    given: Run, arguments: list[str], more: dict[str, str], code: int, words: str
) -> None:
    done = given(*arguments, **more)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
