"""`coterie employee invite`: from an empty database to an administrator who is signed in."""

from __future__ import annotations

import json

import pytest

from cli.test_commands import ask
from support.commands import Run, Start

ADA = ("acme", "ada@example.com", "--first-name", "Ada", "--last-name", "Lovelace")
PASSWORD = "correct horse battery"


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_the_first_administrator_of_a_tenant(
    run: Run, start: Start, environ: dict[str, str], request: pytest.FixtureRequest, engine: str
) -> None:
    environ["COTERIE_SECRET"] = "employees-" * 4
    if engine == "postgres":
        environ["COTERIE_DATABASE"] = request.getfixturevalue("postgres_dsn")
        assert run("migrate").returncode == 0
    assert run("tenant", "create", "acme", "--languages", "de").returncode == 0
    first = json.loads(run("employee", "invite", *ADA, "--json").stdout)
    assert first["link"] == ""
    again = run("employee", "invite", *ADA)
    assert (again.returncode, again.stderr) == (0, "")
    url, body = again.stdout.split("curl ")[1].split(" -H ")[0], again.stdout.split(" -d '")[1].split("'")[0]
    assert url.endswith("/iam/acme/password/reset/update")
    server = start("serve", "--port", "0")
    iam = f"{server.url}/iam/acme"

    def set_password(token: str) -> int:
        return ask(f"{iam}/password/reset/update", body={"token": token, "password": PASSWORD})[0]

    token = json.loads(body)["token"]
    assert [set_password(each) for each in (first["token"], token, token)] == [400, 204, 400]
    status, tokens = ask(f"{iam}/login", body={"email": ADA[1], "password": PASSWORD})
    assert status == 200
    me = ask(f"{iam}/users/me", token=tokens["access_token"])[1]
    assert (me["id"], me["firstName"], me["groupIds"]) == (first["id"], "Ada", ["administrators"])
    assert ask(f"{iam}/groups", token=tokens["access_token"])[0] == 200


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("other", *ADA[1:]), 1, "there is no tenant other"),
        (("acme", "nobody", *ADA[2:]), 1, "is not an e-mail address"),
        (ADA[:2], 2, "first-name"),
    ],
)
def test_what_is_refused_is_one_line(run: Run, arguments: tuple[str, ...], code: int, words: str) -> None:
    assert run("tenant", "create", "acme").returncode == 0
    done = run("employee", "invite", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
