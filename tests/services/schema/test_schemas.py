"""Schemas: their versions, the documents that they publish, and the types that they are for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.schema.world import World, attribute, values
from support.api import new_tenant

WEIGHT = attribute("weight", "NUMBER", required=True)
SIZE = attribute("size", "ENUM", values=values("S", "M"))


def document(world: World, url: str) -> Any:
    """A published document, asked for without a token."""
    answer = world.api.as_(None).get(url.removeprefix(world.api.server.settings.base_url))
    assert answer.status == 200, answer.json
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    return answer.json


def test_a_schema_is_published_by_version(world: World) -> None:
    first = world.schema("extra", WEIGHT)
    told = world.send("GET", "schemas/extra").json
    base = world.api.server.settings.base_url
    assert first == f"{base}/schema/{world.api.tenant}/documents/extra_v1.json"
    flags = {"readOnly": False, "localized": False, "required": True, "nullable": False}
    assert told["attributes"] == [{**WEIGHT, "metadata": flags}]
    assert (told["types"], told["metadata"]["version"]) == (["PRODUCT"], 1)
    shown = document(world, first)
    assert shown == {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Extra",
        "type": "object",
        "properties": {"weight": {"type": "integer", "title": "Weight"}},
        "required": ["weight"],
    }
    body = {
        "name": {"en": "Extra"},
        "types": ["PRODUCT"],
        "attributes": [WEIGHT, SIZE],
        "metadata": {"version": 1},
    }
    assert world.send("PUT", "schemas/extra", body).status == 204
    second = world.url("extra")
    assert second == first.replace("_v1", "_v2")
    assert set(document(world, second)["properties"]) == {"weight", "size"}
    assert document(world, first) == shown
    old = world.send("GET", "schemas/extra?version=1").json
    assert (old["metadata"]["url"], len(old["attributes"])) == (first, 1)
    with world.api.unchanged():
        assert world.send("PUT", "schemas/extra", body).status == 409
        assert world.send("PUT", "schemas/extra", {**body, "metadata": {}}).status == 400
        assert world.send("PUT", "schemas/nothing", body).status == 404
        assert world.send("POST", "schemas", {**body, "id": "extra"}).status == 409
        assert world.send("GET", "schemas/extra?version=3").status == 404


def test_what_was_published_stays_when_the_schema_is_deleted_and_made_anew(world: World) -> None:
    first = world.schema("extra", WEIGHT)
    shown = document(world, first)
    assert world.send("DELETE", "schemas/extra").status == 204
    assert world.send("GET", "schemas/extra").status == 404
    assert document(world, first) == shown
    second = world.schema("extra", SIZE)
    assert second == first.replace("_v1", "_v2")
    assert world.send("GET", "schemas/extra").json["metadata"]["version"] == 1
    assert document(world, first) == shown
    with world.api.unchanged():
        assert world.send("DELETE", "schemas/nothing").status == 404


def test_one_version_may_be_deleted_alone(world: World) -> None:
    world.schema("extra", WEIGHT)
    body = {"name": {"en": "Extra"}, "types": [], "attributes": [SIZE], "metadata": {"version": 1}}
    assert world.send("PUT", "schemas/extra", body).status == 204
    assert world.send("DELETE", "schemas/extra?version=2").status == 204
    assert world.send("GET", "schemas/extra").json["metadata"]["version"] == 1
    assert world.send("PUT", "schemas/extra", body).status == 204
    assert world.url("extra").endswith("extra_v3.json")


@pytest.mark.parametrize(
    "path", ["extra_v2.json", "extra_v0.json", "extra_v99999999999.json", "extra", "references/extra_v1.json"]
)
def test_what_is_not_published_is_not_found(world: World, path: str) -> None:
    world.schema("extra", WEIGHT)
    assert world.send("GET", f"documents/{path}", api=world.api.as_(None)).status == 404


def test_a_document_is_found_under_its_own_tenant_only(world: World) -> None:
    url = world.schema("extra", WEIGHT)
    other = new_tenant(world.api.server)
    path = url.removeprefix(world.api.server.settings.base_url).replace(world.api.tenant, other.tenant)
    assert other.as_(None).get(path).status == 404


# Types


def test_types_of_any_version_can_be_changed_and_publish_nothing(world: World) -> None:
    world.schema("extra", WEIGHT)
    world.schema("other", SIZE, types=("CART", "ORDER"))
    body = {"name": {"en": "Extra"}, "types": ["ORDER"], "attributes": [SIZE], "metadata": {"version": 1}}
    world.send("PUT", "schemas/extra", body)
    assert world.send("GET", "types").json == ["CART", "ORDER", "PRODUCT"]

    def of(type: str) -> list[tuple[str, int]]:
        found = world.send("GET", f"schemas?type={type}").json
        return [(each["id"], each["metadata"]["version"]) for each in found]

    assert (of("PRODUCT"), of("ORDER")) == ([("extra", 1)], [("extra", 2), ("other", 1)])
    for mode, named, left in (
        ("ADD", ["CART", "ORDER"], ["ORDER", "CART"]),
        ("REMOVE", ["ORDER"], ["CART"]),
        ("REPLACE", ["PRODUCT", "PRODUCT"], ["PRODUCT"]),
    ):
        assert world.send("PUT", f"schemas/extra/types?version=2&mode={mode}", named).status == 204
        assert world.send("GET", "schemas/extra").json["types"] == left
    assert world.send("PUT", "schemas/extra/types?version=1", ["SITE"]).status == 204
    assert of("SITE") == [("extra", 1)]
    assert world.send("GET", "schemas/extra").json["metadata"]["version"] == 2
    with world.api.unchanged():
        assert world.send("PUT", "schemas/extra/types?version=3", ["SITE"]).status == 404
        assert world.send("PUT", "schemas/extra/types", ["SITE"]).status == 400
        refused = world.send("PUT", "schemas/extra/types?version=2", ["SPACESHIP"])
        assert refused.status == 400
        assert refused.json["details"][0]["field"] == "types"


def test_lists_are_paged_searched_and_counted(world: World) -> None:
    for id in ("a", "b", "c"):
        world.schema(id, WEIGHT)
    with world.api.statements(2):
        answer = world.send("GET", "schemas?pageSize=2&sort=id:desc&fields=id", x_total_count="true")
    assert (answer.json, answer.headers["x-total-count"]) == ([{"id": "c"}, {"id": "b"}], "3")
    assert [each["id"] for each in world.send("GET", "schemas?q=name.en:B").json] == ["b"]
    assert [each["id"] for each in world.send("GET", "schemas?q=id:(a,c)%20types:PRODUCT").json] == ["a", "c"]
    assert world.send("GET", "schemas?q=nothing:x").status == 400


def test_texts_are_in_the_languages_of_the_tenant(world: World) -> None:
    named = {**attribute("note"), "name": {"en": "Note", "de": "Notiz"}, "description": {"de": "Text"}}
    world.schema("extra", named)
    told = world.send("GET", "schemas/extra", accept_language="de").json["attributes"][0]
    assert (told["name"], told["description"]) == ({"de": "Notiz"}, {"de": "Text"})
    body = {"name": {"en": "X"}, "types": [], "attributes": [{**attribute("a"), "name": {"fr": "N"}}]}
    with world.api.unchanged():
        refused = world.send("POST", "schemas", body)
        assert refused.json["details"][0]["field"] == "attributes.a.name"
        assert world.send("POST", "schemas", {**body, "name": {"fr": "X"}}).status == 400
        unsupported = world.send("POST", "schemas", body, content_language="fr")
        assert unsupported.json["message"] == "Language header validation failed."


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (attribute("a b"), "key"),
        (attribute("a", "SOUND"), "type"),
        (attribute("a", "ENUM"), "values"),
        (attribute("a", "ENUM", values=values("S", "S")), "values"),
        (attribute("a", values=values("S")), "values"),
        (attribute("a", "BOOLEAN", required=True), "metadata.required"),
        (attribute("a", "NUMBER", localized=True), "metadata.localized"),
        (attribute("a", "ARRAY"), "arrayType"),
        (attribute("a", "ARRAY", arrayType={"type": "ARRAY"}), "arrayType.type"),
        (attribute("a", "ARRAY", arrayType={"type": "DATE", "localized": True}), "arrayType.localized"),
        (attribute("a", "ARRAY", arrayType={"type": "ENUM"}), "arrayType.values"),
        (attribute("a", arrayType={"type": "TEXT"}), "arrayType"),
        (attribute("a", "OBJECT"), "attributes"),
        (attribute("a", attributes=[attribute("b")]), "attributes"),
        (attribute("a", "OBJECT", attributes=[attribute("b"), attribute("b")]), "attributes[1].key"),
        (attribute("a", precision=0.1), "precision"),
        (attribute("a", "DECIMAL", precision=0.5), "precision"),
        (attribute("a", "DECIMAL", precision=1), "precision"),
    ],
)
def test_what_an_attribute_can_not_say(world: World, wrong: dict[str, Any], field: str) -> None:
    body = {"name": {"en": "X"}, "types": ["PRODUCT"], "attributes": [attribute("first"), wrong]}
    with world.api.unchanged():
        refused = world.send("POST", "schemas", body)
    assert refused.status == 400
    assert f"attributes[1].{field}" in {each["field"] for each in refused.json["details"]}


def test_a_reference_attribute_is_for_custom_types(world: World) -> None:
    world.type("CAR")
    wheel = attribute("wheel", "REFERENCE", values=values("PRODUCT", "CAR"))
    body = {"name": {"en": "X"}, "types": ["CAR", "CUSTOM_ENTITY"], "attributes": [wheel]}
    assert world.send("POST", "schemas", {**body, "id": "x"}).status == 201
    with world.api.unchanged():
        refused = world.send("PUT", "schemas/x/types?version=1&mode=ADD", ["PRODUCT"])
        assert refused.status == 400
        assert "custom types only" in refused.json["details"][0]["message"]
        assert world.send("POST", "schemas", {**body, "types": ["PRODUCT"]}).status == 400
        nowhere = attribute("wheel", "REFERENCE", values=values("SHIP"))
        assert world.send("POST", "schemas", {**body, "attributes": [nowhere]}).status == 400


def test_ids_that_are_paths_or_no_ids_are_refused(world: World) -> None:
    body = {"name": {"en": "X"}, "types": [], "attributes": [WEIGHT]}
    with world.api.unchanged():
        for id in ("file", "a b", "x" * 67):
            assert world.send("POST", "schemas", {**body, "id": id}).status == 400
    made = world.send("POST", "schemas", body).json["id"]
    assert world.send("GET", f"schemas/{made}").status == 200


# Files


def test_a_file_is_parsed_into_attributes(world: World) -> None:
    url = world.schema("extra", {**WEIGHT, "name": {"en": "Heavy", "de": "Schwer"}}, SIZE)
    reader = world.api.as_anonymous()
    parsed = world.upload("POST", "schemas/file", reader, file=document(world, url), id=b"extra")
    told = world.send("GET", "schemas/extra").json
    assert parsed.json == {
        "id": "extra",
        "name": {"en": "Extra"},
        "attributes": told["attributes"],
        "metadata": {"version": 1},
    }
    again = {**parsed.json, "types": ["PRODUCT"]}
    assert world.send("PUT", "schemas/extra", again).status == 204
    alone = world.upload("POST", "schemas/file", file={"properties": {"a": {"type": "string"}}}).json
    assert [each["key"] for each in alone["attributes"]] == ["a"]
    assert alone.keys() == {"attributes"}


@pytest.mark.parametrize(
    ("file", "field"),
    [
        (b"no json", None),
        ([], "file"),
        ({"type": "array"}, "file"),
        ({"properties": {}}, "file.properties"),
        ({"properties": {"a": {"type": "string", "pattern": "x"}}}, "file.properties.a"),
        ({"properties": {"a": {"oneOf": []}}}, "file.properties.a"),
        ({"properties": {"a b": {"type": "string"}}}, "file[0].key"),
        (
            {"properties": {"a": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}}},
            "file.properties.a.items",
        ),
        ({"properties": {"a": {"type": "number", "multipleOf": 0}}}, "file.properties.a.multipleOf"),
    ],
)
def test_what_attributes_can_not_say_is_refused(world: World, file: Any, field: str | None) -> None:
    with world.api.unchanged():
        refused = world.upload("POST", "schemas/file", file=file)
    assert refused.status == 400
    assert field is None or refused.json["details"][0]["field"] == field


def test_a_form_needs_its_parts(world: World) -> None:
    with world.api.unchanged():
        assert world.upload("POST", "schemas/file", id=b"extra").json["details"][0]["field"] == "file"
        assert (
            world.upload(
                "POST", "schemas/file", file={"properties": {"a": {"type": "string"}}}, id=b"nope"
            ).status
            == 404
        )
        assert world.send("POST", "schemas/file", {"properties": {}}).status == 415
        large = json.dumps({"properties": {"a": {"type": "string", "title": "x" * 11_000_000}}}).encode()
        assert world.upload("POST", "schemas/file", file=large).status == 413
