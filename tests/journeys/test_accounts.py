"""Signing in at real servers: what is counted holds over processes and restarts, and mails go where it is said."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from support.served import TENANT, Served, serving

LOGIN = f"/customer/{TENANT}/login"


async def tries(server: Served, number: int) -> int:
    """The status of a guess at an account of nobody, said to come from an address of its own."""
    async with server.client() as http:
        body = {"email": f"{number}@example.com", "password": "guessed-password"}
        headers = {"x-forwarded-for": f"10.0.0.{number}", "x-real-ip": f"10.0.0.{number}"}
        return (await http.post(LOGIN, json=body, headers=headers)).status_code


async def creates(server: Served, email: str) -> None:
    async with server.client() as http:
        made = await http.post(f"/customer/{TENANT}/customers", json={"contactEmail": email})
        assert made.status_code == 201, made.text


def test_what_is_counted_holds_over_workers_restarts_and_made_up_addresses(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COTERIE_SIGN_IN_ATTEMPTS_ADDRESS", "3")
    with serving(tmp_path, postgres_url) as server:
        assert [asyncio.run(tries(server, number)) for number in (1, 2)] == [401, 401]
        with server.another() as second:
            assert [asyncio.run(tries(second, number)) for number in (3, 4)] == [401, 429]
        assert asyncio.run(tries(server, 5)) == 429
        server.kill()
        server.start()
        assert asyncio.run(tries(server, 6)) == 429


def test_a_mail_becomes_a_file_in_the_folder_that_the_server_names(tmp_path: Path) -> None:
    with serving(tmp_path, None) as server:
        folder = tmp_path / "data" / "mail"
        assert f"Mails go to {folder}" in server.log.read_text()
        asyncio.run(creates(server, "jane@example.com"))
        deadline = time.monotonic() + 30
        while not list(folder.glob("*.eml")):
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.05)
        (file,) = folder.glob("*.eml")
        assert b"To: jane@example.com" in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0
