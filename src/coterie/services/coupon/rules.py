"""Pure decisions: what a coupon may say, what its status is, and who may redeem it.

Amounts are compared as decimals. JSON holds them as numbers, which keep 15 significant digits exactly, so an
amount with more is refused when it comes in and never rounded.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from coterie.kit.errors import Problem

Document = dict[str, Any]

UNLIMITED = -1
HIMSELF = ""  # the legal entity of a customer who acts for none
DEFAULTS: Mapping[str, Any] = {
    "discountType": "ABSOLUTE",
    "discountCalculationType": "SUBTOTAL",
    "allowAnonymous": False,
    "maxRedemptions": UNLIMITED,
    "maxRedemptionsPerCustomer": UNLIMITED,
    "categoryRestricted": False,
    "segmentRestricted": False,
}
SELLER_FIELDS = ("maxRedemptions", "redemptionCount", "issuedTo", "deleted")
LISTS = ("validFor", "includedCategories", "excludedCategories", "segments")
LONGEST_LIST = 10_000

_DIGITS = 15
_MOST = 2**31 - 1
_CODE = re.compile(r"[\w.:@+%$!&*()-]{1,66}")
_CURRENCY = re.compile(r"[A-Z]{3}")


# What a coupon may say ----------------------------------------------------------------------------------


def code_of(text: str, *, case_sensitive: bool) -> str:
    """The code as it is stored and looked up."""
    return text if case_sensitive else text.upper()


def code_problems(code: str) -> list[Problem]:
    """What is wrong with a code that a caller chose."""
    if _CODE.fullmatch(code):
        return []
    text = (
        f"{code[:80]!r} is not a coupon code; use 1 to 66 letters, digits and -_.:@+%$!&*(), without spaces"
    )
    return [Problem.violation("code", text)]


def with_exact_amounts(document: Document) -> tuple[Document, list[Problem]]:
    """A coupon's document with its amounts as JSON numbers, and what is wrong with them."""
    result = dict(document)
    problems: list[Problem] = []
    if "discountPercentage" in result:
        result["discountPercentage"] = number(result["discountPercentage"], "discountPercentage", problems)
    if "discountAbsolute" in result:
        result["discountAbsolute"] = money(result["discountAbsolute"], "discountAbsolute", problems)
    restrictions = result.get("restrictions", {})
    if "minOrderValue" in restrictions:
        least = money(restrictions["minOrderValue"], "restrictions.minOrderValue", problems)
        result["restrictions"] = {**restrictions, "minOrderValue": least}
    return result, problems


def money(value: Mapping[str, Any], field: str, problems: list[Problem]) -> Document:
    """An amount with its defaults filled in; what is wrong with it is added to `problems`."""
    currency = value.get("currency", "USD")
    if not _CURRENCY.fullmatch(currency):
        text = f"{currency[:20]!r} is not a currency; use three capitals such as USD (ISO 4217)"
        problems.append(Problem.violation(f"{field}.currency", text))
    return {"amount": number(value.get("amount", "0"), f"{field}.amount", problems), "currency": currency}


def number(text: str, field: str, problems: list[Problem]) -> int | float:
    """A decimal as the JSON number of the same value, 0 or more; else 0, and a problem more."""
    value = Decimal(text)
    if not value.is_finite() or value < 0:
        problems.append(Problem.violation(field, f"{text} is not a number of 0 or more"))
        return 0
    digits = "".join(map(str, value.as_tuple().digits)).strip("0")
    if value and (len(digits) > _DIGITS or not -_DIGITS < value.adjusted() < _DIGITS):
        problems.append(Problem.violation(field, f"has more than {_DIGITS} digits; round it"))
        return 0
    return int(value) if value == value.to_integral_value() else float(value)


def coupon_problems(document: Document, _before: Document | None) -> list[Problem]:
    """What a coupon must not say (CONTRACT §3.2); `document` has its defaults and exact amounts."""
    return [
        *_shape_problems(document),
        *_discount_problems(document),
        *_guest_problems(document),
        *_restriction_problems(document),
    ]


def _shape_problems(document: Document) -> list[Problem]:
    problems = []
    if not document.get("name", "").strip():
        problems.append(Problem.violation("name", "is required"))
    for name in ("maxRedemptions", "maxRedemptionsPerCustomer"):
        if not UNLIMITED <= document[name] <= _MOST:
            text = f"{document[name]} is out of range; use -1 for unlimited, or a number from 0 to {_MOST}"
            problems.append(Problem.violation(name, text))
    restrictions = document.get("restrictions", {})
    for name in LISTS:
        if len(restrictions.get(name, ())) > LONGEST_LIST:
            text = f"has more than {LONGEST_LIST} entries"
            problems.append(Problem.violation(f"restrictions.{name}", text))
    start, end = restrictions.get("validFrom"), restrictions.get("validUntil")
    if start is not None and end is not None and end <= start:
        problems.append(Problem.violation("restrictions.validUntil", f"{end} is not after validFrom {start}"))
    return problems


def _discount_problems(document: Document) -> list[Problem]:
    problems = []
    kind = document["discountType"]
    for wanted, name in (("PERCENT", "discountPercentage"), ("ABSOLUTE", "discountAbsolute")):
        if kind == wanted and name not in document:
            problems.append(Problem.violation(name, f"is required when discountType is {wanted}"))
        if kind != wanted and name in document:
            text = (
                f"is only for discountType {wanted}, not {kind}; leave it out, or set it to null in a PATCH"
            )
            problems.append(Problem.violation(name, text))
    if document.get("discountPercentage", 0) > 100:
        text = f"{document['discountPercentage']} is out of range; use 0 to 100"
        problems.append(Problem.violation("discountPercentage", text))
    return problems


def _guest_problems(document: Document) -> list[Problem]:
    if not document["allowAnonymous"]:
        return []
    problems = []
    if document["maxRedemptionsPerCustomer"] != UNLIMITED:
        text = "must be -1 where guests may redeem (allowAnonymous), who can't be told apart"
        problems.append(Problem.violation("maxRedemptionsPerCustomer", text))
    if document.get("restrictions", {}).get("validFor"):
        text = "can't be given where guests may redeem (allowAnonymous)"
        problems.append(Problem.violation("restrictions.validFor", text))
    return problems


def _restriction_problems(document: Document) -> list[Problem]:
    problems = []
    restrictions = document.get("restrictions", {})
    by_category, by_segment = document["categoryRestricted"], document["segmentRestricted"]
    for name, flag, holds in (
        ("includedCategories", "categoryRestricted", by_category),
        ("excludedCategories", "categoryRestricted", by_category),
        ("segments", "segmentRestricted", by_segment),
    ):
        if restrictions.get(name) and not holds:
            problems.append(Problem.violation(f"restrictions.{name}", f"needs {flag} to be true"))
    both = set(restrictions.get("includedCategories", ())) & set(restrictions.get("excludedCategories", ()))
    if both:
        text = f"{', '.join(sorted(both)[:5])} is included as well; a category is one or the other"
        problems.append(Problem.violation("restrictions.excludedCategories", text))
    if by_segment:
        if not restrictions.get("segments"):
            problems.append(Problem.violation("restrictions.segments", "is required by segmentRestricted"))
        if by_category:
            problems.append(
                Problem.violation("segmentRestricted", "can't be combined with categoryRestricted")
            )
        if restrictions.get("validFor"):
            problems.append(
                Problem.violation("segmentRestricted", "can't be combined with restrictions.validFor")
            )
    return problems


def added_references(document: Document, before: Document | None) -> dict[str, set[str]]:
    """What a write refers to and did not before, by restriction.

    Only these must exist: a coupon can outlive a segment, and must stay editable then.
    """
    now, then = document.get("restrictions", {}), (before or {}).get("restrictions", {})
    return {name: set(now.get(name, ())) - set(then.get(name, ())) for name in LISTS}


# What a coupon is now -----------------------------------------------------------------------------------


def status(
    valid_from: str | None, valid_until: str | None, max_redemptions: int, redemption_count: int, at: str
) -> str:
    """The status at the instant `at`: from `valid_from` on, before `valid_until`, and not yet used up."""
    if valid_from is not None and at < valid_from:
        return "INACTIVE"
    if valid_until is not None and at >= valid_until:
        return "EXPIRED"
    return "VALID" if max_redemptions == UNLIMITED or redemption_count < max_redemptions else "USED"


def for_customer(view: Document, customer_id: str | None, entity: str | None) -> Document:
    """A coupon as a customer may see it: nothing of the seller's, of other customers or of other companies."""
    shown = {name: value for name, value in view.items() if name not in SELLER_FIELDS}
    shown["legalEntityRedemptions"] = [
        each for each in view["legalEntityRedemptions"] if each["legalEntityId"] == entity
    ]
    if "validFor" in view.get("restrictions", {}):
        own = [each for each in view["restrictions"]["validFor"] if each == customer_id]
        shown["restrictions"] = {**view["restrictions"], "validFor": own}
    return shown


# Who may redeem it --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Money:
    """An exact amount in a currency."""

    amount: Decimal
    currency: str

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Money:
        """From an amount as it stands in a document."""
        return cls(Decimal(str(value["amount"])), value["currency"])

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


@dataclass(frozen=True)
class Terms:
    """On what terms a coupon can be redeemed; instants are ISO text, `used` is how often it was already."""

    valid_from: str | None
    valid_until: str | None
    max_redemptions: int
    max_per_customer: int
    used: int
    allow_anonymous: bool
    valid_for: frozenset[str]
    segment_restricted: bool
    discount: Money | None
    min_order: Money | None

    @classmethod
    def of(cls, document: Document, used: int) -> Terms:
        """The terms of a stored coupon."""
        restrictions = document.get("restrictions", {})
        discount, least = document.get("discountAbsolute"), restrictions.get("minOrderValue")
        return cls(
            valid_from=restrictions.get("validFrom"),
            valid_until=restrictions.get("validUntil"),
            max_redemptions=document["maxRedemptions"],
            max_per_customer=document["maxRedemptionsPerCustomer"],
            used=used,
            allow_anonymous=document["allowAnonymous"],
            valid_for=frozenset(restrictions.get("validFor", ())),
            segment_restricted=document["segmentRestricted"],
            discount=None if discount is None else Money.of(discount),
            min_order=None if least is None else Money.of(least),
        )


@dataclass(frozen=True)
class Attempt:
    """Who wants to redeem for what, at the instant `at`.

    customer_id: None for a guest. used: how often he did before, for the same legal entity. in_segment: whether he
    is a member of one of the coupon's segments that is active now.
    """

    at: str
    customer_id: str | None
    used: int
    in_segment: bool
    order_total: Money
    discount: Money


def refusals(terms: Terms, attempt: Attempt) -> list[Problem]:
    """Every rule that forbids the redemption, always in this order, each with a type of its own."""
    return [
        *_when(terms, attempt.at),
        *_who(terms, attempt),
        *_what(terms, attempt),
    ]


def _when(terms: Terms, at: str) -> list[Problem]:
    state = status(terms.valid_from, terms.valid_until, terms.max_redemptions, terms.used, at)
    if state == "INACTIVE":
        text = f"the coupon is not valid before {terms.valid_from}"
        return [Problem("restrictions.validFrom", "coupon_not_yet_valid", text)]
    if state == "EXPIRED":
        text = f"the coupon was valid until {terms.valid_until}"
        return [Problem("restrictions.validUntil", "coupon_expired", text)]
    if state == "USED":
        return [
            Problem("maxRedemptions", "coupon_used_up", "the coupon has been redeemed as often as it can be")
        ]
    return []


def _who(terms: Terms, attempt: Attempt) -> list[Problem]:
    guest = attempt.customer_id is None
    if guest and not terms.allow_anonymous:
        text = "guests can't redeem this coupon; log in"
        return [Problem("customerNumber", "anonymous_not_allowed", text)]
    problems = []
    if terms.valid_for and attempt.customer_id not in terms.valid_for:
        text = "the coupon is for other customers"
        problems.append(Problem("restrictions.validFor", "not_assigned_to_customer", text))
    if not guest and terms.max_per_customer != UNLIMITED and attempt.used >= terms.max_per_customer:
        text = f"the customer may redeem the coupon {terms.max_per_customer} times, and did"
        problems.append(Problem("maxRedemptionsPerCustomer", "coupon_customer_limit", text))
    if terms.segment_restricted and (guest or not attempt.in_segment):
        text = "the coupon is for customers of segments of which this one is in none"
        problems.append(Problem("restrictions.segments", "not_in_segment", text))
    return problems


def _what(terms: Terms, attempt: Attempt) -> list[Problem]:
    problems = []
    total = attempt.order_total
    for wanted, found, field in (
        (terms.discount, total, "orderTotal.currency"),
        (terms.min_order, total, "orderTotal.currency"),
        (total, attempt.discount, "discount.currency"),
    ):
        if wanted is not None and wanted.currency != found.currency:
            problems.append(
                Problem(field, "currency_mismatch", f"is {found.currency}, not {wanted.currency}")
            )
    least = terms.min_order
    if least is not None and least.currency == total.currency and total.amount < least.amount:
        text = f"{total} is below the coupon's minimum order value of {least}"
        problems.append(Problem("orderTotal.amount", "min_order_value", text))
    return list(dict.fromkeys(problems))


def acting_for(companies: Collection[str], asked: str | None) -> str:
    """The legal entity for which a customer of these companies redeems; his only one is implied."""
    if asked is not None:
        return asked
    return next(iter(companies)) if len(companies) == 1 else HIMSELF


def entity_problems(companies: Collection[str], asked: str | None, guest: bool) -> list[Problem]:
    """What is wrong with the legal entity that a redemption names.

    Whoever could name any would redeem a coupon that is limited per customer once for each name.
    """
    if asked is None or asked in companies:
        return []
    who = "a guest" if guest else "the customer"
    text = f"{who} does not act for the legal entity {asked[:80]!r}"
    return [Problem("legalEntityId", "legal_entity_not_assigned", text)]
