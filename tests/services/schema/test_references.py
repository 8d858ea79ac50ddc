"""References: JSON Schemas that are uploaded, by version."""

from __future__ import annotations

from typing import Any

import pytest

from services.schema.world import World, form

SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"size": {"type": "string", "pattern": "^[0-9]+ cm$"}},
    "required": ["size"],
}
BODY = {"id": "mine", "name": {"en": "Mine"}, "types": ["PRODUCT"]}


def test_a_reference_publishes_what_was_uploaded(world: World) -> None:
    url = world.reference("mine", SCHEMA)
    base = world.api.server.settings.base_url
    assert url == f"{base}/schema/{world.api.tenant}/documents/references/mine_v1.json"
    assert world.api.as_(None).get(url.removeprefix(base)).json == SCHEMA
    told = world.send("GET", "references/mine").json
    assert (told["name"], told["types"], told["metadata"]["version"]) == ({"en": "Mine"}, ["PRODUCT"], 1)
    assert "attributes" not in told
    body = {**BODY, "types": ["ORDER"], "metadata": {"version": 1}}
    assert world.upload("PUT", "references/mine", file={"type": "object"}, body=body).status == 204
    assert world.url("mine", "references") == url.replace("_v1", "_v2")
    assert world.api.get(url.removeprefix(base)).json == SCHEMA
    found = world.send("GET", "references?type=PRODUCT", x_total_count="true")
    assert [each["metadata"]["version"] for each in found.json] == [1]
    assert found.headers["x-total-count"] == "1"
    assert world.send("GET", "references/mine?version=1").json["metadata"]["url"] == url
    assert world.send("GET", "types").json == []
    with world.api.unchanged():
        assert world.upload("PUT", "references/mine", file=SCHEMA, body=body).status == 409
        assert world.upload("PUT", "references/mine", file=SCHEMA, body=BODY).status == 400
        assert world.upload("PUT", "references/none", file=SCHEMA, body=body).status == 404
        assert world.upload("POST", "references", file=SCHEMA, body=BODY).status == 409
    assert world.send("DELETE", "references/mine").status == 204
    assert world.send("GET", "references/mine").status == 404
    assert world.api.get(url.removeprefix(base)).status == 200


def test_a_schema_and_a_reference_may_have_the_same_id(world: World) -> None:
    world.reference("mine", SCHEMA)
    world.schema("mine", {"key": "a", "name": {"en": "A"}, "type": "TEXT", "metadata": {}})
    assert world.send("DELETE", "schemas/mine").status == 204
    assert world.send("GET", "references/mine").status == 200


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"body": BODY}, "file"),
        ({"file": SCHEMA}, "body"),
        ({"file": {"type": 5}, "body": BODY}, "file"),
        ({"file": ["x"], "body": BODY}, "file"),
        ({"file": SCHEMA, "body": {"name": {"en": "X"}}}, "body.types"),
        ({"file": SCHEMA, "body": {**BODY, "types": ["SPACESHIP"]}}, "types"),
        ({"file": SCHEMA, "body": {**BODY, "name": {"fr": "X"}}}, "name"),
        ({"file": SCHEMA, "body": {**BODY, "id": "a b"}}, "id"),
        ({"file": {"title": "x" * 600_000}, "body": BODY}, "file"),
    ],
)
def test_what_is_no_reference_is_refused(world: World, parts: dict[str, Any], field: str) -> None:
    with world.api.unchanged():
        refused = world.upload("POST", "references", **parts)
    assert refused.status == 400
    assert refused.json["details"][0]["field"] == field


def test_a_form_that_breaks_off_is_refused(world: World) -> None:
    whole = form(file=SCHEMA, body=BODY)
    for body in (whole[:40], b"", b"--x", whole.replace(b"name=", b"nome=")):
        media = "multipart/form-data; boundary=xxBOUNDARYxx"
        with world.api.unchanged():
            assert world.send("POST", "references", body, content_type=media).status == 400
    with world.api.unchanged():
        assert world.send("POST", "references", whole, content_type="multipart/form-data").status == 400
        reader = world.api.with_scopes("schema.schema_read")
        assert world.upload("POST", "references", reader, file=SCHEMA, body=BODY).status == 403
