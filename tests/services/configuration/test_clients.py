"""Configurations of a tenant's clients over HTTP."""

from __future__ import annotations

from support.api import Api

BASE = "/configuration/{tenant}/clients"
INDEXER = f"{BASE}/saas.indexer/configurations"
TENANT = "/configuration/{tenant}/configurations"


def test_a_client_keeps_configurations_of_its_own(api: Api) -> None:
    assert api.get(BASE).json == []
    created = api.post(INDEXER, [{"client": "saas.indexer", "key": "active", "value": True}])
    assert created.status == 201
    view = {
        "_id": "saas.indexer_active",
        "client": "saas.indexer",
        "key": "active",
        "value": True,
        "version": 1,
        "secured": False,
    }
    assert created.json == [view]
    assert api.get(INDEXER).json == [view]
    assert api.get(f"{INDEXER}?keys=other").json == []
    assert api.get(f"{INDEXER}/active").json == view
    assert api.get(BASE).json == ["saas.indexer"]
    assert api.get(f"{BASE}/other/configurations").json == []
    assert api.get(f"{TENANT}/active").status == 404
    changed = api.put(f"{INDEXER}/active", {"key": "active", "value": False, "version": 1})
    assert changed.json == {**view, "value": False, "version": 2}
    assert api.delete(f"{INDEXER}/active").status == 204
    assert api.get(BASE).json == []


def test_the_same_key_is_free_at_every_client_and_the_tenant(api: Api) -> None:
    body = [{"key": "a", "value": "1"}]
    for path in (INDEXER, f"{BASE}/other/configurations", TENANT):
        assert api.post(path, body).status == 201
        with api.unchanged():
            taken = api.post(path, body)
            assert taken.status == 409
    assert api.get(BASE).json == ["other", "saas.indexer"]


def test_a_setting_of_the_engine_is_the_tenants_alone(api: Api) -> None:
    assert api.post(INDEXER, [{"key": "references", "value": "whatever"}]).status == 201
    assert api.get(f"{TENANT}/references").json["value"] == "checked"
    assert api.get(f"{INDEXER}/references").json["value"] == "whatever"


def test_what_is_missing_or_does_not_fit_is_refused_in_the_clients_words(api: Api) -> None:
    with api.unchanged():
        missing = api.get(f"{INDEXER}/a")
        assert missing.status == 404
        assert "the client 'saas.indexer'" in missing.json["details"][0]["message"]
        update = api.put(f"{INDEXER}/a", {"key": "a", "value": "1"})
        assert (update.status, update.json["message"]) == (400, "Client configuration could not be updated")
        gone = api.delete(f"{INDEXER}/a")
        assert (gone.status, gone.json["message"]) == (404, "Client configuration could not be found")
        for response in (
            api.post(INDEXER, [{"client": "other", "key": "a", "value": "1"}]),
            api.put(f"{INDEXER}/a", {"client": "other", "key": "a", "value": "1"}),
        ):
            assert (response.status, response.json["message"]) == (400, "Invalid Parameters")
        assert api.post(INDEXER, {"key": "a", "value": "1"}).json["type"] == "bad_payload_syntax"


def test_storefronts_read_nothing_of_clients(api: Api) -> None:
    visitor = api.as_anonymous()
    for path in (BASE, INDEXER, f"{INDEXER}/a"):
        assert visitor.get(path).status == 403
