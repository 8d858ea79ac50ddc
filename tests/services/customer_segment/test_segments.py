"""Segments: create, read, search, replace, patch, delete, one by one and in bulk."""

from __future__ import annotations

from typing import Any

import pytest

from support.shop import SEGMENTS, Shop

GOLD: dict[str, Any] = {
    "id": "gold",
    "name": {"en": "Gold", "de": "Gold (de)"},
    "description": {"en": "The best"},
    "validity": {"from": "2024-04-17T08:00:00Z", "to": "2034-04-17T10:00:00+02:00"},
    "status": "ACTIVE",
    "siteCode": "main",
    "mixins": {"campaign": {"budget": 250, "owner": {"name": "Ada"}}},
}


def test_a_created_segment_is_read_back_as_sent(shop: Shop) -> None:
    created = shop.api.post(SEGMENTS, GOLD)
    assert (created.status, created.json) == (201, {"id": "gold"})
    read = shop.api.get(f"{SEGMENTS}/gold").json
    metadata = read.pop("metadata")
    assert read == {
        **GOLD,
        "validity": {"from": "2024-04-17T08:00:00.000Z", "to": "2034-04-17T08:00:00.000Z"},
    }
    assert metadata["version"] == 1
    assert metadata["createdAt"] == metadata["modifiedAt"]


def test_without_id_and_status_they_are_given(shop: Shop) -> None:
    id = shop.api.post(SEGMENTS, {"name": {"en": "x"}, "siteCode": "main"}).json["id"]
    assert shop.api.get(f"{SEGMENTS}/{id}").json["status"] == "INACTIVE"


def test_an_id_is_taken_once(shop: Shop) -> None:
    shop.api.post(SEGMENTS, GOLD)
    with shop.api.unchanged():
        again = shop.api.post(SEGMENTS, GOLD)
    assert again.status == 409
    assert again.json["message"] == "The resource already exists."


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"name": {}}, "name"),
        ({"name": {"en": 1}}, "name[...]"),
        ({"name": "Gold"}, "name"),
        ({"name": {"fr": "Or"}}, "name"),
        ({"siteCode": None}, "siteCode"),
        ({"siteCode": "nowhere"}, "siteCode"),
        ({"status": "OPEN"}, "status"),
        ({"validity": {"from": "yesterday"}}, "validity.from"),
        ({"validity": {"from": "2030-01-01T00:00:00Z", "to": "2029-01-01T00:00:00Z"}}, "validity.to"),
        ({"id": "no spaces"}, "id"),
        ({"id": "x" * 67}, "id"),
        ({"mixins": ["x"]}, "mixins"),
        ({"metadata": {"mixins": {"campaign": 1}}}, "metadata.mixins.campaign"),
    ],
)
def test_a_bad_field_is_named_and_nothing_happens(shop: Shop, change: dict[str, Any], field: str) -> None:
    body = {key: value for key, value in {**GOLD, **change}.items() if value is not None}
    with shop.api.unchanged():
        refused = shop.api.post(SEGMENTS, body)
    assert refused.status == 400
    assert refused.json["message"] == "Validation problem with request body."
    assert refused.json["details"][0]["field"] == field


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"name": "\\u0000"}', b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(shop: Shop, body: bytes) -> None:
    with shop.api.unchanged():
        assert shop.api.post(SEGMENTS, body).status == 400


def test_put_creates_then_replaces_completely(shop: Shop) -> None:
    body = {key: value for key, value in GOLD.items() if key != "id"}
    assert shop.api.put(f"{SEGMENTS}/gold", body).json == {"id": "gold"}
    replaced = shop.api.put(f"{SEGMENTS}/gold", {"name": {"en": "New"}, "siteCode": "main"})
    assert (replaced.status, replaced.body) == (204, b"")
    read = shop.api.get(f"{SEGMENTS}/gold").json
    assert read["metadata"].pop("version") == 2
    read.pop("metadata")
    assert read == {"id": "gold", "name": {"en": "New"}, "siteCode": "main", "status": "INACTIVE"}


def test_a_stale_version_is_refused(shop: Shop) -> None:
    shop.segment("gold")
    body = {"name": {"en": "x"}, "siteCode": "main", "metadata": {"version": 1}}
    assert shop.api.put(f"{SEGMENTS}/gold", body).status == 204
    with shop.api.unchanged():
        stale = shop.api.put(f"{SEGMENTS}/gold", body)
    assert stale.status == 409
    assert stale.json["message"] == "The resource you are attempting to access has changed."


def test_patch_by_operations_and_by_merge(shop: Shop) -> None:
    shop.api.post(SEGMENTS, GOLD)
    operations = [
        {"op": "replace", "path": "/status", "value": "INACTIVE"},
        {"op": "remove", "path": "/description"},
        {"op": "replace", "path": "/mixins/campaign/budget", "value": 15},
        {"op": "add", "path": "/name/de", "value": "Neu"},
    ]
    assert shop.api.patch(f"{SEGMENTS}/gold", operations).status == 204
    merge = {"name": {"en": "Newer"}, "mixins": {"campaign": {"owner": None}}, "metadata": {"version": 2}}
    assert shop.api.patch(f"{SEGMENTS}/gold", merge).status == 204
    read = shop.api.get(f"{SEGMENTS}/gold").json
    assert read["status"] == "INACTIVE"
    assert "description" not in read
    assert read["mixins"] == {"campaign": {"budget": 15}}
    assert read["name"] == {"en": "Newer", "de": "Neu"}
    assert read["metadata"]["version"] == 3


@pytest.mark.parametrize(
    "body",
    [
        [{"op": "remove", "path": "/siteCode"}],
        [{"op": "replace", "path": "/id", "value": "other"}],
        [{"op": "replace", "path": "/nothing/here", "value": 1}],
        [{"op": "explode", "path": "/status"}],
        [{"op": "replace", "path": "/status", "value": "OPEN"}],
        {"status": "OPEN"},
        {"siteCode": "nowhere"},
        "status",
    ],
)
def test_a_patch_that_cannot_be_is_refused_whole(shop: Shop, body: Any) -> None:
    shop.api.post(SEGMENTS, GOLD)
    before = shop.api.get(f"{SEGMENTS}/gold").json
    with shop.api.unchanged():
        assert shop.api.patch(f"{SEGMENTS}/gold", body).status == 400
    assert shop.api.get(f"{SEGMENTS}/gold").json == before


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_segment_is_not_found(shop: Shop, method: str) -> None:
    with shop.api.unchanged():
        response = shop.api.request(method, f"{SEGMENTS}/none", [] if method == "PATCH" else None)
    assert response.status == 404
    assert response.json["message"] == "The resource with id none has not been found."


def test_a_segment_with_assignments_is_deleted_only_by_force(shop: Shop) -> None:
    shop.segment("gold")
    customer = shop.customer("ada@example.com")
    shop.member("gold", customer)
    shop.item("gold", shop.product("p1"))
    with shop.api.unchanged():
        refused = shop.api.delete(f"{SEGMENTS}/gold")
    assert refused.status == 400
    assert "1 customers and 1 items" in refused.json["details"][0]["message"]
    assert shop.api.delete(f"{SEGMENTS}/gold?forceDelete=true").status == 204
    assert shop.api.get(f"{SEGMENTS}/gold").status == 404
    kinds = [event["type"].rsplit(".")[-1] for event in shop.api.events()]
    assert kinds[-3:] == ["customer-assignment-deleted", "item-assignment-deleted", "segment-deleted"]


def test_bulk_keeps_the_order_and_stores_what_is_good(shop: Shop) -> None:
    def entry(id: str, **more: Any) -> dict[str, Any]:
        return {"id": id, "name": {"en": id}, "siteCode": "main", **more}

    body = [entry("a"), entry("b", siteCode="nowhere"), {"id": "c"}, entry("a"), entry("d")]
    created = shop.api.post(f"{SEGMENTS}/bulk", body)
    assert created.status == 207
    assert [(each["index"], each["code"]) for each in created.json] == [
        (1, 201),
        (2, 400),
        (3, 400),
        (4, 409),
        (5, 201),
    ]
    assert created.json[0] == {"index": 1, "id": "a", "code": 201, "status": "Created"}
    body = [entry("a", metadata={"version": 1}), entry("d", metadata={"version": 7}), entry("e"), entry("e")]
    upserted = shop.api.put(f"{SEGMENTS}/bulk", body).json
    assert [each["code"] for each in upserted] == [204, 409, 201, 204]
    assert upserted[0]["status"] == "OK"
    deleted = shop.api.delete(f"{SEGMENTS}/bulk", ["a", "none", "a", 5, "e"]).json
    assert [each["code"] for each in deleted] == [204, 404, 404, 400, 204]
    assert [each["id"] for each in shop.api.get(SEGMENTS).json] == ["d"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_201st_item_refuses_the_whole(shop: Shop, method: str) -> None:
    body: list[Any] = [{"id": f"s{n}", "name": {"en": "x"}, "siteCode": "main"} for n in range(201)]
    if method == "DELETE":
        body = [each["id"] for each in body]
    with shop.api.unchanged():
        refused = shop.api.request(method, f"{SEGMENTS}/bulk", body)
        assert refused.status == 400
        assert refused.json["message"] == "Maximum size of the payload array is 200."
        assert shop.api.request(method, f"{SEGMENTS}/bulk", {"id": "x"}).status == 400


def test_two_hundred_in_bulk_stay_inside_the_budget(shop: Shop) -> None:
    body = [{"id": f"s{n}", "name": {"en": f"S {n}"}, "siteCode": "main"} for n in range(200)]
    for _ in range(2):
        with shop.api.statements(8):
            assert {each["code"] for each in shop.api.put(f"{SEGMENTS}/bulk", body).json} <= {201, 204}
    assert len(shop.api.get(SEGMENTS + "?pageSize=500").json) == 200


def test_search_by_q_sort_fields_and_count(shop: Shop) -> None:
    shop.site("swiss", currency="CHF")
    for number in range(7):
        more = {"mixins": {"plan": {"level": number}}, "name": {"en": f"S{number}", "de": f"T{number}"}}
        shop.segment(f"s{number}", siteCode="swiss" if number % 2 else "main", **more)

    def found(q: str, **parameters: str) -> list[str]:
        tail = "&".join(f"{name}={value}" for name, value in parameters.items())
        return [each["id"] for each in shop.api.post(f"{SEGMENTS}/search?{tail}", {"q": q}).json]

    assert found("siteCode:swiss") == ["s1", "s3", "s5"]
    assert found("name.de:T4") == ["s4"]
    assert found("name:S4") == ["s4"]
    assert found("mixins.plan.level:>=5", sort="mixins.plan.level:desc") == ["s6", "s5"]
    assert found("id:(s1,s2,s3) siteCode:main") == ["s2"]
    page = shop.api.get(f"{SEGMENTS}?sort=id:desc&pageSize=3&pageNumber=2&fields=id", x_total_count="true")
    assert page.json == [{"id": "s3"}, {"id": "s2"}, {"id": "s1"}]
    assert page.headers["x-total-count"] == "7"
    assert shop.api.get(f"{SEGMENTS}?pageNumber=9").json == []
    with shop.api.statements(2):
        shop.api.get(SEGMENTS, x_total_count="true")


@pytest.mark.parametrize(
    "query", ["q=name", "q=name:(~)", "pageNumber=0", "pageSize=x", "pageNumber=1000000000000000000"]
)
def test_a_bad_query_is_refused(shop: Shop, query: str) -> None:
    assert shop.api.get(f"{SEGMENTS}?{query}").status == 400


def test_a_malformed_q_names_the_position(shop: Shop) -> None:
    refused = shop.api.post(f"{SEGMENTS}/search", {"q": "siteCode:main name"})
    assert "position 15" in refused.json["message"]
    assert "No value for key 'name'" in refused.json["message"]


def test_accept_language_filters_the_maps(shop: Shop) -> None:
    shop.segment("gold", name={"en": "Gold", "de": "Gold (de)"})
    assert shop.api.get(f"{SEGMENTS}/gold", accept_language="de").json["name"] == {"de": "Gold (de)"}
    assert len(shop.api.get(f"{SEGMENTS}/gold", accept_language="*").json["name"]) == 2
    assert shop.api.get(f"{SEGMENTS}/gold", accept_language="ru").status == 400


def test_each_change_writes_its_event_once(shop: Shop) -> None:
    shop.api.post(SEGMENTS, GOLD)
    shop.api.patch(f"{SEGMENTS}/gold", {"status": "INACTIVE"})
    shop.api.patch(f"{SEGMENTS}/gold", {"status": "INACTIVE"})
    shop.api.delete(f"{SEGMENTS}/gold")
    created, updated, deleted = [event for event in shop.api.events() if "segment" in event["type"]]
    assert created["type"] == "customer-segment.segment-created"
    assert created["tenant"] == shop.api.tenant
    assert (updated["previousStatus"], updated["status"]) == ("ACTIVE", "INACTIVE")
    assert updated["mixins"] == GOLD["mixins"]
    assert deleted == {"type": "customer-segment.segment-deleted", "id": "gold", "tenant": shop.api.tenant}


def test_a_site_with_segments_stays(shop: Shop) -> None:
    shop.site("swiss", currency="CHF")
    shop.segment("gold", siteCode="swiss")
    with shop.api.unchanged():
        assert shop.api.delete("/site/{tenant}/sites/swiss").status == 400
    shop.api.delete(f"{SEGMENTS}/gold")
    assert shop.api.delete("/site/{tenant}/sites/swiss").status == 204


def test_operations_may_test_and_name_the_version(shop: Shop) -> None:
    shop.segment("gold")
    path = f"{SEGMENTS}/gold"
    switch = {"op": "replace", "path": "/status", "value": "INACTIVE"}
    assert (
        shop.api.patch(path, [{"op": "test", "path": "/metadata/version", "value": 1}, switch]).status == 204
    )
    with shop.api.unchanged():
        assert (
            shop.api.patch(path, [{"op": "test", "path": "/metadata/version", "value": 1}, switch]).status
            == 400
        )
        stale = [{"op": "add", "path": "/metadata/version", "value": 1}, switch]
        assert shop.api.patch(path, stale).status == 409
    assert shop.api.get(path).json["metadata"]["version"] == 2


def test_a_patch_can_not_dig_deeper_than_a_body_may(shop: Shop) -> None:
    shop.segment("gold", mixins={"a": {}})
    deep: dict[str, Any] = {}
    for _ in range(60):
        deep = {"a": deep}
    operations = [
        {"op": "add", "path": "/mixins/a", "value": deep},
        {"op": "add", "path": "/mixins/a" + "/a" * 60, "value": deep},
    ]
    with shop.api.unchanged():
        assert shop.api.patch(f"{SEGMENTS}/gold", operations).status == 400


def test_one_request_has_a_hundred_schemas_fetched_at_most(shop: Shop) -> None:
    def entry(number: int) -> dict[str, Any]:
        urls = {"plan": f"http://127.0.0.1:9/{number}.json"}
        return {
            "id": f"s{number}",
            "name": {"en": "x"},
            "siteCode": "main",
            "mixins": {"plan": {"level": 1}},
            "metadata": {"mixins": urls},
        }

    with shop.api.unchanged():
        refused = shop.api.put(f"{SEGMENTS}/bulk", [entry(number) for number in range(101)])
    assert refused.status == 400
    assert refused.json["details"][0]["field"] == "metadata.mixins"
    # Where a schema can't be had, here because of its address, what it describes is taken on trust.
    assert {each["code"] for each in shop.api.put(f"{SEGMENTS}/bulk", [entry(1), entry(2)]).json} == {201}
