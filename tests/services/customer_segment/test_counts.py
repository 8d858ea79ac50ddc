"""Counts of members and items: exact after every kind of change, on both engines, with writers in parallel."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from coterie.services.customer_segment.tables import count
from support.api import Api, new_tenant
from support.shop import SEGMENTS, Shop

COUNTS = "/customer-segment/{tenant}/counts"
PAST, FUTURE = "2020-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"
KEYS = st.sets(st.sampled_from(["a", "b", "c"]), min_size=1)
SEGMENT = st.sampled_from(["s1", "s2"])
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["join", "leave", "products", "without"]), SEGMENT, KEYS),
        st.tuples(st.sampled_from(["customer", "product", "segment"]), SEGMENT, st.just(set())),
    ),
    max_size=12,
)


def counts(api: Api, segment: str) -> tuple[int, int, int]:
    answer = api.get(f"{COUNTS}/{segment}")
    assert answer.status == 200, answer.json
    assert answer.json["segmentId"] == segment
    return answer.json["members"], answer.json["products"], answer.json["categories"]


def listed(api: Api, segment: str) -> tuple[int, int, int]:
    """The same by reading them."""
    paths = ("customers", "items?q=type:PRODUCT", "items?q=type:CATEGORY")
    answers = [api.get(f"{SEGMENTS}/{segment}/{path}", x_total_count="true") for path in paths]
    members, products, categories = (int(each.headers["x-total-count"]) for each in answers)
    return members, products, categories


def rows(api: Api) -> tuple[int, int]:
    """How many counter rows of the tenant there are, and their shards."""
    columns = func.count(), func.count(count.c.shard.distinct())
    statement = select(*columns).where(count.c.tenant == api.tenant)

    async def read() -> Any:
        async with api.server.runtime.database.reading() as session:
            return await session.first(statement)

    number, shards = api.run(read())
    return number, shards


@pytest.fixture
def gold(shop: Shop) -> Shop:
    """A segment with Ada, for herself and for a company, a product and a category."""
    shop.segment("gold")
    ada = shop.customer("ada@example.com")
    shop.contact(ada, shop.company("acme"))
    shop.member("gold", ada)
    shop.member("gold", ada, "acme")
    shop.item("gold", shop.product("p1"))
    shop.item("gold", shop.category("c1"), "CATEGORY")
    return shop


def test_a_segment_is_counted_by_kind(gold: Shop) -> None:
    assert counts(gold.api, "gold") == (2, 1, 1)
    gold.member("gold", gold.customer("bob@example.com"))
    gold.item("gold", "p1")  # a second time: an update
    assert counts(gold.api, "gold") == (3, 1, 1)
    assert gold.api.get(f"{COUNTS}/none").status == 404


def test_the_list_is_a_page_of_the_segments_asked_for(gold: Shop) -> None:
    for id in ("iron", "lead", "counts"):
        gold.segment(id)
    answer = gold.api.get(f"{COUNTS}?segmentIds=gold,%20lead,none", x_total_count="true")
    assert answer.json == [
        {"segmentId": "gold", "members": 2, "products": 1, "categories": 1},
        {"segmentId": "lead", "members": 0, "products": 0, "categories": 0},
    ]
    assert answer.headers["x-total-count"] == "2"
    page = gold.api.get(f"{COUNTS}?pageSize=2&pageNumber=2").json
    assert [each["segmentId"] for each in page] == ["iron", "lead"]
    assert gold.api.get(f"{COUNTS}?segmentIds=,").json == []
    assert gold.api.get(f"{COUNTS}?pageSize=0").status == 400
    assert gold.api.get(f"{SEGMENTS}/counts").json["id"] == "counts"
    with gold.api.statements(3):
        gold.api.get(COUNTS, x_total_count="true")


def test_only_who_reads_all_segments_gets_counts(gold: Shop) -> None:
    reader = gold.api.with_scopes("customersegment.segment_read")
    assert counts(reader, "gold") == (2, 1, 1)
    ada = gold.api.get(f"{SEGMENTS}/gold/customers").json[0]["customer"]["id"]
    for path in (COUNTS, f"{COUNTS}/gold"):
        assert gold.api.as_customer(ada).get(path).status == 403


def test_an_expired_membership_counts_nowhere(gold: Shop) -> None:
    bob = gold.customer("bob@example.com")
    gold.member("gold", bob)
    gold.expire("gold", bob, FUTURE)
    assert counts(gold.api, "gold") == (3, 1, 1)
    gold.expire("gold", bob, PAST)
    assert counts(gold.api, "gold") == listed(gold.api, "gold") == (2, 1, 1)
    refused = gold.api.delete(f"{SEGMENTS}/gold")
    assert "has 2 customers and 2 items" in refused.json["details"][0]["message"]


def test_a_segment_with_expired_memberships_only_is_deleted_with_them(shop: Shop) -> None:
    shop.segment("old")
    bob = shop.customer("bob@example.com")
    shop.member("old", bob)
    shop.expire("old", bob, PAST)
    assert shop.api.delete(f"{SEGMENTS}/old").status == 204
    types = [each["type"].partition(".")[2] for each in shop.api.events()][-2:]
    assert types == ["customer-assignment-deleted", "segment-deleted"]
    assert shop.api.snapshot()["customer_segment_member"] == 0


def test_the_counters_of_a_deleted_segment_go_with_it(gold: Shop) -> None:
    with gold.api.unchanged():
        assert gold.api.delete(f"{SEGMENTS}/gold").status == 400
    assert gold.api.delete(f"{SEGMENTS}/gold?forceDelete=true").status == 204
    assert rows(gold.api)[0] == 0
    gold.segment("gold")
    assert counts(gold.api, "gold") == (0, 0, 0)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
@given(changes=CHANGES)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_are_what_reading_would_count(
    request: pytest.FixtureRequest, engine: str, changes: list[tuple[str, str, set[str]]]
) -> None:
    shop = Shop(new_tenant(request.getfixturevalue(f"{engine}_server")))
    shop.site("main")
    people = {name: shop.customer(f"{name}@example.com") for name in "abc"}
    for segment in ("s1", "s2"):
        shop.segment(segment)
    for name in "abc":
        shop.product(name)
    for what, segment, names in changes:
        change(shop, people, what, segment, sorted(names))
        for each in ("s1", "s2"):
            assert counts(shop.api, each) == listed(shop.api, each)


def change(shop: Shop, people: dict[str, str], what: str, segment: str, names: list[str]) -> None:
    """One change; what names someone who is gone is refused in its place of the bulk."""
    here = f"{SEGMENTS}/{segment}"
    who = [{"customerId": people[name]} for name in names]
    if what == "join":
        shop.api.put(f"{here}/customers/bulk", who)
    elif what == "leave":
        shop.api.delete(f"{here}/customers/bulk", who)
    elif what == "products":
        shop.api.put(f"{here}/items/PRODUCT/bulk", [{"id": name} for name in names])
    elif what == "without":
        shop.api.delete(f"{here}/items/PRODUCT/bulk", names)
    elif what == "customer":
        shop.api.delete(f"/customer/{{tenant}}/customers/{people['a']}")
    elif what == "product":
        shop.api.delete("/product/{tenant}/products/b")
    else:
        shop.api.delete(f"{here}?forceDelete=true")
        shop.segment(segment)


def test_writers_in_parallel_lose_no_count(shop: Shop) -> None:
    shop.segment("gold")
    people = [shop.customer(f"c{number}@example.com") for number in range(24)]

    async def join() -> list[int]:
        puts = [shop.api.send("PUT", f"{SEGMENTS}/gold/customers/{id}", {}) for id in people]
        again = [shop.api.send("PUT", f"{SEGMENTS}/gold/customers/{id}", {}) for id in people[:8]]
        return [answer.status for answer in await asyncio.gather(*puts, *again)]

    assert sorted(shop.api.run(join())) == [201] * 24 + [204] * 8
    assert counts(shop.api, "gold") == (24, 0, 0)
    assert rows(shop.api)[1] > 1, "all writers queued up on one row"
