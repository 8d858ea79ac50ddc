"""Versions of schemas and of references, which differ in what they publish only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, select, update

from coterie.database.session import Session
from coterie.kit.call import Call, Reply
from coterie.kit.errors import AlreadyExists, Invalid, NotFound, Problem, VersionConflict
from coterie.kit.language import filter_map
from coterie.kit.listing import page
from coterie.kit.store import among_stored
from coterie.query.json_match import JsonTest
from coterie.query.q_sql import Field, Fields
from coterie.query.sql import json_matches
from coterie.services.schema.operations.documents import publish, url_of
from coterie.services.schema.rules import types
from coterie.services.schema.rules.attributes import TEXTS, Document, text_problems
from coterie.services.schema.schemas import SchemasQuery
from coterie.services.schema.tables import custom_type, version

_later = version.alias("later")


@dataclass(frozen=True)
class Versions:
    """The versions of one kind, which is also what they are called in errors."""

    kind: str

    # Reading

    def view(self, call: Call, row: Row[Any]) -> Document:
        """A version as clients see it, its texts in the languages that they asked for."""
        metadata = {
            "version": row.version,
            "createdAt": row.created_at,
            "modifiedAt": row.modified_at,
            "url": url_of(call, self.kind, row.id, row.number),
        }
        view = {"id": row.id, "name": filter_map(row.name, call.accept), "types": row.types}
        if row.attributes is not None:
            view["attributes"] = [_shown(call, each) for each in row.attributes]
        return {**view, "metadata": metadata}

    async def page(self, call: Call, query: SchemasQuery) -> Reply:
        """The current versions; with a type, of each the newest that is for it."""
        return await page(
            call,
            self.newest(call, () if query.type is None else (query.type,)),
            query,
            _FIELDS,
            view=lambda row: self.view(call, row),
            tie_break=[version.c.id],
        )

    async def one(
        self, call: Call, db: Session, id: str, number: int | None, *, lock: bool = False
    ) -> Row[Any]:
        """A version, by default the current one; locked until the transaction ends if asked. Raises NotFound."""
        statement = select(version).where(*self._of(call, id)).order_by(version.c.version.desc()).limit(1)
        if number is not None:
            statement = statement.where(version.c.version == _in_range(number))
        row = await db.first(statement.with_for_update() if lock else statement)
        if row is None:
            raise NotFound(self.kind, id)
        return row

    def newest(self, call: Call, types: Sequence[str], *more: ColumnElement[bool]) -> Select[Any]:
        """The newest version of each; with types, the newest that is for one of them."""
        same = [_later.c[name] == version.c[name] for name in ("tenant", "kind", "id")]
        if types:
            same.append(for_type(_later.c.types, *types))
        last = select(func.max(_later.c.version)).where(*same).scalar_subquery()
        mine = (version.c.tenant == call.tenant.name, version.c.kind == self.kind)
        return select(version).where(*mine, version.c.version == last, *more)

    # Writing

    async def create(self, call: Call, id: str, document: Document, body: bytes) -> None:
        """The first version. Raises AlreadyExists, Invalid."""
        if await call.db.value(select(func.count()).select_from(version).where(*self._of(call, id))):
            raise AlreadyExists(self.kind, id)
        await self.check(call, document)
        await self._add(call, id, 1, document, body, call.at)

    async def replace(
        self, call: Call, id: str, based_on: int | None, document: Document, body: bytes
    ) -> None:
        """The next version. Raises NotFound, VersionConflict, Invalid."""
        if based_on is None:
            problem = Problem.violation("metadata.version", "is required: the version that you have read")
            raise Invalid(problems=(problem,))
        current = await self.one(call, call.db, id, None, lock=True)
        if current.version != based_on:
            raise VersionConflict(self.kind, id)
        await self.check(call, document)
        await self._add(call, id, current.version + 1, document, body, current.created_at)

    async def check(self, call: Call, document: Document) -> None:
        """Raises Invalid for texts in languages that the tenant lacks, and types that it does not have.

        The custom types that are named can't be deleted until the transaction ends.
        """
        targets = document.get("targets", set())
        named = [each for each in (*document["types"], *targets) if each not in types.RESERVED]
        custom = await among_stored(call, custom_type.c.id, sorted(set(named)))
        problems = [
            *text_problems(document, call.content, call.tenant.languages),
            *types.type_problems(document["types"], custom),
            *types.target_problems(targets, document["types"], custom),
        ]
        if problems:
            raise Invalid(problems=problems)

    async def _add(
        self, call: Call, id: str, number: int, document: Document, body: bytes, created_at: str
    ) -> None:
        row = {
            "tenant": call.tenant.name,
            "kind": self.kind,
            "id": id,
            "version": number,
            "name": document["name"],
            "types": list(dict.fromkeys(document["types"])),
            "attributes": document.get("attributes"),
            "number": await publish(call, self.kind, id, number, body),
            "created_at": created_at,
            "modified_at": call.at,
        }
        inserted = call.db.insert(version).values(row).on_conflict_do_nothing().returning(version.c.id)
        if await call.db.first(inserted) is None:
            raise AlreadyExists(self.kind, id) if number == 1 else VersionConflict(self.kind, id)

    async def retype(self, call: Call, row: Row[Any], named: list[str]) -> None:
        """Give a version other types; nothing is published."""
        at = (*self._of(call, row.id), version.c.version == row.version)
        await call.db.run(update(version).where(*at).values(types=named, modified_at=call.at))

    async def remove(self, call: Call, id: str, number: int | None) -> None:
        """Delete all versions, or one. What was published stays. Raises NotFound."""
        statement = delete(version).where(*self._of(call, id))
        if number is not None:
            statement = statement.where(version.c.version == _in_range(number))
        if not await call.db.run(statement):
            raise NotFound(self.kind, id)

    def _of(self, call: Call, id: str) -> Sequence[ColumnElement[bool]]:
        columns = version.c
        return (columns.tenant == call.tenant.name, columns.kind == self.kind, columns.id == id)


def for_type(column: ColumnElement[Any], *named: str) -> ColumnElement[bool]:
    """Whether a column of types has one of these."""
    return json_matches(column, JsonTest((), one_of=named))


def used_by_type(call: Call, type_: str) -> ColumnElement[bool]:
    """Whether a version of anything is for a custom type."""
    return and_(version.c.tenant == call.tenant.name, for_type(version.c.types, type_))


def _in_range(number: int) -> int:
    # Beyond what the column holds there is nothing, and a driver would refuse to ask.
    return number if 0 <= number < 2**31 else 0


def _shown(call: Call, attribute: Document) -> Document:
    """An attribute with its texts in the languages asked for, and those inside it."""
    view = dict(attribute)
    for name in TEXTS:
        if name in view:
            view[name] = filter_map(view[name], call.accept)
    if "attributes" in view:
        view["attributes"] = [_shown(call, each) for each in view["attributes"]]
    return view


_FIELDS = Fields(
    {
        "id": Field(version.c.id),
        "name": Field(version.c.name, "localized"),
        "types": Field(version.c.types, "text-array"),
        "attributes": Field(version.c.attributes, "json"),
        "metadata.version": Field(version.c.version, "number"),
        "metadata.createdAt": Field(version.c.created_at, "date"),
        "metadata.modifiedAt": Field(version.c.modified_at, "date"),
    }
)
