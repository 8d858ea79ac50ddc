"""What one worker keeps in memory for a match never outlives a change that another worker made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from support.served import SEGMENTS, TENANT, Served, serving

CATEGORIES = f"/category/{TENANT}/categories"
GOLD = f"{SEGMENTS}/gold"
ASKED = {"items": [{"id": f"p{n}"} for n in range(1, 5)], "segmentIds": ["gold"], "site": "main"}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def workers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, Served]]:
    """Two processes that serve one tenant, once on each engine."""
    admin = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    with serving(tmp_path_factory.mktemp(request.param), admin, "gold") as first, first.another() as second:
        yield first, second


def category(id: str, **more: Any) -> tuple[str, str, Any]:
    body = {"code": id, "localizedName": {"en": id}, "published": True, **more}
    return "PUT", f"{CATEGORIES}/{id}?publish=true", body


def segment(**more: Any) -> tuple[str, str, Any]:
    return "PUT", GOLD, {"name": {"en": "gold"}, "siteCode": "main", "status": "ACTIVE", **more}


def test_a_change_by_another_worker_shows_in_the_next_match(workers: tuple[Served, Served]) -> None:
    references = f"{CATEGORIES}/c/assignments/references"
    changes: list[tuple[tuple[str, str, Any], str]] = [
        (segment(), ""),
        (("PUT", f"{GOLD}/items/PRODUCT/p1", {}), "p1"),
        (("PUT", f"{GOLD}/items/PRODUCT/bulk", [{"id": "p2"}]), "p1 p2"),
        (category("c"), "p1 p2"),
        (("PUT", f"{references}/p3", {}), "p1 p2"),
        (("PUT", f"{GOLD}/items/CATEGORY/c", {}), "p1 p2 p3"),
        (("PUT", f"{references}/p4", {}), "p1 p2 p3 p4"),
        (("DELETE", f"{references}/p3", None), "p1 p2 p4"),
        (("DELETE", f"{GOLD}/items/PRODUCT/p1", None), "p2 p4"),
        (segment(status="INACTIVE"), ""),
        (segment(), "p2 p4"),
        (segment(validity={"to": "2020-01-01T00:00:00Z"}), ""),
        (segment(), "p2 p4"),
        (("DELETE", f"/category/{TENANT}/assignments/references/p4", None), "p2"),
        (
            (
                "PUT",
                f"{CATEGORIES}/c/assignments/references/bulk",
                [{"ref": {"id": "p1", "type": "PRODUCT"}}],
            ),
            "p1 p2",
        ),
        (("DELETE", f"{CATEGORIES}/c", None), "p2"),
        (("DELETE", f"{GOLD}?forceDelete=true", None), ""),
        (segment(), ""),
    ]

    async def run() -> None:
        first, second = workers
        async with first.client() as here, second.client() as there:
            for (method, path, body), expected in changes:
                await matched(there)
                changed = await here.request(method, path, json=body)
                assert changed.is_success, (path, changed.text)
                assert await matched(there) == expected, (method, path)

    asyncio.run(run())


async def matched(http: httpx2.AsyncClient) -> str:
    answer = await http.post(f"{SEGMENTS}/match", json=ASKED)
    assert answer.status_code == 200, answer.text
    return " ".join(each["id"] for each in answer.json())
