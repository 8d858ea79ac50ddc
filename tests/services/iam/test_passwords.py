"""Employees are invited, and set their passwords: by the link of a mail, or by the old one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.iam.staff import EVE, PASSWORD, Staff
from services.iam.world import IAM, employee
from support.api import new_tenant
from support.mailbox import Mailbox
from support.storefront import Storefront

NEW = "another horse battery"


def test_a_new_employee_is_invited(staff: Staff) -> None:
    staff.employee("Eve@Example.com")
    mail = staff.mails.one()
    assert (mail.to, mail.subject) == ("Eve@Example.com", f"Set your password for {staff.api.tenant}")
    assert "168 hours" in mail.text
    assert staff.set_password(mail).status == 204
    assert staff.log_in().status == 200


def test_he_is_written_to_in_his_language(staff: Staff) -> None:
    staff.employee(preferredLanguage="de_DE")
    assert "Passwort" in staff.mails.one().subject
    staff.send("password/reset", email=EVE)
    assert staff.mails.one().subject == f"Neues Passwort für {staff.api.tenant}"


def test_who_has_yet_to_sign_in_is_invited_again_and_nobody_else(staff: Staff) -> None:
    staff.group("a")
    staff.employee()
    first = staff.mails.one()
    staff.employee(EVE.upper(), "a", preferredLanguage="de")
    again = staff.mails.one()
    assert (again.to, again.subject) == (EVE, first.subject)
    assert staff.set_password(first).status == 400
    assert staff.set_password(again).status == 204
    staff.tokens()
    staff.employee(EVE, "a")
    assert staff.mails.take() == []


def test_who_is_refused_is_not_invited(staff: Staff) -> None:
    with staff.api.unchanged():
        assert staff.api.post(f"{IAM}/users", employee(EVE, "nothing")).status == 404
    assert staff.mails.take() == []


def test_a_forgotten_password_is_reset_and_every_login_ends(staff: Staff) -> None:
    staff.hire()
    before = staff.tokens()
    assert staff.send("password/reset", email=EVE.upper()).status == 204
    mail = staff.mails.one()
    assert mail.to == EVE
    assert staff.set_password(mail, NEW).status == 204
    assert not staff.is_in(staff.api.as_(before["access_token"]))
    assert staff.refresh(before["refresh_token"]).status == 401
    assert staff.log_in().status == 401
    assert staff.log_in(password=NEW).status == 200


def test_nobody_learns_who_is_an_employee(staff: Staff) -> None:
    """The same answer, by the same number of statements, but a mail for one of them only."""
    staff.hire()
    Storefront(staff.api).sign_up("jane@example.com")
    database = staff.api.server.runtime.database
    answers, statements = [], []
    for address in (EVE, "nobody@example.com", "jane@example.com"):
        database.sessions = []
        answers.append(staff.send("password/reset", email=address))
        statements.append(sum(session.statements for session in database.sessions))
        database.sessions = None
    assert {(answer.status, answer.body) for answer in answers} == {(204, b"")}
    assert len(set(statements)) == 1
    assert [mail.to for mail in staff.mails.take()] == [EVE]


# Links


def test_a_link_works_once(staff: Staff) -> None:
    staff.employee()
    mail = staff.mails.one()
    assert staff.set_password(mail).status == 204
    with staff.api.unchanged():
        refused = staff.set_password(mail, NEW)
    assert refused.status == 400
    assert "token" in refused.json["details"][0]


@pytest.mark.parametrize(("way", "seconds"), [("invitation", 604800), ("reset", 3600)])
def test_a_link_works_until_it_expires(
    staff: Staff, monkeypatch: pytest.MonkeyPatch, way: str, seconds: int
) -> None:
    staff.employee()
    mail = staff.mails.one()
    if way == "reset":
        staff.send("password/reset", email=EVE)
        mail = staff.mails.one()
    clock = staff.api.server.runtime.clock
    begun = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begun + timedelta(seconds=seconds + 1))
    assert staff.set_password(mail).status == 400
    monkeypatch.setattr(clock, "now", lambda: begun + timedelta(seconds=seconds - 60))
    assert staff.set_password(mail).status == 204


def test_a_set_password_ends_every_other_link(staff: Staff) -> None:
    staff.employee()
    invitation = staff.mails.one()
    staff.send("password/reset", email=EVE)
    reset = staff.mails.one()
    assert staff.set_password(reset).status == 204
    assert staff.set_password(invitation, NEW).status == 400
    assert staff.log_in().status == 200


def test_asking_for_a_reset_leaves_the_invitation_good(staff: Staff) -> None:
    """Anybody can ask for a reset: that must not shut out who was invited."""
    staff.employee()
    invitation = staff.mails.one()
    staff.send("password/reset", email=EVE)
    assert staff.set_password(invitation).status == 204


def test_a_link_of_a_customer_or_another_tenant_is_none_of_an_employee(staff: Staff) -> None:
    staff.employee()
    mail = staff.mails.one()
    shop = Storefront(staff.api)
    shop.sign_up("jane@example.com")
    shop.visit().post("/customer/{tenant}/password/reset", {"email": "jane@example.com"})
    of_customer = staff.mails.one()
    assert staff.set_password(of_customer).status == 400
    body = {"token": mail.token, "password": PASSWORD}
    assert shop.visit().post("/customer/{tenant}/password/reset/update", body).status == 400
    assert Staff(new_tenant(staff.api.server)).set_password(mail).status == 400
    assert staff.set_password(mail).status == 204


def test_the_link_of_a_deleted_employee_is_no_good(staff: Staff) -> None:
    eve = staff.employee()
    mail = staff.mails.one()
    assert staff.iam(f"users/{eve}", method="DELETE").status == 204
    with staff.api.unchanged():
        assert staff.set_password(mail).status == 400


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 1025])
def test_what_is_no_password(staff: Staff, password: str) -> None:
    staff.employee()
    mail = staff.mails.one()
    with staff.api.unchanged():
        assert staff.set_password(mail, password).status == 400
    assert staff.set_password(mail).status == 204


def test_expired_links_are_pruned(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    staff.employee()
    runtime = staff.api.server.runtime
    chore = next(each for each in runtime.services if each.name == "iam").chores[0]

    async def prune(days: int) -> int:
        async with runtime.database.writing() as db:
            return await chore(runtime, db, runtime.clock.now() + timedelta(days=days), 1000)

    staff.api.run(prune(6))
    assert staff.api.snapshot()["iam_link"] == 1
    staff.api.run(prune(8))
    assert staff.api.snapshot()["iam_link"] == 0


# By the old one


def test_a_password_is_changed_and_the_other_logins_end(staff: Staff) -> None:
    staff.hire()
    me, other = staff.signed_in(), staff.tokens()
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert staff.send("password/change", me, **body).status == 204
    assert staff.is_in(me)
    assert not staff.is_in(staff.api.as_(other["access_token"]))
    assert staff.refresh(other["refresh_token"]).status == 401
    assert [staff.log_in(password=each).status for each in (PASSWORD, NEW)] == [401, 200]


def test_a_link_that_was_sent_before_the_change_is_no_good(staff: Staff) -> None:
    staff.hire()
    staff.send("password/reset", email=EVE)
    mail = staff.mails.one()
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert staff.send("password/change", staff.signed_in(), **body).status == 204
    assert staff.set_password(mail).status == 400


def test_who_does_not_know_the_old_password_changes_nothing(staff: Staff) -> None:
    staff.hire()
    without = staff.api.as_employee(staff.employee("new@example.com"))
    shop = Storefront(staff.api)
    shop.sign_up("jane@example.com")
    me, jane = staff.signed_in(), shop.customer("jane@example.com")
    body = {"currentPassword": "wrong", "newPassword": NEW}
    with staff.api.unchanged():
        assert staff.send("password/change", me, **body).status == 401
        assert staff.send("password/change", without, **body).status == 401
        for who in (jane, staff.api):
            assert staff.send("password/change", who, **body).status == 403


def test_no_request_says_where_a_link_leads(staff: Staff) -> None:
    evil = {"host": "evil.example", "x_forwarded_host": "evil.example", "origin": "https://evil.example"}
    page = "https://console.example/password?token="
    told = new_tenant(staff.api.server, **{"employee.password.redirecturl": page})
    for each in (staff, Staff(told)):
        each.employee()
        body = {"email": EVE, "redirect_uri": "https://evil.example", "link": "https://evil.example"}
        assert each.nobody.post(f"{IAM}/password/reset", body, **evil).status == 204
        for mail in Mailbox(each.api).take():
            assert mail.token
            assert "evil" not in mail.text + mail.html + mail.subject
            assert (page in mail.text) == (each is not staff)
