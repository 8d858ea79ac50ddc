"""A customer signs in with an identity provider by an authorisation code with PKCE."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from support.api import Response, new_tenant
from support.federation import Federation
from support.identity_provider import CLIENT, PAGE, SECRET, VERIFIER, identity_provider, key
from support.storefront import Storefront


@pytest.fixture
def social(federation: Federation) -> Federation:
    """A tenant with one provider for its storefront."""
    federation.configure("socialLogin", default=federation.login_provider)
    return federation


def refused(federation: Federation, response: Response, status: int = 401) -> None:
    assert response.status == status, response.body
    assert federation.identities() == []


def field(response: Response) -> str:
    assert response.status == 400, response.body
    return str(response.json["details"][0]["field"])


def test_a_code_becomes_a_customers_tokens(social: Federation) -> None:
    visit = social.shop.get("login").json
    response = social.log_in(social.api.as_(visit["access_token"]))
    answer = response.json
    me = social.me(response)
    assert (me["firstName"], me["contactEmail"]) == ("Jane", "jane@example.com")
    assert answer["social_access_token"] in social.provider.active
    assert answer["social_id_token"] in social.provider.active
    assert (answer["expires_in"], answer["expired_in"]) == ("2591999", "2591999")
    assert answer["refresh_token_expires_in"] == "86399"
    assert (answer["session_idle_time"], answer["token_type"]) == (3600, "Bearer")
    assert "session_id" not in answer
    told = social.api.as_(answer["access_token"]).get("/customer/{tenant}/validateauthtoken").json
    assert told["sessionId"] == visit["sessionId"]
    assert told["scope"] == answer["scope"]
    assert social.provider.seen["/token"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint": "token", "domain": "ISSUER"},
        {"token_endpoint": "ISSUER/token", "jwks_uri": "ISSUER/jwks"},
        {"redirect_uri": ["https://other.example/", PAGE]},
    ],
)
def test_ways_to_configure_it(federation: Federation, change: dict[str, Any]) -> None:
    issuer = federation.provider.issuer
    change = {
        name: each.replace("ISSUER", issuer) if isinstance(each, str) else each
        for name, each in change.items()
    }
    federation.configure("socialLogin", default={**federation.login_provider, **change})
    assert federation.log_in().status == 200
    if "jwks_uri" in change:
        assert set(federation.provider.seen) == {"/authorize", "/token", "/jwks"}


def test_state_chooses_the_provider(social: Federation) -> None:
    with identity_provider() as other:
        other.keys = [key("ES256", 1)]
        elsewhere = {**social.login_provider, "issuer": social.provider.issuer}
        social.configure(
            "socialLogin",
            default={**social.login_provider, "issuer": "https://127.0.0.1:9"},
            keycloak_pl=elsewhere,
        )
        assert social.log_in(state="keycloak_pl--r4nd0m--x").status == 200
        # Any other state is the default's, which can't be reached.
        for state in ("keycloak_pl", "unknown--r4nd0m", "", None):
            assert social.log_in(state=state).status == 502
        assert not other.seen


def test_no_default_provider(federation: Federation) -> None:
    federation.configure("socialLogin", keycloak=federation.login_provider)
    assert federation.log_in(state="keycloak--x").status == 200
    assert field(federation.log_in(state="other--x")) == "state"


# What is not good


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/callback",
        PAGE + "/",
        PAGE + "?next=https://evil.example",
        PAGE.upper(),
        "https://shop.example.evil.example/callback",
        "https://shop.example/callback/../x",
        "",
        "javascript:alert(1)",
    ],
)
def test_a_foreign_page_is_refused_before_the_code_is_used(social: Federation, page: str) -> None:
    code = social.provider.sign_in(page)
    visitor = social.shop.visit()
    with social.api.unchanged():
        response = social.log_in(visitor, code, redirect_uri=page or "https://")
    assert field(response) == "redirect_uri"
    assert "/token" not in social.provider.seen


def test_the_only_page_may_be_left_out(social: Federation) -> None:
    assert social.log_in(redirect_uri=None).status == 200
    both = {**social.login_provider, "redirect_uri": [PAGE, "https://other.example/"]}
    social.configure("socialLogin", default=both)
    assert field(social.log_in(redirect_uri=None)) == "redirect_uri"


def test_a_code_is_good_once(social: Federation) -> None:
    code = social.provider.sign_in()
    assert social.log_in(code=code).status == 200
    response = social.log_in(code=code)
    assert response.status == 401
    assert "code" in response.json["message"]


@pytest.mark.parametrize("verifier", ["w" * 43, None])
def test_a_wrong_verifier(social: Federation, verifier: str | None) -> None:
    refused(social, social.log_in(code_verifier=verifier))


@pytest.mark.parametrize("verifier", ["short", "v" * 129, "v" * 42 + "!"])
def test_what_is_no_verifier_is_not_sent(social: Federation, verifier: str) -> None:
    code = social.provider.sign_in()
    assert field(social.log_in(code=code, code_verifier=verifier)) == "code_verifier"
    assert "/token" not in social.provider.seen


def test_a_client_without_a_secret_needs_a_verifier(social: Federation) -> None:
    public = {name: each for name, each in social.login_provider.items() if name != "client_secret"}
    social.configure("socialLogin", default=public)
    code = social.provider.sign_in()
    assert field(social.log_in(code=code, code_verifier=None)) == "code_verifier"
    # With one, the provider is asked; it knows this client by its secret only.
    refused(social, social.log_in(code=code), 502)
    assert social.provider.seen["/token"] == 1


def test_a_code_for_another_page(social: Federation) -> None:
    both = {**social.login_provider, "redirect_uri": [PAGE, "https://other.example/"]}
    social.configure("socialLogin", default=both)
    code = social.provider.sign_in("https://other.example/")
    refused(social, social.log_in(code=code, redirect_uri=PAGE))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another"], "azp": None},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": 1},
    ],
)
def test_an_id_token_that_is_not_for_us(social: Federation, claims: dict[str, Any]) -> None:
    social.provider.id_token = social.provider.token(typ="JWT", **{"aud": CLIENT, "azp": None, **claims})
    refused(social, social.log_in())


def test_an_id_token_that_is_not_signed(social: Federation) -> None:
    social.provider.id_token = social.provider.token(by=key("RS256", 2), aud=CLIENT, azp=None)
    refused(social, social.log_in())


@pytest.mark.parametrize("id_token", [7, ""])
def test_a_provider_without_an_id_token(social: Federation, id_token: Any) -> None:
    social.provider.id_token = id_token or 7
    refused(social, social.log_in(), 502)


@pytest.mark.parametrize("status", [302, 400, 403, 500, 503])
def test_a_provider_that_fails(social: Federation, status: int) -> None:
    code = social.provider.sign_in()
    social.provider.fails = status
    refused(social, social.log_in(code=code), 502)


def test_a_wrong_secret(social: Federation) -> None:
    social.configure("socialLogin", default={**social.login_provider, "client_secret": "wrong"})
    refused(social, social.log_in(), 502)


def test_what_is_told_of_a_failure_holds_no_secret(
    social: Federation, capsys: pytest.CaptureFixture[str]
) -> None:
    code, token = social.provider.sign_in(), social.provider.token()
    social.configure("tokenExchange", default=social.introspecting)
    social.provider.fails = 500
    answers = [social.log_in(code=code), social.exchange(token)]
    told = capsys.readouterr().out + "".join(answer.body.decode() for answer in answers)
    assert [answer.status for answer in answers] == [502, 502]
    assert not [text for text in (SECRET, code, token, VERIFIER) if text in told]


# Whose session goes on


def test_the_visitors_token_may_be_in_the_query(social: Federation) -> None:
    visit = social.shop.get("login").json
    answer = social.log_in(social.api, anonymous_token=visit["access_token"]).json
    told = social.api.as_(answer["access_token"]).get("/customer/{tenant}/validateauthtoken").json
    assert told["sessionId"] == visit["sessionId"]


def test_only_a_visitors_token_of_this_tenant(social: Federation) -> None:
    elsewhere = Storefront(new_tenant(social.api.server))
    for token in (social.api.token, elsewhere.visit().token, "x"):
        refused(social, social.log_in(anonymous_token=token))


def test_a_session_is_not_chosen_by_a_header(social: Federation) -> None:
    visit, other = social.shop.get("login").json, social.shop.get("login").json
    by = social.api.as_(visit["access_token"])

    def log_in(session: str) -> Response:
        code = social.provider.sign_in()
        path = f"/customer/{{tenant}}/socialLogin?code={code}&redirect_uri={PAGE}&code_verifier={VERIFIER}"
        return by.post(path, session_id=session)

    assert log_in(visit["sessionId"]).status == 200
    assert field(log_in(other["sessionId"])) == "session-id"


# Races


def test_the_first_sign_ins_at_once_make_one_customer(social: Federation) -> None:
    visitor = social.shop.visit()
    paths = [
        f"/customer/{{tenant}}/socialLogin?code={social.provider.sign_in()}"
        f"&redirect_uri={PAGE}&code_verifier={VERIFIER}"
        for _ in range(4)
    ]

    async def together() -> list[Response]:
        return await asyncio.gather(*(visitor.send("POST", path) for path in paths))

    answers = visitor.run(together())
    assert [answer.status for answer in answers] == [200] * 4
    assert len({social.me(answer)["id"] for answer in answers}) == 1
    assert len(social.identities()) == 1
    # Each code was asked for once, whatever was run again.
    assert social.provider.seen["/token"] == 4


# The nonce


def test_a_nonce_must_be_the_one_of_the_token(social: Federation) -> None:
    assert social.log_in(code=social.provider.sign_in(nonce="n0nce"), nonce="n0nce").status == 200
    # A client that keeps it to itself looks at the ID token, which it is given.
    assert social.log_in(code=social.provider.sign_in(nonce="n0nce")).status == 200
    for sent in ("other", None):
        code = social.provider.sign_in(**({"nonce": sent} if sent else {}))
        response = social.log_in(code=code, nonce="n0nce")
        assert response.status == 401
        assert "nonce" in response.json["message"]
