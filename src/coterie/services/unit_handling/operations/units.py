"""Units: create, read, list, replace, delete, and the types that there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, delete, select, update

from coterie.kit import tables as kit_tables
from coterie.kit.call import Call, Reply
from coterie.kit.errors import Invalid, NotFound, Problem, VersionConflict
from coterie.kit.language import filter_map, localized, to_map
from coterie.kit.store import Change, Document, Key, Kind, Refusal, Write, store_one
from coterie.kit.wire import to_document
from coterie.seeds import lists, rows
from coterie.services.unit_handling.rules import builtin, units
from coterie.services.unit_handling.schemas import Codes, UnitCreation, UnitsQuery, UnitUpdate
from coterie.services.unit_handling.tables import unit


async def _check(call: Call, writes: Sequence[Write]) -> list[Refusal]:
    return [[] if _keeps_its_place(write) else await _check_place(call, write) for write in writes]


def _keeps_its_place(write: Write) -> bool:
    """Whether the unit is there already, and no base unit that it was not."""
    if write.before is None:
        return False
    return not write.document["baseUnit"] or (
        write.before["baseUnit"] and write.before["type"] == write.document["type"]
    )


async def _check_place(call: Call, write: Write) -> list[Problem]:
    """A type has one base unit, and a tenant not too many units."""
    # Who adds units waits here for others that do, so that what is found stays.
    here = kit_tables.tenant.c.tenant == call.tenant.name
    await call.db.all(select(kit_tables.tenant.c.tenant).where(here).with_for_update())
    known = await rows.merged(call, KIND, _seeds(call))
    (code,) = write.key
    problems = []
    if write.before is None and len(known) >= len(builtin.CODES) + units.MOST_OWN:
        problems.append(Problem.violation("code", f"the tenant has {len(known)} units; delete some first"))
    base = next(
        (
            each["code"]
            for each in known.values()
            if each["baseUnit"] and each["type"] == write.document["type"] and each["code"] != code
        ),
        None,
    )
    if write.document["baseUnit"] and base is not None:
        message = f"{base} is the base unit of {write.document['type'][:80]}; a type has one"
        problems.append(Problem.violation("baseUnit", message))
    return problems


async def _purge(call: Call, stored: dict[Key, Row[Any]]) -> None:
    """Marks of deleted seeds are no units; a new unit may take the place of one."""
    gone = [key[0] for key, row in stored.items() if row.deleted]
    if gone:
        here = (unit.c.tenant == call.tenant.name, unit.c.code.in_(gone))
        await call.db.run(delete(unit).where(*here))
        for code in gone:
            del stored[(code,)]


KIND = Kind(
    noun="unit",
    table=unit,
    key=("code",),
    id_field="code",
    localized=("name",),
    rules=units.unit_problems,
    check=_check,
    values=lambda _document: {"deleted": False},
    purge=_purge,
)


async def list_units(call: Call, query: UnitsQuery) -> Reply:
    """The tenant's units."""
    found = await rows.merged(call, KIND, _seeds(call))
    documents = [{**each, "factor": units.decimal(each["factor"])} for each in found.values()]
    return lists.page(call, documents, query, units.FIELDS, lambda each: _shown(call, each))


async def get_unit(call: Call, unit_code: str) -> Document:
    """One unit."""
    return _shown(call, (await named(call, {unit_code}))[unit_code])


async def list_types(call: Call) -> Reply:
    """The types that the tenant has units of."""
    found = await rows.merged(call, KIND, _seeds(call))
    return Reply(value=sorted({each["type"] for each in found.values()}))


async def create_unit(call: Call, body: UnitCreation) -> Reply:
    """Add a unit."""
    units.check_code(body.code)
    document = _document(call, body)
    await _plant(call, {body.code})
    await store_one(call, KIND, Change((body.code,), document, "create"))
    return Reply(201, {"code": body.code})


async def replace_unit(call: Call, unit_code: str, body: UnitUpdate) -> None:
    """Replace a unit completely."""
    if body.code != unit_code:
        message = f"the body says {body.code[:80]!r} and the path {unit_code!r}; a code can't be changed"
        raise Invalid(
            "The unit code from URL does not match the unit code from request body",
            problems=(Problem.violation("code", message),),
        )
    document = _document(call, body)
    version = body.metadata.version if body.metadata else None
    await _plant(call, {unit_code})
    try:
        await store_one(call, KIND, Change((unit_code,), document, "replace", version))
    except VersionConflict:
        # The reference has no conflict here: the unit in this version is not found.
        message = (
            f"Cannot find the unit with code: {unit_code} and version: {version}. Read its latest version."
        )
        raise NotFound(KIND.noun, unit_code, message) from None


async def delete_unit(call: Call, unit_code: str) -> None:
    """Delete a unit."""
    if not await _delete(call, {unit_code}):
        raise NotFound(KIND.noun, unit_code)


async def delete_units(call: Call, body: Codes) -> None:
    """Delete several units; codes of none are passed over."""
    most = call.runtime.settings.bulk_max
    if len(body) > most:
        raise Invalid(f"Maximum size of the payload array is {most}.")
    await _delete(call, set(body))


async def named(call: Call, codes: Collection[str]) -> dict[str, Document]:
    """The units with these codes. Raises NotFound for the first that is none."""
    seeds = _seeds(call, frozenset(codes) & builtin.CODES)
    found = await rows.merged(call, KIND, seeds, unit.c.code.in_(sorted(codes)))
    for code in sorted(codes):
        if code not in found:
            raise NotFound(KIND.noun, code)
    return found


async def _delete(call: Call, codes: set[str]) -> int:
    """Delete what there is of these; the number of it. A seed leaves its mark."""
    await _plant(call, codes)
    columns, count = unit.c, 0
    seeds, own = codes & builtin.CODES, codes - builtin.CODES
    if seeds:
        mine = (columns.tenant == call.tenant.name, columns.code.in_(sorted(seeds)), ~columns.deleted)
        count += await call.db.run(update(unit).where(*mine).values(deleted=True, modified_at=call.at))
    if own:
        added = (columns.tenant == call.tenant.name, columns.code.in_(sorted(own)))
        count += await call.db.run(delete(unit).where(*added))
    return count


def _seeds(call: Call, codes: frozenset[str] = builtin.CODES) -> dict[str, Document]:
    return builtin.seeds(call.tenant.languages.supported, codes)


async def _plant(call: Call, codes: set[str]) -> None:
    await rows.plant(call, KIND, _seeds(call, builtin.CODES & codes))


def _document(call: Call, body: UnitCreation) -> Document:
    """A request's unit as it is kept. Raises Invalid."""
    if not call.headers.get("content-language", "").strip():
        problem = Problem(
            "Content-Language", "invalid_header", "say the language of the name, or * for a map"
        )
        raise Invalid("The Content-Language cannot be empty", problems=(problem,))
    factor = units.text_of(units.bounded(body.factor, "factor"))
    document = {name: value for name, value in to_document(body).items() if name not in ("code", "metadata")}
    return {**document, "name": to_map(body.name, call.content), "factor": factor}


def _shown(call: Call, document: Document) -> Document:
    """A unit in the language that the client wants; without a name where it has none in that."""
    accept, name = lists.accepted(call), document["name"]
    text = localized(name, accept, call.tenant.languages) if filter_map(name, accept) else ""
    return {**document, "name": text, "factor": units.number(units.decimal(document["factor"]))}
