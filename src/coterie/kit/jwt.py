"""Access tokens as text: a Caller signed with Ed25519, and read back; and the customer's `saas-token`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, OKPKey

from coterie.kit.caller import Caller
from coterie.kit.errors import Unauthorized
from coterie.kit.keys import SigningKey

# RFC 9864's name of what RFC 8037 calls EdDSA: it also fixes the curve.
_ALGORITHM = "Ed25519"
_ISSUER = "coterie"
_AUDIENCE = "api"
_SAAS_ALGORITHM = "HS256"
# The last character of a 64-byte signature carries 2 bits only; other spellings of it would be other texts
# of the same token, and a revocation or a memory keyed by the text must not be sidestepped by them.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,512}\.[A-Za-z0-9_-]{1,8192}\.[A-Za-z0-9_-]{85}[AQgw]")
_SAAS_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,512}\.[A-Za-z0-9_-]{1,1024}\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
# What the libraries raise for a token that somebody made up.
_MALFORMED = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
# Claim names by field; a claim is left out when its field is empty.
_CLAIMS: Mapping[str, str] = {
    "kind": "knd",
    "tenant": "ten",
    "client_id": "cid",
    "customer_id": "sub",
    "employee_id": "emp",
    "legal_entity_id": "len",
    "session_id": "sid",
    "login_id": "lid",
}


class UnknownKey(Exception):
    """The token names a key that is not in memory."""

    def __init__(self, kid: str) -> None:
        super().__init__(kid)
        self.kid = kid


def encode(caller: Caller, key: SigningKey, issued: int) -> str:
    """The token that says who the caller is. `issued`: Unix seconds."""
    fields = {claim: getattr(caller, name) for name, claim in _CLAIMS.items()}
    claims = {name: value for name, value in fields.items() if value}
    claims |= {"iss": _ISSUER, "aud": _AUDIENCE, "iat": issued, "exp": caller.expires}
    if caller.scopes:
        claims["scp"] = " ".join(sorted(caller.scopes))
    return jwt.encode({"alg": _ALGORITHM, "kid": key.kid}, claims, key.key, algorithms=[_ALGORITHM])


def decode(token: str, find: Callable[[str], OKPKey | None], now: float) -> Caller:
    """The caller that a token tells of. `now`: Unix seconds.

    Raises Unauthorized ("invalid" or "expired"), or UnknownKey when `find` does not know the token's key.
    """
    if not _TOKEN.fullmatch(token):
        raise Unauthorized

    def key_of(guest: Any) -> OKPKey:
        kid = guest.headers().get("kid")
        if not isinstance(kid, str):
            raise ValueError("no key id")
        key = find(kid)
        if key is None:
            raise UnknownKey(kid)
        return key

    claims = _verified(token, key_of, _ALGORITHM)
    if claims.get("iss") != _ISSUER or claims.get("aud") != _AUDIENCE:
        raise Unauthorized
    if claims["exp"] <= now:
        raise Unauthorized("expired")
    fields = {name: claims[claim] for name, claim in _CLAIMS.items() if claim in claims}
    scopes = frozenset(claims.get("scp", "").split())
    return Caller(**fields, scopes=scopes, expires=claims["exp"])


def encode_saas(customer_id: str, secret: bytes, expires: int) -> str:
    """A customer's saas-token: HS256 with `secret`, `sub` the customer number (CONTRACT §1.4)."""
    claims = {"sub": customer_id, "exp": expires}
    return jwt.encode(
        {"alg": _SAAS_ALGORITHM}, claims, OctKey.import_key(secret), algorithms=[_SAAS_ALGORITHM]
    )


def decode_saas(token: str, secret: bytes, now: float) -> str:
    """The customer number of a saas-token. Raises Unauthorized ("invalid" or "expired")."""
    if not _SAAS_TOKEN.fullmatch(token):
        raise Unauthorized
    claims = _verified(token, OctKey.import_key(secret), _SAAS_ALGORITHM)
    if claims["exp"] <= now:
        raise Unauthorized("expired")
    return str(claims["sub"])


def _verified(token: str, key: Any, algorithm: str) -> dict[str, Any]:
    try:
        return jwt.decode(token, key, algorithms=[algorithm]).claims
    except _MALFORMED:
        raise Unauthorized from None
