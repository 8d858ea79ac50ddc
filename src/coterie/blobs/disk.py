"""Files in a folder of the local disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from coterie.blobs.port import PART, BlobMissing, Blobs, BlobsUnavailable, Facts, Writing

T = TypeVar("T")
P = ParamSpec("P")


def _off_the_loop(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """The blocking function on a thread, its OSErrors as what the port raises."""

    async def run(*args: P.args, **options: P.kwargs) -> T:
        try:
            return await asyncio.to_thread(function, *args, **options)
        except OSError as error:
            raise BlobsUnavailable(str(error)) from error

    return run


@_off_the_loop
def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


@_off_the_loop
def _open(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


@_off_the_loop
def _write(file: BinaryIO, data: bytes) -> None:
    file.write(data)


@_off_the_loop
def _read(file: BinaryIO) -> bytes:
    return file.read(PART)


@_off_the_loop
def _sync(file: BinaryIO, path: Path, root: Path) -> None:
    """The file, and the folders that name it, on the disk."""
    with file:
        file.flush()
        os.fsync(file.fileno())
    for folder in (path.parent, *path.parent.parents):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if folder == root:
            break


@_off_the_loop
def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


class DiskBlobs(Blobs):
    """Files below `root`, a folder that is made when the first one comes. Keys spread over folders by their parts."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def _path(self, key: str) -> Path:
        return self._root / key

    async def begin(self, key: str) -> Writing:
        """A new file, under its name from the start: nobody knows its key before it is whole."""
        path = self._path(key)
        return _OnDisk(await _create(path), path, self._root)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """The file in parts."""
        file = await _open(self._path(key))
        if file is None:
            raise BlobMissing(key)
        return _parts(file)

    async def delete(self, keys: Collection[str]) -> None:
        """Delete files; those that are being read are read to their ends."""
        await _remove([self._path(key) for key in keys])

    async def close(self) -> None:
        """Nothing is open."""


async def _parts(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while part := await _read(file):
            yield part


class _OnDisk(Writing):
    def __init__(self, file: BinaryIO, path: Path, root: Path) -> None:
        self._file, self._path, self._root = file, path, root

    async def write(self, data: bytes) -> None:
        await _write(self._file, data)

    async def finish(self, facts: Facts) -> None:
        await _sync(self._file, self._path, self._root)

    async def discard(self) -> None:
        with suppress(OSError):
            self._file.close()
