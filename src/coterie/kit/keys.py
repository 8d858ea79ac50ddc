"""The master secret, what it seals and what is derived from it, and the keys that sign tokens."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import stat
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, OKPKey
from sqlalchemy import select, update

from coterie.database.session import Database, Session
from coterie.kit.clock import Clock, iso, new_id, new_secret
from coterie.kit.tables import signing_key
from coterie.settings import SettingError, Settings

SECRET_FILE = "secret.key"  # noqa: S105 - a file's name
_SECRET_BYTES = 32
_ALGORITHMS = ["dir", "A256GCM"]
# A worker looks for keys that others made this often; until then it may still sign with a retired one.
_FRESH_SECONDS = 60.0
_SIGNING = "signing keys"
_ID = len(new_id())


class Vault:
    """The master secret of an installation, and keys derived from it for one purpose each.

    It is the setting `secret`, or, with the embedded database, a key file in the data folder that is made
    at the first start. Raises SettingError when there is neither, or when one is too short or readable by
    others.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.secret:
            self._secret = settings.secret.encode()
            source = "COTERIE_SECRET"
        elif settings.embedded:
            path = Path(settings.data_dir) / SECRET_FILE
            self._secret = _secret_file(path)
            source = f"The key file {path}"
        else:
            raise SettingError(
                "COTERIE_SECRET is not set; with PostgreSQL every worker needs the same master secret. "
                "Make one with `openssl rand -base64 32` and keep it: without it the keys at rest are lost."
            )
        if len(self._secret) < _SECRET_BYTES:
            raise SettingError(
                f"{source} holds fewer than {_SECRET_BYTES} bytes; use `openssl rand -base64 32`."
            )

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose; a key of one tells nothing of another's (HKDF, SHA-256)."""
        return HKDF(SHA256(), 32, salt=b"coterie", info=purpose.encode()).derive(self._secret)

    def seal(self, value: str, purpose: str) -> str:
        """`value` encrypted for storage (compact JWE, A256GCM); only `open` with this purpose reads it."""
        key = OctKey.import_key(self.derive(f"seal {purpose}"))
        return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, value, key, algorithms=_ALGORITHMS)

    def open(self, sealed: str, purpose: str) -> str:
        """The value that was sealed. Raises SettingError if another master secret or purpose sealed it."""
        key = OctKey.import_key(self.derive(f"seal {purpose}"))
        try:
            plain = jwe.decrypt_compact(sealed, key, algorithms=_ALGORITHMS).plaintext
        except (JoseError, ValueError):
            raise SettingError(
                f"The {purpose} in the database were sealed with another master secret; "
                "set COTERIE_SECRET, or the key file, to the one they were made with."
            ) from None
        assert plain is not None
        return plain.decode()


def _secret_file(path: Path) -> bytes:
    try:
        if not path.exists():
            _make_secret(path)
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise SettingError(f"The key file {path} is readable by others; run `chmod 600 {path}`.")
        return path.read_bytes().strip()
    except OSError as error:
        raise SettingError(f"The key file {path} can't be used: {error}. Check the folder.") from None


def _make_secret(path: Path) -> None:
    """Make the key file whole or not at all: of several processes that start at once, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{new_id()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(new_secret(_SECRET_BYTES).encode())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 key by its id."""

    kid: str
    key: OKPKey


class Keys:
    """The keys that sign access tokens, kept in the database with their private part sealed.

    One key signs; those it replaced verify until the last token they signed has expired. Keys are the
    installation's, not a tenant's.
    """

    def __init__(self, database: Database, clock: Clock, vault: Vault, settings: Settings) -> None:
        self._database, self._clock, self._vault = database, clock, vault
        longest = max(settings.token_seconds, settings.anonymous_seconds, settings.customer_seconds)
        self._kept = timedelta(seconds=longest + 2 * _FRESH_SECONDS)
        self._keys: dict[str, OKPKey] = {}
        self._current: SigningKey | None = None
        self._loaded = float("-inf")
        self._marker = vault.derive("signing key ids")
        self._gate = asyncio.Lock()

    def known(self, kid: str) -> OKPKey | None:
        """The key with this id if it is in memory."""
        return self._keys.get(kid)

    async def look_for(self, kid: str) -> OKPKey | None:
        """The key with this id, also if another worker made it a moment ago."""
        # Key ids carry a mark that only this installation can make: made-up ones don't reach the database.
        if kid not in self._keys and kid.isascii() and hmac.compare_digest(self._marked(kid[:_ID]), kid):
            async with self._gate:
                if kid not in self._keys:
                    await self._load()
        return self._keys.get(kid)

    async def signing(self) -> SigningKey:
        """The key that signs now, made if need be. Call it outside a transaction: it may begin its own."""
        if self._current is None or self._age() >= _FRESH_SECONDS:
            async with self._gate:
                if self._current is None or self._age() >= _FRESH_SECONDS:
                    await self._load()
                    if self._current is None:
                        async with self._database.writing() as session:
                            await self._add(session)
                        await self._load()
        assert self._current is not None
        return self._current

    async def rotate(self) -> SigningKey:
        """Sign with a new key from now on; workers elsewhere follow within a minute."""
        async with self._gate:
            now = self._clock.now()
            async with self._database.writing() as session:
                retired = {"slot": None, "expires_at": iso(now + self._kept)}
                await session.run(update(signing_key).where(signing_key.c.slot == "current").values(retired))
                await self._add(session)
            await self._load()
        assert self._current is not None
        return self._current

    def _marked(self, id: str) -> str:
        return f"{id}.{hmac.digest(self._marker, id.encode(), 'sha256').hex()[:16]}"

    def _age(self) -> float:
        return self._clock.now().timestamp() - self._loaded

    async def _add(self, session: Session) -> None:
        """Add the signing key, unless another worker has done so: the slot of the current key is unique."""
        private = OKPKey.generate_key("Ed25519")
        row = {
            "kid": self._marked(new_id()),
            "slot": "current",
            "sealed": self._vault.seal(json.dumps(private.as_dict(private=True)), _SIGNING),
            "created_at": iso(self._clock.now()),
        }
        await session.run(session.insert(signing_key).values(row).on_conflict_do_nothing())

    async def _load(self) -> None:
        async with self._database.reading() as session:
            rows = await session.all(select(signing_key))
        now, keys, current = self._clock.now(), {}, None
        for row in rows:
            if row.expires_at is not None and row.expires_at <= iso(now):
                continue
            key = self._keys.get(row.kid) or OKPKey.import_key(
                json.loads(self._vault.open(row.sealed, _SIGNING))
            )
            keys[row.kid] = key
            if row.slot == "current":
                current = SigningKey(row.kid, key)
        self._keys, self._current, self._loaded = keys, current, now.timestamp()
