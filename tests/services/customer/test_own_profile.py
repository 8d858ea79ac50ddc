"""A customer changes his own profile, but not what the tenant keeps to itself."""

from __future__ import annotations

from typing import Any

import pytest

from support.storefront import Storefront

ME = "/customer/{tenant}/me"


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_customer_changes_parts_of_his_profile(shop: Storefront, method: str) -> None:
    number = shop.sign_up(firstName="Jane", lastName="Doe")
    me = shop.customer()
    body = {"firstName": "Joan", "preferredCurrency": "EUR", "metadata": {"version": 1}}
    assert me.request(method, ME, body).status == 200
    mine = me.get(ME).json
    assert (mine["firstName"], mine["lastName"], mine["preferredCurrency"]) == ("Joan", "Doe", "EUR")
    assert mine["metadata"]["version"] == 2
    (event,) = shop.api.events("customer.updated")
    assert (event["id"], event["firstName"]) == (number, "Joan")


def test_operations_change_it_as_well(shop: Storefront) -> None:
    shop.sign_up(firstName="Jane", middleName="M")
    me = shop.customer()
    body = [{"op": "replace", "path": "/firstName", "value": "Joan"}, {"op": "remove", "path": "/middleName"}]
    assert me.patch(ME, body).status == 200
    assert me.get(ME).json["firstName"] == "Joan"
    assert "middleName" not in me.get(ME).json


def test_what_the_tenant_keeps_to_itself_stays(shop: Storefront) -> None:
    number = shop.sign_up()
    me, stored = shop.customer(), f"/customer/{{tenant}}/customers/{number}"
    assert me.patch(ME, {"onHold": True, "active": False, "restriction": "DE", "type": "X"}).status == 200
    after = shop.api.get(stored).json
    assert (after["active"], after["onHold"]) == (True, False)
    assert not {"restriction", "type"} & after.keys()
    with shop.api.unchanged():
        assert me.patch(ME, [{"op": "replace", "path": "/onHold", "value": True}]).status == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"contactEmail": None}, 400),
        ({"contactEmail": "no address"}, 400),
        ({"preferredCurrency": "EURO"}, 400),
        ({"firstName": 1}, 400),
        ({"metadata": {"version": 7}}, 409),
        ({"contactEmail": "other@example.com"}, 409),
    ],
)
def test_a_bad_change_is_refused_and_changes_nothing(
    shop: Storefront, body: dict[str, Any], status: int
) -> None:
    shop.sign_up()
    shop.sign_up("other@example.com")
    me = shop.customer()
    with shop.api.unchanged():
        assert me.patch(ME, body).status == status


def test_a_visitor_and_a_service_have_no_profile_to_change(shop: Storefront) -> None:
    visitor = shop.visit()
    with shop.api.unchanged():
        for caller in (visitor, shop.api):
            assert caller.patch(ME, {"firstName": "X"}).status == 403
            assert caller.get(f"{ME}/addresses").status == 403


def test_reading_ones_profile_stays_within_its_budget(shop: Storefront) -> None:
    shop.sign_up()
    me = shop.customer()
    me.get(ME)
    with shop.api.statements(3):
        me.get(ME)
    with shop.api.statements(4):
        me.get(f"{ME}?expand=addresses,mixin:*")
