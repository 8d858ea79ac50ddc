"""Templates: versions, what they may define, and what products that follow them must keep to."""

from __future__ import annotations

from typing import Any

import pytest

from services.product.shirts import PARENT, SHIRT
from support.api import Api, new_tenant

TEMPLATES = "/product/{tenant}/product-templates"
PRODUCTS = "/product/{tenant}/products"


def attribute(key: str = "grip", type: str = "TEXT", **more: Any) -> dict[str, Any]:
    metadata = {
        name: more.pop(name) for name in ("mandatory", "variantAttribute", "defaultValue") if name in more
    }
    return {"key": key, "name": {"en": key}, "type": type, "metadata": metadata, **more}


def template(*attributes: dict[str, Any], id: str = "mug") -> dict[str, Any]:
    return {"id": id, "name": {"en": "Mug", "de": "Becher"}, "attributes": list(attributes)}


def mug(**fields: Any) -> dict[str, Any]:
    return {"id": "a", "code": "A", "name": "a", "template": {"id": "mug", "version": 1}, **fields}


def test_a_template_is_read_back_with_the_addresses_of_its_schemas(api: Api) -> None:
    created = api.post(TEMPLATES, SHIRT)
    assert (created.status, created.json) == (201, {"id": "shirt"})
    read = api.get(f"{TEMPLATES}/shirt").json
    metadata = read.pop("metadata")
    assert read == SHIRT
    assert metadata["version"] == 1
    for name in ("variantAttributesSchema", "templateAttributesSchema"):
        path = metadata[name].removeprefix(api.server.settings.base_url)
        schema = api.as_(None).get(path).json
        assert schema["additionalProperties"] is False
        assert set(schema["properties"]) == ({"color", "size"} if name.startswith("variant") else {"fabric"})
    assert api.as_(None).get(f"{TEMPLATES}/shirt/versions/2/productVariantAttributes.json").status == 404
    assert api.as_(None).get(f"{TEMPLATES}/shirt/versions/1/other.json").status == 404
    assert api.as_(None).get(f"{TEMPLATES}/shirt/versions/x/productVariantAttributes.json").status == 404


def test_every_put_makes_a_version_and_the_old_ones_stay(api: Api) -> None:
    api.post(TEMPLATES, template(attribute()))
    body = {**template(attribute("colour")), "metadata": {"version": 1}}
    assert api.put(f"{TEMPLATES}/mug", body).status == 204
    # One that changes nothing makes a version as well.
    assert api.put(f"{TEMPLATES}/mug", {**body, "metadata": {"version": 2}}).status == 204
    assert [
        api.get(f"{TEMPLATES}/mug{query}").json["attributes"][0]["key"]
        for query in ("?version=1", "?version=2", "?version=3", "")
    ] == ["grip", "colour", "colour", "colour"]
    assert api.get(f"{TEMPLATES}/mug").json["metadata"]["version"] == 3
    with api.unchanged():
        assert api.get(f"{TEMPLATES}/mug?version=4").status == 404
        assert api.put(f"{TEMPLATES}/mug", body).status == 409
        assert api.put(f"{TEMPLATES}/mug", template(attribute())).status == 400
        assert api.put(f"{TEMPLATES}/ghost", body).status == 404
        assert api.post(TEMPLATES, template()).status == 409


def test_a_template_goes_only_when_no_product_follows_it(tees: Api) -> None:
    with tees.unchanged():
        refused = tees.delete(f"{TEMPLATES}/shirt")
    assert (refused.status, "tee" in refused.json["message"]) == (409, True)
    assert tees.delete(f"{PRODUCTS}/tee?force=true").status == 204
    assert tees.delete(f"{TEMPLATES}/shirt").status == 204
    assert tees.get(f"{TEMPLATES}/shirt").status == 404
    assert tees.get(f"{TEMPLATES}/shirt?version=1").status == 404
    assert tees.delete(f"{TEMPLATES}/shirt").status == 404


def test_lists_find_by_a_name_in_any_language(api: Api, server: Any) -> None:
    api.post(TEMPLATES, template(attribute()))
    new_tenant(server).post(TEMPLATES, SHIRT)
    for q in ('name:"Becher"', "name.en:Mug", "id:mug", "metadata.version:1"):
        assert [each["id"] for each in api.get(f"{TEMPLATES}?q={q}").json] == ["mug"], q
    assert api.get(f"{TEMPLATES}?q=name:Tasse").json == []
    shown = api.get(TEMPLATES, accept_language="de").json[0]
    assert (shown["name"], shown["attributes"][0]["name"]) == ({"de": "Becher"}, {})


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        ([attribute("a b")], "attributes[0].key"),
        ([attribute(), attribute()], "attributes[1].key"),
        ([attribute(type="COLOUR")], "attributes[0].type"),
        ([attribute(variantAttribute=True)], "attributes[0].values"),
        ([attribute(type="NUMBER", values=[{"key": "x"}])], "attributes[0].values[0].key"),
        ([attribute(values=[{"key": "x"}, {"key": "x"}])], "attributes[0].values[1].key"),
        ([attribute(type="BOOLEAN", defaultValue="yes")], "attributes[0].metadata.defaultValue"),
        ([attribute(type="DATETIME", defaultValue="monday")], "attributes[0].metadata.defaultValue"),
        ([attribute(defaultValue="y", values=[{"key": "x"}])], "attributes[0].metadata.defaultValue"),
        ([attribute(name={"ru": "x"})], "attributes[0].name"),
        ([{"key": "x"}], "attributes[0].name"),
    ],
)
def test_bad_attributes_are_refused(api: Api, attributes: list[Any], field: str) -> None:
    with api.unchanged():
        answer = api.post(TEMPLATES, template(*attributes))
    assert answer.status == 400
    assert any(detail.startswith(field) for detail in answer.json["details"]), answer.json


def test_products_keep_to_their_template(api: Api) -> None:
    first = attribute("grip", mandatory=True, values=[{"key": "left"}, {"key": "right"}])
    second = attribute("height", "NUMBER", defaultValue=9.5)
    api.post(TEMPLATES, template(first, second))
    with api.unchanged():
        for values, field in (
            ({}, "productTemplateAttributes.grip: is mandatory"),
            ({"grip": "middle"}, "productTemplateAttributes.grip: must be one of left, right"),
            ({"grip": "left", "height": "tall"}, "productTemplateAttributes.height: must be a NUMBER"),
            ({"grip": "left", "depth": 1}, "productTemplateAttributes.depth: is no attribute"),
        ):
            answer = api.post(PRODUCTS, mug(mixins={"productTemplateAttributes": values}))
            assert (answer.status, answer.json["details"][0][: len(field) + 7]) == (400, f"mixins.{field}"), (
                values
            )
        for choice in ({"id": "mug", "version": 2}, {"id": "cup", "version": 1}):
            answer = api.post(PRODUCTS, mug(template=choice))
            assert answer.json["details"][0].startswith("template: there is no template")
    values = {"productTemplateAttributes": {"grip": "left"}}
    assert api.post(PRODUCTS, mug(mixins=values)).status == 201
    read = api.get(f"{PRODUCTS}/a").json
    assert read["template"] == {"id": "mug", "version": 1}
    assert read["mixins"] == {"productTemplateAttributes": {"grip": "left", "height": 9.5}}
    assert read["metadata"]["mixins"]["productTemplateAttributes"].endswith(
        "/product-templates/mug/versions/1/productTemplateAttributes.json"
    )
    # What was read may be sent back, and a product may move on to another version.
    assert api.put(f"{PRODUCTS}/a", read).status == 204
    api.put(f"{TEMPLATES}/mug", {**template(attribute("depth")), "metadata": {"version": 1}})
    later = mug(template={"id": "mug", "version": "2"}, mixins={"productTemplateAttributes": {"depth": "x"}})
    assert api.put(f"{PRODUCTS}/a", later).status == 204


def test_variant_attributes_are_for_parents(api: Api) -> None:
    api.post(TEMPLATES, SHIRT)
    with api.unchanged():
        answer = api.post(PRODUCTS, mug(template={"id": "shirt", "version": 1}))
        assert answer.json["details"] == [
            "template.id: has variant attributes, so only products of the types PARENT_VARIANT and VARIANT may use it"
        ]
        for chosen, field in (
            ({}, "variantAttributes"),
            ({"fabric": [{"key": "cotton"}]}, "variantAttributes.fabric"),
            ({"color": []}, "variantAttributes.color"),
            ({"color": [{"key": "PINK"}]}, "variantAttributes.color[0].key"),
            ({"color": [{"key": "RED"}, {"key": "RED"}]}, "variantAttributes.color[1].key"),
            ({"size": [{"key": True}]}, "variantAttributes.size[0].key"),
        ):
            answer = api.post(PRODUCTS, {**PARENT, "variantAttributes": chosen})
            assert (answer.status, answer.json["details"][0].split(":")[0]) == (400, field)
        bare = {name: value for name, value in PARENT.items() if name != "template"}
        assert api.post(PRODUCTS, bare).json["details"] == ["template: is required of a parent of variants"]


def test_templates_take_scopes_of_their_own(api: Api) -> None:
    api.post(TEMPLATES, SHIRT)
    reader = api.with_scopes("product.product_template_read")
    assert reader.get(f"{TEMPLATES}/shirt").status == 200
    with api.unchanged():
        assert reader.post(TEMPLATES, template()).status == 403
        assert api.with_scopes("product.product_manage").get(TEMPLATES).status == 403
