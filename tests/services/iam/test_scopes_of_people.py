"""What customers and employees may do follows from their groups, with the next request."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from coterie.directory import SERVICES
from coterie.kit.clock import Clock
from coterie.kit.runtime import Runtime, build
from coterie.services.iam import facade
from coterie.settings import Settings
from services.iam.world import World
from support.api import Api, new_tenant

READ = "customersegment.segment_read"
OWN = "customersegment.segment_read_own"
SEGMENTS = "/customer-segment/{tenant}/segments"


class Later(Clock):
    """A clock that is ahead by some seconds."""

    seconds = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.seconds)


def test_an_employee_may_what_his_groups_grant_and_nothing_without_one(world: World) -> None:
    eve = world.api.as_employee(world.employee())
    assert world.scopes(eve) == set()
    assert eve.get(SEGMENTS).status == 403
    world.group("readers", "customersegment.segment.viewer")
    world.group("sellers", "order.order.manager", templates=["catalogue-manager"])
    me = world.api.get("/iam/{tenant}/users").json[0]["id"]
    world.put_in("readers", me, "EMPLOYEE")
    assert eve.get(SEGMENTS).status == 200
    world.put_in("sellers", me, "EMPLOYEE")
    assert {READ, "order.order_delete", "product.product_publish"} <= world.scopes(eve)


def test_changing_a_group_takes_effect_on_the_next_request(world: World) -> None:
    world.group("readers", "customersegment.segment.viewer")
    eve = world.api.as_employee(world.employee("eve@example.com", "readers"))
    assert eve.get(SEGMENTS).status == 200
    world.group("readers", "order.order.viewer")
    assert eve.get(SEGMENTS).status == 403
    world.group("readers", templates=["viewer"])
    assert eve.get(SEGMENTS).status == 200
    assert world.iam("groups/readers/users", method="DELETE").status == 204
    assert eve.get(SEGMENTS).status == 403


def test_changing_an_access_control_of_ones_own_takes_effect_on_the_next_request(world: World) -> None:
    world.control("mine", READ)
    world.control("other", "order.order_read")
    world.group("readers", "mine", "other")
    eve = world.api.as_employee(world.employee("eve@example.com", "readers"))
    assert world.scopes(eve) == {READ, "order.order_read"}
    world.control("mine", "coupon.coupon_read")
    assert world.scopes(eve) == {"coupon.coupon_read", "order.order_read"}
    assert world.iam("access-controls/mine", method="DELETE").status == 204
    assert world.scopes(eve) == {"order.order_read"}
    assert world.iam("groups/readers").json["accessControls"] == ["other"]


def test_a_scope_that_is_deleted_can_not_be_used_any_more(world: World) -> None:
    assert world.iam("scopes/acme.thing_read", method="PUT", body={}).status == 201
    world.control("mine", "acme.thing_read", READ)
    world.group("readers", "mine")
    eve = world.api.as_employee(world.employee("eve@example.com", "readers"))
    assert world.scopes(eve) == {"acme.thing_read", READ}
    assert world.iam("scopes/acme.thing_read", method="DELETE").status == 204
    assert world.scopes(eve) == {READ}
    assert world.iam("access-controls/mine").json["scopes"] == [READ]


def test_an_administrator_may_do_everything_and_is_told_each_scope(world: World) -> None:
    assert world.iam("scopes/acme.thing_read", method="PUT", body={}).status == 201
    world.group("admins", "administrator")
    ada = world.api.as_employee(world.employee("ada@example.com", "admins"))
    assert {READ, "site.site_manage", "acme.thing_read"} <= world.scopes(ada)
    assert ada.get(SEGMENTS).status == 200


def test_a_deleted_employees_token_is_no_good(world: World) -> None:
    world.group("admins", "administrator")
    id = world.employee("ada@example.com", "admins")
    ada = world.api.as_employee(id)
    assert ada.get(SEGMENTS).status == 200
    assert world.iam(f"users/{id}", method="DELETE").status == 204
    assert ada.get(SEGMENTS).status == 401


def test_restrictions_narrow_what_is_aware_of_them(world: World) -> None:
    world.group("de", "customer.customer.viewer", "customersegment.segment.viewer", restrictions=["DE", "AT"])
    eve = world.api.as_employee(world.employee("eve@example.com", "de"))
    assert world.scopes(eve) == {"customer.customer_read--DE", "customer.customer_read--AT", READ}


def test_a_customer_without_groups_may_what_customers_may(world: World) -> None:
    jane = world.api.as_customer(world.customer("jane@example.com"))
    assert {OWN, "iam.group_read_own", "coupon.coupon_redeem"} <= world.scopes(jane)
    assert not any(
        scope.endswith(("_manage", "_read")) for scope in world.scopes(jane) - {"customer.consent_manage"}
    )


def test_the_groups_of_a_company_count_for_who_acts_for_it(world: World) -> None:
    (ada,) = world.contacts("acme", "ada")
    world.company("other")
    world.contact(ada, "other")
    groups = world.company_groups("acme")
    world.put_in(groups["REQUESTER"], ada)
    manages = "approval.approval_manage_own"
    assert manages not in world.scopes(world.api.as_customer(ada, "acme"))
    assert manages in world.scopes(world.api.as_customer(ada, "other"))
    assert manages in world.scopes(world.api.as_customer(ada))


def test_a_group_of_no_company_counts_always(world: World) -> None:
    (ada,) = world.contacts("acme", "ada")
    world.group("vip", "quote.quote.customer-viewer", userType="CUSTOMER")
    world.put_in("vip", ada)
    assert world.scopes(world.api.as_customer(ada)) == {"quote.quote_read_own"}
    world.put_in(world.company_groups("acme")["ADMIN"], ada)
    assert world.scopes(world.api.as_customer(ada)) == {"quote.quote_read_own"}
    assert OWN in world.scopes(world.api.as_customer(ada, "acme"))


def test_a_group_that_grants_nothing_takes_nothing_away(world: World) -> None:
    ada = world.customer("ada@example.com")
    world.group("label", userType="CUSTOMER")
    world.put_in("label", ada)
    assert OWN in world.scopes(world.api.as_customer(ada))


def test_who_is_no_contact_any_more_acts_for_the_company_no_longer(world: World) -> None:
    (ada,) = world.contacts("acme", "ada")
    groups = world.company_groups("acme")
    world.put_in(groups["REQUESTER"], ada)
    api = world.api.as_customer(ada, "acme")
    assert world.scopes(api) != world.scopes(world.api.as_customer(ada))
    (contact,) = world.api.get("/customer-management/{tenant}/contact-assignments").json
    gone = world.api.delete(f"/customer-management/{{tenant}}/contact-assignments/{contact['id']}")
    assert gone.status == 204
    assert world.scopes(api) == world.scopes(world.api.as_customer(ada))
    assert world.iam(f"groups/{groups['REQUESTER']}/users").json == []


def test_a_customer_who_logs_in_may_what_his_groups_grant(world: World) -> None:
    shop = world.storefront()
    id = shop.sign_up()
    world.group("vip", "quote.quote.customer-viewer", userType="CUSTOMER")
    world.put_in("vip", id)
    token = shop.log_in()["access_token"]
    told = world.api.as_(token).get("/customer/{tenant}/validateauthtoken").json
    assert told["scope"] == f"quote.quote_read_own tenant={world.api.tenant}"


def test_the_facade_says_the_same_as_a_token(world: World) -> None:
    (ada,) = world.contacts("acme", "ada")
    world.put_in(world.company_groups("acme")["BUYER"], ada)

    async def ask() -> None:
        call = await world.call()
        async with call.reading() as db:
            call._db = db
            assert await facade.scopes_of(call, ada, "acme") == world_scopes["acme"]
            assert await facade.scopes_of(call, ada) == world_scopes["none"]

    world_scopes = {
        "acme": world.scopes(world.api.as_customer(ada, "acme")),
        "none": world.scopes(world.api.as_customer(ada)),
    }
    world.api.run(ask())


class Process:
    """Another process of the installation, that remembers tokens for an hour unless told otherwise."""

    def __init__(self, world: World, memory: float = 3600.0) -> None:
        self.clock = Later()
        settings = replace(world.api.server.settings, token_memory=memory)
        self.runtime = world.api.run(self._open(settings))
        self.run = world.api.run

    async def _open(self, settings: Settings) -> Runtime:
        return build(settings, SERVICES, clock=self.clock)

    def may(self, person: Api, scope: str) -> bool:
        return scope in self.run(self.runtime.tokens.verified(str(person.token))).scopes

    def statements(self, person: Api) -> int:
        """How many statements the verification of a token takes."""
        database = self.runtime.database
        database.sessions = []
        self.may(person, READ)
        return sum(session.statements for session in database.sessions)


@pytest.fixture
def process(world: World) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(**more: float) -> Process:
        started.append(Process(world, **more))
        return started[-1]

    yield start
    for each in started:
        each.run(each.runtime.close())


def test_verifying_a_persons_token_is_one_statement(world: World, process: Callable[..., Process]) -> None:
    world.group("admins", "administrator")
    eve = world.api.as_employee(world.employee("ada@example.com", "admins"))
    jane = world.api.as_customer(world.customer("jane@example.com"))
    worker = process()
    # The first of all reads the keys as well.
    worker.statements(world.api)
    for person in (eve, jane):
        assert [worker.statements(person) for _ in range(2)] == [1, 0]


def test_a_change_ends_the_memory_of_the_people_of_a_tenant(
    world: World, process: Callable[..., Process]
) -> None:
    other = new_tenant(world.api.server)
    jane, strange, client = world.api.as_customer("jane"), other.as_customer("jane"), world.api
    worker = process()
    for each in (jane, strange, client):
        worker.statements(each)
    worker.runtime.tokens.forget(world.api.tenant)
    assert [worker.statements(each) for each in (jane, strange, client)] == [1, 0, 0]


@pytest.mark.parametrize("memory", [0.0, 3600.0])
def test_another_worker_follows_as_soon_as_it_forgets(
    world: World, process: Callable[..., Process], memory: float
) -> None:
    """Without a memory of tokens every worker follows at once; with one, within its seconds."""
    world.group("readers", "customersegment.segment.viewer")
    eve = world.api.as_employee(world.employee("eve@example.com", "readers"))
    worker = process(memory=memory)
    assert worker.may(eve, READ)
    world.group("readers")
    assert worker.may(eve, READ) is (memory > 0)
    worker.clock.seconds = memory + 1
    assert not worker.may(eve, READ)


def test_an_anonymous_visitor_has_no_scopes(api: Api) -> None:
    assert api.as_anonymous().get("/iam/{tenant}/users/me/scopes").status == 403
    assert api.as_anonymous().get(SEGMENTS).status == 403
