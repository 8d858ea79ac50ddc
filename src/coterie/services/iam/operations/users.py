"""What a user may do: his scopes, access controls and permissions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from coterie.kit.call import Call, Reply
from coterie.kit.caller import ALL_SCOPES, RESTRICTION
from coterie.kit.errors import Forbidden, NotFound
from coterie.services.iam.operations import access_controls, scopes
from coterie.services.iam.operations.catalogues import PERMISSION_LIST
from coterie.services.iam.operations.grants import groups_of, kind_of
from coterie.services.iam.rules.catalogue import CUSTOMER, EMPLOYEE
from coterie.services.iam.rules.grants import Grant, applying, employee_scopes, written
from coterie.services.iam.schemas import ExpandQuery, OwnControlsQuery, UserScopesView


async def get_scopes(call: Call, user_id: str) -> UserScopesView:
    """What a user may do by all his groups; with the own scope only the caller himself."""
    if not call.caller.may((scopes.READ,)) and user_id != _user(call):
        raise Forbidden((scopes.READ,))
    kind, _ = await kind_of(call, user_id)
    rows = await groups_of(call, user_id, kind)
    grants = [Grant.of(row._mapping) for row in rows]
    granted = employee_scopes(grants if kind == EMPLOYEE else applying(grants))
    return await _shown(call, user_id, granted, rows)


async def get_own_scopes(call: Call) -> UserScopesView:
    """What the caller may do, as his token allows it now: a customer for the company that he acts for."""
    user_id = _user(call) or call.caller.client_id
    if call.caller.kind == "anonymous":
        raise Forbidden(message="This operation is for users; sign in first.")
    rows = await groups_of(call, user_id, EMPLOYEE) if call.caller.employee_id is not None else ()
    return await _shown(call, user_id, call.caller.scopes, rows)


async def _shown(
    call: Call, user_id: str, granted: frozenset[str], groups: Sequence[Row[Any]]
) -> UserScopesView:
    names = await scope_names(call, granted)
    vendor_id = next((row.vendor_id for row in groups if row.vendor_id is not None), None)
    return UserScopesView(user_id=user_id, scopes=names, vendor_id=vendor_id)


async def scope_names(call: Call, granted: frozenset[str]) -> str:
    """Scopes as clients read them: by name, separated by spaces, the tenant last."""
    custom = await scopes.all_own(call) if ALL_SCOPES in granted else []
    return " ".join([*written(granted, custom), f"tenant={call.tenant.name}"])


async def list_controls(call: Call, user_id: str, query: OwnControlsQuery) -> Reply:
    """The access controls of a user."""
    kind, known = await kind_of(call, user_id)
    if not known:
        raise NotFound("user", user_id)
    return await _controls(call, query, await _grants(call, user_id, kind))


async def list_own_controls(call: Call, query: OwnControlsQuery) -> Reply:
    """The access controls of the caller, who is a customer or an employee."""
    user_id = _user(call)
    if user_id is None:
        raise Forbidden(message="This operation is for users; sign in first.")
    kind = EMPLOYEE if call.caller.employee_id is not None else CUSTOMER
    entity = call.caller.legal_entity_id
    return await _controls(call, query, await _grants(call, user_id, kind, (None, entity)))


async def list_controls_of_resource(call: Call, user_id: str, resource_id: str, query: ExpandQuery) -> Reply:
    """The access controls of a user that are for a resource."""
    kind, known = await kind_of(call, user_id)
    if not known:
        raise NotFound("user", user_id)
    ids = {id for grant in await _grants(call, user_id, kind) for id in grant.controls}
    found = await access_controls.LIST.some(call, ids)
    views = [found[id] for id in sorted(found) if found[id].get("resourceId") == resource_id]
    await access_controls.expansion(query.expand)(call, views)
    return Reply(value=views)


async def list_permissions(call: Call, user_id: str, resource_id: str) -> Reply:
    """The deprecated permissions of a user for a resource: the actions among his scopes."""
    kind, _ = await kind_of(call, user_id)
    granted = employee_scopes(await _grants(call, user_id, kind))
    found = await PERMISSION_LIST.some(call, _actions(granted, resource_id))
    return Reply(value=[found[id] for id in sorted(found)])


def _actions(granted: frozenset[str], resource_id: str) -> set[str]:
    names = written(granted, ())
    prefix = f"{resource_id}_"
    return {name.removeprefix(prefix).partition(RESTRICTION)[0] for name in names if name.startswith(prefix)}


async def _grants(
    call: Call, user_id: str, kind: str, companies: tuple[str | None, ...] | None = None
) -> list[Grant]:
    """What a user's groups grant; with `companies` only those of theirs (None: of none)."""
    rows = await groups_of(call, user_id, kind)
    grants = [Grant.of(row._mapping) for row in rows if companies is None or row.legal_entity_id in companies]
    return grants if kind == EMPLOYEE else applying(grants)


async def _controls(call: Call, query: OwnControlsQuery, grants: list[Grant]) -> Reply:
    ids = {id for grant in grants for id in grant.controls}
    expand: Any = access_controls.expansion(query.expand)
    return await access_controls.LIST.page(call, query, among=ids, expand=expand)


def _user(call: Call) -> str | None:
    """The customer or employee behind the token."""
    return call.caller.customer_id or call.caller.employee_id
