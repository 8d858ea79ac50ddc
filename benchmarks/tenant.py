"""The rows of a made-up tenant of any size: the same for the same size and seed, sorted by each table's key.

Everything is computed from a row's number, so no table needs another in memory, and what a sample customer sees
is known without asking the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from sqlalchemy import Table

from coterie.kit import tables as kit
from coterie.services.category import tables as categories
from coterie.services.coupon import tables as coupons
from coterie.services.customer import tables as customers
from coterie.services.customer_management import tables as companies
from coterie.services.customer_segment import tables as segments
from coterie.services.product import tables as products
from coterie.services.site import tables as sites

SITE = "main"
_AT = "2026-01-02T03:04:05.678Z"
_SINCE = "2024-01-01T00:00:00.000Z"
_CATEGORIES_OF_SEGMENT = 5
# A category tree has a root, its children, and their leaves; products and segments are assigned leaves.
_CHILDREN, _LEAVES = 4, 20
_TREE = 1 + _CHILDREN + _LEAVES
_COMPANY_EVERY = 10
_CONTACTS_OF_COMPANY = 10
SEGMENTS_OF_COUPON = 20
_NOTHING: dict[str, Any] = {}
_DOC = {"version": 1, "created_at": _AT, "modified_at": _AT}

Row = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much of each; `products` and `categories` are what the segments' `items` are taken from.

    Raises ValueError for a size whose customers can't each be in `memberships / customers` segments.
    """

    customers: int
    segments: int
    memberships: int
    items: int
    products: int
    categories: int
    seed: int = 1

    def __post_init__(self) -> None:
        each = self.segments_of_customer
        if each < 1 or self.segments <= each * (each - 1):
            raise ValueError(
                f"{self.segments} segments are too few for {each} of every customer; use more than {each * each}"
            )
        if not _CATEGORIES_OF_SEGMENT < self.items_of_segment <= self.products + _CATEGORIES_OF_SEGMENT:
            raise ValueError(
                f"{self.items_of_segment} items of a segment; use more than {_CATEGORIES_OF_SEGMENT}, "
                f"and at least as many products"
            )

    @property
    def segments_of_customer(self) -> int:
        """How many segments every customer is in."""
        return self.memberships // self.customers

    @property
    def items_of_segment(self) -> int:
        """How many products and categories every segment has."""
        return self.items // self.segments

    @property
    def trees(self) -> int:
        """How many category trees there are."""
        return max(1, self.categories // _TREE)


SIZES = {
    "tiny": Size(200, 50, 1_000, 500, 100, 50),
    "S": Size(20_000, 500, 100_000, 25_000, 2_500, 250),
    "M": Size(200_000, 2_000, 1_000_000, 100_000, 10_000, 1_000),
    "L": Size(2_000_000, 10_000, 10_000_000, 500_000, 50_000, 5_000),
}


@dataclass(frozen=True)
class Shopper:
    """A customer, the legal entity he is a contact of ("" for none), and the segments he is in, in order."""

    customer_id: str
    entity: str
    segments: tuple[str, ...]


def shopper(size: Size, number: int) -> Shopper:
    """The customer with this number, from 0."""
    return Shopper(
        _customer(number), _entity(number), tuple(_segment(each) for each in _segments_of(size, number))
    )


@cache
def sample(size: Size, count: int) -> tuple[Shopper, ...]:
    """`count` customers, or all, from all over the tenant."""
    count = min(count, size.customers)
    return tuple(shopper(size, number * size.customers // count) for number in range(count))


def items(size: Size, segment_id: str) -> list[tuple[str, str]]:
    """Type and id of every item of a segment, in order."""
    return list(_items_of(size, int(segment_id.rpartition("-")[2])))


def coupon(segment_id: str) -> str:
    """The code of the coupon that is for the members of a segment and its neighbours."""
    return _coupon(int(segment_id.rpartition("-")[2]) // SEGMENTS_OF_COUPON)


def contents(size: Size, tenant: str) -> list[tuple[Table, int, Iterable[Row]]]:
    """Every table with the number of its rows and the rows, without their tenant."""
    contacts = len(range(0, size.customers, _COMPANY_EVERY))
    leaves = size.trees * _LEAVES
    return [
        (kit.tenant, 1, [_tenant()]),
        (sites.site, 1, [_site()]),
        (companies.legal_entity, -(-contacts // _CONTACTS_OF_COMPANY), _legal_entities(size)),
        (companies.contact, contacts, _contacts(size)),
        (customers.customer, size.customers, _customers(size)),
        (customers.email, size.customers, _emails(size)),
        (customers.company, contacts, _companies(size)),
        (products.product, size.products, _products(size)),
        (categories.category, size.trees * _TREE, _categories(size)),
        (categories.closure, size.trees * (1 + 2 * _CHILDREN + 3 * _LEAVES), _closure(size)),
        (categories.assignment, size.products, _assignments(size)),
        (products.product_category, size.products, _product_categories(size)),
        (segments.segment, size.segments, _segments(size)),
        (segments.item, size.segments * size.items_of_segment, _items(size)),
        (
            categories.segment_link,
            size.segments * min(_CATEGORIES_OF_SEGMENT, leaves),
            _links(size, "CATEGORY"),
        ),
        (
            products.product_segment,
            size.segments * (size.items_of_segment - _CATEGORIES_OF_SEGMENT),
            _links(size, "PRODUCT"),
        ),
        (segments.member, size.customers * size.segments_of_customer, _members(size)),
        (coupons.coupon, -(-size.segments // SEGMENTS_OF_COUPON), _coupons(size)),
    ]


def _customer(number: int) -> str:
    return str(10_000_000 + number)


def _entity(number: int) -> str:
    return "" if number % _COMPANY_EVERY else _company(number // _COMPANY_EVERY // _CONTACTS_OF_COMPANY)


def _company(number: int) -> str:
    return f"company-{number:06}"


def _segment(number: int) -> str:
    return f"segment-{number:06}"


def _product(number: int) -> str:
    return f"product-{number:06}"


def _category(number: int) -> str:
    return f"category-{number:06}"


def _coupon(number: int) -> str:
    return f"COUPON-{number:04}"


def _segments_of(size: Size, number: int) -> list[int]:
    """Segments far apart from each other, and of different trees, so that sizes differ in nothing but size."""
    # A multiplicative hash: neighbours among the customers are not neighbours among the segments.
    base = ((number + size.seed) * 2_654_435_761 % 2**32) * size.segments >> 32
    step = size.segments // size.segments_of_customer + 1
    return sorted((base + each * step) % size.segments for each in range(size.segments_of_customer))


def _leaf(tree: int, number: int) -> int:
    return tree * _TREE + 1 + _CHILDREN + number % _LEAVES


def _items_of(size: Size, number: int) -> Iterator[tuple[str, str]]:
    tree, first = number % size.trees, number // size.trees
    step = _LEAVES // _CATEGORIES_OF_SEGMENT
    for leaf in sorted(_leaf(tree, first + step * each) for each in range(_CATEGORIES_OF_SEGMENT)):
        yield "CATEGORY", _category(leaf)
    random = Random(size.seed * 1_000_003 + number)
    for product in sorted(
        random.sample(range(size.products), size.items_of_segment - _CATEGORIES_OF_SEGMENT)
    ):
        yield "PRODUCT", _product(product)


def _home(size: Size, product: int) -> int:
    """The category of a product."""
    return _leaf(product % size.trees, product // size.trees)


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
    contacts = len(range(0, size.customers, _COMPANY_EVERY))
    for number in range(-(-contacts // _CONTACTS_OF_COMPANY)):
        yield {
            "id": _company(number),
            "name": f"Company {number}",
            "type": "COMPANY",
            "doc": _NOTHING,
            **_DOC,
        }


def _contacts(size: Size) -> Iterator[Row]:
    for number in range(0, size.customers, _COMPANY_EVERY):
        ids = {"legal_entity_id": _entity(number), "customer_id": _customer(number)}
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
            "id": _customer(number),
            "first_name": f"First{number % 997}",
            "last_name": f"Last{number % 9973}",
            "contact_email": _email(number),
            "active": True,
            "on_hold": False,
            "doc": doc,
            **_DOC,
        }


def _email(number: int) -> str:
    return f"{_customer(number)}@example.com"


def _emails(size: Size) -> Iterator[Row]:
    for number in range(size.customers):
        address = {"folded": _email(number), "customer_id": _customer(number), "email": _email(number)}
        yield {**address, "login": True, "initial_password": True, "created_at": _AT}


def _companies(size: Size) -> Iterator[Row]:
    for number in range(0, size.customers, _COMPANY_EVERY):
        yield {"customer_id": _customer(number), "legal_entity_id": _entity(number)}


def _products(size: Size) -> Iterator[Row]:
    for number in range(size.products):
        name = {"en": f"Cordless drill driver {number}", "de": f"Akku-Bohrschrauber {number}"}
        doc = {"productType": "BASIC", "description": {"en": "With two gears.", "de": "Mit zwei Gängen."}}
        yield {
            "id": _product(number),
            "code": f"P-{number:06}",
            "name": name,
            "published": True,
            "doc": doc,
            **_DOC,
        }


def _paths(size: Size) -> Iterator[tuple[int, list[int]]]:
    """Every category with its ancestors, nearest first."""
    for root in range(0, size.trees * _TREE, _TREE):
        yield root, []
        for child in range(_CHILDREN):
            yield root + 1 + child, [root]
        for leaf in range(_LEAVES):
            yield root + 1 + _CHILDREN + leaf, [root + 1 + leaf // (_LEAVES // _CHILDREN), root]


def _categories(size: Size) -> Iterator[Row]:
    for number, ancestors in _paths(size):
        id, names = _category(number), {"en": f"Category {number}", "de": f"Kategorie {number}"}
        yield {
            "id": id,
            "parent_id": _category(ancestors[0]) if ancestors else None,
            "code": id.upper(),
            "code_folded": id,
            "name": names,
            "position": number % _TREE,
            "published": True,
            "doc": {"localizedSlug": {"en": id, "de": id}},
            **_DOC,
        }


def _closure(size: Size) -> Iterator[Row]:
    for number, ancestors in _paths(size):
        for depth, ancestor in sorted(enumerate((number, *ancestors)), key=lambda pair: pair[1]):
            yield {"category_id": _category(number), "ancestor_id": _category(ancestor), "depth": depth}


def _assignments(size: Size) -> list[Row]:
    pairs = sorted((_home(size, product), product) for product in range(size.products))
    return [
        {
            "category_id": _category(home),
            "ref_type": "PRODUCT",
            "ref_id": _product(product),
            "id": f"assignment-{product:06}",
            "created_at": _AT,
        }
        for home, product in pairs
    ]


def _product_categories(size: Size) -> Iterator[Row]:
    for product in range(size.products):
        yield {"product_id": _product(product), "category_id": _category(_home(size, product))}


def _segments(size: Size) -> Iterator[Row]:
    for number in range(size.segments):
        windowed = number % 2 == 0
        doc: Row = {"name": {"en": f"Segment {number}", "de": f"Segment {number}"}}
        if windowed:
            doc["validity"] = {"from": _SINCE}
        yield {
            "id": _segment(number),
            "status": "ACTIVE",
            "site_code": SITE,
            "valid_from": _SINCE if windowed else None,
            "doc": doc,
            **_DOC,
        }


def _items(size: Size) -> Iterator[Row]:
    for number in range(size.segments):
        for type_, id in _items_of(size, number):
            yield {"segment_id": _segment(number), "type": type_, "item_id": id, "doc": _NOTHING, **_DOC}


def _links(size: Size, wanted: str) -> Iterator[Row]:
    """The copies of the item assignments that products and categories keep, each in the order of its key."""
    pairs = [
        (id, _segment(number))
        for number in range(size.segments)
        for type_, id in _items_of(size, number)
        if type_ == wanted
    ]
    if wanted == "CATEGORY":
        return ({"segment_id": segment, "category_id": id} for id, segment in pairs)
    return ({"product_id": id, "segment_id": segment} for id, segment in sorted(pairs))


def _members(size: Size) -> Iterator[Row]:
    for number in range(size.customers):
        key = {"customer_id": _customer(number), "legal_entity_id": _entity(number)}
        for segment in _segments_of(size, number):
            yield {
                **key,
                "segment_id": _segment(segment),
                "assignment_type": "MANUAL",
                "doc": _NOTHING,
                **_DOC,
            }


def _coupons(size: Size) -> Iterator[Row]:
    for number in range(-(-size.segments // SEGMENTS_OF_COUPON)):
        first = number * SEGMENTS_OF_COUPON
        ids = [_segment(each) for each in range(first, min(first + SEGMENTS_OF_COUPON, size.segments))]
        doc = {
            "discountType": "PERCENT",
            "discountCalculationType": "SUBTOTAL",
            "allowAnonymous": False,
            "maxRedemptionsPerCustomer": -1,
            "categoryRestricted": False,
            "segmentRestricted": True,
            "name": f"Ten percent {number}",
            "discountPercentage": 10,
            "restrictions": {"validFrom": _SINCE, "segments": ids},
        }
        metadata = {**_DOC, "version": 0}
        yield {"code": _coupon(number), "valid_from": _SINCE, "max_redemptions": -1, "doc": doc, **metadata}
