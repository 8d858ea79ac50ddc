"""Pure decisions: for which legal entity a customer asks, why he is not in a segment, what a segment may say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from coterie.kit.errors import Problem
from coterie.services.customer_segment.schemas import ReasonView

PRODUCT, CATEGORY = "PRODUCT", "CATEGORY"
CUSTOMER = "CUSTOMER"  # what is counted beside the two types of items
NO_ENTITY = ""


def acting_for(token_entity: str | None, companies: Collection[str], asked: str | None) -> str | None:
    """The legal entity whose assignments count beside those without one; None: those of every entity.

    The token's wins; else the query's counts where the customer has several, else the only one is implied.
    """
    if token_entity is not None:
        return token_entity
    if len(companies) > 1:
        return asked
    return next(iter(companies), NO_ENTITY)


@dataclass(frozen=True)
class Standing:
    """What decides of a segment: its status, site and window."""

    status: str
    site_code: str
    valid_from: str | None
    valid_to: str | None


@dataclass(frozen=True)
class Membership:
    """What decides of a membership: for whom it is, and when it ends if ever."""

    legal_entity_id: str
    expires_at: str | None


def inactive(segment: Standing, at: str, *, windowed: bool) -> list[ReasonView]:
    """Why a segment is not active at an instant, as `audience.active_at` decides it in SQL."""
    reasons = []
    if segment.status != "ACTIVE":
        reasons.append(ReasonView(code="INACTIVE", message=f"its status is {segment.status}"))
    start, end = segment.valid_from, segment.valid_to
    if windowed and start is not None and start > at:
        reasons.append(ReasonView(code="NOT_YET_VALID", message=f"it is valid from {start} on", at=start))
    if windowed and end is not None and end <= at:
        reasons.append(ReasonView(code="EXPIRED", message=f"it was valid until {end}", at=end))
    return reasons


def elsewhere(segment: Standing, site: str | None) -> list[ReasonView]:
    """Why a segment does not count at a site; None: it counts at its own."""
    if site is None or segment.site_code == site:
        return []
    message = f"it stands on the site {segment.site_code}"
    return [ReasonView(code="OTHER_SITE", message=message, site_code=segment.site_code)]


def not_a_member(memberships: Iterable[Membership], entity: str | None, at: str) -> list[ReasonView]:
    """Why none of a customer's memberships of a segment counts, as `audience.membership` decides it in SQL.

    entity: as `acting_for` gives it.
    """
    others, ended = [], []
    for each in memberships:
        mine = entity is None or each.legal_entity_id in (entity, NO_ENTITY)
        over = each.expires_at is not None and each.expires_at <= at
        if mine and not over:
            return []
        if mine:
            ended.append(each.expires_at)
        elif not over:
            others.append(each.legal_entity_id)
    reasons = []
    if ended:
        last = max(filter(None, ended))
        message = f"the membership expired at {last}"
        reasons.append(ReasonView(code="MEMBERSHIP_EXPIRED", message=message, at=last))
    if others:
        others.sort()
        message = f"the customer is a member for {', '.join(others)} only"
        reasons.append(ReasonView(code="OTHER_LEGAL_ENTITY", message=message, legal_entity_ids=others))
    return reasons or [ReasonView(code="NOT_A_MEMBER", message="the customer is not a member")]


def sentence(inside: bool, reasons: Iterable[ReasonView]) -> str:
    """Whether a customer is in a segment, in words."""
    if inside:
        return "In: the segment is active and counts the customer as a member."
    return f"Out: {'; '.join(reason.message for reason in reasons)}."


def segment_problems(document: Mapping[str, Any], _before: Mapping[str, Any] | None) -> list[Problem]:
    """What a segment must not say."""
    problems = []
    if not document["name"]:
        problems.append(Problem.violation("name", "is empty; give it in at least one language"))
    validity = document.get("validity") or {}
    start, end = validity.get("from"), validity.get("to")
    if start is not None and end is not None and start > end:
        problems.append(Problem.violation("validity.to", f"{end} is before validity.from {start}"))
    return problems


def item_type(text: str) -> str | None:
    """The item type of a path, whatever its case (decision 7), or None."""
    upper = text.upper()
    return upper if upper in (PRODUCT, CATEGORY) else None


def listed(text: str) -> list[str]:
    """The ids of a query parameter that lists them, separated by commas."""
    return [id for part in text.split(",") if (id := part.strip())]
