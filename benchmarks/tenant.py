"""The rows of a made-up tenant of any size: the same for the same size and seed, sorted by each table's key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from sqlalchemy import Table

from benchmarks.shape import (
    CATEGORIES_OF_SEGMENT,
    CHILDREN,
    COMPANY_EVERY,
    LARGE_TREE,
    LEAVES,
    SEGMENTS_OF_COUPON,
    TREE,
    Size,
    category_id,
    company_id,
    coupon_code,
    customer_id,
    entity_id,
    home_of,
    items_of,
    large_id,
    large_path,
    product_id,
    segment_id,
    segments_of,
)
from coterie.kit import tables as kit
from coterie.services.category import tables as categories
from coterie.services.coupon import tables as coupons
from coterie.services.customer import tables as customers
from coterie.services.customer_management import tables as companies
from coterie.services.customer_segment import tables as segments
from coterie.services.iam import tables as iam
from coterie.services.product import tables as products
from coterie.services.site import tables as sites

SITE = "main"
_AT = "2026-01-02T03:04:05.678Z"
_SINCE = "2024-01-01T00:00:00.000Z"
# Whoever writes past the API stamps what is kept in memory: the items and the trees.
_STAMP = "generated"
_NOTHING: dict[str, Any] = {}
_DOC = {"version": 1, "created_at": _AT, "modified_at": _AT}

Row = dict[str, Any]


def contents(size: Size) -> list[tuple[Table, int, Iterable[Row]]]:
    """Every table with the number of its rows and the rows, without their tenant."""
    return [
        (kit.tenant, 1, [_tenant()]),
        (sites.site, 1, [_site()]),
        (companies.legal_entity, size.companies, _legal_entities(size)),
        (companies.contact, size.contacts, _contacts(size)),
        (iam.contact, size.contacts, _companies(size)),
        (customers.customer, size.customers, _customers(size)),
        (customers.email, size.customers, _emails(size)),
        (customers.company, size.contacts, _companies(size)),
        (customers.number, 1, [{"value": int(customer_id(size.customers - 1))}]),
        (products.product, size.products, _products(size)),
        (categories.category, size.trees * TREE + LARGE_TREE, _categories(size)),
        (
            categories.closure,
            size.trees * (1 + 2 * CHILDREN + 3 * LEAVES) + sum(len(large_path(n)) for n in range(LARGE_TREE)),
            _closure(size),
        ),
        (categories.stamp, 1, [{"stamp": _STAMP}]),
        (categories.assignment, size.products, _assignments(size)),
        (products.product_category, size.products, _product_categories(size)),
        (segments.segment, size.segments, _segments(size)),
        (segments.tree, 1, [{"stamp": _STAMP}]),
        (segments.item, size.segments * size.items_of_segment, _items(size)),
        (
            categories.segment_link,
            size.segments * CATEGORIES_OF_SEGMENT,
            _links(size, "CATEGORY"),
        ),
        (
            products.product_segment,
            size.segments * (size.items_of_segment - CATEGORIES_OF_SEGMENT),
            _links(size, "PRODUCT"),
        ),
        (segments.member, size.customers * size.segments_of_customer, _members(size)),
        (segments.count, size.segments * 3, _counts(size)),
        (coupons.coupon, size.coupons, _coupons(size)),
        (segments.use, size.segments, _uses(size)),
    ]


def _tenant() -> Row:
    return {
        "languages": ["en", "de"],
        "default_language": "en",
        "currency": "EUR",
        "settings": {},
        "created_at": _AT,
    }


def _site() -> Row:
    doc = {
        "name": "Main",
        "defaultLanguage": "en",
        "languages": ["en", "de"],
        "currency": "EUR",
        "homeBase": {"address": {"zipCode": "70173", "country": "DE"}, "timezone": "Europe/Berlin"},
        "shipToCountries": ["DE"],
        "availableCurrencies": ["EUR"],
        "includesTax": True,
    }
    return {"code": SITE, "active": True, "is_default": True, "doc": doc, **_DOC}


def _legal_entities(size: Size) -> Iterator[Row]:
    for number in range(size.companies):
        yield {
            "id": company_id(number),
            "name": f"Company {number}",
            "type": "COMPANY",
            "doc": _NOTHING,
            **_DOC,
        }


def _contacts(size: Size) -> Iterator[Row]:
    for number in range(0, size.customers, COMPANY_EVERY):
        ids = {"legal_entity_id": entity_id(number), "customer_id": customer_id(number)}
        yield {
            "id": f"contact-{number:08}",
            **ids,
            "type": "PRIMARY",
            "is_primary": True,
            "doc": _NOTHING,
            **_DOC,
        }


def _customers(size: Size) -> Iterator[Row]:
    doc = {"preferredLanguage": "en", "preferredCurrency": "EUR", "preferredSite": SITE}
    for number in range(size.customers):
        yield {
            "id": customer_id(number),
            "first_name": f"First{number % 997}",
            "last_name": f"Last{number % 9973}",
            "contact_email": _email(number),
            "active": True,
            "on_hold": False,
            "doc": doc,
            **_DOC,
        }


def _email(number: int) -> str:
    return f"{customer_id(number)}@example.com"


def _emails(size: Size) -> Iterator[Row]:
    for number in range(size.customers):
        address = {"folded": _email(number), "customer_id": customer_id(number), "email": _email(number)}
        yield {**address, "login": True, "initial_password": True, "created_at": _AT}


def _companies(size: Size) -> Iterator[Row]:
    for number in range(0, size.customers, COMPANY_EVERY):
        yield {"customer_id": customer_id(number), "legal_entity_id": entity_id(number)}


def _products(size: Size) -> Iterator[Row]:
    for number in range(size.products):
        name = {"en": f"Cordless drill driver {number}", "de": f"Akku-Bohrschrauber {number}"}
        doc = {"productType": "BASIC", "description": {"en": "With two gears.", "de": "Mit zwei Gängen."}}
        yield {
            "id": product_id(number),
            "code": f"P-{number:06}",
            "name": name,
            "published": True,
            "doc": doc,
            **_DOC,
        }


def _paths(size: Size) -> Iterator[tuple[int, list[int]]]:
    """Every category with its ancestors, nearest first."""
    for root in range(0, size.trees * TREE, TREE):
        yield root, []
        for child in range(CHILDREN):
            yield root + 1 + child, [root]
        for leaf in range(LEAVES):
            yield root + 1 + CHILDREN + leaf, [root + 1 + leaf // (LEAVES // CHILDREN), root]


def _categories(size: Size) -> Iterator[Row]:
    for number, ancestors in _paths(size):
        parent = category_id(ancestors[0]) if ancestors else None
        yield _category(category_id(number), parent, number, number % TREE)
    for number in range(LARGE_TREE):
        path = large_path(number)
        yield _category(large_id(number), large_id(path[1]) if number else None, number, number)


def _category(id: str, parent_id: str | None, number: int, position: int) -> Row:
    return {
        "id": id,
        "parent_id": parent_id,
        "code": id.upper(),
        "code_folded": id,
        "name": {"en": f"Category {number}", "de": f"Kategorie {number}"},
        "position": position,
        "published": True,
        "doc": {"localizedSlug": {"en": id, "de": id}},
        **_DOC,
    }


def _closure(size: Size) -> Iterator[Row]:
    for number, ancestors in _paths(size):
        yield from _ways(category_id, [number, *ancestors])
    for number in range(LARGE_TREE):
        yield from _ways(large_id, large_path(number))


def _ways(name: Callable[[int], str], path: list[int]) -> Iterator[Row]:
    for depth, ancestor in sorted(enumerate(path), key=lambda pair: pair[1]):
        yield {"category_id": name(path[0]), "ancestor_id": name(ancestor), "depth": depth}


def _assignments(size: Size) -> list[Row]:
    pairs = sorted((home_of(size, product), product) for product in range(size.products))
    return [
        {
            "category_id": category_id(home),
            "ref_type": "PRODUCT",
            "ref_id": product_id(product),
            "id": f"assignment-{product:06}",
            "created_at": _AT,
        }
        for home, product in pairs
    ]


def _product_categories(size: Size) -> Iterator[Row]:
    for product in range(size.products):
        yield {"product_id": product_id(product), "category_id": category_id(home_of(size, product))}


def _segments(size: Size) -> Iterator[Row]:
    for number in range(size.segments):
        windowed = number % 2 == 0
        doc: Row = {"name": {"en": f"Segment {number}", "de": f"Segment {number}"}}
        if windowed:
            doc["validity"] = {"from": _SINCE}
        yield {
            "id": segment_id(number),
            "status": "ACTIVE",
            "site_code": SITE,
            "valid_from": _SINCE if windowed else None,
            "items_stamp": _STAMP,
            "doc": doc,
            **_DOC,
        }


def _items(size: Size) -> Iterator[Row]:
    for number in range(size.segments):
        for type_, id in items_of(size, number):
            yield {"segment_id": segment_id(number), "type": type_, "item_id": id, "doc": _NOTHING, **_DOC}


def _links(size: Size, wanted: str) -> Iterator[Row]:
    """The copies of the item assignments that products and categories keep, each in the order of its key."""
    pairs = [
        (id, segment_id(number))
        for number in range(size.segments)
        for type_, id in items_of(size, number)
        if type_ == wanted
    ]
    if wanted == "CATEGORY":
        return ({"segment_id": segment, "category_id": id} for id, segment in pairs)
    return ({"product_id": id, "segment_id": segment} for id, segment in sorted(pairs))


def _members(size: Size) -> Iterator[Row]:
    for number in range(size.customers):
        key = {"customer_id": customer_id(number), "legal_entity_id": entity_id(number)}
        for segment in segments_of(size, number):
            yield {
                **key,
                "segment_id": segment_id(segment),
                "assignment_type": "MANUAL",
                "doc": _NOTHING,
                **_DOC,
            }


def _counts(size: Size) -> Iterator[Row]:
    """The counters that the service keeps, each in one shard."""
    members = Counter(chain.from_iterable(segments_of(size, number) for number in range(size.customers)))
    for number in range(size.segments):
        kinds = {
            "CATEGORY": CATEGORIES_OF_SEGMENT,
            "CUSTOMER": members[number],
            "PRODUCT": size.items_of_segment - CATEGORIES_OF_SEGMENT,
        }
        for kind, count in kinds.items():
            yield {"segment_id": segment_id(number), "kind": kind, "shard": 0, "number": count}


def _uses(size: Size) -> Iterator[Row]:
    for number in range(size.segments):
        coupon = number // SEGMENTS_OF_COUPON
        user = {"kind": "COUPON", "user_id": coupon_code(coupon), "name": _coupon_name(coupon)}
        yield {"segment_id": segment_id(number), **user}


def _coupon_name(number: int) -> str:
    return f"Ten percent {number}"


def _coupons(size: Size) -> Iterator[Row]:
    for number in range(size.coupons):
        first = number * SEGMENTS_OF_COUPON
        ids = [segment_id(each) for each in range(first, min(first + SEGMENTS_OF_COUPON, size.segments))]
        doc = {
            "discountType": "PERCENT",
            "discountCalculationType": "SUBTOTAL",
            "allowAnonymous": False,
            "maxRedemptionsPerCustomer": -1,
            "categoryRestricted": False,
            "segmentRestricted": True,
            "name": _coupon_name(number),
            "discountPercentage": 10,
            "restrictions": {"validFrom": _SINCE, "segments": ids},
        }
        metadata = {**_DOC, "version": 0}
        yield {
            "code": coupon_code(number),
            "valid_from": _SINCE,
            "max_redemptions": -1,
            "doc": doc,
            **metadata,
        }
