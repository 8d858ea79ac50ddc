"""Mixins from the request to the schema's host and back: violated, unreachable, fetched once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coterie.settings import Settings
from support.api import Server, new_tenant
from support.database import SqliteTemplate
from support.shop import SEGMENTS, Shop

SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["level"],
    "properties": {"level": {"type": "integer", "minimum": 1}},
}


@pytest.fixture
def server(site: Any, sqlite_template: SqliteTemplate, tmp_path: Path) -> Iterator[Server]:
    """An app that may fetch from the loopback host of `site`."""
    settings = Settings(
        database=sqlite_template.copy(tmp_path),
        data_dir=str(tmp_path),
        secret="test-secret-" * 4,
        allowed_hosts=",".join(site.allowed),
        log_level="error",
    )
    opened = Server("sqlite", settings)
    yield opened
    opened.close()


def body(url: str, plan: Any) -> dict[str, Any]:
    """A segment with one mixin."""
    metadata = {"mixins": {"plan": url}}
    return {"name": {"en": "x"}, "siteCode": "main", "mixins": {"plan": plan}, "metadata": metadata}


def test_data_that_violates_its_schema_is_refused_and_the_schema_fetched_once(
    server: Server, site: Any
) -> None:
    url = site.put("/plan.json", json.dumps(SCHEMA).encode())
    shop = Shop(new_tenant(server))
    shop.site("main")
    assert shop.api.put(f"{SEGMENTS}/good", body(url, {"level": 3})).status == 201
    with shop.api.unchanged():
        refused = shop.api.put(f"{SEGMENTS}/bad", body(url, {"level": 0}))
        assert refused.status == 400
        assert refused.json["details"][0]["field"] == "mixins.plan.level"
        missing = shop.api.put(f"{SEGMENTS}/bad", body(url, {}))
        assert 'missing required properties (["level"])' in missing.json["details"][0]["message"]
    assert [path for path, _ in site.seen] == ["/plan.json"]
    assert shop.api.get(f"{SEGMENTS}/good").json["metadata"]["mixins"] == {"plan": url}


@pytest.mark.parametrize(("policy", "status"), [("accept", 201), ("reject", 400)])
def test_a_schema_that_cannot_be_had_is_accepted_or_refused_as_the_tenant_says(
    server: Server, site: Any, policy: str, status: int
) -> None:
    shop = Shop(new_tenant(server, **{"mixins.unreachable": policy}))
    shop.site("main")
    url = site.url("/nothing.json")
    assert shop.api.put(f"{SEGMENTS}/s", body(url, {"level": "any"})).status == status


def test_a_configuration_is_held_against_its_schema_on_every_write(server: Server, site: Any) -> None:
    schema = {"type": "object", "required": ["value"], "properties": {"value": {"type": "boolean"}}}
    url = site.put("/value.json", json.dumps(schema).encode())
    api = new_tenant(server)
    path = "/configuration/{tenant}/configurations"
    assert api.post(path, [{"key": "a", "value": True, "schemaUrl": url}]).status == 201
    with api.unchanged():
        refused = api.put(f"{path}/a", {"key": "a", "value": "yes"})
        assert refused.status == 400
        assert refused.json["details"][0]["field"] == "value"
        refused = api.post(path, [{"key": "b", "value": {}, "schemaUrl": url}])
        assert refused.json["details"][0]["field"] == "[0].value"
    assert api.put(f"{path}/a", {"key": "a", "value": False}).json["version"] == 2


def test_a_product_holds_what_its_classification_requires(server: Server, site: Any) -> None:
    strict = site.put("/plan.json", json.dumps(SCHEMA).encode())
    lax = site.put("/lax.json", json.dumps({"type": "object"}).encode())
    api = new_tenant(server)
    mixins = [
        {"name": "plan", "schemaUrl": strict, "required": True},
        {"name": "lax", "schemaUrl": lax, "required": True},
        {"name": "free", "schemaUrl": strict},
    ]
    category = {"type": "CLASSIFICATION", "code": "C", "ownClassificationMixins": mixins}
    shop = Shop(api)
    shop.category("c", **category)
    shop.categorise("c", shop.product("p"))  # assigning checks nothing
    path = "/product/{tenant}/products/p"
    with api.unchanged():
        missing = api.patch(path, {"published": False})
        assert (missing.status, missing.json["details"]) == (
            400,
            [
                'mixins.class_C_plan: object has missing required properties (["level"]): [mixins:class_C_plan]'
            ],
        )
        wrong = {"class_C_plan": {"level": 0}}
        assert api.patch(path, {"mixins": wrong}).status == 400
        both = {"class_C_plan": {"level": 1}, "class_C_free": {}}
        assert api.patch(path, {"mixins": both}).status == 400
        (entry,) = api.put(
            "/product/{tenant}/products/bulk", [{"id": "p", "code": "C-p", "name": {"en": "P"}}]
        ).json
        assert entry["code"] == 400
    assert api.patch(path, {"mixins": {"class_C_plan": {"level": 1}}}).status == 204
    assert api.get(path).json["metadata"]["mixins"] == {"class_C_plan": strict}
    assert api.patch(path, {"published": False}).status == 204
