"""Session contexts over HTTP: born with a visit, merged at login, changed by their owners and managers, ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from coterie.services.session_context.operations.sessions import prune
from services.customer_management.companies import contact, entity
from support.api import Api, Response, new_tenant
from support.storefront import Storefront, new_client

ME = "/session-context/{tenant}/me/context"
SESSIONS = "/session-context/{tenant}/context"
ADDRESS = {"contactName": "Jane", "country": "AT", "tags": ["BILLING"]}


def site(api: Api, code: str = "main", **changes: Any) -> None:
    body = {
        "code": code,
        "name": code,
        "defaultLanguage": "de",
        "languages": ["de", "en"],
        "currency": "EUR",
        "homeBase": {"address": {"zipCode": "70173", "country": "DE"}},
        "shipToCountries": ["DE"],
    }
    assert api.post("/site/{tenant}/sites", body | changes).status == 201


def visit(shop: Storefront, **seeds: str) -> Api:
    response = shop.get("login", **seeds)
    assert response.status == 200, response.json
    return shop.api.as_(response.json["access_token"])


def own(api: Api) -> Any:
    response = api.get(ME)
    assert response.status == 200, response.json
    return response.json


def facts(view: Any) -> Any:
    """A context without what differs from visit to visit."""
    return {name: value for name, value in view.items() if name not in ("sessionId", "metadata")}


def fields(response: Response) -> list[str]:
    return [each["field"] for each in response.json["details"]]


def change(api: Api, **fields: Any) -> Response:
    version = own(api)["metadata"]["version"]
    return api.patch(ME, {**fields, "metadata": {"version": version}})


# A visit


def test_a_visit_has_the_context_of_the_default_site_at_once(shop: Storefront) -> None:
    site(shop.api)
    answer = shop.get("login").json
    visitor = shop.api.as_(answer["access_token"])
    view = own(visitor)
    assert view["sessionId"] == answer["sessionId"]
    assert facts(view) == {
        "siteCode": "main",
        "currency": "EUR",
        "language": "de",
        "targetLocation": "DE",
        "context": {},
    }
    assert view["metadata"]["version"] == 1
    assert shop.api.get(f"{SESSIONS}/{answer['sessionId']}").json == view


def test_a_tenant_without_a_site_has_its_own_currency_and_language(shop: Storefront) -> None:
    assert facts(own(visit(shop))) == {"currency": "EUR", "language": "en", "context": {}}


def test_a_visit_says_what_its_context_starts_with(shop: Storefront) -> None:
    site(shop.api)
    site(shop.api, "swiss", currency="CHF", homeBase={"address": {"zipCode": "8001", "country": "CH"}})
    swiss = facts(own(visit(shop, siteCode="swiss")))
    assert (swiss["siteCode"], swiss["currency"], swiss["targetLocation"]) == ("swiss", "CHF", "CH")
    seeds = {"siteCode": "swiss", "currency": "USD", "language": "EN", "targetLocation": "FR"}
    assert facts(own(visit(shop, **seeds))) == {**seeds, "context": {}}
    # A storefront may name a site that is not there: it starts with the name that it knows.
    unknown = facts(own(visit(shop, siteCode="default")))
    assert (unknown["siteCode"], unknown["currency"]) == ("default", "EUR")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("currency", "euro"),
        ("siteCode", "a b"),
        ("language", "e"),
        ("targetLocation", "DEU"),
    ],
)
def test_a_visit_can_not_start_with_nonsense(shop: Storefront, name: str, value: str) -> None:
    with shop.api.unchanged():
        response = shop.get("login", **{name: value})
    assert response.status == 400
    assert fields(response) == [name]


def test_a_visit_costs_two_statements_more(shop: Storefront) -> None:
    visit(shop)
    with shop.api.statements(6):
        visit(shop)


def test_a_refresh_keeps_the_context(shop: Storefront) -> None:
    first = shop.get("login", currency="USD").json
    again = shop.get("refresh", refresh_token=first["refresh_token"]).json
    assert own(shop.api.as_(again["access_token"])) == own(shop.api.as_(first["access_token"]))


# The visitor's own changes


def test_a_visitor_merges_what_he_may_change(shop: Storefront) -> None:
    visitor = visit(shop)
    before = own(visitor)
    asked = {
        "siteCode": "main",
        "currency": "CHF",
        "language": "fr",
        "targetLocation": "CH",
        "context": {"theme": "dark", "cookies": {"all": True}},
    }
    assert change(visitor, **asked, cartId="4711", customerId="someone", sessionId="other").status == 204
    view = own(visitor)
    assert facts(view) == asked
    assert (view["sessionId"], view["metadata"]["version"]) == (before["sessionId"], 2)
    assert change(visitor, context={"theme": None, "size": "L"}, targetLocation=None).status == 204
    assert own(visitor)["context"] == {"cookies": {"all": True}, "size": "L"}
    assert "targetLocation" not in own(visitor)
    assert change(visitor, context=None).status == 204
    assert own(visitor)["context"] == {}


def test_a_change_is_based_on_what_was_read(shop: Storefront) -> None:
    visitor = visit(shop)
    missing = visitor.patch(ME, {"currency": "CHF"})
    assert (missing.status, fields(missing)) == (400, ["metadata.version"])
    stale = visitor.patch(ME, {"currency": "CHF", "metadata": {"version": 7}})
    assert stale.status == 409
    assert stale.json["sessionId"] == own(visitor)["sessionId"]
    assert own(visitor)["currency"] == "EUR"
    whole = {**own(visitor), "currency": "CHF"}
    assert visitor.patch(f"{ME}?upsert=true", whole).status == 204
    assert (own(visitor)["currency"], own(visitor)["metadata"]["version"]) == ("CHF", 2)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"currency": "eur"}, "currency"),
        ({"currency": 5}, "currency"),
        ({"siteCode": ""}, "siteCode"),
        ({"language": "?"}, "language"),
        ({"targetLocation": "Germany"}, "targetLocation"),
        ({"context": "dark"}, "context"),
        ({"context": {"": 1}}, "context"),
        ({"context": {"x": "y" * 70_000}}, "context"),
        ({"metadata": {"version": "one"}}, "metadata.version"),
    ],
)
def test_a_change_that_breaks_a_rule_is_refused(shop: Storefront, body: Any, field: str) -> None:
    visitor = visit(shop)
    before = own(visitor)
    response = visitor.patch(ME, {"metadata": {"version": 1}, **body})
    assert (response.status, fields(response)) == (400, [field])
    assert own(visitor) == before


def test_attributes_are_added_and_removed_by_name(shop: Storefront) -> None:
    visitor = visit(shop)
    added = visitor.post(f"{ME}/attributes", {"key": "theme", "value": "dark"})
    assert (added.status, added.json) == (201, "theme")
    assert visitor.post(f"{ME}/attributes", {"key": "size", "value": {"eu": 42}}).status == 201
    assert own(visitor)["context"] == {"theme": "dark", "size": {"eu": 42}}
    assert visitor.post(f"{ME}/attributes", {"key": "theme", "value": "light"}).status == 201
    assert visitor.delete(f"{ME}/attributes/size").status == 204
    assert own(visitor)["context"] == {"theme": "light"}
    assert own(visitor)["metadata"]["version"] == 5
    gone = visitor.delete(f"{ME}/attributes/size")
    assert (gone.status, gone.json["code"]) == (404, 404)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"key": "x"}, "value"),
        ({"key": "x", "value": None}, "value"),
        ({"value": "x"}, "key"),
        ({"key": "", "value": "x"}, "context"),
        ({"key": "legalEntityId", "value": "acme"}, "key"),
    ],
)
def test_an_attribute_that_breaks_a_rule_is_refused(shop: Storefront, body: Any, field: str) -> None:
    visitor = visit(shop)
    before = own(visitor)
    response = visitor.post(f"{ME}/attributes", body)
    assert (response.status, fields(response)) == (400, [field])
    assert own(visitor) == before


def test_a_token_without_a_session_has_no_context_of_its_own(api: Api) -> None:
    with api.unchanged():
        assert api.get(ME).status == 403
        assert api.patch(ME, {"metadata": {"version": 1}}).status == 403
        assert api.post(f"{ME}/attributes", {"key": "a", "value": "b"}).status == 403
        assert api.delete(f"{ME}/attributes/a").status == 403


def test_a_session_without_a_context_is_not_found_and_can_be_given_one(api: Api) -> None:
    visitor = api.as_anonymous()
    with api.unchanged():
        missing = visitor.get(ME)
        assert visitor.patch(ME, {"currency": "CHF", "metadata": {"version": 1}}).status == 404
        assert visitor.post(f"{ME}/attributes", {"key": "a", "value": "b"}).status == 404
    assert set(missing.json) == {"sessionId", "code", "message"}
    assert missing.json["message"] == "Session not found"
    assert visitor.patch(f"{ME}?upsert=true", {"currency": "CHF"}).status == 204
    assert own(visitor)["currency"] == "CHF"


# Managers


def test_a_manager_writes_any_context_and_keeps_what_he_leaves_out(shop: Storefront) -> None:
    session = own(visit(shop))["sessionId"]
    api, path = shop.api, f"{SESSIONS}/{session}"
    body = {"currency": "CHF", "cartId": "4711", "context": {"a": "b"}, "metadata": {"version": 1}}
    assert api.put(path, body).status == 204
    assert facts(api.get(path).json) == {
        "currency": "CHF",
        "language": "en",
        "cartId": "4711",
        "context": {"a": "b"},
    }
    assert api.put(path, body).status == 409
    assert api.put(path, {"currency": "USD"}).status == 400
    assert api.post(f"{path}/attributes", {"key": "c", "value": "d"}).status == 204
    assert api.delete(f"{path}/attributes/a").status == 204
    assert api.get(path).json["context"] == {"c": "d"}


def test_a_manager_creates_a_context_only_when_he_says_so(api: Api) -> None:
    path = f"{SESSIONS}/backend-1"
    with api.unchanged():
        for response in (
            api.get(path),
            api.put(path, {"currency": "CHF", "metadata": {"version": 1}}),
            api.put(f"{path}?upsert=false", {"currency": "CHF"}),
            api.post(f"{path}/attributes", {"key": "a", "value": "b"}),
            api.delete(f"{path}/attributes/a"),
        ):
            assert response.status == 404
            assert response.json == {"sessionId": "backend-1", "code": 404, "message": "Session not found"}
        assert api.put(f"{SESSIONS}/a%20b?upsert=true", {"currency": "CHF"}).status == 400
        assert api.put(f"{path}?upsert=true", {"currency": "francs"}).status == 400
    assert api.put(f"{path}?upsert=true", {"currency": "CHF"}).status == 204
    assert api.get(path).json["currency"] == "CHF"
    assert new_tenant(api.server).get(path).status == 404


@pytest.mark.parametrize("asked", [None, "sessioncontext.context_manage", "session_context.context_manage"])
@pytest.mark.parametrize("held", ["sessioncontext.context_manage", "session_context.context_manage"])
def test_managing_needs_its_scope_in_either_spelling(api: Api, held: str, asked: str | None) -> None:
    client, secret = new_client(api, "api", held)
    body = {"grant_type": "client_credentials", "client_id": client.id, "client_secret": secret}
    token = api.as_(None).post("/oauth/token", body | ({} if asked is None else {"scope": asked}))
    manager = api.as_(token.json["access_token"])
    assert manager.put(f"{SESSIONS}/s?upsert=true", {}).status == 204
    visitor = api.as_anonymous()
    with api.unchanged():
        assert visitor.get(f"{SESSIONS}/s").status == 403
        assert visitor.put(f"{SESSIONS}/new?upsert=true", {}).status == 403


def test_the_context_of_a_customer_is_written_with_his_saas_token(shop: Storefront) -> None:
    for email in ("jane@example.com", "john@example.com"):
        shop.sign_up(email)
    visitor = shop.visit()
    jane, john = shop.log_in(by=visitor), shop.log_in("john@example.com")
    api, path = shop.api, f"{SESSIONS}/{jane['session_id']}"
    number = api.get(path).json["customerId"]

    def put(customer_id: str | None, **headers: str) -> int:
        version = api.get(path).json["metadata"]["version"]
        named = {} if customer_id is None else {"customerId": customer_id}
        return api.put(path, {**named, "currency": "CHF", "metadata": {"version": version}}, **headers).status

    other = api.get(f"{SESSIONS}/{john['session_id']}").json["customerId"]
    before = api.get(path).json
    assert put(None) == 400
    assert put(number) == 400
    assert put(number, saas_token=john["saas_token"]) == 403
    assert put(other, saas_token=john["saas_token"]) == 403
    assert put(other, saas_token=jane["saas_token"]) == 403
    assert put(number, saas_token="made up") == 401
    assert api.get(path).json == before
    assert put(number, saas_token=jane["saas_token"]) == 204
    assert put(None, saas_token=jane["saas_token"]) == 204
    new = f"{SESSIONS}/new?upsert=true"
    assert api.put(new, {"customerId": number}).status == 400
    assert api.put(new, {"customerId": number}, saas_token=jane["saas_token"]).status == 204


# Customers


def test_a_login_takes_the_session_over(shop: Storefront) -> None:
    site(shop.api, availableCurrencies=["EUR", "CHF"])
    site(shop.api, "vienna", homeBase={"address": {"zipCode": "1010", "country": "AT"}})
    preferences = {"preferredCurrency": "CHF", "preferredSite": "vienna", "preferredLanguage": "en_US"}
    number = shop.sign_up(**preferences)
    visitor = visit(shop, siteCode="main", targetLocation="FR")
    assert change(visitor, context={"theme": "dark"}).status == 204
    token = shop.log_in(by=visitor)
    customer = shop.api.as_(token["access_token"])
    view = own(customer)
    assert view["sessionId"] == token["session_id"]
    assert facts(view) == {
        "customerId": number,
        "siteCode": "vienna",
        "currency": "CHF",
        "language": "en",
        "targetLocation": "FR",
        "context": {"theme": "dark"},
    }
    assert view["metadata"]["version"] == 3


def test_what_every_customer_prefers_by_default_gives_way_to_the_site(shop: Storefront) -> None:
    site(shop.api, "berlin", languages=["de"])
    shop.sign_up()
    view = facts(own(shop.customer()))
    assert (view["siteCode"], view["currency"], view["language"]) == ("berlin", "EUR", "de")
    site(shop.api, "main")
    view = facts(own(shop.customer()))
    assert (view["siteCode"], view["currency"], view["language"]) == ("berlin", "EUR", "de")
    token = shop.log_in(by=visit(shop, siteCode="nowhere"))
    assert own(shop.api.as_(token["access_token"]))["siteCode"] == "main"


def test_a_customer_shops_where_he_is_sent_to(shop: Storefront) -> None:
    site(shop.api)
    visitor = shop.visit()
    body = {"email": "jane@example.com", "password": "password1", "customerAddress": ADDRESS}
    assert visitor.post("/customer/{tenant}/signup", body).status == 201
    assert own(shop.customer())["targetLocation"] == "AT"


def test_a_login_without_a_visit_has_a_context(shop: Storefront) -> None:
    number = shop.sign_up()
    response = shop.api.post(
        "/customer/{tenant}/login", {"email": "jane@example.com", "password": "password1"}
    )
    assert own(shop.api.as_(response.json["access_token"]))["customerId"] == number


def test_the_company_of_the_token_stands_in_the_context(shop: Storefront) -> None:
    number = shop.sign_up()
    entity(shop.api, "acme")
    contact(shop.api, number, "acme")
    visitor = shop.visit()
    token = shop.log_in(by=visitor)

    def refreshed(query: str) -> Api:
        nonlocal token
        path = f"/customer/{{tenant}}/refreshauthtoken?refreshToken={token['refresh_token']}{query}"
        response = visitor.get(path)
        assert response.status == 200, response.json
        token = response.json
        return shop.api.as_(token["access_token"])

    acting = refreshed("&legalEntityId=acme")
    assert own(acting)["context"] == {"legalEntityId": "acme"}
    assert change(acting, context={"legalEntityId": "other", "a": "b"}).status == 204
    assert own(acting)["context"] == {"legalEntityId": "acme", "a": "b"}
    assert change(acting, context=None).status == 204
    assert own(acting)["context"] == {"legalEntityId": "acme"}
    assert acting.delete(f"{ME}/attributes/legalEntityId").status == 400
    assert own(refreshed(""))["context"] == {}


def test_what_a_customer_left_is_not_for_the_next_one(shop: Storefront) -> None:
    shop.sign_up()
    visitor = shop.visit()
    customer = shop.api.as_(shop.log_in(by=visitor)["access_token"])
    assert change(customer, context={"note": "mine"}, currency="CHF").status == 204
    assert customer.get("/customer/{tenant}/logout").status == 204
    assert facts(own(visitor)) == {"currency": "CHF", "language": "en_US", "context": {}}


def test_a_customer_does_not_read_the_context_of_who_logged_in_after_him(shop: Storefront) -> None:
    for email in ("jane@example.com", "john@example.com"):
        shop.sign_up(email)
    visitor = shop.visit()
    jane = shop.api.as_(shop.log_in(by=visitor)["access_token"])
    john = shop.api.as_(shop.log_in("john@example.com", by=visitor)["access_token"])
    assert own(john)["customerId"]
    assert jane.get(ME).status == 404
    assert jane.patch(ME, {"currency": "CHF", "metadata": {"version": 3}}).status == 404


def test_who_gave_a_visitor_his_session_does_not_see_what_he_does_as_a_customer(shop: Storefront) -> None:
    shop.sign_up()
    planted = shop.visit()
    victim = shop.api.as_(shop.log_in(by=planted)["access_token"])
    assert change(victim, context={"note": "mine"}).status == 204
    before = own(victim)
    for upsert in ("", "?upsert=true"):
        body = {"currency": "CHF", "metadata": {"version": before["metadata"]["version"]}}
        assert planted.patch(ME + upsert, body).status == 404
    assert planted.get(ME).status == 404
    assert planted.post(f"{ME}/attributes", {"key": "note", "value": "yours"}).status == 404
    assert own(victim) == before


def test_nothing_of_a_customer_who_did_not_log_out_is_for_the_next_one(shop: Storefront) -> None:
    for email in ("jane@example.com", "john@example.com"):
        shop.sign_up(email)
    visitor = shop.visit()
    jane = shop.api.as_(shop.log_in(by=visitor)["access_token"])
    assert change(jane, context={"note": "mine"}).status == 204
    again = shop.api.as_(shop.log_in(by=visitor)["access_token"])
    assert own(again)["context"] == {"note": "mine"}
    john = shop.api.as_(shop.log_in("john@example.com", by=visitor)["access_token"])
    assert own(john)["context"] == {}


def test_the_context_of_a_deleted_customer_goes_with_him(shop: Storefront) -> None:
    number = shop.sign_up()
    session = own(shop.customer())["sessionId"]
    assert shop.api.delete(f"/customer/{{tenant}}/customers/{number}").status == 202
    assert shop.api.get(f"{SESSIONS}/{session}").status == 404


# The end


def pruned(api: Api, *, days: float) -> None:
    """Prune as the worker does, that many days from now."""
    runtime = api.server.runtime

    async def run() -> None:
        now = runtime.clock.now() + timedelta(days=days)
        async with runtime.database.writing() as db:
            while await prune(runtime, db, now, 1000):
                pass

    api.run(run())


def test_a_context_goes_when_no_login_of_its_session_is_left(shop: Storefront) -> None:
    api = shop.api
    shop.sign_up()
    ended, customer = visit(shop), shop.customer()
    sessions = [own(ended)["sessionId"], own(customer)["sessionId"]]
    assert api.put(f"{SESSIONS}/backend?upsert=true", {}).status == 204
    sessions.append("backend")

    def found() -> list[bool]:
        return [api.get(f"{SESSIONS}/{id}").status == 200 for id in sessions]

    pruned(api, days=0.9)
    assert found() == [True, True, True]

    async def end_login() -> None:
        runtime = api.server.runtime
        caller = await runtime.tokens.caller(f"Bearer {ended.token}")
        async with runtime.database.writing() as db:
            await runtime.tokens.end(db, api.tenant, caller.login_id)

    api.run(end_login())
    assert ended.get(ME).status == 401
    pruned(api, days=1.5)
    assert found() == [False, True, False]
    assert own(customer)["customerId"]
