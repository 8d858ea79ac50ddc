"""Requests at the same time: one of them wins, the others learn why they lost."""

from __future__ import annotations

import asyncio
from typing import Any

from support.api import Api

PRODUCTS = "/product/{tenant}/products"


def at_once(api: Api, requests: list[tuple[str, str, Any]]) -> list[int]:
    async def run() -> list[int]:
        answers = await asyncio.gather(*(api.send(*request) for request in requests))
        return sorted(answer.status for answer in answers)

    return api.run(run())


def body(code: str) -> dict[str, Any]:
    return {"code": code, "name": "x"}


def test_one_new_product_gets_the_code(api: Api) -> None:
    assert at_once(api, [("POST", PRODUCTS, body("X"))] * 8) == [201] + [409] * 7
    assert at_once(api, [("PUT", f"{PRODUCTS}/p{at}", body("Y")) for at in range(8)]) == [201] + [409] * 7
    assert len(api.events("product.created")) == 2


def test_one_product_gets_the_code_that_many_change_to(api: Api) -> None:
    for at in range(8):
        api.put(f"{PRODUCTS}/p{at}", body(f"C{at}"))
    changes = [("PATCH", f"{PRODUCTS}/p{at}", {"code": "X"}) for at in range(8)]
    assert at_once(api, changes) == [204] + [409] * 7
    assert len(api.get(f"{PRODUCTS}?q=code:X").json) == 1


def test_one_change_wins_of_those_based_on_the_same_version(api: Api) -> None:
    api.put(f"{PRODUCTS}/p", body("P"))
    changes = [("PATCH", f"{PRODUCTS}/p", {"code": f"P{at}", "metadata": {"version": 1}}) for at in range(8)]
    assert at_once(api, changes) == [204] + [409] * 7
    assert api.get(f"{PRODUCTS}/p").json["metadata"]["version"] == 2


def test_a_related_product_is_not_deleted_meanwhile(api: Api) -> None:
    for at in range(6):
        api.put(f"{PRODUCTS}/p{at}", body(f"P{at}"))
        related = {**body(f"Q{at}"), "relatedItems": [{"refId": f"p{at}", "type": "X"}]}
        statuses = at_once(
            api, [("PUT", f"{PRODUCTS}/q{at}", related), ("DELETE", f"{PRODUCTS}/p{at}", None)]
        )
        # Either order will do, and in both the deletion succeeds.
        assert statuses in ([201, 204], [204, 400])
