"""The pipeline around the services: ids, limits, CORS, health, metrics, documents, errors that nobody expected."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coterie.kit.endpoint import answer
from support.api import Api, Server

SITES = "/site/{tenant}/sites"


def get(server: Server, path: str, method: str = "GET", **headers: str) -> Any:
    return server.run(
        server.send(method, path, {name.replace("_", "-"): value for name, value in headers.items()})
    )


def test_health_and_readiness(server: Server) -> None:
    assert get(server, "/health/live").json == {"status": "UP"}
    assert get(server, "/health/ready").json == {"status": "UP"}
    assert get(server, "/health/live", "HEAD").body == b""


def test_metrics_count_requests_by_operation(api: Api) -> None:
    api.get(SITES)
    text = get(api.server, "/metrics").body.decode()
    line = 'coterie_requests_total{method="GET",path="/site/{tenant}/sites",service="site",status="200"}'
    assert line in text
    assert api.tenant not in text


def test_every_answer_has_a_request_id_and_a_harmless_one_is_kept(server: Server) -> None:
    assert len(get(server, "/health/live").headers["x-request-id"]) == 24
    assert get(server, "/health/live", x_request_id="abc-1").headers["x-request-id"] == "abc-1"
    assert get(server, "/health/live", x_request_id='"; evil').headers["x-request-id"] != '"; evil'


def test_a_browser_storefront_may_call_from_anywhere(server: Server) -> None:
    asked = get(
        server,
        "/customer-segment/x/segments/items",
        "OPTIONS",
        origin="https://shop.example",
        access_control_request_method="GET",
        access_control_request_headers="authorization, x-version",
    )
    assert asked.status == 204
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "PATCH" in asked.headers["access-control-allow-methods"]
    for name in (
        "Authorization",
        "X-Version",
        "saas-token",
        "session-id",
        "Accept-Language",
        "X-Total-Count",
    ):
        assert name in asked.headers["access-control-allow-headers"]
    called = get(server, "/customer-segment/x/segments/items", origin="https://shop.example")
    assert called.status == 401
    assert called.headers["access-control-allow-origin"] == "*"
    for name in ("X-Total-Count", "Items-Count", "Location", "X-Request-Id"):
        assert name in called.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("/site/x/sites?q=" + "a" * 11_000, {}, b"", 414),
        ("/site/x/sites", {"x-filler": "a" * 62_000}, b"", 431),
        ("/site/x/sites", {}, b" " * (10 * 1024 * 1024 + 1), 413),
    ],
)
def test_what_is_over_a_limit_is_refused(
    server: Server, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    assert server.run(server.send("POST", path, headers, body)).status == status


def test_unknown_paths_and_methods(api: Api) -> None:
    assert api.get("/nothing/here").status == 404
    refused = api.request("PATCH", SITES)
    assert (refused.status, refused.headers["allow"]) == (405, "GET, POST")


def test_a_trailing_slash_is_the_same_path(api: Api) -> None:
    assert api.get(SITES + "/").status == 200


def test_a_form_is_no_json(api: Api) -> None:
    assert api.post(SITES, b"a=b", content_type="application/x-www-form-urlencoded").status == 415


def test_what_nobody_expected_is_a_500_with_an_id_and_nothing_else(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("the secret is sesame")

    monkeypatch.setattr("coterie.app.answer", broken)
    response = api.get(SITES)
    monkeypatch.setattr("coterie.app.answer", answer)
    assert response.status == 500
    assert response.headers["x-request-id"] in response.json["message"]
    assert b"sesame" not in response.body


def test_the_description_is_served_and_its_page_needs_no_other_host(server: Server) -> None:
    document = json.loads(get(server, "/openapi.json").body)
    assert document["openapi"].startswith("3.1")
    assert "/customer-segment/{tenant}/segments/match" in document["paths"]
    page = get(server, "/docs")
    assert page.status == 200
    assert b"http" not in page.body.replace(b"http-equiv", b"")
