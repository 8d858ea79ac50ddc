"""Members written as a set: the same rows, answers and events as one by one, whoever they are."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.jobs import imported, ndjson
from support.shop import SEGMENTS, Shop

PEOPLE = ("C1", "C2", "nobody", "C3")
ENTITIES = (None, "acme", "nowhere")
MIXINS = (None, {"card": {"number": 1}}, {"card": {"number": 2}})
ROW = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(ENTITIES), st.sampled_from(MIXINS))
VERSIONS = st.sampled_from((None, None, None, 1, 2))


def item(row: tuple[str, str | None, Any], version: int | None) -> dict[str, Any]:
    """A row of a bulk or of a file."""
    named = {"customerId": row[0], "legalEntityId": row[1], "mixins": row[2]}
    found = {name: value for name, value in named.items() if value is not None}
    return found if version is None else found | {"metadata": {"version": version}}


def stored(shop: Shop, segment: str) -> list[Any]:
    """The assignments of a segment but for their instants."""
    found = shop.api.get(f"{SEGMENTS}/{segment}/customers?pageSize=1000").json
    return [each | {"metadata": each["metadata"]["version"]} for each in found]


def told(shop: Shop, segment: str, key: tuple[str, str | None]) -> list[Any]:
    """The events of one assignment, but for their instants and the segment's name."""
    found = []
    for each in shop.api.events():
        entity = each.get("legalEntity", {}).get("id")
        if each.get("segmentId") == segment and (each["customer"]["id"], entity) == key:
            assert each["metadata"]["createdAt"] <= each["metadata"]["modifiedAt"]
            found.append(each | {"metadata": each["metadata"]["version"], "segmentId": ""})
    return found


def people(shop: Shop) -> None:
    for id, name in (("C1", {"firstName": "Ada"}), ("C2", {"lastName": 'Ä"\\é'}), ("C3", {})):
        shop.customer(f"{id}@example.com", id=id, **name)
    shop.company("acme")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(ROW, VERSIONS), min_size=1, max_size=12))
def test_one_by_one_in_bulk_and_from_a_file_come_to_the_same(shop: Shop, rows: list[Any]) -> None:
    api = shop.api
    if api.get("/customer/{tenant}/customers/C1").status == 404:
        people(shop)
    at = len(api.get(f"{SEGMENTS}?pageSize=1000").json)
    one, bulk, file = (f"{name}{at}" for name in ("one", "bulk", "file"))
    for segment in (one, bulk, file):
        shop.segment(segment)
    items = [item(*row) for row in rows]
    codes = []
    for each in items:
        path = "/".join(each[name] for name in ("customerId", "legalEntityId") if name in each)
        answer = api.put(f"{SEGMENTS}/{one}/customers/{path}", each)
        codes.append(answer.status)
    assert [each["code"] for each in api.put(f"{SEGMENTS}/{bulk}/customers/bulk", items).json] == codes
    counts = imported(api, ndjson(items), segmentId=file)["counts"]
    assert (counts["created"], counts["failed"]) == (codes.count(201), sum(code >= 400 for code in codes))
    assert stored(shop, one) == stored(shop, bulk) == stored(shop, file)
    for key in {(row[0], row[1]) for row, _ in rows}:
        assert told(shop, one, key) == told(shop, bulk, key) == told(shop, file, key)
    members = [api.get(f"/customer-segment/{{tenant}}/counts/{each}") for each in (one, bulk, file)]
    assert len({each.json["members"] for each in members}) == 1
