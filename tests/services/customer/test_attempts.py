"""How often somebody may try to sign in: counted over all workers, alike for accounts that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from coterie.kit.attempts import network
from coterie.kit.tables import attempt
from support.api import Api, settings
from support.storefront import PASSWORD, Storefront

LOGIN = "/customer/{tenant}/login"
RESET = "/customer/{tenant}/password/reset"
JANE, WRONG = "jane@example.com", "wrong-password"


@pytest.fixture
def limited(shop: Storefront) -> Iterator[Storefront]:
    """A storefront whose accounts get three attempts, and addresses five."""
    with settings(shop.api.server, sign_in_attempts=3, sign_in_attempts_address=5, sign_in_seconds=60):
        shop.sign_up()
        yield shop


def tries(by: Api, address: str = JANE, password: str = WRONG, **headers: str) -> Any:
    return by.post(LOGIN, {"email": address, "password": password}, **headers)


@pytest.mark.parametrize("address", [JANE, "nobody@example.com"])
def test_an_account_gets_so_many_attempts_whether_or_not_it_is_there(
    limited: Storefront, address: str
) -> None:
    visitor = limited.visit()
    assert [tries(visitor, address).status for _ in range(4)] == [401, 401, 401, 429]
    refused = tries(visitor, address.upper(), PASSWORD)
    assert refused.status == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json["message"] == "Too many attempts. Try again later."


def test_the_wait_is_as_long_as_it_is_said_to_be(
    limited: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = limited.visit()
    clock = limited.api.server.runtime.clock
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    for _ in range(3):
        tries(visitor)
    wait = int(tries(visitor).headers["retry-after"])
    assert wait == 60
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=wait - 1))
    assert tries(visitor, password=PASSWORD).status == 429
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=wait))
    assert tries(visitor, password=PASSWORD).status == 200


def test_a_success_forgets_the_failures(limited: Storefront) -> None:
    visitor = limited.visit()
    assert [tries(visitor).status for _ in range(2)] == [401, 401]
    assert tries(visitor, password=PASSWORD).status == 200
    # Those of the address stay: whoever has an account can't wash away his guesses at others.
    assert [tries(visitor, f"{n}@example.com").status for n in range(4)] == [401, 401, 401, 429]


def test_successes_count_for_nobody(limited: Storefront) -> None:
    visitor = limited.visit()
    assert {tries(visitor, password=PASSWORD).status for _ in range(12)} == {200}


def test_an_address_gets_so_many_attempts_at_all_accounts(limited: Storefront) -> None:
    visitor = limited.visit()
    assert [tries(visitor, f"{n}@example.com").status for n in range(6)] == [401] * 5 + [429]


def test_attempts_at_once_gain_nothing(limited: Storefront) -> None:
    import asyncio

    visitor = limited.visit()

    async def many() -> list[int]:
        body = {"email": JANE, "password": WRONG}
        answers = await asyncio.gather(*(visitor.send("POST", LOGIN, body) for _ in range(12)))
        return sorted(answer.status for answer in answers)

    assert visitor.run(many()) == [401] * 3 + [429] * 9


def test_a_password_is_not_guessed_by_changing_it(limited: Storefront) -> None:
    me = limited.customer()
    body = {"currentPassword": WRONG, "newPassword": "new-password"}
    answers = [me.post("/customer/{tenant}/password/change", body).status for _ in range(4)]
    assert answers == [401, 401, 401, 429]
    assert tries(limited.visit(), password=PASSWORD).status == 429


def test_so_many_mails_are_sent_to_an_address(limited: Storefront) -> None:
    visitor = limited.visit()
    assert [visitor.post(RESET, {"email": JANE}).status for _ in range(4)] == [204, 204, 204, 429]
    # Asking for mails does not lock anybody out.
    assert tries(visitor, password=PASSWORD).status == 200


def test_tenants_are_counted_apart(limited: Storefront) -> None:
    from support.api import new_tenant

    for _ in range(3):
        tries(limited.visit())
    elsewhere = Storefront(new_tenant(limited.api.server))
    elsewhere.sign_up()
    assert tries(elsewhere.visit(), password=PASSWORD).status == 200


def test_no_limit_when_it_is_zero(shop: Storefront) -> None:
    with settings(shop.api.server, sign_in_attempts=0, sign_in_attempts_address=0):
        visitor = shop.visit()
        assert {tries(visitor).status for _ in range(15)} == {401}


def test_what_is_stored_names_nobody_and_is_pruned(
    limited: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries(limited.visit())
    runtime = limited.api.server.runtime

    async def stored() -> Any:
        async with runtime.database.reading() as db:
            return await db.all(select(attempt).where(attempt.c.tenant == limited.api.tenant))

    rows = limited.api.run(stored())
    assert len(rows) == 2
    assert not any(text in str(rows) for text in (JANE, "127.0.0.1"))
    later = runtime.clock.now() + timedelta(seconds=61)
    monkeypatch.setattr(runtime.clock, "now", lambda: later)

    async def prune() -> None:
        async with runtime.database.writing() as db:
            while await runtime.tokens.prune(db):
                pass

    limited.api.run(prune())
    assert limited.api.run(stored()) == []


# Whose address it is


def test_a_header_that_nobody_vouches_for_is_no_address(limited: Storefront) -> None:
    visitor = limited.visit()
    answers = [
        tries(visitor, f"{n}@example.com", x_forwarded_for=f"10.0.0.{n}", forwarded="for=10.0.0.9").status
        for n in range(6)
    ]
    assert answers == [401] * 5 + [429]


def test_the_last_entry_of_the_proxys_header_is_the_address(limited: Storefront) -> None:
    with settings(limited.api.server, proxy_header="X-Forwarded-For"):
        visitor = limited.visit()

        def by(header: str, n: int) -> int:
            return int(tries(visitor, f"{n}@example.com", x_forwarded_for=header).status)

        # What the client claims itself stands before what the proxy adds.
        assert [by(f"1.1.1.{n}, 10.0.0.1", n) for n in range(6)] == [401] * 5 + [429]
        assert by("10.0.0.1, 10.0.0.2", 9) == 401


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_one_client_is_an_address_or_a_network_of_version_6(address: str, client: str) -> None:
    assert network(address) == client
