"""Files over real sockets: large ones pass through the server without ever being whole in its memory."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from support.media import BOUNDARY
from support.s3 import bucket
from support.served import TENANT, Served, serving

MIB = 1024 * 1024
SIZE = 48 * MIB
ASSETS = f"/media/{TENANT}/assets"
BLOCK = bytes(range(256)) * 256


@pytest.fixture(params=["disk", "s3"])
def served(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    """A server that takes files of this size, its files on the disk or in a bucket."""
    monkeypatch.setenv("COTERIE_MEDIA_MAX", str(SIZE))
    if request.param == "disk":
        with serving(tmp_path, None) as server:
            yield server
        return
    with bucket() as settings:
        for name, value in settings.items():
            monkeypatch.setenv(f"COTERIE_{name.upper()}", value)
        with serving(tmp_path, None) as server:
            yield server


def peak(server: Served) -> int:
    """The most memory that the server has had so far, in bytes."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


async def sent(size: int, access: str) -> AsyncIterator[bytes]:
    """A form whose file has this size, block by block."""
    body = json.dumps({"type": "BLOB", "access": access})
    yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="body"\r\n\r\n{body}\r\n'.encode()
    yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'.encode()
    for _ in range(size // len(BLOCK)):
        yield BLOCK
    yield b"x" * (size % len(BLOCK))
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


async def upload(http: httpx2.AsyncClient, size: int, access: str = "PUBLIC") -> httpx2.Response:
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return await http.post(ASSETS, content=sent(size, access), headers=headers)


async def digest(http: httpx2.AsyncClient, url: str) -> str:
    whole = hashlib.sha256()
    async with http.stream("GET", url) as response:
        assert response.status_code == 200
        assert int(response.headers["content-length"]) == SIZE
        async for part in response.aiter_bytes():
            whole.update(part)
    return whole.hexdigest()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak of memory from /proc")
def test_a_large_file_passes_through_in_little_memory(served: Served) -> None:
    async def through() -> None:
        async with served.client() as http:
            # The first file warms up what stays.
            assert (await upload(http, 1000)).status_code == 201
            before = peak(served)
            right = hashlib.sha256(BLOCK * (SIZE // len(BLOCK))).hexdigest()
            for access in ("PUBLIC", "PRIVATE"):
                made = await upload(http, SIZE, access)
                assert made.status_code == 201, made.text
                path = f"{ASSETS}/{made.json()['id']}"
                asset = (await http.get(path)).json()
                assert asset["details"]["etag"] == right
                assert asset["details"]["bytes"] == SIZE
                url = f"{path}/download"
                if access == "PUBLIC":
                    moved = await http.get(url)
                    assert moved.status_code == 301
                    url = moved.headers["location"]
                    assert url == asset["url"]
                assert await digest(http, url) == right
            assert peak(served) - before < SIZE / 3

    asyncio.run(through())


def test_a_file_over_the_limit_is_refused_and_the_server_goes_on(served: Served) -> None:
    async def refused() -> None:
        async with served.client() as http:
            assert (await upload(http, SIZE + 1)).status_code == 413
            assert (await http.get(ASSETS)).json() == []
            assert (await upload(http, 10)).status_code == 201

    asyncio.run(refused())
