"""Employees sign in with an identity provider, which is theirs and not that of customers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.iam.staff import EVE, Staff
from services.iam.world import IAM
from support.api import Response, new_tenant, settings
from support.federation import Federation
from support.identity_provider import CLIENT, PAGE, VERIFIER, key

JANE = "jane@example.com"


@pytest.fixture
def office(federation: Federation) -> Office:
    """A tenant whose employees have a provider, and Jane among them."""
    made = Office(federation)
    made.jane = made.employee(JANE)
    federation.configure("employeeLogin", default=federation.login_provider)
    federation.configure("employeeTokenExchange", default=federation.exchange_provider)
    return made


class Office(Staff):
    """Employees with a provider. jane: the id of the one whom it knows as well."""

    jane = ""

    def __init__(self, federation: Federation) -> None:
        super().__init__(federation.api)
        self.federation, self.provider = federation, federation.provider

    def by_code(self, code: str | None = None, **more: str | None) -> Response:
        """Sign in with a code, by default a good one; what is None is left out."""
        given = {"code": code or self.provider.sign_in(), "redirect_uri": PAGE, "code_verifier": VERIFIER}
        body = {name: value for name, value in {**given, **more}.items() if value is not None}
        return self.send("login/code", **body)

    def by_token(self, token: str | None = None, **more: str) -> Response:
        return self.send("login/token", token=token or self.provider.token(), **more)

    def me(self, response: Response) -> str:
        """The id of the employee who got these tokens."""
        assert response.status == 200, response.body
        return str(self.api.as_(response.json["access_token"]).get(f"{IAM}/users/me").json["id"])


def field(response: Response) -> str:
    assert response.status == 400, response.body
    return str(response.json["details"][0]).partition(":")[0]


def test_a_code_becomes_an_employees_tokens(office: Office) -> None:
    office.group("readers", "customersegment.segment.viewer")
    office.put_in("readers", office.jane, "EMPLOYEE")
    response = office.by_code()
    assert office.me(response) == office.jane
    assert response.json["scope"] == f"customersegment.segment_read tenant={office.api.tenant}"
    assert office.iam(f"users/{office.jane}").json["status"] == "ACTIVE"
    assert office.refresh(response.json["refresh_token"]).status == 200
    assert office.provider.seen["/token"] == 1


def test_a_token_becomes_an_employees_tokens(office: Office) -> None:
    assert office.me(office.by_token()) == office.jane
    office.federation.configure(
        "employeeTokenExchange",
        default=office.federation.introspecting,
        other=office.federation.introspecting,
    )
    token = office.provider.token()
    assert office.me(office.by_token(token, config="other")) == office.jane
    office.provider.active.clear()
    assert office.by_token(token).status == 401
    assert field(office.by_token(config="nothing")) == "config"


# Who it is


def test_he_is_known_by_his_subject_afterwards(office: Office) -> None:
    assert office.me(office.by_code()) == office.jane
    office.provider.person |= {"email": "married@example.com"}
    assert office.me(office.by_code()) == office.jane
    office.provider.person |= {"email": JANE, "email_verified": False}
    assert office.me(office.by_token()) == office.jane


@pytest.mark.parametrize(
    "person",
    [{"email": "stranger@example.com"}, {"email_verified": False}, {"email_verified": None}, {"email": None}],
)
def test_who_is_no_employee_is_not_made_one(office: Office, person: dict[str, Any]) -> None:
    office.provider.person |= person
    office.provider.person = {name: each for name, each in office.provider.person.items() if each is not None}
    code, token = office.provider.sign_in(), office.provider.token()
    with office.api.unchanged():
        answers = [office.by_code(code), office.by_token(token)]
    assert [answer.status for answer in answers] == [401, 401]


def test_an_unverified_address_counts_only_where_the_tenant_says_so(office: Office) -> None:
    office.provider.person["email_verified"] = False
    assert office.by_code().status == 401
    trusting = {**office.federation.login_provider, "trust_email": True}
    office.federation.configure("employeeLogin", default=trusting)
    assert office.me(office.by_code()) == office.jane


def test_a_deleted_employee_is_out_and_one_hired_later_is_another(office: Office) -> None:
    first = office.by_code().json
    assert office.iam(f"users/{office.jane}", method="DELETE").status == 204
    assert not office.is_in(office.api.as_(first["access_token"]))
    assert office.refresh(first["refresh_token"]).status == 401
    assert office.by_code().status == 401
    again = office.employee(JANE)
    assert again != office.jane
    assert office.me(office.by_code()) == again


def test_tenants_know_people_apart(office: Office) -> None:
    office.by_code()
    elsewhere = Office(office.federation)
    elsewhere.nobody = new_tenant(office.api.server).as_(None)
    assert field(elsewhere.by_code()) == "state"


def test_a_provider_of_customers_lets_no_employee_in(federation: Federation) -> None:
    office = Office(federation)
    office.employee(JANE)
    federation.configure("socialLogin", default=federation.login_provider)
    federation.configure("tokenExchange", default=federation.exchange_provider)
    with office.api.unchanged():
        assert field(office.by_code()) == "state"
        assert field(office.by_token()) == "config"
    assert "/token" not in office.provider.seen
    # And a customer whom it knows by the employee's address is a customer only.
    customer = federation.log_in().json["access_token"]
    assert office.api.as_(customer).get(f"{IAM}/users/me").status == 403


def test_a_provider_of_employees_lets_no_customer_in(office: Office) -> None:
    assert office.federation.log_in().status == 400
    assert office.federation.exchange().status == 400


# What is not good


def test_a_code_needs_its_verifier(office: Office) -> None:
    with office.api.unchanged():
        assert field(office.by_code(code_verifier=None)) == "code_verifier"
        assert field(office.by_code(code_verifier="short")) == "code_verifier"
        assert "/token" not in office.provider.seen
        assert office.by_code(code_verifier="w" * 43).status == 401


def test_a_code_is_good_once(office: Office) -> None:
    code = office.provider.sign_in()
    assert office.by_code(code).status == 200
    assert office.by_code(code).status == 401


@pytest.mark.parametrize("page", ["https://evil.example/callback", PAGE + "/", PAGE.upper()])
def test_a_foreign_page_is_refused_before_the_code_is_used(office: Office, page: str) -> None:
    with office.api.unchanged():
        assert field(office.by_code(office.provider.sign_in(page), redirect_uri=page)) == "redirect_uri"
    assert "/token" not in office.provider.seen


def test_a_nonce_must_be_the_one_of_the_token(office: Office) -> None:
    assert office.by_code(office.provider.sign_in(nonce="n0nce"), nonce="n0nce").status == 200
    with office.api.unchanged():
        for code in (office.provider.sign_in(nonce="other"), office.provider.sign_in()):
            assert office.by_code(code, nonce="n0nce").status == 401


@pytest.mark.parametrize("claims", [{"iss": "https://evil.example"}, {"aud": "another"}, {"exp": 1}])
def test_an_id_token_that_is_not_for_us(office: Office, claims: dict[str, Any]) -> None:
    office.provider.id_token = office.provider.token(typ="JWT", **{"aud": CLIENT, "azp": None, **claims})
    with office.api.unchanged():
        assert office.by_code().status == 401


@pytest.mark.parametrize(
    "claims", [{"iss": "https://evil.example"}, {"aud": "another"}, {"azp": "another"}, {"exp": 1}]
)
def test_a_token_that_is_not_for_us(office: Office, claims: dict[str, Any]) -> None:
    with office.api.unchanged():
        assert office.by_token(office.provider.token(**claims)).status == 401
        assert office.by_token(office.provider.token(by=key("RS256", 3))).status == 401
        assert office.by_token("x").status == 401


def test_a_provider_that_fails(office: Office) -> None:
    code = office.provider.sign_in()
    office.provider.fails = 500
    with office.api.unchanged():
        assert office.by_code(code).status == 502


def test_what_providers_may_be_configured(federation: Federation) -> None:
    for name in ("employeeLogin", "employeeTokenExchange"):
        with federation.api.unchanged():
            assert federation.write(name, {"default": {"issuer": "http://id.example"}}).status == 400
    plain = {"default": federation.login_provider}
    with federation.api.unchanged():
        assert federation.write("employeeLogin", plain, secured=False).status == 400


# Attempts and races


def test_codes_and_tokens_are_not_tried_without_end(office: Office) -> None:
    with settings(office.api.server, sign_in_attempts_address=3):
        answers = [office.by_token("x").status, office.by_code("x").status, office.by_code("y").status]
        assert answers == [401] * 3
        refused = office.by_token()
        assert refused.status == 429
        assert int(refused.headers["retry-after"]) > 0


def test_the_first_sign_ins_at_once(office: Office) -> None:
    codes = [office.provider.sign_in() for _ in range(4)]

    async def together() -> list[Response]:
        bodies = [{"code": code, "redirect_uri": PAGE, "code_verifier": VERIFIER} for code in codes]
        sent = (office.nobody.send("POST", f"{IAM}/login/code", body) for body in bodies)
        return await asyncio.gather(*sent)

    answers = office.api.run(together())
    assert {office.me(answer) for answer in answers} == {office.jane}
    assert office.api.snapshot()["iam_identity"] == 1
    assert office.provider.seen["/token"] == 4


def test_whoever_has_a_password_may_use_either(office: Office) -> None:
    eve = office.hire(EVE)
    office.provider.person |= {"sub": "eve-at-idp", "email": EVE}
    assert office.me(office.by_code()) == eve
    assert office.log_in().status == 200
