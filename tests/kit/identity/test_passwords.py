"""Passwords: right, wrong, outdated, unknown, and too many at once."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from coterie.kit.errors import TooMany
from coterie.kit.passwords import Passwords


class Counting(PasswordHasher):
    """Cheap parameters, and a record of what was verified."""

    def __init__(self, time_cost: int = 1) -> None:
        super().__init__(time_cost=time_cost, memory_cost=8, parallelism=1)
        self.verified: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        self.verified.append(str(hash))
        return super().verify(hash, password)


@pytest.fixture
def hasher() -> Counting:
    return Counting()


@pytest.fixture
def passwords(hasher: Counting) -> Iterator[Passwords]:
    passwords = Passwords(hasher)
    yield passwords
    passwords.close()


def test_the_default_is_argon2id() -> None:
    assert PasswordHasher().type is Type.ID


@pytest.mark.parametrize("password", ["password1", "pässwörd", "   ", "a" * 1000, ""])
def test_a_password_is_verified_by_its_hash(passwords: Passwords, password: str) -> None:
    async def steps() -> None:
        stored = await passwords.hash(password)
        assert password == "" or password not in stored
        assert (await passwords.verify(stored, password)).right
        assert not (await passwords.verify(stored, password + "x")).right
        assert stored != await passwords.hash(password)

    asyncio.run(steps())


def test_an_unknown_account_walks_the_same_path_with_the_same_parameters(
    passwords: Passwords, hasher: Counting
) -> None:
    async def steps() -> None:
        stored = await passwords.hash("password1")
        assert not (await passwords.verify(stored, "wrong")).right
        assert not (await passwords.verify(None, "wrong")).right
        assert not (await passwords.verify(None, "nobody's password")).right

    asyncio.run(steps())
    known, *unknown = hasher.verified
    assert len(unknown) == 2
    assert all(extract_parameters(each) == extract_parameters(known) for each in unknown)


@pytest.mark.parametrize(
    ("stored", "foreign"),
    [
        (PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash("password1"), None),
        (None, lambda password: password == "password1"),
        ("no hash", None),
    ],
    ids=["outdated", "foreign", "no hash"],
)
def test_a_wrong_password_costs_a_hash_of_ours_whatever_is_stored(
    passwords: Passwords, hasher: Counting, stored: str | None, foreign: Callable[[str], bool] | None
) -> None:
    assert not asyncio.run(passwords.verify(stored, "wrong", foreign)).right
    assert extract_parameters(hasher.verified[-1]) == extract_parameters(hasher.hash("x"))


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$v=19$m=8,t=1,p=1$broken"])
def test_a_stored_text_that_is_no_hash_is_never_right(passwords: Passwords, stored: str) -> None:
    assert not asyncio.run(passwords.verify(stored, stored)).right


def test_an_outdated_hash_is_replaced_when_the_password_is_right(passwords: Passwords) -> None:
    async def steps() -> None:
        old = Counting(time_cost=2).hash("password1")
        assert (await passwords.verify(old, "wrong")).rehashed is None
        verdict = await passwords.verify(old, "password1")
        assert verdict.right
        assert verdict.rehashed is not None
        again = await passwords.verify(verdict.rehashed, "password1")
        assert (again.right, again.rehashed) == (True, None)

    asyncio.run(steps())


def test_beyond_a_queue_the_client_is_told_to_come_back(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coterie.kit.passwords._QUEUE", 3)

    async def steps() -> list[object]:
        results = await asyncio.gather(*(passwords.hash("p") for _ in range(5)), return_exceptions=True)
        await passwords.hash("p")  # the queue empties again
        return list(results)

    results = asyncio.run(steps())
    assert [type(each) for each in results] == [str, str, str, TooMany, TooMany]
