"""Customers reset and change their passwords and e-mail addresses; nobody learns who has an account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from coterie.services.customer.tables import link
from support.api import Api
from support.mailbox import Mailbox
from support.storefront import PASSWORD, Storefront

ME, LOGIN = "/customer/{tenant}/me", "/customer/{tenant}/login"
RESET, UPDATE = "/customer/{tenant}/password/reset", "/customer/{tenant}/password/reset/update"
CHANGE = "/customer/{tenant}/password/change"
EMAIL = "/customer/{tenant}/me/accounts/internal/email/change"
JANE, NEW = "jane@example.com", "jane@new.example"
OTHER = "another-password"
REFRESH = "/customer/{tenant}/refreshauthtoken?refreshToken="


def logs_in(shop: Storefront, email: str, password: str) -> bool:
    return shop.visit().post(LOGIN, {"email": email, "password": password}).status == 200


def asked(shop: Storefront, email: str = JANE, **more: Any) -> str:
    """The token of a reset that was asked for."""
    mails = Mailbox(shop.api)
    assert shop.visit().post(RESET, {"email": email, **more}).status == 204
    mail = mails.one()
    assert mail.to == email
    return mail.token


def later(monkeypatch: pytest.MonkeyPatch, shop: Storefront, **delta: float) -> None:
    clock = shop.api.server.runtime.clock
    moved = clock.now() + timedelta(**delta)
    monkeypatch.setattr(clock, "now", lambda: moved)


# Forgotten passwords


def test_a_customer_sets_a_new_password_by_the_link_of_a_mail(shop: Storefront) -> None:
    number = shop.sign_up()
    old = shop.log_in()
    token = asked(shop)
    assert shop.visit().post(f"{UPDATE}/", {"token": token, "password": OTHER}).status == 204
    assert not logs_in(shop, JANE, PASSWORD)
    assert logs_in(shop, JANE, OTHER)
    # Whoever was logged in is out.
    assert shop.api.as_(old["access_token"]).get(ME).status == 401
    assert shop.visit().get(REFRESH + old["refresh_token"]).status == 401
    (event,) = shop.api.events("customer.password-reset")
    assert (event["id"], event["email"]) == (number, JANE)
    assert token not in str(shop.api.events())


def test_a_token_works_once(shop: Storefront) -> None:
    shop.sign_up()
    token = asked(shop)
    assert shop.visit().post(UPDATE, {"token": token, "password": OTHER}).status == 204
    visitor = shop.visit()
    with shop.api.unchanged():
        refused = visitor.post(UPDATE, {"token": token, "password": "third-password"})
    assert refused.status == 400
    assert refused.json["details"][0]["field"] == "token"
    assert logs_in(shop, JANE, OTHER)


def test_a_token_works_until_it_expires(shop: Storefront, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.sign_up()
    token = asked(shop)
    seconds = shop.api.server.settings.reset_seconds
    later(monkeypatch, shop, seconds=seconds)
    visitor = shop.visit()
    assert visitor.post(UPDATE, {"token": token, "password": OTHER}).status == 400
    monkeypatch.undo()
    assert visitor.post(UPDATE, {"token": token, "password": OTHER}).status == 204


def test_a_newer_token_replaces_an_older_one(shop: Storefront) -> None:
    shop.sign_up()
    first, second = asked(shop), asked(shop)
    assert shop.visit().post(UPDATE, {"token": first, "password": OTHER}).status == 400
    assert shop.visit().post(UPDATE, {"token": second, "password": OTHER}).status == 204


def test_a_token_of_one_purpose_or_tenant_is_none_of_another(shop: Storefront) -> None:
    from support.api import new_tenant

    shop.sign_up()
    token = asked(shop)
    elsewhere = Storefront(new_tenant(shop.api.server))
    elsewhere.sign_up()
    assert elsewhere.visit().post(UPDATE, {"token": token, "password": OTHER}).status == 400
    visitor = shop.visit()
    assert visitor.post(EMAIL + "/confirm", {"token": token}).status == 400
    assert visitor.get(f"/customer/{{tenant}}/signup/optin/{token}").status == 400
    assert visitor.post(UPDATE, {"token": token, "password": OTHER}).status == 204


@pytest.mark.parametrize("body", [{"token": "x" * 43, "password": OTHER}, {"token": "", "password": OTHER}])
def test_a_made_up_token_costs_no_hash(
    shop: Storefront, body: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_password: str) -> str:
        raise AssertionError("hashed")

    monkeypatch.setattr(shop.api.server.runtime.passwords, "hash", never)
    visitor = shop.visit()
    with shop.api.unchanged():
        assert visitor.post(UPDATE, body).status == 400


def test_tokens_are_stored_as_digests_only(shop: Storefront) -> None:
    shop.sign_up()
    token = asked(shop)

    async def stored() -> Any:
        async with shop.api.server.runtime.database.reading() as db:
            return await db.all(select(link).where(link.c.tenant == shop.api.tenant))

    (row,) = shop.api.run(stored())
    assert token not in str(row)


def test_nobody_learns_whether_there_is_an_account(shop: Storefront) -> None:
    """The same answer, by the same number of statements, but a mail for one of them only."""
    shop.sign_up()
    blocked = shop.sign_up("blocked@example.com")
    shop.api.patch(f"/customer/{{tenant}}/customers/{blocked}", {"onHold": True})
    visitor, mails = shop.visit(), Mailbox(shop.api)
    database = shop.api.server.runtime.database
    visitor.get(ME)  # its token is known from here on
    answers, statements = [], []
    for address in (JANE, "nobody@example.com", "blocked@example.com"):
        database.sessions = []
        answers.append(visitor.post(RESET, {"email": address}))
        statements.append(sum(session.statements for session in database.sessions))
        database.sessions = None
    assert {(answer.status, answer.body) for answer in answers} == {(204, b"")}
    assert len(set(statements)) == 1
    assert [mail.to for mail in mails.take()] == [JANE]
    assert all(event.payload for event in mails.events()) is False


def test_a_customer_reached_elsewhere_than_he_logs_in_gets_his_link_there(shop: Storefront) -> None:
    body = {
        "email": "contact@example.com",
        "password": PASSWORD,
        "signup": {"email": "login@example.com", "password": PASSWORD},
    }
    assert shop.visit().post("/customer/{tenant}/signup", body).status == 201
    token = asked(shop, "contact@example.com")
    assert shop.visit().post(UPDATE, {"token": token, "password": OTHER}).status == 204
    assert logs_in(shop, "login@example.com", OTHER)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (RESET, {}, "email"),
        (RESET, {"email": ""}, "email"),
        (UPDATE, {"password": OTHER}, "token"),
        (UPDATE, {"token": "x", "password": "short"}, "password"),
        (CHANGE, {"currentPassword": PASSWORD}, "newPassword"),
        (CHANGE, {"currentPassword": PASSWORD, "newPassword": "short"}, "newPassword"),
        (EMAIL, {"email": JANE, "password": PASSWORD, "newEmail": "no address"}, "newEmail"),
        (EMAIL, {"email": JANE, "password": PASSWORD}, "newEmail"),
    ],
)
def test_a_bad_body_names_its_field(shop: Storefront, path: str, body: dict[str, str], field: str) -> None:
    shop.sign_up()
    me = shop.customer()
    with shop.api.unchanged():
        refused = me.post(path, body)
    assert refused.status == 400
    assert [each["field"] for each in refused.json["details"]] == [field]


# Known passwords


def test_a_customer_changes_his_password_and_his_other_logins_end(shop: Storefront) -> None:
    shop.sign_up()
    here, there = shop.log_in(), shop.log_in()
    reset = asked(shop)
    me = shop.api.as_(here["access_token"])
    assert me.post(CHANGE, {"currentPassword": PASSWORD, "newPassword": OTHER}).status == 204
    assert me.get(ME).status == 200
    assert shop.api.as_(there["access_token"]).get(ME).status == 401
    assert shop.visit().get(REFRESH + there["refresh_token"]).status == 401
    assert shop.visit().get(REFRESH + here["refresh_token"]).status == 200
    assert not logs_in(shop, JANE, PASSWORD)
    assert logs_in(shop, JANE, OTHER)
    assert shop.visit().post(UPDATE, {"token": reset, "password": "third-password"}).status == 400


def test_a_wrong_current_password_changes_nothing(shop: Storefront) -> None:
    shop.sign_up()
    me = shop.customer()
    with shop.api.unchanged():
        refused = me.post(CHANGE, {"currentPassword": "wrong-password", "newPassword": OTHER})
    assert refused.status == 401
    assert refused.json["message"] == "Access denied. Entered credentials are incorrect."
    assert logs_in(shop, JANE, PASSWORD)


def test_a_visitor_has_no_password_to_change(shop: Storefront) -> None:
    visitor = shop.visit()
    with shop.api.unchanged():
        assert visitor.post(CHANGE, {"currentPassword": PASSWORD, "newPassword": OTHER}).status == 403


def test_an_initial_password_is_one_no_more_once_it_is_changed(shop: Storefront) -> None:
    body = {"contactEmail": JANE, "password": PASSWORD}
    assert shop.api.post("/customer/{tenant}/customers", body).status == 201
    assert shop.log_in()["initialPassword"] is True
    change = {"currentPassword": PASSWORD, "newPassword": OTHER}
    assert shop.customer().post(CHANGE, change).status == 204
    assert shop.log_in(password=OTHER)["initialPassword"] is False


# E-mail addresses


def change_email(shop: Storefront, me: Api, **more: Any) -> str:
    mails = Mailbox(shop.api)
    mails.take()
    assert me.post(EMAIL, {"email": JANE, "password": PASSWORD, "newEmail": NEW, **more}).status == 204
    mail = mails.one()
    assert mail.to == NEW
    return mail.token


def test_a_customer_moves_to_another_address(shop: Storefront) -> None:
    number = shop.sign_up()
    me = shop.customer()
    token = change_email(shop, me)
    assert not logs_in(shop, NEW, PASSWORD)
    assert shop.visit().post(EMAIL + "/confirm", {"token": token}).status == 204
    assert me.get(ME).status == 401
    assert not logs_in(shop, JANE, PASSWORD)
    mine = shop.customer(NEW).get(ME).json
    assert (mine["accounts"], mine["contactEmail"]) == ([{"id": NEW}], JANE)
    (request,) = shop.api.events("customer.email-change-request")
    (done,) = shop.api.events("customer.email-change")
    assert (request["id"], request["newEmail"]) == (number, NEW)
    assert (done["id"], done["email"], done["previousEmail"]) == (number, NEW, JANE)
    assert shop.visit().post(EMAIL + "/confirm", {"token": token}).status == 400


def test_the_contact_address_moves_along_when_asked(shop: Storefront) -> None:
    shop.sign_up()
    token = change_email(shop, shop.customer(), syncContactEmail=True)
    assert shop.visit().post(EMAIL + "/confirm", {"token": token}).status == 204
    assert shop.customer(NEW).get(ME).json["contactEmail"] == NEW
    # The old address is free.
    assert shop.sign_up(JANE)


def test_an_address_of_somebody_else_is_refused_when_asked_for_and_when_confirmed(shop: Storefront) -> None:
    shop.sign_up()
    me = shop.customer()
    token = change_email(shop, me)
    shop.sign_up(NEW)
    body = {"email": JANE, "password": PASSWORD, "newEmail": NEW}
    visitor = shop.visit()
    with shop.api.unchanged():
        for refused in (me.post(EMAIL, body), visitor.post(EMAIL + "/confirm", {"token": token})):
            assert refused.status == 400
            assert refused.json["details"][0]["field"] == "newEmail"
    assert logs_in(shop, JANE, PASSWORD)


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong-password"}, {"email": "nobody@example.com"}, {"email": NEW}]
)
def test_an_address_is_changed_only_with_the_right_credentials(
    shop: Storefront, wrong: dict[str, str]
) -> None:
    shop.sign_up()
    me = shop.customer()
    with shop.api.unchanged():
        refused = me.post(EMAIL, {"email": JANE, "password": PASSWORD, "newEmail": NEW, **wrong})
    assert refused.status == 401


def test_an_address_is_changed_only_with_the_scope(shop: Storefront) -> None:
    number = shop.sign_up()
    me = shop.api.as_customer(number, scopes=frozenset({"customer.customerprofile_view"}))
    with shop.api.unchanged():
        refused = me.post(EMAIL, {"email": JANE, "password": PASSWORD, "newEmail": NEW})
    assert refused.status == 403


def test_a_reset_ends_a_change_of_the_address_that_somebody_else_asked_for(shop: Storefront) -> None:
    shop.sign_up()
    token = change_email(shop, shop.customer())
    reset = asked(shop)
    assert shop.visit().post(UPDATE, {"token": reset, "password": OTHER}).status == 204
    assert shop.visit().post(EMAIL + "/confirm", {"token": token}).status == 400
