"""Validation of mixins: `mixins.{name}` by the JSON Schema whose URL is in `metadata.mixins.{name}`.

A handler holds a transaction and must not wait for the network. So `Schemas.check` looks only at what is in
memory and raises `SchemasNeeded` when that is not enough; the request pipeline rolls back, awaits
`Schemas.load` and runs the handler again.

What happens to a URL, by outcome:

- a schema in one of drafts 4, 6, 7, 2019-09 and 2020-12 (told by `$schema`; draft 4 when that is absent or
  another): the data must satisfy it. Remote `$ref`s are fetched under the same policy as the URL itself.
- it, or what it refers to, can't be fetched: `unreachable` decides, `accept` (and log) or `reject`.
- it was fetched but is not a JSON Schema: always a problem, since trying again won't help.
- a schema that this server publishes is never fetched. One that is not, or not by the tenant, is always a problem.
"""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple
from urllib.parse import urldefrag

import jsonschema_rs

from coterie import json_schema
from coterie.fetch import FetchError, SafeFetcher
from coterie.kit.errors import Problem

Unreachable = Literal["accept", "reject"]

MAX_DOCUMENTS = 10
"""How many documents one schema may consist of, itself included."""
LOAD_SECONDS = 20.0
"""How long fetching one schema with everything that it refers to may take."""
CONCURRENT_FETCHES = 16
ABSENT_SECONDS = 1.0
"""How long a worker takes it that a schema is not published, unless it writes something itself."""
MAX_PROBLEMS = 20
"""How many problems one mixin reports."""

log = logging.getLogger("coterie.mixins")


class SchemasNeeded(Exception):
    """The check needs these schema URLs in memory; load them and check again."""

    def __init__(self, urls: frozenset[str]) -> None:
        super().__init__(f"schemas to load: {', '.join(sorted(urls))}")
        self.urls = urls


class Local(NamedTuple):
    """What this server holds at a URL of its own: the document, or None for one that is not published."""

    tenant: str
    body: bytes | None


@dataclass(frozen=True)
class _Known:
    """What is known of a URL until `expires` (seconds of the monotonic clock); `tenant`: whose it is, if anybody's."""

    expires: float
    tenant: str | None = None
    validator: jsonschema_rs.Validator | None = None
    invalid: str | None = None
    """Why a document that was fetched is no schema; with neither this nor a validator it is unreachable."""


class _Absent(Exception):
    """This server would publish the schema, and does not."""


async def _nowhere(_url: str) -> Local | None:
    return None


class Schemas:
    """The schemas in memory; one per process.

    A schema is kept for `ttl_seconds` and an outcome other than a schema for `negative_ttl_seconds`; of more
    than `capacity` the least recently used are forgotten. A schema that has expired and can't be fetched
    again stays in force. `local(url)` gives what this server itself holds at a URL, None where that isn't its own.
    absent: URLs that it does not publish, until when; whoever may have published one clears it.
    """

    def __init__(
        self,
        fetcher: SafeFetcher,
        ttl_seconds: float = 3600.0,
        *,
        negative_ttl_seconds: float = 60.0,
        capacity: int = 500,
        local: Callable[[str], Awaitable[Local | None]] = _nowhere,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetcher = fetcher
        self._ttl = ttl_seconds
        self._negative_ttl = negative_ttl_seconds
        self._capacity = capacity
        self._local = local
        self._clock = clock
        self.absent: dict[str, float] = {}
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(CONCURRENT_FETCHES)

    def check(
        self, mixins: object, urls: object, *, tenant: str, url_required: bool, unreachable: Unreachable
    ) -> list[Problem]:
        """Problems of a resource's `mixins`, given its `metadata.mixins` (either may be None).

        A mixin without URL is a problem when `url_required`, else it is taken as it is. A URL without mixin
        is ignored. Raises `SchemasNeeded` for URLs that are not in memory, but not when the request is wrong
        in form already.
        """
        problems = _form(mixins, urls)
        if problems:
            return problems
        assert isinstance(mixins, dict | None)
        assert isinstance(urls, dict | None)
        named = {name: (urls or {}).get(name) for name in mixins or {}}
        known = self._recall(url for url in named.values() if url is not None)
        for name, data in (mixins or {}).items():
            url = named[name]
            if url is None:
                if url_required:
                    problems.append(_no_schema(name, f"metadata.mixins.{name} holds no schema URL"))
                continue
            entry = known.get(url)
            if entry is None or entry.tenant not in (None, tenant):
                problems.append(_no_schema(name, f"{url} is not published by this tenant"))
            elif entry.validator is not None:
                problems += violations(name, data, entry.validator)
            elif entry.invalid is not None:
                text = f"{url} is not a JSON Schema: {entry.invalid}"
                problems.append(Problem.violation(f"metadata.mixins.{name}", text))
            elif unreachable == "reject":
                problems.append(_no_schema(name, f"{url} cannot be fetched"))
        return problems

    async def load(self, urls: Iterable[str]) -> None:
        """Bring schemas into memory; a URL that yields none is remembered as such, and nothing is raised."""
        await asyncio.gather(*(self._join(url) for url in set(urls)))

    def _recall(self, urls: Iterable[str]) -> dict[str, _Known]:
        now = self._clock()
        known: dict[str, _Known] = {}
        needed = set()
        for url in urls:
            entry = self._known.get(url)
            if self.absent.get(url, 0.0) > now:
                continue
            if entry is None or entry.expires <= now:
                needed.add(url)
            else:
                self._known.move_to_end(url)
                known[url] = entry
        if needed:
            raise SchemasNeeded(frozenset(needed))
        return known

    async def _join(self, url: str) -> None:
        """Load a URL, or wait for the load that is under way."""
        task = self._loading.get(url)
        if task is None:
            entry = self._known.get(url)
            if entry is not None and entry.expires > self._clock():
                return
            task = self._loading[url] = asyncio.create_task(self._load(url))
            task.add_done_callback(lambda _: self._loading.pop(url, None))
        # A request that is given up must not take the load away from the others that wait for it.
        await asyncio.shield(task)

    async def _load(self, url: str) -> None:
        validator, invalid, tenant, ttl = None, None, None, self._negative_ttl
        try:
            async with self._turns, asyncio.timeout(LOAD_SECONDS):
                validator, tenant = await self._compiled(url)
            ttl = self._ttl
        except _Absent:
            if len(self.absent) >= self._capacity:
                self.absent.clear()
            self.absent[url] = self._clock() + ABSENT_SECONDS
            return
        except (FetchError, TimeoutError) as error:
            log.warning("mixin schema %s cannot be fetched: %s", url, error or "it takes too long")
            before = self._known.get(url)
            validator = before.validator if before else None
        except ValueError as error:
            invalid = _short(str(error))
        self._known[url] = _Known(self._clock() + ttl, tenant, validator, invalid)
        self._known.move_to_end(url)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)

    async def _compiled(self, url: str) -> tuple[jsonschema_rs.Validator, str | None]:
        """The validator of a URL, and whose it is; fetches document by document what compiling turns out to need."""
        documents: dict[str, object] = {}
        owner: str | None = None
        missing = urldefrag(url).url
        while True:
            if len(documents) == MAX_DOCUMENTS:
                raise ValueError(f"it refers to more than {MAX_DOCUMENTS - 1} other documents")
            held = await self._local(missing)
            if held is not None and (held.body is None or (owner or held.tenant) != held.tenant):
                raise _Absent
            owner = held.tenant if held is not None else owner
            body = held.body if held is not None else None
            try:
                documents[missing] = parsed = json_schema.parsed(body or await self._fetcher.get(missing))
                json_schema.check_size(parsed)
                return await asyncio.to_thread(json_schema.compiled, url, documents), owner
            except json_schema.Missing as needed:
                missing = needed.url


def _form(mixins: object, urls: object) -> list[Problem]:
    """What is wrong with the shapes of `mixins` and `metadata.mixins`."""
    problems = []
    for field, value in (("mixins", mixins), ("metadata.mixins", urls)):
        if not isinstance(value, dict | None):
            problems.append(Problem.violation(field, "must be an object"))
    if isinstance(mixins, dict):
        problems += [
            Problem.violation(f"mixins.{name}", "must be an object")
            for name, data in mixins.items()
            if not isinstance(data, dict)
        ]
    if isinstance(urls, dict):
        problems += [
            Problem.violation(f"metadata.mixins.{name}", "must be a string, the URL of a JSON Schema")
            for name, url in urls.items()
            if not isinstance(url, str)
        ]
    return problems


def _no_schema(name: str, reason: str) -> Problem:
    # Clients look for the first four words (CONTRACT §2.7).
    return Problem.violation(f"mixins.{name}", f"No matching schema found: {_short(reason)}")


def violations(name: str, data: object, validator: jsonschema_rs.Validator) -> list[Problem]:
    """What the data of one mixin violates; required properties that one object lacks are one problem."""
    if validator.is_valid(data):  # much cheaper than looking for errors that are not there
        return []
    found: dict[str, list[str]] = {}
    lacking: dict[str, list[str]] = {}
    for error in islice(validator.iter_errors(data), MAX_PROBLEMS):
        field = f"mixins.{name}" + "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path
        )
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
            lacking.setdefault(field, []).append(error.kind.property)
        else:
            found.setdefault(field, []).append(_short(error.message))
    for field, properties in lacking.items():
        names = json.dumps(sorted(properties), separators=(",", ":"), ensure_ascii=False)
        text = f"object has missing required properties ({names})"
        found.setdefault(field, []).insert(0, text)
    return [
        Problem.violation(field, f"{text}: [mixins:{name}]")
        for field, texts in found.items()
        for text in texts
    ]


def _short(text: str) -> str:
    return text if len(text) <= 300 else text[:299] + "…"
