"""Anonymous visits: their tokens, refreshed within one session."""

import pytest

from support.api import new_tenant
from support.storefront import Storefront, new_client


def test_a_visit_gets_tokens_and_a_session(shop: Storefront) -> None:
    response = shop.get("login")
    assert response.status == 200
    token = response.json
    assert (token["token_type"], token["expires_in"], token["refresh_token_expires_in"]) == (
        "Bearer",
        3599,
        86399,
    )
    assert token["scope"] == f"tenant={shop.api.tenant}"
    assert token["sessionId"] != shop.get("login").json["sessionId"]


def test_the_context_of_the_visit_may_be_sent_along(shop: Storefront) -> None:
    seeds = {"currency": "EUR", "siteCode": "main", "language": "EN", "targetLocation": "DE"}
    assert shop.get("login", **seeds).status == 200


@pytest.mark.parametrize("path", ["login", "refresh"])
def test_the_tenant_has_an_older_name(shop: Storefront, path: str) -> None:
    token = shop.get("login").json["refresh_token"]
    older = {"tenant": None, "hybris-tenant": shop.api.tenant, "refresh_token": token}
    assert shop.get(path, **older).status == 200


def test_a_refresh_token_may_be_used_again_and_keeps_the_session(shop: Storefront) -> None:
    first = shop.get("login").json
    for _ in range(2):
        again = shop.get("refresh", refresh_token=first["refresh_token"])
        assert again.status == 200
        assert again.json["sessionId"] == first["sessionId"]
        assert again.json["refresh_token"] != first["refresh_token"]
        assert shop.api.as_(again.json["access_token"]).get("/customer/{tenant}/me").status == 200


def test_an_anonymous_token_refreshes_itself(shop: Storefront) -> None:
    first = shop.get("login").json
    again = shop.get("refresh", anonymous_token=first["access_token"])
    assert again.json["sessionId"] == first["sessionId"]


def test_a_refresh_needs_something_to_refresh(shop: Storefront) -> None:
    response = shop.get("refresh")
    assert response.status == 400
    assert response.json["details"][0]["field"] == "refresh_token"


@pytest.mark.parametrize("name", ["refresh_token", "anonymous_token"])
def test_a_made_up_token_refreshes_nothing(shop: Storefront, name: str) -> None:
    response = shop.get("refresh", **{name: "made-up"})
    assert response.status == 401
    assert response.json["fault"]["faultstring"] == "Invalid access token"


def test_tokens_of_customers_and_of_other_clients_refresh_no_visit(shop: Storefront) -> None:
    shop.sign_up()
    customer = shop.log_in()
    assert shop.get("refresh", refresh_token=customer["refresh_token"]).status == 401
    assert shop.get("refresh", anonymous_token=customer["access_token"]).status == 401
    other, _ = new_client(shop.api, "storefront")
    visit = shop.get("login").json
    for name in ("refresh_token", "anonymous_token"):
        given = visit["refresh_token"] if name == "refresh_token" else visit["access_token"]
        assert shop.get("refresh", **{"client_id": other.id, name: given}).status == 401
        assert shop.get("refresh", **{name: given}).status == 200


@pytest.mark.parametrize("path", ["login", "refresh"])
@pytest.mark.parametrize("missing", ["tenant", "client_id"])
def test_a_missing_parameter_is_named(shop: Storefront, path: str, missing: str) -> None:
    with shop.api.unchanged():
        response = shop.get(path, **{missing: None})
    assert response.status == 400
    assert response.json["details"][0]["field"] == missing


def test_only_a_storefront_client_of_the_tenant_may_ask(shop: Storefront) -> None:
    backend, _ = new_client(shop.api, "api")
    elsewhere = Storefront(new_tenant(shop.api.server))
    answers = [
        shop.get("login", client_id=backend.id),
        shop.get("login", client_id="nobody"),
        shop.get("login", client_id=elsewhere.client.id),
        shop.get("login", tenant=elsewhere.api.tenant),
        shop.get("login", tenant="nosuchtenant"),
    ]
    assert {answer.status for answer in answers} == {401}
    assert {answer.body for answer in answers} == {answers[0].body}
    assert answers[0].json["fault"]["detail"]["errorcode"] == "oauth.v2.InvalidClientIdentifier"
