"""The errors that operations raise, free of HTTP; `dialect.render` turns each into one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a request: the field's path, a machine-readable type, and the way out."""

    field: str
    type: str
    message: str

    @classmethod
    def violation(cls, field: str, message: str) -> Problem:
        """A value that breaks a rule of its field."""
        return cls(field, "validation_violation", message)


class CoterieError(Exception):
    """What a client did wrong, or can't have. `key` names the dialect's text for it."""

    status = 400
    key = "invalid"

    def __init__(
        self, message: str | None = None, *, problems: Sequence[Problem] = (), log: str = ""
    ) -> None:
        super().__init__(message or "; ".join(f"{p.field}: {p.message}" for p in problems) or self.key)
        self.message = message
        self.problems = tuple(problems)
        self.log = log

    noun: str = ""
    id: str | None = None


class Invalid(CoterieError):
    """A request body, parameter or header breaks a rule; `problems` say which."""


class UnsupportedLanguage(Invalid):
    """A language header is malformed, or asks for languages that the tenant lacks; `noun` is the header."""

    key = "language"


class Malformed(CoterieError):
    """A request body that is not the JSON it should be."""

    key = "malformed"


class _About(CoterieError):
    def __init__(self, noun: str, id: str | None = None, message: str | None = None) -> None:
        super().__init__(message)
        self.noun, self.id = noun, id


class NotFound(_About):
    """The resource is not there, or the caller may not know that it is."""

    status, key = 404, "not_found"


class AlreadyExists(_About):
    """A resource with this identifier is there already."""

    status, key = 409, "exists"


class VersionConflict(_About):
    """The stored version is another than the one the client sent."""

    status, key = 409, "changed"


class Conflict(CoterieError):
    """The state of things forbids this change."""

    status, key = 409, "conflict"


class Unauthorized(CoterieError):
    """No token, or no good one. `reason`: invalid, expired, or client (its id or secret is wrong); any other
    reason is answered in the service's envelope, with the dialect's text."""

    status, key = 401, "unauthorized"

    def __init__(self, reason: str = "invalid", message: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class Forbidden(CoterieError):
    """A valid token that may not do this; `scopes` are those of which one would do."""

    status, key = 403, "forbidden"

    def __init__(self, scopes: Sequence[str] = (), message: str | None = None) -> None:
        super().__init__(message)
        self.scopes = tuple(scopes)
        if scopes:
            self.key = "missing_scopes"


class NoRoute(CoterieError):
    """No operation has this path."""

    status, key = 404, "no_route"


class MethodNotAllowed(CoterieError):
    """The path has operations, but none with this method; `allowed` lists the methods."""

    status, key = 405, "method"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__()
        self.allowed = tuple(allowed)


class TooLarge(CoterieError):
    """The body, the target or the headers are over the limit."""

    key = "too_large"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class UnsupportedMedia(CoterieError):
    """The body's media type is not one that the operation takes."""

    status, key = 415, "media"


class TooMany(CoterieError):
    """Too many attempts; `seconds` until the next may succeed."""

    status, key = 429, "too_many"

    def __init__(self, seconds: int, message: str | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds
