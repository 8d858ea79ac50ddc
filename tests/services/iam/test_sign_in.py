"""Employees sign in with a password, and what their tokens open and for how long."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from coterie.services.iam.tables import password
from services.iam.staff import EVE, PASSWORD, Staff
from services.iam.world import IAM
from support.api import Api, new_tenant
from support.storefront import Storefront

READ = "customersegment.segment_read"
SEGMENTS = "/customer-segment/{tenant}/segments"
WRONG = "wrong password"


def stored(api: Api) -> list[str]:
    """The hashes of the tenant's passwords."""

    async def read() -> list[str]:
        async with api.server.runtime.database.reading() as db:
            rows = await db.all(select(password.c.hash).where(password.c.tenant == api.tenant))
        return [row.hash for row in rows]

    return api.run(read())


def later(staff: Staff, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """So many seconds go by."""
    clock = staff.api.server.runtime.clock
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=seconds))


def test_an_employee_signs_in_and_may_what_his_groups_grant(staff: Staff) -> None:
    staff.group("readers", "customersegment.segment.viewer")
    eve = staff.hire(EVE, "readers")
    before = staff.iam(f"users/{eve}").json
    answer = staff.tokens()
    assert answer["scope"] == f"{READ} tenant={staff.api.tenant}"
    lifetimes = (answer["expires_in"], answer["refresh_token_expires_in"])
    assert (answer["token_type"], *lifetimes) == ("Bearer", 14399, 86399)
    me = staff.api.as_(answer["access_token"])
    assert me.get(SEGMENTS).status == 200
    assert me.get(f"{IAM}/users/me").json["id"] == eve
    after = staff.iam(f"users/{eve}").json
    assert (before["status"], after["status"]) == ("PROVISIONED", "ACTIVE")
    assert "lastLogin" not in before
    assert after["lastLogin"] >= after["validFrom"]


def test_changing_a_group_takes_effect_on_the_next_request(staff: Staff) -> None:
    staff.group("readers", "customersegment.segment.viewer")
    eve = staff.hire(EVE, "readers")
    me = staff.signed_in()
    assert me.get(SEGMENTS).status == 200
    staff.group("readers", "order.order.viewer")
    assert me.get(SEGMENTS).status == 403
    staff.group("readers", templates=["administrator"])
    assert me.get(SEGMENTS).status == 200
    assert staff.iam(f"groups/readers/users/{eve}", method="DELETE").status == 204
    assert me.get(SEGMENTS).status == 403
    assert staff.tokens()["scope"] == f"tenant={staff.api.tenant}"


def test_an_administrator_is_told_each_scope(staff: Staff) -> None:
    staff.group("admins", templates=["administrator"])
    staff.hire(EVE, "admins")
    assert {READ, "site.site_manage"} <= set(staff.tokens()["scope"].split())


@pytest.mark.parametrize("letter_case", [str.upper, str.title])
def test_the_letter_case_of_an_address_makes_no_difference(staff: Staff, letter_case: Any) -> None:
    staff.hire()
    assert staff.log_in(letter_case(EVE)).status == 200
    assert staff.log_in(password=PASSWORD.upper()).status == 401


def test_whatever_is_wrong_is_answered_alike(staff: Staff) -> None:
    """A wrong password, nobody, one without a password, a deleted one, another tenant's, a customer."""
    staff.hire()
    staff.employee("new@example.com")
    gone = staff.hire("gone@example.com")
    assert staff.iam(f"users/{gone}", method="DELETE").status == 204
    elsewhere = Staff(new_tenant(staff.api.server))
    elsewhere.hire("other@example.com")
    Storefront(staff.api).sign_up("jane@example.com")
    tries = [(EVE, WRONG)]
    tries += [(f"{name}@example.com", PASSWORD) for name in ("nobody", "new", "gone", "other")]
    tries.append(("jane@example.com", "password1"))
    with staff.api.unchanged():
        answers = [staff.log_in(*each) for each in tries]
    assert len({(answer.status, answer.body) for answer in answers}) == 1
    assert answers[0].status == 401
    assert answers[0].json["message"] == "Access denied. Entered credentials are incorrect."


def test_an_unknown_account_costs_a_hash_as_well(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    staff.hire()
    passwords = staff.api.server.runtime.passwords
    asked = []
    verify = passwords.verify

    async def recorded(hash: str | None, given: str) -> Any:
        asked.append(hash)
        return await verify(hash, given)

    monkeypatch.setattr(passwords, "verify", recorded)
    for address in (EVE, "nobody@example.com"):
        staff.log_in(address, WRONG)
    assert asked == [*stored(staff.api), None]


def test_an_outdated_hash_is_replaced_at_login(staff: Staff) -> None:
    from argon2 import PasswordHasher

    staff.hire()
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    database = staff.api.server.runtime.database

    async def store() -> None:
        async with database.writing() as db:
            await db.run(update(password).where(password.c.tenant == staff.api.tenant).values(hash=old))

    staff.api.run(store())
    assert staff.log_in(password=WRONG).status == 401
    assert stored(staff.api) == [old]
    assert staff.log_in().status == 200
    (new,) = stored(staff.api)
    assert new.startswith("$argon2id$")
    assert new != old
    assert staff.log_in().status == 200


def test_no_password_or_token_is_stored(staff: Staff) -> None:
    staff.employee()
    mail = staff.mails.one()
    staff.set_password(mail)
    answer = staff.tokens()
    runtime = staff.api.server.runtime

    async def everything() -> str:
        from coterie.kit.tables import metadata

        async with runtime.database.reading() as db:
            found = [await db.all(select(table)) for table in metadata.sorted_tables]
        return str(found)

    text = staff.api.run(everything())
    assert EVE in text
    for secret in (PASSWORD, mail.token, answer["access_token"], answer["refresh_token"]):
        assert secret not in text


# The end of a login


def test_a_logged_out_token_is_dead_with_its_login(staff: Staff) -> None:
    staff.hire()
    answer, other = staff.tokens(), staff.signed_in()
    me = staff.api.as_(answer["access_token"])
    assert staff.send("logout", me).status == 204
    assert not staff.is_in(me)
    assert staff.refresh(answer["refresh_token"]).status == 401
    assert staff.is_in(other)


def test_only_an_employee_logs_out_here(staff: Staff) -> None:
    shop = Storefront(staff.api)
    shop.sign_up()
    for who in (staff.api, shop.visit(), shop.customer()):
        with staff.api.unchanged():
            assert staff.send("logout", who).status == 401


def test_a_deleted_employee_is_out_at_once(staff: Staff) -> None:
    staff.group("admins", templates=["administrator"])
    eve = staff.hire(EVE, "admins")
    answer = staff.tokens()
    me = staff.api.as_(answer["access_token"])
    assert me.get(SEGMENTS).status == 200
    before = staff.api.snapshot()
    assert staff.iam(f"users/{eve}", method="DELETE").status == 204
    assert me.get(SEGMENTS).status == 401
    assert staff.refresh(answer["refresh_token"]).status == 401
    assert staff.log_in().status == 401
    after = staff.api.snapshot()
    gone = ("login", "refresh_token", "iam_password", "iam_assignment", "iam_employee")
    assert [before[name] - after[name] for name in gone] == [1] * 5
    # Somebody hired at the same address later starts from nothing.
    staff.employee()
    assert staff.log_in().status == 401


def test_who_is_taken_out_of_his_groups_may_nothing_any_more(staff: Staff) -> None:
    staff.group("admins", templates=["administrator"])
    eve = staff.hire(EVE, "admins")
    me = staff.signed_in()
    assert staff.iam(f"users/{eve}/groups", method="DELETE").status == 204
    assert me.get(SEGMENTS).status == 403


# Refreshing


def test_a_refreshed_token_has_the_rights_of_now(staff: Staff) -> None:
    staff.group("readers", "customersegment.segment.viewer")
    eve = staff.hire(EVE, "readers")
    first = staff.tokens()
    assert staff.iam(f"groups/readers/users/{eve}", method="DELETE").status == 204
    second = staff.refresh(first["refresh_token"])
    assert second.status == 200
    assert second.json["scope"] == f"tenant={staff.api.tenant}"
    assert second.json["refresh_token"] != first["refresh_token"]
    assert staff.is_in(staff.api.as_(second.json["access_token"]))


def test_a_refresh_token_that_comes_back_later_ends_its_login(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff.hire()
    first, other = staff.tokens(), staff.signed_in()
    second = staff.refresh(first["refresh_token"]).json
    # At once it is a lost answer or a second tab.
    assert staff.refresh(first["refresh_token"]).status == 401
    later(staff, monkeypatch, 60)
    assert staff.is_in(staff.api.as_(second["access_token"]))
    assert staff.refresh(first["refresh_token"]).status == 401
    assert staff.refresh(second["refresh_token"]).status == 401
    assert not staff.is_in(staff.api.as_(second["access_token"]))
    assert not staff.is_in(staff.api.as_(first["access_token"]))
    assert staff.is_in(other)


def test_what_is_no_refresh_token_of_an_employee(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    staff.hire()
    shop = Storefront(staff.api)
    shop.sign_up()
    elsewhere = Staff(new_tenant(staff.api.server))
    elsewhere.hire()
    answer = staff.tokens()
    foreign = (shop.log_in()["refresh_token"], shop.get("login").json["refresh_token"])
    for token in (*foreign, elsewhere.tokens()["refresh_token"], answer["access_token"], "", "x"):
        assert staff.refresh(token).status == 401
    # Nor is an employee's one of a customer, or of a visit.
    path = f"/customer/{{tenant}}/refreshauthtoken?refreshToken={answer['refresh_token']}"
    assert shop.visit().get(path).status == 401
    assert shop.get("refresh", refresh_token=answer["refresh_token"]).status == 401
    later(staff, monkeypatch, 86400)
    assert staff.refresh(answer["refresh_token"]).status == 401


# Races


def test_a_login_beside_a_deletion_leaves_nothing(staff: Staff) -> None:
    eve = staff.hire()

    async def together() -> list[int]:
        login = staff.nobody.send("POST", f"{IAM}/login", {"email": EVE, "password": PASSWORD})
        deletion = staff.api.send("DELETE", f"{IAM}/users/{eve}")
        return [answer.status for answer in await asyncio.gather(login, deletion)]

    login, deletion = staff.api.run(together())
    assert login in (200, 401)
    assert deletion == 204
    counts = staff.api.snapshot()
    assert (counts["login"], counts["refresh_token"], counts["iam_password"]) == (0, 0, 0)
