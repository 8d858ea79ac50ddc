"""What providers publish, their metadata and keys, kept for a while."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any
from weakref import WeakKeyDictionary

from coterie.fetch import FetchError, SafeFetcher
from coterie.kit.errors import CoterieError, Malformed
from coterie.kit.wire import parse

_FRESH_SECONDS = 3600.0
# How soon a document is fetched again for a key that it does not hold: made-up keys must not make us ask on and on.
_AGAIN_SECONDS = 60.0
_MOST_DOCUMENTS = 200
_MOST_BYTES = 128 * 1024


class Unavailable(CoterieError):
    """The identity provider can't be asked, or answers what it should not; the log says what."""

    status, key = 502, "unavailable"

    def __init__(self, log: str) -> None:
        super().__init__("The identity provider could not be asked. Try again later.", log=log)


class Documents:
    """The JSON objects behind URLs; those used last are kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()
        self._fetching: dict[str, asyncio.Task[dict[str, Any]]] = {}

    async def get(self, fetcher: SafeFetcher, url: str, now: float, *, newer: bool = False) -> dict[str, Any]:
        """The object behind a URL. Raises Unavailable.

        newer: fetched again, unless that was done a moment ago. now: Unix seconds.
        """
        fetched, document = self._kept.get(url, (float("-inf"), {}))
        if 0 <= now - fetched < (_AGAIN_SECONDS if newer else _FRESH_SECONDS):
            self._kept.move_to_end(url)
            return document
        # Who asks at the same time shares one request, and its failure.
        task = self._fetching.get(url)
        if task is None:
            task = self._fetching[url] = asyncio.ensure_future(self._fetch(fetcher, url, now))
            task.add_done_callback(lambda _: self._fetching.pop(url, None))
        return await asyncio.shield(task)

    async def _fetch(self, fetcher: SafeFetcher, url: str, now: float) -> dict[str, Any]:
        try:
            body = await fetcher.get(url)
        except FetchError as error:
            raise Unavailable(str(error)) from None
        document = as_object(body, url)
        self._kept[url] = (now, document)
        self._kept.move_to_end(url)
        if len(self._kept) > _MOST_DOCUMENTS:
            self._kept.popitem(last=False)
        return document


def as_object(body: bytes, url: str) -> dict[str, Any]:
    """The JSON object in a provider's answer. Raises Unavailable."""
    if len(body) > _MOST_BYTES:
        raise Unavailable(f"{url} answered with more than {_MOST_BYTES} bytes")
    try:
        value = parse(body)
    except Malformed as error:
        raise Unavailable(f"{url} answered no JSON: {error}") from None
    if not isinstance(value, dict):
        raise Unavailable(f"{url} answered no JSON object")
    return value


_DOCUMENTS: WeakKeyDictionary[SafeFetcher, Documents] = WeakKeyDictionary()


def documents_of(fetcher: SafeFetcher) -> Documents:
    """The documents that a fetcher has read: as long as it lives."""
    return _DOCUMENTS.setdefault(fetcher, Documents())
