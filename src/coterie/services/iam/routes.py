"""The operations of IAM: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, PUBLIC, Service, op
from coterie.kit.wire import Created
from coterie.services.iam import events
from coterie.services.iam.operations import (
    access_controls,
    assignments,
    deprecated,
    employees,
    federated,
    groups,
    invitations,
    passwords,
    scopes,
    sessions,
    users,
)
from coterie.services.iam.operations.authority import AUTHORITY
from coterie.services.iam.schemas import (
    AccessControlView,
    AssignmentView,
    EmployeeView,
    GroupView,
    PermissionView,
    ResourceView,
    RoleView,
    ScopeView,
    TemplateView,
    UserScopesView,
)

ACCESS_READ, ACCESS_MANAGE = (access_controls.READ,), (access_controls.MANAGE,)
SCOPE_READ, SCOPE_MANAGE = (scopes.READ,), (scopes.MANAGE,)
GROUP_READ, GROUP_MANAGE = (groups.READ,), (groups.MANAGE,)
# The reference lets who may read groups call these, and then demands the other scope (CONTRACT §3.13).
GROUP_WRITE = GROUP_MANAGE + GROUP_READ
ASSIGN = (assignments.MANAGE,)
USER_READ = (employees.READ,)

_CONTROL = "/access-controls/{accessControlId}"
_SCOPE = "/scopes/{scopeId}"
_GROUP = "/groups/{groupId}"
_USERS = _GROUP + "/users"
_USER = "/users/{userId}"

SERVICE = Service(
    name="iam",
    title="IAM Service",
    prefix="/iam/{tenant}",
    dialect=Dialect(
        details="strings",
        texts={
            "language": "Language header validation failed",
            "not_found": "Error while getting {noun}: there is no {noun} '{id}'",
            "not_found.user": "User not found",
            "exists": "Duplicated key",
            "missing_scopes": "You need a scope for this action.",
        },
    ),
    authority=AUTHORITY,
    events=events.ALL,
    reactions={
        "customer.deleted": assignments.forget_customers,
        "client-management.contact-assignment-created": assignments.link,
        "client-management.contact-assignment-deleted": assignments.unlink,
        "client-management.legalentity-deleted": groups.forget_companies,
        events.ACCESS_CONTROL_DELETED: groups.forget_controls,
        events.SCOPE_DELETED: access_controls.forget_scopes,
    },
    chores=(invitations.LINKS.prune,),
    rows=(
        # Employees sign in
        op("POST", "/login", sessions.log_in, PUBLIC, 200, mode="none", extension=True),
        op("POST", "/login/code", federated.log_in_by_code, PUBLIC, 200, mode="none", extension=True),
        op("POST", "/login/token", federated.log_in_by_token, PUBLIC, 200, mode="none", extension=True),
        op("POST", "/refresh", sessions.refresh, PUBLIC, 200, mode="none", extension=True),
        op("POST", "/logout", sessions.log_out, ANY, 204, extension=True),
        op("POST", "/password/reset", passwords.ask_for_reset, PUBLIC, 204, mode="none", extension=True),
        op("POST", "/password/reset/update", passwords.set_by_link, PUBLIC, 204, mode="none", extension=True),
        op("POST", "/password/change", passwords.change, ANY, 204, mode="none", extension=True),
        # Access controls, and the templates made of them
        op(
            "GET",
            "/access-controls",
            access_controls.list_controls,
            ACCESS_READ,
            200,
            answer=list[AccessControlView],
        ),
        op("GET", _CONTROL, access_controls.get_control, ACCESS_READ, 200, answer=AccessControlView),
        op("PUT", _CONTROL, access_controls.put_control, ACCESS_MANAGE, 201, 204, answer=Created),
        op("DELETE", _CONTROL, access_controls.delete_control, ACCESS_MANAGE, 204),
        op(
            "GET",
            "/templates",
            access_controls.list_templates,
            ("iam.template_read",),
            200,
            answer=list[TemplateView],
        ),
        # Scopes
        op("GET", "/scopes", scopes.list_scopes, SCOPE_READ, 200, answer=list[ScopeView]),
        op("GET", _SCOPE, scopes.get_scope, SCOPE_READ, 200, answer=ScopeView),
        op("PUT", _SCOPE, scopes.put_scope, SCOPE_MANAGE, 201, 204, answer=Created),
        op("DELETE", _SCOPE, scopes.delete_scope, SCOPE_MANAGE, 204),
        # Groups
        op("GET", "/groups", groups.list_groups, (groups.READ, groups.READ_OWN), 200, answer=list[GroupView]),
        op("POST", "/groups", groups.create_group, GROUP_WRITE, 201, answer=Created),
        op("GET", _GROUP, groups.RESOURCE.get, GROUP_READ, 200),
        op("PUT", _GROUP, groups.put_group, GROUP_WRITE, 201, 204, answer=Created),
        op("DELETE", _GROUP, groups.delete_group, GROUP_MANAGE, 204),
        op(
            "GET",
            _GROUP + "/access-controls",
            groups.list_controls,
            ACCESS_READ,
            200,
            answer=list[AccessControlView],
        ),
        # Who is in them
        op(
            "GET",
            _USERS,
            assignments.list_users,
            (assignments.USER_READ, assignments.USER_READ_OWN),
            200,
            answer=list[AssignmentView],
        ),
        op("POST", _USERS, assignments.create, (*ASSIGN, assignments.CREATE_OWN), 201, answer=Created),
        op("DELETE", _USERS, assignments.remove_all, ASSIGN, 204),
        op("PUT", _USERS + "/{userType}/{userId}", assignments.put, ASSIGN, 201, 204, answer=Created),
        op("DELETE", _USERS + "/{userId}", assignments.remove_one, (*ASSIGN, assignments.DELETE_OWN), 204),
        # Employees
        op("GET", "/users", employees.list_employees, USER_READ, 200, answer=list[EmployeeView]),
        op("POST", "/users", employees.create_employee, (employees.CREATE,), 201, answer=Created),
        op("GET", "/users/me", employees.get_me, ANY, 200, answer=EmployeeView),
        op("GET", _USER, employees.get_employee, USER_READ, 200, answer=EmployeeView),
        op("PUT", _USER, employees.put_employee, (employees.UPDATE,), 204),
        op("DELETE", _USER, employees.delete_employee, (employees.DELETE,), 204),
        op(
            "GET",
            "/users/vendors/{vendorId}",
            employees.list_of_vendor,
            USER_READ,
            200,
            answer=list[EmployeeView],
        ),
        # What users may do
        op("GET", "/users/me/scopes", users.get_own_scopes, ANY, 200, answer=UserScopesView),
        op(
            "GET",
            _USER + "/scopes",
            users.get_scopes,
            (scopes.READ, scopes.READ_OWN),
            200,
            answer=UserScopesView,
        ),
        op(
            "GET",
            "/users/me/access-controls",
            users.list_own_controls,
            ANY,
            200,
            answer=list[AccessControlView],
        ),
        op(
            "GET",
            _USER + "/access-controls",
            users.list_controls,
            ACCESS_READ,
            200,
            answer=list[AccessControlView],
        ),
        op("GET", _USER + "/groups", groups.list_of_user, GROUP_READ, 200, answer=list[GroupView]),
        op("DELETE", _USER + "/groups", assignments.remove_everywhere, ASSIGN, 204),
        op("GET", _USER + "/groups/{groupId}", groups.get_of_user, GROUP_READ, 200, answer=GroupView),
        # Deprecated
        op(
            "GET",
            "/roles",
            deprecated.list_roles,
            ("iam.role_read",),
            200,
            answer=list[RoleView],
            deprecated=True,
        ),
        op(
            "GET",
            "/roles/{roleId}",
            deprecated.get_role,
            ("iam.role_read",),
            200,
            answer=RoleView,
            deprecated=True,
        ),
        op(
            "GET",
            "/permissions",
            deprecated.list_permissions,
            ("iam.permission_read",),
            200,
            answer=list[PermissionView],
            deprecated=True,
        ),
        op(
            "GET",
            "/permissions/{permissionId}",
            deprecated.get_permission,
            ("iam.permission_read",),
            200,
            answer=PermissionView,
            deprecated=True,
        ),
        op(
            "GET",
            "/resources",
            deprecated.list_resources,
            ("iam.resource_read",),
            200,
            answer=list[ResourceView],
            deprecated=True,
        ),
        op(
            "GET",
            "/resources/{resourceId}",
            deprecated.get_resource,
            ("iam.resource_read",),
            200,
            answer=ResourceView,
            deprecated=True,
        ),
        op(
            "GET",
            _USER + "/access-controls/{resourceId}",
            users.list_controls_of_resource,
            ACCESS_READ,
            200,
            answer=list[AccessControlView],
            deprecated=True,
        ),
        op(
            "GET",
            _USER + "/permissions/{resourceId}",
            users.list_permissions,
            ("iam.permission_read",),
            200,
            answer=list[PermissionView],
            deprecated=True,
        ),
    ),
)
