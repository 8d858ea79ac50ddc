"""The shape of a made-up tenant: its sizes, its ids, and who is in which segment with which items.

Everything is computed from a number, so that what a sample customer sees is known without asking the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

CATEGORIES_OF_SEGMENT = 5
SEGMENTS_OF_COUPON = 20
# A category tree has a root, its children, and their leaves; products and segments are assigned leaves.
CHILDREN, LEAVES = 4, 20
TREE = 1 + CHILDREN + LEAVES
# Besides, at every size, one large tree that nothing is assigned to: every category of it has so many children.
LARGE_TREE, LARGE_FAN = 5_000, 8
# Every tenth customer is the contact of a company, which has ten.
COMPANY_EVERY = 10
_CONTACTS_OF_COMPANY = 10


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
        if not CATEGORIES_OF_SEGMENT < self.items_of_segment <= self.products + CATEGORIES_OF_SEGMENT:
            raise ValueError(
                f"{self.items_of_segment} items of a segment; use more than {CATEGORIES_OF_SEGMENT}, "
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
    def companies(self) -> int:
        """How many legal entities there are."""
        return -(-self.contacts // _CONTACTS_OF_COMPANY)

    @property
    def contacts(self) -> int:
        """How many customers are contacts of one."""
        return -(-self.customers // COMPANY_EVERY)

    @property
    def coupons(self) -> int:
        """How many coupons there are."""
        return -(-self.segments // SEGMENTS_OF_COUPON)

    @property
    def trees(self) -> int:
        """How many category trees there are."""
        return max(1, self.categories // TREE)


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

    @property
    def some_segment(self) -> str:
        """One of his segments; of many customers it is any of the tenant's."""
        return self.segments[int(self.customer_id) % len(self.segments)]


def shopper(size: Size, number: int) -> Shopper:
    """The customer with this number, from 0."""
    return Shopper(
        customer_id(number), entity_id(number), tuple(segment_id(each) for each in segments_of(size, number))
    )


@cache
def sample(size: Size, count: int) -> tuple[Shopper, ...]:
    """`count` customers, or all, picked from all over the tenant: every tenth or so is a company's contact."""
    picked = Random(size.seed).sample(range(size.customers), min(count, size.customers))
    return tuple(shopper(size, number) for number in picked)


def items(size: Size, segment: str) -> list[tuple[str, str]]:
    """Type and id of every item of a segment, in order."""
    return list(items_of(size, int(segment.rpartition("-")[2])))


def coupon(segment: str) -> str:
    """The code of the coupon that is for the members of a segment and its neighbours."""
    return coupon_code(int(segment.rpartition("-")[2]) // SEGMENTS_OF_COUPON)


def customer_id(number: int) -> str:
    """The number of a customer."""
    return str(10_000_000 + number)


def entity_id(number: int) -> str:
    """The legal entity that a customer is a contact of, or ""."""
    return "" if number % COMPANY_EVERY else company_id(number // COMPANY_EVERY // _CONTACTS_OF_COMPANY)


def company_id(number: int) -> str:
    """The id of a legal entity."""
    return f"company-{number:06}"


def segment_id(number: int) -> str:
    """The id of the segment with this number, from 0."""
    return f"segment-{number:06}"


def product_id(number: int) -> str:
    """The id of a product."""
    return f"product-{number:06}"


def category_id(number: int) -> str:
    """The id of a category."""
    return f"category-{number:06}"


def large_id(number: int) -> str:
    """The id of a category of the large tree; 0 is its root."""
    return f"large-{number:04}"


def large_path(number: int) -> list[int]:
    """A category of the large tree and its ancestors, nearest first."""
    path = [number]
    while path[-1]:
        path.append((path[-1] - 1) // LARGE_FAN)
    return path


def coupon_code(number: int) -> str:
    """The code of a coupon."""
    return f"COUPON-{number:04}"


def segments_of(size: Size, number: int) -> list[int]:
    """Segments far apart from each other, and of different trees, so that sizes differ in nothing but size."""
    # A multiplicative hash: neighbours among the customers are not neighbours among the segments.
    base = ((number + size.seed) * 2_654_435_761 % 2**32) * size.segments >> 32
    step = size.segments // size.segments_of_customer + 1
    return sorted((base + each * step) % size.segments for each in range(size.segments_of_customer))


def _leaf(tree: int, number: int) -> int:
    return tree * TREE + 1 + CHILDREN + number % LEAVES


def items_of(size: Size, number: int) -> Iterator[tuple[str, str]]:
    """Type and id of every item of a segment, in order."""
    tree, first = number % size.trees, number // size.trees
    step = LEAVES // CATEGORIES_OF_SEGMENT
    for leaf in sorted(_leaf(tree, first + step * each) for each in range(CATEGORIES_OF_SEGMENT)):
        yield "CATEGORY", category_id(leaf)
    random = Random(size.seed * 1_000_003 + number)
    for product in sorted(random.sample(range(size.products), size.items_of_segment - CATEGORIES_OF_SEGMENT)):
        yield "PRODUCT", product_id(product)


def home_of(size: Size, product: int) -> int:
    """The category of a product."""
    return _leaf(product % size.trees, product // size.trees)
