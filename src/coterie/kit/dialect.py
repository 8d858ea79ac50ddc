"""How each service of the reference words its answers, as data, and the one renderer of errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Literal

from coterie.kit.errors import (
    CoterieError,
    Forbidden,
    MethodNotAllowed,
    TooMany,
    Unauthorized,
)

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "invalid": "Validation problem with request body.",
        "malformed": "The request body is not valid JSON.",
        "language": "Language header validation failed.",
        "not_found": "The resource with id {id} has not been found.",
        "exists": "The resource already exists.",
        "changed": "The resource you are attempting to access has changed.",
        "conflict": "The request conflicts with the state of the resource.",
        "forbidden": "The access to the requested resource has been forbidden by the server.",
        "missing_scopes": "The access to the requested resource has been forbidden by the server.",
        "unauthorized": "Access denied. Entered credentials are incorrect.",
        "no_route": "There is no operation at this path.",
        "method": "The method is not allowed for this path.",
        "media": "The media type of the body is not supported.",
        "too_many": "Too many attempts. Try again later.",
        "too_large": "The request is too large.",
        "internal": "An internal error has occurred.",
    }
)

# The `type` of envelope B, by status.
_TYPES = {
    400: "validation_violation",
    401: "unauthorized",
    403: "insufficient_permissions",
    404: "resource_not_found",
    409: "conflict_resource",
    500: "internal_service_error",
}
_FAULTS = {
    "invalid": ("Invalid access token", "oauth.v2.InvalidAccessToken"),
    "expired": ("Access Token expired", "keymanagement.service.access_token_expired"),
    "client": ("Invalid client id or client secret", "oauth.v2.InvalidClientIdentifier"),
}


@dataclass(frozen=True)
class Dialect:
    """What differs from service to service on the wire.

    envelope: A `{code,status,message,resourceId?,details?}`, B `{status,type,message,details[]}`, C, which is A
    without the status, or F, the fault that every 401 is (CONTRACT §2.11).
    id_name: what A and C call the resource.
    details: whether A lists problems as objects `{field,type,message}` or as strings.
    texts: messages by error key, or by `key.noun`; `{id}`, `{noun}`, `{tenant}` and, of what a token lacks,
    `{scopes}` are filled in.
    types: the `type` of envelope B by status, where it differs from the common one.
    count_query: the query parameter that asks for a count, else the request header X-Total-Count does.
    bulk_status: `status` texts of bulk answers by code that differ from HTTP's.
    """

    envelope: Literal["A", "B", "C", "F"] = "A"
    id_name: str = "resourceId"
    details: Literal["objects", "strings"] = "objects"
    texts: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[int, str] = field(default_factory=dict)
    count_header: str = "X-Total-Count"
    count_query: str | None = None
    always_count: bool = False
    index_base: int = 0
    bulk_status: Mapping[int, str] = field(default_factory=dict)
    first_version: int = 1
    page_size: int = 60

    def text(self, key: str, noun: str = "") -> str:
        """The message for an error key, the noun's own before the service's before the common one."""
        for name in (f"{key}.{noun}", key):
            if name in self.texts:
                return self.texts[name]
        return TEXTS[key]

    def message(self, error: CoterieError, tenant: str = "") -> str:
        """The one sentence that the client gets."""
        if error.message:
            return error.message
        text = self.text(error.key, error.noun)
        if "{" not in text:
            return text
        scopes = ", ".join(error.scopes) if isinstance(error, Forbidden) else ""
        values = {"{id}": str(error.id), "{noun}": error.noun, "{tenant}": tenant, "{scopes}": scopes}
        for name, value in values.items():
            text = text.replace(name, value)
        return text

    def reason(self, code: int) -> str:
        """The `status` text of an entry in a bulk answer."""
        return self.bulk_status.get(code) or HTTPStatus(code).phrase


DEFAULT = Dialect()


def details_of(error: CoterieError, style: str) -> list[Any]:
    """The `details` of an error, as objects or strings."""
    if isinstance(error, Forbidden) and error.scopes:
        names = ", ".join(error.scopes)
        return [f"Required scope(s): {names}", *(f"missing scope: {scope}" for scope in error.scopes)]
    if style == "strings":
        return [f"{p.field}: {p.message}" if p.field else p.message for p in error.problems]
    return [{"field": p.field, "type": p.type, "message": p.message} for p in error.problems]


def render(error: CoterieError, dialect: Dialect, tenant: str = "") -> tuple[int, dict[str, str], Any]:
    """Status, extra headers and body of an error's answer."""
    headers: dict[str, str] = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.seconds)
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, Unauthorized) and error.message is None and error.reason in _FAULTS:
        text, code = _FAULTS[error.reason]
        headers["WWW-Authenticate"] = "Bearer"
        return 401, headers, {"fault": {"faultstring": text, "detail": {"errorcode": code}}}
    return error.status, headers, envelope(error, dialect, tenant)


def envelope(error: CoterieError, dialect: Dialect, tenant: str = "") -> dict[str, Any]:
    """The body of an error's answer in the service's envelope."""
    message = dialect.message(error, tenant)
    if dialect.envelope == "B":
        types = {**_TYPES, **dialect.types}
        kind = "bad_payload_syntax" if error.key == "malformed" else types.get(error.status, "bad_request")
        problems = [] if isinstance(error, Forbidden) else details_of(error, "objects")
        return {"status": error.status, "type": kind, "message": message, "details": problems}
    if dialect.envelope == "F":
        problems = details_of(error, "strings")
        text = f"{message} {'; '.join(problems)}" if problems else message
        return {"fault": {"faultstring": text, "detail": {"errorcode": "oauth.v2.InvalidRequest"}}}
    status = {"status": HTTPStatus(error.status).phrase} if dialect.envelope == "A" else {}
    body: dict[str, Any] = {"code": error.status, **status, "message": message}
    if error.id is not None:
        body[dialect.id_name] = error.id
    details = details_of(error, dialect.details)
    if details:
        body["details"] = details
    return body
