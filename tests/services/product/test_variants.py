"""Variants: generation, inheritance, what is overridden, and deletion with their parent."""

from __future__ import annotations

from typing import Any

import pytest

from services.product.shirts import PARENT, SHIRT, variants_of
from support.api import Api

PRODUCTS = "/product/{tenant}/products"
TEMPLATES = "/product/{tenant}/product-templates"
FOUR = ["GREEN-1", "GREEN-2", "RED-1", "RED-2"]


def values(color: str, size: int) -> dict[str, Any]:
    return {"productVariantAttributes": {"color": color, "size": size}}


def variant(color: str, size: int, **fields: Any) -> dict[str, Any]:
    return {
        "code": f"{color}{size}",
        "name": "own name",
        "productType": "VARIANT",
        "parentVariantId": "tee",
        "mixins": values(color, size),
        **fields,
    }


def test_a_parent_makes_a_variant_of_every_combination(tees: Api) -> None:
    found = variants_of(tees)
    assert sorted(found) == FOUR
    red = found["RED-1"]
    assert red["id"].startswith("tee--")
    assert (red["code"], red["name"], red["published"]) == ("TEE-RED-1", {"en": "Tee"}, True)
    assert (red["productType"], red["parentVariantId"]) == ("VARIANT", "tee")
    assert red["template"] == {"id": "shirt", "version": 1}
    assert red["mixins"]["productTemplateAttributes"] == {"fabric": "cotton"}
    assert red["metadata"]["mixins"]["productVariantAttributes"].endswith("productVariantAttributes.json")
    assert "variantAttributes" not in red
    created = [event["id"] for event in tees.events("product.created")]
    assert created[0] == "tee"
    assert sorted(created[1:]) == sorted(each["id"] for each in found.values())


def test_skip_variant_generation(api: Api) -> None:
    api.post(TEMPLATES, SHIRT)
    assert api.post(f"{PRODUCTS}?skipVariantGeneration=true", PARENT).status == 201
    assert variants_of(api) == {}
    assert api.put(f"{PRODUCTS}/tee", PARENT).status == 204
    assert sorted(variants_of(api)) == FOUR


def test_new_values_make_new_variants_and_deleted_ones_stay_away(tees: Api) -> None:
    gone = variants_of(tees)["RED-2"]["id"]
    assert tees.delete(f"{PRODUCTS}/{gone}").status == 204
    more = {**PARENT["variantAttributes"], "color": [{"key": "RED"}, {"key": "GREEN"}, {"key": "BLUE"}]}
    assert tees.patch(f"{PRODUCTS}/tee?skipVariantGeneration=true", {"variantAttributes": more}).status == 204
    assert sorted(variants_of(tees)) == ["GREEN-1", "GREEN-2", "RED-1"]
    tees.patch(f"{PRODUCTS}/tee", {"variantAttributes": PARENT["variantAttributes"]})
    tees.patch(f"{PRODUCTS}/tee", {"variantAttributes": more})
    assert sorted(variants_of(tees)) == ["BLUE-1", "BLUE-2", "GREEN-1", "GREEN-2", "RED-1"]


def test_a_value_that_a_variant_has_cannot_be_taken_away(tees: Api) -> None:
    fewer = {**PARENT["variantAttributes"], "color": [{"key": "RED"}]}
    with tees.unchanged():
        answer = tees.patch(f"{PRODUCTS}/tee", {"variantAttributes": fewer})
    assert answer.json["details"][0].startswith(
        "variantAttributes.color: must keep 'GREEN', which the variant tee--"
    )
    for each in ("GREEN-1", "GREEN-2"):
        tees.delete(f"{PRODUCTS}/{variants_of(tees)[each]['id']}")
    assert tees.patch(f"{PRODUCTS}/tee", {"variantAttributes": fewer}).status == 204


def test_variants_follow_their_parent(tees: Api) -> None:
    change = {
        "name": {"de": "Hemd"},
        "published": False,
        "brandId": "b",
        "taxClasses": {"DE": "STANDARD"},
        "mixins": {"care": {"wash": 30, "iron": True}, "productTemplateAttributes": {"fabric": "linen"}},
    }
    assert tees.patch(f"{PRODUCTS}/tee", change).status == 204
    for each in variants_of(tees).values():
        assert each["name"] == {"en": "Tee", "de": "Hemd"}
        assert (each["published"], each["brandId"], each["taxClasses"]) == (False, "b", {"DE": "STANDARD"})
        assert each["mixins"]["care"] == {"wash": 30, "iron": True}
        assert each["mixins"]["productTemplateAttributes"] == {"fabric": "linen"}
        assert each["metadata"]["version"] == 2
    updated = tees.events("product.updated")
    assert updated[0]["id"] == "tee"
    assert len(updated) == 5
    assert all(event["brandId"] == "b" and event["tenant"] == tees.tenant for event in updated)
    # A change that does not concern them leaves them alone.
    tees.patch(f"{PRODUCTS}/tee", {"code": "TEE-2"})
    assert {each["metadata"]["version"] for each in variants_of(tees).values()} == {2}
    assert len(tees.events("product.updated")) == 6


def test_what_is_overridden_stays(tees: Api) -> None:
    id = variants_of(tees)["RED-1"]["id"]
    tees.patch(f"{PRODUCTS}/tee", {"mixins": {"care": {"wash": 30, "iron": True}}})
    body = {
        "name": {"en": "Red tee"},
        "published": False,
        "brandId": "ignored, since it is not overridden",
        "mixins": {"care": {"wash": 60}},
        "metadata": {"overridden": ["name", "published", "mixins.care.wash"]},
    }
    assert tees.patch(f"{PRODUCTS}/{id}", body).status == 204
    tees.patch(
        f"{PRODUCTS}/tee", {"brandId": "b", "name": {"en": "Shirt"}, "mixins": {"care": {"iron": False}}}
    )
    read = tees.get(f"{PRODUCTS}/{id}").json
    assert (read["name"], read["published"], read["brandId"]) == ({"en": "Red tee"}, False, "b")
    assert read["mixins"]["care"] == {"wash": 60, "iron": False}
    assert read["mixins"]["productVariantAttributes"] == {"color": "RED", "size": 1}
    assert read["metadata"]["overridden"] == ["name", "published", "mixins.care.wash"]
    # No longer overridden, it is the parent's again.
    tees.patch(f"{PRODUCTS}/{id}", {"metadata": {"overridden": []}})
    read = tees.get(f"{PRODUCTS}/{id}").json
    assert (read["name"], read["published"]) == ({"en": "Shirt"}, True)
    assert read["mixins"]["care"] == {"wash": 30, "iron": False}
    assert "overridden" not in read["metadata"]


def test_what_was_read_of_a_variant_can_be_sent_back(tees: Api) -> None:
    id = variants_of(tees)["RED-1"]["id"]
    tees.patch(f"{PRODUCTS}/{id}", {"published": False, "metadata": {"overridden": ["published"]}})
    read = tees.get(f"{PRODUCTS}/{id}").json
    assert tees.put(f"{PRODUCTS}/{id}", read).status == 204
    again = tees.get(f"{PRODUCTS}/{id}").json
    assert again.pop("metadata")["overridden"] == ["published"]
    del read["metadata"]
    assert again == read


@pytest.mark.parametrize(
    "path", ["id", "code", "template", "variantAttributes.color", "name.en", "mixins..x", "", "metadata"]
)
def test_what_cannot_be_overridden(tees: Api, path: str) -> None:
    id = variants_of(tees)["RED-1"]["id"]
    with tees.unchanged():
        answer = tees.patch(f"{PRODUCTS}/{id}", {"metadata": {"overridden": [path]}})
    assert answer.json["details"][0].startswith("metadata.overridden[0]: ")


def test_raw_value_false_leaves_out_what_is_inherited(tees: Api) -> None:
    id = variants_of(tees)["RED-1"]["id"]
    body = {"published": False, "metadata": {"overridden": ["published"]}}
    tees.patch(f"{PRODUCTS}/{id}", body)
    raw = tees.get(f"{PRODUCTS}/{id}?rawValue=false").json
    assert raw["mixins"] == values("RED", 1)
    assert raw["published"] is False
    assert "template" not in raw
    whole = tees.get(f"{PRODUCTS}/{id}?rawValue=true").json
    assert whole == tees.get(f"{PRODUCTS}/{id}").json
    assert whole["template"] == {"id": "shirt", "version": 1}
    found = tees.get(f"{PRODUCTS}?q=id:({id},tee)&rawValue=false").json
    assert [("template" in each) for each in found] == [True, False]


def test_variants_can_be_made_by_hand(tees: Api) -> None:
    id = variants_of(tees)["RED-2"]["id"]
    tees.delete(f"{PRODUCTS}/{id}")
    created = tees.post(PRODUCTS, variant("RED", 2, id="mine"))
    assert (created.status, created.json["id"]) == (201, "tee--mine")
    assert tees.get(f"{PRODUCTS}/tee--mine").json["name"] == {"en": "Tee"}
    assert tees.put(f"{PRODUCTS}/tee--mine", variant("RED", 2, code="OTHER")).status == 204
    tees.delete(f"{PRODUCTS}/tee--mine")
    body = {name: value for name, value in variant("RED", 2).items() if name != "parentVariantId"}
    assert tees.put(f"{PRODUCTS}/tee--again", body).status == 201
    assert tees.get(f"{PRODUCTS}/tee--again").json["parentVariantId"] == "tee"


def test_bad_variants_are_refused(tees: Api) -> None:
    tees.post(PRODUCTS, {"id": "basic", "code": "BASIC", "name": "b"})
    taken = variants_of(tees)["RED-1"]["id"]
    mixin = "mixins.productVariantAttributes"
    cases = [
        (variant("RED", 1), f"{mixin}: the variant {taken} has these values already"),
        (variant("PINK", 1), f"{mixin}.color: 'PINK' is not among the parent's variantAttributes"),
        (variant("RED", 1, mixins={}), f"{mixin}.color: is required"),
        (variant("RED", 1, parentVariantId="ghost"), "parentVariantId: there is no product 'ghost'"),
        (variant("RED", 1, parentVariantId="basic"), "parentVariantId: BASIC is the type of 'basic'"),
        (variant("RED", 1, parentVariantId=None), "parentVariantId: is required"),
        (variant("RED", 1, id="x" * 33), "id: must not have more than 32 characters"),
    ]
    with tees.unchanged():
        for body, text in cases:
            answer = tees.post(PRODUCTS, body)
            assert answer.status == 400
            assert answer.json["details"][0].startswith(text), answer.json
        answer = tees.put(f"{PRODUCTS}/mine", variant("RED", 2))
        assert answer.json["details"] == ["id: the id of a variant starts with its parent's; use tee--mine"]
        assert tees.put(f"{PRODUCTS}/{'x' * 33}", {"code": "C", "name": "n"}).status == 400


def test_a_parent_goes_with_its_variants_by_force_only(tees: Api) -> None:
    with tees.unchanged():
        refused = tees.delete(f"{PRODUCTS}/tee")
    assert refused.json["details"] == [
        "force: must be true: the product has 4 variants, which are deleted with it"
    ]
    with tees.statements(14):
        assert tees.delete(f"{PRODUCTS}/tee?force=true").status == 204
    assert tees.get(PRODUCTS).json == []
    assert len(tees.events("product.deleted")) == 5


def test_parents_and_their_variants_in_one_bulk(api: Api) -> None:
    api.post(TEMPLATES, SHIRT)
    items = [
        variant("RED", 1, id="tee--a"),
        PARENT,
        variant("RED", 1, id="tee--b", code="TWIN"),
        variant("GREEN", 2, id="x"),
    ]
    answer = api.post(f"{PRODUCTS}/bulk?skipVariantGeneration=true", items)
    assert [entry["code"] for entry in answer.json] == [201, 201, 400, 201]
    assert [entry["id"] for entry in answer.json] == ["tee--a", "tee", "tee--b", "tee--x"]
    assert sorted(variants_of(api)) == ["GREEN-2", "RED-1"]


def test_too_many_combinations_are_refused(api: Api) -> None:
    keys = [{"key": at} for at in range(50)]
    attributes = [
        {
            "key": name,
            "name": {"en": name},
            "type": "NUMBER",
            "metadata": {"variantAttribute": True},
            "values": keys,
        }
        for name in ("x", "y")
    ]
    api.post(TEMPLATES, {**SHIRT, "attributes": attributes})
    parent = {**PARENT, "variantAttributes": {"x": keys, "y": keys}}
    with api.unchanged():
        answer = api.post(PRODUCTS, parent)
    assert "skipVariantGeneration=true" in answer.json["details"][0]
    assert api.post(f"{PRODUCTS}?skipVariantGeneration=true", parent).status == 201


def test_a_parent_with_a_hundred_variants_is_written_as_a_set(api: Api) -> None:
    keys = [{"key": at} for at in range(10)]
    attributes = [
        {
            "key": name,
            "name": {"en": name},
            "type": "NUMBER",
            "metadata": {"variantAttribute": True},
            "values": keys,
        }
        for name in ("x", "y")
    ]
    api.post(TEMPLATES, {**SHIRT, "attributes": attributes})
    with api.statements(20):
        assert api.post(PRODUCTS, {**PARENT, "variantAttributes": {"x": keys, "y": keys}}).status == 201
    with api.statements(16):
        assert api.patch(f"{PRODUCTS}/tee", {"brandId": "b"}).status == 204
    assert len(api.events("product.updated")) == 101
    assert len(api.get(f"{PRODUCTS}?q=brandId:b&pageSize=200").json) == 101


def test_a_taken_code_gives_way_to_the_id(api: Api) -> None:
    api.post(TEMPLATES, SHIRT)
    api.post(PRODUCTS, {"id": "other", "code": "TEE-RED-1", "name": "x"})
    api.post(PRODUCTS, PARENT)
    red = variants_of(api)["RED-1"]
    assert red["code"] == red["id"]


def test_expanding_template_and_parent(tees: Api) -> None:
    id = variants_of(tees)["RED-1"]["id"]
    read = tees.get(f"{PRODUCTS}/{id}?expand=template,parentVariant,brand,labels", accept_language="en").json
    assert (read["template"]["id"], read["template"]["name"]) == ("shirt", {"en": "T-shirt"})
    assert (read["parentVariant"]["id"], read["parentVariant"]["name"]) == ("tee", "Tee")
    with tees.statements(6):
        listed = tees.get(f"{PRODUCTS}?expand=template,parentVariant").json
    assert {each["template"]["metadata"]["version"] for each in listed} == {1}
    assert ["parentVariant" in each for each in listed] == [False, True, True, True, True]
    # A hidden parent is shown to nobody who could not read it.
    tees.patch(f"{PRODUCTS}/{id}", {"metadata": {"overridden": ["published"]}})
    tees.patch(f"{PRODUCTS}/tee", {"published": False})
    shown = tees.as_anonymous().get(f"{PRODUCTS}/{id}?expand=parentVariant").json
    assert "parentVariant" not in shown
    assert shown["parentVariantId"] == "tee"


def test_publishing_variants_takes_the_scope(tees: Api) -> None:
    manager = tees.with_scopes("product.product_manage")
    id = variants_of(tees)["RED-1"]["id"]
    with tees.unchanged():
        assert manager.patch(f"{PRODUCTS}/tee", {"published": False}).status == 403
        body = {"published": False, "metadata": {"overridden": ["published"]}}
        assert manager.patch(f"{PRODUCTS}/{id}", body).status == 403
    assert manager.patch(f"{PRODUCTS}/{id}", {"published": False, "code": "X"}).status == 204
    assert tees.get(f"{PRODUCTS}/{id}").json["published"] is True
