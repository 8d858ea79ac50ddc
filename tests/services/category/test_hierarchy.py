"""The hierarchy: no cycles, no bottomless trees, and a closure that always follows from the parents."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from coterie.services.category.rules import MAX_LEVELS
from coterie.services.category.tables import category, closure
from support.api import Api, Server, new_tenant

BASE = "/category/{tenant}/categories"


def body(parent: str | None = None) -> dict[str, Any]:
    return {"localizedName": {"en": "C"}, "published": False, "parentId": parent}


def grow(api: Api, *pairs: tuple[str, str | None]) -> None:
    for id, parent in pairs:
        assert api.put(f"{BASE}/{id}", body(parent)).status == 201


def stored(api: Api) -> tuple[dict[str, str | None], set[tuple[str, str, int]]]:
    """Parents by category, and the closure."""

    async def read() -> tuple[dict[str, str | None], set[tuple[str, str, int]]]:
        async with api.server.runtime.database.reading() as session:
            rows = await session.all(select(category).where(category.c.tenant == api.tenant))
            paths = await session.all(select(closure).where(closure.c.tenant == api.tenant))
        return (
            {row.id: row.parent_id for row in rows},
            {(row.category_id, row.ancestor_id, row.depth) for row in paths},
        )

    return api.run(read())


def closed(parents: dict[str, str | None]) -> set[tuple[str, str, int]]:
    """The closure as it follows from the parents."""
    paths = set()
    for id in parents:
        above: str | None = id
        depth = 0
        while above is not None:
            paths.add((id, above, depth))
            above, depth = parents[above], depth + 1
    return paths


def below(parents: dict[str, str | None], id: str) -> set[str]:
    return {lower for lower, upper, _ in closed(parents) if upper == id}


NAMES = st.sampled_from("abcdefgh")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), NAMES, st.none() | NAMES),
        st.tuples(st.just("patch"), NAMES, st.none() | NAMES),
        st.tuples(st.just("delete"), NAMES, st.booleans()),
    ),
    max_size=25,
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_closure_follows_from_the_parents(server: Server, steps: list[tuple[str, str, Any]]) -> None:
    api = new_tenant(server)
    parents: dict[str, str | None] = {}
    for step, id, argument in steps:
        if step == "delete":
            response = api.delete(f"{BASE}/{id}?withSubcategories={str(argument).lower()}")
            assert response.status == (204 if id in parents else 404)
            gone = (below(parents, id) if argument else {id}) if id in parents else set()
            parents = {
                name: None if parent in gone else parent
                for name, parent in parents.items()
                if name not in gone
            }
            continue
        allowed = argument is None or (argument in parents and argument not in below(parents, id))
        if step == "put":
            response = api.put(f"{BASE}/{id}", body(argument))
            expected = (204 if id in parents else 201) if allowed else 400
        else:
            shown = api.get(f"{BASE}/{id}?showUnpublished=true")
            version = shown.json["metadata"]["version"] if shown.status == 200 else 1
            response = api.patch(
                f"{BASE}/{id}", {"parentId": argument or "root", "metadata": {"version": version}}
            )
            same = id in parents and parents[id] == argument
            expected = 404 if id not in parents else 204 if allowed or same else 400
        assert response.status == expected, (step, id, argument, response.json)
        if expected < 300:
            parents[id] = argument
    assert stored(api) == (parents, closed(parents))


def test_a_category_can_not_lie_in_itself(api: Api) -> None:
    grow(api, ("a", None), ("b", "a"), ("c", "b"))
    with api.unchanged():
        for parent in ("a", "b", "c"):
            response = api.put(f"{BASE}/a", body(parent))
            assert response.status == 400
            assert response.json["details"][0].startswith("parentId: ")
        assert api.put(f"{BASE}/new", body("new")).status == 400


def test_a_tree_has_a_bottom(api: Api) -> None:
    names = [f"n{level}" for level in range(MAX_LEVELS)]
    grow(api, *zip(names, [None, *names], strict=False))
    with api.unchanged():
        assert api.put(f"{BASE}/deeper", body(names[-1])).status == 400
    grow(api, ("x", None), ("y", "x"))
    assert api.put(f"{BASE}/y", body(names[-2])).status == 204
    grow(api, ("u", None), ("v", "u"))
    with api.unchanged():
        assert api.put(f"{BASE}/u", body(names[-2])).status == 400  # v would be one level too deep
    assert api.get(f"/category/{{tenant}}/category-trees/{names[0]}?showUnpublished=true").status == 200


ROUNDS = 10


async def at_once(api: Api, *bodies: tuple[str, str | None]) -> list[int]:
    """Put these categories into these parents at the same time."""
    responses = await asyncio.gather(
        *(api.send("PUT", f"{BASE}/{id}", body(parent)) for id, parent in bodies)
    )
    return [response.status for response in responses]


def test_two_moves_at_once_do_not_close_a_cycle(api: Api) -> None:
    grow(api, ("a", None), ("b", None), ("x", "a"), ("y", "b"))
    for _ in range(ROUNDS):  # the first ones open the connections on which the later ones meet
        assert sorted(api.run(at_once(api, ("a", "y"), ("b", "x")))) == [204, 400]
        parents, paths = stored(api)
        assert paths == closed(parents)
        api.run(at_once(api, ("a", None), ("b", None)))


def test_what_is_created_during_a_move_has_all_its_ancestors(api: Api) -> None:
    grow(api, ("a", None), ("b", None), ("x", "a"))
    for turn in range(ROUNDS):
        parent = "b" if turn % 2 else None
        pairs = [(f"n{turn}-{number}", "x") for number in range(3)]
        assert api.run(at_once(api, *pairs[:2], ("a", parent), pairs[2])) == [201, 201, 204, 201]
        parents, paths = stored(api)
        assert paths == closed(parents)


@pytest.mark.parametrize("everything", ["true", "false"])
def test_a_deletion_is_a_few_statements(api: Api, everything: str) -> None:
    grow(api, ("a", None), *((f"n{number}", "a") for number in range(20)))
    with api.statements(21):
        assert api.delete(f"{BASE}/a?withSubcategories={everything}").status == 204


def test_a_move_is_a_few_statements(api: Api) -> None:
    grow(api, ("a", None), ("b", None), *((f"n{number}", "a") for number in range(20)))
    with api.statements(13):
        assert api.put(f"{BASE}/a", body("b")).status == 204


def spoil(api: Api) -> None:
    """Let the closure of c no longer follow: a path lacks, and one leads where none is."""
    here = closure.c.tenant == api.tenant, closure.c.category_id == "c"
    wrong = {"tenant": api.tenant, "category_id": "c", "ancestor_id": "other", "depth": 1}

    async def write() -> None:
        async with api.server.runtime.database.writing() as session:
            await session.run(delete(closure).where(*here, closure.c.ancestor_id == "a"))
            await session.run(insert(closure), [wrong])

    api.run(write())


REBUILD = "/category/{tenant}/category-trees/a/rebuild?showUnpublished=true"


def test_a_tree_is_rebuilt_from_the_parents(api: Api) -> None:
    grow(api, ("a", None), ("b", "a"), ("c", "b"), ("other", None))
    spoil(api)
    assert [each["id"] for each in api.get(f"{BASE}/c/parents?showUnpublished=true").json] != ["a", "b"]
    rebuilt = api.post(REBUILD)
    assert rebuilt.status == 200
    assert rebuilt.json == api.get("/category/{tenant}/category-trees/a?showUnpublished=true").json
    assert rebuilt.json["subcategories"][0]["subcategories"][0]["id"] == "c"
    parents, paths = stored(api)
    assert paths == closed(parents)
    assert [each["id"] for each in api.get(f"{BASE}/c/parents?showUnpublished=true").json] == ["a", "b"]


def test_a_tree_that_is_sound_is_left_alone(api: Api) -> None:
    grow(api, ("a", None), ("b", "a"))
    with api.unchanged(), api.statements(7):
        assert api.post(REBUILD).status == 200


def test_only_a_root_is_rebuilt_by_who_may_and_sees_it(api: Api) -> None:
    grow(api, ("a", None), ("b", "a"), ("c", "b"))
    trees = "/category/{tenant}/category-trees"
    with api.unchanged():
        for id in ("b", "nobody"):
            response = api.post(f"{trees}/{id}/rebuild?showUnpublished=true")
            assert (response.status, response.json["message"]) == (404, "Error while getting category tree")
        assert api.post(f"{trees}/a/rebuild").status == 404  # unpublished, so it shows nothing
        manager = api.with_scopes("category.category_manage")
        assert manager.post(REBUILD).status == 403
        assert api.with_scopes("category.category_read_unpublished").post(REBUILD).status == 403
