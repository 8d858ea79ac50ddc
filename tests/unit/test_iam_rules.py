"""The pure decisions of IAM: the catalogue is whole, and nobody exceeds what is held."""

from hypothesis import given
from hypothesis import strategies as st

from coterie.directory import SERVICES
from coterie.kit.caller import ALL_SCOPES
from coterie.kit.rows import TYPED
from coterie.services.iam.rules.catalogue import (
    ACCESS_CONTROLS,
    PERMISSIONS,
    RESOURCES,
    ROLE_DOCUMENTS,
    SCOPES,
    TEMPLATES,
)
from coterie.services.iam.rules.grants import Grant, applying, customer_scopes, exceeding, narrowed, written

scopes = st.frozensets(
    st.sampled_from(["a.b_read", "a.b_manage", "a.b_read--DE", "a.b_read--AT", ALL_SCOPES])
)


def test_every_scope_that_an_operation_asks_for_is_predefined() -> None:
    asked = {scope for service in SERVICES for row in service.rows for scope in row.scopes or ()}
    # Those of custom entity types are defined with the type.
    asked = {scope for scope in asked if TYPED not in scope}
    assert asked <= set(SCOPES), "add them to services/iam/rules/catalogue.py"


def test_every_scope_is_in_an_access_control_and_every_reference_leads_somewhere() -> None:
    held = {scope for control in ACCESS_CONTROLS.values() for scope in control["scopes"]}
    assert held == {*SCOPES, ALL_SCOPES}
    assert all(id in ACCESS_CONTROLS for each in TEMPLATES.values() for id in each["accessControls"])
    for control in ACCESS_CONTROLS.values():
        assert control.get("roleId") is None or control["roleId"] in ROLE_DOCUMENTS
        assert control.get("resourceId") is None or control["resourceId"] in RESOURCES
    for role in ROLE_DOCUMENTS.values():
        for permission in role["permissions"]:
            applicable = PERMISSIONS[permission["id"]]["applicableResources"]
            assert set(permission["applicablePermissionResources"]) <= set(applicable)


def test_a_template_is_for_one_type_of_users() -> None:
    for template in TEMPLATES.values():
        assert len({ACCESS_CONTROLS[id]["restrictedTo"] for id in template["accessControls"]}) == 1


def test_no_access_control_of_customers_holds_more_than_their_own() -> None:
    for control in ACCESS_CONTROLS.values():
        if control["restrictedTo"] == "CUSTOMER":
            assert not any(scope.endswith(("_by_vendor", ".order_manage")) for scope in control["scopes"])
            assert not control["restrictionAware"]


def test_requester_buyer_and_admin_each_may_more() -> None:
    requester, buyer, admin = (
        Grant(templates=(f"company-{role}",)).scopes for role in ("requester", "buyer", "admin")
    )
    assert requester < buyer < admin == customer_scopes([])
    assert not any(scope.startswith("iam.assignment") for scope in buyer)


def test_only_groups_that_grant_something_apply() -> None:
    some = Grant(("quote.quote.customer-viewer",))
    assert applying([Grant(), some]) == [some]
    assert applying([Grant()]) == applying([])


def test_an_unknown_access_control_grants_nothing() -> None:
    assert Grant(("gone",), custom_scopes=("a.b_read",)).scopes == {"a.b_read"}


def test_restrictions_narrow_each_scope() -> None:
    control = {"scopes": ["a.b_read", "a.b_manage"], "restrictionAware": True}
    assert narrowed(control, ["DE"]) == {"a.b_read--DE", "a.b_manage--DE"}
    assert narrowed(control, []) == {"a.b_read", "a.b_manage"}
    assert narrowed({**control, "restrictionAware": False}, ["DE"]) == {"a.b_read", "a.b_manage"}


def test_all_scopes_are_written_by_name() -> None:
    assert written({ALL_SCOPES}, ["mine"]) == sorted([*SCOPES, "mine"])
    assert written({"b", "a"}, ["mine"]) == ["a", "b"]


@given(scopes, scopes)
def test_what_exceeds_is_what_the_holder_may_not_do(held: frozenset[str], wanted: frozenset[str]) -> None:
    beyond = exceeding(held, wanted)
    assert set(beyond) <= wanted
    for scope in wanted:
        covered = ALL_SCOPES in held or scope in held or scope.partition("--")[0] in held
        assert (scope in beyond) is not covered


@given(scopes, scopes, scopes)
def test_nobody_gains_by_granting_through_another(
    first: frozenset[str], second: frozenset[str], wanted: frozenset[str]
) -> None:
    if not exceeding(first, second) and not exceeding(second, wanted):
        assert not exceeding(first, wanted)
