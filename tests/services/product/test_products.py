"""One product at a time: create, read, replace, patch, delete, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api

PRODUCTS = "/product/{tenant}/products"
MUG: dict[str, Any] = {"id": "mug", "code": "MUG-1", "name": {"en": "Mug", "de": "Becher"}}
FULL: dict[str, Any] = {
    **MUG,
    "description": {"en": "Holds tea"},
    "productType": "BASIC",
    "published": True,
    "taxClasses": {"DE": "STANDARD", "FR": "REDUCED"},
    "brandId": "brand-1",
    "labelIds": ["new", "eco"],
    "vendor": {"id": "v1", "name": "Potter"},
    "vendorId": "v1",
    "weightDependent": False,
    "mixins": {"size": {"height": 9.5, "tags": ["a", "b"]}},
}


def yrn(api: Api, id: str) -> str:
    return f"urn:yaas:hybris:product:product:{api.tenant};{id}"


def test_a_created_product_is_read_back_whole(api: Api) -> None:
    created = api.post(PRODUCTS, FULL)
    assert (created.status, created.json) == (201, {"id": "mug", "yrn": yrn(api, "mug")})
    read = api.get(f"{PRODUCTS}/mug").json
    metadata = read.pop("metadata")
    assert read == {**FULL, "yrn": yrn(api, "mug"), "categoryIds": [], "customerSegmentIds": [], "media": []}
    assert metadata["version"] == 1
    assert metadata["createdAt"] == metadata["modifiedAt"]


def test_defaults_and_a_made_id(api: Api) -> None:
    id = api.post(PRODUCTS, {"code": "X", "name": "Thing"}).json["id"]
    assert 0 < len(id) <= 32
    read = api.get(f"{PRODUCTS}/{id}").json
    assert (read["productType"], read["published"], read["name"]) == ("BASIC", False, {"en": "Thing"})


def test_read_only_and_unknown_fields_are_ignored(api: Api) -> None:
    extra = {
        "yrn": "urn:x",
        "categoryIds": ["c"],
        "customerSegmentIds": ["s"],
        "media": [{"id": "m"}],
        "colour": "red",
        "metadata": {"version": 7, "createdAt": "1999-01-01T00:00:00Z"},
    }
    api.post(PRODUCTS, {**MUG, **extra})
    read = api.get(f"{PRODUCTS}/mug").json
    assert (read["categoryIds"], read["customerSegmentIds"], read["yrn"]) == ([], [], yrn(api, "mug"))
    assert read["metadata"]["version"] == 1
    assert "colour" not in read
    assert read["media"] == []


def test_what_was_read_can_be_sent_back(api: Api) -> None:
    api.post(PRODUCTS, FULL)
    read = api.get(f"{PRODUCTS}/mug").json
    assert api.put(f"{PRODUCTS}/mug", read).status == 204
    assert api.patch(f"{PRODUCTS}/mug", api.get(f"{PRODUCTS}/mug").json).status == 204
    again = api.get(f"{PRODUCTS}/mug").json
    assert again["metadata"].pop("version") == 3
    for each in (read, again):
        del each["metadata"]
    assert again == read


def test_put_creates_then_replaces_completely(api: Api) -> None:
    body = {name: value for name, value in FULL.items() if name != "id"}
    created = api.put(f"{PRODUCTS}/mug", body)
    assert (created.status, created.json) == (201, {"id": "mug", "yrn": yrn(api, "mug")})
    replaced = api.put(f"{PRODUCTS}/mug", {"code": "MUG-2", "name": {"en": "Cup"}})
    assert (replaced.status, replaced.body) == (204, b"")
    read = api.get(f"{PRODUCTS}/mug").json
    assert (read["code"], read["name"], read["published"]) == ("MUG-2", {"en": "Cup"}, False)
    assert not {"description", "mixins", "taxClasses", "labelIds"} & set(read)
    assert read["metadata"]["version"] == 2


def test_patch_merges(api: Api) -> None:
    api.post(PRODUCTS, FULL)
    body = {"brandId": None, "mixins": {"size": {"height": 10}, "care": {"wash": True}}, "labelIds": ["old"]}
    assert api.patch(f"{PRODUCTS}/mug", body).status == 204
    read = api.get(f"{PRODUCTS}/mug").json
    assert "brandId" not in read
    assert read["mixins"] == {"size": {"height": 10, "tags": ["a", "b"]}, "care": {"wash": True}}
    assert (read["labelIds"], read["code"], read["published"]) == (["old"], "MUG-1", True)


def test_delete(api: Api) -> None:
    api.post(PRODUCTS, MUG)
    assert api.delete(f"{PRODUCTS}/mug").status == 204
    missing = api.get(f"{PRODUCTS}/mug")
    assert missing.status == 404
    assert missing.json["message"] == "The product with id mug has not been found."
    with api.unchanged():
        assert api.delete(f"{PRODUCTS}/mug").status == 404
        assert api.patch(f"{PRODUCTS}/mug", {"code": "x"}).status == 404


def test_a_taken_id_or_code_is_a_conflict(api: Api) -> None:
    api.post(PRODUCTS, MUG)
    api.post(PRODUCTS, {"id": "cup", "code": "CUP-1", "name": "Cup"})
    with api.unchanged():
        assert api.post(PRODUCTS, {**MUG, "code": "OTHER"}).status == 409
        taken = api.post(PRODUCTS, {"code": "MUG-1", "name": "Another"})
        assert (taken.status, taken.json["message"]) == (409, "The code 'MUG-1' is taken by the product mug.")
        assert api.put(f"{PRODUCTS}/new", {"code": "MUG-1", "name": "x"}).status == 409
        assert api.put(f"{PRODUCTS}/cup", {"code": "MUG-1", "name": "x"}).status == 409
        assert api.patch(f"{PRODUCTS}/cup", {"code": "MUG-1"}).status == 409
    assert api.post(PRODUCTS, {"code": "mug-1", "name": "case matters"}).status == 201


def test_a_code_is_free_again_after_its_product_left_it(api: Api) -> None:
    api.post(PRODUCTS, MUG)
    api.patch(f"{PRODUCTS}/mug", {"code": "MUG-2"})
    assert api.post(PRODUCTS, {"code": "MUG-1", "name": "x"}).status == 201
    api.delete(f"{PRODUCTS}/mug")
    assert api.post(PRODUCTS, {"code": "MUG-2", "name": "x"}).status == 201


def test_an_outdated_version_is_a_conflict(api: Api) -> None:
    api.post(PRODUCTS, MUG)
    api.patch(f"{PRODUCTS}/mug", {"code": "B", "metadata": {"version": 1}})
    with api.unchanged():
        for answer in (
            api.put(f"{PRODUCTS}/mug", {**MUG, "metadata": {"version": 1}}),
            api.patch(f"{PRODUCTS}/mug", {"code": "C", "metadata": {"version": 1}}),
        ):
            assert answer.status == 409
            assert answer.json["message"] == (
                "The resource that was requested for update has changed. "
                "Please retry your request with valid version."
            )
    assert api.put(f"{PRODUCTS}/mug", {**MUG, "metadata": {"version": "2"}}).status == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": None}, "code"),
        ({"code": ""}, "code"),
        ({"code": "  "}, "code"),
        ({"code": "x" * 257}, "code"),
        ({"code": 7}, "code"),
        ({"name": None}, "name"),
        ({"name": {}}, "name"),
        ({"name": {"fr": "Tasse"}}, "name"),
        ({"name": {"en": 5}}, "name"),
        ({"name": ["Mug"]}, "name"),
        ({"description": {"ru": "x"}}, "description"),
        ({"published": "perhaps"}, "published"),
        ({"taxClasses": {"DE": 19}}, "taxClasses"),
        ({"taxClasses": "STANDARD"}, "taxClasses"),
        ({"labelIds": "new"}, "labelIds"),
        ({"relatedItems": [{"refId": "mug"}]}, "relatedItems[0].type"),
        ({"relatedItems": [{"refId": "ghost", "type": "ACCESSORY"}]}, "relatedItems[0].refId"),
        ({"vendor": {"name": "no id"}}, "vendor.id"),
        ({"mixins": []}, "mixins"),
        ({"metadata": {"version": "new"}}, "metadata.version"),
        ({"productType": "BUNDLE"}, "bundledProducts"),
        ({"productType": "NONSENSE"}, "productType"),
        ({"id": "x" * 33}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": ""}, "id"),
    ],
)
def test_bad_input_is_refused_naming_the_field(api: Api, change: dict[str, Any], field: str) -> None:
    with api.unchanged():
        answer = api.post(PRODUCTS, {**MUG, **change})
    assert answer.status == 400
    assert answer.json["message"] == "Validation problem with request body."
    assert any(detail.startswith(field) for detail in answer.json["details"]), answer.json


def test_the_type_of_a_product_does_not_change(api: Api) -> None:
    unknown = api.post(PRODUCTS, {**MUG, "productType": "KIT"})
    assert unknown.json["details"] == [
        "productType: 'KIT' is no type of products; use BASIC, BUNDLE, PARENT_VARIANT, VARIANT, DYNAMIC_VARIANT"
    ]
    api.post(PRODUCTS, MUG)
    with api.unchanged():
        for answer in (
            api.put(f"{PRODUCTS}/mug", {**MUG, "productType": "VARIANT"}),
            api.patch(f"{PRODUCTS}/mug", {"productType": "VARIANT"}),
        ):
            assert (answer.status, answer.json["details"]) == (
                400,
                ["productType: can't be changed from BASIC; create another product instead"],
            )


def test_a_patch_can_neither_change_the_id_nor_remove_what_is_required(api: Api) -> None:
    api.post(PRODUCTS, MUG)
    with api.unchanged():
        assert api.patch(f"{PRODUCTS}/mug", {"id": "cup"}).status == 400
        assert api.patch(f"{PRODUCTS}/mug", {"code": None}).status == 400
        assert api.patch(f"{PRODUCTS}/mug", {"name": None}).status == 400
        assert api.patch(f"{PRODUCTS}/mug", {"name": {"en": None, "de": None}}).status == 400
    assert api.patch(f"{PRODUCTS}/mug", {"id": "mug", "code": "B"}).status == 204


def test_a_partial_put_changes_only_what_it_holds(api: Api) -> None:
    api.post(PRODUCTS, FULL)
    body = {"code": "MUG-9", "mixins": {"care": {"wash": True}}, "metadata": {"version": 1}}
    assert api.put(f"{PRODUCTS}/mug?partial=true", body).status == 204
    read = api.get(f"{PRODUCTS}/mug").json
    assert (read["code"], read["name"], read["published"]) == ("MUG-9", FULL["name"], True)
    assert read["mixins"] == {**FULL["mixins"], "care": {"wash": True}}
    with api.unchanged():
        assert api.put(f"{PRODUCTS}/mug?partial=true", body).status == 409
        assert api.put(f"{PRODUCTS}/ghost?partial=true", {"code": "X"}).status == 404
        assert api.put(f"{PRODUCTS}/mug", {"code": "X"}).json["details"] == ["name: is required"]


def test_related_products_must_exist_unless_references_are_open(api: Api, server: Any) -> None:
    from support.api import new_tenant

    related = {**MUG, "relatedItems": [{"refId": "cup", "type": "ACCESSORY"}]}
    with api.unchanged():
        assert api.post(PRODUCTS, related).status == 400
    api.post(PRODUCTS, {"id": "cup", "code": "CUP", "name": "Cup"})
    assert api.post(PRODUCTS, related).status == 201
    api.delete(f"{PRODUCTS}/cup")
    # What stands there already is not asked for again.
    assert api.patch(f"{PRODUCTS}/mug", {"published": True}).status == 204
    assert new_tenant(server, references="open").post(PRODUCTS, related).status == 201


def test_tenants_do_not_meet(api: Api, server: Any) -> None:
    from support.api import new_tenant

    other = new_tenant(server)
    api.post(PRODUCTS, MUG)
    assert other.post(PRODUCTS, MUG).status == 201
    other.delete(f"{PRODUCTS}/mug")
    assert api.get(f"{PRODUCTS}/mug").status == 200
    assert api.get(PRODUCTS.replace("{tenant}", other.tenant)).status == 403


def test_events_tell_of_each_change_and_of_nothing_else(api: Api) -> None:
    api.post(PRODUCTS, FULL)
    api.put(f"{PRODUCTS}/mug", FULL)
    api.patch(f"{PRODUCTS}/mug", {"code": "MUG-2"})
    api.delete(f"{PRODUCTS}/mug")
    created, updated, deleted = api.events()
    assert created["type"] == "product.created"
    wanted = {
        **FULL,
        "yrn": yrn(api, "mug"),
        "tenant": api.tenant,
        "categoryIds": [],
        "customerSegmentIds": [],
    }
    assert {name: created[name] for name in wanted} == wanted
    assert created["metadata"]["version"] == 1
    assert (updated["type"], updated["code"], updated["metadata"]["version"]) == (
        "product.updated",
        "MUG-2",
        3,
    )
    assert deleted == {
        "type": "product.deleted",
        "id": "mug",
        "yrn": yrn(api, "mug"),
        "code": "MUG-2",
        "tenant": api.tenant,
    }
