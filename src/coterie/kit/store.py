"""Writing resources: one engine for single and bulk, which validates item by item and writes as a set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Table,
    and_,
    bindparam,
    delete,
    select,
    tuple_,
    update,
)

from coterie.database.session import Retry, Session
from coterie.kit.bulk import Outcome
from coterie.kit.call import Call
from coterie.kit.clock import new_id
from coterie.kit.errors import AlreadyExists, CoterieError, Invalid, NotFound, Problem, VersionConflict
from coterie.kit.language import check_map
from coterie.kit.mixins import SchemasNeeded
from coterie.query.sql import key_rows

Key = tuple[str, ...]
Document = dict[str, Any]
# "amend": a service's own correction of what it keeps, such as a reference to what is gone. It is held against no
# rule: what stood there before, and has become wrong since, must not refuse the deletion that causes it.
How = Literal["create", "upsert", "replace", "amend"]


class Change(NamedTuple):
    """A resource to be written: its key (None: one is made), its document, and the version it is based on."""

    key: Key | None
    document: Document
    how: How
    version: int | None = None


@dataclass(frozen=True)
class Write:
    """A change beside what is stored: `before` is the stored document, None for a new resource."""

    key: Key
    document: Document
    before: Document | None
    stored: Row[Any] | None


@dataclass(frozen=True)
class Written:
    """A resource that was created (`before` None), really changed, or deleted (`document` is what it was).

    view: the resource as clients see it, after the write.
    """

    key: Key
    document: Document
    before: Document | None
    view: Document


Refusal = Sequence[Problem] | CoterieError
Check = Callable[[Call, Sequence[Write]], Awaitable[Sequence[Refusal]]]
Announce = Callable[[Call, Sequence[Written]], Awaitable[None]]


@dataclass(frozen=True)
class Kind:
    """What is stored: a table and the rules of what may stand in it.

    key: the key columns after the tenant, the last one the id. columns: promoted columns by wire name; every other
    field of a document is kept in `doc`. localized: fields that are language maps. defaults: values of absent
    fields. rules: pure, problems of one document beside the one before it. check: what needs the database: for
    each write its problems, none being an empty list, or the error that refuses it. values: further columns,
    computed from a document. purge: takes those rows that are as good as not there out of the database, and out of
    the rows that a write found. written, removed: note the events of what was created or changed, and of what was
    deleted; a write that changed nothing is not among them. id_field: the wire name of the id.
    """

    noun: str
    table: Table
    key: tuple[str, ...] = ("id",)
    columns: Mapping[str, str] = field(default_factory=dict)
    localized: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    rules: Callable[[Document, Document | None], list[Problem]] | None = None
    check: Check | None = None
    values: Callable[[Document], dict[str, Any]] | None = None
    purge: Callable[[Call, dict[Key, Row[Any]]], Awaitable[None]] | None = None
    written: Announce | None = None
    removed: Announce | None = None
    mixins_need_url: bool = False
    new_key: Callable[[], str] = new_id
    id_field: str = "id"

    def where(self, call: Call, key: Key) -> ColumnElement[bool]:
        """The condition of one row."""
        columns = self.table.c
        return and_(
            columns.tenant == call.tenant.name,
            *(columns[name] == part for name, part in zip(self.key, key, strict=True)),
        )

    def key_of(self, row: Row[Any]) -> Key:
        """The key of a stored row."""
        return tuple(row._mapping[name] for name in self.key)

    def document_of(self, row: Row[Any]) -> Document:
        """The document of a stored row, as it was written."""
        mapping = row._mapping
        promoted = {
            wire: mapping[column] for wire, column in self.columns.items() if mapping[column] is not None
        }
        return {**promoted, **mapping["doc"]}

    def view_of(self, row: Row[Any]) -> Document:
        """The resource as clients see it: id, document, and metadata with version and instants."""
        mapping = row._mapping
        instants = (mapping["version"], mapping["created_at"], mapping["modified_at"])
        return self.composed(mapping[self.key[-1]], self.document_of(row), *instants)

    def composed(
        self, id: str, document: Document, version: int, created_at: str, modified_at: str
    ) -> Document:
        """A document as clients see it."""
        metadata = {
            "version": version,
            "createdAt": created_at,
            "modifiedAt": modified_at,
            **document.get("metadata", {}),
        }
        return {self.id_field: id, **document, "metadata": metadata}

    def row_of(self, document: Document) -> dict[str, Any]:
        """The columns of a document."""
        row: dict[str, Any] = {column: document.get(wire) for wire, column in self.columns.items()}
        row["doc"] = {name: value for name, value in document.items() if name not in self.columns}
        if self.values is not None:
            row |= self.values(document)
        return row


def prepared(body: Document, id_field: str = "id") -> tuple[Document, int | None]:
    """A request's document without what the server keeps itself, and the version it is based on."""
    document = {name: value for name, value in body.items() if name != id_field}
    metadata = document.pop("metadata", None) or {}
    if metadata.get("mixins"):
        document["metadata"] = {"mixins": metadata["mixins"]}
    return document, metadata.get("version")


async def store(call: Call, kind: Kind, changes: Sequence[Change | CoterieError]) -> list[Outcome]:
    """Write the changes; an item that is an error already, or breaks a rule, is refused alone. In request order.

    Items that name the same key are written one after the other, so each sees the one before it.
    """
    outcomes: list[Outcome | None] = [
        Outcome.refused(change) if isinstance(change, CoterieError) else None for change in changes
    ]
    pending = [
        (position, change if change.key is not None else change._replace(key=(kind.new_key(),)))
        for position, change in enumerate(changes)
        if isinstance(change, Change)
    ]
    while pending:
        seen: set[Key] = set()
        batch: list[tuple[int, Change]] = []
        rest: list[tuple[int, Change]] = []
        for position, change in pending:
            assert change.key is not None
            (rest if change.key in seen else batch).append((position, change))
            seen.add(change.key)
        written = await _store_distinct(call, kind, [change for _, change in batch])
        for (position, _), outcome in zip(batch, written, strict=True):
            outcomes[position] = outcome if outcome.error is None else _refused(changes[position], outcome)
        pending = rest
    return [outcome for outcome in outcomes if outcome is not None]


def _refused(change: Change | CoterieError, outcome: Outcome) -> Outcome:
    """The outcome without an id that was only made for it: it means nothing to the client."""
    return replace(outcome, id=None) if isinstance(change, Change) and change.key is None else outcome


async def store_one(call: Call, kind: Kind, change: Change) -> Outcome:
    """Write one change. Raises what refuses it."""
    (outcome,) = await store(call, kind, [change])
    if outcome.error is not None:
        raise outcome.error
    return outcome


async def _store_distinct(call: Call, kind: Kind, changes: list[Change]) -> list[Outcome]:
    stored = await locked(call, kind, [change.key for change in changes if change.key is not None])
    outcomes: list[Outcome | None] = [None] * len(changes)
    writes: list[tuple[int, Write]] = []
    needed: set[str] = set()
    for position, change in enumerate(changes):
        assert change.key is not None
        row = stored.get(change.key)
        error = _clash(kind, change, row)
        if error is None:
            document = {**kind.defaults, **change.document}
            before = None if row is None else kind.document_of(row)
            try:
                problems = [] if change.how == "amend" else _problems(call, kind, document, before)
            except SchemasNeeded as missing:
                needed |= missing.urls
                continue
            if problems:
                error = Invalid(problems=problems)
            else:
                writes.append((position, Write(change.key, document, before, row)))
        if error is not None:
            outcomes[position] = Outcome.refused(error, change.key[-1])
    if needed:
        # One rerun brings the schemas of all items, instead of one for each.
        raise SchemasNeeded(frozenset(needed))
    if kind.check is not None and writes:
        passed = [(position, write) for position, write in writes if changes[position].how == "amend"]
        judged = [(position, write) for position, write in writes if changes[position].how != "amend"]
        checked = await kind.check(call, [write for _, write in judged])
        for (position, write), refusal in zip(judged, checked, strict=True):
            if isinstance(refusal, CoterieError):
                outcomes[position] = Outcome.refused(refusal, write.key[-1])
            elif refusal:
                outcomes[position] = Outcome.refused(Invalid(problems=refusal), write.key[-1])
            else:
                passed.append((position, write))
        writes = passed
    inserted = await _insert(call, kind, [write for _, write in writes if write.stored is None])
    await _update(call, kind, [write for _, write in writes if write.stored is not None])
    announced = []
    for position, write in writes:
        outcomes[position] = outcome = _outcome(kind, changes[position], write, inserted)
        if outcome.error is None and write.document != write.before:
            announced.append(_written(call, kind, write))
    if kind.written is not None and announced:
        await kind.written(call, announced)
    return [outcome for outcome in outcomes if outcome is not None]


def _clash(kind: Kind, change: Change, row: Row[Any] | None) -> CoterieError | None:
    """What forbids the change before its content is looked at."""
    assert change.key is not None
    name = change.key[-1]
    if row is None:
        return NotFound(kind.noun, name) if change.how in ("replace", "amend") else None
    if change.how == "create":
        return AlreadyExists(kind.noun, name)
    if change.version is not None and change.version != row._mapping["version"]:
        return VersionConflict(kind.noun, name)
    return None


def _problems(call: Call, kind: Kind, document: Document, before: Document | None) -> list[Problem]:
    problems: list[Problem] = []
    for name in kind.localized:
        value = document.get(name)
        if isinstance(value, dict):
            # What stands there already need not be in a language that the request names: a PATCH keeps it.
            kept = (before or {}).get(name) or {}
            changed = {tag: text for tag, text in value.items() if kept.get(tag) != text}
            problems += check_map(changed, call.content, call.tenant.languages, name)
    if kind.rules is not None:
        problems += kind.rules(document, before)
    if document.get("mixins") or document.get("metadata"):
        problems += call.runtime.schemas.check(
            document.get("mixins") or {},
            (document.get("metadata") or {}).get("mixins") or {},
            tenant=call.tenant.name,
            url_required=kind.mixins_need_url,
            unreachable=call.setting("mixins.unreachable"),
        )
    return problems


def _outcome(kind: Kind, change: Change, write: Write, inserted: set[Key]) -> Outcome:
    name = write.key[-1]
    if write.stored is not None:
        return Outcome(204, name)
    if write.key in inserted:
        return Outcome(201, name)
    # Another transaction created it since the look: for a POST that is the answer, a PUT looks again.
    if change.how == "create":
        return Outcome.refused(AlreadyExists(kind.noun, name), name)
    raise Retry(f"{kind.noun} {name} appeared")


def _written(call: Call, kind: Kind, write: Write) -> Written:
    if write.stored is None:
        version, created = call.service.dialect.first_version, call.at
    else:
        mapping = write.stored._mapping
        version, created = mapping["version"] + 1, mapping["created_at"]
    view = kind.composed(write.key[-1], write.document, version, created, call.at)
    return Written(write.key, write.document, write.before, view)


async def locked(call: Call, kind: Kind, keys: Sequence[Key]) -> dict[Key, Row[Any]]:
    """The stored rows of `keys`, locked until the transaction ends, in one order so that no two calls deadlock."""
    if not keys:
        return {}
    columns = [kind.table.c[name] for name in kind.key]
    statement = select(kind.table).where(
        kind.table.c.tenant == call.tenant.name, among(call.db, columns, keys)
    )
    rows = await call.db.all(statement.order_by(*columns).with_for_update())
    stored = {kind.key_of(row): row for row in rows}
    if kind.purge is not None:
        await kind.purge(call, stored)
    return stored


async def among_stored(
    call: Call, column: Column[str], ids: Collection[str], *, exclusive: bool = False
) -> set[str]:
    """Those of `ids` that stand in the key column of one of the tenant's tables.

    Their rows are locked until the transaction ends: against being deleted, or, exclusively, against everything.
    """
    return {row[0] for row in await kept_rows(call, column, [column], ids, exclusive=exclusive)}


async def kept_rows(
    call: Call,
    key: Column[str],
    columns: Sequence[ColumnElement[Any]],
    ids: Collection[str],
    *,
    exclusive: bool = False,
) -> Sequence[Row[Any]]:
    """The same as rows of `columns`."""
    if not ids:
        return []
    here = and_(key.table.c.tenant == call.tenant.name, among(call.db, [key], [(id,) for id in ids]))
    statement = select(*columns).where(here).order_by(key)
    return await call.db.all(statement.with_for_update(read=not exclusive, key_share=not exclusive))


def among(session: Session, columns: Sequence[Column[Any]], keys: Sequence[Key]) -> ColumnElement[bool]:
    """Whether the columns hold one of `keys`: equality where all agree, so that an index range serves it."""
    parts = list(zip(*keys, strict=True))
    same = [column == part[0] for column, part in zip(columns, parts, strict=True) if len(set(part)) == 1]
    varying = [at for at, part in enumerate(parts) if len(set(part)) > 1]
    if varying:
        chosen = [columns[at] for at in varying]
        rows = key_rows(session.sql, [column.name for column in chosen], [parts[at] for at in varying])
        same.append(tuple_(*chosen).in_(rows) if len(chosen) > 1 else chosen[0].in_(rows))
    return and_(*same)


async def _insert(call: Call, kind: Kind, writes: Sequence[Write]) -> set[Key]:
    if not writes:
        return set()
    rows = [
        {
            "tenant": call.tenant.name,
            **dict(zip(kind.key, write.key, strict=True)),
            **kind.row_of(write.document),
            "version": call.service.dialect.first_version,
            "created_at": call.at,
            "modified_at": call.at,
        }
        for write in sorted(
            writes, key=lambda write: write.key
        )  # in one order, so that no two calls deadlock
    ]
    columns = [kind.table.c[name] for name in kind.key]
    statement = call.db.insert(kind.table).on_conflict_do_nothing().returning(*columns)
    return {tuple(row) for row in await call.db.all(statement, rows)}


async def _update(call: Call, kind: Kind, writes: Sequence[Write]) -> None:
    if not writes:
        return
    columns = kind.table.c
    statement = update(kind.table).where(
        columns.tenant == bindparam("_tenant"), *(columns[name] == bindparam(f"_{name}") for name in kind.key)
    )
    rows = [
        {
            "_tenant": call.tenant.name,
            **{f"_{name}": part for name, part in zip(kind.key, write.key, strict=True)},
            **kind.row_of(write.document),
            "version": write.stored._mapping["version"] + 1,
            "modified_at": call.at,
        }
        for write in writes
        if write.stored is not None
    ]
    await call.db.run(statement, rows)


async def remove(call: Call, kind: Kind, keys: Sequence[Key]) -> dict[Key, Document]:
    """Delete the rows of `keys` and note their events; the documents of those that were there."""
    stored = await locked(call, kind, keys)
    if stored:
        columns = [kind.table.c[name] for name in kind.key]
        gone = delete(kind.table).where(
            kind.table.c.tenant == call.tenant.name, among(call.db, columns, list(stored))
        )
        await call.db.run(gone)
    if kind.removed is not None and stored:
        await kind.removed(
            call,
            [Written(key, kind.document_of(row), None, kind.view_of(row)) for key, row in stored.items()],
        )
    return {key: kind.document_of(row) for key, row in stored.items()}
