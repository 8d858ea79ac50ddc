"""Service tokens: who gets one, with which scopes."""

from base64 import b64encode
from urllib.parse import urlencode

import pytest

from support.api import Api, Response
from support.storefront import new_client

FORM = {"content_type": "application/x-www-form-urlencoded"}


def ask(api: Api, **fields: str) -> Response:
    body = {"grant_type": "client_credentials", **fields}
    return api.as_(None).post("/oauth/token", urlencode(body).encode(), **FORM)


def fault(response: Response) -> str:
    return str(response.json["fault"]["faultstring"])


def test_a_client_gets_a_token_for_all_it_has(api: Api) -> None:
    client, secret = new_client(api, "api")
    response = ask(api, client_id=client.id, client_secret=secret)
    assert response.status == 200
    token = response.json
    assert {name: token[name] for name in token if name not in ("access_token", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 14399,
        "session_idle_time": 120,
        "refresh_token": "",
        "refresh_token_expires_in": 0,
    }
    scopes = token["scope"].split()
    assert scopes[-1] == f"tenant={api.tenant}"
    assert "customer.customer_manage" in scopes
    assert api.as_(token["access_token"]).get("/customer/{tenant}/customers").status == 200


def test_the_request_may_be_json(api: Api) -> None:
    client, secret = new_client(api, "api")
    body = {"grant_type": "client_credentials", "client_id": client.id, "client_secret": secret}
    assert api.as_(None).post("/oauth/token", body).status == 200


def test_asked_scopes_narrow_the_token(api: Api) -> None:
    client, secret = new_client(api, "api")
    scope = f"tenant={api.tenant} customer.customer_read order.order_manage--DE"
    token = ask(api, client_id=client.id, client_secret=secret, scope=scope).json
    assert token["scope"] == f"customer.customer_read order.order_manage--DE tenant={api.tenant}"
    narrow = api.as_(token["access_token"])
    assert narrow.get("/customer/{tenant}/customers").status == 200
    assert narrow.post("/customer/{tenant}/customers", {}).status == 403


def test_the_tenant_entry_alone_narrows_nothing(api: Api) -> None:
    client, secret = new_client(api, "custom", "customer.customer_read")
    token = ask(api, client_id=client.id, client_secret=secret, scope=f"tenant={api.tenant}").json
    assert token["scope"] == f"customer.customer_read tenant={api.tenant}"


def test_an_older_scope_name_is_understood(api: Api) -> None:
    client, secret = new_client(api, "api")
    token = ask(api, client_id=client.id, client_secret=secret, scope="session_context.context_manage").json
    assert token["scope"].split()[0] == "sessioncontext.context_manage"


@pytest.mark.parametrize("scope", ["customer.customer_manage", "nonsense", "tenant=other", "*", "customer"])
def test_a_scope_the_client_lacks_is_refused(api: Api, scope: str) -> None:
    client, secret = new_client(api, "custom", "customer.customer_read")
    response = ask(api, client_id=client.id, client_secret=secret, scope=f"customer.customer_read {scope}")
    assert response.status == 400
    assert fault(response).startswith(f"Invalid scope. scope: {scope!r} is not ")


def test_wrong_credentials_are_all_answered_alike(api: Api) -> None:
    client, secret = new_client(api, "api")
    storefront, public = new_client(api, "storefront")
    answers = [
        ask(api, client_id=id, client_secret=given)
        for id, given in [
            (client.id, "wrong"),
            (client.id, public),
            (storefront.id, public),
            ("nobody", secret),
            (f"{api.tenant}-nobody", secret),
            (client.id.upper(), secret),
        ]
    ]
    assert {answer.status for answer in answers} == {401}
    assert {answer.body for answer in answers} == {answers[0].body}
    assert answers[0].json["fault"] == {
        "faultstring": "Invalid client id or client secret",
        "detail": {"errorcode": "oauth.v2.InvalidClientIdentifier"},
    }


@pytest.mark.parametrize("grant", ["password", "", "CLIENT_CREDENTIALS", "refresh_token"])
def test_another_grant_type_is_refused(api: Api, grant: str) -> None:
    response = ask(api, grant_type=grant, client_id="a", client_secret="b")
    assert response.status == 400
    assert fault(response).endswith(f"grant_type: {grant!r} is not supported; use client_credentials")


@pytest.mark.parametrize("missing", ["client_id", "client_secret"])
def test_a_missing_field_is_named(api: Api, missing: str) -> None:
    given = {"client_id": "a", "client_secret": "b"}
    given.pop(missing)
    response = ask(api, **given)
    assert response.status == 400
    assert fault(response).endswith(f"{missing}: is required")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"grant_type"])
def test_a_body_that_can_not_be_read_is_refused(api: Api, body: bytes) -> None:
    assert api.as_(None).post("/oauth/token", body).status == 400
    assert api.as_(None).post("/oauth/token", body, **FORM).status == 400


def test_a_token_is_no_good_for_another_tenant(api: Api) -> None:
    client, secret = new_client(api, "api")
    token = ask(api, client_id=client.id, client_secret=secret).json["access_token"]
    assert api.as_(token).get("/customer/other/customers").status == 403


def test_credentials_may_come_as_basic_authorization(api: Api) -> None:
    client, secret = new_client(api, "api")
    form = b"grant_type=client_credentials"
    for given, status in ((f"{client.id}:{secret}", 200), (f"{client.id}:wrong", 401), ("nothing", 400)):
        basic = b64encode(given.encode()).decode()
        answer = api.as_(None).post(
            "/oauth/token",
            form,
            authorization=f"Basic {basic}",
            content_type="application/x-www-form-urlencoded",
        )
        assert answer.status == status
