"""The events of IAM: names and payloads. The reference names none, so these follow the names of its other services."""

from __future__ import annotations

from typing import Any

GROUP_CREATED = "iam.group-created"
GROUP_UPDATED = "iam.group-updated"
GROUP_DELETED = "iam.group-deleted"
ASSIGNMENT_CREATED = "iam.assignment-created"
ASSIGNMENT_DELETED = "iam.assignment-deleted"
ACCESS_CONTROL_CREATED = "iam.access-control-created"
ACCESS_CONTROL_UPDATED = "iam.access-control-updated"
ACCESS_CONTROL_DELETED = "iam.access-control-deleted"
SCOPE_CREATED = "iam.scope-created"
SCOPE_UPDATED = "iam.scope-updated"
SCOPE_DELETED = "iam.scope-deleted"
USER_CREATED = "iam.user-created"
USER_UPDATED = "iam.user-updated"
USER_DELETED = "iam.user-deleted"

ALL = (
    GROUP_CREATED,
    GROUP_UPDATED,
    GROUP_DELETED,
    ASSIGNMENT_CREATED,
    ASSIGNMENT_DELETED,
    ACCESS_CONTROL_CREATED,
    ACCESS_CONTROL_UPDATED,
    ACCESS_CONTROL_DELETED,
    SCOPE_CREATED,
    SCOPE_UPDATED,
    SCOPE_DELETED,
    USER_CREATED,
    USER_UPDATED,
    USER_DELETED,
)


def subject(noun: str, id: str) -> str:
    """Events of one group (its assignments included), access control, scope or user are delivered in order."""
    return f"iam-{noun}:{id}"


def written(tenant: str, view: dict[str, Any]) -> dict[str, Any]:
    """Payload of created and updated: the resource as clients see it."""
    return {**view, "tenant": tenant}


def deleted(tenant: str, id: str) -> dict[str, Any]:
    """Payload of deleted."""
    return {"id": id, "tenant": tenant}


def assigned(tenant: str, id: str, group_id: str, user_id: str, user_type: str) -> dict[str, Any]:
    """Payload of assignment-created and assignment-deleted."""
    return {"id": id, "groupId": group_id, "userId": user_id, "userType": user_type, "tenant": tenant}
