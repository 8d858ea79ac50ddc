"""Customers at the path that older storefronts ask, as at their own."""

from __future__ import annotations

from support.api import Api

MIRROR, OWN = "/caas-customer/{tenant}/customers", "/customer/{tenant}/customers"


def test_the_older_path_leads_to_the_same_customers(api: Api) -> None:
    made = api.post(f"{MIRROR}?sendPasswordResetNotifications=false", {"firstName": "Jane"})
    assert made.status == 201
    path = f"/{made.json['id']}"
    assert api.patch(MIRROR + path, {"firstName": "Joan"}).status == 200
    assert api.get(MIRROR + path).json == api.get(OWN + path).json
    listed = api.get(f"{MIRROR}?pageSize=100")
    assert (listed.json, listed.headers["count"]) == (api.get(OWN).json, "1")
    assert api.post(f"{MIRROR}/search", {"q": "firstName:Joan"}).json == listed.json
    assert api.put(MIRROR + path, {"firstName": "Jan"}).status == 204
    assert api.delete(MIRROR + path).status == 202
    assert api.get(OWN).json == []
    assert [event["type"] for event in api.events()] == [
        "customer.created",
        "customer.updated",
        "customer.updated",
        "customer.deleted",
    ]


def test_its_errors_are_worded_alike(api: Api) -> None:
    assert api.get(f"{MIRROR}/none").json == api.get(f"{OWN}/none").json
