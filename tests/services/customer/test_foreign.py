"""Hashes of other systems: verified as those systems would, taken only at a bearable cost."""

from __future__ import annotations

from base64 import b64encode
from hashlib import pbkdf2_hmac, scrypt, sha512

import bcrypt
import pytest
from argon2 import PasswordHasher, Type
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.services.customer.operations import foreign

SECRET = "pässword ✓"


def plain(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def pbkdf2(name: str, secret: str, rounds: int = 3) -> str:
    made = pbkdf2_hmac(name, secret.encode(), b"salt+/salt", rounds)
    tag = "" if name == "sha1" else f"-{name}"
    return f"$pbkdf2{tag}${rounds}${plain(b'salt+/salt')}${plain(made)}".replace("+", ".")


def django(secret: str) -> str:
    made = pbkdf2_hmac("sha256", secret.encode(), b"grain", 3)
    return f"pbkdf2_sha256$3$grain${b64encode(made).decode()}"


def scrypted(secret: str, ln: int = 4) -> str:
    made = scrypt(secret.encode(), salt=b"salty", n=2**ln, r=8, p=1, dklen=32)
    return f"$scrypt$ln={ln},r=8,p=1${plain(b'salty')}${plain(made)}"


def hybris(secret: str, uid: str = "jane", salt: str | None = None) -> str:
    system = salt or "hybris blue pepper can be used for creating delicious noodle meals"
    return b64encode(sha512(f"{system}::{secret}::{uid}".encode()).digest()).decode()


def argon(secret: str, type_: Type = Type.ID, **cost: int) -> str:
    parameters = {"time_cost": 1, "memory_cost": 8, "parallelism": 1, **cost}
    return PasswordHasher(type=type_, **parameters).hash(secret)


KINDS = [
    ("bcrypt", lambda secret: bcrypt.hashpw(secret.encode()[:72], bcrypt.gensalt(4)).decode()),
    ("bcrypt", lambda secret: bcrypt.hashpw(secret.encode()[:72], bcrypt.gensalt(4, b"2a")).decode()),
    ("pbkdf2", lambda secret: pbkdf2("sha1", secret)),
    ("pbkdf2", lambda secret: pbkdf2("sha256", secret)),
    ("pbkdf2", lambda secret: pbkdf2("sha512", secret)),
    ("pbkdf2", django),
    ("scrypt", scrypted),
    ("argon2", argon),
    ("argon2", lambda secret: argon(secret, Type.I)),
    ("argon2", lambda secret: argon(secret, Type.D)),
    ("hybris-sha512-uid-salt", hybris),
]


@pytest.mark.parametrize(("algorithm", "make"), KINDS)
@settings(max_examples=10)
@given(secret=st.text(min_size=1, max_size=40), other=st.text(max_size=40))
def test_a_hash_matches_its_password_and_no_other(algorithm, make, secret, other) -> None:  # type: ignore[no-untyped-def]
    if "\0" in secret + other or any("\ud800" <= c <= "\udfff" for c in secret + other):
        return
    kept = foreign.stored(algorithm, make(secret), {"originalUid": "jane"})
    assert kept is not None
    assert foreign.matches(kept, secret)
    if other.encode()[:72] != secret.encode()[:72]:
        assert not foreign.matches(kept, other)


# Written by other programs: PHP, passlib, Django, libargon2's own example.
VECTORS = [
    ("bcrypt", "$2y$10$.vGA1O9wmRjrwAVXD98HNOgsNpDczlqm3Jq7KnEd1rVAGv3Fykk1a", "rasmuslerdorf"),
    ("bcrypt", "$2a$07$usesomesillystringfore2uDLvp1Ii2e./U9C8sBjqp8I90dH6hi", "rasmuslerdorf"),
    (
        "pbkdf2",
        "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ",
        "password",
    ),
    (
        "scrypt",
        "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        "password",
    ),
    (
        "argon2",
        "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
        "password",
    ),
]


@pytest.mark.parametrize(("algorithm", "hash", "secret"), VECTORS)
def test_hashes_of_other_programs_are_understood(algorithm: str, hash: str, secret: str) -> None:
    kept = foreign.stored(algorithm, hash, {})
    assert kept is not None
    assert foreign.matches(kept, secret)
    assert not foreign.matches(kept, secret + "x")


def test_only_the_first_72_bytes_count_in_bcrypt() -> None:
    kept = foreign.stored("bcrypt", bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode(), {})
    assert kept is not None
    assert foreign.matches(kept, "x" * 100)


def test_the_salt_of_a_system_of_its_own_is_taken_from_the_context() -> None:
    context = {"originalUid": "jane", "systemSalt": "pepper"}
    kept = foreign.stored("hybris-sha512-uid-salt", hybris(SECRET, salt="pepper"), context)
    assert kept is not None
    assert foreign.matches(kept, SECRET)
    digest = sha512(f"pepper::{SECRET}::jane".encode()).hexdigest()
    assert foreign.matches(str(foreign.stored("hybris-sha512-uid-salt", digest, context)), SECRET)


REFUSED: list[tuple[str, str, dict[str, str]]] = [
    ("md5", "5f4dcc3b5aa765d61d8327deb882cf99", {}),
    ("bcrypt", "password", {}),
    ("bcrypt", "$2b$31$" + "a" * 53, {}),
    ("bcrypt", "$2b$03$" + "a" * 53, {}),
    ("bcrypt", argon("x"), {}),
    ("pbkdf2", "$pbkdf2-sha256$9999999999$c2FsdA$" + "A" * 43, {}),
    ("pbkdf2", "$pbkdf2-sha256$0$c2FsdA$" + "A" * 43, {}),
    ("pbkdf2", "$pbkdf2-md5$10$c2FsdA$" + "A" * 43, {}),
    ("pbkdf2", "$pbkdf2-sha256$10$c2FsdA$AAAA", {}),
    ("pbkdf2", "$pbkdf2-sha256$10$a$" + "A" * 43, {}),
    ("pbkdf2", "1:10000:abcdefgh:ijklmnop", {}),
    ("scrypt", "$scrypt$ln=25,r=8,p=1$c2FsdA$" + "A" * 43, {}),
    ("scrypt", "$scrypt$ln=20,r=8,p=1$c2FsdA$" + "A" * 43, {}),
    ("scrypt", "$scrypt$ln=4,r=8,p=99$c2FsdA$" + "A" * 43, {}),
    ("scrypt", "$scrypt$ln=4,r=0,p=1$c2FsdA$" + "A" * 43, {}),
    ("argon2", "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$" + "A" * 43, {}),
    ("argon2", "$argon2id$v=19$m=65536,t=9999,p=1$c29tZXNhbHQ$" + "A" * 43, {}),
    ("argon2", "argon2id", {}),
    ("hybris-sha512-uid-salt", hybris("x"), {}),
    ("hybris-sha512-uid-salt", "AAAA", {"originalUid": "jane"}),
    ("hybris-sha512-uid-salt", "not base64!", {"originalUid": "jane"}),
]


@pytest.mark.parametrize(("algorithm", "hash", "context"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_verified_or_costs_too_much_is_not_taken(
    algorithm: str, hash: str, context: dict[str, str]
) -> None:
    assert foreign.stored(algorithm, hash, context) is None


@given(algorithm=st.sampled_from(foreign.ALGORITHMS), hash=st.text(max_size=120))
def test_nothing_that_is_sent_as_a_hash_breaks_it(algorithm: str, hash: str) -> None:
    kept = foreign.stored(algorithm, hash, {"originalUid": "jane"})
    assert kept is None or foreign.matches(kept, "x") in (True, False)
