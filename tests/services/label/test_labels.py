"""Labels over HTTP: the tenant is the token's, an overlay has a position, writes answer the label."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api, new_tenant

LABELS = "/label/labels"


def create(api: Api, id: str = "ships", **body: Any) -> Any:
    response = api.post(LABELS, {"id": id, "name": "Ships", "description": "<p>Anywhere</p>", **body})
    assert response.status == 201
    return response.json


def facts(view: Any) -> Any:
    return {name: value for name, value in view.items() if name != "metadata"}


def test_a_creation_answers_the_label_as_it_reads_back(api: Api) -> None:
    made = create(api, overlay={"position": 0, "isTrue": True})
    assert facts(made) == {
        "id": "ships",
        "name": "Ships",
        "description": "<p>Anywhere</p>",
        "overlay": {"position": 0, "isTrue": True},
    }
    assert b'"position":0.' not in api.get(f"{LABELS}/ships").body
    assert api.get(f"{LABELS}/ships").json == made
    assert api.get(LABELS).json == [made]
    assert len(api.post(LABELS, {"name": "New", "description": ""}).json["id"]) == 24


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"description": "x"}, "name"),
        ({"name": "x"}, "description"),
        ({"name": " ", "description": "x"}, "name"),
        ({"name": "x", "description": "x", "overlay": {"isTrue": True}}, "overlay.position"),
        ({"name": "x", "description": "x", "overlay": {"position": "high"}}, "overlay.position"),
        ({"name": "x", "description": {"fr": "x"}}, "description"),
        ({"id": "a b", "name": "x", "description": "x"}, "id"),
    ],
)
def test_what_a_label_must_not_say(api: Api, body: Any, field: str) -> None:
    with api.unchanged():
        response = api.post(LABELS, body)
    assert response.status == 400
    assert [each["field"] for each in response.json["details"]] == [field]


def test_a_description_reads_back_as_sent_and_in_the_languages_asked_for(api: Api) -> None:
    create(api, description={"en": "Anywhere", "de": "Überall"})
    assert api.get(f"{LABELS}/ships").json["description"] == {"en": "Anywhere", "de": "Überall"}
    assert api.get(LABELS, accept_language="de").json[0]["description"] == "Überall"
    assert api.get(f"{LABELS}/ships", accept_language="*").json["description"]["de"] == "Überall"
    create(api, "plain")
    assert api.get(f"{LABELS}/plain", accept_language="de").json["description"] == "<p>Anywhere</p>"


def test_just_overlay_leaves_the_positions_from_1(api: Api) -> None:
    create(api, "none")
    create(api, "zero", overlay={"position": 0, "isTrue": True})
    create(api, "one", overlay={"position": 1})
    create(api, "two", overlay={"position": 2.5, "isTrue": True})
    with api.statements(2):
        response = api.get(f"{LABELS}?justOverlay=true&sort=id", x_total_count="true")
    assert [each["id"] for each in response.json] == ["one", "two"]
    assert response.headers["x-total-count"] == "2"
    assert len(api.get(f"{LABELS}?justOverlay=false").json) == 4
    assert [each["id"] for each in api.get(f"{LABELS}?q=overlay.position:>1").json] == ["two"]
    assert api.get(f"{LABELS}?fields=id&pageSize=1&sort=id:desc").json == [{"id": "zero"}]


def test_put_and_patch_answer_the_label(api: Api) -> None:
    create(api, overlay={"position": 1})
    response = api.put(f"{LABELS}/ships", {"name": "Fast", "description": "Soon", "metadata": {"version": 1}})
    assert response.status == 200
    assert facts(response.json) == {"id": "ships", "name": "Fast", "description": "Soon"}
    patched = api.patch(f"{LABELS}/ships", {"overlay": {"position": 3}})
    assert patched.status == 200
    assert facts(patched.json) == {**facts(response.json), "overlay": {"position": 3}}
    assert patched.json["metadata"]["version"] == 3
    with api.unchanged():
        assert api.put(f"{LABELS}/none", {"name": "x", "description": "x"}).status == 404
        assert api.patch(f"{LABELS}/none", {}).status == 404
        assert api.patch(f"{LABELS}/ships", {"name": None}).status == 400
        assert api.patch(f"{LABELS}/ships", {"metadata": {"version": 1}}).status == 409
        assert api.post(LABELS, {"id": "ships", "name": "x", "description": "x"}).status == 409


def test_reading_takes_any_token_and_writing_a_scope(api: Api) -> None:
    create(api)
    visitor = api.as_anonymous()
    assert visitor.get(f"{LABELS}/ships").status == 200
    with api.unchanged():
        assert visitor.post(LABELS, {"name": "x", "description": "x"}).status == 403
        assert visitor.delete(f"{LABELS}/ships").status == 403
    # The document has a body there, which says nothing.
    assert api.delete(f"{LABELS}/ships", {}).status == 204
    assert api.get(f"{LABELS}/ships").json["details"] == []
    assert api.delete(f"{LABELS}/ships").status == 404


def test_a_tenant_sees_and_changes_its_own_labels_only(api: Api) -> None:
    create(api)
    other = new_tenant(api.server)
    assert other.get(LABELS).json == []
    with api.unchanged():
        assert other.get(f"{LABELS}/ships").status == 404
        assert other.put(f"{LABELS}/ships", {"name": "x", "description": "x"}).status == 404
        assert other.delete(f"{LABELS}/ships").status == 404
