"""Configurations of a tenant over HTTP: create, read, list, replace, delete, and who may."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from coterie.services.configuration.tables import configuration
from support.api import Api, new_tenant

ALL = "/configuration/{tenant}/configurations"
VIEW, MANAGE = "configuration.configuration_view", "configuration.configuration_manage"


def create(api: Api, key: str, value: Any, **more: Any) -> Any:
    response = api.post(ALL, [{"key": key, "value": value, **more}])
    assert response.status == 201, response.json
    return response.json[0]


def keys(response: Any) -> list[str]:
    assert response.status == 200, response.json
    return [each["key"] for each in response.json]


def problem(response: Any, status: int = 400) -> tuple[str, str]:
    """Field and message of the first detail."""
    assert response.status == status, response.json
    first = response.json["details"][0]
    return first["field"], first["message"]


def test_configurations_are_created_together_and_read_back(api: Api) -> None:
    body = [
        {"key": "project_country", "value": "DE", "secured": False, "version": 7},
        {"key": "invoiceSettings", "value": {"threshold": "24"}, "description": "When to bill."},
    ]
    created = api.post(ALL, body)
    assert created.status == 201
    expected = [
        {"key": "project_country", "value": "DE", "secured": False, "version": 1},
        {
            "key": "invoiceSettings",
            "value": {"threshold": "24"},
            "description": "When to bill.",
            "secured": False,
            "version": 1,
        },
    ]
    assert created.json == expected
    assert api.get(f"{ALL}/invoiceSettings").json == expected[1]
    assert api.get(f"{ALL}?keys=project_country,%20invoiceSettings,nothing").json == expected[::-1]
    assert keys(api.get(ALL)) == sorted(keys(api.get(ALL)))


@pytest.mark.parametrize("value", ["text", '[{"id":"en"}]', True, {"a": {"b": []}}, [{"a": 1}], ""])
def test_a_value_is_any_json(api: Api, value: Any) -> None:
    assert create(api, "any", value)["value"] == value
    assert api.get(f"{ALL}/any").json["value"] == value


def test_an_object_instead_of_an_array_is_bad_syntax(api: Api) -> None:
    with api.unchanged():
        refused = api.post(ALL, {"key": "a", "value": "b"})
    assert refused.status == 400
    assert refused.json["type"] == "bad_payload_syntax"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([{"key": "good", "value": "1"}, {"key": "a"}], "[1].value"),
        ([{"key": "good", "value": "1"}, {"value": "a"}], "[1].key"),
        ([{"key": "good", "value": "1"}, {"key": "", "value": "a"}], "[1].key"),
        ([{"key": "a/b", "value": "1"}], "[0].key"),
        ([{"key": "a", "value": None}], "[0].value"),
        ([{"key": "a", "value": {"b": 1}, "secured": True}], "[0].secured"),
        ([{"key": "good", "value": "1"}, {"key": "references", "value": "loose"}], "[1].value"),
    ],
)
def test_one_bad_item_refuses_all(api: Api, body: Any, field: str) -> None:
    with api.unchanged():
        assert problem(api.post(ALL, body))[0] == field


def test_the_array_has_a_limit(api: Api) -> None:
    with api.unchanged():
        refused = api.post(ALL, [{"key": f"k{number}", "value": "v"} for number in range(201)])
    assert refused.status == 400
    assert refused.json["message"] == "Maximum size of the payload array is 200."


def test_a_key_is_taken_once(api: Api) -> None:
    create(api, "a", "1")
    with api.unchanged():
        for body in (
            [{"key": "b", "value": "1"}, {"key": "a", "value": "2"}],
            [{"key": "c", "value": ""}] * 2,
        ):
            refused = api.post(ALL, body)
            assert (refused.status, refused.json["type"]) == (409, "application/json")
            assert refused.json["message"] == "Tenant configuration could not be created"
            assert "Duplicate key" in problem(refused, 409)[1]
    assert api.get(f"{ALL}/a").json["value"] == "1"


def test_a_put_replaces_and_counts_versions(api: Api) -> None:
    create(api, "a", "1", description="first")
    answer = api.put(f"{ALL}/a", {"key": "a", "value": "2", "version": 1})
    assert answer.status == 200
    assert answer.json == {"key": "a", "value": "2", "secured": False, "version": 2}
    assert api.get(f"{ALL}/a").json == answer.json
    with api.unchanged():
        stale = api.put(f"{ALL}/a", {"key": "a", "value": "3", "version": 1})
    assert stale.json["message"] == "Tenant configuration could not be updated"
    assert "has version 2, not 1" in problem(stale, 409)[1]
    assert api.put(f"{ALL}/a", {"key": "a", "value": "3"}).json["version"] == 3


def test_a_put_creates_nothing_and_renames_nothing(api: Api) -> None:
    create(api, "a", "1")
    with api.unchanged():
        missing = api.put(f"{ALL}/b", {"key": "b", "value": "1"})
        assert "no configuration 'b'" in problem(missing)[1]
        assert (missing.json["message"], missing.json["type"]) == (
            "Tenant configuration could not be updated",
            "application/json",
        )
        other = api.put(f"{ALL}/a", {"key": "b", "value": "1"})
        assert other.json["message"] == "Invalid Parameters"
        assert "not the same" in problem(other)[1]


def test_what_is_not_there_is_not_found(api: Api) -> None:
    with api.unchanged():
        for response, message in (
            (api.get(f"{ALL}/a"), "Configuration not found"),
            (api.delete(f"{ALL}/a"), "Tenant configuration could not be found"),
        ):
            assert (response.status, response.json["type"]) == (404, "application/json")
            assert response.json["message"] == message


def test_a_deleted_configuration_is_gone(api: Api) -> None:
    create(api, "a", "1")
    assert api.delete(f"{ALL}/a", {}).status == 204
    assert api.get(f"{ALL}/a").status == 404
    assert create(api, "a", "2")["version"] == 1


def test_what_is_read_only_is_not_updated(api: Api) -> None:
    create(api, "a", "1", readOnly=True)
    with api.unchanged():
        refused = api.put(f"{ALL}/a", {"key": "a", "value": "2", "readOnly": False})
        assert problem(refused)[0] == "readOnly"
    assert api.get(f"{ALL}/a").json["value"] == "1"
    assert api.delete(f"{ALL}/a").status == 204


def test_what_is_restricted_is_not_deleted_and_stays_restricted(api: Api) -> None:
    create(api, "a", "1", restricted=True)
    assert api.put(f"{ALL}/a", {"key": "a", "value": "2", "restricted": False}).json["restricted"] is True
    with api.unchanged():
        assert problem(api.delete(f"{ALL}/a"))[0] == "restricted"
    assert api.get(f"{ALL}/a").json["value"] == "2"


def test_a_schema_is_not_exchanged_and_stays(api: Api) -> None:
    url = "http://127.0.0.1:1/a.json"
    create(api, "a", "1", schemaUrl=url)
    assert api.put(f"{ALL}/a", {"key": "a", "value": "2"}).json["schemaUrl"] == url
    with api.unchanged():
        body = {"key": "a", "value": "2", "schemaUrl": f"{url}?2"}
        assert problem(api.put(f"{ALL}/a", body))[0] == "schemaUrl"


def test_a_schema_that_cannot_be_had_refuses_where_the_tenant_says_so(api: Api) -> None:
    strict = new_tenant(api.server, **{"mixins.unreachable": "reject"})
    with strict.unchanged():
        body = [{"key": "a", "value": "1", "schemaUrl": "http://127.0.0.1:1/a.json"}]
        assert problem(strict.post(ALL, body))[0] == "[0].schemaUrl"


# Secured values


def stored(api: Api, key: str) -> Any:
    """What the database holds of a configuration."""

    async def read() -> Any:
        columns = configuration.c
        async with api.server.runtime.database.reading() as session:
            where = (columns.tenant == api.tenant, columns.key == key)
            return await session.value(select(columns.doc).where(*where))

    return api.run(read())


def test_a_secured_value_is_sealed_at_rest_and_masked_on_read(api: Api) -> None:
    view = create(api, "smtp.password", "hunter2-hunter2", secured=True)
    assert view["value"] == "********"
    assert view["secured"] is True
    assert api.get(f"{ALL}/smtp.password").json == view
    assert api.get(f"{ALL}?keys=smtp.password").json == [view]
    sealed = stored(api, "smtp.password")["value"]
    assert "hunter2" not in sealed
    assert api.server.runtime.vault.open(sealed, "secured configurations") == "hunter2-hunter2"


def test_a_masked_value_sent_back_keeps_the_secret_and_it_stays_secured(api: Api) -> None:
    view = create(api, "smtp.password", "hunter2-hunter2", secured=True)
    before = stored(api, "smtp.password")["value"]
    changed = api.put(f"{ALL}/smtp.password", {**view, "description": "mail"}).json
    assert (changed["description"], changed["version"]) == ("mail", 2)
    assert stored(api, "smtp.password")["value"] == before
    body = {"key": "smtp.password", "value": "other-secret", "secured": False}
    assert api.put(f"{ALL}/smtp.password", body).json["secured"] is True
    sealed = stored(api, "smtp.password")["value"]
    assert api.server.runtime.vault.open(sealed, "secured configurations") == "other-secret"


# Who may


def test_a_storefront_reads_the_public_keys_and_nothing_else(api: Api) -> None:
    create(api, "project_lang", '[{"id":"en"}]')
    create(api, "invoiceSettings", {"secret": "s"})
    for visitor in (api.as_anonymous(), api.as_customer("00000001")):
        assert keys(visitor.get(ALL)) == ["project_curr", "project_lang"]
        assert keys(visitor.get(f"{ALL}?keys=invoiceSettings,project_lang")) == ["project_lang"]
        assert visitor.get(f"{ALL}/project_lang").json["value"] == '[{"id":"en"}]'
        for hidden in ("invoiceSettings", "references", "nothing"):
            refused = visitor.get(f"{ALL}/{hidden}")
            assert (refused.status, refused.json["type"]) == (403, "Forbidden")
        with api.unchanged():
            assert visitor.put(f"{ALL}/project_lang", {"key": "project_lang", "value": ""}).status == 403


def test_a_service_token_needs_the_scope(api: Api) -> None:
    create(api, "project_lang", '[{"id":"de"}]')
    other = api.with_scopes("site.site_read", MANAGE)
    assert other.get(ALL).status == 403
    assert other.get(f"{ALL}/project_lang").status == 403
    viewer = api.with_scopes(VIEW)
    assert viewer.get(f"{ALL}/project_lang").status == 200
    assert "references" in keys(viewer.get(ALL))
    with api.unchanged():
        assert viewer.post(ALL, [{"key": "a", "value": "b"}]).status == 403


def test_a_tenant_sees_its_own_configurations_only(api: Api) -> None:
    create(api, "a", "1")
    other = new_tenant(api.server)
    assert other.get(f"{ALL}/a").status == 404
    assert create(other, "a", "2")["version"] == 1
    assert api.get(f"{ALL}/a").json["value"] == "1"


# Cost and concurrency


def test_a_list_and_a_bulk_need_few_statements(api: Api) -> None:
    for number in range(5):
        create(api, f"k{number}", "v")
    api.get(ALL)
    with api.statements(2):
        api.get(ALL)


def test_of_changes_based_on_one_version_one_is_made(api: Api) -> None:
    create(api, "a", "0")

    async def race() -> list[int]:
        body = {"key": "a", "value": "1", "version": 1}
        answers = await asyncio.gather(*(api.send("PUT", f"{ALL}/a", body) for _ in range(5)))
        return sorted(answer.status for answer in answers)

    assert api.run(race()) == [200, 409, 409, 409, 409]
    assert api.get(f"{ALL}/a").json["version"] == 2
