"""Whether a provider has signed a token: with one of its published keys, and an algorithm that we allow."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

from joserfc import jwk, jwt
from joserfc.errors import JoseError

from coterie.federation.claims import Refused

# Only what is verified by a public key: with HS256 whoever knows that key could sign.
ALGORITHMS = tuple(f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512))
_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
# Tokens of other uses that the same keys sign, such as logout tokens, are no proof of a person being here.
_TYPES = ("jwt", "at+jwt")
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_LEAST_BITS = 2048
_MALFORMED = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


class UnknownKey(Exception):
    """The token's key is not among the provider's."""


def verified(token: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of a token that one of `keys` (a JWK set) has signed. Raises Refused or UnknownKey."""
    header = _header(token)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise Refused(f"its algorithm (alg) is none of {', '.join(ALGORITHMS)}")
    kind = str(header.get("typ") or "jwt").lower().removeprefix("application/")
    if kind not in _TYPES:
        raise Refused("it is no access or ID token (typ)")
    key = _key(keys, header.get("kid"), algorithm)
    try:
        return jwt.decode(token, key, algorithms=[algorithm]).claims
    except _MALFORMED:
        raise Refused("its signature is wrong") from None


def _header(token: str) -> dict[str, Any]:
    if not _TOKEN.fullmatch(token):
        raise Refused("it is no signed JWT")
    first = token.partition(".")[0]
    try:
        header = json.loads(urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise Refused("it is no signed JWT")
    return header


def _key(keys: Mapping[str, Any], kid: Any, algorithm: str) -> Any:
    """The key of an id, or without one the only key there is. Raises UnknownKey, or Refused for a weak key."""
    found = [each for each in _listed(keys) if _fits(each, algorithm) and kid in (None, each.get("kid"))]
    if len(found) != 1:
        raise UnknownKey
    try:
        key = jwk.import_key(found[0])
    except _MALFORMED:
        raise UnknownKey from None
    if isinstance(key, jwk.RSAKey) and key.public_key.key_size < _LEAST_BITS:
        raise Refused(f"its key has fewer than {_LEAST_BITS} bits")
    return key


def _listed(keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = keys.get("keys")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    """Whether a key is one to verify this algorithm's signatures with."""
    if key.get("kty") != _KEY_TYPES[algorithm[:2]]:
        return False
    return key.get("use") in (None, "sig") and key.get("alg") in (None, algorithm)
