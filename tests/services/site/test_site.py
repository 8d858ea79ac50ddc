"""Sites over HTTP: create, read, list, replace, patch, delete, and the one default."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from support.api import Api, Server, new_tenant

SITES = "/site/{tenant}/sites"
MAIN = "/site/{tenant}/sites/main"


def a_site(code: str = "main", **changes: Any) -> dict[str, Any]:
    """A body that creates a site."""
    return {
        "code": code,
        "name": f"Site {code}",
        "defaultLanguage": "en",
        "languages": ["en", "de"],
        "currency": "EUR",
        "homeBase": {"address": {"zipCode": "10115", "country": "DE"}},
        "shipToCountries": ["DE", "AT"],
        **changes,
    }


def create(api: Api, code: str = "main", **changes: Any) -> None:
    assert api.post(SITES, a_site(code, **changes)).status == 201


def one(api: Api, code: str = "main") -> Any:
    return api.get(f"{SITES}/{code}").json


def without_metadata(view: Any) -> Any:
    return {name: value for name, value in view.items() if name != "metadata"}


def fields_of(response: Any) -> list[str]:
    return [problem["field"] for problem in response.json["details"]]


# Creating and reading


def test_a_created_site_reads_back_with_the_defaults_filled_in(api: Api) -> None:
    response = api.post(SITES, a_site())
    assert response.json == {"id": "main"}
    view = one(api)
    assert without_metadata(view) == {
        **a_site(),
        "active": True,
        "default": True,
        "taxDeterminationBasedOn": "BILLING_ADDRESS",
        "cartCalculationScale": 2,
    }
    assert view["metadata"]["version"] == 1
    assert view["metadata"]["createdAt"] == view["metadata"]["modifiedAt"]


def test_everything_that_a_site_may_say_is_kept(api: Api) -> None:
    body = a_site(
        active=False,
        includesTax=True,
        taxDeterminationBasedOn="SHIPPING_ADDRESS",
        availableCurrencies=["EUR", "CHF"],
        cartCalculationScale=4,
        homeBase={
            "address": {"zipCode": "10115", "country": "DE", "extraLine1": "Hinterhof", "streetNumber": "1a"},
            "timezone": "Europe/Berlin",
            "location": {"latitude": 52.5, "longitude": 13.4},
        },
        payment=[{"id": "invoice", "active": False, "configuration": {"public": {"a": 1}}}],
        assistedBuying={"storefrontUrl": "https://shop.example"},
    )
    assert api.post(SITES, body).status == 201
    view = one(api)
    assert {name: view[name] for name in body} == body


def test_a_taken_code_is_a_conflict(api: Api) -> None:
    create(api)
    with api.unchanged():
        response = api.post(SITES, a_site(name="Another", default=True))
    assert response.status == 409
    assert response.json["type"] == "conflict_resource"
    assert one(api)["name"] == "Site main"


def test_a_code_may_hold_what_a_url_must_escape(api: Api) -> None:
    create(api, "shop/größe.1")
    assert api.get(f"{SITES}/shop%2Fgr%C3%B6%C3%9Fe.1").json["code"] == "shop/größe.1"


def test_an_unknown_site_is_not_found(api: Api) -> None:
    create(api)
    with api.unchanged():
        for response in (
            api.get(f"{SITES}/other"),
            api.put(f"{SITES}/other", a_site("other", default=True)),
            api.patch(f"{SITES}/other", {"default": True}),
            api.delete(f"{SITES}/other"),
        ):
            assert response.status == 404
            assert response.json["type"] == "resource_not_found"
            assert "other" in response.json["message"]


def test_another_tenants_site_is_not_seen(api: Api, server: Server) -> None:
    create(api)
    other = new_tenant(server)
    assert other.get(MAIN).status == 404
    assert other.get(SITES).json == []


# What a site must not say


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": ""}, "code"),
        ({"code": "two words"}, "code"),
        ({"code": "a#b"}, "code"),
        ({"code": "x" * 67}, "code"),
        ({"name": " "}, "name"),
        ({"name": 7}, "name"),
        ({"languages": []}, "languages"),
        ({"languages": ["en", "fr"]}, "languages"),
        ({"languages": ["en", "EN"]}, "languages"),
        ({"languages": ["en", "eng"]}, "languages"),
        ({"defaultLanguage": "fr"}, "defaultLanguage"),
        ({"currency": "eur"}, "currency"),
        ({"currency": "EURO"}, "currency"),
        ({"availableCurrencies": ["EUR", "€"]}, "availableCurrencies"),
        ({"shipToCountries": ["DE", "at"]}, "shipToCountries"),
        ({"shipToCountries": ["DEU"]}, "shipToCountries"),
        ({"homeBase": {"address": {"zipCode": "1", "country": "Germany"}}}, "homeBase.address.country"),
        ({"homeBase": {"address": {"zipCode": "", "country": "DE"}}}, "homeBase.address.zipCode"),
        ({"homeBase": {"address": {"country": "DE"}}}, "homeBase.address.zipCode"),
        ({"homeBase": {}}, "homeBase.address"),
        (
            {"homeBase": {"address": {"zipCode": "1", "country": "DE"}, "timezone": "Europe/Xp"}},
            "homeBase.timezone",
        ),
        (
            {"homeBase": {"address": {"zipCode": "1", "country": "DE"}, "location": {"latitude": 91}}},
            "homeBase.location.latitude",
        ),
        (
            {"homeBase": {"address": {"zipCode": "1", "country": "DE"}, "location": {"longitude": -181}}},
            "homeBase.location.longitude",
        ),
        ({"cartCalculationScale": -1}, "cartCalculationScale"),
        ({"cartCalculationScale": 11}, "cartCalculationScale"),
        ({"taxDeterminationBasedOn": "MOON"}, "taxDeterminationBasedOn"),
        ({"mixins": {"merchantInfo": {"a": 1}}}, "mixins.merchantInfo"),
    ],
)
def test_a_site_that_breaks_a_rule_is_refused(api: Api, changes: dict[str, Any], field: str) -> None:
    create(api)
    with api.unchanged():
        response = api.post(SITES, a_site("other") | changes)
    assert response.status == 400
    assert response.json["type"] == "validation_violation"
    assert field in fields_of(response)


@pytest.mark.parametrize(
    "name", ["code", "name", "defaultLanguage", "languages", "currency", "homeBase", "shipToCountries"]
)
def test_what_is_required_is_missed_by_its_name(api: Api, name: str) -> None:
    body = {key: value for key, value in a_site().items() if key != name}
    with api.unchanged():
        response = api.post(SITES, body)
    assert response.status == 400
    assert fields_of(response) == [name]


def test_the_time_zones_of_the_iana_list_are_taken(api: Api) -> None:
    for number, zone in enumerate(("Europe/Paris", "America/New_York", "Asia/Tokyo", "UTC")):
        home = {"address": {"zipCode": "1", "country": "FR"}, "timezone": zone}
        create(api, f"site{number}", homeBase=home)


def test_a_mixin_without_a_schema_says_so_in_the_words_that_clients_look_for(api: Api) -> None:
    response = api.post(SITES, a_site(mixins={"merchantInfo": {}}))
    assert "No matching schema found" in response.json["details"][0]["message"]


# The one default


def defaults(api: Api) -> list[str]:
    return [view["code"] for view in api.get(f"{SITES}?includeInactive=true").json if view["default"]]


def test_the_first_site_is_the_default_whatever_it_says(api: Api) -> None:
    create(api, "first", default=False, active=False)
    create(api, "second")
    create(api, "third", default=False)
    assert defaults(api) == ["first"]


def test_who_becomes_the_default_takes_the_flag_from_the_other(api: Api) -> None:
    create(api, "a")
    create(api, "b", default=True)
    assert defaults(api) == ["b"]
    assert api.patch(f"{SITES}/a", {"default": True}).status == 200
    assert defaults(api) == ["a"]
    assert api.put(f"{SITES}/b", a_site("b", default=True)).status == 200
    assert defaults(api) == ["b"]
    # The site that lost the flag changed as well: its version and an event say so.
    assert one(api, "a")["metadata"]["version"] == 4
    updated = [(event["code"], event["default"]) for event in api.events("site.site-updated")]
    assert updated == [("a", False), ("b", False), ("a", True), ("a", False), ("b", True)]


def test_the_default_keeps_the_flag_when_a_body_is_silent(api: Api) -> None:
    create(api)
    create(api, "other")
    assert api.put(MAIN, a_site(name="Renamed")).status == 200
    assert api.patch(MAIN, {"default": None}).status == 200
    assert defaults(api) == ["main"]


def test_the_default_flag_can_only_be_given_away(api: Api) -> None:
    create(api)
    create(api, "other")
    with api.unchanged():
        for response in (api.put(MAIN, a_site(default=False)), api.patch(MAIN, {"default": False})):
            assert response.status == 400
            assert fields_of(response) == ["default"]
    assert defaults(api) == ["main"]


def test_a_refused_site_does_not_take_the_flag(api: Api) -> None:
    create(api)
    create(api, "other")
    with api.unchanged():
        assert api.patch(f"{SITES}/other", {"default": True, "currency": "no"}).status == 400
        stale = {"default": True, "metadata": {"version": 9}}
        assert api.patch(f"{SITES}/other", stale).status == 409
        assert api.post(SITES, a_site("third", default=True, name="")).status == 400
    assert defaults(api) == ["main"]
    assert one(api)["metadata"]["version"] == 1


def test_the_default_site_is_not_deleted(api: Api) -> None:
    create(api)
    create(api, "other")
    with api.unchanged():
        response = api.delete(MAIN)
    assert response.status == 400
    assert fields_of(response) == ["default"]
    assert api.delete(f"{SITES}/other").status == 204
    assert api.get(f"{SITES}/other").status == 404


def test_sites_created_at_once_leave_one_default(api: Api) -> None:
    async def all_at_once() -> list[int]:
        sent = [api.send("POST", SITES, a_site(f"s{n}", default=n % 2 == 0)) for n in range(6)]
        return [response.status for response in await asyncio.gather(*sent)]

    assert api.run(all_at_once()) == [201] * 6
    assert len(defaults(api)) == 1


def test_sites_that_become_the_default_at_once_leave_one(api: Api) -> None:
    for code in ("main", "a", "b", "c"):
        create(api, code)

    async def all_at_once() -> list[int]:
        sent = [api.send("PATCH", f"{SITES}/{code}", {"default": True}) for code in ("a", "b", "c")]
        return [response.status for response in await asyncio.gather(*sent)]

    for _ in range(5):
        assert api.run(all_at_once()) == [200] * 3
        assert len(defaults(api)) == 1


# Changing


def test_put_replaces_completely(api: Api) -> None:
    create(api, includesTax=True, availableCurrencies=["EUR"])
    response = api.put(MAIN, {name: value for name, value in a_site(name="New").items() if name != "code"})
    assert (response.status, response.body) == (200, b"")
    view = one(api)
    assert view["name"] == "New"
    assert "includesTax" not in view
    assert "availableCurrencies" not in view
    assert view["metadata"]["version"] == 2


def test_put_under_another_code_is_refused(api: Api) -> None:
    create(api)
    with api.unchanged():
        response = api.put(MAIN, a_site("other"))
    assert response.status == 400
    assert fields_of(response) == ["code"]


def test_patch_merges(api: Api) -> None:
    create(api, includesTax=True)
    body = {
        "homeBase": {"timezone": "Europe/Berlin"},
        "includesTax": None,
        "payment": None,
        "languages": ["en"],
    }
    response = api.patch(MAIN, body)
    assert (response.status, response.body) == (200, b"")
    view = one(api)
    assert view["homeBase"] == {
        "address": {"zipCode": "10115", "country": "DE"},
        "timezone": "Europe/Berlin",
    }
    assert view["languages"] == ["en"]
    assert "includesTax" not in view


def test_what_was_read_can_be_sent_back(api: Api) -> None:
    create(api, payment=[{"id": "card"}])
    for send in (api.put, api.patch):
        view = one(api)
        assert send(MAIN, view).status == 200
        assert without_metadata(one(api)) == without_metadata(view)
    assert api.events("site.site-updated") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"code": "other"}, "code"),
        ({"name": None}, "name"),
        ({"defaultLanguage": "fr"}, "defaultLanguage"),
        ({"homeBase": {"timezone": "Mars/Olympus"}}, "homeBase.timezone"),
        ({"payment": "card"}, "payment"),
        ({"payment": ["card"]}, "payment[0]"),
    ],
)
def test_a_patch_that_breaks_a_rule_is_refused(api: Api, body: dict[str, Any], field: str) -> None:
    create(api)
    with api.unchanged():
        response = api.patch(MAIN, body)
    assert response.status == 400
    assert [each.lstrip("/") for each in fields_of(response)] == [field]
    assert one(api)["metadata"]["version"] == 1


def test_a_patch_is_an_object(api: Api) -> None:
    create(api)
    with api.unchanged():
        assert api.patch(MAIN, [{"op": "replace", "path": "/name", "value": "x"}]).status == 400


def test_another_version_is_a_conflict(api: Api) -> None:
    create(api)
    assert api.patch(MAIN, {"name": "x", "metadata": {"version": 1}}).status == 200
    with api.unchanged():
        assert api.patch(MAIN, {"name": "y", "metadata": {"version": 1}}).status == 409
        assert api.put(MAIN, a_site(metadata={"version": 1})).status == 409
    assert api.put(MAIN, a_site(metadata={"version": 2})).status == 200


# Listing


def test_lists_have_the_active_sites(api: Api) -> None:
    for code, active in (("a", True), ("b", False), ("c", True)):
        create(api, code, active=active)
    assert [view["code"] for view in api.get(SITES).json] == ["a", "c"]
    assert api.get("/site/{tenant}/siteslist").json == ["a", "c"]
    assert [view["code"] for view in api.get(f"{SITES}?includeInactive=true").json] == ["a", "b", "c"]
    assert api.get("/site/{tenant}/siteslist?includeInactive=true").json == ["a", "b", "c"]


def test_lists_are_searched_sorted_paged_and_counted(api: Api) -> None:
    for code, currency in (("a", "EUR"), ("b", "CHF"), ("c", "EUR")):
        create(api, code, currency=currency)
    for path in (SITES, "/site/{tenant}/siteslist"):
        response = api.get(f"{path}?q=currency:EUR&sort=code:desc&pageSize=1&pageNumber=2&totalCount=true")
        assert [each if isinstance(each, str) else each["code"] for each in response.json] == ["a"]
        assert response.headers["x-count"] == "2"
    assert "x-count" not in api.get(SITES).headers
    assert [view["code"] for view in api.get(f"{SITES}?q=default:true").json] == ["a"]
    assert [view["code"] for view in api.get(f"{SITES}?q=languages:de%20currency:CHF").json] == ["b"]
    assert api.get(f"{SITES}?fields=code,currency&q=code:b").json == [{"code": "b", "currency": "CHF"}]


def test_a_page_has_sixteen_sites(api: Api) -> None:
    for number in range(17):
        create(api, f"s{number:02}")
    assert len(api.get(SITES).json) == 16
    with api.statements(2):
        response = api.get(f"{SITES}?totalCount=true&pageSize=20")
    assert len(response.json) == 17


def test_a_bad_query_is_refused(api: Api) -> None:
    for query in ("q=nocolon", "pageNumber=0", "pageSize=0", "expand=colour:all", "expand=tax:some"):
        assert api.get(f"{SITES}?{query}").status == 400


# expand


def test_expand_chooses_services_by_their_activity(api: Api) -> None:
    services = [{"id": "on"}, {"id": "off", "active": False}]
    create(api, payment=services, tax=services)

    def ids(expand: str, kind: str) -> Any:
        view = api.get(f"{MAIN}?expand={expand}").json
        return [each["id"] for each in view[kind]] if kind in view else None

    assert ids("", "payment") == ["on", "off"]
    assert ids("payment:active", "payment") == ["on"]
    assert ids("payment", "payment") == ["on"]
    assert ids("payment:all,tax:none,mixin:*", "payment") == ["on", "off"]
    assert ids("payment:all,tax:none,mixin:*", "tax") is None
    assert ids("payment:none", "tax") == ["on", "off"]
    listed = api.get(f"{SITES}?expand=payment:active").json[0]
    assert [each["id"] for each in listed["payment"]] == ["on"]


def test_restricted_settings_are_for_those_who_manage_sites(api: Api) -> None:
    settings = {"public": {"key": "p"}, "restricted": {"secret": "s"}}
    create(api, payment=[{"id": "card", "configuration": settings}])
    assert one(api)["payment"][0]["configuration"] == settings
    shopper = api.as_anonymous()
    assert shopper.get(MAIN).json["payment"][0]["configuration"] == {"public": {"key": "p"}}
    assert shopper.get(SITES).json[0]["payment"][0]["configuration"] == {"public": {"key": "p"}}
    assert "secret" not in str(api.events())


# Scopes


def test_any_token_reads_active_sites(api: Api) -> None:
    create(api)
    create(api, "hidden", active=False)
    for reader in (api.as_anonymous(), api.with_scopes("site.site_read")):
        assert reader.get(MAIN).status == 200
        assert [view["code"] for view in reader.get(SITES).json] == ["main"]
        assert reader.get(f"{SITES}/hidden").status == 403
        assert reader.get(f"{SITES}?includeInactive=true").status == 403
        assert reader.get("/site/{tenant}/siteslist?includeInactive=true").status == 403
    assert api.with_scopes("site.site_read").get("/site/{tenant}/siteslist").json == ["main"]
    assert api.as_anonymous().get("/site/{tenant}/siteslist").status == 403
    assert api.with_scopes("site.site_manage").get(f"{SITES}/hidden").status == 200


def test_writing_needs_the_manage_scope(api: Api) -> None:
    create(api)
    reader = api.with_scopes("site.site_read")
    with api.unchanged():
        for response in (
            reader.post(SITES, a_site("x")),
            reader.put(MAIN, a_site(name="x")),
            reader.patch(MAIN, {"name": "x"}),
            reader.delete(MAIN),
        ):
            assert response.status == 403
        assert api.as_(None).get(SITES).status == 401


# Events


def test_events_tell_what_became_of_a_site(api: Api) -> None:
    create(api)
    create(api, "other")
    api.patch(f"{SITES}/other", {"name": "Renamed"})
    api.delete(f"{SITES}/other")
    told = [(event["type"], event["code"], event.get("name")) for event in api.events()]
    assert told == [
        ("site.site-created", "main", "Site main"),
        ("site.site-created", "other", "Site other"),
        ("site.site-updated", "other", "Renamed"),
        ("site.site-deleted", "other", None),
    ]
    assert all(event["tenant"] == api.tenant for event in api.events())
    created = api.events("site.site-created")[0]
    assert created["metadata"]["version"] == 1


# Countries and currencies


def test_a_site_names_active_countries_and_the_tenants_currencies_only(api: Api) -> None:
    create(api)
    countries = "/country/{tenant}/countries"
    body = {"active": False, "metadata": {"version": 1}}
    assert api.patch(f"{countries}/FR", body).status == 204
    with api.unchanged():
        for changes, field in (
            ({"shipToCountries": ["DE", "FR"]}, "shipToCountries"),
            ({"shipToCountries": ["QQ"]}, "shipToCountries"),
            ({"homeBase": {"address": {"zipCode": "1", "country": "FR"}}}, "homeBase.address.country"),
            ({"currency": "SEK"}, "currency"),
            ({"availableCurrencies": ["EUR", "ABC"]}, "availableCurrencies"),
        ):
            for response in (api.post(SITES, a_site("other", **changes)), api.patch(MAIN, changes)):
                assert response.status == 400
                assert fields_of(response) == [field]
    assert api.post("/currency/{tenant}/currencies", {"code": "SEK", "name": "krona"}).status == 201
    assert api.patch(MAIN, {"currency": "SEK"}).status == 200


def test_a_site_keeps_a_country_that_became_inactive(api: Api) -> None:
    create(api)
    for code in ("AT", "DE"):
        body = {"active": False, "metadata": {"version": 1}}
        assert api.patch(f"/country/{{tenant}}/countries/{code}", body).status == 204
    assert api.put(MAIN, a_site(name="Renamed")).status == 200
    with api.unchanged():
        assert api.post(SITES, a_site("other")).status == 400


def test_a_write_asks_of_what_it_names_newly_only(api: Api) -> None:
    create(api)
    with api.statements(7):
        assert api.post(SITES, a_site("other", shipToCountries=["FR", "GB", "PL", "US"])).status == 201
    with api.statements(5):
        assert api.put(MAIN, a_site(name="Renamed")).status == 200
