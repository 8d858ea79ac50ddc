"""The rules of customer segments in plain Python: what is stored, and what each write answers and emits.

An oracle for the property test: dictionaries and loops, written from the rules and not from the service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Document = dict[str, Any]
TICK = timedelta(milliseconds=1)


class Refused(Exception):
    """A request that is answered by this code and changes nothing."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Kept:
    """A document as stored, with what the server notes of it."""

    document: Document
    version: int
    created: str
    modified: str

    def view(self) -> Document:
        """The document with its `metadata`."""
        stamps = {"version": self.version, "createdAt": self.created, "modifiedAt": self.modified}
        return {**self.document, "metadata": stamps}


@dataclass(frozen=True)
class Category:
    """A category; siblings are ordered by position."""

    parent: str | None
    published: bool
    position: int
    name: str


@dataclass
class Model:
    """A tenant: what is stored at an instant, and the events of segments so far.

    members: by segment, customer, and legal entity or "". ends: when memberships end, of those that do. items: by
    segment, type and id. homes: categories with their products. contacts: customers with the legal entities they act
    for. entities: with their parent. coupons: by code, the segments they are for.
    """

    now: datetime
    sites: set[str] = field(default_factory=set)
    default_site: str = ""
    customers: dict[str, Document] = field(default_factory=dict)
    entities: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    contacts: set[tuple[str, str]] = field(default_factory=set)
    products: dict[str, str] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    homes: set[tuple[str, str]] = field(default_factory=set)
    coupons: dict[str, set[str]] = field(default_factory=dict)
    segments: dict[str, Kept] = field(default_factory=dict)
    members: dict[tuple[str, str, str], Kept] = field(default_factory=dict)
    ends: dict[tuple[str, str, str], str] = field(default_factory=dict)
    items: dict[tuple[str, str, str], Kept] = field(default_factory=dict)
    subtree: bool = False
    checked: bool = True
    events: list[tuple[str, Document]] = field(default_factory=list)

    @property
    def at(self) -> str:
        """The instant as it is stored and sent; such texts are ordered as instants are."""
        return instant(self.now)

    def _keep(self, table: dict[Any, Kept], key: Any, document: Document) -> None:
        before = table.get(key)
        version, created = (1, self.at) if before is None else (before.version + 1, before.created)
        table[key] = Kept(document, version, created, self.at)

    # Segments

    def put_segment(self, id: str, body: Document) -> int:
        """Replace a segment completely, or create it."""
        return self._write_segment(id, body)

    def post_segment(self, id: str, body: Document) -> int:
        """Create a segment. What is stored is asked before what is sent: 409 goes before 400."""
        if id in self.segments:
            raise Refused(409)
        return self._write_segment(id, body)

    def patch_segment(self, id: str, changes: Document) -> int:
        """Merge: what is None goes, what is not named stays."""
        if id not in self.segments:
            raise Refused(404)
        self._write_segment(id, merged(self.segments[id].document, changes))
        return 204

    def _write_segment(self, id: str, body: Document) -> int:
        before = self.segments.get(id)
        document = {"status": "INACTIVE", **body}
        version = document.pop("metadata", {}).get("version")
        document.pop("id", None)
        if before is not None and version not in (None, before.version):
            raise Refused(409)
        start, end = window(document)
        if not document.get("name") or document.get("siteCode") not in self.sites or (end and start > end):
            raise Refused(400)
        self._keep(self.segments, id, document)
        view = {"id": id, **self.segments[id].view()}
        if before is None:
            self.emit("segment-created", **without(view, "mixins"))
        elif before.document != document:
            self.emit("segment-updated", **view, previousStatus=before.document["status"])
        return 201 if before is None else 204

    def delete_segment(self, id: str, *, force: bool) -> int:
        """Delete a segment; one with assignments only by force, and then these as well."""
        if id not in self.segments:
            raise Refused(404)
        members = [key for key in self.members if key[0] == id]
        items = [key for key in self.items if key[0] == id]
        if (any(map(self.counts, members)) or items) and not force:
            raise Refused(400)
        self._drop_members(members)
        self._drop_items(items)
        del self.segments[id]
        self.emit("segment-deleted", id=id)
        return 204

    # Assignments

    def put_member(self, segment: str, customer: str, entity: str, body: Document) -> int:
        """Assign a customer for himself (entity "") or for a legal entity, both of which must exist.

        He is assigned for good, even if the membership was one that ends.
        """
        self.needs(segment)
        unknown = customer not in self.customers or (entity != "" and entity not in self.entities)
        key = (segment, customer, entity)
        if not (unknown and self.checked):
            self.purge([key])
        code = self._assign("customer", self.members, key, body, unknown, self.member_view)
        self.ends.pop(key, None)
        return code

    def put_item(self, segment: str, type: str, id: str, body: Document) -> int:
        """Assign a product or a category, which must exist."""
        self.needs(segment)
        unknown = id not in (self.products if type == "PRODUCT" else self.categories)
        return self._assign("item", self.items, (segment, type, id), body, unknown, self.item_view)

    def _assign(
        self,
        what: str,
        table: dict[tuple[str, str, str], Kept],
        key: tuple[str, str, str],
        body: Document,
        unknown: bool,
        view: Callable[[tuple[str, str, str]], Document],
    ) -> int:
        before = table.get(key)
        document = {name: value for name, value in body.items() if name == "mixins"}
        version = body.get("metadata", {}).get("version")
        if before is not None and version not in (None, before.version):
            raise Refused(409)
        if unknown and self.checked:
            raise Refused(400)
        self._keep(table, key, document)
        happened = "created" if before is None else "updated"
        if before is None or before.document != document:
            self.emit(f"{what}-assignment-{happened}", **{"segmentId": key[0], **view(key)})
        return 201 if before is None else 204

    def delete_member(self, segment: str, customer: str, entity: str) -> int:
        """Remove a customer."""
        self.needs(segment)
        if not self.counts((segment, customer, entity)):
            raise Refused(404)
        self._drop_members([(segment, customer, entity)])
        return 204

    def delete_item(self, segment: str, type: str, id: str) -> int:
        """Remove an item."""
        self.needs(segment)
        if (segment, type, id) not in self.items:
            raise Refused(404)
        self._drop_items([(segment, type, id)])
        return 204

    def needs(self, segment: str) -> None:
        """Refuse what is asked of a segment that is not there."""
        if segment not in self.segments:
            raise Refused(404)

    def counts(self, member: tuple[str, str, str]) -> bool:
        """Whether there is such a membership that has not ended."""
        return member in self.members and not self.ends.get(member, "9999") <= self.at

    def purge(self, members: Iterable[tuple[str, str, str]]) -> None:
        """A write takes away what has ended; a bulk does so whatever becomes of its entries."""
        met = {key for key in members if key in self.members and not self.counts(key)}
        self._drop_members(met, "expired")

    def _drop_members(self, keys: Iterable[tuple[str, str, str]], how: str = "deleted") -> None:
        for segment, customer, entity in list(keys):
            del self.members[segment, customer, entity]
            self.ends.pop((segment, customer, entity), None)
            party = {"legalEntityId": entity} if entity else {}
            self.emit(f"customer-assignment-{how}", segmentId=segment, customerId=customer, **party)

    def _drop_items(self, keys: Iterable[tuple[str, str, str]]) -> None:
        for segment, type, id in list(keys):
            del self.items[segment, type, id]
            self.emit("item-assignment-deleted", segmentId=segment, type=type, itemId=id)

    def member_view(self, key: tuple[str, str, str]) -> Document:
        """A customer assignment with the names of now."""
        _, customer, entity = key
        view = {"customer": {"id": customer, **self.customers.get(customer, {})}, "assignmentType": "MANUAL"}
        if entity:
            known = {"name": self.entities[entity][0]} if entity in self.entities else {}
            view["legalEntity"] = {"id": entity, **known}
        return {**view, **self.members[key].view()}

    def item_view(self, key: tuple[str, str, str]) -> Document:
        """An item assignment with the code and name of now."""
        segment, type, id = key
        item: Document = {"id": id}
        if type == "PRODUCT" and id in self.products:
            item |= {"code": f"C-{id}", "name": texts(self.products[id])}
        elif type == "CATEGORY" and id in self.categories:
            item |= {"code": f"cat-{id}", "name": texts(self.categories[id].name)}
        return {"segmentId": segment, "item": item, "type": type, **self.items[key].view()}

    def emit(self, type: str, /, **payload: Any) -> None:
        """Note an event of the segment service."""
        self.events.append((f"customer-segment.{type}", payload))

    # What segments refer to

    def delete_customer(self, id: str) -> int:
        """A customer goes with his contact assignments and memberships."""
        if id not in self.customers:
            raise Refused(404)
        del self.customers[id]
        self.contacts = {pair for pair in self.contacts if pair[0] != id}
        self._drop_members([key for key in self.members if key[1] == id])
        return 202

    def delete_entity(self, id: str) -> int:
        """A legal entity goes with all below it, with their contact assignments and memberships."""
        if id not in self.entities:
            raise Refused(404)
        for below in [each for each, (_, parent) in self.entities.items() if parent == id]:
            self.delete_entity(below)
        del self.entities[id]
        self.contacts = {pair for pair in self.contacts if pair[1] != id}
        self._drop_members([key for key in self.members if key[2] == id])
        return 204

    def add_contact(self, customer: str, entity: str | None) -> None:
        """Who acts for a subsidiary acts for those above it too, as far as nobody set it otherwise."""
        while entity is not None:
            self.contacts.add((customer, entity))
            entity = self.entities[entity][1]

    def delete_contact(self, customer: str, entity: str) -> int:
        """Who no longer acts for a legal entity has no memberships for it."""
        self.contacts.remove((customer, entity))
        self._drop_members([key for key in self.members if key[1:] == (customer, entity)])
        return 204

    def delete_product(self, id: str) -> int:
        """A product goes with its places in categories and segments."""
        if id not in self.products:
            raise Refused(404)
        del self.products[id]
        self.homes = {home for home in self.homes if home[1] != id}
        self._drop_items([key for key in self.items if key[1:] == ("PRODUCT", id)])
        return 204

    def put_category(self, id: str, category: Category) -> int:
        """A category may not lie in itself, nor in what does not exist."""
        parent = category.parent
        if parent is not None and (parent not in self.categories or id in self.above(parent)):
            raise Refused(400)
        code = 204 if id in self.categories else 201
        self.categories[id] = category
        return code

    def delete_category(self, id: str, *, below: bool) -> int:
        """A category goes alone, whereupon its children are roots, or with all below it."""
        if id not in self.categories:
            raise Refused(404)
        for child in [each for each, category in self.categories.items() if category.parent == id]:
            if below:
                self.delete_category(child, below=True)
            else:
                old = self.categories[child]
                self.categories[child] = Category(None, old.published, old.position, old.name)
        del self.categories[id]
        self.homes = {home for home in self.homes if home[0] != id}
        self._drop_items([key for key in self.items if key[1:] == ("CATEGORY", id)])
        return 204

    def above(self, id: str) -> list[str]:
        """A category and its ancestors, the root last."""
        path = [id]
        while (parent := self.categories[path[-1]].parent) is not None:
            path.append(parent)
        return path

    def categorise(self, category: str, product: str) -> int:
        """Put a product into a category."""
        if category not in self.categories:
            raise Refused(404)
        if product not in self.products and self.checked:
            raise Refused(400)
        code = 204 if (category, product) in self.homes else 201
        self.homes.add((category, product))
        return code

    def uncategorise(self, category: str, product: str) -> int:
        """Take a product out of a category."""
        if (category, product) not in self.homes:
            raise Refused(404)
        self.homes.remove((category, product))
        return 204

    def delete_site(self, code: str) -> int:
        """A site that segments stand on stays, and so does the default one."""
        if code not in self.sites:
            raise Refused(404)
        used = any(kept.document["siteCode"] == code for kept in self.segments.values())
        if used or code == self.default_site:
            raise Refused(400)
        self.sites.remove(code)
        return 204

    def put_coupon(self, code: str, segments: set[str]) -> int:
        """A coupon for segments that exist, or that it was for before."""
        new = segments - self.coupons.get(code, set())
        if self.checked and not new <= set(self.segments):
            raise Refused(400)
        answer = 200 if code in self.coupons else 201
        self.coupons[code] = segments
        return answer

    def delete_coupon(self, code: str) -> int:
        """A coupon goes."""
        del self.coupons[code]
        return 204


def texts(name: str) -> Document:
    """A name in the tenant's languages, whose orders differ."""
    return {"en": name, "de": name[::-1]}


def instant(at: datetime) -> str:
    """`2026-01-02T03:04:05.678Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def window(document: Document) -> tuple[str, str | None]:
    """From when (a missing bound is before everything) until when a segment is valid."""
    validity = document.get("validity", {})
    return validity.get("from", ""), validity.get("to")


def merged(document: Document, changes: Document) -> Document:
    """A merge patch (RFC 7396)."""
    result = dict(document)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            kept = result.get(name)
            result[name] = merged(kept if isinstance(kept, dict) else {}, value)
        else:
            result[name] = value
    return result


def without(document: Document, name: str) -> Document:
    """The document without one field."""
    return {key: value for key, value in document.items() if key != name}


def code(change: Callable[..., int], *arguments: Any, **named: Any) -> int:
    """What an item of a bulk is answered."""
    try:
        return change(*arguments, **named)
    except Refused as refusal:
        return refusal.code
