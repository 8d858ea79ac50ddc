"""Walking a list by cursor: there and back it is the whole list, once, whatever is sorted by."""

from __future__ import annotations

from itertools import chain
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from coterie.kit.call import Call, Reply
from coterie.kit.cursor import CursorQuery, walk
from coterie.kit.dispatch import Dispatch
from coterie.kit.rows import ANY, Service, op
from coterie.services.customer_segment.operations.segments import FIELDS, KIND
from coterie.services.customer_segment.tables import segment
from support.api import Api, Response
from support.shop import Shop


async def walked(call: Call, query: CursorQuery) -> Reply:
    """The tenant's segments by cursor, as a service will do with its instances."""
    statement = select(segment).where(segment.c.tenant == call.tenant.name)
    return await walk(call, statement, query, FIELDS, view=KIND.view_of, tie_break=[segment.c.id])


SERVICE = Service("walked", "/walked/{tenant}", (op("GET", "/segments", walked, ANY, 200),), "Walked")


@pytest.fixture
def list_(api: Api, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Segments to walk, and a function that gets one page of them."""
    shop = Shop(api)
    shop.site("main")
    for number in range(11):
        more: dict[str, Any] = {
            "mixins": {"plan": {"level": number % 4 if number % 3 else None, "note": "x" * (number % 2)}}
        }
        if number % 3 == 1:
            more["validity"] = {"from": f"20{20 + number % 2}-01-01T00:00:00Z"}
        shop.segment(f"s{number:02}", status="ACTIVE" if number % 2 else "INACTIVE", **more)
    app = api.server.app
    monkeypatch.setattr(app, "dispatch", Dispatch([*api.server.runtime.services, SERVICE]))

    def get(query: str) -> Response:
        target = f"/walked/{api.tenant}/segments?{query}"
        return api.run(
            api.server.send("GET", target, {"authorization": f"Bearer {api.token}", "x-total-count": "true"})
        )

    return get


def ids(response: Response) -> list[str]:
    assert response.status == 200, response.json
    return [each["id"] for each in response.json]


@pytest.mark.parametrize(
    "sort",
    [
        "",
        "id:desc",
        "status",
        "status:desc,validity.from",
        "validity.from:desc",
        "mixins.plan.level",
        "name.en:desc",
        "metadata.version,mixins.plan.note:desc",
    ],
)
@pytest.mark.parametrize("size", [1, 3, 11, 50])
def test_there_and_back_is_the_whole_list(list_: Any, sort: str, size: int) -> None:
    whole = ids(list_(f"sort={sort}&pageSize=50"))
    assert len(whole) == 11
    page = list_(f"sort={sort}&pageSize={size}")
    assert "x-prev-cursor" not in page.headers
    assert page.headers["x-total-count"] == "11"
    pages = [ids(page)]
    while cursor := page.headers.get("x-next-cursor"):
        page = list_(f"sort={sort}&pageSize={size}&next={quote(cursor)}")
        pages.append(ids(page))
    assert list(chain(*pages)) == whole
    back = [pages[-1]]
    while cursor := page.headers.get("x-prev-cursor"):
        page = list_(f"sort={sort}&pageSize={size}&prev={quote(cursor)}")
        back.insert(0, ids(page))
    assert list(chain(*back)) == whole
    assert "x-total-count" not in page.headers or len(back) == 1


@pytest.mark.parametrize("query", ["next=a&prev=b", "next=nonsense", "next=WzFd", "next=W1sxXV0", "prev=%FF"])
def test_what_is_no_cursor_is_refused(list_: Any, query: str) -> None:
    assert list_(query).status == 400


def test_a_cursor_is_good_for_its_own_sort_only(list_: Any) -> None:
    cursor = list_("pageSize=2").headers["x-next-cursor"]
    assert list_(f"sort=status&pageSize=2&next={cursor}").status == 400
