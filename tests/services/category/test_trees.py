"""Category trees: order, nesting, what unpublished categories hide, and large ones."""

from __future__ import annotations

from time import process_time
from typing import Any

from sqlalchemy import insert

from coterie.services.category.rules import STANDARD, Node, published_with_ancestors
from coterie.services.category.tables import category, closure
from support.api import Api, new_tenant

BASE = "/category/{tenant}/categories"
TREES = "/category/{tenant}/category-trees"


def grow(api: Api, id: str, parent: str | None = None, *, published: bool = True, **more: Any) -> None:
    body = {"localizedName": {"en": id.upper(), "de": id}, "published": published, "parentId": parent, **more}
    assert api.put(f"{BASE}/{id}?publish={str(published).lower()}", body).status == 201


def shape(nodes: list[dict[str, Any]]) -> list[Any]:
    """The ids of a forest, nested."""
    return [
        (node["id"], shape(node["subcategories"])) if node["subcategories"] else node["id"] for node in nodes
    ]


def forest(api: Api) -> None:
    """Two trees; `men` is unpublished and has a published category below it; `off` is an unpublished tree."""
    grow(api, "shoes", position=1)
    grow(api, "women", "shoes", position=2)
    grow(api, "kids", "shoes", position=2)
    grow(api, "boots", "women")
    grow(api, "men", "shoes", position=1, published=False)
    grow(api, "sneakers", "men")
    grow(api, "hats")
    grow(api, "off", position=9, published=False)
    grow(api, "under", "off")


def test_trees_nest_by_position_and_name(api: Api) -> None:
    forest(api)
    with api.statements(2):
        trees = api.get(TREES).json
    assert shape(trees) == ["hats", ("shoes", ["kids", ("women", ["boots"])])]
    assert shape(api.get(f"{TREES}?showUnpublished=true").json) == [
        "hats",
        ("shoes", [("men", ["sneakers"]), "kids", ("women", ["boots"])]),
        ("off", ["under"]),
    ]


def test_a_node_has_all_of_a_category_but_its_parent(api: Api) -> None:
    grow(api, "a")
    grow(
        api,
        "b",
        "a",
        code="B",
        ecn=["E"],
        localizedDescription={"en": "Bees"},
        localizedSlug={"en": "b"},
        validity={"to": "2027-01-01T00:00:00Z"},
        position=4,
    )
    (node,) = api.get(f"{TREES}/a", accept_language="en").json["subcategories"]
    assert node == {
        "id": "b",
        "type": "STANDARD",
        "name": "B",
        "localizedName": {"en": "B"},
        "description": "Bees",
        "localizedDescription": {"en": "Bees"},
        "localizedSlug": {"en": "b"},
        "code": "B",
        "ecn": ["E"],
        "validity": {"to": "2027-01-01T00:00:00.000Z"},
        "position": 4,
        "published": True,
        "subcategories": [],
    }


def test_the_plain_name_is_that_of_another_language_where_the_default_one_lacks(api: Api) -> None:
    grow(api, "a", localizedName={"de": "Nur deutsch"})
    assert api.get(f"{TREES}/a", accept_language="en").json["name"] == "Nur deutsch"


def test_only_roots_have_a_tree(api: Api) -> None:
    forest(api)
    assert shape([api.get(f"{TREES}/shoes").json]) == [("shoes", ["kids", ("women", ["boots"])])]
    for id in ("women", "nobody", "off"):
        response = api.get(f"{TREES}/{id}")
        assert (response.status, response.json["message"]) == (404, "Error while getting category tree")
        assert response.json["details"] == [f"Category tree for category with id '{id}' not found"]
    assert shape([api.get(f"{TREES}/off?showUnpublished=true").json]) == [("off", ["under"])]


def test_trees_are_found_by_what_they_hold(api: Api) -> None:
    forest(api)
    for ids, found in (
        (["boots"], ["shoes"]),
        (["boots", "kids"], ["shoes"]),
        (["hats", "kids"], ["hats", "shoes"]),
        (["sneakers"], []),  # in the tree, but hidden there
        (["under", "nobody"], []),
    ):
        with api.statements(2):
            listed = api.get(f"{TREES}?categoryIds={','.join(ids)}").json
        assert [tree["id"] for tree in listed] == found
        assert api.get(f"{TREES}?{'&'.join(f'categoryIds={id}' for id in ids)}").json == listed
        assert api.post(f"{TREES}/search", {"categoryIds": ids}).json == listed
    listed = api.post(f"{TREES}/search?showUnpublished=true", {"categoryIds": ["under"]}).json
    assert shape(listed) == [("off", ["under"])]
    assert api.post(f"{TREES}/search", {"categoryIds": []}).json == []


def test_a_search_names_its_categories(api: Api) -> None:
    response = api.post(f"{TREES}/search", {})
    assert (response.status, response.json["details"]) == (400, ["categoryIds: is required"])


def test_unpublished_trees_take_their_scope(api: Api) -> None:
    forest(api)
    plain = api.as_anonymous()
    assert plain.get(TREES).status == plain.get(f"{TREES}/shoes").status == 200
    assert plain.post(f"{TREES}/search", {"categoryIds": ["hats"]}).status == 200
    assert plain.get(f"{TREES}?showUnpublished=true").status == 403
    assert plain.get(f"{TREES}/shoes?showUnpublished=true").status == 403
    assert plain.post(f"{TREES}/search?showUnpublished=true", {"categoryIds": []}).status == 403
    assert api.as_(None).get(TREES).status == 401


def test_a_tree_of_thousands_is_read_by_a_few_statements(api: Api) -> None:
    """Ten levels of two hundred; written into the tables, since only the reading is at stake."""
    ids = [f"n{number:04}" for number in range(2000)]
    parents = [None if number < 200 else ids[number - 200] for number in range(2000)]
    rows = [
        {
            "tenant": api.tenant,
            "id": id,
            "parent_id": parent,
            "name": {"en": id},
            "position": 0,
            "published": True,
            "doc": {},
            "version": 1,
            "created_at": "2026-01-01T00:00:00.000Z",
            "modified_at": "2026-01-01T00:00:00.000Z",
        }
        for id, parent in zip(ids, parents, strict=True)
    ]
    paths = [
        {
            "tenant": api.tenant,
            "category_id": ids[number],
            "ancestor_id": ids[number - 200 * depth],
            "depth": depth,
        }
        for number in range(2000)
        for depth in range(number // 200 + 1)
    ]

    async def write() -> None:
        async with api.server.runtime.database.writing() as session:
            await session.run(insert(category), rows)
            await session.run(insert(closure), paths)

    api.run(write())
    started = process_time()
    with api.statements(4):  # after the long write, the tenant and the token may be looked up again
        trees = api.get(TREES).json
    assert process_time() - started < 5  # quadratic work would take minutes
    assert len(trees) == 200
    leaf = trees[0]
    for _ in range(9):
        (leaf,) = leaf["subcategories"]
    assert leaf["id"] == "n1800"


def test_what_is_kept_of_a_tree_never_shows(api: Api) -> None:
    """Each change shows in the very next answer, and an answer that changed nothing comes from memory."""
    forest(api)

    def shown() -> Any:
        first = api.get(f"{TREES}/shoes").json
        with api.statements(1):
            assert api.get(f"{TREES}/shoes").json == first
        return first

    before = shown()
    for method, path, body in (
        ("PATCH", "kids", {"localizedName": {"en": "Children"}, "metadata": {"version": 1}}),
        ("PUT", "boots?publish=true", {"localizedName": {"en": "B"}, "published": True, "parentId": "kids"}),
        (
            "PUT",
            "winter?publish=true",
            {"localizedName": {"en": "W"}, "published": True, "parentId": "boots"},
        ),
        ("PUT", "women", {"localizedName": {"en": "W"}, "published": False, "parentId": "shoes"}),
        ("DELETE", "boots", None),
        ("DELETE", "kids?withSubcategories=true", None),
    ):
        assert api.request(method, f"{BASE}/{path}", body).status in (201, 204)
        after = shown()
        assert after != before, path
        before = after
    assert shape([before]) == ["shoes"]
    assert api.delete(f"{BASE}/shoes").status == 204
    assert api.get(f"{TREES}/shoes").status == 404


def test_what_is_kept_is_of_its_languages_and_of_its_readers(api: Api) -> None:
    forest(api)
    whole, german = api.get(f"{TREES}/shoes").json, api.get(f"{TREES}/shoes", accept_language="de").json
    assert (whole["localizedName"], german["localizedName"]) == (
        {"en": "SHOES", "de": "shoes"},
        {"de": "shoes"},
    )
    everything = api.get(f"{TREES}/shoes?showUnpublished=true").json
    assert len(everything["subcategories"]) == 3
    assert api.get(f"{TREES}/shoes").json == whole
    assert api.get(f"{TREES}/shoes", accept_language="de").json == german
    assert new_tenant(api.server).get(f"{TREES}/shoes").status == 404


DEPRECATED = f"{BASE}/categoryTree"


def test_the_deprecated_tree_is_that_of_the_first_root(api: Api) -> None:
    none = api.get(DEPRECATED)
    assert (none.status, none.json["status"], none.json["type"]) == (404, 404, "resource_not_found")
    forest(api)
    grow(api, "first", position=0, code="F", ecn=["E"], localizedName={"en": "A first"})
    grow(api, "below", "first", localizedDescription={"en": "Text"})
    assert api.as_anonymous().get(DEPRECATED).json == {
        "id": "first",
        "name": "A first",
        "code": "F",
        "ecn": ["E"],
        "position": 0,
        "published": True,
        "subcategories": [
            {
                "id": "below",
                "parentId": "first",
                "name": "BELOW",
                "description": "Text",
                "position": 0,
                "published": True,
                "subcategories": [],
            }
        ],
    }


def node(id: str, parent: str | None = None, *, published: bool = True) -> Node:
    return Node(id, parent, None, STANDARD, {"en": id}, None, None, (), None, 0, published)


def test_only_what_is_published_up_to_its_root_comes_with_its_ancestors() -> None:
    known = {
        each.id: each
        for each in (
            node("a"),
            node("b", "a"),
            node("c", "b"),
            node("off", "a", published=False),
            node("d", "off"),
            node("e", "off", published=False),
        )
    }

    def found(*ids: str) -> list[str]:
        return sorted(each.id for each in published_with_ancestors(known, ids))

    assert found("c") == ["a", "b", "c"]
    assert found("c", "b", "c") == ["a", "b", "c"]
    assert found("d") == found("e") == found("nobody") == []
    assert found("b", "d") == ["a", "b"]
