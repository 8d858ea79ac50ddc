"""The threat model: every test that its page names is there, and those that belong to no service alone."""

from __future__ import annotations

import re
from pathlib import Path

from services.customer_management.companies import entity
from support.api import Api, new_tenant
from support.mailbox import Mailbox
from support.storefront import PASSWORD, Storefront

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "explanation" / "threat-model.md"
ME = "/customer/{tenant}/me"


def test_every_test_that_the_page_names_is_there() -> None:
    rows = re.findall(r"^\| (?!threat|---)(.*) \|.*\|(.*)\|$", PAGE.read_text(), re.MULTILINE)
    assert len(rows) >= 20
    for threat, proofs in rows:
        named = re.findall(r"`([\w/.]+)::(\w+)`", proofs)
        assert named, f"{threat} has no test"
        for file, name in named:
            text = (ROOT / file).read_text() if (ROOT / file).exists() else ""
            assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{file}::{name} is not there"


def test_no_request_says_where_a_link_leads(api: Api) -> None:
    evil = {"host": "evil.example", "x_forwarded_host": "evil.example", "origin": "https://evil.example"}
    for tenant in (api, new_tenant(api.server, **{"storefront.host": "shop.example"})):
        shop = Storefront(tenant)
        shop.sign_up()
        mails = Mailbox(tenant)
        body = {"email": "jane@example.com", "site": "https://evil.example"}
        body |= {"redirect_uri": "https://evil.example", "redirectUrl": "https://evil.example"}
        assert shop.visit().post("/customer/{tenant}/password/reset", body, **evil).status == 204
        mail = mails.one()
        assert mail.token
        assert "evil" not in mail.text + mail.html + mail.subject
        assert ("https://shop.example/" in mail.text) == (tenant is not api)


def test_no_header_says_who_somebody_is(api: Api) -> None:
    shop = Storefront(api)
    jane, john = shop.sign_up(), shop.sign_up("john@example.com")
    entity(shop.api, "acme")
    shop.assign(john, "acme")
    other = shop.log_in("john@example.com")
    made_up = {
        "legalEntityId": "acme",
        "legal_entity_id": "acme",
        "session_id": other["session_id"],
        "saas_token": other["saas_token"],
        "emporix_tenant": "other",
        "tenant": "other",
        "customerId": john,
    }
    begun = shop.get("login").json
    credentials = {"email": "jane@example.com", "password": PASSWORD}
    login = shop.api.as_(begun["access_token"]).post("/customer/{tenant}/login", credentials, **made_up)
    assert login.json["session_id"] == begun["sessionId"]
    customer = shop.api.as_(login.json["access_token"])
    told = customer.get("/customer/{tenant}/validateauthtoken", **made_up).json
    assert (told["email"], told["sessionId"]) == ("jane@example.com", begun["sessionId"])
    assert told.get("legalEntityId") is None
    assert customer.get(ME, **made_up).json["id"] == jane
    context = customer.get("/session-context/{tenant}/me/context", **made_up).json
    assert (context["sessionId"], context["customerId"]) == (begun["sessionId"], jane)


def test_who_signs_up_sets_nothing_that_is_the_tenants(api: Api) -> None:
    shop = Storefront(new_tenant(api.server, customerActiveOnCreation=False))
    tenants = {"active": True, "onHold": False, "restriction": "DE", "type": "VIP", "id": "mine"}
    tenants |= {"customerNumber": "mine", "businessModel": "B2B", "lastLogin": "2020-01-01T00:00:00.000Z"}
    number = shop.sign_up(firstName="Jane", **tenants)
    assert number != "mine"
    stored = shop.api.get(f"/customer/{{tenant}}/customers/{number}").json
    assert (stored["active"], stored["businessModel"], stored["firstName"]) == (False, "B2C", "Jane")
    assert not {"restriction", "type", "lastLogin"} & stored.keys()
    credentials = {"email": "jane@example.com", "password": PASSWORD}
    assert shop.visit().post("/customer/{tenant}/login", credentials).status == 401
