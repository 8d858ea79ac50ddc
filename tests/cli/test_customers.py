"""`coterie customers export` of a customer made over HTTP, on both engines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.test_commands import ask, token_of
from support.commands import Run, Start


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_everything_held_of_a_customer_is_exported(
    run: Run,
    start: Start,
    environ: dict[str, str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    engine: str,
) -> None:
    environ["COTERIE_SECRET"] = "customers-" * 4
    if engine == "postgres":
        environ["COTERIE_DATABASE"] = request.getfixturevalue("postgres_dsn")
        assert run("migrate").returncode == 0
    assert run("tenant", "create", "acme").returncode == 0
    client = json.loads(run("client", "create", "acme", "--json").stdout)
    server = start("serve", "--port", "0")
    token = token_of(server.url, client)[1]["access_token"]
    body = {"id": "jane", "contactEmail": "jane@example.com", "firstName": "Jäne", "password": "password1"}
    assert ask(f"{server.url}/customer/acme/customers", token=token, body=body)[0] == 201

    done = run("customers", "export", "acme", "jane")
    assert (done.returncode, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    assert (shown["tenant"], shown["customer"]) == ("acme", "jane")
    assert [row["first_name"] for row in shown["tables"]["customer"]] == ["Jäne"]
    assert [row["email"] for row in shown["tables"]["customer_email"]] == ["jane@example.com"]
    assert "argon2" not in done.stdout

    file = tmp_path / "jane.json"
    done = run("customers", "export", "acme", "jane", "--output", str(file))
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads(file.read_text())["tables"] == shown["tables"]
    for names, words in (("acme nobody", "nothing is held"), ("other jane", "no tenant other")):
        done = run("customers", "export", *names.split())
        assert (done.returncode, done.stdout) == (1, "")
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
