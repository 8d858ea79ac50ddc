"""Scopes narrowed to a restriction show and change what carries it, and nothing else (CONTRACT §2.13)."""

import pytest

from coterie.directory import SERVICES
from services.iam.world import World
from support.api import Api

CUSTOMERS, ENTITIES = "/customer/{tenant}/customers", "/customer-management/{tenant}/legal-entities"


@pytest.fixture
def seller(world: World) -> Api:
    """An employee who sells to Germany and Austria only; there are customers and companies of three countries."""
    for country in ("DE", "AT", "FR"):
        world.customer(f"{country}@example.com", id=country, restriction=country)
        body = {"id": country, "name": country, "type": "COMPANY", "restrictions": [country]}
        assert world.api.post(ENTITIES, body).status == 201
    world.customer("none@example.com", id="none")
    controls = ("customer.customer.manager", "customermanagement.legalentity.viewer")
    world.group("sellers", *controls, restrictions=["DE", "AT"])
    return world.api.as_employee(world.employee("sam@example.com", "sellers"))


@pytest.mark.parametrize("path", [CUSTOMERS, ENTITIES])
def test_only_what_carries_the_restriction_is_read(seller: Api, path: str) -> None:
    assert sorted(each["id"] for each in seller.get(path).json) == ["AT", "DE"]
    found = seller.post(f"{path}/search", {"q": "id:(DE,FR)"})
    assert [each["id"] for each in found.json] == ["DE"]
    assert seller.get(f"{path}/AT").status == 200
    assert seller.get(f"{path}/FR").status == 404


def test_only_what_carries_the_restriction_is_changed_and_it_stays_there(world: World, seller: Api) -> None:
    assert seller.patch(f"{CUSTOMERS}/DE", {"firstName": "Dee"}).status == 200
    with world.api.unchanged():
        assert seller.patch(f"{CUSTOMERS}/FR", {"firstName": "x"}).status == 404
        assert seller.patch(f"{CUSTOMERS}/none", {"firstName": "x"}).status == 404
        assert seller.delete(f"{CUSTOMERS}/FR").status == 404
        assert seller.patch(f"{CUSTOMERS}/DE", {"restriction": "FR"}).status == 403
        assert seller.post(CUSTOMERS, {"contactEmail": "new@example.com"}).status == 403
        assert seller.put(f"{CUSTOMERS}/new", {"firstName": "x"}).status == 403
        assert seller.put(f"{ENTITIES}/DE", {"name": "x", "type": "COMPANY"}).status == 403
        assert seller.delete(f"{ENTITIES}/DE").status == 403
    assert seller.delete(f"{CUSTOMERS}/AT").status == 202


def test_no_other_operation_is_opened_by_a_narrowed_scope(world: World) -> None:
    """Whatever does not heed restrictions asks for the whole scope."""
    rows = [
        (service, row) for service in SERVICES for row in service.rows if row.scopes and not row.restricted
    ]
    narrowed = {f"{scope}--DE" for _, row in rows for scope in row.scopes or ()}
    api = world.api.with_scopes(*narrowed)
    for service, row in rows:
        path = (service.prefix + row.path).replace("{tenant}", world.api.tenant)
        assert api.request(row.method, path.replace("{", "").replace("}", "")).status == 403, path
