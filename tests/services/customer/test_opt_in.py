"""Double opt-in: an account stays closed until its address is proven."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.api import Api, new_tenant
from support.mailbox import Mailbox
from support.storefront import PASSWORD, Storefront

ME, LOGIN, SIGNUP = "/customer/{tenant}/me", "/customer/{tenant}/login", "/customer/{tenant}/signup"
OPT_IN, AGAIN = f"{SIGNUP}/optin", f"{SIGNUP}/optin/refresh_token"
JANE = "jane@example.com"


@pytest.fixture
def careful(api: Api) -> Storefront:
    """The storefront of a tenant that wants addresses proven."""
    return Storefront(new_tenant(api.server, customerActiveOnCreation=False))


def test_the_link_activates_the_account_and_logs_in(careful: Storefront) -> None:
    mails = Mailbox(careful.api)
    number = careful.sign_up()
    mail = mails.one()
    assert mail.to == JANE
    credentials = {"email": JANE, "password": PASSWORD}
    assert careful.visit().post(LOGIN, credentials).status == 401
    begun = careful.get("login").json
    visitor = careful.api.as_(begun["access_token"])
    answer = visitor.get(f"{OPT_IN}/{mail.token}")
    assert answer.status == 200
    assert answer.json["session_id"] == begun["sessionId"]
    assert answer.json["saas_token"] == answer.json["saasToken"]
    assert careful.api.as_(answer.json["access_token"]).get(ME).json["id"] == number
    assert careful.visit().post(LOGIN, credentials).status == 200
    (event,) = careful.api.events("customer.opt-in")
    assert (event["id"], event["email"]) == (number, JANE)
    assert mail.token not in str(careful.api.events())
    assert visitor.get(f"{OPT_IN}/{mail.token}").status == 400


def test_a_link_that_has_expired_can_be_asked_for_again(
    careful: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = Mailbox(careful.api)
    number = careful.sign_up()
    first = mails.one().token
    clock = careful.api.server.runtime.clock
    moved = clock.now() + timedelta(seconds=careful.api.server.settings.opt_in_seconds)
    monkeypatch.setattr(clock, "now", lambda: moved)
    visitor = careful.visit()
    with careful.api.unchanged():
        assert visitor.get(f"{OPT_IN}/{first}").status == 400
    assert visitor.post(AGAIN, {"email": JANE.upper()}).status == 202
    (event,) = careful.api.events("customer.refresh-token")
    assert event["id"] == number
    assert visitor.get(f"{OPT_IN}/{mails.one().token}").status == 200


def test_nobody_learns_whether_an_account_waits(careful: Storefront) -> None:
    mails = Mailbox(careful.api)
    careful.sign_up()
    active = careful.sign_up("active@example.com")
    careful.api.patch(f"/customer/{{tenant}}/customers/{active}", {"active": True})
    visitor = careful.visit()
    assert visitor.get(f"{OPT_IN}/{mails.take()[1].token}").status == 200
    database = careful.api.server.runtime.database
    answers, statements = [], []
    for address in (JANE, "active@example.com", "nobody@example.com"):
        database.sessions = []
        answers.append(visitor.post(AGAIN, {"email": address}))
        statements.append(sum(session.statements for session in database.sessions))
        database.sessions = None
    assert {(answer.status, answer.body) for answer in answers} == {(202, b"")}
    assert len(set(statements)) == 1
    assert [mail.to for mail in mails.take()] == [JANE]


def test_a_customer_on_hold_opens_nothing_by_his_link(careful: Storefront) -> None:
    mails = Mailbox(careful.api)
    number = careful.sign_up()
    careful.api.patch(f"/customer/{{tenant}}/customers/{number}", {"onHold": True})
    token = mails.one().token
    visitor = careful.visit()
    with careful.api.unchanged():
        assert visitor.get(f"{OPT_IN}/{token}").status == 400


def test_whoever_is_active_at_once_is_sent_nothing(shop: Storefront) -> None:
    mails = Mailbox(shop.api)
    shop.sign_up()
    assert mails.take() == []


@pytest.mark.parametrize(
    ("details", "header", "subject"),
    [
        ({}, None, "Confirm your e-mail address"),
        ({"preferredLanguage": "de_AT"}, None, "E-Mail-Adresse bestätigen"),
        ({"preferredLanguage": "de"}, "en", "E-Mail-Adresse bestätigen"),
        ({"preferredLanguage": "fr_FR"}, "de, en;q=0.5", "E-Mail-Adresse bestätigen"),
        ({"preferredLanguage": "../../x"}, "not a language", "Confirm your e-mail address"),
    ],
)
def test_the_mail_is_in_the_customers_language(
    careful: Storefront, details: dict[str, str], header: str | None, subject: str
) -> None:
    body = {"customerDetails": details, "signup": {"email": JANE, "password": PASSWORD}}
    headers = {} if header is None else {"accept_language": header}
    assert careful.visit().post(SIGNUP, body, **headers).status == 201
    assert Mailbox(careful.api).one().subject == subject
