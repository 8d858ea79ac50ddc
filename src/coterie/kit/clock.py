"""Time and randomness: the only place that reads either."""

from __future__ import annotations

import os
import random
import secrets
import uuid
from datetime import UTC, datetime

_READABLE = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Clock:
    """The time of day. Tests replace it to stand at an instant of their own."""

    def now(self) -> datetime:
        """The instant, aware, in UTC, in whole milliseconds (what the wire and the tables hold)."""
        instant = datetime.now(UTC)
        return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def iso(instant: datetime) -> str:
    """`2026-01-02T03:04:05.678Z`: the one form in which an instant is stored and sent, ordered as text."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def new_id() -> str:
    """A new identifier: 24 hexadecimal digits that start with the time, so that new rows lie together."""
    milliseconds = int(datetime.now(UTC).timestamp() * 1000)
    return f"{milliseconds:012x}"[-12:] + os.urandom(6).hex()


def new_uuid() -> str:
    """A new random UUID as text."""
    return str(uuid.uuid4())


def new_secret(size: int = 32) -> str:
    """A new URL-safe secret of `size` random bytes."""
    return secrets.token_urlsafe(size)


def jittered(seconds: float) -> float:
    """Between half and all of `seconds`, so that many who wait don't come back at once."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret


def new_code(size: int = 16) -> str:
    """A new random code that people can read out: capitals and digits without 0, 1, I and O, 5 bits each."""
    return "".join(secrets.choice(_READABLE) for _ in range(size))
