"""Writing products: changes are completed from parents and templates, judged one by one, and written as a set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from coterie.kit.bulk import Outcome
from coterie.kit.call import Call
from coterie.kit.clock import new_id
from coterie.kit.errors import CoterieError
from coterie.kit.store import Change, Document, Write, Written, store
from coterie.services.product.operations import bundles, indexing, templates, variants
from coterie.services.product.operations.completion import completed, with_template
from coterie.services.product.operations.judgement import Judgement, Options
from coterie.services.product.operations.stored import KIND, announce
from coterie.services.product.operations.surroundings import Surroundings, around, parent_named
from coterie.services.product.rules import products as rules


async def write(call: Call, changes: Sequence[Change | CoterieError], options: Options) -> list[Outcome]:
    """Write products in the order of the request, and what follows for their variants.

    A product whose parent is written by the same request comes after it. Raises Forbidden for a caller who may
    manage no products.
    """
    return await _Writing(call, options).run(changes)


async def write_one(call: Call, change: Change, options: Options) -> Outcome:
    """Write one product. Raises what refuses it."""
    (outcome,) = await write(call, [change], options)
    if outcome.error is not None:
        raise outcome.error
    return outcome


class _Writing:
    """The writing of one request."""

    def __init__(self, call: Call, options: Options) -> None:
        self._call, self._options = call, options
        self._vendor = call.vendor(rules.MANAGE)
        self._made = 0
        self._changed: list[Written] = []

    async def run(self, changes: Sequence[Change | CoterieError]) -> list[Outcome]:
        outcomes = [
            Outcome.refused(change) if isinstance(change, CoterieError) else Outcome(0) for change in changes
        ]
        keyed = {at: _keyed(change) for at, change in enumerate(changes) if isinstance(change, Change)}
        for wave in _waves(keyed):
            found = await self._wave([keyed[at] for at in wave])
            for at, outcome in zip(wave, found, strict=True):
                given = changes[at]
                nameless = isinstance(given, Change) and given.key is None
                # An id that was only made for it means nothing to the client.
                outcomes[at] = replace(outcome, id=None) if outcome.error and nameless else outcome
        await bundles.keep(self._call, self._changed)
        await indexing.keep(self._call, self._changed)
        return outcomes

    async def _wave(self, changes: list[Change]) -> list[Outcome]:
        call = self._call
        found = await around(call, changes)
        whole = [completed(change, found, self._vendor) for change in changes]
        chosen = {
            (each.document["template"]["id"], each.document["template"]["version"])
            for each in whole
            if isinstance(each, Change) and "template" in each.document
        }
        found.templates = await templates.of_versions(call, chosen, keep=True)
        whole = [
            each if isinstance(each, CoterieError) else with_template(each, found.templates) for each in whole
        ]
        judgement = Judgement(call, self._options, self._vendor, found, self._made)
        passed: list[Write] = []
        check = partial(_checked, judgement, passed)
        kind = replace(KIND, check=check, written=self._note)
        outcomes = await store(call, kind, whole)
        self._made = judgement.made
        await self._follow(passed, found)
        return [
            outcome if outcome.id is not None else replace(outcome, id=_id(change))
            for change, outcome in zip(changes, outcomes, strict=True)
        ]

    async def _note(self, call: Call, changed: Sequence[Written]) -> None:
        await announce(call, changed)
        self._changed += changed

    async def _follow(self, passed: Sequence[Write], found: Surroundings) -> None:
        """What the products that were written mean for their variants."""
        call = self._call
        above = {write.key[0]: write for write in passed if _is_parent(write.document)}
        if not above:
            return
        documents = {id: write.document for id, write in above.items()}
        self._changed += await variants.follow(call, documents, found.children)
        if self._options.generate:
            parents = {
                id: (write.document, write.before)
                for id, write in above.items()
                if write.document["productType"] == rules.PARENT
            }
            self._changed += await variants.generate(call, parents, found.children)


def _is_parent(document: Document) -> bool:
    return document["productType"] in (rules.PARENT, rules.DYNAMIC)


async def _checked(
    judgement: Judgement, passed: list[Write], _call: Call, writes: Sequence[Write]
) -> Sequence[Any]:
    verdicts = await judgement.of(writes)
    passed += [write for write, verdict in zip(writes, verdicts, strict=True) if not verdict]
    return verdicts


def _id(change: Change) -> str | None:
    return None if change.key is None else change.key[-1]


def _keyed(change: Change) -> Change:
    """The change with its key: a variant that is created has its parent's id before its own."""
    own = change.key[-1] if change.key is not None else None
    parent = change.document.get("parentVariantId")
    if change.how == "create" and change.document.get("productType") == rules.VARIANT and parent:
        prefix = f"{parent}{rules.SEPARATOR}"
        own = own or new_id()
        return change._replace(key=(own if own.startswith(prefix) else prefix + own,))
    return change if own is not None else change._replace(key=(new_id(),))


def _waves(changes: dict[int, Change]) -> list[list[int]]:
    """The positions of changes in rounds: after a product comes who names it as parent, and who has its key too."""
    by_id: dict[str, int] = {}
    for at, change in changes.items():
        by_id.setdefault(change.key[-1] if change.key else "", at)
    rounds: dict[int, int] = {}
    last: dict[str, int] = {}
    for at, change in changes.items():
        depth, parent, seen = 0, parent_named(change), set[str]()
        while parent in by_id and parent not in seen:
            seen.add(parent)
            depth, parent = depth + 1, parent_named(changes[by_id[parent]])
        id = change.key[-1] if change.key else ""
        rounds[at] = last[id] = max(depth, last.get(id, -1) + 1)
    return [[at for at in rounds if rounds[at] == each] for each in sorted(set(rounds.values()))]
