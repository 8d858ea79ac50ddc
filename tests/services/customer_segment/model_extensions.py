"""What is answered beyond the reference, by the model: counts, uses, explanations; and whom a coupon is for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from services.customer_segment.model import Document, Model, Refused, texts, window
from services.customer_segment.model_reads import READ, Caller, active, acts_for, segments_of


def counts(model: Model, caller: Caller, ids: Collection[str] | None) -> list[Document]:
    """How much each segment has, or each of those asked for."""
    caller.needs(READ)
    return [_count(model, id) for id in sorted(model.segments) if ids is None or id in ids]


def count(model: Model, caller: Caller, id: str) -> Document:
    """How much one segment has."""
    caller.needs(READ)
    model.needs(id)
    return _count(model, id)


def _count(model: Model, id: str) -> Document:
    types = [type for segment, type, _ in model.items if segment == id]
    return {
        "segmentId": id,
        "members": sum(key[0] == id and model.counts(key) for key in model.members),
        "products": types.count("PRODUCT"),
        "categories": types.count("CATEGORY"),
    }


def uses(model: Model, caller: Caller, id: str) -> list[Document]:
    """The coupons that name a segment."""
    caller.needs(READ)
    model.needs(id)
    return [
        {"kind": "COUPON", "id": code, "name": f"Coupon {code}"}
        for code, segments in sorted(model.coupons.items())
        if id in segments
    ]


def explanation(
    model: Model, caller: Caller, customer: str, asked: str | None, site: str | None
) -> list[Document]:
    """Every segment, with what keeps a customer out of it."""
    caller.needs(READ)
    if customer not in model.customers and model.checked:
        raise Refused(404)
    return [_explained(model, id, customer, asked, site) for id in sorted(model.segments)]


def _explained(model: Model, id: str, customer: str, asked: str | None, site: str | None) -> Document:
    document, reasons = model.segments[id].document, []
    start, end = window(document)
    if document["status"] != "ACTIVE":
        reasons.append({"code": "INACTIVE"})
    if start > model.at:
        reasons.append({"code": "NOT_YET_VALID", "at": start})
    if end is not None and end <= model.at:
        reasons.append({"code": "EXPIRED", "at": end})
    if site not in (None, document["siteCode"]):
        reasons.append({"code": "OTHER_SITE", "siteCode": document["siteCode"]})
    if id not in segments_of(model, customer, None, asked):
        reasons += _outside(model, id, customer, asked)
    return {"segmentId": id, "in": not reasons, "reasons": reasons}


def _outside(model: Model, id: str, customer: str, asked: str | None) -> list[Document]:
    """Why none of a customer's memberships of a segment counts for him."""
    his = [key for key in model.members if key[:2] == (id, customer)]
    others = sorted(key[2] for key in his if model.counts(key))
    ended = [key for key in his if not model.counts(key) and acts_for(model, customer, key[2], None, asked)]
    reasons: list[Document] = []
    if ended:
        reasons.append({"code": "MEMBERSHIP_EXPIRED", "at": max(model.ends[key] for key in ended)})
    if others:
        reasons.append({"code": "OTHER_LEGAL_ENTITY", "legalEntityIds": others})
    return reasons or [{"code": "NOT_A_MEMBER"}]


def product_explanation(
    model: Model, caller: Caller, customer: str, product: str, asked: str | None, site: str | None
) -> Document:
    """The segments that have a product, each with the ways in which it does."""
    explained = explanation(model, caller, customer, asked, site)
    if product not in model.products and model.checked:
        raise Refused(404)
    having = [each | {"ways": _ways(model, each["segmentId"], product)} for each in explained]
    having = [each for each in having if each["ways"]]
    return {"visible": any(each["in"] for each in having), "segments": having}


def _ways(model: Model, segment: str, product: str) -> list[Document]:
    ways: list[Document] = [{"by": "PRODUCT"}] if (segment, "PRODUCT", product) in model.items else []
    assigned = sorted(id for where, type, id in model.items if (where, type) == (segment, "CATEGORY"))
    homes = sorted(category for category, inside in model.homes if inside == product)
    for id in assigned:
        for home in homes:
            above = model.above(home)
            if id in above if model.subtree else id == home:
                path = [{"id": each, "name": texts(model.categories[each].name)} for each in reversed(above)]
                ways.append({"by": "CATEGORY", "categoryId": id, "path": path})
    return ways


def coupon_for(model: Model, caller: Caller, code: str, asked: str | None) -> None:
    """Whether a customer is in one of a coupon's segments, for himself or for a legal entity that he acts for."""
    if code not in model.coupons:
        raise Refused(404)
    mine = {entity for who, entity in model.contacts if who == caller.customer}
    acts_for = mine if caller.entity is None else {caller.entity}
    if asked is not None and asked not in acts_for:
        raise Refused(400)
    entity = asked or (next(iter(acts_for)) if len(acts_for) == 1 else None)
    found = segments_of(model, caller.customer, entity, None) & model.coupons[code]
    if not any(active(model, id) for id in found):
        raise Refused(400)


def wordless(answer: Any) -> Any:
    """An explanation without its sentences."""
    if isinstance(answer, list):
        return [wordless(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    return {name: wordless(value) for name, value in answer.items() if name != "message"}
