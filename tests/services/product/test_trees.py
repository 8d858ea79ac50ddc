"""Dynamic variants: trees of up to four levels, what is inherited in them, and their recalculation as jobs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from coterie.services.product.tables import product
from support.api import Api
from support.jobs import finish

PRODUCTS = "/product/{tenant}/products"
JOBS = f"{PRODUCTS}/recalculate/jobs"


def attribute(qualifier: Any, type: str = "STRING") -> dict[str, Any]:
    return {"name": {"en": "Name", "de": "Name"}, "value": {"type": type, "qualifier": qualifier}}


def node(id: str, parent: str | None = None, **fields: Any) -> dict[str, Any]:
    body = {"id": id, "code": id, "name": id, "productType": "DYNAMIC_VARIANT", "published": True}
    own = {"ownVariantAttributes": {f"of_{id}": attribute(id)}}
    return {**body, **own, **({"parentVariantId": parent} if parent else {}), **fields}


@pytest.fixture
def tree(api: Api) -> Api:
    """root > a > b > c, and root > d."""
    chain = [
        node("root"),
        node("a", "root"),
        node("b", "a"),
        node("c", "b", sellable=True),
        node("d", "root"),
    ]
    answer = api.post(f"{PRODUCTS}/bulk", chain)
    assert [entry["code"] for entry in answer.json] == [201] * 5
    return api


def get(api: Api, id: str) -> Any:
    return api.get(f"{PRODUCTS}/{id}").json


def test_paths_attributes_and_the_map_of_the_root(tree: Api) -> None:
    leaf = get(tree, "c")
    assert leaf["parentVariantPath"] == ["b", "a", "root"]
    assert set(leaf["ownVariantAttributes"]) == {"of_c"}
    assert set(leaf["inheritedVariantAttributes"]) == {"of_b", "of_a", "of_root"}
    assert leaf["sellable"] is True
    assert "variants" not in leaf
    root = get(tree, "root")
    assert root["parentVariantPath"] == []
    assert set(root["variants"]) == {"a", "b", "c", "d"}
    entry = root["variants"]["c"]
    assert (entry["parentVariantId"], entry["published"], entry["version"]) == ("b", True, 1)
    assert set(entry["variantAttributes"]) == {"of_c", "of_b", "of_a", "of_root"}
    found = tree.get(f"{PRODUCTS}?q=parentVariantPath:a").json
    assert [each["id"] for each in found] == ["b", "c"]


def test_a_change_goes_down_the_tree_with_events(tree: Api) -> None:
    body = {"ownVariantAttributes": {"of_a": attribute("new")}}
    with tree.statements(18):
        assert tree.patch(f"{PRODUCTS}/a", body).status == 204
    assert get(tree, "c")["inheritedVariantAttributes"]["of_a"]["value"]["qualifier"] == "new"
    assert get(tree, "root")["variants"]["c"]["variantAttributes"]["of_a"]["value"]["qualifier"] == "new"
    assert [event["id"] for event in tree.events("product.updated")] == ["a", "b", "c"]
    assert get(tree, "d")["metadata"]["version"] == 1


def test_unpublished_variants_are_shown_to_whom_may_see_them(tree: Api) -> None:
    tree.patch(f"{PRODUCTS}/d", {"published": False})
    shown = tree.as_anonymous().get(f"{PRODUCTS}/root").json["variants"]
    assert set(shown) == {"a", "b", "c"}
    assert "published" not in shown["a"]
    assert get(tree, "root")["variants"]["d"]["published"] is False


def test_names_come_in_the_language_asked_for(tree: Api) -> None:
    body = {
        "ownVariantAttributes": {"of_d": {"name": "Farbe", "value": {"type": "STRING", "qualifier": "x"}}}
    }
    assert tree.patch(f"{PRODUCTS}/d", body, content_language="de").status == 204
    assert get(tree, "d")["ownVariantAttributes"]["of_d"]["name"] == {"en": "Name", "de": "Farbe"}
    shown = tree.get(f"{PRODUCTS}/root", accept_language="de").json
    assert shown["variants"]["d"]["variantAttributes"]["of_d"]["name"] == "Farbe"
    bad = {"ownVariantAttributes": {"of_d": {"name": {"ru": "x"}}}}
    with tree.unchanged():
        refused = tree.patch(f"{PRODUCTS}/d", bad)
    assert refused.json["details"][0].startswith("ownVariantAttributes.of_d.name")


def test_moving_a_branch(tree: Api) -> None:
    whole = {name: value for name, value in node("b").items() if name != "id"}
    # A PUT that says nothing of the parent keeps it.
    assert tree.put(f"{PRODUCTS}/b", whole).status == 204
    assert get(tree, "b")["parentVariantPath"] == ["a", "root"]
    assert tree.patch(f"{PRODUCTS}/b", {"parentVariantId": "d"}).status == 204
    assert get(tree, "c")["parentVariantPath"] == ["b", "d", "root"]
    assert set(get(tree, "c")["inheritedVariantAttributes"]) == {"of_b", "of_d", "of_root"}
    assert tree.patch(f"{PRODUCTS}/b", {"parentVariantId": None}).status == 204
    assert get(tree, "c")["parentVariantPath"] == ["b"]
    assert set(get(tree, "b")["variants"]) == {"c"}
    assert set(get(tree, "root")["variants"]) == {"a", "d"}


def test_circles_and_deep_trees_are_refused(tree: Api) -> None:
    tree.post(PRODUCTS, node("other"))
    with tree.unchanged():
        for id, parent in (("a", "c"), ("a", "a"), ("root", "c")):
            answer = tree.patch(f"{PRODUCTS}/{id}", {"parentVariantId": parent})
            assert answer.json["details"][0].startswith("parentVariantId: lies below the product itself")
        assert (
            tree.post(PRODUCTS, node("e", "c"))
            .json["details"][0]
            .startswith("parentVariantId: would make the tree deeper than 4 levels")
        )
        assert tree.patch(f"{PRODUCTS}/root", {"parentVariantId": "other"}).status == 400
        wrong = node("f", "a", ownVariantAttributes={"x": attribute("10", "NUMBER")})
        assert tree.post(PRODUCTS, wrong).json["details"] == [
            "ownVariantAttributes.x.value.qualifier: must be a number, as its type says"
        ]


def test_a_child_may_come_before_its_parent(api: Api) -> None:
    assert api.post(PRODUCTS, node("c", "b")).status == 201
    orphan = get(api, "c")
    assert orphan["metadata"]["dynamicVariantInfo"] == {"missingAncestorId": "b"}
    api.post(PRODUCTS, node("b", "a"))
    assert get(api, "c")["parentVariantPath"] == ["b", "a"]
    assert get(api, "c")["metadata"]["dynamicVariantInfo"] == {"missingAncestorId": "a"}
    with api.unchanged():
        assert api.post(PRODUCTS, node("a", "c")).status == 400
    api.post(PRODUCTS, node("a"))
    assert "dynamicVariantInfo" not in get(api, "c")["metadata"]
    assert set(get(api, "c")["inheritedVariantAttributes"]) == {"of_a", "of_b"}
    assert set(get(api, "a")["variants"]) == {"b", "c"}


def test_a_branch_is_deleted_by_force(tree: Api) -> None:
    with tree.unchanged():
        assert tree.delete(f"{PRODUCTS}/a").status == 400
    assert tree.delete(f"{PRODUCTS}/a?force=true").status == 204
    assert set(get(tree, "root")["variants"]) == {"d"}
    assert sorted(event["id"] for event in tree.events("product.deleted")) == ["a", "b", "c"]


def spoil(api: Api, id: str) -> None:
    """Leave a product as no write of ours would."""

    async def run() -> None:
        async with api.server.runtime.database.writing() as db:
            row = await db.first(product.select().where(product.c.tenant == api.tenant, product.c.id == id))
            doc = {**row.doc, "parentVariantPath": ["nonsense"], "inheritedVariantAttributes": {}}
            mine = update(product).where(product.c.tenant == api.tenant, product.c.id == id)
            await db.run(mine.values(doc=doc, root_id="nonsense"))

    api.run(run())


def test_recalculation_sets_a_tree_right(tree: Api) -> None:
    spoil(tree, "c")
    asked = tree.post(f"{PRODUCTS}/recalculate", {"productIds": ["a", "d", "ghost"]})
    assert asked.status == 202
    (job,) = asked.json["jobs"]
    assert asked.json["skippedProductIds"] == ["ghost"]
    assert (job["parentRoot"], job["requestedByIds"], job["status"]) == ("root", ["a", "d"], "PENDING")
    assert (job["processingStartedAt"], job["finishedAt"], job["error"], job["attempts"]) == (
        None,
        None,
        None,
        0,
    )
    again = tree.post(f"{PRODUCTS}/recalculate", {"productIds": ["b"]}).json
    assert ([each["id"] for each in again["jobs"]], again["skippedProductIds"]) == ([job["id"]], ["b"])
    finish(tree)
    done = tree.get(f"{JOBS}/{job['id']}").json
    assert (done["status"], done["attempts"], done["progress"]) == ("FINISHED", 1, {"done": 5, "total": 5})
    assert done["finishedAt"] >= done["processingStartedAt"]
    assert get(tree, "c")["parentVariantPath"] == ["b", "a", "root"]
    assert [event["id"] for event in tree.events("product.updated")] == ["c"]
    assert [each["id"] for each in tree.get(f"{JOBS}?status=FINISHED").json] == [job["id"]]
    assert tree.get(f"{JOBS}?status=PENDING").json == []
    assert len(tree.get(JOBS).json) == 1


def test_a_tree_that_is_gone_fails_the_job(tree: Api) -> None:
    job = tree.post(f"{PRODUCTS}/recalculate", {"productIds": ["c"]}).json["jobs"][0]
    tree.delete(f"{PRODUCTS}/root?force=true")
    finish(tree)
    done = tree.get(f"{JOBS}/{job['id']}").json
    assert (done["status"], done["error"]) == ("FAILED", "The product root is there no more.")


def test_recalculation_asks_for_some_ids_and_the_scope(tree: Api) -> None:
    with tree.unchanged():
        assert tree.post(f"{PRODUCTS}/recalculate", {"productIds": []}).status == 400
        ids = [f"x{at}" for at in range(1001)]
        assert tree.post(f"{PRODUCTS}/recalculate", {"productIds": ids}).status == 400
        assert tree.get(f"{JOBS}/ghost").status == 404
        assert tree.get(f"{JOBS}?status=DONE").status == 400
        vendor = tree.with_scopes("product.product_manage_by_vendor")
        assert vendor.post(f"{PRODUCTS}/recalculate", {"productIds": ["a"]}).status == 403
