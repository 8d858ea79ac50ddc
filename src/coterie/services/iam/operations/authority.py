"""What people may do, found anew whenever a token is verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, or_, select

from coterie.kit.caller import Caller
from coterie.kit.rows import Authority
from coterie.query.sql import Str, json_array_agg, json_object
from coterie.services.iam.rules.grants import Grant, customer_scopes, employee_scopes
from coterie.services.iam.tables import assignment, contact, employee, group

_TENANT = bindparam("tenant", type_=Str())
_KIND = bindparam("kind", type_=Str())
_USER = bindparam("user", type_=Str())
_ENTITY = bindparam("entity", type_=Str())

_GROUPS = (
    select(
        json_object(
            access_controls=group.c.access_controls,
            templates=group.c.templates,
            restrictions=group.c.restrictions,
            custom_scopes=group.c.custom_scopes,
            company=group.c.legal_entity_id,
            vendor=group.c.vendor_id,
        )
    )
    .join_from(
        assignment,
        group,
        and_(group.c.tenant == assignment.c.tenant, group.c.id == assignment.c.group_id),
    )
    .where(
        assignment.c.tenant == _TENANT,
        assignment.c.user_id == _USER,
        assignment.c.user_type == func.upper(_KIND),
        or_(group.c.legal_entity_id.is_(None), group.c.legal_entity_id == _ENTITY),
    )
)
_IS_EMPLOYEE = exists().where(employee.c.tenant == _TENANT, employee.c.id == _USER)
_IS_CONTACT = exists().where(
    contact.c.tenant == _TENANT, contact.c.legal_entity_id == _ENTITY, contact.c.customer_id == _USER
)


def admitted(caller: Caller, facts: Mapping[str, Any]) -> Caller | None:
    """The caller with the scopes that his groups grant; None for an employee who is no more.

    A customer who is no contact of the company any more goes on for himself.
    """
    if caller.kind == "employee":
        if not facts["employee"]:
            return None
        scopes = employee_scopes(Grant.of(each) for each in facts["groups"])
        # All groups of an employee are of one vendor, or of none.
        vendor = next((each["vendor"] for each in facts["groups"] if each["vendor"] is not None), None)
        return replace(caller, scopes=scopes, vendor_id=vendor)
    entity = caller.legal_entity_id if facts["contact"] else None
    grants = [Grant.of(each) for each in facts["groups"] if each["company"] in (None, entity)]
    return replace(caller, scopes=customer_scopes(grants), legal_entity_id=entity)


AUTHORITY = Authority(
    json_object(groups=json_array_agg(_GROUPS), employee=_IS_EMPLOYEE, contact=_IS_CONTACT), admitted
)
