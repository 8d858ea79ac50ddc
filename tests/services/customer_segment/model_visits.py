"""What a caller may look at, in one go: what a storefront asks for, a segment, and what the reference does not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from services.customer_segment import model_extensions as extensions
from services.customer_segment import model_reads as reads
from services.customer_segment.model import without
from services.customer_segment.model_listing import (
    ITEM_SORTS,
    MEMBER_SORTS,
    PLAIN,
    SEGMENT_SORTS,
    USE_SORTS,
    Listing,
)
from services.customer_segment.model_reads import Caller
from services.customer_segment.model_tenant import COUPONS
from services.customer_segment.model_writes import PRODUCTS, SEGMENTS, Who, Writes

HERE = "/customer-segment/{tenant}"


class Visits(Writes):
    """The part of a scenario that reads."""

    def see(self, caller: Caller, asked: str | None, at: str | None, how: Listing = PLAIN) -> None:
        """All that a storefront asks for. how: of what can be listed so."""
        read = self.tenant.read

        def listed(status: str | None) -> Callable[[], Any]:
            return lambda: reads.segments(self.model, caller, asked, None, status)

        def items(type: str | None, only_active: bool = False) -> Callable[[], Any]:
            return lambda: reads.all_items(self.model, caller, asked, at, type, only_active)

        party = {"legalEntityId": asked}
        there = {**party, "siteCode": at}
        of_segments, of_items = (
            replace(how, sort=SEGMENT_SORTS[how.sort]),
            replace(how, sort=ITEM_SORTS[how.sort]),
        )
        read(caller, "", listed(None), how=of_segments, **party)
        read(caller, "/search", listed("INACTIVE"), {"q": "status:INACTIVE"}, how=of_segments, **party)
        read(caller, "/items", items(None), how=of_items, **there)
        read(
            caller,
            "/items",
            items("PRODUCT", True),
            how=of_items,
            **there,
            q="type:PRODUCT",
            onlyActive="true",
        )
        read(caller, "/items", items("CATEGORY"), **there, q="type:(CATEGORY)", onlyActive="false")
        read(caller, "/items", items(None), how=Listing(page=(2, 2)), **there)
        trees = lambda: reads.category_trees(self.model, caller, asked, at)  # noqa: E731
        read(caller, "/items/category-trees", trees, how=Listing(language=how.language), **there)
        if caller.customer is not None:
            for code in self.model.coupons:
                self.use_coupon(caller, code, asked)

    def use_coupon(self, caller: Caller, code: str, asked: str | None) -> None:
        """Whether the coupon is good for the caller."""
        amount = {"amount": 10, "currency": "EUR"}
        body = {"orderTotal": amount, "discount": {**amount, "amount": 1}, "legalEntityId": asked}
        good = lambda: extensions.coupon_for(self.model, caller, code, asked)  # noqa: E731
        path = f"/{code}/validation"
        self.tenant.read(caller, path, good, without(body, "" if asked else "legalEntityId"), under=COUPONS)

    def see_beyond(
        self, caller: Caller, person: str, asked: str | None, at: str | None, how: Listing = PLAIN
    ) -> None:
        """What the reference does not have."""
        read, model, id = self.tenant.read, self.model, self.tenant.people[person]
        listed = replace(how, sort=None, fields=None, language=None)
        read(caller, "/counts", lambda: extensions.counts(model, caller, None), under=HERE, how=listed)
        two = SEGMENTS[:2]
        found = lambda: extensions.counts(model, caller, two)  # noqa: E731
        read(caller, "/counts", found, under=HERE, segmentIds=",".join(two))
        for segment in SEGMENTS:
            self.see_use(caller, segment, replace(how, sort=USE_SORTS[how.sort], fields=None))
        party = {"legalEntityId": asked, "siteCode": at}
        path, found = (
            f"/explanations/customers/{id}",
            lambda: extensions.explanation(model, caller, id, asked, at),
        )
        read(caller, path, found, under=HERE, how=listed, **party)
        for product in PRODUCTS:
            self.see_product(caller, id, product, asked, at, Listing(language=how.language))

    def see_use(self, caller: Caller, segment: str, how: Listing) -> None:
        """How much a segment has, and what names it."""
        read, model = self.tenant.read, self.model
        read(caller, f"/counts/{segment}", lambda: extensions.count(model, caller, segment), under=HERE)
        found = lambda: extensions.uses(model, caller, segment)  # noqa: E731
        read(caller, f"/usages/{segment}", found, under=HERE, how=how)

    def see_product(
        self, caller: Caller, id: str, product: str, asked: str | None, at: str | None, how: Listing
    ) -> None:
        """Whether a customer sees a product, and why."""
        path = f"/explanations/customers/{id}/products/{product}"
        why = lambda: extensions.product_explanation(self.model, caller, id, product, asked, at)  # noqa: E731
        self.tenant.read(caller, path, why, under=HERE, how=how, legalEntityId=asked, siteCode=at)

    def look_into(self, caller: Caller, segment: str, asked: str | None, how: Listing = PLAIN) -> None:
        """All that there is to read of a segment."""
        of_members, of_items = (
            replace(how, sort=MEMBER_SORTS[how.sort]),
            replace(how, sort=ITEM_SORTS[how.sort]),
        )
        one = Listing(fields=how.fields, language=how.language)
        read, model, party = self.tenant.read, self.model, {"legalEntityId": asked}
        found = lambda type: lambda: reads.items(model, caller, segment, asked, type)  # noqa: E731
        read(caller, f"/{segment}", lambda: reads.segment(model, caller, segment, asked), how=one, **party)
        mine = lambda: reads.customers(model, caller, segment, asked)  # noqa: E731
        read(caller, f"/{segment}/customers", mine, how=of_members, **party)
        everybody = lambda: reads.all_customers(model, caller, segment)  # noqa: E731
        read(
            caller, f"/{segment}/customers/search", everybody, {"q": "assignmentType:MANUAL"}, how=of_members
        )
        read(caller, f"/{segment}/items", found(None), how=of_items, **party)
        category = {"q": "type:CATEGORY"}
        read(caller, f"/{segment}/items/search", found("CATEGORY"), category, how=of_items, **party)

    def match(self, who: Who, code: str, ids: list[str], products: list[str], name: str) -> None:
        """Which of the products the segments cover."""
        caller = self.who(who)
        body = {"items": [{"id": id} for id in products], "segmentIds": ids, name: code}
        found = lambda: reads.match(self.model, caller, code, ids, products)  # noqa: E731
        self.tenant.read(caller, "/match", found, body)
