"""Configurations over HTTP: what may be said, what a change keeps, and that no secret is ever shown."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from coterie.services.webhook.tables import config, destination
from support.api import Api

CONFIG = "/webhook/{tenant}/config"
HTTP = f"{CONFIG}/http"


def http(**configuration: Any) -> dict[str, Any]:
    given = {"destinationUrl": "https://example.com/hook", "secretKey": "s3cret", **configuration}
    return {"code": "http", "active": True, "provider": "HTTP", "configuration": given}


def entries(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(HTTP).json["configuration"]["eventsConfiguration"]
    return found


def patch(api: Api, path: str, value: Any = None, op: str = "UPSERT") -> int:
    step = {"op": op, "path": path} | ({} if value is None else {"value": value})
    return api.patch(HTTP, [step]).status


def test_secrets_are_write_only_and_sealed(api: Api) -> None:
    body = http(eventsConfiguration=[{"eventType": "PRODUCT.CREATED", "secretKey": "0ther"}])
    created = api.post(CONFIG, body)
    assert (created.status, created.json) == (201, {"code": "http"})
    (view,) = api.get(CONFIG).json
    assert view == api.get(HTTP).json
    assert (view["active"], view["provider"]) == (True, "HTTP")
    assert view["configuration"]["secretKeyExists"] is True
    (entry,) = view["configuration"]["eventsConfiguration"]
    assert entry["secretKeyExists"] is entry["active"] is True

    async def stored() -> str:
        async with api.server.runtime.database.reading() as session:
            return str(await session.value(select(config.c.doc).where(config.c.tenant == api.tenant)))

    text = api.run(stored())
    for secret in ("s3cret", "0ther"):
        assert secret not in text
        assert secret not in str(view)
    assert (
        api.post(CONFIG, {"code": "svix", "provider": "SVIX", "configuration": {"apiKey": "k3y"}}).status
        == 201
    )
    assert api.get(f"{CONFIG}/svix").json["configuration"] == {}


def test_one_of_each_provider_and_one_active(api: Api) -> None:
    assert api.post(CONFIG, http()).status == 201
    with api.unchanged():
        assert api.post(CONFIG, http()).status == 409
        shared = {"code": "svix_shared", "provider": "SVIX_SHARED", "active": True, "configuration": {}}
        assert api.post(CONFIG, shared).status == 409
        assert api.post(CONFIG, {**shared, "code": "http"}).status == 400
    assert api.post(CONFIG, {**shared, "active": False}).status == 201
    with api.unchanged():
        assert (
            api.patch(f"{CONFIG}/svix_shared", [{"op": "UPSERT", "path": "/active", "value": True}]).status
            == 409
        )
        assert api.delete(HTTP).status == 409
    assert api.delete(f"{HTTP}?force=true").status == 204
    assert api.get(HTTP).status == 404
    assert api.delete(f"{CONFIG}/svix_shared").status == 204


@pytest.mark.parametrize(
    ("configuration", "field"),
    [
        ({"destinationUrl": "ftp://example.com"}, "configuration.destinationUrl"),
        ({"destinationUrl": "https://me:secret@example.com"}, "configuration.destinationUrl"),
        ({"destinationUrl": ""}, "configuration.destinationUrl"),
        ({"headers": {"Host": {"value": "x"}}}, "configuration.headers"),
        ({"headers": {"x": {"value": "a\nb"}}}, "configuration.headers.x"),
        ({"headers": {f"x{at}": {"value": "x"} for at in range(11)}}, "configuration.headers"),
        ({"eventsConfiguration": [{"eventType": "a.b", "filter": "$[?(@.code ="}]}, "filter"),
        ({"eventsConfiguration": [{"eventType": "a.b", "excludedFields": [" "]}]}, "excludedFields"),
        ({"eventsConfiguration": [{"eventType": "a.b", "id": "mine"}]}, "eventsConfiguration"),
        ({"eventsConfiguration": [{"eventType": "a.b", "name": "x" * 256}]}, "name"),
    ],
)
def test_what_a_configuration_must_not_say(api: Api, configuration: dict[str, Any], field: str) -> None:
    with api.unchanged():
        refused = api.post(CONFIG, http(**configuration))
        assert refused.status == 400
        assert field in refused.json["details"][0]


def test_replacing_keeps_secrets_and_the_ids_of_known_entries(api: Api) -> None:
    kinds = ["product.created", "product.created", "product.deleted"]
    given = [{"eventType": kind, "secretKey": f"s{at}"} for at, kind in enumerate(kinds)]
    api.post(CONFIG, http(eventsConfiguration=given))
    first, second, third = (entry["id"] for entry in entries(api))
    new = [
        {"id": second, "eventType": "product.created", "name": "ERP"},
        {"eventType": "product.deleted"},
        {"eventType": "product.created"},
    ]
    body = {
        "provider": "HTTP",
        "configuration": {"destinationUrl": "https://other.example", "eventsConfiguration": new},
    }
    assert api.put(HTTP, body).status == 204
    after = entries(api)
    assert [entry["id"] for entry in after[:2]] == [second, third]
    assert after[2]["id"] not in (first, second, third)
    assert [entry["secretKeyExists"] for entry in after] == [True, True, False]
    assert api.get(HTTP).json["configuration"]["secretKeyExists"] is True
    assert api.get(HTTP).json["active"] is True
    with api.unchanged():
        new[0]["id"] = first
        assert api.put(HTTP, body).status == 400


def test_patch_takes_the_paths_of_the_reference(api: Api) -> None:
    api.post(CONFIG, http())
    assert patch(api, "/active", False) == 204
    assert patch(api, "/configuration/http/destinationUrl", "https://new.example/hook") == 204
    assert patch(api, "/configuration/http/headers", {"a": {"value": "b"}}) == 204
    assert patch(api, "/configuration/http/secretKey", op="REMOVE") == 204
    view = api.get(HTTP).json
    assert view["active"] is False
    assert view["configuration"] == {
        "destinationUrl": "https://new.example/hook",
        "headers": {"a": {"value": "b"}},
        "secretKeyExists": False,
        "eventsConfiguration": [],
    }
    entry = "/configuration/http/eventsConfigurationEntry"
    assert patch(api, entry, {"eventType": "product.created", "filter": "$[?(@.code == 'x')]"}) == 204
    assert patch(api, "/configuration/http/eventsConfiguration/product.created/secretKey", "x") == 204
    assert (
        patch(
            api,
            "/configuration/http/eventsConfiguration/site.site-created",
            {"eventType": "site.site-created"},
        )
        == 204
    )
    one, two = entries(api)
    assert one["secretKeyExists"] is True
    for field, value in (
        ("active", False),
        ("name", "ERP"),
        ("excludedFields", ["metadata"]),
        ("filter", "$.code"),
    ):
        assert patch(api, f"{entry}/{one['id']}/{field}", value) == 204
        assert entries(api)[0][field] == value
    assert patch(api, entry, {"eventType": "PRODUCT.created"}) == 204
    with api.unchanged():
        assert patch(api, "/configuration/http/eventsConfiguration/product.created", op="REMOVE") == 409
        assert patch(api, entry, {"eventType": "a.b", "id": "mine"}) == 400
        assert patch(api, entry, op="REMOVE") == 400
        assert patch(api, f"{entry}/nobody/active", True) == 400
        assert patch(api, f"{entry}/{one['id']}/active", op="REMOVE") == 400
        assert patch(api, f"{entry}/{one['id']}/filter", "nonsense") == 400
        assert patch(api, "/configuration/svix/apiKey", "x") == 400
        assert patch(api, "/else", "x") == 400
    assert patch(api, f"{entry}/{two['id']}", op="REMOVE") == 204
    assert patch(api, "/configuration/http/eventsConfiguration", op="REMOVE") == 204
    assert entries(api) == []


def test_a_destination_for_each_address_begins_where_the_feed_ends(api: Api) -> None:
    def stored() -> dict[str, bool]:
        async def read() -> dict[str, bool]:
            async with api.server.runtime.database.reading() as session:
                mine = select(destination).where(destination.c.tenant == api.tenant)
                return {row.entry: row.active for row in await session.all(mine)}

        return api.run(read())

    api.post(CONFIG, http(eventsConfiguration=[{"eventType": "product.created"}]))
    (entry,) = entries(api)
    assert stored() == {"": True, entry["id"]: True}
    patch(api, f"/configuration/http/eventsConfigurationEntry/{entry['id']}/active", False)
    assert stored() == {"": True, entry["id"]: False}
    patch(api, "/active", False)
    assert stored() == {"": False, entry["id"]: False}
    api.delete(HTTP)
    assert stored() == {}
