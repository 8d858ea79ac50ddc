"""Indexed fields of a tenant: their values beside the products, so that `q` finds them without reading every one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, select, union_all, update

from coterie.kit import jobs
from coterie.kit.call import Call
from coterie.kit.errors import Invalid
from coterie.kit.jobs import Job, Step
from coterie.kit.store import Document, Written
from coterie.query.json_match import NumberBound
from coterie.query.q import Contains, OneOf, Present, Range
from coterie.query.q_sql import Field, Fields, scalars
from coterie.services.product.operations.stored import FIELDS, KIND
from coterie.services.product.rules import indexing as rules
from coterie.services.product.schemas.jobs import IndexedField, IndexedFieldView
from coterie.services.product.tables import index, index_value, product

JOB = "product.index"
_AT_ONCE = 500
_COLUMNS = ("tenant", "product_id", "path", "n", "text", "number")

Condition = OneOf | Range | Contains | Present


# Declaring


async def list_fields(call: Call) -> list[IndexedFieldView]:
    """The fields that are indexed, or will be."""
    return [IndexedFieldView(path=each["path"], ready=each["ready"]) for each in await _fields(call)]


async def put_fields(call: Call, body: list[IndexedField]) -> list[IndexedFieldView]:
    """Index these fields and no others; a job takes in the products there are."""
    paths = [each.path for each in body]
    problems = rules.path_problems(paths, FIELDS.promoted)
    if problems:
        raise Invalid(problems=problems)
    known = {each["path"]: each for each in await _locked(call, exclusive=True)}
    new = [path for path in paths if path not in known]
    job = await jobs.create(call, JOB, {"fields": new}, {"products": 0}) if new else None
    fields = [known.get(path, {"path": path, "ready": False, "job": job}) for path in paths]
    await _save(call, fields)
    if gone := known.keys() - set(paths):
        values = index_value.c
        await call.db.run(
            delete(index_value).where(values.tenant == call.tenant.name, values.path.in_(sorted(gone)))
        )
    if job is not None:
        call.runtime.jobs_queued.set()
    return [IndexedFieldView(path=each["path"], ready=each["ready"]) for each in fields]


async def run(call: Call, current: Job) -> Step:
    """Take in some products; after the last the fields are ready."""
    after = current.cursor.get("after", "")
    here = (product.c.tenant == call.tenant.name, product.c.id > after)
    rows = await call.db.all(
        select(product).where(*here).order_by(product.c.id).limit(_AT_ONCE).with_for_update()
    )
    last = len(rows) < _AT_ONCE
    fields = await _locked(call, exclusive=last)
    mine = [each["path"] for each in fields if each["job"] == current.id]
    values = _values(call, {row.id: KIND.document_of(row) for row in rows}, mine)
    if values:
        # What a write has put there meanwhile is the same.
        named = [dict(zip(_COLUMNS, each, strict=True)) for each in values]
        await call.db.run(call.db.insert(index_value).on_conflict_do_nothing(), named)
    if not last:
        return Step({"after": rows[-1].id}, {"products": len(rows)})
    # One that was taken off the list, and put on it again, is another job's.
    await _save(call, [each | {"ready": each["ready"] or each["job"] == current.id} for each in fields])
    return Step({}, {"products": len(rows)}, finished=True)


async def _fields(call: Call) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] | None = await call.db.value(_mine(call))
    return found or []


def _mine(call: Call) -> Select[Any]:
    return select(index.c.fields).where(index.c.tenant == call.tenant.name)


async def _locked(call: Call, *, exclusive: bool) -> list[dict[str, Any]]:
    """The fields, which nobody changes until the transaction ends; exclusive: nor writes products by."""
    statement = _mine(call).with_for_update(read=not exclusive)
    found: list[dict[str, Any]] | None = await call.db.value(statement)
    if found is None:
        row = {"tenant": call.tenant.name, "fields": []}
        await call.db.run(call.db.insert(index).on_conflict_do_nothing(), [row])
        found = await call.db.value(statement)
    return found or []


async def _save(call: Call, fields: Sequence[Mapping[str, Any]]) -> None:
    await call.db.run(
        update(index).where(index.c.tenant == call.tenant.name).values(fields=[dict(each) for each in fields])
    )


# Keeping


async def keep(call: Call, changed: Sequence[Written]) -> None:
    """Index products that were written."""
    if not changed:
        return
    paths = [each["path"] for each in await _locked(call, exclusive=False)]
    if paths:
        await forget(call, sorted({each.key[0] for each in changed if each.before is not None}))
        values = _values(call, {each.key[0]: each.document for each in changed}, paths)
        if values:
            await call.db.load(index_value, _COLUMNS, values)


async def forget(call: Call, ids: Sequence[str]) -> None:
    """Drop deleted products from the index."""
    # One by one, by the key: for a set PostgreSQL, until it has statistics, may choose to read all values there are.
    one = delete(index_value).where(
        index_value.c.tenant == call.tenant.name, index_value.c.product_id == bindparam("_product")
    )
    if ids:
        await call.db.run(one, [{"_product": id} for id in ids])


def _values(call: Call, documents: Mapping[str, Document], paths: Sequence[str]) -> list[tuple[Any, ...]]:
    """The rows of documents' values, by the key."""
    return [
        (call.tenant.name, id, path, n, text, number)
        for id, document in sorted(documents.items())
        for path in paths
        for n, (text, number) in enumerate(rules.values_at(document, path))
    ]


# Finding


async def searchable(call: Call, q: str | None) -> Fields:
    """The fields of a search, those with the tenant's indexes among them."""
    if not q or not (paths := [each["path"] for each in await _fields(call) if each["ready"]]):
        return FIELDS
    indexed = {
        path: Field(
            product.c.doc, "json", tuple(path.split(".")), narrowed=_narrowing(call.tenant.name, path)
        )
        for path in paths
    }
    return replace(FIELDS, promoted={**FIELDS.promoted, **indexed})


def _narrowing(tenant: str, path: str) -> Callable[[Condition], ColumnElement[bool] | None]:
    """Which products have a value that may meet a condition; whether it does, the document says."""
    values = index_value.c
    here = select(values.product_id).where(values.tenant == tenant, values.path == path)

    def narrowed(condition: Condition) -> ColumnElement[bool] | None:
        options = _options(condition)
        if not options:
            return None
        any_value = here.where(values.text.is_(None), values.number.is_(None))
        return product.c.id.in_(union_all(*(here.where(*each) for each in options), any_value))

    return narrowed


def _options(condition: Condition) -> list[list[ColumnElement[bool]]]:
    """What an indexed value must be, one way or the other."""
    values = index_value.c
    if isinstance(condition, OneOf):
        wanted = [rules.indexed(each) for value in condition.values for each in scalars(value)]
        texts = sorted({text for text, _ in wanted if text is not None})
        numbers = sorted({number for _, number in wanted if number is not None})
        found: list[list[ColumnElement[bool]]] = [[values.text.in_(texts)]] if texts else []
        return [*found, [values.number.in_(numbers)]] if numbers else found
    if not isinstance(condition, Range):
        return []
    bounds: list[ColumnElement[bool]] = []
    for bound in condition.bounds:
        lower = bound.operator.startswith(">")
        if isinstance(bound, NumberBound):
            number = float(bound.number)
            bounds.append(values.number >= number if lower else values.number <= number)
        else:
            spelt = (bound.text, *bound.spellings)
            bounds.append(values.text >= min(spelt) if lower else values.text <= max(spelt))
    return [bounds]
