"""Logins with a password, several at once, against as many bare checks of its Argon2 hash on as many threads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from argon2 import PasswordHasher

from benchmarks.generate import TENANT, progress
from benchmarks.load import Server
from benchmarks.reads import Request
from benchmarks.report import Figure

NAME = "login"
GOAL = 0.7
# As many as the server hashes on at once (kit/passwords.py), and enough logins to keep them busy.
_THREADS, _CLIENTS, _EACH = 2, 6, 8
_PASSWORD = "benchmark-password"


def figures(engine: str, servers: dict[str, Server], rounds: int) -> Iterator[Figure]:
    """Logins per second beside bare checks per second; rounds alternate."""
    hasher = PasswordHasher()
    stored = hasher.hash(_PASSWORD)
    for size, server in servers.items():
        logins = [_login(server, number) for number in range(_CLIENTS)]
        bare, whole = [], []
        for number in range(rounds):
            progress(f"{engine}: {NAME}, size {size}, round {number + 1} of {rounds}")
            bare.append(_per_second(_THREADS, [partial(hasher.verify, stored, _PASSWORD)] * _CLIENTS))
            whole.append(_per_second(_CLIENTS, [partial(server.ask, [each]) for each in logins]))
        progress("\n")
        title = f"`POST login`, {_CLIENTS} at once"
        yield Figure(title, engine, size, "bare Argon2id checks on two threads", GOAL, whole, bare)


def _login(server: Server, number: int) -> Request:
    """The login of a new customer."""
    email, token = f"login{number}@benchmark.example", server.tenant.service
    body = json.dumps({"contactEmail": email, "password": _PASSWORD}).encode()
    path = f"/customer/{TENANT}/customers?sendPasswordResetNotifications=false"
    server.ask([Request("POST", path, token, body)])
    body = json.dumps({"email": email, "password": _PASSWORD}).encode()
    return Request("POST", f"/customer/{TENANT}/login", token, body)


def _per_second(threads: int, steps: list[Callable[[], object]]) -> float:
    """How many of these steps, each done several times, so many threads do in a second."""

    def repeated(step: Callable[[], object]) -> None:
        for _ in range(_EACH):
            step()

    with ThreadPoolExecutor(threads) as pool:
        started = time.perf_counter()
        list(pool.map(repeated, steps))
        return len(steps) * _EACH / (time.perf_counter() - started)
