"""What travels: groups, assignments, access controls, scopes, templates, employees, and the deprecated roles."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from coterie.kit.listing import ListQuery
from coterie.kit.wire import Instant, Listed, MetadataView, Wire

Texts = dict[str, str]
# Employees may run the whole shop, so theirs are longer than customers' have to be.
Password = Annotated[str, msgspec.Meta(min_length=12, max_length=1024)]
OldPassword = Annotated[str, msgspec.Meta(max_length=1024)]
Email = Annotated[str, msgspec.Meta(min_length=1, max_length=254)]


class Based(Wire):
    """`metadata` of a request: the version it is based on."""

    version: int | None = None


class Company(Wire):
    """The company that a group is for, in a request."""

    legal_entity_id: str | None = None


class GroupUpdate(Wire):
    """Body of PUT; it replaces the group completely, but for its vendor."""

    name: Texts
    description: Texts | None = None
    access_controls: Listed[str] | None = None
    user_type: str | None = None
    templates: Listed[str] | None = None
    b2b: Company | None = None
    restrictions: Listed[str] | None = None
    mixins: dict[str, Any] | None = None
    metadata: Based | None = None


class GroupCreation(Wire):
    """Body of POST; without an id one is made, without a user type it is a group of employees."""

    name: Texts
    id: str | None = None
    description: Texts | None = None
    access_controls: Listed[str] | None = None
    user_type: str | None = None
    templates: Listed[str] | None = None
    b2b: Company | None = None
    vendor_id: str | None = None
    restrictions: Listed[str] | None = None
    mixins: dict[str, Any] | None = None


class CompanyView(Wire):
    """The company that a group is for, in an answer."""

    legal_entity_id: str


class GroupView(Wire):
    """A group as clients see it; `code` tells the predefined ones of a company apart."""

    id: str
    name: Texts
    user_type: str
    metadata: MetadataView
    description: Texts | None = None
    access_controls: list[str] | None = None
    templates: list[str] | None = None
    code: str | None = None
    vendor_id: str | None = None
    b2b: CompanyView | None = None
    restrictions: list[str] | None = None
    mixins: dict[str, Any] | None = None


class NamedQuery(ListQuery):
    """Query parameters of the lists that can be narrowed by name, description and time of change."""

    name: str | None = None
    description: str | None = None
    metadata_modified_at: Instant | None = None


class GroupsQuery(NamedQuery):
    """Query parameters of the list of groups."""

    user_type: str | None = None


class ForceQuery(Wire):
    """Whether a group goes although there are users in it."""

    force_delete: bool | None = None


class AssignmentCreation(Wire):
    """Body of POST: a user for the group; without a type he is an employee."""

    user_id: str
    user_type: str | None = None


class AssignmentView(Wire):
    """A user's place in a group."""

    id: str
    group_id: str
    user_id: str
    user_type: str


class AccessControlUpsert(Wire):
    """Body of PUT: scopes under a name; `restrictedTo` can only be set when it is created."""

    scopes: Annotated[list[str], msgspec.Meta(min_length=1, max_length=5_000)]
    name: Texts | None = None
    description: Texts | None = None
    domains: Listed[str] | None = None
    restricted_to: str | None = None
    metadata: Based | None = None


class RolePermission(Wire):
    """A permission of a role, and the resources it is for."""

    id: str
    applicable_permission_resources: list[str]


class RoleView(Wire):
    """A deprecated role."""

    id: str
    name: Texts
    permissions: list[RolePermission]
    metadata: MetadataView


class PermissionView(Wire):
    """A deprecated permission: an action, and the resources that have it."""

    id: str
    code: str
    name: Texts
    applicable_resources: list[str]
    metadata: MetadataView


class ResourceView(Wire):
    """A deprecated resource."""

    id: str
    code: str
    name: Texts
    metadata: MetadataView


class AccessControlView(Wire):
    """An access control as clients see it; `role` and `resource` when they are asked for."""

    id: str
    scopes: list[str]
    predefined: bool
    restriction_aware: bool
    vendor_aware: bool
    metadata: MetadataView
    name: Texts | None = None
    description: Texts | None = None
    domains: list[str] | None = None
    restricted_to: str | None = None
    role_id: str | None = None
    resource_id: str | None = None
    role: RoleView | None = None
    resource: ResourceView | None = None


class ExpandQuery(Wire):
    """What else an answer shall hold."""

    expand: str | None = None


class ControlsQuery(ListQuery):
    """Query parameters of the list of access controls."""

    expand: str | None = None
    role_id: str | None = None
    resource_id: str | None = None
    metadata_modified_at: Instant | None = None


class OwnControlsQuery(ListQuery):
    """Query parameters of the lists of a group's or user's access controls."""

    expand: str | None = None


class ScopeUpsert(Wire):
    """Body of PUT: a scope of the tenant's own."""

    description: Texts | None = None
    domain: str | None = None
    metadata: Based | None = None


class ScopeView(Wire):
    """A scope as clients see it."""

    id: str
    predefined: bool
    metadata: MetadataView
    description: Texts | None = None
    domain: str | None = None


class TemplateView(Wire):
    """A template: access controls under a name."""

    id: str
    name: Texts
    description: Texts
    access_controls: list[str]
    metadata: MetadataView
    access_controls_documents: list[AccessControlView] | None = None


class TemplatesQuery(ListQuery):
    """Query parameters of the list of templates."""

    name: str | None = None
    description: str | None = None
    expand: str | None = None


class EmployeeCreation(Wire):
    """Body of POST; an employee with this e-mail address who is there already is only put into the groups."""

    first_name: str
    last_name: str
    preferred_site: str
    preferred_currency: str
    preferred_language: str
    department: str
    contact_email: str
    group_ids: Listed[str]


class EmployeeUpdate(Wire):
    """Body of PUT; the employee is then in these groups and no others."""

    first_name: str
    last_name: str
    preferred_site: str
    preferred_currency: str
    preferred_language: str
    department: str
    backoffice_user_number: str
    group_ids: Listed[str]


class EmployeeGroupView(Wire):
    """A group of an employee."""

    id: str
    name: Texts
    user_type: str
    description: Texts | None = None
    code: str | None = None


class EmployeeView(Wire):
    """An employee as clients see him."""

    id: str
    first_name: str
    last_name: str
    backoffice_user_number: str
    preferred_site: str
    preferred_currency: str
    preferred_language: str
    department: str
    valid_from: str
    is_account_locked: bool
    contact_email: str
    status: str
    group_ids: list[str]
    groups: list[EmployeeGroupView] | None = None
    last_login: str | None = None


class EmployeesQuery(ListQuery):
    """Query parameters of the list of employees."""

    expand: str | None = None
    user_type: str | None = None


class UserScopesView(Wire):
    """What a user may do: scopes separated by spaces, the tenant last."""

    user_id: str
    scopes: str
    vendor_id: str | None = None


# Signing in; names are those of OAuth


class EmployeeCredentials(Wire):
    """Body of POST /login."""

    email: Email
    password: OldPassword


class CodeLogin(Wire, rename=str):
    """Body of POST /login/code. `state` names the provider; `nonce`, if it was sent there, must be in its token."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    code_verifier: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._~-]{43,128}$")]
    redirect_uri: str | None = None
    state: str | None = None
    nonce: str | None = None


class TokenLogin(Wire):
    """Body of POST /login/token: the provider's token, and which of the tenant's providers it is of."""

    token: Annotated[str, msgspec.Meta(min_length=1)]
    config: str | None = None


class RefreshRequest(Wire, rename=str):
    """Body of POST /refresh."""

    refresh_token: str


class EmployeeTokensView(Wire, rename=str):
    """The tokens of an employee; lifetimes in seconds, scopes separated by spaces, the tenant last."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    refresh_token_expires_in: int
    scope: str


class ResetRequest(Wire):
    """Body of POST /password/reset."""

    email: Email


class PasswordByLink(Wire):
    """Body of POST /password/reset/update: the token of an invitation's or a reset's mail."""

    token: str
    password: Password


class PasswordByOld(Wire):
    """Body of POST /password/change."""

    current_password: OldPassword
    new_password: Password
