"""Exports: what they hold, that an import of one changes nothing, and going on after a worker is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.api import Api
from support.jobs import CSV, NDJSON, finish, imported, lose_lease, ndjson, run_steps
from support.shop import Shop

EXPORTS = "/customer-segment/{tenant}/exports"


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """A shop with members and items in two segments."""
    for segment in ("gold", "silver"):
        shop.segment(segment)
    shop.api.put(
        "/customer-segment/{tenant}/segments/gold/customers/bulk",
        [
            {"customerId": shop.customer("ada@example.com"), "mixins": {"card": {"motto": 'a, "b"\nc'}}},
            {"customerId": shop.customer("bob@example.com"), "legalEntityId": shop.company("acme")},
        ],
    )
    shop.member("silver", shop.customer("eve@example.com"))
    shop.item("gold", shop.product("p1"))
    shop.item("silver", shop.category("c1"), "CATEGORY")
    return shop


def exported(api: Api, **order: str) -> tuple[Any, bytes]:
    """An export after its end, and its file."""
    started = api.post(EXPORTS, order)
    assert started.status == 202
    path = f"{EXPORTS}/{started.json['id']}"
    assert api.get(f"{path}/file").status == 409
    finish(api)
    view = api.get(path).json
    assert view["state"] == "SUCCEEDED"
    answer = api.get(f"{path}/file")
    assert answer.headers["content-type"] == (CSV if view["format"] == "csv" else NDJSON)
    assert len(answer.body) == view["counts"]["bytes"] == int(answer.headers["content-length"])
    return view, answer.body


def test_an_export_holds_what_an_import_takes(filled: Shop) -> None:
    view, body = exported(filled.api, type="customers", segmentId="gold")
    rows = [json.loads(line) for line in body.splitlines()]
    assert view["counts"]["rows"] == len(rows) == 2
    assert {"segmentId": "gold", "mixins": {"card": {"motto": 'a, "b"\nc'}}}.items() <= rows[0].items()
    assert rows[1]["legalEntityId"] == "acme"
    view, body = exported(filled.api, type="items")
    assert [json.loads(line) for line in body.splitlines()] == [
        {"segmentId": "gold", "type": "PRODUCT", "id": "p1"},
        {"segmentId": "silver", "type": "CATEGORY", "id": "c1"},
    ]


@pytest.mark.parametrize("type", ["customers", "items"])
@pytest.mark.parametrize("format", ["csv", "ndjson"])
def test_importing_an_export_changes_nothing(filled: Shop, type: str, format: str) -> None:
    api = filled.api
    before = api.events()
    view, body = exported(api, type=type, format=format)
    done = imported(api, body, CSV if format == "csv" else NDJSON, type)
    assert done["counts"]["rows"] == done["counts"]["unchanged"] == view["counts"]["rows"] > 0
    assert api.events() == before
    assert exported(api, type=type, format=format)[1] == body


def test_an_export_goes_on_where_a_worker_was_lost(filled: Shop) -> None:
    api = filled.api
    ids = [f"p{number:05}" for number in range(4500)]

    async def change() -> None:
        async with api.server.runtime.database.writing() as session:
            await api.server.runtime.tenants.change(session, api.tenant, "references", "open")

    api.run(change())
    rows = ({"type": "PRODUCT", "id": id} for id in ids)
    imported(api, ndjson(rows), type="items", segmentId="gold", mode="replace")
    path = (
        f"{EXPORTS}/{api.post(EXPORTS, {'type': 'items', 'segmentId': 'gold', 'format': 'csv'}).json['id']}"
    )
    run_steps(api, 1)
    assert api.get(path).json["counts"]["rows"] == 2000
    lose_lease(api)
    finish(api)
    lines = api.get(f"{path}/file").body.decode().splitlines()
    assert lines[0] == "segmentId,type,id,mixins,metadata"
    assert [line.split(",")[2] for line in lines[1:]] == ids


def test_an_export_is_refused_and_cancelled(filled: Shop) -> None:
    api = filled.api
    with api.unchanged():
        assert api.post(EXPORTS, {"type": "customers", "segmentId": "nothing"}).status == 404
        assert api.post(EXPORTS, {"type": "coupons"}).status == 400
        assert api.get(f"{EXPORTS}/nothing/file").status == 404
    path = f"{EXPORTS}/{api.post(EXPORTS, {'type': 'customers'}).json['id']}"
    assert api.post(f"{path}/cancel").status == 204
    finish(api)
    assert [each["state"] for each in api.get(EXPORTS).json] == ["CANCELLED"]
    assert api.get(f"{path}/file").status == 409


def test_an_export_of_nothing_is_an_empty_file(shop: Shop) -> None:
    shop.segment("gold")
    assert exported(shop.api, type="customers")[1] == b""
    names = b"segmentId,customerId,legalEntityId,mixins,metadata\r\n"
    assert exported(shop.api, type="customers", format="csv")[1] == names


def test_a_job_is_cut_down_to_the_fields_asked_for(shop: Shop) -> None:
    shop.segment("gold")
    shop.member("gold", shop.customer("ada@example.com"))
    view, _ = exported(shop.api, type="customers")
    whole = {"id": view["id"], "state": "SUCCEEDED"}
    assert shop.api.get(f"{EXPORTS}?fields=id,state").json == [whole]
    assert shop.api.get(f"{EXPORTS}/{view['id']}?fields=id,state").json == whole
