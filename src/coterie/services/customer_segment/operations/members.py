"""Memberships as they are stored: what may stand there, what is told of them, and many new ones written as a set."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Raw
from sqlalchemy import Row, literal, select, true

from coterie.kit.bulk import Outcome
from coterie.kit.call import Call
from coterie.kit.errors import CoterieError, Problem
from coterie.kit.store import Change, Document, Key, Kind, Write, Written, among, store
from coterie.kit.wire import encode
from coterie.query.sql import key_rows
from coterie.services.customer import facade as customers
from coterie.services.customer_management import facade as companies
from coterie.services.customer_segment import events, rules
from coterie.services.customer_segment.operations.segments import delete_members, emit_customer_deleted
from coterie.services.customer_segment.tables import member

PERSON = customers.names.subquery("person")
COMPANY = companies.names.subquery("company")


async def _check(call: Call, writes: Sequence[Write]) -> list[list[Problem]]:
    """Customers and legal entities must exist (decision 5), unless the tenant keeps them elsewhere."""
    if call.setting("references") == "open":
        return [[] for _ in writes]
    people = await customers.existing(call, {write.key[0] for write in writes})
    entities = {write.key[1] for write in writes} - {rules.NO_ENTITY}
    firms = await companies.existing(call, entities) if entities else set()
    return [_missing(write.key[0], write.key[1], people, firms) for write in writes]


def _missing(customer: str, entity: str, people: Collection[str], firms: Collection[str]) -> list[Problem]:
    problems = []
    if customer not in people:
        problems.append(
            Problem.violation("customerId", f"there is no customer {customer!r}; create it first")
        )
    if entity != rules.NO_ENTITY and entity not in firms:
        problems.append(
            Problem.violation("legalEntityId", f"there is no legal entity {entity!r}; create it first")
        )
    return problems


async def _written(call: Call, changed: Sequence[Written]) -> None:
    named = await _named(call, [each.key for each in changed])
    for each in changed:
        segment_id = each.key[2]
        view = {**named[each.key], **{name: value for name, value in each.view.items() if name != "id"}}
        payload = events.assignment(call.tenant.name, segment_id, view)
        type_ = events.CUSTOMER_CREATED if each.before is None else events.CUSTOMER_UPDATED
        call.emit(type_, events.subject(segment_id), payload, segment_id=segment_id)


async def _purge(call: Call, found: dict[Key, Row[Any]]) -> None:
    """An expired membership gives way to what is written, as if it were not there."""
    over = [key for key, row in found.items() if row.expires_at is not None and row.expires_at <= call.at]
    if over:
        await delete_members(call, among(call.db, [member.c[name] for name in KIND.key], over), expired=True)
    for key in over:
        del found[key]


async def _removed(call: Call, gone: Sequence[Written]) -> None:
    for each in gone:
        customer_id, entity, segment_id = each.key
        emit_customer_deleted(call, segment_id, customer_id, entity)


KIND = Kind(
    noun="assignment",
    table=member,
    key=("customer_id", "legal_entity_id", "segment_id"),
    columns={"assignmentType": "assignment_type"},
    defaults={"assignmentType": "MANUAL"},
    check=_check,
    # Who is assigned by hand stays until he is removed by hand.
    values=lambda _document: {"cause": None, "expires_at": None},
    purge=_purge,
    written=_written,
    removed=_removed,
)


async def _named(call: Call, keys: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], Document]:
    """The `customer` and `legalEntity` of each key, with the names of now."""
    people = select(PERSON).where(
        PERSON.c.tenant == call.tenant.name, PERSON.c.id.in_({key[0] for key in keys})
    )
    by_id = {row.id: row for row in await call.db.all(people)}
    entities = {key[1] for key in keys} - {rules.NO_ENTITY}
    names: dict[str, str] = {}
    if entities:
        firms = select(COMPANY).where(COMPANY.c.tenant == call.tenant.name, COMPANY.c.id.in_(entities))
        names = {row.id: row.name for row in await call.db.all(firms)}
    return {key: parties(key[0], key[1], by_id.get(key[0]), names.get(key[1])) for key in keys}


def parties(customer_id: str, entity: str, person: Any, entity_name: str | None) -> Document:
    """`customer` and, for B2B, `legalEntity` of an assignment; what is not known of them is absent."""
    customer = {"id": customer_id}
    if person is not None:
        known = {"firstName": person.first_name, "lastName": person.last_name, "email": person.email}
        customer |= {name: value for name, value in known.items() if value is not None}
    view: Document = {"customer": customer}
    if entity != rules.NO_ENTITY:
        view["legalEntity"] = {"id": entity} | ({"name": entity_name} if entity_name is not None else {})
    return view


async def assign(call: Call, changes: Sequence[Change | CoterieError]) -> list[Outcome]:
    """What `store` does. Those who only come into a segment are written as one set."""
    first: dict[Key, int] = {}
    met: set[Key] = set()
    for position, change in enumerate(changes):
        if isinstance(change, CoterieError):
            continue
        assert change.key is not None
        if change.key not in met and not change.document and change.version is None:
            first[change.key] = position
        met.add(change.key)
    joined = {first[key] for key in await _join(call, list(first))}
    created = Outcome(201)
    others = [change for position, change in enumerate(changes) if position not in joined]
    rest = iter(await store(call, KIND, others))
    return [created if position in joined else next(rest) for position in range(len(changes))]


async def _join(call: Call, keys: Sequence[Key]) -> list[Key]:
    """Create those of the distinct `keys` that may be and are not there yet, and return them in their order."""
    people = {row.id: row for row in await customers.named(call, {key[0] for key in keys})}
    entities = {key[1] for key in keys} - {rules.NO_ENTITY}
    firms = {row.id: row.name for row in await companies.named(call, entities)}
    if call.setting("references") != "open":
        firms_or_none = {rules.NO_ENTITY, *firms}
        keys = [key for key in keys if key[0] in people and key[1] in firms_or_none]
    if not keys:
        return []
    inserted = await _insert(call, keys)
    new = [key for key in keys if key in inserted]
    told = _Told(call)
    for key in new:
        payload = told.payload(key, people.get(key[0]), firms.get(key[1]))
        call.emit(events.CUSTOMER_CREATED, events.subject(key[2]), payload, segment_id=key[2])
    return new


async def _insert(call: Call, keys: Sequence[Key]) -> set[Key]:
    """Insert those that are not there; in one order, so that no two calls deadlock."""
    parts: list[tuple[str, ...]] = list(zip(*sorted(keys), strict=True))
    given = key_rows(call.db.sql, KIND.key, parts).subquery()
    values = KIND.row_of({**KIND.defaults}) | {"tenant": call.tenant.name, "created_at": call.at}
    values |= {"modified_at": call.at, "version": call.service.dialect.first_version}
    alike = [literal(value, member.c[name].type) for name, value in values.items()]
    rows = select(*given.c, *alike).where(true())  # without WHERE, SQLite takes ON CONFLICT for a join's ON
    insert = call.db.insert(member).from_select([*KIND.key, *values], rows).on_conflict_do_nothing()
    columns = [member.c[name] for name in KIND.key]
    return {tuple(row) for row in await call.db.all(insert.returning(*columns))}


class _Told:
    """The payloads of many created assignments, as JSON put together from parts that they share."""

    def __init__(self, call: Call) -> None:
        metadata = {
            "version": call.service.dialect.first_version,
            "createdAt": call.at,
            "modifiedAt": call.at,
        }
        rest = {**KIND.defaults, "metadata": metadata, "tenant": call.tenant.name}
        self._end = b"," + encode(rest)[1:]
        self._starts: dict[str, bytes] = {}
        self._parties: dict[tuple[str, str], bytes] = {}

    def payload(self, key: Key, person: Any, entity_name: str | None) -> Raw:
        """As `events.assignment` has it."""
        customer_id, entity, segment_id = key
        start = self._starts.get(segment_id)
        if start is None:
            start = self._starts[segment_id] = encode({"segmentId": segment_id})[:-1] + b","
        party = self._parties.get((customer_id, entity))
        if party is None:
            party = encode(parties(customer_id, entity, person, entity_name))[1:-1]
            self._parties[customer_id, entity] = party
        return Raw(start + party + self._end)
