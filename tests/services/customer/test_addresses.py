"""Postal addresses, as customers keep their own and the tenant everybody's."""

from __future__ import annotations

from typing import Any

import pytest

from coterie.services.customer import rules
from support.api import Api
from support.storefront import Storefront

MINE = "/customer/{tenant}/me/addresses"
HOME: dict[str, Any] = {"contactName": "Jane", "street": "Road", "city": "Berlin", "country": "DE"}


@pytest.fixture(params=["customer", "tenant"])
def kept(request: pytest.FixtureRequest, shop: Storefront) -> tuple[Api, str]:
    """Who keeps the addresses of a customer, and where."""
    number = shop.sign_up()
    if request.param == "customer":
        return shop.customer(), MINE
    return shop.api, f"/customer/{{tenant}}/customers/{number}/addresses"


def add(api: Api, where: str, **more: Any) -> str:
    answer = api.post(where, {**HOME, **more})
    assert answer.status == 201, answer.json
    return str(answer.json["id"])


def defaults(api: Api, where: str) -> list[str]:
    return [each["id"] for each in api.get(where).json if each.get("isDefault")]


def test_addresses_are_added_read_changed_and_deleted(kept: tuple[Api, str]) -> None:
    api, where = kept
    id = add(api, where, tags=["BILLING"])
    stored = api.get(f"{where}/{id}").json
    metadata = stored.pop("metadata")
    assert stored == {**HOME, "id": id, "tags": ["BILLING"], "isDefault": True}
    assert api.patch(f"{where}/{id}", {"city": "Hamburg", "street": None}).status == 200
    changed = api.get(f"{where}/{id}").json
    assert (changed["city"], changed["metadata"]["version"]) == ("Hamburg", metadata["version"] + 1)
    assert "street" not in changed
    assert api.get(where).json == [changed]
    assert api.delete(f"{where}/{id}").status == 204
    assert api.get(where).json == []
    assert len(api.events("customer.updated")) == 3


def test_one_address_at_most_is_the_default(kept: tuple[Api, str]) -> None:
    api, where = kept
    first, second = add(api, where), add(api, where)
    assert defaults(api, where) == [first]
    third = add(api, where, isDefault=True)
    assert defaults(api, where) == [third]
    assert api.patch(f"{where}/{second}", {"isDefault": True}).status == 200
    assert defaults(api, where) == [second]


def test_tags_are_added_and_taken_away(kept: tuple[Api, str]) -> None:
    api, where = kept
    id = add(api, where, tags=["HOME"])
    assert api.post(f"{where}/{id}/tags?tags=BILLING, SHIPPING,HOME").status == 204
    assert api.get(f"{where}/{id}").json["tags"] == ["HOME", "BILLING", "SHIPPING"]
    assert api.delete(f"{where}/{id}/tags?tags=HOME,NONE").status == 204
    assert api.get(f"{where}/{id}").json["tags"] == ["BILLING", "SHIPPING"]
    with api.unchanged():
        assert api.post(f"{where}/{id}/tags").status == 400
        assert api.post(f"{where}/{id}/tags?tags=,").status == 400
        assert api.post(f"{where}/{id}/tags?tags={'x' * 65}").status == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"country": "DEU"}, "country"),
        ({"city": 1}, "city"),
        ({"tags": "BILLING"}, "tags"),
        ({"tags": [str(n) for n in range(rules.MOST_TAGS + 1)]}, "tags"),
        ({"isDefault": "maybe"}, "isDefault"),
    ],
)
def test_a_bad_address_names_its_field(kept: tuple[Api, str], body: dict[str, Any], field: str) -> None:
    api, where = kept
    id = add(api, where)
    with api.unchanged():
        for refused in (api.post(where, {**HOME, **body}), api.patch(f"{where}/{id}", body)):
            assert refused.status == 400
            assert [each["field"] for each in refused.json["details"]] == [field]


def test_what_is_not_there_is_not_found(kept: tuple[Api, str]) -> None:
    api, where = kept
    with api.unchanged():
        for refused in (
            api.get(f"{where}/none"),
            api.patch(f"{where}/none", {}),
            api.delete(f"{where}/none"),
            api.post(f"{where}/none/tags?tags=A"),
            api.delete(f"{where}/none/tags?tags=A"),
        ):
            assert refused.status == 404
            assert refused.json["message"].startswith("Address none of customer ")


def test_a_version_of_yesterday_is_refused(kept: tuple[Api, str]) -> None:
    api, where = kept
    id = add(api, where)
    with api.unchanged():
        assert api.patch(f"{where}/{id}", {"city": "X", "metadata": {"version": 9}}).status == 409


def test_a_customer_sees_and_changes_his_own_addresses_only(shop: Storefront) -> None:
    shop.sign_up()
    id = add(shop.customer(), MINE)
    shop.sign_up("other@example.com")
    other = shop.customer("other@example.com")
    assert other.get(MINE).json == []
    with shop.api.unchanged():
        assert other.get(f"{MINE}/{id}").status == 404
        assert other.patch(f"{MINE}/{id}", {"city": "X"}).status == 404
        assert other.delete(f"{MINE}/{id}").status == 404


def test_a_customer_need_not_name_anybody(shop: Storefront) -> None:
    shop.sign_up()
    assert shop.customer().post(MINE, {"city": "Berlin"}).status == 201
    assert (
        shop.customer().put(f"{MINE}/{shop.customer().get(MINE).json[0]['id']}", {"city": "X"}).status == 200
    )


def test_the_tenant_gives_ids_of_its_own(api: Api) -> None:
    api.post("/customer/{tenant}/customers", {"id": "C1"})
    where = "/customer/{tenant}/customers/C1/addresses"
    assert add(api, where, id="home") == "home"
    with api.unchanged():
        assert api.post(where, {**HOME, "id": "home"}).status == 409
        assert api.post(where, {**HOME, "id": "no id"}).status == 400
        assert api.post(where, {"city": "Berlin"}).status == 400
        assert api.put(f"{where}/new", {"city": "Berlin"}).status == 400
    assert api.put(f"{where}/new", HOME).json == {"id": "new"}
    assert api.put(f"{where}/new", {"city": "Berlin"}).status == 204
    assert "contactName" not in api.get(f"{where}/new").json


def test_addresses_of_nobody_are_not_found(api: Api) -> None:
    where = "/customer/{tenant}/customers/nobody/addresses"
    with api.unchanged():
        for refused in (api.get(where), api.post(where, HOME), api.put(f"{where}/a", HOME)):
            assert refused.status == 404
            assert refused.json["message"] == "Customer not Found"


def test_a_customer_has_so_many_addresses_at_most(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_ADDRESSES", 2)
    api.post("/customer/{tenant}/customers", {"id": "C1"})
    where = "/customer/{tenant}/customers/C1/addresses"
    first, _ = add(api, where), add(api, where)
    with api.unchanged():
        assert api.post(where, HOME).status == 400
    assert api.patch(f"{where}/{first}", {"city": "X"}).status == 200


def test_addresses_stay_within_their_budgets(api: Api) -> None:
    api.post("/customer/{tenant}/customers", {"id": "C1"})
    where = "/customer/{tenant}/customers/C1/addresses"
    for _ in range(5):
        add(api, where)
    with api.statements(2):
        assert len(api.get(where).json) == 5
    with api.statements(7):
        add(api, where, isDefault=True)
    with api.statements(5):
        api.get("/customer/{tenant}/customers?expand=addresses,accounts")
