"""The roles, permissions and resources that access controls once were made of; clients may still read them."""

from __future__ import annotations

from coterie.kit.call import Call, Reply
from coterie.services.iam.operations.catalogues import PERMISSION_LIST, RESOURCE_LIST, ROLE_LIST
from coterie.services.iam.rules.catalogue import Document
from coterie.services.iam.schemas import NamedQuery


async def list_roles(call: Call, query: NamedQuery) -> Reply:
    """The roles."""
    return await ROLE_LIST.page(call, query)


async def get_role(call: Call, role_id: str) -> Document:
    """One role."""
    return await ROLE_LIST.one(call, role_id)


async def list_permissions(call: Call, query: NamedQuery) -> Reply:
    """The permissions."""
    return await PERMISSION_LIST.page(call, query)


async def get_permission(call: Call, permission_id: str) -> Document:
    """One permission."""
    return await PERMISSION_LIST.one(call, permission_id)


async def list_resources(call: Call, query: NamedQuery) -> Reply:
    """The resources."""
    return await RESOURCE_LIST.page(call, query)


async def get_resource(call: Call, resource_id: str) -> Document:
    """One resource."""
    return await RESOURCE_LIST.one(call, resource_id)
