"""Customers sign up, log in, refresh, act for a company, log out, and read who they are."""

import base64
import json
from typing import Any

import pytest
from sqlalchemy import select, update

from coterie.services.customer.tables import email
from support.api import Api, Response, new_tenant
from support.storefront import PASSWORD, Storefront

SIGNUP, LOGIN, ME = "/customer/{tenant}/signup", "/customer/{tenant}/login", "/customer/{tenant}/me"
REFRESH, LOGOUT = "/customer/{tenant}/refreshauthtoken", "/customer/{tenant}/logout"
VALIDATE = "/customer/{tenant}/validateauthtoken"
WRONG = "Access denied. Entered credentials are incorrect."


# What a customer may do to whom no group applies (CONTRACT §1.8).
CUSTOMER_SCOPES = frozenset(
    {
        "approval.approval_read_own",
        "approval.approval_manage_own",
        "customermanagement.legalentity_read_own",
        "customer.customer_read_own",
        "customer.customer_manage_own",
        "customer.customerprofile_view",
        "customer.customerprofile_edit",
        "customer.consent_view",
        "customer.consent_manage",
        "quote.quote_read_own",
        "quote.quote_manage_own",
        "returns.returns_read_own",
        "returns.returns_manage_own",
        "iam.scope_read_own",
        "iam.user_read_own",
        "iam.group_read_own",
        "iam.assignment_create_own",
        "iam.assignment_delete_own",
        "customersegment.segment_read_own",
        "order.order_readascustomer",
        "order.order_updateascustomer",
        "order.history_view",
        "coupon.coupon_redeem",
    }
)


def fields(response: Response) -> list[str]:
    assert response.status == 400, response.body
    return [each["field"] for each in response.json["details"]]


def refresh(api: Api, token: str, entity: str | None = None) -> Response:
    return api.get(f"{REFRESH}?refreshToken={token}" + (f"&legalEntityId={entity}" if entity else ""))


# Signing up


@pytest.mark.parametrize(
    "body",
    [
        {"email": "jane@example.com", "password": PASSWORD},
        {"signup": {"email": "jane@example.com", "password": PASSWORD}},
        {
            "customerDetails": {"firstName": "Jane"},
            "signup": {"email": "jane@example.com", "password": PASSWORD},
        },
        {
            "email": "jane@example.com",
            "password": "ignored-password",
            "signup": {"email": "jane@example.com", "password": PASSWORD},
        },
    ],
)
def test_a_visitor_signs_up_with_credentials_in_either_place(shop: Storefront, body: dict[str, Any]) -> None:
    response = shop.visit().post(SIGNUP, body)
    assert response.status == 201
    assert len(response.json["id"]) == 8
    me = shop.customer().get(ME).json
    assert me["id"] == me["customerNumber"] == response.json["id"]
    assert me["contactEmail"] == "jane@example.com"
    assert me["accounts"] == [{"id": "jane@example.com"}]


def test_the_login_address_may_differ_from_the_contact_address(shop: Storefront) -> None:
    body = {
        "email": "contact@example.com",
        "password": "other-password",
        "signup": {"email": "login@example.com", "password": PASSWORD},
    }
    assert shop.visit().post(SIGNUP, body).status == 201
    me = shop.customer("login@example.com").get(ME).json
    assert (me["contactEmail"], me["accounts"]) == ("contact@example.com", [{"id": "login@example.com"}])
    credentials = {"email": "contact@example.com", "password": PASSWORD}
    assert shop.visit().post(LOGIN, credentials).status == 401


def test_numbers_are_given_in_order_and_never_twice(shop: Storefront) -> None:
    assert shop.sign_up("a@example.com") == "10000000"
    assert shop.sign_up("b@example.com") == "10000001"
    assert shop.api.delete("/customer/{tenant}/customers/10000001").status == 202
    assert shop.api.post("/customer/{tenant}/customers", {"id": "10000002"}).status == 201
    assert shop.sign_up("c@example.com") == "10000003"


@pytest.mark.parametrize("again", ["jane@example.com", "JANE@Example.com"])
def test_an_address_signs_up_once(shop: Storefront, again: str) -> None:
    shop.sign_up()
    visitor = shop.visit()
    with shop.api.unchanged():
        response = visitor.post(SIGNUP, {"email": again, "password": PASSWORD})
    assert response.status == 409
    assert response.json["message"] == f"Duplicate account '{again}' for tenant '{shop.api.tenant}'."
    assert response.json["type"] == "conflict_resource"


def test_an_address_of_another_tenant_is_free(shop: Storefront) -> None:
    shop.sign_up()
    assert Storefront(new_tenant(shop.api.server)).sign_up()


def test_an_address_goes_with_its_customer(shop: Storefront) -> None:
    number = shop.sign_up()
    shop.api.delete(f"/customer/{{tenant}}/customers/{number}")
    assert shop.sign_up() != number


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["email"]),
        ({"email": "jane@example.com"}, ["password"]),
        ({"password": PASSWORD}, ["email"]),
        ({"email": "jane@example.com", "password": "short"}, ["password"]),
        ({"email": "jane@example.com", "password": "x" * 1025}, ["password"]),
        ({"signup": {"email": "jane@example.com", "password": "short"}}, ["signup.password"]),
        ({"signup": {"email": "jane@example.com"}}, ["signup.password"]),
        ({"email": "jane", "password": PASSWORD}, ["email"]),
        ({"email": "a b@example.com", "password": PASSWORD}, ["email"]),
        (
            {
                "email": "jane@example.com",
                "password": PASSWORD,
                "customerDetails": {"contactEmail": "j@example.com"},
            },
            ["customerDetails.contactEmail"],
        ),
        (
            {
                "email": "jane@example.com",
                "password": PASSWORD,
                "customerDetails": {"firstName": "J", "b2b": {"companyRegistrationId": "1"}},
            },
            ["customerDetails.lastName", "customerDetails.company"],
        ),
        (
            {
                "email": "jane@example.com",
                "password": PASSWORD,
                "customerDetails": {"preferredCurrency": "EURO"},
            },
            ["customerDetails.preferredCurrency"],
        ),
        (
            {"email": "jane@example.com", "password": PASSWORD, "customerAddress": {"country": "DEU"}},
            ["customerAddress.country"],
        ),
    ],
)
def test_a_bad_sign_up_names_its_fields_and_changes_nothing(
    shop: Storefront, body: dict[str, Any], wrong: list[str]
) -> None:
    visitor = shop.visit()
    with shop.api.unchanged():
        assert fields(visitor.post(SIGNUP, body)) == wrong


def test_signing_up_stores_profile_and_address_and_tells_of_it(shop: Storefront) -> None:
    body = {
        "email": "jane@example.com",
        "password": PASSWORD,
        "customerDetails": {
            "title": "MS",
            "firstName": "Jane",
            "lastName": "Doe",
            "company": "Acme",
            "preferredCurrency": "EUR",
            "b2b": {"companyRegistrationId": "123"},
        },
        "customerAddress": {
            "contactName": "Jane Doe",
            "city": "Berlin",
            "country": "DE",
            "tags": ["BILLING"],
        },
    }
    number = shop.visit().post(SIGNUP, body).json["id"]
    me = shop.customer().get(ME + "?expand=addresses").json
    expected = body["customerDetails"]
    assert {name: me[name] for name in expected} == expected
    assert (me["preferredLanguage"], me["businessModel"]) == ("en_US", "B2C")
    (address,) = me["addresses"]
    assert address.pop("id")
    assert address.pop("metadata")["version"] == 1
    assert address == {**body["customerAddress"], "isDefault": True}
    assert me["defaultAddress"]["city"] == "Berlin"
    (event,) = shop.api.events("customer.created")
    assert (event["id"], event["firstName"], event["tenant"]) == (number, "Jane", shop.api.tenant)
    assert PASSWORD not in str(event)


def test_a_tenant_may_want_customers_activated_first(shop: Storefront) -> None:
    shop = Storefront(new_tenant(shop.api.server, customerActiveOnCreation=False))
    number = shop.sign_up()
    credentials = {"email": "jane@example.com", "password": PASSWORD}
    assert shop.visit().post(LOGIN, credentials).status == 401
    assert shop.api.patch(f"/customer/{{tenant}}/customers/{number}", {"active": True}).status == 200
    assert shop.visit().post(LOGIN, credentials).status == 200


# Logging in


def test_a_login_answers_tokens_and_their_twins(shop: Storefront) -> None:
    number = shop.sign_up()
    visitor = shop.visit()
    session = shop.get("login").json["sessionId"]
    token = shop.log_in(by=visitor)
    assert (token["token_type"], token["expires_in"], token["refresh_token_expires_in"]) == (
        "Bearer",
        2591999,
        86399,
    )
    assert token["initialPassword"] is False
    twins = {
        "accessToken": "access_token",
        "saasToken": "saas_token",
        "expiresIn": "expires_in",
        "refreshToken": "refresh_token",
        "refreshTokenExpiresIn": "refresh_token_expires_in",
    }
    for twin, name in twins.items():
        assert token[twin] == token[name]
    header, claims, _ = (base64.urlsafe_b64decode(part + "==") for part in token["saas_token"].split("."))
    assert json.loads(header)["alg"] == "HS256"
    assert json.loads(claims)["sub"] == number
    assert session != token["session_id"]


def test_a_customer_continues_the_session_of_the_visitor(shop: Storefront) -> None:
    shop.sign_up()
    visit = shop.get("login").json
    token = shop.log_in(by=shop.api.as_(visit["access_token"]))
    assert token["session_id"] == visit["sessionId"]


def test_a_login_is_remembered_and_told_of(shop: Storefront) -> None:
    number = shop.sign_up()
    profile = f"/customer/{{tenant}}/customers/{number}"
    before = shop.api.get(profile).json
    assert "lastLogin" not in before
    me = shop.customer("JANE@example.com").get(ME).json
    after = shop.api.get(profile).json
    assert after["lastLogin"] == me["lastLogin"]
    assert after["metadata"] == before["metadata"]
    (event,) = shop.api.events("customer.logged.in")
    assert (event["id"], event["lastLogin"]) == (number, me["lastLogin"])
    assert "session" not in str(event).lower()


def test_wrong_credentials_are_all_answered_alike(shop: Storefront) -> None:
    shop.sign_up()
    blocked = shop.sign_up("blocked@example.com")
    shop.api.patch(f"/customer/{{tenant}}/customers/{blocked}", {"onHold": True})
    shop.api.post("/customer/{tenant}/customers", {"contactEmail": "nopassword@example.com"})
    visitor = shop.visit()
    with shop.api.unchanged():
        answers = [
            visitor.post(LOGIN, {"email": address, "password": password})
            for address, password in [
                ("jane@example.com", "password2"),
                ("nobody@example.com", PASSWORD),
                ("blocked@example.com", PASSWORD),
                ("nopassword@example.com", PASSWORD),
                ("jane@example.com'--", PASSWORD),
            ]
        ]
    assert {answer.status for answer in answers} == {401}
    assert {answer.body for answer in answers} == {answers[0].body}
    assert answers[0].json["message"] == WRONG


def test_an_unknown_account_costs_a_hash_as_well(shop: Storefront, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.sign_up()
    passwords = shop.api.server.runtime.passwords
    asked = []
    verify = passwords.verify

    async def recorded(stored: str | None, password: str, foreign: Any) -> Any:
        asked.append(stored)
        return await verify(stored, password, foreign)

    monkeypatch.setattr(passwords, "verify", recorded)
    for address in ("jane@example.com", "nobody@example.com"):
        shop.visit().post(LOGIN, {"email": address, "password": "password2"})
    assert len(asked) == 2
    assert asked[1] is None


def test_an_outdated_hash_is_replaced_at_login(shop: Storefront) -> None:
    from argon2 import PasswordHasher

    shop.sign_up()
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    mine = email.c.tenant == shop.api.tenant
    database = shop.api.server.runtime.database

    async def store() -> None:
        async with database.writing() as db:
            await db.run(update(email).where(mine).values(password_hash=old))

    async def stored() -> str:
        async with database.reading() as db:
            return str(await db.value(select(email.c.password_hash).where(mine)))

    shop.api.run(store())
    shop.log_in()
    new = shop.api.run(stored())
    assert "t=1," in new
    shop.log_in()
    assert shop.api.run(stored()) == new


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"email": "jane@example.com"}, ["password"]),
        ({"password": PASSWORD}, ["email"]),
        ({"email": "", "password": PASSWORD}, ["email"]),
        ({"email": "jane@example.com", "password": "short"}, ["password"]),
        ({"email": 7, "password": PASSWORD}, ["email"]),
    ],
)
def test_a_bad_login_names_its_field(shop: Storefront, body: dict[str, Any], wrong: list[str]) -> None:
    assert fields(shop.visit().post(LOGIN, body)) == wrong


def test_a_password_set_by_the_tenant_is_marked_as_initial(shop: Storefront) -> None:
    body = {"contactEmail": "jane@example.com", "password": PASSWORD}
    shop.api.post("/customer/{tenant}/customers", body)
    assert shop.log_in()["initialPassword"] is True


def test_login_needs_a_token_of_the_tenant(shop: Storefront) -> None:
    shop.sign_up()
    body = {"email": "jane@example.com", "password": PASSWORD}
    assert shop.api.as_(None).post(LOGIN, body).status == 401
    elsewhere = Storefront(new_tenant(shop.api.server)).visit()
    assert shop.api.as_(elsewhere.token).post(LOGIN, body).status == 403


# Refreshing


def test_a_refresh_token_rotates_within_the_session(shop: Storefront) -> None:
    shop.sign_up()
    first = shop.log_in()
    response = refresh(shop.visit(), first["refresh_token"])
    assert response.status == 200
    second = response.json
    assert second["session_id"] == first["session_id"]
    assert "saas_token" not in second
    assert shop.api.as_(second["access_token"]).get(ME).status == 200
    assert refresh(shop.visit(), first["refresh_token"]).status == 401
    assert refresh(shop.api.as_(second["access_token"]), second["refresh_token"]).status == 200


def test_a_refreshed_token_acts_for_a_company_of_the_customer_only(shop: Storefront) -> None:
    number = shop.sign_up()
    shop.assign(number, "acme")
    token = shop.log_in()
    refused = refresh(shop.visit(), token["refresh_token"], "other")
    assert refused.status == 403
    assert "other" in refused.json["message"]
    # A refused refresh uses nothing up.
    acting = refresh(shop.visit(), token["refresh_token"], "acme").json
    told = shop.api.as_(acting["access_token"]).get(VALIDATE).json
    assert told["legalEntityId"] == "acme"
    alone = refresh(shop.visit(), acting["refresh_token"]).json
    assert "legalEntityId" not in shop.api.as_(alone["access_token"]).get(VALIDATE).json


def test_a_customer_who_may_not_log_in_any_more_refreshes_nothing(shop: Storefront) -> None:
    number = shop.sign_up()
    token = shop.log_in()
    shop.api.patch(f"/customer/{{tenant}}/customers/{number}", {"active": False})
    assert refresh(shop.visit(), token["refresh_token"]).status == 401


def test_refreshing_needs_a_good_token_of_a_customer(shop: Storefront) -> None:
    visit = shop.get("login").json
    visitor = shop.api.as_(visit["access_token"])
    assert visitor.get(REFRESH).status == 400
    for token in ("made-up", visit["refresh_token"]):
        response = refresh(visitor, token)
        assert response.status == 401
        assert response.json["fault"]["faultstring"] == "Invalid access token"


# Logging out


def test_a_logged_out_token_is_dead_with_its_session(shop: Storefront) -> None:
    shop.sign_up()
    first, other = shop.log_in(), shop.log_in()
    second = refresh(shop.visit(), first["refresh_token"]).json
    customer = shop.api.as_(second["access_token"])
    assert customer.get(ME).status == 200
    assert customer.get(f"{LOGOUT}?accessToken={second['access_token']}").status == 204
    for token in (first["access_token"], second["access_token"]):
        assert shop.api.as_(token).get(ME).status == 401
    assert refresh(shop.visit(), second["refresh_token"]).status == 401
    assert shop.api.as_(other["access_token"]).get(ME).status == 200


def test_logging_out_ends_the_own_token_when_none_is_named(shop: Storefront) -> None:
    shop.sign_up()
    customer = shop.customer()
    assert customer.get(LOGOUT).status == 204
    assert customer.get(ME).status == 401


def test_logging_out_takes_customers_tokens_of_the_tenant_only(shop: Storefront) -> None:
    shop.sign_up()
    elsewhere = Storefront(new_tenant(shop.api.server))
    elsewhere.sign_up()
    foreign = elsewhere.customer()
    customer = shop.customer()
    for token in ("made-up", shop.visit().token, foreign.token):
        assert customer.get(f"{LOGOUT}?accessToken={token}").status == 401
    assert shop.visit().get(LOGOUT).status == 401
    assert foreign.get(ME).status == 200
    assert customer.get(ME).status == 200


def test_a_deleted_customer_is_logged_out(shop: Storefront) -> None:
    number = shop.sign_up()
    token = shop.log_in()
    customer = shop.api.as_(token["access_token"])
    assert customer.get(ME).status == 200
    assert shop.api.delete(f"/customer/{{tenant}}/customers/{number}").status == 202
    assert customer.get(ME).status == 401
    assert refresh(shop.visit(), token["refresh_token"]).status == 401


# Reading who one is


def test_a_valid_token_tells_of_itself(shop: Storefront) -> None:
    shop.sign_up()
    token = shop.log_in()
    response = shop.api.as_(token["access_token"]).get(VALIDATE)
    assert response.status == 200
    told = response.json
    assert (told["token_type"], told["sessionId"]) == ("Bearer", token["session_id"])
    assert told["email"] == "jane@example.com"
    assert 0 < told["expires_in"] <= token["expires_in"]
    *scopes, tenant = told["scope"].split()
    assert set(scopes) == CUSTOMER_SCOPES
    assert tenant == f"tenant={shop.api.tenant}"


def test_other_tokens_are_not_a_customers(shop: Storefront) -> None:
    for api in (shop.visit(), shop.api, shop.api.as_("made-up"), shop.api.as_(None)):
        response = api.get(VALIDATE)
        assert response.status == 401
        assert "fault" in response.json


def test_a_visitor_is_anonymous(shop: Storefront) -> None:
    assert shop.visit().get(ME).json == {
        "firstName": "Anonymous",
        "lastName": "Anonymous",
        "preferredSite": "main",
        "customerNumber": "00000000",
        "id": "00000000",
        "accounts": [],
    }


def test_a_service_is_nobody(shop: Storefront) -> None:
    assert shop.api.get(ME).status == 403


def test_a_customer_does_not_see_what_is_the_tenants(shop: Storefront) -> None:
    number = shop.sign_up()
    profile = {"restriction": "DE", "type": "CUSTOMER", "active": True}
    shop.api.patch(f"/customer/{{tenant}}/customers/{number}", profile)
    me = shop.customer().get(ME).json
    assert not me.keys() & {"active", "onHold", "restriction", "type"}


def test_companies_make_a_customer_b2b_as_long_as_he_has_them(shop: Storefront) -> None:
    number = shop.sign_up()
    shop.assign(number, "acme")
    shop.assign(number, "acme")
    customer = shop.customer()
    me = customer.get(ME).json
    assert (me["businessModel"], me["b2b"]["legalEntities"]) == ("B2B", [{"id": "acme"}])
    shop.assign(number, "acme", gone=True)
    me = customer.get(ME).json
    assert me["businessModel"] == "B2C"
    assert "legalEntities" not in me.get("b2b", {})


def test_a_customer_does_not_lift_what_only_the_tenant_sets(shop: Storefront) -> None:
    id = shop.sign_up()
    jane = shop.customer()
    path = f"/customer/{{tenant}}/customers/{id}"
    assert shop.api.patch(path, {"restriction": "DE"}).status == 200
    for change in ({"onHold": True}, {"restriction": None}, {"type": "VIP"}):
        assert jane.patch(path, change).status == 403, change
    assert jane.put(path, {"firstName": "Jane"}).status == 403
    assert jane.patch(path, {"firstName": "Jane"}).status == 200
    kept = shop.api.get(path).json
    assert (kept["onHold"], kept["restriction"], kept["firstName"]) == (False, "DE", "Jane")


@pytest.mark.parametrize("block", [{"onHold": True}, {"active": False}])
def test_a_block_ends_the_tokens_at_once(shop: Storefront, block: dict[str, bool]) -> None:
    id = shop.sign_up()
    jane = shop.customer()
    assert jane.get(ME).status == 200
    assert shop.api.patch(f"/customer/{{tenant}}/customers/{id}", block).status == 200
    assert jane.get(ME).status == 401
