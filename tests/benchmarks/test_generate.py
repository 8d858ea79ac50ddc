"""The benchmarks' generator: what it writes is a tenant like any other, and its forecast of the answers is right."""

import dataclasses
from typing import Any

import pytest
from benchmarks.generate import Rows, generate
from benchmarks.tenant import Row, contents
from sqlalchemy import Column, Integer, MetaData, Table, Text
from sqlalchemy.dialects import sqlite

from benchmarks import shape as made
from coterie.kit import tables
from support.api import CLIENT_ID, Api, Server

SIZE = made.SIZES["tiny"]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest) -> Api:
    """A service client of a generated tenant."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    generate(server.settings.database, SIZE, tenant="generated")

    async def add_client() -> None:
        row = {"id": CLIENT_ID, "kind": "api", "secret_hash": "", "scopes": ["*"], "created_at": ""}
        async with server.runtime.database.writing() as session:
            await session.run(tables.api_client.insert(), [{"tenant": "generated", **row}])

    server.run(add_client())
    return Api(server, "generated", None).with_scopes("*")


def expected(shopper: made.Shopper) -> list[tuple[str, str, str]]:
    return [(segment, *item) for segment in shopper.segments for item in made.items(SIZE, segment)]


@pytest.mark.parametrize("number", [0, 7])
def test_a_customer_sees_the_items_of_his_segments(filled: Api, number: int) -> None:
    shopper = made.shopper(SIZE, number)
    answer = filled.as_customer(shopper.customer_id).get(
        "/customer-segment/{tenant}/segments/items?pageSize=60"
    )
    wanted = expected(shopper)
    assert len(wanted) == 50
    assert [(each["segmentId"], each["type"], each["item"]["id"]) for each in answer.json] == wanted
    assert all({"code", "name"} <= each["item"].keys() for each in answer.json)


def test_a_contact_acts_for_his_company(filled: Api) -> None:
    shopper = made.shopper(SIZE, 0)
    contact = filled.as_customer(shopper.customer_id, shopper.entity)
    told = contact.get("/customer/{tenant}/validateauthtoken").json
    assert told["legalEntityId"] == shopper.entity != ""


def test_a_coupon_is_for_the_members_of_its_segments(filled: Api) -> None:
    shopper = made.shopper(SIZE, 7)
    body = {"orderTotal": {"amount": 100, "currency": "EUR"}, "discount": {"amount": 10, "currency": "EUR"}}
    path = f"/coupon/{{tenant}}/coupons/{made.coupon(shopper.segments[0])}/validation"
    assert filled.as_customer(shopper.customer_id).post(path, body).status == 200


def test_the_large_tree_is_large(filled: Api) -> None:
    answer = filled.get(f"/category/{{tenant}}/category-trees/{made.large_id(0)}")
    assert answer.body.count(b'"subcategories":') == made.LARGE_TREE
    rebuild = f"/category/{{tenant}}/category-trees/{made.large_id(0)}/rebuild"
    assert filled.post(rebuild).json == answer.json
    assert filled.events("category.tree-rebuilt") == []  # the closure was right


def test_the_counts_are_those_of_the_lists(filled: Api) -> None:
    segment = "/customer-segment/{tenant}/segments/"

    def total(path: str) -> int:
        answer = filled.get(f"{segment}{path}&pageSize=1", x_total_count="true")
        return int(answer.headers["x-total-count"])

    counts = filled.get(f"/customer-segment/{{tenant}}/counts?pageSize={SIZE.segments}").json
    assert counts == [
        {
            "segmentId": id,
            "members": total(f"{id}/customers?q=assignmentType:MANUAL"),
            "products": total(f"{id}/items?q=type:PRODUCT"),
            "categories": total(f"{id}/items?q=type:CATEGORY"),
        }
        for id in map(made.segment_id, range(SIZE.segments))
    ]


def test_a_segment_is_used_by_the_coupon_that_names_it(filled: Api) -> None:
    for number in (0, SIZE.segments - 1):
        id = made.segment_id(number)
        uses = filled.get(f"/customer-segment/{{tenant}}/usages/{id}").json
        coupon = filled.get(f"/coupon/{{tenant}}/coupons/{made.coupon(id)}").json
        assert uses == [{"kind": "COUPON", "id": coupon["code"], "name": coupon["name"]}]
        assert id in coupon["restrictions"]["segments"]


def test_the_next_customer_gets_the_next_number(filled: Api) -> None:
    path = "/customer/{tenant}/customers"
    id = filled.post(path, {"contactEmail": "new@example.com"}).json["id"]
    assert id == made.customer_id(SIZE.customers)
    assert filled.delete(f"{path}/{id}").status == 202


def test_every_table_has_the_rows_it_announces(filled: Api) -> None:
    counts = filled.snapshot()
    assert {table.name: counts[table.name] for table, _, _ in contents(SIZE)} == {
        table.name: count for table, count, _ in contents(SIZE)
    }


def test_rows_come_in_the_order_of_their_keys() -> None:
    for table, _, rows in contents(SIZE):
        keys = [tuple(row[each.name] for each in table.primary_key if each.name != "tenant") for row in rows]
        assert keys == sorted(set(keys)), table.name


def test_the_same_seed_makes_the_same_rows() -> None:
    def rows(size: made.Size) -> list[list[Row]]:
        return [list(rows) for _, _, rows in contents(size)]

    assert rows(SIZE) == rows(SIZE)
    assert rows(SIZE) != rows(dataclasses.replace(SIZE, seed=2))


def test_too_few_segments_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        dataclasses.replace(SIZE, segments=20)


def _table(*more: Column[Any]) -> Table:
    return Table("thing", MetaData(), Column("tenant", Text, primary_key=True), Column("id", Text), *more)


def test_a_column_that_nobody_names_is_left_to_its_default() -> None:
    added = [Column("new", Integer, nullable=False, server_default="0"), Column("other", Text)]
    rows = Rows(_table(*added), "t", iter([{"id": "a"}, {"id": "b"}]), sqlite.dialect())
    assert rows.columns == ["tenant", "id"]
    assert list(rows) == [("t", "a"), ("t", "b")]


@pytest.mark.parametrize("row", [{"id": "a"}, {"id": "a", "new": 1, "gone": 2}], ids=["lacking", "unknown"])
def test_a_column_without_a_value_or_a_default_is_refused(row: Row) -> None:
    with pytest.raises(ValueError, match=r"thing: .*(new|gone)"):
        Rows(_table(Column("new", Integer, nullable=False)), "t", [row], sqlite.dialect())
