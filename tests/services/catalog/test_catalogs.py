"""Catalogs: create, read, filter, replace, patch, delete; their status, and what becomes of what they name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from support.api import Api, new_tenant
from support.shop import Shop

BASE = "/catalog/{tenant}/catalogs"
CATEGORIES = "/category/{tenant}/categories"
TREES = "/catalog/{tenant}/category-trees"


@pytest.fixture
def shop(api: Api) -> Shop:
    """Sites main and ch; root categories shoes (with boots in it) and hats."""
    shop = Shop(api)
    for code in ("main", "ch"):
        shop.site(code)
    for id, parent in (("shoes", None), ("boots", "shoes"), ("hats", None)):
        shop.category(id, parent)
    return shop


def body(**more: Any) -> dict[str, Any]:
    return {"name": {"en": "All", "de": "Alles"}, **more}


def put(shop: Shop, id: str, **more: Any) -> None:
    assert shop.api.put(f"{BASE}/{id}", body(**more)).status in (201, 204)


def ids(response: Any) -> list[str]:
    assert response.status == 200, response.json
    return [each["id"] for each in response.json]


def test_a_catalog_is_read_as_it_was_written(shop: Shop) -> None:
    api = shop.api
    made = api.post(
        BASE,
        body(
            description={"en": "Everything"},
            visibility={"visible": True, "from": "2026-01-01T00:00:00Z"},
            publishedSites=["main"],
            categoryIds=["shoes", "hats"],
        ),
    )
    assert made.status == 201
    id = made.json["id"]
    view = api.get(f"{BASE}/{id}").json
    metadata = view.pop("metadata")
    assert set(metadata) == {"version", "createdAt", "updatedAt"}
    assert (metadata["version"], metadata["createdAt"]) == (1, metadata["updatedAt"])
    assert view == {
        "id": id,
        "name": {"en": "All", "de": "Alles"},
        "description": {"en": "Everything"},
        "status": "visible",
        "visibility": {"visible": True, "from": "2026-01-01T00:00:00.000Z"},
        "publishedSites": ["main"],
        "categoryIds": ["shoes", "hats"],
    }
    german = api.get(f"{BASE}/{id}", accept_language="de").json
    assert (german["name"], german["description"]) == ({"de": "Alles"}, {})


def test_a_catalog_needs_only_a_name(shop: Shop) -> None:
    put(shop, "a")
    view = shop.api.get(f"{BASE}/a").json
    assert (view["status"], view["visibility"]) == ("not_visible", {"visible": False})
    assert (view["publishedSites"], view["categoryIds"]) == ([], [])


@pytest.mark.parametrize(
    ("visibility", "status"),
    [
        ({"visible": True}, "visible"),
        ({"from": "2020-01-01T00:00:00Z"}, "not_visible"),
        ({"visible": True, "from": "2120-01-01T00:00:00Z"}, "not_visible"),
        ({"visible": True, "to": "2020-01-01T00:00:00Z"}, "not_visible"),
        ({"visible": True, "from": "2020-01-01T00:00:00Z", "to": "2120-01-01T00:00:00Z"}, "visible"),
        ({"visible": False, "to": "2120-01-01T00:00:00Z"}, "not_visible"),
    ],
)
def test_the_status_is_that_of_the_moment(shop: Shop, visibility: dict[str, Any], status: str) -> None:
    put(shop, "a", visibility=visibility, publishedSites=["main"], categoryIds=["hats"])
    assert shop.api.get(f"{BASE}/a").json["status"] == status
    assert ids(shop.api.get(TREES)) == (["hats"] if status == "visible" else [])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": {}}, "name"),
        ({"name": "All"}, "name"),
        ({"name": {"fr": "Tout"}}, "name"),
        ({"description": {"fr": "Tout"}}, "description"),
        ({"visibility": {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}}, "visibility"),
        ({"visibility": {"from": "soon"}}, "visibility.from"),
        ({"publishedSites": ["main", "nowhere"]}, "publishedSites[1]"),
        ({"categoryIds": ["nothing"]}, "categoryIds[0]"),
        ({"categoryIds": ["hats", "boots"]}, "categoryIds[1]"),
        ({"id": "with space"}, "id"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_its_field(shop: Shop, change: dict[str, Any], field: str) -> None:
    with shop.api.unchanged():
        response = shop.api.post(BASE, body(**change))
    assert response.status == 400
    assert response.json["details"][0].startswith(f"{field}"), response.json


def test_categories_kept_elsewhere_may_be_named(api: Api) -> None:
    tenant = new_tenant(api.server, references="open")
    assert tenant.put(f"{BASE}/a", body(categoryIds=["elsewhere"])).status == 201
    assert tenant.put(f"{BASE}/b", body(publishedSites=["elsewhere"])).status == 400


def test_errors_are_in_the_words_of_the_service(shop: Shop) -> None:
    api = shop.api
    missing = api.get(f"{BASE}/nobody")
    assert missing.json == {
        "code": 404,
        "status": "Not Found",
        "id": "nobody",
        "message": "Catalog with id 'nobody' not found.",
    }
    put(shop, "a")
    with api.unchanged():
        taken = api.post(BASE, body(id="a"))
        assert (taken.status, taken.json["message"]) == (409, "Given resource already exists.")
        stale = api.put(f"{BASE}/a", body(metadata={"version": 7}))
        assert stale.status == 409
        assert stale.json["message"].startswith("Cannot find the entity with an id: a and")
        assert api.delete(f"{BASE}/nobody").status == 404
        assert api.patch(f"{BASE}/nobody", {"metadata": {"version": 1}}).status == 404


def test_what_was_read_can_be_sent_back(shop: Shop) -> None:
    api = shop.api
    put(shop, "a", visibility={"visible": True}, publishedSites=["main"], categoryIds=["shoes"])
    view = api.get(f"{BASE}/a").json
    assert api.put(f"{BASE}/a", view).status == 204
    assert api.events("catalog.updated") == []  # nothing but the version changed
    view = api.get(f"{BASE}/a").json
    view["categoryIds"].append("hats")
    assert api.put(f"{BASE}/a", view).status == 204
    assert api.get(f"{BASE}/a").json["categoryIds"] == ["shoes", "hats"]
    assert api.patch(f"{BASE}/a", api.get(f"{BASE}/a").json).status == 204


def test_patch_merges_and_needs_the_version(shop: Shop) -> None:
    api = shop.api
    put(shop, "a", visibility={"visible": True}, categoryIds=["shoes"])
    with api.unchanged():
        for change, status in (
            ({"categoryIds": []}, 400),
            ({"categoryIds": [], "metadata": {"version": 9}}, 409),
            ({"name": None, "metadata": {"version": 1}}, 400),
        ):
            assert api.patch(f"{BASE}/a", change).status == status
    change = {
        "name": {"de": "Mehr"},
        "visibility": {"to": "2120-01-01T00:00:00Z"},
        "metadata": {"version": 1},
    }
    assert api.patch(f"{BASE}/a", change).status == 204
    view = api.get(f"{BASE}/a").json
    assert (view["name"], view["visibility"]["visible"]) == ({"en": "All", "de": "Mehr"}, True)
    assert view["metadata"]["version"] == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["a", "b"]),
        ("name=ALL", ["a"]),
        ("name=hut", ["b"]),
        ("name.de=alles", ["a"]),
        ("name.en=alles", []),
        ("description=head", ["b"]),
        ("description.en=head", ["b"]),
        ("publishedSite=ch", ["b"]),
        ("publishedSite=c", []),
        ("visibilityFrom=2026-02-01", ["a"]),
        ("visibilityFrom=2026-02-02", []),
        ("visibilityTo=2026-03-01", ["a"]),
        ("visibilityTo=2026-02-28", []),
        ("visibilityTo=2026-03-01T12:00:00Z", []),
        ("metadataUpdatedAt=2020-01-01", ["a", "b"]),
        ("metadataUpdatedAt=2120-01-01", []),
        ("publishedSite=ch&name=all", []),
        ("q=publishedSites:main", ["a", "b"]),
        ("sort=name:desc", ["b", "a"]),
        ("sort=name.de,id:desc", ["a", "b"]),
        ("pageSize=1&pageNumber=2", ["b"]),
    ],
)
def test_the_list_is_filtered_sorted_and_paged(shop: Shop, query: str, found: list[str]) -> None:
    window = {"visible": True, "from": "2026-02-01T00:00:00Z", "to": "2026-03-01T20:00:00Z"}
    put(shop, "a", visibility=window, publishedSites=["main"])
    hats = {"name": {"en": "Hats", "de": "Hutwelt"}, "description": {"en": "For heads"}}
    put(shop, "b", **hats, publishedSites=["main", "ch"])
    with shop.api.statements(2):
        response = shop.api.get(f"{BASE}?{query}", x_total_count="true")
    assert ids(response) == found
    if "page" not in query:
        assert response.headers["x-total-count"] == str(len(found))


def test_a_parameter_that_can_not_be_read_is_refused(shop: Shop) -> None:
    for query in ("visibilityTo=2026-02-31", "visibilityTo=soon", "visibilityFrom=soon", "pageNumber=0"):
        assert shop.api.get(f"{BASE}?{query}").status == 400, query


def test_the_catalogs_of_a_category(shop: Shop) -> None:
    put(shop, "a", categoryIds=["shoes", "hats"])
    put(shop, "b", categoryIds=["hats"])
    path = f"{BASE}/categories"
    assert ids(shop.api.get(f"{path}/hats", x_total_count="true")) == ["a", "b"]
    assert ids(shop.api.get(f"{path}/shoes")) == ["a"]
    assert ids(shop.api.get(f"{path}/nothing")) == []
    put(shop, "a", categoryIds=["shoes"])
    assert ids(shop.api.get(f"{path}/hats?sort=name")) == ["b"]


# What catalogs name


def test_a_deleted_root_is_named_by_no_catalog(shop: Shop) -> None:
    api = shop.api
    put(shop, "a", categoryIds=["shoes", "hats"])
    put(shop, "b", categoryIds=["hats"])
    assert api.delete(f"{CATEGORIES}/boots").status == 204
    assert api.delete(f"{CATEGORIES}/shoes?withSubcategories=true").status == 204
    first, second = (api.get(f"{BASE}/{id}").json for id in "ab")
    assert (first["categoryIds"], first["metadata"]["version"]) == (["hats"], 2)
    assert (second["categoryIds"], second["metadata"]["version"]) == (["hats"], 1)
    (event,) = api.events("catalog.updated")
    assert (event["id"], event["categoryIds"]) == ("a", ["hats"])
    assert ids(api.get(f"{BASE}/categories/shoes")) == []


def test_a_deleted_site_is_published_on_by_no_catalog(shop: Shop) -> None:
    api = shop.api
    put(shop, "a", publishedSites=["ch", "main"])
    assert api.delete("/site/{tenant}/sites/ch").status == 204
    assert api.get(f"{BASE}/a").json["publishedSites"] == ["main"]
    assert [event["publishedSites"] for event in api.events("catalog.updated")] == [["main"]]


def test_a_root_that_moves_stays_named(shop: Shop) -> None:
    api = shop.api
    put(shop, "a", categoryIds=["hats"])
    moved = {"parentId": "shoes", "metadata": {"version": 1}}
    assert api.patch(f"{CATEGORIES}/hats", moved).status == 204
    view = api.get(f"{BASE}/a").json
    assert api.put(f"{BASE}/a", view).status == 204  # only what is newly named has to be a root
    assert view["categoryIds"] == ["hats"]


def test_a_category_that_is_deleted_meanwhile_is_not_left_behind(shop: Shop) -> None:
    api = shop.api

    async def both(number: int) -> None:
        await asyncio.gather(
            api.send("DELETE", f"{CATEGORIES}/r{number}"),
            api.send("PUT", f"{BASE}/a", body(categoryIds=[f"r{number}"])),
        )

    for number in range(8):
        shop.category(f"r{number}")
        api.run(both(number))
        named = api.get(f"{BASE}/a")
        assert named.status == 404 or named.json["categoryIds"] == [], number


# Trees


def test_a_site_shows_the_trees_of_its_catalogs(shop: Shop) -> None:
    api = shop.api
    shop.category("off", None)
    assert api.patch(f"{CATEGORIES}/off", {"published": False, "metadata": {"version": 1}}).status == 204
    shown = {"visible": True}
    put(shop, "a", visibility=shown, publishedSites=["main"], categoryIds=["shoes", "off"])
    put(shop, "b", visibility=shown, publishedSites=["main", "ch"], categoryIds=["hats"])
    put(shop, "c", publishedSites=["ch"], categoryIds=["shoes"])
    visitor = api.as_anonymous()
    trees = visitor.get(f"{TREES}?siteCode=main").json
    assert [tree["id"] for tree in trees] == ["hats", "shoes"]
    assert [each["id"] for each in trees[1]["subcategories"]] == ["boots"]
    assert ids(visitor.get(f"{TREES}?siteCode=ch")) == ["hats"]
    assert ids(visitor.get(f"{TREES}?catalogId=a")) == ["shoes"]
    assert ids(visitor.get(f"{TREES}?catalogId=a&siteCode=main")) == ["shoes"]
    for query, status in (("siteCode=nowhere", 400), ("catalogId=c", 404), ("catalogId=a&siteCode=ch", 404)):
        assert visitor.get(f"{TREES}?{query}").status == status
    german = visitor.get(f"{TREES}?siteCode=ch", accept_language="en").json
    assert german[0]["localizedName"] == {"en": "Category hats"}
    with api.statements(3):
        visitor.get(f"{TREES}?siteCode=main")


# Scopes, tenants, events


def test_reading_takes_any_token_and_writing_its_scope(shop: Shop) -> None:
    api = shop.api
    put(shop, "a")
    other = api.with_scopes("catalog.catalog_view")
    for reader in (other, api.as_anonymous()):
        assert ids(reader.get(BASE)) == ["a"]
        assert reader.get(f"{BASE}/a").status == reader.get(f"{BASE}/categories/hats").status == 200
    with api.unchanged():
        for response in (
            other.post(BASE, body()),
            other.put(f"{BASE}/a", body()),
            other.patch(f"{BASE}/a", {"metadata": {"version": 1}}),
            other.delete(f"{BASE}/a"),
        ):
            assert response.status == 403
            assert response.json["message"] == "Permission denied due to insufficient rights"


def test_tenants_do_not_see_each_other(shop: Shop) -> None:
    put(shop, "a", categoryIds=["hats"])
    other = new_tenant(shop.api.server)
    assert other.get(f"{BASE}/a").status == 404
    assert other.get(BASE).json == other.get(f"{BASE}/categories/hats").json == other.get(TREES).json == []


def test_each_real_change_has_its_event(shop: Shop) -> None:
    api = shop.api
    put(shop, "a", publishedSites=["main"])
    put(shop, "a", publishedSites=["main"])
    put(shop, "a")
    assert api.delete(f"{BASE}/a").status == 204
    created, updated, deleted = [event for event in api.events() if event["type"].startswith("catalog.")]
    assert created == {
        "type": "catalog.created",
        "tenant": api.tenant,
        "id": "a",
        "name": {"en": "All", "de": "Alles"},
        "status": "not_visible",
        "visibility": {"visible": False},
        "publishedSites": ["main"],
        "categoryIds": [],
        "metadata": created["metadata"],
    }
    assert set(created["metadata"]) == {"version", "createdAt", "updatedAt"}
    assert (updated["type"], updated["publishedSites"]) == ("catalog.updated", [])
    assert deleted == {"type": "catalog.deleted", "tenant": api.tenant, "id": "a"}
    assert api.snapshot()["catalog_reference"] == 0
