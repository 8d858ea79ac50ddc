"""What each read of customer segments answers to whom, by the model: the second half of the oracle."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from services.customer_segment.model import Document, Model, Refused, texts, window

READ, OWN, MANAGE = "segment_read", "segment_read_own", "segment_manage"


@dataclass(frozen=True)
class Caller:
    """Who asks: a service, or a customer who may act for a legal entity."""

    name: str
    scopes: frozenset[str]
    customer: str | None = None
    entity: str | None = None

    def needs(self, *scopes: str) -> None:
        """Refuse a caller who has none of the scopes."""
        if self.scopes.isdisjoint(scopes):
            raise Refused(403)

    @property
    def reads_all(self) -> bool:
        """Of two read scopes the broader wins."""
        return READ in self.scopes


def active(model: Model, segment: str) -> bool:
    """Whether a segment is active now: `from` is inside its window, `to` is not."""
    document = model.segments[segment].document
    start, end = window(document)
    return document["status"] == "ACTIVE" and start <= model.at and (end is None or model.at < end)


def segments_of(model: Model, customer: str | None, token: str | None, asked: str | None) -> set[str]:
    """The segments of a customer, active or not.

    For the entity of his token, else the one asked for if he has several, else his only one; beside it, always,
    those that he is in for himself. Of several with none chosen, those of all.
    """
    return {segment for segment, _, _ in _memberships(model, customer, token, asked)}


def _memberships(
    model: Model, customer: str | None, token: str | None, asked: str | None
) -> set[tuple[str, str, str]]:
    counting = filter(model.counts, model.members)
    return {key for key in counting if key[1] == customer and acts_for(model, customer, key[2], token, asked)}


def acts_for(model: Model, customer: str | None, entity: str, token: str | None, asked: str | None) -> bool:
    """Whether a customer who asks for himself, or for this or that entity, has what he has for `entity`."""
    mine = {each for who, each in model.contacts if who == customer}
    chosen = token
    if chosen is None:
        chosen = asked if len(mine) > 1 else next(iter(mine), "")
    return chosen is None or entity in (chosen, "")


def shown(model: Model, caller: Caller, asked: str | None) -> set[str]:
    """The segments that a caller may see: all, or the active ones he is in."""
    if caller.reads_all:
        return set(model.segments)
    mine = segments_of(model, caller.customer, caller.entity, asked)
    return {segment for segment in mine if active(model, segment)}


def _one(model: Model, caller: Caller, segment: str, asked: str | None) -> str:
    if segment not in model.segments or segment not in shown(model, caller, asked):
        raise Refused(404)
    return segment


def segments(
    model: Model, caller: Caller, asked: str | None, customer: str | None, status: str | None
) -> list[Document]:
    """GET and search of segments, `q` being for one status."""
    caller.needs(READ, OWN)
    if customer is not None:
        caller.needs(READ)
        found = segments_of(model, customer, None, asked)
    else:
        found = shown(model, caller, asked)
    views = [{"id": id, **model.segments[id].view()} for id in sorted(found)]
    return [view for view in views if status in (None, view["status"])]


def segment(model: Model, caller: Caller, id: str, asked: str | None) -> Document:
    """GET of one segment."""
    caller.needs(READ, OWN)
    return {"id": id, **model.segments[_one(model, caller, id, asked)].view()}


def customers(model: Model, caller: Caller, segment: str, asked: str | None) -> list[Document]:
    """GET of a segment's customers: all, or the caller's own assignments."""
    caller.needs(READ, OWN)
    _one(model, caller, segment, asked)
    keys = sorted(key for key in model.members if key[0] == segment and model.counts(key))
    if not caller.reads_all:
        mine = _memberships(model, caller.customer, caller.entity, asked)
        keys = [key for key in keys if key in mine]
    return [model.member_view(key) for key in keys]


def all_customers(model: Model, caller: Caller, segment: str) -> list[Document]:
    """Search of a segment's customers, which only readers may."""
    caller.needs(READ)
    return customers(model, caller, segment, None)


def customer(model: Model, caller: Caller, segment: str, who: str, entity: str) -> Document:
    """GET of one customer assignment."""
    caller.needs(READ)
    if not model.counts((segment, who, entity)):
        raise Refused(404)
    return model.member_view((segment, who, entity))


def items(model: Model, caller: Caller, segment: str, asked: str | None, type: str | None) -> list[Document]:
    """GET and search of a segment's items."""
    caller.needs(READ, OWN)
    return _items(model, {_one(model, caller, segment, asked)}, type)


def item(model: Model, caller: Caller, segment: str, type: str, id: str, asked: str | None) -> Document:
    """GET of one item assignment."""
    caller.needs(READ, OWN)
    _one(model, caller, segment, asked)
    if (segment, type, id) not in model.items:
        raise Refused(404)
    return model.item_view((segment, type, id))


def all_items(
    model: Model,
    caller: Caller,
    asked: str | None,
    site: str | None,
    type: str | None,
    only_active: bool,
) -> list[Document]:
    """The items of all segments; a customer gets those of active segments, always."""
    caller.needs(READ, OWN)
    found = shown(model, caller, asked)
    if only_active or caller.customer is not None:
        found = {segment for segment in found if active(model, segment)}
    return _items(model, at_site(model, found, site), type)


def at_site(model: Model, segments: Collection[str], site: str | None) -> set[str]:
    """Those of the segments that stand on the site."""
    return {id for id in segments if site in (None, model.segments[id].document["siteCode"])}


def _items(model: Model, segments: Collection[str], type: str | None) -> list[Document]:
    keys = sorted(key for key in model.items if key[0] in segments)
    return [model.item_view(key) for key in keys if type in (None, key[1])]


def _covered(model: Model, segments: Collection[str]) -> set[str]:
    """The categories that segments cover: the assigned ones, and those below where the tenant wants it."""
    direct = {id for segment, type, id in model.items if type == "CATEGORY" and segment in segments}
    if not model.subtree:
        return direct
    return {id for id in model.categories if not direct.isdisjoint(model.above(id))}


def category_trees(model: Model, caller: Caller, asked: str | None, site: str | None) -> list[Document]:
    """The covered categories below their ancestors; what is unpublished hides all that lies below it."""
    caller.needs(OWN)
    mine = segments_of(model, caller.customer, caller.entity, asked)
    covered = _covered(model, at_site(model, {id for id in mine if active(model, id)}, site))
    kept: set[str] = set()
    for id in covered & set(model.categories):
        path = model.above(id)
        if all(model.categories[each].published for each in path):
            kept |= set(path)
    return list(_nodes(model, kept, covered, None))


def _nodes(model: Model, kept: set[str], covered: set[str], parent: str | None) -> Iterator[Document]:
    level = [id for id in kept if model.categories[id].parent == parent]
    for id in sorted(level, key=lambda id: (model.categories[id].position, id)):
        category = model.categories[id]
        node: Document = {
            "id": id,
            "code": f"cat-{id}",
            "name": texts(category.name),
            "position": category.position,
            "published": True,
            "isSegmentAssigned": id in covered,
        }
        if parent is not None:
            node["parentId"] = parent
        below = list(_nodes(model, kept, covered, id))
        yield {**node, "subcategories": below} if below else node


def match(
    model: Model, caller: Caller, site: str, segment_ids: Collection[str], product_ids: Collection[str]
) -> list[Document]:
    """Those of the products that the active ones of these segments cover, in the order asked, each once."""
    caller.needs(MANAGE)
    named = {id for id in segment_ids if id in model.segments and active(model, id)}
    meant = at_site(model, named, site)
    covered = _covered(model, meant)
    direct = {id for segment, type, id in model.items if type == "PRODUCT" and segment in meant}
    by_category = {product for category, product in model.homes if category in covered}
    return [{"id": id} for id in dict.fromkeys(product_ids) if id in direct | by_category]


def product_links(model: Model, id: str) -> Document:
    """A product's derived fields: the segments and categories it is in, whatever their state."""
    if id not in model.products:
        raise Refused(404)
    return {
        "customerSegmentIds": sorted(
            segment for segment, type, item in model.items if (type, item) == ("PRODUCT", id)
        ),
        "categoryIds": sorted(category for category, product in model.homes if product == id),
    }
