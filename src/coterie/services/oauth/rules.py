"""Which scopes a token request is granted (CONTRACT §1.2, §1.8)."""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import unquote_plus

from coterie.kit.caller import ALL_SCOPES
from coterie.kit.errors import Invalid, Problem

GRANT_TYPE = "client_credentials"
# `{service}.{resource}_{action}`, with an optional restriction.
_SCOPE = re.compile(r"[A-Za-z][A-Za-z-]*\.[A-Za-z0-9_]+(--[A-Za-z0-9_-]+)?")
_TENANT = "tenant="
# Older names that clients still hold and ask for.
_ALIASES = {"session_context.context_manage": "sessioncontext.context_manage"}


def granted(held: frozenset[str], tenant: str, asked: str | None) -> frozenset[str]:
    """The scopes of a token for a client that holds `held`: all of them, or those `asked` for.

    An entry `tenant=…` must name the client's own tenant. A client that holds every scope may ask for any
    well-formed name: services that came later, and custom types, bring scopes that nobody has listed.
    Raises Invalid for a scope the client does not have.
    """
    held = frozenset(_ALIASES.get(scope, scope) for scope in held)
    entries = (asked or "").split()
    scopes = frozenset(_ALIASES.get(entry, entry) for entry in entries if not entry.startswith(_TENANT))
    for entry in entries:
        if entry.startswith(_TENANT) and entry != _TENANT + tenant:
            raise _refused(f"{entry[:80]!r} is not the tenant of this client")
    for scope in sorted(scopes):
        if not (scope in held or (ALL_SCOPES in held and _SCOPE.fullmatch(scope))):
            raise _refused(f"{scope[:80]!r} is not a scope of this client; leave scope out to get all it has")
    return scopes or held


def described(scopes: frozenset[str], every: frozenset[str], tenant: str) -> str:
    """The `scope` of an answer; `every` are the names that `*` stands for."""
    names = every if ALL_SCOPES in scopes else scopes
    return " ".join([*sorted(names), _TENANT + tenant])


def _refused(message: str) -> Invalid:
    return Invalid("Invalid scope.", problems=(Problem.violation("scope", message),))


def basic_credentials(header: str) -> tuple[str | None, str | None]:
    """Client id and secret of `Authorization: Basic …`, which RFC 6749 §2.3.1 has clients send; else two None."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        id, colon, secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None, None
    return (unquote_plus(id), unquote_plus(secret)) if colon else (None, None)
