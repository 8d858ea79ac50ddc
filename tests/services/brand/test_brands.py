"""Brands over HTTP: the tenant is the token's, texts come plain and in languages, writes answer the brand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from coterie.kit.call import Call
from coterie.kit.caller import Caller
from coterie.services.brand import facade
from coterie.services.brand.routes import SERVICE
from support.api import Api, new_tenant

BRANDS = "/brand/brands"


def create(api: Api, **body: Any) -> Any:
    response = api.post(BRANDS, {"name": "Acme", **body})
    assert response.status == 201
    return response.json


def facts(view: Any) -> Any:
    return {name: value for name, value in view.items() if name not in ("metadata", "id")}


def test_a_creation_answers_the_brand_as_it_reads_back(api: Api) -> None:
    body = {
        "id": "acme",
        "name": "Acme",
        "description": "All <b>tools</b>",
        "localizedName": {"en": "Acme", "de": "Akme"},
        "localizedDescription": {"en": "All <b>tools</b>", "de": "Werkzeuge"},
    }
    made = create(api, **body)
    assert {**facts(made), "id": made["id"]} == body
    assert made["metadata"]["version"] == 1
    assert api.get(f"{BRANDS}/acme").json == made
    assert api.get(BRANDS).json == [made]


def test_a_plain_text_is_the_translation_in_the_language_of_the_request(api: Api) -> None:
    assert create(api, name="Akme")["localizedName"] == {"en": "Akme"}
    response = api.post(BRANDS, {"name": "Akme", "description": "Zeug"}, content_language="de")
    assert facts(response.json) == {
        "name": "Akme",
        "description": "Zeug",
        "localizedName": {"de": "Akme"},
        "localizedDescription": {"de": "Zeug"},
    }


def test_a_map_alone_gives_the_plain_text_in_the_default_language_or_else_the_first(api: Api) -> None:
    made = api.post(BRANDS, {"localizedName": {"de": "Akme", "en": "Acme"}}).json
    assert made["name"] == "Acme"
    assert api.post(BRANDS, {"localizedName": {"de": "Akme"}}).json["name"] == "Akme"


@pytest.mark.parametrize("body", [{}, {"name": " "}, {"localizedName": {}}, {"description": "nothing else"}])
def test_a_brand_has_a_name(api: Api, body: Any) -> None:
    with api.unchanged():
        response = api.post(BRANDS, body)
    assert response.status == 400
    assert [each["field"] for each in response.json["details"]] == ["name"]


def test_languages_that_the_tenant_lacks_are_refused(api: Api) -> None:
    with api.unchanged():
        assert api.post(BRANDS, {"localizedName": {"fr": "Acmé"}}).status == 400
        assert api.post(BRANDS, {"name": "Acme"}, content_language="fr").status == 400


def test_an_id_that_is_taken_is_a_conflict(api: Api) -> None:
    create(api, id="acme")
    with api.unchanged():
        response = api.post(BRANDS, {"id": "acme", "name": "Other"})
    assert response.status == 409
    assert response.json["resourceId"] == "acme"


def test_a_put_replaces_and_answers_the_brand(api: Api) -> None:
    create(api, id="acme", description="Old")
    response = api.put(f"{BRANDS}/acme", {"name": "New", "metadata": {"version": 1}})
    assert response.status == 200
    assert facts(response.json) == {"name": "New", "localizedName": {"en": "New"}}
    assert response.json["metadata"]["version"] == 2
    with api.unchanged():
        assert api.put(f"{BRANDS}/acme", {"name": "Late", "metadata": {"version": 1}}).status == 409
        assert api.put(f"{BRANDS}/none", {"name": "New"}).status == 404


def test_a_patch_merges_texts_and_their_translations(api: Api) -> None:
    create(api, id="acme", localizedName={"en": "Acme", "de": "Akme"}, description="Old")
    view = api.patch(f"{BRANDS}/acme", {"name": "New"}).json
    assert view["name"] == "New"
    assert view["localizedName"] == {"en": "New", "de": "Akme"}
    view = api.patch(f"{BRANDS}/acme", {"localizedName": {"de": "Neu"}}).json
    assert view["name"] == "New"
    assert view["localizedName"] == {"en": "New", "de": "Neu"}
    view = api.patch(f"{BRANDS}/acme", {"description": None, "localizedDescription": None}).json
    assert "description" not in view
    with api.unchanged():
        assert api.patch(f"{BRANDS}/none", {"name": "New"}).status == 404
        assert api.patch(f"{BRANDS}/acme", {"name": 7, "localizedName": []}).status == 400
        assert api.patch(f"{BRANDS}/acme", {"metadata": {"version": 9}}).status == 409


def test_translations_follow_accept_language(api: Api) -> None:
    create(api, id="acme", localizedName={"en": "Acme", "de": "Akme"})
    assert api.get(f"{BRANDS}/acme", accept_language="de").json["localizedName"] == {"de": "Akme"}
    assert api.get(BRANDS, accept_language="*").json[0]["localizedName"] == {"en": "Acme", "de": "Akme"}
    assert api.get(BRANDS, accept_language="fr").status == 400


def test_a_list_is_searched_sorted_cut_and_counted(api: Api) -> None:
    for name in ("Acme", "Bolt", "Cord"):
        create(api, id=name.lower(), name=name)
    with api.statements(2):
        response = api.get(f'{BRANDS}?q=name:"Bolt"', x_total_count="true")
    assert [each["id"] for each in response.json] == ["bolt"]
    assert response.headers["x-total-count"] == "1"
    assert [each["id"] for each in api.get(f"{BRANDS}?q=localizedName.en:~(o)").json] == ["bolt", "cord"]
    with api.statements(1):
        paged = api.get(f"{BRANDS}?sort=name:desc&pageSize=2&pageNumber=1&fields=name").json
    assert paged == [{"name": "Cord"}, {"name": "Bolt"}]
    assert api.get(f"{BRANDS}?q=mediaId:missing").json == api.get(BRANDS).json


def test_reading_takes_any_token_and_writing_a_scope(api: Api) -> None:
    create(api, id="acme")
    visitor = api.as_anonymous()
    assert visitor.get(f"{BRANDS}/acme").status == 200
    assert visitor.get(BRANDS).status == 200
    with api.unchanged():
        assert visitor.post(BRANDS, {"name": "Mine"}).status == 403
        assert visitor.delete(f"{BRANDS}/acme").status == 403


@pytest.mark.parametrize("scope", ["brand.brand_delete", "brand.brand_manage"])
def test_either_scope_deletes(api: Api, scope: str) -> None:
    create(api, id="acme")
    assert api.with_scopes(scope).delete(f"{BRANDS}/acme").status == 204
    with api.unchanged():
        assert api.delete(f"{BRANDS}/acme").status == 404


def test_a_tenant_sees_and_changes_its_own_brands_only(api: Api) -> None:
    create(api, id="acme", name="Ours")
    other = new_tenant(api.server)
    assert other.get(BRANDS).json == []
    with api.unchanged():
        assert other.get(f"{BRANDS}/acme").status == 404
        assert other.patch(f"{BRANDS}/acme", {"name": "Theirs"}).status == 404
        assert other.delete(f"{BRANDS}/acme").status == 404
    create(other, id="acme", name="Theirs")
    assert api.get(f"{BRANDS}/acme").json["name"] == "Ours"


def test_writers_of_one_version_meet(api: Api) -> None:
    create(api, id="acme")

    async def race() -> list[int]:
        writes = (
            api.send("PUT", f"{BRANDS}/acme", {"name": f"N{at}", "metadata": {"version": 1}})
            for at in range(4)
        )
        return [response.status for response in await asyncio.gather(*writes)]

    assert sorted(api.run(race())) == [200, 409, 409, 409]


@pytest.fixture
def ask(api: Api) -> Callable[[Any, str], Any]:
    """Ask the facade, in a writing transaction of the tenant."""

    async def asking(question: Any, language: str) -> Any:
        runtime = api.server.runtime
        tenant = await runtime.tenants.get(api.tenant)
        assert tenant is not None
        caller = Caller("service", api.tenant, frozenset({"*"}))
        headers = {"accept-language": language} if language else {}
        call = Call(runtime, SERVICE, SERVICE.rows[0], tenant, caller, runtime.clock.now(), headers, {})
        async with runtime.transaction(call):
            return await question(call)

    return lambda question, language="": api.run(asking(question, language))


def test_other_services_find_brands_by_id(api: Api, ask: Any) -> None:
    create(api, id="acme", localizedName={"en": "Acme", "de": "Akme"})
    assert ask(lambda call: facade.existing(call, ["acme", "none"])) == {"acme"}
    assert ask(lambda call: facade.by_ids(call, [])) == {}
    found = ask(lambda call: facade.by_ids(call, ["acme", "none"]))
    assert found == {"acme": api.get(f"{BRANDS}/acme").json}
    assert ask(lambda call: facade.by_ids(call, ["acme"]), "de")["acme"]["localizedName"] == {"de": "Akme"}
