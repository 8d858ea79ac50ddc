"""Passwords: Argon2id on threads of its own, at the same cost whether or not the account exists."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from coterie.kit.errors import TooMany

T = TypeVar("T")
# A hash takes a core and 64 MiB for tens of milliseconds: more at once, or a longer queue, helps nobody.
_THREADS = 2
_QUEUE = 64


@dataclass(frozen=True)
class Verdict:
    """Whether the password is right, and if so a hash by today's parameters where the stored one is older."""

    right: bool
    rehashed: str | None = None


class Passwords:
    """Hashes and verifies passwords off the event loop. Raises TooMany when too many wait already.

    hasher: its parameters; tests pass cheap ones.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="coterie-argon2")
        self._waiting = 0
        self._nobody = self._hasher.hash("nobody's password")

    async def hash(self, password: str) -> str:
        """The Argon2id hash of a password, in PHC form."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(
        self, stored: str | None, password: str, foreign: Callable[[str], bool] | None = None
    ) -> Verdict:
        """Whether `password` belongs to the hash; None (no account) costs the same and is never right.

        foreign: what tells it instead, by the hash of another system, which a right one is to replace.
        """
        return await self._run(lambda: self._verify(stored, password, foreign))

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown()

    def _verify(self, stored: str | None, password: str, foreign: Callable[[str], bool] | None) -> Verdict:
        if foreign is None and stored is not None and self._is_current(stored):
            return Verdict(self._matches(stored, password))
        right = foreign or (lambda given: stored is not None and self._matches(stored, given))
        if right(password):
            return Verdict(True, self._hasher.hash(password))
        # However cheap the stored hash is, a wrong password costs one of ours: else its time would tell of the account.
        self._matches(self._nobody, password)
        return Verdict(False)

    def _is_current(self, stored: str) -> bool:
        try:
            return not self._hasher.check_needs_rehash(stored)
        except InvalidHashError:
            return False

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, step: Callable[[], T]) -> T:
        if self._waiting >= _QUEUE:
            raise TooMany(1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, step)
        finally:
            self._waiting -= 1
