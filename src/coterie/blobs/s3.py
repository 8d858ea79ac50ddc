"""Files in a bucket of any store that speaks S3: Amazon's, MinIO, Garage, Ceph and the like, addressed by path."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import datetime
from typing import IO, NamedTuple
from urllib.parse import urlsplit

import httpx2

from coterie.blobs.port import PART, BlobMissing, Blobs, BlobsUnavailable, Facts, Writing

_EMPTY = hashlib.sha256(b"").hexdigest()
_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)


class Bucket(NamedTuple):
    """Where the bucket is, and the keys of an account that may read, write and delete in it."""

    endpoint: str
    name: str
    region: str
    access_key: str
    secret_key: str


def signed(
    bucket: Bucket, now: datetime, method: str, path: str, sha256: str, headers: Mapping[str, str]
) -> dict[str, str]:
    """All headers of a request, signed by AWS Signature Version 4. The path needs no escaping and has no query."""
    instant = now.strftime("%Y%m%dT%H%M%SZ")
    sent = {
        **{name.lower(): value for name, value in headers.items()},
        "host": urlsplit(bucket.endpoint).netloc,
        "x-amz-content-sha256": sha256,
        "x-amz-date": instant,
    }
    names = ";".join(sorted(sent))
    canonical = "".join(f"{name}:{sent[name].strip()}\n" for name in sorted(sent))
    request = "\n".join((method, path, "", canonical, names, sha256))
    day = instant[:8]
    scope = f"{day}/{bucket.region}/s3/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join(("AWS4-HMAC-SHA256", instant, scope, digest))
    key = f"AWS4{bucket.secret_key}".encode()
    for part in (day, bucket.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"{bucket.access_key}/{scope}"
    sent["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    return sent


class S3Blobs(Blobs):
    """Files of a bucket, whose objects nobody but this server needs to read. `now` dates the signatures."""

    def __init__(self, bucket: Bucket, now: Callable[[], datetime]) -> None:
        self._bucket, self._now = bucket, now
        self._base = urlsplit(bucket.endpoint).path.rstrip("/")
        self._client = httpx2.AsyncClient(timeout=_TIMEOUT, trust_env=False)

    async def begin(self, key: str) -> Writing:
        """A new file: on the disk until it is whole, since a request to S3 begins with its length and digest."""
        return _ToS3(self, key, await asyncio.to_thread(tempfile.TemporaryFile))

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """The file in parts."""
        response = await self.send("GET", key)
        if response.status_code == 404:
            await response.aclose()
            raise BlobMissing(key)
        await self._check(response)
        return _parts(response)

    async def delete(self, keys: Collection[str]) -> None:
        """Delete objects, side by side."""
        for response in await asyncio.gather(*(self.send("DELETE", key) for key in keys)):
            if response.status_code != 404:
                await self._check(response)
            await response.aclose()

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()

    async def put(self, key: str, file: IO[bytes], facts: Facts) -> None:
        """Send a whole file; S3 refuses one whose bytes are not those of the digest."""
        headers = {"content-length": str(facts.size), "content-type": facts.media_type}
        response = await self.send("PUT", key, facts.sha256, headers, _of(file))
        await self._check(response)
        await response.aclose()

    async def send(
        self,
        method: str,
        key: str,
        sha256: str = _EMPTY,
        headers: Mapping[str, str] | None = None,
        content: AsyncIterator[bytes] | None = None,
    ) -> httpx2.Response:
        """The answer to a signed request, its body unread. Raises BlobsUnavailable."""
        path = f"{self._base}/{self._bucket.name}/{key}"
        sent = signed(self._bucket, self._now(), method, path, sha256, headers or {})
        parts = urlsplit(self._bucket.endpoint)
        request = self._client.build_request(
            method, f"{parts.scheme}://{parts.netloc}{path}", headers=sent, content=content
        )
        try:
            return await self._client.send(request, stream=True)
        except httpx2.HTTPError as error:
            raise BlobsUnavailable(f"{method} {path}: {error or type(error).__name__}") from error

    async def _check(self, response: httpx2.Response) -> None:
        if response.is_success:
            return
        try:
            said = (await response.aread())[:500]
        except httpx2.HTTPError as error:
            said = str(error).encode()
        await response.aclose()
        raise BlobsUnavailable(f"{response.request.method} answered {response.status_code}: {said!r}")


async def _parts(response: httpx2.Response) -> AsyncIterator[bytes]:
    try:
        async for part in response.aiter_raw(PART):
            yield part
    except httpx2.HTTPError as error:
        raise BlobsUnavailable(str(error) or type(error).__name__) from error
    finally:
        await response.aclose()


async def _of(file: IO[bytes]) -> AsyncIterator[bytes]:
    while part := await asyncio.to_thread(file.read, PART):
        yield part


class _ToS3(Writing):
    def __init__(self, blobs: S3Blobs, key: str, file: IO[bytes]) -> None:
        self._blobs, self._key, self._file = blobs, key, file

    async def write(self, data: bytes) -> None:
        try:
            await asyncio.to_thread(self._file.write, data)
        except OSError as error:
            raise BlobsUnavailable(str(error)) from error

    async def finish(self, facts: Facts) -> None:
        with self._file:
            self._file.seek(0)
            await self._blobs.put(self._key, self._file, facts)

    async def discard(self) -> None:
        self._file.close()
