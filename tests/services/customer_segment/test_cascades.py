"""What goes with what: deleting customers, companies, contacts, products, categories, segments and sites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from coterie.kit.call import Call
from coterie.kit.errors import Invalid
from coterie.kit.outbox import Event
from support.api import Api, new_tenant
from support.shop import SEGMENTS, Shop

CUSTOMERS, COMPANIES = "/customer/{tenant}/customers", "/customer-management/{tenant}/legal-entities"
CONTACTS = "/customer-management/{tenant}/contact-assignments"
PRODUCTS, CATEGORIES = "/product/{tenant}/products", "/category/{tenant}/categories"


class Full(Shop):
    """Two segments, each with ada and bob for himself and for acme and its subsidiary, and with all items.

    The categories: top above mid above low, and p1 in mid, p2 in low.
    """

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self.site()
        self.company("acme")
        below = {"name": "Acme Sub", "type": "SUBSIDIARY", "parentId": "acme"}
        self._made("PUT", f"{COMPANIES}/sub", below)
        self.company("globex")
        self.people = {name: self.customer(f"{name}@example.com") for name in ("ada", "bob")}
        self.contacts = {
            (name, company): self.contact(person, company)
            for name, person in self.people.items()
            for company in ("acme", "sub", "globex")
        }
        self.category("top")
        self.category("mid", "top")
        self.category("low", "mid")
        for product, category in (("p1", "mid"), ("p2", "low")):
            self.categorise(category, self.product(product))
        for segment in ("gold", "silver"):
            self.segment(segment)
            for person in self.people.values():
                for company in (None, "acme", "sub", "globex"):
                    self.member(segment, person, company)
            for product in ("p1", "p2"):
                self.item(segment, product)
            for category in ("top", "mid", "low"):
                self.item(segment, category, "CATEGORY")

    def segments(self) -> list[str]:
        """The ids of all segments."""
        return [each["id"] for each in self.api.get(SEGMENTS).json]

    def left(self) -> set[tuple[str, ...]]:
        """All assignments: (segment, customer's name, company or nothing) and (segment, item's id)."""
        names = {id: name for name, id in self.people.items()}
        found: set[tuple[str, ...]] = set()
        for segment in self.segments():
            for row in self.api.get(f"{SEGMENTS}/{segment}/customers").json:
                company = row.get("legalEntity", {}).get("id", "")
                found.add((segment, names[row["customer"]["id"]], company))
            found |= {
                (segment, row["item"]["id"]) for row in self.api.get(f"{SEGMENTS}/{segment}/items").json
            }
        return found

    def told(self) -> Iterator[tuple[str, ...]]:
        """The assignments that events say are gone."""
        names = {id: name for name, id in self.people.items()}
        for event in self.api.events("customer-segment.customer-assignment-deleted"):
            yield (event["segmentId"], names[event["customerId"]], event.get("legalEntityId", ""))
        for event in self.api.events("customer-segment.item-assignment-deleted"):
            yield (event["segmentId"], event["itemId"])

    def check_links(self) -> None:
        """Products say, and are found by, the segments and categories that they are assigned to."""
        fields = {
            "customerSegmentIds": {
                id: {row["item"]["id"] for row in self.api.get(f"{SEGMENTS}/{id}/items?q=type:PRODUCT").json}
                for id in ("gold", "silver")
                if id in self.segments()
            },
            "categoryIds": {
                each["id"]: {
                    row["ref"]["id"] for row in self.api.get(f"{CATEGORIES}/{each['id']}/assignments").json
                }
                for each in self.api.get(CATEGORIES).json
            },
        }
        products = self.api.get(PRODUCTS).json
        for name, homes in fields.items():
            for product in products:
                truth = sorted(home for home, inside in homes.items() if product["id"] in inside)
                assert product.get(name, []) == truth, (name, product["id"])
                assert self.api.get(f"{PRODUCTS}/{product['id']}").json.get(name, []) == truth
            for home in ("gold", "silver", "top", "mid", "low"):
                found = {each["id"] for each in self.api.get(f"{PRODUCTS}?q={name}:{home}").json}
                assert found == homes.get(home, set()), (name, home)


@pytest.fixture
def full(api: Api) -> Full:
    """Once on each engine."""
    return Full(api)


def _both(*parts: tuple[str, ...]) -> set[tuple[str, ...]]:
    return {(segment, *part) for segment in ("gold", "silver") for part in parts}


ADA = [("ada", company) for company in ("", "acme", "sub", "globex")]


@pytest.mark.parametrize(
    ("target", "gone"),
    [
        (f"{CUSTOMERS}/{{ada}}", _both(*ADA)),
        (f"{COMPANIES}/sub", _both(("ada", "sub"), ("bob", "sub"))),
        (
            f"{COMPANIES}/acme",
            _both(("ada", "acme"), ("bob", "acme"), ("ada", "sub"), ("bob", "sub")),
        ),
        (f"{CONTACTS}/{{contact}}", _both(("ada", "acme"))),
        (f"{PRODUCTS}/p1", _both(("p1",))),
        (f"{CATEGORIES}/mid", _both(("mid",))),
        (f"{CATEGORIES}/mid?withSubcategories=true", _both(("mid",), ("low",))),
        (f"{CATEGORIES}/top?withSubcategories=true", _both(("top",), ("mid",), ("low",))),
        (f"{SEGMENTS}/gold?forceDelete=true", None),
    ],
)
def test_what_is_deleted_takes_its_assignments_along_and_no_other(
    full: Full, target: str, gone: set[tuple[str, ...]] | None
) -> None:
    before = full.left()
    if gone is None:
        gone = {each for each in before if each[0] == "gold"}
    path = target.replace("{ada}", full.people["ada"]).replace("{contact}", full.contacts["ada", "acme"])
    assert full.api.delete(path).status in (202, 204)
    assert before - full.left() == gone
    told = list(full.told())
    assert sorted(told) == sorted(gone), "one event for each, no more"
    full.check_links()


def test_a_contact_who_moves_to_another_company_leaves_the_old_ones_segments(full: Full) -> None:
    full.company("initech")
    body = {"customer": {"id": full.people["ada"]}, "legalEntity": {"id": "initech"}, "type": "CONTACT"}
    assert full.api.put(f"{CONTACTS}/{full.contacts['ada', 'acme']}", body).status == 204
    assert sorted(full.told()) == sorted(_both(("ada", "acme")))


def test_a_deletion_that_is_refused_leaves_everything(full: Full) -> None:
    with full.api.unchanged():
        assert full.api.delete("/site/{tenant}/sites/main").status == 400
        assert full.api.delete(f"{SEGMENTS}/gold").status == 400
        assert [each["code"] for each in full.api.delete(f"{SEGMENTS}/bulk", ["gold", "silver"]).json] == [
            400
        ] * 2
        assert full.api.delete(f"{CATEGORIES}/none?withSubcategories=true").status == 404


def test_forced_bulk_deletion_tells_of_each_assignment_before_its_segment(full: Full) -> None:
    before = full.left()
    start = len(full.api.events())
    answer = full.api.delete(f"{SEGMENTS}/bulk?forceDelete=true", ["silver", "none", "gold", "silver"]).json
    assert [(each["index"], each["code"]) for each in answer] == [(1, 204), (2, 404), (3, 204), (4, 404)]
    assert sorted(full.told()) == sorted(before)
    for segment in ("gold", "silver"):
        types = [
            each["type"]
            for each in full.api.events()[start:]
            if segment in (each.get("segmentId"), each.get("id"))
        ]
        assert types == sorted(types)
        assert types[-1] == "customer-segment.segment-deleted"
        assert len(types) == 14
    full.check_links()


# A product's `customerSegmentIds` and `categoryIds`


def test_a_products_links_follow_every_change_of_an_assignment(full: Full) -> None:
    api = full.api
    assigned = f"{CATEGORIES}/top/assignments"
    id = api.post(assigned, {"ref": {"id": "p1", "type": "PRODUCT"}}).json["id"]
    steps: list[tuple[str, str, Any]] = [
        ("DELETE", f"{SEGMENTS}/gold/items/PRODUCT/p1", None),
        ("PUT", f"{SEGMENTS}/gold/items/PRODUCT/p1", {}),
        ("PUT", f"{SEGMENTS}/gold/items/PRODUCT/p1", {"mixins": {"a": {"b": 1}}}),
        ("DELETE", f"{SEGMENTS}/gold/items/product/bulk", ["p1", "p2", "p1"]),
        ("PUT", f"{SEGMENTS}/gold/items/product/bulk", [{"id": "p2"}, {"id": "none"}, {"id": "p2"}]),
        ("DELETE", f"{assigned}/{id}", None),
        ("PUT", f"{assigned}/references/p2", {"ref": {"id": "p2", "type": "PRODUCT"}}),
        (
            "PUT",
            f"{assigned}/references/bulk",
            [{"ref": {"id": each, "type": "PRODUCT"}} for each in ("p1", "p2")],
        ),
        ("DELETE", f"{assigned}/references/p2", None),
        ("DELETE", "/category/{tenant}/assignments/references/p2", None),
        ("POST", f"{assigned}/bulk", [{"ref": {"id": "p2", "type": "PRODUCT"}}]),
        ("DELETE", assigned, None),
        (
            "PUT",
            f"{CATEGORIES}/low?publish=true",
            {"localizedName": {"en": "Low"}, "parentId": "top", "published": True},
        ),
        ("DELETE", f"{CATEGORIES}/mid", None),
        ("DELETE", f"{PRODUCTS}/p1", None),
        ("PUT", f"{PRODUCTS}/p1", {"code": "C-p1", "name": {"en": "Again"}, "productType": "BASIC"}),
        (
            "PUT",
            f"{PRODUCTS}/p2",
            {"code": "C-p2", "name": {"en": "New"}, "productType": "BASIC", "published": True},
        ),
        ("DELETE", f"{SEGMENTS}/silver?forceDelete=true", None),
    ]
    full.check_links()
    for method, path, body in steps:
        assert api.request(method, path, body).status < 300, (method, path)
        full.check_links()


def test_a_product_that_comes_after_its_assignments_knows_them(api: Api) -> None:
    shop = Full(new_tenant(api.server, references="open"))
    shop.item("gold", "p3")
    shop.categorise("top", "p3")
    shop.product("p3")
    assert shop.api.get(f"{PRODUCTS}/p3").json["customerSegmentIds"] == ["gold"]
    shop.check_links()


@pytest.mark.parametrize(
    "target", [f"{PRODUCTS}/p1", f"{CATEGORIES}/mid", f"{SEGMENTS}/gold?forceDelete=true"]
)
def test_a_cascade_that_fails_at_its_end_undoes_its_beginning(
    full: Full, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(call: Call, events: list[Event]) -> None:
        raise Invalid("The last reaction fails.")

    reactions = full.api.server.runtime.reactions
    type_ = "customer-segment.item-assignment-deleted"
    monkeypatch.setitem(reactions, type_, (*reactions[type_], fail))
    before = full.left()
    with full.api.unchanged():
        assert full.api.delete(target).status == 400
    assert full.left() == before
    full.check_links()
