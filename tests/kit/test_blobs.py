"""The stores of files, one suite for the disk and for a server that speaks S3 and checks signatures."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from coterie.blobs.choose import open_blobs
from coterie.blobs.port import BlobMissing, Blobs, BlobsUnavailable, Facts
from coterie.kit.clock import Clock
from coterie.settings import SettingError, Settings
from support.s3 import bucket

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    """Settings of a bucket of a running server."""
    with bucket() as settings:
        yield settings


@pytest.fixture
def run() -> Iterator[Run]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(params=["disk", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, run: Run) -> Iterator[Blobs]:
    given = request.getfixturevalue("s3") if request.param == "s3" else {"media_dir": str(tmp_path / "files")}
    opened = open_blobs(Settings(**given), Clock().now)
    yield opened
    run(opened.close())


async def put(blobs: Blobs, key: str, *parts: bytes) -> None:
    writing = await blobs.begin(key)
    whole = hashlib.sha256()
    size = 0
    for part in parts:
        await writing.write(part)
        whole.update(part)
        size += len(part)
    await writing.finish(Facts(size, whole.hexdigest(), "image/png"))


async def get(blobs: Blobs, key: str) -> bytes:
    return b"".join([part async for part in await blobs.read(key)])


def test_a_file_is_read_as_it_was_written(blobs: Blobs, run: Run) -> None:
    run(put(blobs, "demo/ab/one", b"a" * 300_000, b"b"))
    run(put(blobs, "demo/ab/two"))
    assert run(get(blobs, "demo/ab/one")) == b"a" * 300_000 + b"b"
    assert run(get(blobs, "demo/ab/two")) == b""


def test_a_file_that_is_not_there(blobs: Blobs, run: Run) -> None:
    with pytest.raises(BlobMissing):
        run(get(blobs, "demo/ab/none"))


def test_deleted_files_are_gone_and_deleting_is_repeatable(blobs: Blobs, run: Run) -> None:
    for name in ("a", "b"):
        run(put(blobs, f"demo/cd/{name}", b"x"))
    for _ in range(2):
        run(blobs.delete(["demo/cd/a", "demo/cd/b", "demo/cd/never"]))
    with pytest.raises(BlobMissing):
        run(get(blobs, "demo/cd/a"))


def test_a_file_given_up_may_be_deleted(blobs: Blobs, run: Run) -> None:
    async def give_up() -> None:
        writing = await blobs.begin("demo/ef/half")
        await writing.write(b"half")
        await writing.discard()
        await writing.discard()
        await blobs.delete(["demo/ef/half"])

    run(give_up())
    with pytest.raises(BlobMissing):
        run(get(blobs, "demo/ef/half"))


def test_a_wrong_secret_is_refused_by_s3(s3: dict[str, str], run: Run) -> None:
    wrong = open_blobs(Settings(**{**s3, "s3_secret_key": "wrong"}), Clock().now)
    with pytest.raises(BlobsUnavailable, match="403"):
        run(put(wrong, "demo/ij/one", b"x"))
    run(wrong.close())


def test_a_store_that_does_not_answer_is_unavailable(s3: dict[str, str], run: Run) -> None:
    nowhere = open_blobs(Settings(**{**s3, "s3_endpoint": "http://127.0.0.1:9"}), Clock().now)
    with pytest.raises(BlobsUnavailable):
        run(get(nowhere, "demo/ij/one"))
    run(nowhere.close())


def test_a_disk_that_can_t_be_written_is_unavailable(tmp_path: Path, run: Run) -> None:
    (tmp_path / "file").write_text("not a folder")
    disk = open_blobs(Settings(media_dir=str(tmp_path / "file")), Clock().now)
    with pytest.raises(BlobsUnavailable):
        run(put(disk, "demo/kl/one", b"x"))


@pytest.mark.parametrize(
    "changes", [{"s3_endpoint": ""}, {"s3_secret_key": ""}, {"s3_endpoint": "example.com"}], ids=str
)
def test_half_a_bucket_is_a_setting_error(changes: dict[str, str]) -> None:
    whole = {"s3_bucket": "b", "s3_endpoint": "http://x", "s3_access_key": "k", "s3_secret_key": "s"}
    with pytest.raises(SettingError, match="COTERIE_S3"):
        open_blobs(Settings(**{**whole, **changes}), Clock().now)
