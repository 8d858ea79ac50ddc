"""Categories: create, read, filter, replace, patch, delete; who may publish them and see the unpublished."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api, new_tenant
from support.shop import Shop

BASE = "/category/{tenant}/categories"
MANAGE = "category.category_manage"


def body(**more: Any) -> dict[str, Any]:
    return {"localizedName": {"en": "Shoes", "de": "Schuhe"}, "published": True, **more}


def made(api: Api, **more: Any) -> str:
    response = api.post(f"{BASE}?publish={str(more.get('published', True)).lower()}", body(**more))
    assert response.status == 201, response.json
    id = response.json["id"]
    assert isinstance(id, str)
    return id


def ids(response: Any) -> list[str]:
    assert response.status == 200, response.json
    return [each["id"] for each in response.json]


def test_a_category_is_read_as_it_was_written(api: Api) -> None:
    id = made(
        api,
        localizedDescription={"en": "For feet"},
        localizedSlug={"en": "shoes"},
        code="SH-1",
        ecn=["E1", "E2"],
        validity={"from": "2026-01-01T00:00:00Z"},
        position=3,
        mixins={"seo": {"title": "Buy shoes"}},
    )
    category = api.get(f"{BASE}/{id}").json
    instants = category["metadata"].pop("createdAt"), category["metadata"].pop("modifiedAt")
    assert instants[0] == instants[1]
    assert category == {
        "id": id,
        "type": "STANDARD",
        "localizedName": {"en": "Shoes", "de": "Schuhe"},
        "name": "Shoes",
        "localizedDescription": {"en": "For feet"},
        "description": "For feet",
        "localizedSlug": {"en": "shoes"},
        "code": "SH-1",
        "ecn": ["E1", "E2"],
        "validity": {"from": "2026-01-01T00:00:00.000Z"},
        "position": 3,
        "published": True,
        "mixins": {"seo": {"title": "Buy shoes"}},
        "media": [],
        "metadata": {"version": 1},
    }


@pytest.mark.parametrize("parent", [{}, {"parentId": None}, {"parentId": "root"}])
def test_a_category_without_a_parent_is_a_root(api: Api, parent: dict[str, Any]) -> None:
    id = made(api, **parent)
    assert "parentId" not in api.get(f"{BASE}/{id}").json
    assert ids(api.get(f"{BASE}?showRoots=true")) == [id]


def test_languages_are_filtered_and_always_maps(api: Api) -> None:
    id = made(api)
    category = api.get(f"{BASE}/{id}", accept_language="de").json
    assert category["localizedName"] == {"de": "Schuhe"}
    assert category["name"] == "Shoes"  # the deprecated text is that of the tenant's default language
    refused = api.get(f"{BASE}/{id}", accept_language="ru")
    assert (refused.status, refused.json["message"]) == (400, "Accept-Language validation failed.")
    assert refused.json["details"] == ["Accept-Language: Following languages are not supported: 'ru'"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"localizedName": {}}, "localizedName"),
        ({"localizedName": "Shoes"}, "localizedName"),
        ({"localizedName": {"fr": "Souliers"}}, "localizedName"),
        ({"position": -1}, "position"),
        ({"validity": {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}}, "validity"),
        ({"validity": {"from": "soon"}}, "validity.from"),
        ({"parentId": "nowhere"}, "parentId"),
        ({"id": "root"}, "id"),
        ({"id": "with space"}, "id"),
        ({"type": "SPECIAL"}, "type"),
        ({"type": "CLASSIFICATION"}, "code"),
        ({"type": "CLASSIFICATION", "code": " "}, "code"),
        ({"id": "categoryTree"}, "id"),
        (
            {"ownClassificationMixins": [{"name": "a", "schemaUrl": "https://x.test/s.json"}]},
            "ownClassificationMixins",
        ),
        ({"published": None}, "published"),
        ({"ecn": "E1"}, "ecn"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_its_field(api: Api, change: dict[str, Any], field: str) -> None:
    with api.unchanged():
        response = api.post(f"{BASE}?publish=true", body(**change))
    assert response.status == 400, response.json
    assert response.json["message"] == "Constraint validation failed"
    assert response.json["details"][0].startswith(f"{field}: ")


def test_the_standard_type_may_be_named_in_any_case(api: Api) -> None:
    id = made(api, type="standard", ownClassificationMixins=[])
    view = api.get(f"{BASE}/{id}").json
    assert (view["type"], "ownClassificationMixins" in view) == ("STANDARD", False)


def test_publish_says_once_more_what_published_says(api: Api) -> None:
    with api.unchanged():
        for query, published in (("", True), ("?publish=false", True), ("?publish=true", False)):
            response = api.post(BASE + query, body(published=published))
            assert response.status == 400, (query, published)
            assert response.json["details"][0].startswith("publish: ")
    assert api.post(BASE, body(published=False)).status == 201


def test_only_the_change_of_published_takes_its_scope(api: Api) -> None:
    manager, publisher = api.with_scopes(MANAGE), api.with_scopes(MANAGE, "category.category_publish")
    unpublisher = api.with_scopes(MANAGE, "category.category_unpublish")
    with api.unchanged():
        refused = manager.post(f"{BASE}?publish=true", body())
    assert (refused.status, refused.json["message"]) == (403, "You need a scope for this action.")
    assert refused.json["details"][0] == "Required scope(s): category.category_publish"
    path = f"{BASE}/a"
    assert manager.put(path, body(published=False)).status == 201
    with api.unchanged():
        assert manager.put(f"{path}?publish=true", body()).status == 403
        assert (
            manager.patch(f"{path}?publish=true", {"published": True, "metadata": {"version": 1}}).status
            == 403
        )
    assert publisher.put(f"{path}?publish=true", body()).status == 204
    assert manager.put(f"{path}?publish=true", body(position=1)).status == 204  # it stays published
    with api.unchanged():
        assert publisher.put(path, body(published=False)).status == 403
    assert unpublisher.put(path, body(published=False)).status == 204


def test_writing_takes_the_scope_to_manage(api: Api) -> None:
    made(api, id="a")
    other = api.with_scopes("category.category_publish", "category.category_read_unpublished")
    with api.unchanged():
        assert other.post(BASE, body(published=False)).status == 403
        assert other.put(f"{BASE}/a?publish=true", body()).status == 403
        assert other.patch(f"{BASE}/a", {"metadata": {"version": 1}}).status == 403
        assert other.delete(f"{BASE}/a").status == 403
        assert api.as_(None).get(f"{BASE}/a").status == 401


def test_an_unpublished_category_is_hidden_from_who_may_not_or_does_not_ask(api: Api) -> None:
    made(api, id="shown")
    made(api, id="hidden", published=False)
    plain, reader = api.as_anonymous(), api.with_scopes("category.category_read_unpublished")
    assert ids(plain.get(BASE)) == ids(reader.get(BASE)) == ["shown"]
    assert plain.get(f"{BASE}/hidden").status == reader.get(f"{BASE}/hidden").status == 404
    assert ids(reader.get(f"{BASE}?showUnpublished=true")) == ["hidden", "shown"]
    assert reader.get(f"{BASE}/hidden?showUnpublished=true").status == 200
    refused = plain.get(f"{BASE}?showUnpublished=true")
    assert refused.status == plain.get(f"{BASE}/shown?showUnpublished=true").status == 403
    assert refused.json["details"][0] == "Required scope(s): category.category_read_unpublished"


def test_what_is_not_there_is_named(api: Api) -> None:
    response = api.get(f"{BASE}/nobody")
    assert response.json == {
        "code": 404,
        "status": "Not Found",
        "resourceId": "nobody",
        "message": "Error while getting category",
        "details": ["Category with id 'nobody' not found"],
    }
    with api.unchanged():
        assert api.patch(f"{BASE}/nobody", {"metadata": {"version": 1}}).status == 404
        assert api.delete(f"{BASE}/nobody").status == 404


def test_an_id_is_taken_once(api: Api) -> None:
    made(api, id="a")
    with api.unchanged():
        assert api.post(f"{BASE}?publish=true", body(id="a")).status == 409


def test_an_external_number_belongs_to_one_category(api: Api) -> None:
    made(api, id="a", ecn=["E1", "E2", "E2"])
    with api.unchanged():
        response = api.post(f"{BASE}?publish=true", body(ecn=["E3", "E1"]))
        assert response.status == 409
        assert response.json["details"] == ["ecn: 'E1' belongs to the category a"]
    assert api.put(f"{BASE}/a?publish=true", body(ecn=["E2", "E4"])).status == 204
    made(api, id="b", ecn=["E1"])
    assert api.delete(f"{BASE}/a").status == 204
    made(api, id="c", ecn=["E2", "E4"])
    assert ids(api.get(f"{BASE}?ecn=E4")) == ["c"]
    other = new_tenant(api.server)
    made(other, id="a", ecn=["E1"])


def test_put_replaces_and_checks_the_version_when_it_is_named(api: Api) -> None:
    path = f"{BASE}/a?publish=true"
    assert api.put(path, body(code="X", position=4)).json == {"id": "a"}
    assert api.put(path, body(metadata={"version": 1})).status == 204
    category = api.get(f"{BASE}/a").json
    assert (category["metadata"]["version"], category["position"], "code" in category) == (2, 0, False)
    with api.unchanged():
        assert api.put(path, body(position=9, metadata={"version": 1})).status == 409
    assert api.put(path, category).status == 204  # all that was read may be sent back


def test_patch_merges_and_needs_the_version(api: Api) -> None:
    made(api, id="a", code="X", mixins={"seo": {"title": "T", "text": "U"}})
    change = {
        "localizedName": {"de": "Stiefel"},
        "code": None,
        "mixins": {"seo": {"text": None}},
        "published": None,
    }
    with api.unchanged():
        refused = api.patch(f"{BASE}/a", change)
        assert (refused.status, refused.json["details"]) == (400, ["metadata.version: is required"])
        assert api.patch(f"{BASE}/a", {**change, "metadata": {"version": 2}}).status == 409
        assert api.patch(f"{BASE}/a", {"localizedName": None, "metadata": {"version": 1}}).status == 400
        assert api.patch(f"{BASE}/a", {"type": 5, "metadata": {"version": 1}}).status == 400
        assert api.patch(f"{BASE}/a", [{"op": "remove", "path": "/code"}]).status == 400
    assert api.patch(f"{BASE}/a", {**change, "id": "a", "metadata": {"version": 1}}).status == 204
    category = api.get(f"{BASE}/a").json
    assert category["localizedName"] == {"en": "Shoes", "de": "Stiefel"}
    assert category["mixins"] == {"seo": {"title": "T"}}
    assert "code" not in category
    assert category["published"] is True
    assert category["metadata"]["version"] == 2


def test_patch_moves_and_promotes(api: Api) -> None:
    made(api, id="a")
    made(api, id="b")
    assert api.patch(f"{BASE}/b", {"parentId": "a", "metadata": {"version": 1}}).status == 204
    assert api.get(f"{BASE}/b").json["parentId"] == "a"
    assert api.patch(f"{BASE}/b", {"parentId": "root", "metadata": {"version": 2}}).status == 204
    assert "parentId" not in api.get(f"{BASE}/b").json


@pytest.mark.parametrize(
    ("query", "headers", "found"),
    [
        ("code=sh-1", {}, ["a"]),
        ("code=sh", {}, []),
        ("ecn=E1", {}, ["a"]),
        ("ecn=e1", {}, []),
        ("localizedName=SCHUH", {}, ["a"]),
        ("localizedName=schuh", {"accept_language": "en"}, []),
        ("localizedName=schuh", {"accept_language": "fr, de;q=0.5"}, ["a"]),
        ("localizedName=.*", {}, []),
        ("localizedDescription=feet", {}, ["a"]),
        ("localizedSlug=hats", {}, ["b"]),
        ("validityFrom=2026-01-31", {}, ["a"]),
        ("validityFrom=2026-02-01", {}, []),
        ("validityTo=2026-03-02", {}, ["a"]),
        ("validityTo=2026-03-01", {}, []),
        ("metadataModifiedAt=2020-01-01", {}, ["a", "b"]),
        ("metadataModifiedAt=2120-01-01", {}, []),
        ("q=code:SH-1", {}, ["a"]),
        ("q=type:STANDARD", {}, ["a", "b"]),
        ("q=localizedName.de:~hut", {}, ["b"]),
        ("q=localizedName:Hats", {}, ["b"]),
        ("q=ecn:E1", {}, ["a"]),
        ("q=position:>1 published:true", {}, ["b"]),
        ("q=mixins.seo.title:T", {}, ["b"]),
        ("q=parentId:null", {}, ["a", "b"]),
        ("sort=position:DESC", {}, ["b", "a"]),
        ("sort=localizedName", {}, ["b", "a"]),
        ("sort=localizedName", {"accept_language": "de"}, ["b", "a"]),
        ("sort=localizedName.de:desc", {}, ["a", "b"]),
        ("sort=metadata.createdAt", {}, ["a", "b"]),
        ("pageSize=1&pageNumber=2", {}, ["b"]),
        ("pageNumber=9", {}, []),
    ],
)
def test_the_list_is_filtered_sorted_and_paged(
    api: Api, query: str, headers: dict[str, str], found: list[str]
) -> None:
    made(
        api,
        id="a",
        code="SH-1",
        ecn=["E1"],
        position=1,
        localizedDescription={"en": "For feet"},
        validity={"from": "2026-02-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"},
    )
    made(
        api,
        id="b",
        localizedName={"en": "Hats", "de": "Hüte"} | {"de": "Huthüte"},
        localizedSlug={"en": "hats"},
        position=2,
        mixins={"seo": {"title": "T"}},
    )
    with api.statements(2):
        response = api.get(f"{BASE}?{query.replace(' ', '%20')}", x_total_count="true", **headers)
    assert ids(response) == found
    if "page" not in query:
        assert response.headers["x-total-count"] == str(len(found))


@pytest.mark.parametrize(
    "query",
    ["sort=name", "sort=mood", "validityFrom=soon", "q=code", f"localizedName={'x' * 201}", "pageNumber=0"],
)
def test_a_parameter_that_can_not_be_read_is_refused(api: Api, query: str) -> None:
    assert api.get(f"{BASE}?{query}").status == 400


def test_search_takes_q_in_the_body(api: Api) -> None:
    made(api, id="a", code="X")
    made(api, id="b", parentId="a")
    assert ids(api.post(f"{BASE}/search", {"q": "id:(a,b)"})) == ["a", "b"]
    assert ids(api.post(f"{BASE}/search?showRoots=true", {"q": "id:(a,b)"})) == ["a"]
    assert ids(api.post(f"{BASE}/search")) == ["a", "b"]
    assert api.with_scopes().post(f"{BASE}/search?showUnpublished=true", {}).status == 403


def test_parents_come_from_the_root_down(api: Api) -> None:
    made(api, id="a")
    made(api, id="b", parentId="a", published=False)
    made(api, id="c", parentId="b")
    made(api, id="d", parentId="c")
    path = f"{BASE}/d/parents"
    assert ids(api.get(path)) == ["a", "c"]  # an unpublished parent is left out
    assert ids(api.get(f"{path}?showUnpublished=true")) == ["a", "b", "c"]
    assert ids(api.get(f"{path}?showUnpublished=true&pageSize=2&pageNumber=2")) == ["c"]
    assert ids(api.get(f"{path}?pageSize=2&pageNumber=2")) == []
    assert ids(api.get(f"{path}?sort=id:desc")) == ["c", "a"]
    none = api.get(f"{BASE}/a/parents")
    assert (none.status, none.json["message"]) == (404, "Error while getting category parents")
    assert none.json["details"] == [f"Parents for category with id 'a' for tenant '{api.tenant}' not found"]
    assert api.get(f"{BASE}/b/parents").status == 404  # itself hidden
    assert api.with_scopes().get(f"{path}?showUnpublished=true").status == 403


def test_subcategories_come_by_level_and_position(api: Api) -> None:
    made(api, id="a")
    made(api, id="b2", parentId="a", position=2)
    made(api, id="b1", parentId="a", position=1)
    made(api, id="c", parentId="b2")
    made(api, id="hidden", parentId="a", published=False, position=3)
    made(api, id="below", parentId="hidden")
    path = f"{BASE}/a/subcategories"
    assert ids(api.get(path, x_total_count="true")) == ["b1", "b2", "c"]
    assert ids(api.get(f"{path}?depth=1")) == ["b1", "b2"]
    assert ids(api.get(f"{path}?showUnpublished=true")) == ["b1", "b2", "hidden", "below", "c"]
    assert ids(api.get(f"{path}?depth=1&pageSize=1&pageNumber=2")) == ["b2"]
    assert ids(api.get(f"{path}?sort=position:desc,id:desc")) == ["b2", "b1", "c"]
    assert api.get(f"{path}?depth=0").status == 404
    assert api.get(f"{path}?depth=-1").status == 400
    none = api.get(f"{BASE}/c/subcategories")
    assert (none.status, none.json["message"]) == (404, "Error while getting category subcategories")
    assert api.get(f"{BASE}/nobody/subcategories").json["message"] == "Error while getting category"
    with api.statements(3):
        api.get(path, x_total_count="true")


def test_a_deleted_category_leaves_its_children_as_roots(api: Api) -> None:
    for id, parent in (("a", None), ("b", "a"), ("c", "b"), ("d", "c")):
        made(api, id=id, parentId=parent)
    assert api.delete(f"{BASE}/b").status == 204
    assert api.get(f"{BASE}/b").status == 404
    child = api.get(f"{BASE}/c").json
    assert "parentId" not in child
    assert child["metadata"]["version"] == 2
    assert ids(api.get(f"{BASE}/c/subcategories")) == ["d"]
    assert ids(api.get(f"{BASE}?showRoots=true")) == ["a", "c"]
    assert api.get(f"{BASE}/a/subcategories").status == 404
    assert [(event["type"], event["id"]) for event in api.events()][4:] == [
        ("category.updated", "c"),
        ("category.deleted", "b"),
    ]


@pytest.mark.parametrize("query", ["withSubcategories=true", "recursive=true"])
def test_a_category_goes_with_all_that_lies_below_it(shop: Shop, query: str) -> None:
    api = shop.api
    for id, parent in (("a", None), ("b", "a"), ("c", "b"), ("e", "a")):
        made(api, id=id, parentId=parent, ecn=[id])
    shop.product("p")
    for id in ("a", "c"):
        shop.categorise(id, "p")
    shop.segment("s")
    shop.item("s", "b", "CATEGORY")
    before = api.snapshot()
    assert api.delete(f"{BASE}/b?{query}").status == 204
    assert ids(api.get(BASE)) == ["a", "e"]
    after = api.snapshot()
    assert before["category_ecn"] - after["category_ecn"] == 2
    assert before["category_closure"] - after["category_closure"] == 5
    assert after["category_segment"] == after["customer_segment_item"] == 0
    assert after["category_assignment"] == after["product_category"] == 1
    assert sorted(event["id"] for event in api.events("category.deleted")) == ["b", "c"]
    assert [event["categoryId"] for event in api.events("assignment.deleted")] == ["c"]
    assert [event["itemId"] for event in api.events("customer-segment.item-assignment-deleted")] == ["b"]


def test_each_real_change_has_its_event(api: Api) -> None:
    made(api, id="a")
    assert api.put(f"{BASE}/a?publish=true", body()).status == 204  # changes nothing
    assert api.put(f"{BASE}/a?publish=true", body(position=2)).status == 204
    assert api.delete(f"{BASE}/a").status == 204
    created, updated, deleted = api.events()
    assert created == {
        "type": "category.created",
        "tenant": api.tenant,
        "id": "a",
        "localizedName": {"en": "Shoes", "de": "Schuhe"},
        "position": 0,
        "published": True,
        "metadata": created["metadata"],
    }
    assert (updated["type"], updated["position"], updated["metadata"]["version"]) == (
        "category.updated",
        2,
        3,
    )
    assert deleted == {"type": "category.deleted", "tenant": api.tenant, "id": "a"}


def test_tenants_do_not_see_each_other(api: Api) -> None:
    made(api, id="a", code="X")
    other = new_tenant(api.server)
    assert other.get(f"{BASE}/a").status == 404
    made(other, id="a")
    assert other.delete(f"{BASE}/a").status == 204
    assert api.get(f"{BASE}/a").json["code"] == "X"
    assert api.get("/category/" + other.tenant + "/categories").status == 403
