"""Password hashes of other systems: which are taken, and whether a password belongs to one. Pure, and slow by intent.

A hash is kept as one text that says how it was made:

- bcrypt: `$2a$`, `$2b$`, `$2x$` or `$2y$`, cost, salt and hash. Bytes after the 72nd never counted there.
- pbkdf2: `$pbkdf2-sha256$ROUNDS$SALT$HASH` (passlib's base64, sha1 and sha512 alike) or Django's
  `pbkdf2_sha256$ROUNDS$SALT$HASH`.
- scrypt: `$scrypt$ln=16,r=8,p=1$SALT$HASH` (PHC form).
- argon2: `$argon2id$…`, `$argon2i$…` or `$argon2d$…`.
- hybris-sha512-uid-salt: SHA-512 of `SYSTEMSALT::PASSWORD::UID`, in base64 or hex; `context` names `originalUid`, and
  `systemSalt` where the system did not use its default.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from functools import partial
from hashlib import pbkdf2_hmac, scrypt, sha512
from typing import Any

import bcrypt
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

ALGORITHMS = ("bcrypt", "pbkdf2", "scrypt", "argon2", "hybris-sha512-uid-salt")
_BCRYPT = re.compile(r"\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53}")
_PBKDF2 = re.compile(r"\$pbkdf2(?:-(sha1|sha256|sha512))?\$(\d+)\$([A-Za-z0-9./+]*)\$([A-Za-z0-9./+]+)")
_DJANGO = re.compile(r"pbkdf2_(sha1|sha256|sha512)\$(\d+)\$([^$]+)\$([A-Za-z0-9+/=]+)")
_SCRYPT = re.compile(r"\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([A-Za-z0-9+/]*)\$([A-Za-z0-9+/]+)")
_HYBRIS = "hybris:"
_SYSTEM_SALT = "hybris blue pepper can be used for creating delicious noodle meals"
# What a hash may cost at most: a login must not take a worker's memory, or its threads for seconds.
_BCRYPT_COST, _ROUNDS, _SCRYPT_BYTES, _ARGON2_KIB, _ARGON2_WORK = (
    15,
    5_000_000,
    256 * 2**20,
    512 * 2**10,
    2**22,
)


def stored(algorithm: str, hash: str, context: Mapping[str, str]) -> str | None:
    """The text to keep of a hash of `algorithm`, or None for one that can't be verified here."""
    if algorithm == "hybris-sha512-uid-salt":
        uid = context.get("originalUid")
        if uid is None or len(_plain_or_hex(hash)) != 64:
            return None
        return _HYBRIS + json.dumps([context.get("systemSalt", _SYSTEM_SALT), uid, hash])
    known = {"bcrypt": _is_bcrypt, "pbkdf2": _is_pbkdf2, "scrypt": _is_scrypt, "argon2": is_argon2}.get(
        algorithm
    )
    return hash if known is not None and known(hash) else None


def matches(hash: str, password: str) -> bool:
    """Whether the password belongs to a hash that `stored` has made."""
    secret = password.encode()
    if hash.startswith("$2"):
        return bcrypt.checkpw(secret[:72], hash.encode())
    if hash.startswith("$scrypt$"):
        parts = _scrypt(hash)
        made = scrypt(
            secret, salt=parts["salt"], n=parts["n"], r=parts["r"], p=parts["p"], maxmem=_SCRYPT_BYTES * 2
        )
        return hmac.compare_digest(made[: len(parts["hash"])], parts["hash"]) and bool(parts["hash"])
    if hash.startswith("$argon2"):
        try:
            return PasswordHasher().verify(hash, password)
        except (Argon2Error, InvalidHashError):
            return False
    if hash.startswith(_HYBRIS):
        system, uid, encoded = json.loads(hash.removeprefix(_HYBRIS))
        return hmac.compare_digest(
            sha512(f"{system}::{password}::{uid}".encode()).digest(), _plain_or_hex(encoded)
        )
    name, rounds, salt, expected = _pbkdf2(hash)
    return hmac.compare_digest(pbkdf2_hmac(name, secret, salt, rounds, len(expected)), expected)


def matcher(hash: str | None) -> Any:
    """`matches` of a hash, or None without one."""
    return None if hash is None else partial(matches, hash)


def is_argon2(hash: str) -> bool:
    """Whether it is a hash that our own hasher verifies, at a bearable cost."""
    try:
        found = extract_parameters(hash)
    except InvalidHashError:
        return False
    return found.memory_cost <= _ARGON2_KIB and found.memory_cost * found.time_cost <= _ARGON2_WORK


def _is_bcrypt(hash: str) -> bool:
    found = _BCRYPT.fullmatch(hash)
    return found is not None and 4 <= int(found[1]) <= _BCRYPT_COST


def _is_pbkdf2(hash: str) -> bool:
    try:
        _, rounds, _, expected = _pbkdf2(hash)
    except ValueError:
        return False
    return 0 < rounds <= _ROUNDS and 16 <= len(expected) <= 64


def _is_scrypt(hash: str) -> bool:
    try:
        parts = _scrypt(hash)
    except ValueError:
        return False
    whole = parts["n"] * parts["r"] * 128
    return (
        parts["r"] > 0 and 0 < parts["p"] <= 16 and whole <= _SCRYPT_BYTES and 16 <= len(parts["hash"]) <= 64
    )


def _pbkdf2(hash: str) -> tuple[str, int, bytes, bytes]:
    if found := _PBKDF2.fullmatch(hash):
        return found[1] or "sha1", int(found[2]), _adapted(found[3]), _adapted(found[4])
    if found := _DJANGO.fullmatch(hash):
        return found[1], int(found[2]), found[3].encode(), b64decode(found[4], validate=True)
    raise ValueError("no PBKDF2 hash")


def _scrypt(hash: str) -> dict[str, Any]:
    found = _SCRYPT.fullmatch(hash)
    if found is None or int(found[1]) > 24:
        raise ValueError("no scrypt hash, or a very costly one")
    n, r, p = 2 ** int(found[1]), int(found[2]), int(found[3])
    return {"n": n, "r": r, "p": p, "salt": _adapted(found[4]), "hash": _adapted(found[5])}


def _adapted(text: str) -> bytes:
    """Base64 without its padding, and with `.` for `+`, as passlib writes it."""
    plain = text.replace(".", "+")
    return b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _plain_or_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text) if len(text) == 128 else b64decode(text, validate=True)
    except ValueError:
        return b""
