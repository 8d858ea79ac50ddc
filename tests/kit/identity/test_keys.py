"""Signing keys: made once, sealed, rotated without a token lost."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import select

from coterie.kit.errors import Unauthorized
from coterie.kit.tables import signing_key
from coterie.settings import SettingError

from .conftest import Process, StillClock


def stored(process: Process) -> list[object]:
    return [tuple(row) for row in process.reading(lambda db: db.all(select(signing_key)))]


def test_processes_that_start_together_make_one_key(start: Callable[..., Process]) -> None:
    processes = [start() for _ in range(4)]

    async def all_at_once() -> set[str]:
        keys = await asyncio.gather(*(process.tokens.keys.signing() for process in processes))
        return {key.kid for key in keys}

    assert len(processes[0].run(all_at_once())) == 1
    assert len(stored(processes[0])) == 1


def test_the_private_key_is_stored_sealed(process: Process) -> None:
    key = process.run(process.tokens.keys.signing())
    secret = key.key.as_dict(private=True)["d"]
    assert str(secret) not in str(stored(process))
    assert process.vault.open(stored(process)[0][2], "signing keys").count(str(secret)) == 1  # type: ignore[index]


def test_another_master_secret_is_a_clear_error(start: Callable[..., Process], process: Process) -> None:
    process.run(process.tokens.issuer())
    other = start(secret="quite another secret that is long enough")
    with pytest.raises(SettingError, match=r"another master secret; set COTERIE_SECRET.*key file"):
        other.run(other.tokens.issuer())


def test_after_a_rotation_the_new_key_signs_and_old_tokens_stay_good(
    process: Process, start: Callable[..., Process]
) -> None:
    elsewhere = start()
    old = process.anonymous().access_token
    assert elsewhere.caller(old).kind == "anonymous"
    before = process.run(process.tokens.keys.signing()).kid
    assert process.run(process.tokens.keys.rotate()).kid != before
    new = process.anonymous().access_token
    for each in (process, elsewhere, start()):
        assert each.caller(old).kind == each.caller(new).kind == "anonymous"


def test_other_processes_sign_with_the_new_key_within_a_minute(
    process: Process, start: Callable[..., Process], clock: StillClock
) -> None:
    elsewhere = start()
    elsewhere.run(elsewhere.tokens.issuer())
    kid = process.run(process.tokens.keys.rotate()).kid
    clock.pass_(60)
    assert elsewhere.run(elsewhere.tokens.keys.signing()).kid == kid


def test_a_retired_key_verifies_until_its_last_token_has_expired(
    process: Process, start: Callable[..., Process], clock: StillClock
) -> None:
    process.run(process.tokens.issuer())
    process.run(process.tokens.keys.rotate())
    clock.pass_(59)  # a worker that has not heard of the rotation yet still signs with the old key
    old = process.run(process.tokens.keys.signing())
    assert len(stored(process)) == 2
    clock.pass_(process.settings.customer_seconds)
    late = start()
    late.run(late.tokens.issuer())
    assert len(late.tokens.keys._keys) == 2
    clock.pass_(3600)
    later = start()
    later.run(later.tokens.issuer())
    assert list(later.tokens.keys._keys) == [old.kid]


def test_two_rotations_at_once_leave_one_signing_key(process: Process, start: Callable[..., Process]) -> None:
    processes = [start() for _ in range(3)]
    process.run(process.tokens.issuer())

    async def all_at_once() -> None:
        await asyncio.gather(*(each.tokens.keys.rotate() for each in processes))

    process.run(all_at_once())
    current = select(signing_key.c.kid).where(signing_key.c.slot == "current")
    assert len(process.reading(lambda db: db.all(current))) == 1


def test_made_up_key_ids_do_not_reach_the_database(process: Process) -> None:
    kid = process.run(process.tokens.keys.signing()).kid
    other = "1" if kid[0] != "1" else "2"
    for made_up in (
        "",
        "unknown",
        "ünknown",
        "\ud800",
        kid + "0",
        "0" + kid,
        other + kid[1:],
        kid[:-1] + "x",
    ):
        look = process.tokens.keys.look_for(made_up)
        assert process.statements(lambda look=look: process.run(look)) == 0  # type: ignore[misc]


def test_a_key_made_elsewhere_is_found_at_once(process: Process, start: Callable[..., Process]) -> None:
    elsewhere = start()
    with pytest.raises(Unauthorized):
        elsewhere.caller("a.b.c")
    token = process.anonymous().access_token
    assert elsewhere.caller(token).tenant == "acme"
