"""The reads that are measured: what each sample customer sends, as a client of the API would."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from benchmarks.generate import TENANT
from benchmarks.shape import Shopper, Size, coupon, items, large_id, product_id, sample, segment_id
from benchmarks.tenant import SITE

SAMPLE = 1_000
"""How many customers' requests a load rotates over, beside its floor."""
SPREAD = 3_000
"""How many where sizes are compared: few of the tenant's segments are nobody's of theirs."""
_MATCHED_ITEMS, _MATCHED_SEGMENTS = 100, 20


@dataclass(frozen=True)
class Read:
    """An operation under load. `goals`: the least ratio to its floor, by engine.

    path: with the tenant filled in. body: of a sample customer's request. by_service: sent with a backend's token.
    alike: everybody sends the same, so one request stands for all.
    """

    name: str
    title: str
    method: str
    path: Callable[[Shopper], str]
    goals: dict[str, float]
    body: Callable[[Size, Shopper], Any] | None = None
    by_service: bool = False
    alike: bool = False


def _match(size: Size, shopper: Shopper) -> Any:
    """Half of the products are assigned to one of the segments; the others are any."""
    random = Random(shopper.customer_id)
    segments = [segment_id(each) for each in random.sample(range(size.segments), _MATCHED_SEGMENTS)]
    assigned = [id for segment in segments for type_, id in items(size, segment) if type_ == "PRODUCT"]
    others = [product_id(random.randrange(size.products)) for _ in range(_MATCHED_ITEMS // 2)]
    asked = random.sample(assigned, _MATCHED_ITEMS // 2) + others
    random.shuffle(asked)
    return {"site": SITE, "items": [{"id": id} for id in asked], "segmentIds": segments}


def _order(_size: Size, _shopper: Shopper) -> Any:
    money = {"currency": "EUR"}
    return {"orderTotal": {"amount": 100, **money}, "discount": {"amount": 10, **money}}


_SEGMENTS = f"/customer-segment/{TENANT}/segments"
_EACH = {"sqlite": 0.4, "postgresql": 0.4}

READS = (
    Read(
        "items",
        "`GET segments/items`, 5 segments, page of 60",
        "GET",
        lambda _: f"{_SEGMENTS}/items?pageSize=60",
        {"sqlite": 0.7, "postgresql": 0.5},
    ),
    Read("segments", "`GET segments` (own)", "GET", lambda _: _SEGMENTS, _EACH),
    Read(
        "trees",
        "`GET segments/items/category-trees`",
        "GET",
        lambda _: f"{_SEGMENTS}/items/category-trees",
        _EACH,
    ),
    Read(
        "category-tree",
        "`GET category-trees/{categoryId}`, 5,000 categories",
        "GET",
        lambda _: f"/category/{TENANT}/category-trees/{large_id(0)}",
        _EACH,
        alike=True,
    ),
    Read(
        "match",
        "`POST segments/match`, 100 items, 20 segments",
        "POST",
        lambda _: f"{_SEGMENTS}/match",
        _EACH,
        _match,
        by_service=True,
    ),
    Read(
        "coupon",
        "`POST coupons/{code}/validation`",
        "POST",
        lambda shopper: f"/coupon/{TENANT}/coupons/{coupon(shopper.some_segment)}/validation",
        _EACH,
        _order,
    ),
    Read(
        "me",
        "`GET me`, with a customer's token",
        "GET",
        lambda _: f"/customer/{TENANT}/me",
        {"sqlite": 0.4, "postgresql": 0.2},
    ),
)


@dataclass(frozen=True)
class Request:
    """A request to be sent again and again."""

    method: str
    target: str
    token: str
    body: bytes

    def raw(self) -> bytes:
        """As HTTP/1.1."""
        lines = [
            f"{self.method} {self.target} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {self.token}",
        ]
        if self.method == "POST":
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def requests(read: Read, size: Size, tokens: list[str], service: str) -> list[Request]:
    """A request of each sample customer that a token is given of; `service` is a backend's."""
    return [
        Request(
            read.method,
            read.path(shopper),
            service if read.by_service else token,
            b"" if read.body is None else json.dumps(read.body(size, shopper)).encode(),
        )
        for shopper, token in zip(sample(size, 1 if read.alike else SPREAD), tokens, strict=False)
    ]


def floor_of(read: Read, given: list[Request]) -> list[Request]:
    """The same requests to the floor's rows, which answer the same bytes from memory."""
    return [
        Request(
            each.method, f"/floor/{TENANT}/{read.name}/{number}" + _query(each.target), each.token, each.body
        )
        for number, each in enumerate(given)
    ]


def _query(target: str) -> str:
    _, mark, query = target.partition("?")
    return mark + query
