"""The requests that fill the demo tenant, in the order in which they are sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from coterie.cli.demo_data import load, media
from coterie.cli.demo_data.catalogue import assignments, categories, products
from coterie.cli.demo_data.custom import TYPE, custom_type, schemas, workshops
from coterie.cli.demo_data.people import contacts, legal_entities, people
from coterie.cli.demo_data.segments import items, members, segments

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """A request: method, path with query, body, and what it loads, for the progress bar; `file`: a form with both."""

    what: str
    method: str
    path: str
    body: Any
    file: bytes | None = None


def plan(tenant: str, passwords: dict[str, str], bulk: int) -> list[Step]:
    """Every request. passwords: of customers, by number. bulk: most entries in one bulk request.

    All creations name their ids and assignments are upserts, so that sending a step twice changes nothing.
    """
    steps = [
        *_measures(tenant),
        *_sites(tenant),
        *_brands(),
        *_catalogue(tenant, bulk),
        *_assortment(tenant),
        *_catalogs(tenant, bulk),
        *_people(tenant, passwords),
        *_segments(tenant, bulk),
        *_pictures(tenant),
    ]
    steps += [Step("coupons", "POST", f"/coupon/{tenant}/coupons", body) for body in load("shop")["coupon"]]
    return [*steps, *_custom(tenant)]


def _custom(tenant: str) -> Iterator[Step]:
    root = f"/schema/{tenant}"
    yield Step("workshops", "POST", f"{root}/custom-entities", custom_type())
    for body in schemas():
        yield Step("workshops", "POST", f"{root}/schemas", body)
    bulk = f"{root}/custom-entities/{TYPE}/instances/bulk?validateReferences=true"
    yield Step("workshops", "PUT", bulk, workshops())


def _measures(tenant: str) -> Iterator[Step]:
    """Currencies beside the tenant's own, exchange rates, units, and countries to which nothing is sold."""
    measures = load("measures")
    for body in measures["currency"]:
        yield Step("currencies", "POST", f"/currency/{tenant}/currencies", body)
    for body in measures["exchange"]:
        yield Step("currencies", "POST", f"/currency/{tenant}/exchanges", body)
    for body in measures["unit"]:
        yield Step("units", "POST", f"/unit-handling/{tenant}/units", body)
    for code in measures["inactive"]:
        body = {"active": False, "metadata": {"version": 1}}
        yield Step("countries", "PATCH", f"/country/{tenant}/countries/{code}", body)


def _sites(tenant: str) -> Iterator[Step]:
    for body in load("shop")["site"]:
        yield Step("sites", "POST", f"/site/{tenant}/sites", body)


def _catalogue(tenant: str, bulk: int) -> Iterator[Step]:
    root = f"/category/{tenant}/categories"
    for part in _parts(products(), bulk):
        yield Step("products", "POST", f"/product/{tenant}/products/bulk", part)
    for body in categories():
        published = str(body["published"]).lower()
        yield Step("categories", "POST", f"{root}?publish={published}", body)
    for category, ids in assignments().items():
        for chunk in _parts(ids, bulk):
            refs = [{"ref": {"id": id, "type": "PRODUCT"}} for id in chunk]
            yield Step("categories", "PUT", f"{root}/{category}/assignments/references/bulk", refs)


def _assortment(tenant: str) -> Iterator[Step]:
    """A template, a parent that makes variants, bundles, and the categories in which they are."""
    lists, root = load("assortment"), f"/product/{tenant}"
    for body in lists["template"]:
        yield Step("templates", "POST", f"{root}/product-templates", body)
    for body in (*lists["parent"], *lists["bundle"]):
        yield Step("variants and bundles", "POST", f"{root}/products", body)
    for id, category in lists["homes"].items():
        path = f"/category/{tenant}/categories/{category}/assignments/references/{id}"
        yield Step("variants and bundles", "PUT", path, {"ref": {"id": id, "type": "PRODUCT"}})


def _catalogs(tenant: str, bulk: int) -> Iterator[Step]:
    """Catalogs, and the classification: its categories hold the products of some of the others."""
    lists, homes = load("catalogs"), assignments()
    for body in lists["catalog"]:
        yield Step("catalogs", "POST", f"/catalog/{tenant}/catalogs", body)
    root = f"/category/{tenant}/categories"
    for body in lists["classification"]:
        yield Step("classification", "POST", f"{root}?publish=true", body)
    for category, others in lists["classified"].items():
        for chunk in _parts([id for other in others for id in homes[other]], bulk):
            refs = [{"ref": {"id": id, "type": "PRODUCT"}} for id in chunk]
            yield Step("classification", "PUT", f"{root}/{category}/assignments/references/bulk", refs)


def _brands() -> Iterator[Step]:
    for body in media.brand_bodies():
        yield Step("brands", "POST", "/brand/brands", body)
    for body in media.label_bodies():
        yield Step("labels", "POST", "/label/labels", body)


def _pictures(tenant: str) -> Iterator[Step]:
    for body, file in media.pictures():
        yield Step("pictures", "POST", f"/media/{tenant}/assets", body, file)


def _people(tenant: str, passwords: dict[str, str]) -> Iterator[Step]:
    for person in people():
        body = person.body
        if person.id in passwords:
            body = {**body, "password": passwords[person.id]}
        # Nobody of the demo has a mailbox.
        path = f"/customer/{tenant}/customers?sendPasswordResetNotifications=false"
        yield Step("customers", "POST", path, body)
    root = f"/customer-management/{tenant}"
    for company in legal_entities():
        yield Step("companies", "POST", f"{root}/legal-entities", company)
    for contact in contacts():
        body = {
            "id": f"{contact.company}-{contact.customer}",
            "legalEntity": {"id": contact.company},
            "customer": {"id": contact.customer},
            "type": contact.type,
            "primary": contact.type == "PRIMARY",
        }
        yield Step("companies", "POST", f"{root}/contact-assignments", body)


def _segments(tenant: str, bulk: int) -> Iterator[Step]:
    root = f"/customer-segment/{tenant}/segments"
    for part in _parts(segments(), bulk):
        yield Step("segments", "POST", f"{root}/bulk", part)
    for type_ in ("PRODUCT", "CATEGORY"):
        for segment, ids in items(type_).items():
            for chunk in _parts(ids, bulk):
                yield Step(
                    "segments", "PUT", f"{root}/{segment}/items/{type_}/bulk", [{"id": id} for id in chunk]
                )
    for segment, bodies in members().items():
        for part in _parts(bodies, bulk):
            yield Step("segments", "PUT", f"{root}/{segment}/customers/bulk", part)


def _parts(entries: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(entries), size):
        yield list(entries[start : start + size])
