"""Nobody makes more of himself, or of others, than he may do himself."""

import pytest

from services.iam.world import World, employee
from support.api import Api

CREATE_OWN, DELETE_OWN = "iam.assignment_create_own", "iam.assignment_delete_own"


class Acme(World):
    """A company with an administrator, a buyer, a requester and a newcomer; another one with a contact."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        names = ("ada", "bob", "rob", "new")
        self.people = dict(zip(names, self.contacts("acme", *names), strict=True))
        (self.people["eve"],) = self.contacts("evil", "eve")
        self.groups = self.company_groups("acme")
        for role, name in (("ADMIN", "ada"), ("BUYER", "bob"), ("REQUESTER", "rob")):
            self.put_in(self.groups[role], self.people[name])


@pytest.fixture
def acme(api: Api) -> Acme:
    return Acme(api)


def act(world: Acme, name: str, company: str | None = "acme") -> Api:
    return world.api.as_customer(world.people[name], company)


def add(world: Acme, by: Api, role: str, name: str, kind: str = "CUSTOMER") -> int:
    body = {"userId": world.people[name], "userType": kind}
    return world.iam(f"groups/{world.groups[role]}/users", by, "POST", body).status


def take(world: Acme, by: Api, role: str, name: str) -> int:
    group, user = world.groups[role], world.people[name]
    return world.iam(f"groups/{group}/users/{user}", by, "DELETE").status


def test_the_administrator_of_a_company_manages_its_groups(acme: Acme) -> None:
    ada = act(acme, "ada")
    assert add(acme, ada, "BUYER", "new") == 201
    assert take(acme, ada, "BUYER", "new") == 204
    assert add(acme, ada, "ADMIN", "new") == 201


def test_also_with_a_token_for_no_company(acme: Acme) -> None:
    assert add(acme, act(acme, "ada", None), "BUYER", "new") == 201


@pytest.mark.parametrize("company", ["acme", None])
@pytest.mark.parametrize("name", ["bob", "rob"])
def test_a_buyer_or_requester_raises_nobody(acme: Acme, name: str, company: str | None) -> None:
    """Without a company a token of theirs has the scopes of any customer: they count for nothing here."""
    api = act(acme, name, company)
    with acme.api.unchanged():
        assert add(acme, api, "ADMIN", name) == 403
        assert add(acme, api, "ADMIN", "new") == 403
        assert take(acme, api, "REQUESTER", "rob") == 403
        assert take(acme, api, "ADMIN", "ada") == 403


def test_only_colleagues_and_only_groups_of_the_own_company(acme: Acme) -> None:
    acme.group("vip", "quote.quote.customer-viewer", userType="CUSTOMER")
    acme.group("staff", "order.order.viewer")
    ada, new = act(acme, "ada"), {"userId": acme.people["new"], "userType": "CUSTOMER"}
    eve, herself = act(acme, "eve", "evil"), act(acme, "eve", None)
    with acme.api.unchanged():
        assert add(acme, ada, "BUYER", "eve") == 403
        assert add(acme, eve, "ADMIN", "eve") == 403
        assert add(acme, herself, "ADMIN", "eve") == 403
        assert add(acme, ada, "BUYER", "new", "EMPLOYEE") == 403
        for group in ("vip", "staff"):
            assert acme.iam(f"groups/{group}/users", ada, "POST", new).status == 403
        assert take(acme, eve, "ADMIN", "ada") == 403


def test_who_acts_for_another_company_manages_that_one_only(acme: Acme) -> None:
    acme.contact(acme.people["ada"], "evil")
    ada = act(acme, "ada", "evil")
    with acme.api.unchanged():
        assert add(acme, ada, "BUYER", "new") == 403


def test_leaving_a_group_that_grants_less_than_the_default_is_an_escalation_too(acme: Acme) -> None:
    controls = ("iam.assignment.customer-manager", "iam.user.customer-viewer")
    company = {"userType": "CUSTOMER", "b2b": {"legalEntityId": "acme"}}
    acme.group("keepers", *controls, **company)
    acme.groups["KEEPERS"] = "keepers"
    acme.put_in("keepers", acme.people["new"])
    keeper = act(acme, "new")
    assert acme.scopes(keeper) == {CREATE_OWN, DELETE_OWN, "iam.user_read_own"}
    with acme.api.unchanged():
        assert take(acme, keeper, "KEEPERS", "new") == 403
        assert take(acme, keeper, "REQUESTER", "rob") == 403
        assert add(acme, keeper, "REQUESTER", "new") == 403
    # What gives nobody more he may do.
    assert add(acme, keeper, "KEEPERS", "rob") == 201
    assert take(acme, keeper, "KEEPERS", "rob") == 204


def test_a_token_whose_group_was_changed_meanwhile_grants_by_what_holds_now(acme: Acme) -> None:
    ada = act(acme, "ada")
    assert acme.scopes(ada)
    take(acme, acme.api, "ADMIN", "ada")
    acme.put_in(acme.groups["BUYER"], acme.people["ada"])
    with acme.api.unchanged():
        assert add(acme, ada, "BUYER", "new") == 403


# Employees


@pytest.fixture
def clerk(world: World) -> Api:
    """An employee who manages all of IAM, and reads orders."""
    manages = [f"iam.{each}.manager" for each in ("access", "assignment", "group", "scope", "user")]
    world.group("clerks", *manages, "order.order.viewer")
    world.group("admins", "administrator")
    return world.api.as_employee(world.employee("clerk@example.com", "clerks"))


def test_an_employee_puts_nobody_into_a_group_that_may_more_than_he(world: World, clerk: Api) -> None:
    me = clerk.get("/iam/{tenant}/users/me").json["id"]
    mine = {"userId": me, "userType": "EMPLOYEE"}
    update = {
        **{
            name: value
            for name, value in employee(groupIds=["clerks", "admins"]).items()
            if name != "contactEmail"
        },
        "backofficeUserNumber": me,
    }
    with world.api.unchanged():
        refused = world.iam("groups/admins/users", clerk, "POST", mine)
        assert (refused.status, "*" in refused.json["message"]) == (403, True)
        assert world.iam(f"groups/admins/users/EMPLOYEE/{me}", clerk, "PUT").status == 403
        assert world.iam(f"users/{me}", clerk, "PUT", update).status == 403
        assert world.iam("users", clerk, "POST", employee("x@example.com", "admins")).status == 403
    assert world.iam("users", clerk, "POST", employee("x@example.com", "clerks")).status == 201


@pytest.mark.parametrize(
    "body",
    [
        {"accessControls": ["administrator"]},
        {"accessControls": ["site.site.manager"]},
        {"templates": ["catalogue-manager"]},
        {"accessControls": ["clerks-own"]},
    ],
)
def test_an_employee_gives_a_group_nothing_that_he_may_not_do(world: World, clerk: Api, body: object) -> None:
    world.control("clerks-own", "site.site_manage")
    assert isinstance(body, dict)
    with world.api.unchanged():
        for group in ("clerks", "new"):
            put = world.iam(f"groups/{group}", clerk, "PUT", {"name": {"en": "x"}, **body})
            assert put.status == 403, put.json
        assert world.iam("groups", clerk, "POST", {"name": {"en": "x"}, **body}).status == 403
    put = world.iam(
        "groups/new", clerk, "PUT", {"name": {"en": "x"}, "accessControls": ["order.order.viewer"]}
    )
    assert put.status == 201, put.json


def test_lifting_a_restriction_is_granting(world: World, clerk: Api) -> None:
    world.group("narrow", "order.order.manager", restrictions=["DE"])
    kept = {"name": {"en": "x"}, "accessControls": ["order.order.manager"]}
    with world.api.unchanged():
        assert world.iam("groups/narrow", clerk, "PUT", kept).status == 403
    assert world.iam("groups/narrow", clerk, "PUT", {**kept, "restrictions": ["DE"]}).status == 204
    # Whoever may read all orders may grant the reading of some.
    read = {"name": {"en": "x"}, "accessControls": ["order.order.viewer"], "restrictions": ["DE"]}
    assert world.iam("groups/some", clerk, "PUT", read).status == 201


def test_narrowing_what_a_group_grants_is_no_granting(world: World, clerk: Api) -> None:
    world.group("wide", "site.site.manager", "order.order.manager")
    body = {"name": {"en": "x"}, "accessControls": ["site.site.manager"], "restrictions": ["DE"]}
    assert world.iam("groups/wide", clerk, "PUT", body).status == 204


def test_an_employee_manages_the_groups_of_customers_without_being_one(world: World, clerk: Api) -> None:
    jane = world.customer("jane@example.com")
    body = {"name": {"en": "x"}, "userType": "CUSTOMER", "templates": ["company-buyer"]}
    assert world.iam("groups/buyers", clerk, "PUT", body).status == 201
    assert world.iam(f"groups/buyers/users/CUSTOMER/{jane}", clerk, "PUT").status == 201
    # What is a customer's own is nothing to an employee.
    own = ["customer.customer_read_own", "customer.customer_manage_own", "iam.assignment_create_own"]
    assert world.iam("access-controls/own", clerk, "PUT", {"scopes": own}).status == 201
    body = {"name": {"en": "x"}, "accessControls": ["own", "iam.group.manager", "iam.assignment.manager"]}
    assert world.iam("groups/clerks", clerk, "PUT", body).status == 204
    assert clerk.get("/customer/{tenant}/customers").json == []
    assert clerk.get(f"/customer/{{tenant}}/customers/{jane}").status == 404


def test_an_employee_writes_no_access_control_beyond_what_he_may_do(world: World, clerk: Api) -> None:
    world.control("mine", "order.order_read", "site.site_manage")
    with world.api.unchanged():
        put = world.iam("access-controls/other", clerk, "PUT", {"scopes": ["site.site_manage"]})
        assert put.status == 403, put.json
    kept = {"scopes": ["order.order_read", "site.site_manage"], "name": {"en": "Mine"}}
    assert world.iam("access-controls/mine", clerk, "PUT", kept).status == 204


def test_an_api_client_grants_by_the_scope_of_its_operation(world: World) -> None:
    api = world.api.with_scopes("iam.group_manage", "iam.assignment_manage")
    put = world.iam("groups/admins", api, "PUT", {"name": {"en": "x"}, "accessControls": ["administrator"]})
    assert put.status == 201
    eve = world.employee()
    assert world.iam(f"groups/admins/users/EMPLOYEE/{eve}", api, "PUT").status == 201


def test_who_only_reads_groups_writes_none(world: World) -> None:
    """The reference lets `iam.group_read` call both, and then demands the other scope (CONTRACT §3.13)."""
    reader = world.api.with_scopes("iam.group_read")
    with world.api.unchanged():
        for method, path in (("POST", "groups"), ("PUT", "groups/x")):
            refused = world.iam(path, reader, method, {"name": {"en": "x"}})
            assert refused.status == 403
            assert "Required scope(s): iam.group_manage" in refused.json["details"]
