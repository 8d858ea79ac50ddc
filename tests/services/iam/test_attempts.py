"""How often employees may try to sign in: counted alike for those who are not there, and apart from customers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from services.iam.staff import EVE, PASSWORD, Staff
from services.iam.world import IAM
from support.api import settings
from support.storefront import Storefront

WRONG = "wrong password"


@pytest.fixture
def limited(staff: Staff) -> Iterator[Staff]:
    """Employees who get three attempts, and addresses that get five."""
    with settings(staff.api.server, sign_in_attempts=3, sign_in_attempts_address=5, sign_in_seconds=60):
        staff.hire()
        yield staff


@pytest.mark.parametrize("address", [EVE, "nobody@example.com"])
def test_an_account_gets_so_many_attempts_whether_or_not_it_is_there(limited: Staff, address: str) -> None:
    assert [limited.log_in(address, WRONG).status for _ in range(4)] == [401, 401, 401, 429]
    refused = limited.log_in(address.upper())
    assert refused.status == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_an_address_gets_so_many_attempts_at_all_accounts(limited: Staff) -> None:
    answers = [limited.log_in(f"{n}@example.com", WRONG).status for n in range(6)]
    assert answers == [401] * 5 + [429]


def test_attempts_at_once_gain_nothing(limited: Staff) -> None:
    async def many() -> list[int]:
        body = {"email": EVE, "password": WRONG}
        sent = (limited.nobody.send("POST", f"{IAM}/login", body) for _ in range(12))
        return sorted(answer.status for answer in await asyncio.gather(*sent))

    assert limited.api.run(many()) == [401] * 3 + [429] * 9


def test_a_success_forgets_the_failures(limited: Staff) -> None:
    for _ in range(2):
        answers = [limited.log_in(password=each).status for each in (WRONG, WRONG, PASSWORD)]
        assert answers == [401, 401, 200]


def test_a_password_is_not_guessed_by_changing_it(limited: Staff) -> None:
    me = limited.signed_in()
    body = {"currentPassword": WRONG, "newPassword": "another horse battery"}
    answers = [limited.send("password/change", me, **body).status for _ in range(4)]
    assert answers == [401, 401, 401, 429]
    assert limited.log_in().status == 429


def test_so_many_mails_are_sent_to_an_address(limited: Staff) -> None:
    answers = [limited.send("password/reset", email=EVE).status for _ in range(4)]
    assert answers == [204, 204, 204, 429]
    # Asking for mails does not lock anybody out.
    assert limited.log_in().status == 200


def test_a_customer_of_the_same_address_is_not_locked_out(limited: Staff) -> None:
    shop = Storefront(limited.api)
    shop.sign_up(EVE)
    assert [limited.log_in(password=WRONG).status for _ in range(4)] == [401, 401, 401, 429]
    assert shop.log_in(EVE)


def test_a_new_password_by_a_link_lets_a_locked_out_employee_in(limited: Staff) -> None:
    for _ in range(4):
        limited.log_in(password=WRONG)
    limited.send("password/reset", email=EVE)
    assert limited.set_password(limited.mails.one(), "another horse battery").status == 204
    assert limited.log_in(password="another horse battery").status == 200
