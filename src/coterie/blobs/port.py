"""The port: what a store of files can do. A file is written once, under a key that is never used again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection
from typing import NamedTuple

PART = 128 * 1024
"""Bytes of a file that are in memory at a time, about."""


class BlobMissing(Exception):
    """There is no file with this key."""


class BlobsUnavailable(Exception):
    """The store can't be reached, or does not do what it should; the text says why and is for the log."""


class Facts(NamedTuple):
    """What is known of a file when it is whole: its bytes, their SHA-256 in hexadecimal, and its media type."""

    size: int
    sha256: str
    media_type: str


class Writing(ABC):
    """A file being written; readers find it when `finish` has returned."""

    @abstractmethod
    async def write(self, data: bytes) -> None:
        """Append to the file. Raises BlobsUnavailable."""

    @abstractmethod
    async def finish(self, facts: Facts) -> None:
        """The file is whole, and safe when this returns. Raises BlobsUnavailable."""

    @abstractmethod
    async def discard(self) -> None:
        """Close what is open of a file that is not finished; of one that is, nothing. Raises nothing."""


class Blobs(ABC):
    """A store of files. Keys are of letters, digits, `-`, `_` and `/`."""

    @abstractmethod
    async def begin(self, key: str) -> Writing:
        """A new file. Raises BlobsUnavailable."""

    @abstractmethod
    async def read(self, key: str) -> AsyncIterator[bytes]:
        """The file in parts. Raises BlobMissing or BlobsUnavailable before the first."""

    @abstractmethod
    async def delete(self, keys: Collection[str]) -> None:
        """Delete files; one that is not there is no error. Raises BlobsUnavailable."""

    @abstractmethod
    async def close(self) -> None:
        """End what is open."""
