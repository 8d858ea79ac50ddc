"""An identity provider's access token becomes a customer's tokens, when it is good, and only then."""

from __future__ import annotations

import hmac
import json
import time
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from joserfc import jwk
from sqlalchemy import select

from coterie.fetch import SafeFetcher
from coterie.services.configuration.tables import configuration
from support.api import Response
from support.federation import Federation
from support.identity_provider import AUDIENCE, CLIENT, SECRET, key, text

HOUR = 3600


@pytest.fixture
def offline(federation: Federation) -> Federation:
    """A tenant that holds tokens against the provider's keys."""
    federation.configure("tokenExchange", default=federation.exchange_provider)
    return federation


@pytest.fixture
def online(federation: Federation) -> Federation:
    """A tenant that asks the provider for each token."""
    federation.configure("tokenExchange", default=federation.introspecting)
    return federation


def refused(federation: Federation, response: Response, why: str) -> None:
    assert response.status == 401, response.body
    assert response.json["status"] == 401
    assert why in response.json["message"]
    assert federation.identities() == []


# What is good


def test_a_token_becomes_a_customers_tokens(offline: Federation) -> None:
    visit = offline.shop.get("login").json
    token = offline.provider.token()
    response = offline.exchange(token, by=offline.api.as_(visit["access_token"]))
    answer = response.json
    assert response.status == 200
    assert answer["subject_access_token"] == token
    assert (answer["expires_in"], answer["refresh_token_expires_in"]) == (14399, 15551999)
    assert (answer["session_idle_time"], answer["token_type"]) == (120, "Bearer")
    assert answer["session_id"] == visit["sessionId"]
    assert "customersegment.segment_read_own" in answer["scope"].split()
    assert answer["scope"].endswith(f"tenant={offline.api.tenant}")
    me = offline.me(response)
    assert (me["firstName"], me["lastName"], me["contactEmail"]) == ("Jane", "Doe", "jane@example.com")
    runtime = offline.api.server.runtime
    assert runtime.tokens.saas_customer(offline.api.tenant, answer["saas_token"]) == me["id"]
    assert [event["type"] for event in offline.api.events()] == ["customer.created", "customer.logged.in"]
    refreshed = offline.shop.visit().get(
        f"/customer/{{tenant}}/refreshauthtoken?refreshToken={answer['refresh_token']}"
    )
    assert refreshed.json["session_id"] == visit["sessionId"]


@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "RS512", "ES256"])
def test_the_allowed_algorithms(offline: Federation, algorithm: str) -> None:
    signer = key("ES256") if algorithm == "ES256" else key("RS256")
    assert offline.exchange(offline.provider.token(algorithm, by=signer)).status == 200


def test_a_person_is_known_again(offline: Federation) -> None:
    first = offline.me(offline.exchange())
    offline.provider.person |= {"email": "new@example.com"}
    again = offline.me(offline.exchange())
    assert again["id"] == first["id"]
    assert again["contactEmail"] == "jane@example.com"


def test_several_configurations(offline: Federation) -> None:
    other = {**offline.exchange_provider, "audience": ["poland", "europe"]}
    offline.configure("tokenExchange", default=offline.exchange_provider, site_PL=other)
    for_poland = offline.provider.token(aud=["elsewhere", "europe"])
    assert offline.exchange(for_poland, "site_PL").status == 200
    assert offline.exchange(offline.provider.token(), "default").status == 200
    assert offline.exchange(for_poland).status == 401


@pytest.mark.parametrize("name", ["site_DE", "de fault"])
def test_an_unknown_configuration(offline: Federation, name: str) -> None:
    visitor = offline.shop.visit()
    with offline.api.unchanged():
        response = offline.exchange(config=name, by=visitor)
    assert response.status == 400
    assert response.json["details"][0]["field"] == "config"
    assert repr(name) in response.json["details"][0]["message"]


def test_without_any_configuration(federation: Federation) -> None:
    assert federation.exchange().status == 400


def test_keys_in_the_configuration_need_no_provider(federation: Federation) -> None:
    keys = {"keys": [each.as_dict(False) for each in federation.provider.keys]}
    federation.configure("tokenExchange", default={**federation.exchange_provider, "jwks": keys})
    federation.provider.fails = 503
    assert federation.exchange().status == 200
    refused_token = federation.provider.token(by=key("RS256", 1))
    assert federation.exchange(refused_token).status == 401
    assert not federation.provider.seen


# What is not good


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://evil.example"}, "(iss)"),
        ({"iss": None}, "(iss)"),
        ({"aud": "somebody-else"}, "(aud)"),
        ({"aud": None}, "(aud)"),
        ({"aud": [["commerce"], 1]}, "(aud)"),
        ({"azp": "another-client"}, "(azp)"),
        ({"azp": None}, "(azp)"),
        ({"azp": None, "client_id": "another-client"}, "(azp)"),
        ({"exp": 1}, "(exp)"),
        ({"exp": None}, "(exp)"),
        ({"exp": float("nan")}, "(exp)"),
        ({"nbf": int(time.time()) + HOUR}, "(nbf)"),
        ({"nbf": "soon"}, "(nbf)"),
        ({"sub": None}, "(sub)"),
        ({"sub": ""}, "(sub)"),
        ({"sub": 7}, "(sub)"),
        ({"sub": "a\u0000b"}, "(sub)"),
        ({"sub": "x" * 256}, "(sub)"),
        ({"typ": "logout+jwt"}, "(typ)"),
    ],
)
def test_claims_that_are_refused(offline: Federation, claims: dict[str, Any], why: str) -> None:
    refused(offline, offline.exchange(offline.provider.token(**claims)), why)


def test_the_client_may_stand_in_client_id(offline: Federation) -> None:
    assert offline.exchange(offline.provider.token(azp=None, client_id=CLIENT)).status == 200


def forged(federation: Federation, algorithm: str, signature: bytes = b"", **header: Any) -> str:
    good = federation.provider.token().split(".")
    return f"{text({'alg': algorithm, 'kid': 'rs256-0', **header})}.{good[1]}.{text(signature)}"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "", "RS1"])
def test_algorithms_that_are_refused(offline: Federation, algorithm: str) -> None:
    refused(offline, offline.exchange(forged(offline, algorithm, b"x" * 32)), "(alg)")


def test_a_public_key_is_no_shared_secret(offline: Federation) -> None:
    public = key("RS256").as_pem(private=False)
    good = offline.provider.token().split(".")
    signed = f"{text({'alg': 'HS256', 'kid': 'rs256-0'})}.{good[1]}"
    signature = hmac.digest(public, signed.encode(), sha256)
    refused(offline, offline.exchange(f"{signed}.{text(signature)}"), "(alg)")


@pytest.mark.parametrize("token", ["abc", "a.b.c", "a.b", "....", "e30.e30.e30", "bnVsbA.e30.AA", "ü.ü.ü"])
def test_what_is_no_token(offline: Federation, token: str) -> None:
    assert offline.exchange(token).status == 401


def test_a_signature_over_something_else(offline: Federation) -> None:
    one, other = offline.provider.token().split("."), offline.provider.token(sub="boss").split(".")
    refused(offline, offline.exchange(".".join([one[0], other[1], one[2]])), "signature")


def test_a_key_of_another_kind_or_use(offline: Federation) -> None:
    # ES256 named, and the RSA key's id: no key fits.
    refused(offline, offline.exchange(forged(offline, "ES256", b"x" * 64)), "(kid)")
    shared = {"kty": "oct", "k": text(b"k" * 32), "kid": "shared"}
    offline.configure("tokenExchange", default={**offline.exchange_provider, "jwks": {"keys": [shared, 5]}})
    refused(offline, offline.exchange(), "(kid)")


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_weak_key_is_refused(offline: Federation) -> None:
    weak = jwk.RSAKey.generate_key(1024, {"kid": "weak"})
    offline.provider.keys.append(weak)
    refused(offline, offline.exchange(offline.provider.token(by=weak)), "bits")


# Keys that change


def test_a_new_key_is_found_and_a_made_up_one_does_not_make_us_ask_on(
    offline: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, clock = offline.provider, offline.api.server.runtime.clock
    now = clock.now()
    assert offline.exchange().status == 200
    assert offline.exchange().status == 200
    assert (provider.seen["/jwks"], provider.seen["/.well-known/openid-configuration"]) == (1, 1)
    provider.keys = [key("RS256", 1)]
    monkeypatch.setattr(clock, "now", lambda: now.fromtimestamp(now.timestamp() + 61, now.tzinfo))
    assert offline.exchange().status == 200
    assert provider.seen["/jwks"] == 2
    for _ in range(5):
        assert offline.exchange(provider.token(by=key("RS256", 2))).status == 401
    assert provider.seen["/jwks"] == 2
    # What the provider has withdrawn is good no more.
    assert offline.exchange(provider.token(by=key("RS256"))).status == 401


def test_keys_are_fetched_anew_after_an_hour(offline: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = offline.api.server.runtime.clock
    now = clock.now()
    assert offline.exchange().status == 200
    offline.provider.keys = [key("ES256")]
    old = offline.provider.token(by=key("RS256"), exp=int(now.timestamp()) + 2 * HOUR)
    assert offline.exchange(old).status == 200
    monkeypatch.setattr(clock, "now", lambda: now.fromtimestamp(now.timestamp() + HOUR + 5, now.tzinfo))
    assert offline.exchange(old).status == 401


# Asking the provider


def test_a_token_that_the_provider_says_is_active(online: Federation) -> None:
    response = online.exchange()
    assert online.me(response)["contactEmail"] == "jane@example.com"
    assert online.provider.seen == {"/introspect": 1}


def test_a_token_that_was_ended_is_inactive(online: Federation) -> None:
    token = online.provider.token()
    assert online.exchange(token).status == 200
    online.provider.active.clear()
    response = online.exchange(token)
    assert response.status == 401
    assert "not active" in response.json["message"]


@pytest.mark.parametrize(
    ("claims", "why"),
    [({"iss": "https://evil.example"}, "(iss)"), ({"aud": "other"}, "(aud)"), ({"exp": 1}, "(exp)")],
)
def test_what_the_provider_says_is_checked_too(online: Federation, claims: dict[str, Any], why: str) -> None:
    refused(online, online.exchange(online.provider.token(**claims)), why)


def test_keys_win_over_asking(online: Federation) -> None:
    both = {**online.introspecting, "jwks_uri": f"{online.provider.issuer}/jwks"}
    online.configure("tokenExchange", default=both)
    assert online.exchange().status == 200
    assert online.provider.seen == {"/jwks": 1}


# A provider in trouble


@pytest.mark.parametrize("status", [302, 404, 429, 500, 503])
def test_a_provider_that_fails(online: Federation, status: int) -> None:
    online.provider.fails = status
    visitor = online.shop.visit()
    with online.api.unchanged():
        response = online.exchange(by=visitor)
    assert response.status == 502
    assert response.json["message"] == "The identity provider could not be asked. Try again later."
    # The secret went nowhere else.
    assert online.provider.seen == {"/introspect": 1}


def test_a_wrong_secret_is_our_trouble_and_not_the_customers(online: Federation) -> None:
    online.configure("tokenExchange", default={**online.introspecting, "client_secret": "wrong"})
    assert online.exchange().status == 502


@pytest.mark.parametrize("way", ["online", "offline"])
def test_a_slow_provider_is_not_waited_for(federation: Federation, way: str) -> None:
    chosen = federation.introspecting if way == "online" else federation.exchange_provider
    federation.configure("tokenExchange", default=chosen)
    runtime = federation.api.server.runtime
    allowed = runtime.settings.names("allowed_hosts")
    object.__setattr__(runtime, "fetcher", SafeFetcher(allowed, timeout=0.2))
    federation.provider.stuck.clear()
    began = time.monotonic()
    assert federation.exchange().status == 502
    assert time.monotonic() - began < 10
    federation.provider.stuck.set()


def test_a_provider_that_names_another_issuer(offline: Federation) -> None:
    offline.provider.issuer_named = "https://evil.example"
    assert offline.exchange().status == 502


@pytest.mark.parametrize("way", ["online", "offline"])
def test_a_provider_that_is_not_allowed(federation: Federation, way: str) -> None:
    chosen = federation.introspecting if way == "online" else federation.exchange_provider
    federation.configure("tokenExchange", default=chosen)
    runtime = federation.api.server.runtime
    object.__setattr__(runtime, "fetcher", SafeFetcher())
    assert federation.exchange().status == 502
    assert not federation.provider.seen


# How it is configured


def test_what_is_secured_is_sealed_and_masked(online: Federation) -> None:
    answer = online.api.get("/configuration/{tenant}/configurations/tokenExchange").json
    assert answer["value"] == "********"

    async def stored() -> Any:
        async with online.api.server.runtime.database.reading() as db:
            statement = select(configuration.c.doc).where(configuration.c.tenant == online.api.tenant)
            return await db.value(statement)

    assert SECRET not in json.dumps(online.api.run(stored()))
    # The mask sent back keeps it.
    body = {"key": "tokenExchange", "value": "********", "secured": True}
    assert online.api.put("/configuration/{tenant}/configurations/tokenExchange", body).status == 200
    assert online.exchange().status == 200


def test_an_object_without_a_secret_need_not_be_secured(federation: Federation) -> None:
    made = federation.write("tokenExchange", {"default": federation.exchange_provider}, secured=False)
    assert made.status == 201, made.body
    assert federation.exchange().status == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"issuer": None}, "value.default.issuer"),
        ({"issuer": "http://idp.example"}, "value.default.issuer"),
        ({"jwks_uri": "ftp://idp.example/keys"}, "value.default.jwks_uri"),
        ({"jwks_uri": "https://user:secret@idp.example/keys"}, "value.default.jwks_uri"),
        ({"audience": None, "token_client_id": None}, "value.default.audience"),
        ({"audience": []}, "value.default.audience"),
        ({"token_introspect_endpoint": "https://idp.example/i"}, "value.default.client_secret"),
        ({"ssoCustomerIdentifierField": "PHONE"}, "value.default.ssoCustomerIdentifierField"),
        ({"trust_email": "perhaps"}, "value.default.trust_email"),
    ],
)
def test_a_wrong_configuration_is_refused(federation: Federation, change: dict[str, Any], field: str) -> None:
    with federation.api.unchanged():
        response = federation.write("tokenExchange", {"default": {**federation.exchange_provider, **change}})
    assert response.status == 400
    assert field in json.dumps(response.json)


@pytest.mark.parametrize("value", ["", "{", "[]", '"text"', {}, {"a--b": {"issuer": "https://x"}}])
def test_a_value_that_is_no_object_of_providers(federation: Federation, value: Any) -> None:
    given = value if isinstance(value, str) else json.dumps(value)
    body = {"key": "tokenExchange", "value": given, "secured": True}
    assert federation.api.post("/configuration/{tenant}/configurations", [body]).status == 400


def test_a_secret_must_be_secured(federation: Federation) -> None:
    with federation.api.unchanged():
        response = federation.write("tokenExchange", {"default": federation.introspecting}, secured=False)
    assert response.status == 400
    assert SECRET not in response.body.decode()


# Attempts


def test_attempts_are_counted_and_success_is_not(offline: Federation) -> None:
    runtime = offline.api.server.runtime
    object.__setattr__(runtime, "settings", replace(runtime.settings, sign_in_attempts_address=3))
    assert {offline.exchange().status for _ in range(5)} == {200}
    bad = [offline.exchange(offline.provider.token(aud=f"no-{n}")).status for n in range(4)]
    assert bad == [401, 401, 401, 429]


def test_audience_is_enough_and_so_is_the_client(federation: Federation) -> None:
    only = {"issuer": federation.provider.issuer, "audience": AUDIENCE}
    federation.configure("tokenExchange", default=only)
    assert federation.exchange(federation.provider.token(azp="any")).status == 200
    federation.configure("tokenExchange", default={**federation.exchange_provider, "audience": None})
    assert federation.exchange(federation.provider.token(aud="any")).status == 200
    assert federation.exchange(federation.provider.token(azp="any")).status == 401
