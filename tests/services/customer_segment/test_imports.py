"""Imports: formats, rows that are refused, replace, dry run, cancel, and going on after a worker is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coterie.services.customer_segment.operations import files
from support.api import Api
from support.jobs import CSV, IMPORTS, finish, imported, lose_lease, ndjson, refused, run_steps, upload
from support.shop import SEGMENTS, Shop

GOLD = f"{SEGMENTS}/gold"
CREATED = "customer-segment.customer-assignment-created"
DELETED = "customer-segment.customer-assignment-deleted"


@pytest.fixture
def gold(shop: Shop) -> Shop:
    """A shop with the segment gold."""
    shop.segment("gold")
    return shop


@pytest.fixture
def open_gold(gold: Shop, request: pytest.FixtureRequest) -> Shop:
    """The same in a tenant whose customers are kept elsewhere, so that any id will do."""
    api = gold.api

    async def change() -> None:
        tenants = api.server.runtime.tenants
        async with api.server.runtime.database.writing() as session:
            await tenants.change(session, api.tenant, "references", "open")

    api.run(change())
    return gold


def members(api: Api, segment: str = "gold") -> dict[str, Any]:
    """The assignments of a segment without their instants, by customer and company."""
    found = {}
    for each in api.get(f"{SEGMENTS}/{segment}/customers?pageSize=10000").json:
        each["metadata"] = each["metadata"]["version"]
        found[each["customer"]["id"], each.get("legalEntity", {}).get("id")] = each
    return found


def counts(**some: int) -> dict[str, int]:
    names = ("rows", "created", "updated", "unchanged", "deleted", "failed")
    return dict.fromkeys(names, 0) | some


def told(view: Any) -> dict[str, int]:
    """The counts of an import, its bytes checked and left out."""
    found = dict(view["counts"])
    assert found.pop("bytes") == found.pop("bytesDone") > 0
    return found


def test_an_import_does_what_a_bulk_of_the_same_rows_does(gold: Shop) -> None:
    api = gold.api
    gold.segment("silver")
    ada, bob = gold.customer("ada@example.com"), gold.customer("bob@example.com")
    gold.company("acme")
    rows = [
        {"customerId": ada, "mixins": {"card": {"number": 7}}},
        {"customerId": bob, "legalEntityId": "acme"},
        {"customerId": bob},
        {"customerId": ada},
    ]
    bulk = api.put(f"{SEGMENTS}/silver/customers/bulk", rows)
    assert [entry["code"] for entry in bulk.json] == [201, 201, 201, 204]
    expected = [each | {"segmentId": "gold"} for each in told_of_customers(api)]
    done = imported(api, ndjson(rows), segmentId="gold")
    assert (done["state"], done["mode"], done["dryRun"]) == ("SUCCEEDED", "merge", False)
    assert told(done) == counts(rows=4, created=3, updated=1)
    assert members(api) == members(api, "silver")
    assert told_of_customers(api)[len(expected) :] == expected


def told_of_customers(api: Api) -> list[dict[str, Any]]:
    """The events of customer assignments, but for their instants."""
    found = [each for each in api.events() if "customer-assignment" in each["type"]]
    for each in found:
        each["metadata"] = each["metadata"]["version"]
    return found


def test_a_csv_has_quotes_line_ends_in_cells_and_json(open_gold: Shop) -> None:
    body = (
        "\ufeffmixins,customerId,legalEntityId,note\r\n"
        '"{""card"": {""motto"": ""one, two""}}",ada,,"first\r\nsecond ""third"""\r\n'
        "\r\n"
        ",bob,acme,\r\n"
        ",eve,,"
    ).encode()
    done = imported(open_gold.api, body, CSV, segmentId="gold")
    assert told(done) == counts(rows=3, created=3)
    found = members(open_gold.api)
    assert set(found) == {("ada", None), ("bob", "acme"), ("eve", None)}
    assert found["ada", None]["mixins"] == {"card": {"motto": "one, two"}}


def test_rows_may_name_their_segments(open_gold: Shop) -> None:
    open_gold.segment("silver")
    body = b"segmentId,customerId\ngold,ada\nsilver,bob\nbronze,eve\n,joe\n"
    done = imported(open_gold.api, body, CSV)
    assert told(done) == counts(rows=4, created=2, failed=2)
    assert set(members(open_gold.api)) == {("ada", None)}
    assert set(members(open_gold.api, "silver")) == {("bob", None)}
    errors = refused(open_gold.api, done["id"])
    assert set(errors) == {4, 5}
    assert "bronze" in errors[4]
    assert errors[5].startswith("segmentId: is required")


def test_a_bad_row_is_told_by_its_line_and_stops_no_other(gold: Shop) -> None:
    ada = gold.customer("ada@example.com")
    body = b"\n".join(
        [
            b'{"customerId": "nobody"}',
            b'{"customerId": ',
            b"",
            b"[1]",
            json.dumps({"customerId": ada}).encode(),
            b'{"legalEntityId": "acme"}',
            b'{"customerId": "not an id"}',
            b'{"customerId": "x\xff"}',
            json.dumps({"customerId": ada, "metadata": {"version": 9}}).encode(),
            b'{"customerId": "ada", "segmentId": "silver"}',
        ]
    )
    done = imported(gold.api, body, segmentId="gold")
    assert done["state"] == "SUCCEEDED"
    assert told(done) == counts(rows=9, created=1, failed=8)
    errors = refused(gold.api, done["id"])
    assert list(errors) == [1, 2, 4, 6, 7, 8, 9, 10]
    assert errors[1] == "customerId: there is no customer 'nobody'; create it first"
    assert errors[2].startswith("The line is not valid JSON")
    assert errors[4] == "The line is not a JSON object."
    assert errors[6] == "customerId: is required"
    assert "changed" in errors[9]
    assert "'silver' is not the segment 'gold'" in errors[10]
    lines = gold.api.get(f"{IMPORTS}/{done['id']}/errors?format=csv").body.decode().splitlines()
    assert lines[0] == "line,message"
    assert len(lines) == 9
    assert set(members(gold.api)) == {(ada, None)}
    assert len(gold.api.events(CREATED)) == 1


def test_a_bad_csv_row_is_told_by_its_line(open_gold: Shop) -> None:
    body = b'customerId,mixins\nada,"a\nb"\nbob\neve,{}\nx\xff,\njoe,"{""a"": 1}"x\nzoe,\n'
    done = imported(open_gold.api, body, CSV, segmentId="gold")
    errors = refused(open_gold.api, done["id"])
    assert {line: text.split(":")[0] for line, text in errors.items()} == {
        2: "mixins",
        4: "The line has 1 cells, the first line has 2.",
        6: "customerId",
        7: "The line is not CSV",
    }
    assert set(members(open_gold.api)) == {("eve", None), ("zoe", None)}


@pytest.mark.parametrize(
    ("body", "media", "query", "status"),
    [
        (b"", "application/x-ndjson", {"segmentId": "gold"}, 400),
        (b"\n \n", "application/x-ndjson", {"segmentId": "gold"}, 400),
        (b"customerId\n", "text/csv", {"segmentId": "gold"}, 400),
        (b"customer\nada\n", "text/csv", {"segmentId": "gold"}, 400),
        (b"customerId\nada\n", "text/csv", {}, 400),
        (b"customerId,customerId\nada,ada\n", "text/csv", {"segmentId": "gold"}, 400),
        (b"customerId\n" + b'"' + b"a\n" * 700_000, "text/csv", {"segmentId": "gold"}, 400),
        (b"x" * 1_100_000, "application/x-ndjson", {"segmentId": "gold"}, 400),
        (b"{}", "application/json", {"segmentId": "gold"}, 415),
        (b'{"customerId": "ada"}', "application/x-ndjson", {"mode": "replace"}, 400),
        (b'{"customerId": "ada"}', "application/x-ndjson", {"mode": "merge", "type": "coupons"}, 400),
        (b'{"customerId": "ada"}', "application/x-ndjson", {"segmentId": "silver"}, 404),
    ],
)
def test_what_can_not_be_a_file_leaves_nothing(
    gold: Shop, body: bytes, media: str, query: dict[str, str], status: int
) -> None:
    with gold.api.unchanged():
        answer = upload(gold.api, body, media, **query)
        assert answer.status == status, answer.body


@pytest.mark.usefixtures("small_chunks")
def test_an_upload_that_breaks_off_never_runs(open_gold: Shop) -> None:
    api = open_gold.api
    rows = ndjson({"customerId": f"c{number}"} for number in range(2500))
    answer = upload(api, rows + b'{"a": "' + b"x" * 1_100_000, segmentId="gold")
    assert answer.status == 400
    finish(api)
    assert api.get(IMPORTS).json == []
    assert members(api) == {}


def test_replace_removes_what_the_file_does_not_name(open_gold: Shop) -> None:
    api = open_gold.api
    open_gold.segment("silver")
    for segment in ("gold", "silver"):
        for number in range(6):
            open_gold.member(segment, f"c{number}")
    open_gold.member("gold", "c1", "acme")
    rows = [{"customerId": f"c{number}"} for number in (1, 3, 7)]
    rows.append({"customerId": "c4", "metadata": {"version": 9}})  # refused, yet named
    dry = imported(api, ndjson(rows), segmentId="gold", mode="replace", dryRun="true")
    assert told(dry) == counts(rows=4, created=1, unchanged=2, deleted=4, failed=1)
    assert len(members(api)) == 7
    done = imported(api, ndjson(rows), segmentId="gold", mode="replace")
    assert told(done) == told(dry)
    assert set(members(api)) == {("c1", None), ("c3", None), ("c4", None), ("c7", None)}
    assert len(members(api, "silver")) == 6
    gone = [(each["customerId"], each.get("legalEntityId")) for each in api.events(DELETED)]
    assert sorted(gone, key=str) == [("c0", None), ("c1", "acme"), ("c2", None), ("c5", None)]


def test_replace_removes_nothing_when_a_row_can_not_be_read(open_gold: Shop) -> None:
    open_gold.member("gold", "c0")
    done = imported(open_gold.api, b'{"customerId": "c1"}\n{"oops\n', segmentId="gold", mode="replace")
    assert done["state"] == "FAILED"
    assert done["message"].startswith("1 rows name no assignment, so nothing was removed")
    assert set(members(open_gold.api)) == {("c0", None), ("c1", None)}


def test_a_dry_run_writes_only_what_it_found_out(gold: Shop) -> None:
    ada = gold.customer("ada@example.com")
    before, events = members(gold.api), gold.api.events()
    done = imported(
        gold.api, ndjson([{"customerId": ada}, {"customerId": "x"}]), segmentId="gold", dryRun="true"
    )
    assert (done["state"], done["dryRun"]) == ("SUCCEEDED", True)
    assert told(done) == counts(rows=2, created=1, failed=1)
    assert set(refused(gold.api, done["id"])) == {2}
    assert (members(gold.api), gold.api.events()) == (before, events)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are cut after every thousand lines."""
    monkeypatch.setattr(files, "_MOST_LINES", 1_000)


@pytest.mark.usefixtures("small_chunks")
def test_a_cancelled_import_stops_and_keeps_what_it_did(open_gold: Shop) -> None:
    api = open_gold.api
    rows = ndjson({"customerId": f"c{number:04}"} for number in range(2500))
    path = f"{IMPORTS}/{upload(api, rows, segmentId='gold').json['id']}"
    run_steps(api, 1)
    assert api.get(path).json["state"] == "RUNNING"
    assert api.post(f"{path}/cancel").status == 204
    finish(api)
    view = api.get(path).json
    assert (view["state"], view["counts"]["rows"], len(members(api))) == ("CANCELLED", 1000, 1000)
    with api.unchanged():
        assert api.post(f"{path}/cancel").status == 409
        assert api.post(f"{IMPORTS}/nothing/cancel").status == 404


@pytest.mark.usefixtures("small_chunks")
def test_another_worker_goes_on_where_one_was_lost(open_gold: Shop) -> None:
    api = open_gold.api
    open_gold.member("gold", "old")
    rows = ndjson({"customerId": f"c{number % 2000:04}"} for number in range(2500))
    path = f"{IMPORTS}/{upload(api, rows, segmentId='gold', mode='replace').json['id']}"
    for _ in range(3):
        run_steps(api, 1)
        lose_lease(api)
    finish(api)
    assert told(api.get(path).json) == counts(rows=2500, created=2000, unchanged=500, deleted=1)
    assert len(members(api)) == len({each["customer"]["id"] for each in api.events(CREATED)[1:]}) == 2000
    assert len(api.events(CREATED)) == 2001
    assert len(api.events(DELETED)) == 1


def test_items_are_imported_too(gold: Shop) -> None:
    api = gold.api
    gold.product("p1")
    gold.category("c1")
    gold.item("gold", "p1")
    body = b"type,id\nproduct,p1\nCATEGORY,c1\nCATEGORY,p1\nthing,p1\n"
    done = imported(api, body, CSV, "items", segmentId="gold", mode="replace", dryRun="true")
    assert told(done) == counts(rows=4, created=1, unchanged=1, failed=2)
    done = imported(api, body[: body.index(b"thing")], CSV, "items", segmentId="gold", mode="replace")
    assert told(done) == counts(rows=3, created=1, unchanged=1, failed=1)
    listed = api.get(f"{GOLD}/items").json
    assert sorted((each["type"], each["item"]["id"]) for each in listed) == [
        ("CATEGORY", "c1"),
        ("PRODUCT", "p1"),
    ]
    done = imported(api, b'{"type": "CATEGORY", "id": "c1"}', type="items", segmentId="gold", mode="replace")
    assert told(done) == counts(rows=1, unchanged=1, deleted=1)
    deleted = api.events("customer-segment.item-assignment-deleted")
    assert [(each["type"], each["itemId"]) for each in deleted] == [
        ("customer-segment.item-assignment-deleted", "p1")
    ]


def test_a_storefront_sees_imported_items_at_once(gold: Shop) -> None:
    ada = gold.customer("ada@example.com")
    gold.member("gold", ada)
    visitor = gold.api.as_customer(ada)
    gold.product("p1")
    assert visitor.get(f"{SEGMENTS}/items").json == []
    imported(gold.api, b'{"type": "PRODUCT", "id": "p1"}', type="items", segmentId="gold")
    assert [each["item"]["id"] for each in visitor.get(f"{SEGMENTS}/items").json] == ["p1"]


def test_imports_are_listed_and_told_apart_by_tenant(open_gold: Shop) -> None:
    api = open_gold.api
    first = imported(api, b'{"customerId": "a"}', segmentId="gold")
    second = imported(api, b'{"customerId": "b"}', segmentId="gold")
    assert [each["id"] for each in api.get(IMPORTS).json] == [first["id"], second["id"]]
    assert [each["id"] for each in api.get(f"{IMPORTS}?q=id:{second['id']}").json] == [second["id"]]
    assert api.get(f"{IMPORTS}/nothing").status == 404
    assert api.get(f"{IMPORTS}/nothing/errors").status == 404
