"""Which customer somebody is whom an identity provider names: nobody gets another's account."""

from __future__ import annotations

from typing import Any

import pytest

from support.federation import Federation
from support.identity_provider import identity_provider
from support.storefront import PASSWORD

LOGIN, CUSTOMERS = "/customer/{tenant}/login", "/customer/{tenant}/customers"
JANE = "jane@example.com"


@pytest.fixture
def known(federation: Federation) -> Federation:
    """A tenant that exchanges the provider's tokens."""
    federation.configure("tokenExchange", default=federation.exchange_provider)
    return federation


def made_by_tenant(federation: Federation, email: str = JANE) -> str:
    """A customer whom the tenant itself has made, with a password."""
    body = {"contactEmail": email, "password": PASSWORD, "firstName": "Jane"}
    response = federation.api.post(f"{CUSTOMERS}?sendPasswordResetNotifications=false", body)
    assert response.status == 201, response.body
    return str(response.json["id"])


def may_log_in(federation: Federation, email: str = JANE) -> bool:
    return bool(federation.shop.visit().post(LOGIN, {"email": email, "password": PASSWORD}).status == 200)


def test_a_verified_address_finds_its_customer(known: Federation) -> None:
    number = made_by_tenant(known)
    assert known.me(known.exchange(known.provider.token(email="JANE@Example.com")))["id"] == number
    assert may_log_in(known)
    assert known.identities() == [("jane-at-idp", number)]


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes"])
def test_an_unverified_address_finds_nobody(known: Federation, verified: Any) -> None:
    made_by_tenant(known)
    visitor = known.shop.visit()
    with known.api.unchanged():
        response = known.exchange(known.provider.token(email_verified=verified), by=visitor)
    assert response.status == 401
    assert "verified" in response.json["message"]


def test_an_unverified_address_makes_nobody_either(known: Federation) -> None:
    # Else its owner could not have it any more.
    assert known.exchange(known.provider.token(email_verified=False)).status == 401
    assert known.exchange(known.provider.token(email=None)).status == 401
    assert known.identities() == []


def test_the_tenant_may_trust_a_providers_addresses(known: Federation) -> None:
    number = made_by_tenant(known)
    known.configure("tokenExchange", default={**known.exchange_provider, "trust_email": True})
    assert known.me(known.exchange(known.provider.token(email_verified=None)))["id"] == number


def test_whoever_is_known_needs_no_address(known: Federation) -> None:
    first = known.me(known.exchange())["id"]
    again = known.exchange(known.provider.token(email="boss@example.com", email_verified=False))
    assert known.me(again)["id"] == first


def test_another_subject_with_the_same_verified_address_is_the_same_customer(known: Federation) -> None:
    first = known.me(known.exchange())["id"]
    assert known.me(known.exchange(known.provider.token(sub="jane-too")))["id"] == first


def test_the_same_subject_of_another_provider_is_somebody_else(known: Federation) -> None:
    first = known.me(known.exchange())["id"]
    with identity_provider() as other:
        keys = {"keys": [each.as_dict(False) for each in other.keys]}
        elsewhere = {**known.exchange_provider, "issuer": "https://other.example", "jwks": keys}
        known.configure("tokenExchange", default=elsewhere)
        token = other.token(iss="https://other.example", email="other@example.com")
        assert known.me(known.exchange(token))["id"] != first


# Accounts that somebody else may have made for the address


def test_who_signed_up_with_somebodys_address_is_out(known: Federation) -> None:
    number = known.shop.sign_up(JANE, contactEmail="mallory@example.com")
    mallory = known.shop.customer(JANE)
    me = known.me(known.exchange())
    assert (me["id"], me["contactEmail"]) == (number, JANE)
    assert not may_log_in(known)
    assert mallory.get("/customer/{tenant}/me").status == 401
    # Nor does a mail to his address get him in again.
    addresses = known.api.get(f"{CUSTOMERS}/{number}?expand=accounts").json["accounts"]
    assert addresses == [{"id": JANE}]
    # It happens once: from now on the account is hers, with a password that she sets.
    assert known.me(known.exchange())["id"] == number


def test_an_account_that_waits_for_its_link_is_opened(known: Federation) -> None:
    known.set("customerActiveOnCreation", False)
    number = known.shop.sign_up(JANE)
    assert known.me(known.exchange())["id"] == number
    assert not may_log_in(known)


def test_a_contact_address_is_no_account(known: Federation) -> None:
    known.shop.sign_up("mallory@example.com", contactEmail=JANE)
    visitor = known.shop.visit()
    with known.api.unchanged():
        response = known.exchange(by=visitor)
    assert response.status == 409
    assert "mallory" not in response.body.decode()


def test_an_account_that_another_customer_made(known: Federation) -> None:
    number = known.shop.sign_up("mallory@example.com")
    known.shop.assign(number, "acme")
    mallory = known.api.as_customer(number, "acme")
    body = {"contactEmail": JANE, "password": PASSWORD}
    assert mallory.post(CUSTOMERS, body).status == 201
    assert may_log_in(known)
    assert known.exchange().status == 200
    assert not may_log_in(known)


@pytest.mark.parametrize("block", [{"onHold": True}, {"active": False}])
def test_a_blocked_customer_stays_out(known: Federation, block: dict[str, bool]) -> None:
    number = made_by_tenant(known)
    assert known.exchange().status == 200
    assert known.api.patch(f"{CUSTOMERS}/{number}", block).status == 200
    response = known.exchange()
    assert response.status == 401
    assert response.json["message"] == "Access denied. Entered credentials are incorrect."


def test_a_blocked_account_is_not_opened_by_a_provider(known: Federation) -> None:
    number = known.shop.sign_up(JANE)
    assert known.api.patch(f"{CUSTOMERS}/{number}", {"onHold": True}).status == 200
    visitor = known.shop.visit()
    with known.api.unchanged():
        assert known.exchange(by=visitor).status == 401


def test_a_deleted_customer_is_forgotten(known: Federation) -> None:
    number = known.me(known.exchange())["id"]
    assert known.api.delete(f"{CUSTOMERS}/{number}").status == 202
    assert known.identities() == []
    assert known.me(known.exchange())["id"] != number


# Whether customers are made, and how they are found


@pytest.mark.parametrize("inside", [True, False])
def test_without_provisioning_only_customers_get_in(known: Federation, inside: bool) -> None:
    if inside:
        own = {"ssoCustomerAutoprovisioningDisabled": True}
        known.configure("tokenExchange", default=known.exchange_provider | own)
    else:
        known.set("ssoCustomerAutoprovisioningDisabled", True)
    visitor = known.shop.visit()
    with known.api.unchanged():
        response = known.exchange(by=visitor)
    assert response.status == 404
    assert response.json["type"] == "resource_not_found"
    number = made_by_tenant(known)
    assert known.me(known.exchange())["id"] == number


@pytest.mark.parametrize("inside", [True, False])
def test_by_subject_an_address_finds_nobody(known: Federation, inside: bool) -> None:
    if inside:
        own = {"ssoCustomerIdentifierField": "SUBJECT"}
        known.configure("tokenExchange", default=known.exchange_provider | own)
    else:
        known.set("ssoCustomerIdentifierField", "SUBJECT")
    number = made_by_tenant(known)
    me = known.me(known.exchange())
    assert me["id"] != number
    assert "contactEmail" not in me
    assert known.me(known.exchange(known.provider.token(email="new@example.com")))["id"] == me["id"]
    other = known.me(known.exchange(known.provider.token(sub="john", email="john@example.com")))
    assert other["contactEmail"] == "john@example.com"
    nobody = known.me(known.exchange(known.provider.token(sub="no-mail", email=None)))
    assert nobody["accounts"] == []


def test_a_subject_is_no_number_of_ours(known: Federation) -> None:
    known.set("ssoCustomerIdentifierField", "SUBJECT")
    number = made_by_tenant(known)
    assert known.me(known.exchange(known.provider.token(sub=number)))["id"] != number


def test_customers_who_were_brought_under_their_subjects(known: Federation) -> None:
    known.set("ssoCustomerIdentifierField", "SUBJECT")
    known.set("ssoCustomerAutoprovisioningDisabled", True)
    assert known.api.post(CUSTOMERS, {"id": "jane-at-idp"}).status == 201
    assert known.me(known.exchange())["id"] == "jane-at-idp"
    assert known.exchange(known.provider.token(sub="john-at-idp")).status == 404


def test_tenants_know_people_apart(known: Federation) -> None:
    from support.api import new_tenant
    from support.storefront import Storefront

    known.exchange()
    elsewhere = Federation(Storefront(new_tenant(known.api.server)), known.provider)
    elsewhere.configure("tokenExchange", default=elsewhere.exchange_provider)
    assert elsewhere.exchange().status == 200
    assert len(known.identities()) == len(elsewhere.identities()) == 1


@pytest.mark.parametrize("email", ["not-an-address", "a b@example.com", "x" * 250 + "@example.com"])
def test_what_is_no_address_is_not_kept(known: Federation, email: str) -> None:
    response = known.exchange(known.provider.token(email=email))
    assert response.status in (200, 401)
    if response.status == 200:
        assert "contactEmail" not in known.me(response)
