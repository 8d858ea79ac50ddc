"""Every command does what its help says, in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from coterie.directory import SERVICES
from support.commands import COTERIE, Run, Start
from support.shop import site

ROWS = [(row.method, service.prefix + row.path) for service in SERVICES for row in service.rows]


def ask(url: str, *, form: str = "", token: str = "", body: object = None) -> tuple[int, Any]:
    """Status and JSON of one request: POST when there is something to send."""
    data = form.encode() or (None if body is None else json.dumps(body).encode())
    headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        with urlopen(Request(url, data, headers), timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def token_of(url: str, client: dict[str, str], scope: str = "") -> tuple[int, Any]:
    form = "grant_type=client_credentials&" + "&".join(
        f"{name}={client[name]}" for name in ("client_id", "client_secret")
    )
    return ask(f"{url}/oauth/token", form=form + (f"&scope={scope}" if scope else ""))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", ["serve", "worker", "migrate", "demo", "openapi", "routes", "tenant", "client", "Exit codes"]),
        ("serve", ["--host", "--port", "--demo", "--database", "--data-dir", "until interrupted"]),
        ("worker", ["--database", "any number"]),
        ("migrate", ["--check", "--json", "up to date"]),
        ("demo", ["--shell", "--json", "credentials"]),
        ("openapi", ["OpenAPI 3.1"]),
        ("routes", ["--json", "SERVICE", "scopes"]),
        ("tenant create", ["NAME", "--languages", "--currency", "ISO 4217", "3 to 16"]),
        ("keys rotate", ["--json", "until they expire"]),
        ("client create", ["TENANT", "--kind", "storefront", "--scopes", "this once"]),
    ],
)
def test_help_explains(run: Run, command: str, words: list[str]) -> None:
    done = run(*command.split(), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in words:
        assert word in done.stdout
    assert "--no-" not in done.stdout, "a flag's opposite is not a choice"


def test_routes_lists_every_operation(run: Run) -> None:
    listed = run("routes").stdout
    lines = [line.split()[:2] for line in listed.splitlines()]
    assert [tuple(line) for line in lines[1:-1]] == ROWS
    assert listed.endswith(f"{len(ROWS)} operations\n")
    described = json.loads(run("routes", "--json").stdout)
    assert [(each["method"], each["path"]) for each in described] == ROWS
    of_one = json.loads(run("routes", "site", "--json").stdout)
    assert of_one == [each for each in described if each["service"] == "site"] != []


@pytest.mark.parametrize("command", ["openapi", "routes --json"])
def test_a_reader_that_has_seen_enough_is_no_error(environ: dict[str, str], command: str) -> None:
    line = f"set -o pipefail; '{COTERIE}' {command} | head -c 1 >/dev/null"
    done = subprocess.run(["bash", "-c", line], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_migrate_and_its_check(run: Run) -> None:
    before = run("migrate", "--check", "--json")
    head = json.loads(before.stdout)["head"]
    assert (before.returncode, json.loads(before.stdout)["current"]) == (1, None)
    assert head in run("migrate", "--check").stdout
    assert json.loads(run("migrate", "--json").stdout) == {"current": head, "head": head}
    after = run("migrate", "--check")
    assert (after.returncode, after.stdout) == (0, f"schema {head}\n")


def test_a_shop_from_nothing(run: Run, start: Start) -> None:
    tenant = run("tenant", "create", "acme", "--languages", "de,en", "--json")
    assert (tenant.stderr, json.loads(tenant.stdout)) == ("", {"tenant": "acme"})
    client = json.loads(run("client", "create", "acme", "--json").stdout)
    assert set(client) == {"tenant", "client_id", "client_secret"}
    shown = run("client", "create", "acme", "--kind", "storefront").stdout
    assert "client_secret" in shown
    assert "not shown again" in shown

    first = start("serve", "--port", "0")
    status, answer = token_of(first.url, client)
    assert status == 200
    token = answer["access_token"]
    assert ask(f"{first.url}/site/acme/sites", token=token, body=site())[0] == 201
    segment = {"id": "regulars", "name": {"de": "Stammkunden"}, "siteCode": "main", "status": "ACTIVE"}
    status, answer = ask(f"{first.url}/customer-segment/acme/segments", token=token, body=segment)
    assert status == 201, answer
    served = ask(f"{first.url}/openapi.json")[1]
    printed = json.loads(run("openapi", COTERIE_PUBLIC_URL=first.url).stdout)
    assert printed == served
    code, _ = first.stop(signal.SIGINT)
    assert code == 0

    assert json.loads(run("keys", "rotate", "--json").stdout)["kid"]
    second = start("serve", "--port", "0")
    # A token of the old key is as good as before, and new ones are signed with the new key.
    fresh = token_of(second.url, client)[1]["access_token"]
    assert fresh.split(".")[0] != token.split(".")[0]
    assert ask(f"{second.url}/customer-segment/acme/segments", token=fresh)[0] == 200
    status, listed = ask(f"{second.url}/customer-segment/acme/segments", token=token)
    assert (status, [each["id"] for each in listed]) == (200, ["regulars"])
    code, log = second.stop()
    assert code == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert "/customer-segment/{tenant}/segments" in [line.get("operation") for line in lines]
    assert token not in log


def test_a_custom_client_has_its_scopes_only(run: Run, start: Start) -> None:
    run("tenant", "create", "acme")
    scopes = "customersegment.segment_read site.site_read"
    made = run("client", "create", "acme", "--kind", "custom", "--scopes", scopes, "--json")
    client = json.loads(made.stdout)
    server = start("serve", "--port", "0")
    _, granted = token_of(server.url, client)
    assert set(scopes.split()) <= set(granted["scope"].split())
    token = granted["access_token"]
    assert ask(f"{server.url}/customer-segment/acme/segments", token=token)[0] == 200
    body = {"name": {"en": "Mine"}, "siteCode": "main", "status": "ACTIVE"}
    assert ask(f"{server.url}/customer-segment/acme/segments", token=token, body=body)[0] == 403
    assert token_of(server.url, client, "coupon.coupon_manage")[0] >= 400
    assert token_of(server.url, {**client, "client_secret": "wrong"})[0] == 401


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_starts_and_stops(start: Start, number: signal.Signals) -> None:
    worker = start("worker")
    assert worker.first == "coterie worker started\n"
    assert worker.stop(number) == (0, "")


def test_an_ipv6_address_is_a_url(start: Start) -> None:
    server = start("serve", "--host", "::1", "--port", "0")
    assert server.url.startswith("http://[::1]:")
    assert ask(f"{server.url}/health/ready") == (200, {"status": "UP"})


@pytest.mark.parametrize(("setting", "is_json"), [("", False), ("json", True)])
def test_on_a_terminal_the_log_is_for_people(environ: dict[str, str], setting: str, is_json: bool) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [COTERIE, "serve", "--port", "0"],
        env={**environ, "COTERIE_LOG_FORMAT": setting},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        assert ask(f"{url}/health/ready")[0] == 200
        line = os.read(ours, 4096).decode()
    finally:
        process.terminate()
        process.communicate(timeout=30)
        os.close(ours)
    assert "/health/ready" in line
    assert line.startswith("{") == is_json
