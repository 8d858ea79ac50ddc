"""Categories and products of the demo tenant, as request bodies, from the curated lists beside this module."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from typing import Any

from coterie.cli.demo_data import load

Body = dict[str, Any]
_LISTS = ("power", "hand", "more", "supplies")
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ı": "i", "ł": "l"}
)
_DECIMAL_POINT = re.compile(r"(?<=\d)\.(?=\d)")


@cache
def categories() -> list[Body]:
    """Bodies of POST /categories, parents before children."""
    siblings: Counter[str | None] = Counter()
    bodies = []
    for each in load("categories")["category"]:
        parent = each.get("parent")
        siblings[parent] += 1
        names = {"en": each["en"], "de": each["de"]}
        body: Body = {
            "id": each["id"],
            "code": each["id"].upper(),
            "localizedName": names,
            "localizedSlug": {language: slug(name) for language, name in names.items()},
            "position": siblings[parent],
            "published": each.get("published", True),
        }
        if parent is not None:
            body["parentId"] = parent
        if "text_en" in each:
            body["localizedDescription"] = {"en": each["text_en"], "de": each["text_de"]}
        bodies.append(body)
    return bodies


@cache
def products() -> list[Body]:
    """Bodies of POST /products, all of them basic products."""
    return [body for family in _families() for body in _products_of(family)]


@cache
def assignments() -> dict[str, list[str]]:
    """Ids of the products in each category that has any of its own."""
    found: dict[str, list[str]] = {}
    for family in _families():
        for category in (family["category"], *family.get("also", ())):
            found.setdefault(category, []).extend(body["id"] for body in _products_of(family))
    return found


@cache
def brands() -> dict[str, str]:
    """The brands of the products, name by id."""
    return {slug(family["brand"]): family["brand"] for family in _families()}


def slug(name: str) -> str:
    """`Bohren und Schrauben` as `bohren-und-schrauben`: lower case, without diacritics."""
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


@cache
def _families() -> list[Body]:
    return [family for name in _LISTS for family in load(f"products_{name}")["family"]]


def _products_of(family: Body) -> list[Body]:
    bodies = []
    for variant in family["variants"]:
        code = family["code"] + variant["c"]
        english = variant.get("en") or variant["v"]
        german = variant.get("de") or _DECIMAL_POINT.sub(",", variant["v"])
        attributes = {**family.get("attributes", {}), **variant.get("a", {})}
        body: Body = {
            "id": code.lower(),
            "code": code,
            "productType": "BASIC",
            "name": {
                "en": f"{family['brand']} {family['en'].format(english)}",
                "de": f"{family['brand']} {family['de'].format(german)}",
            },
            "description": {"en": family["text_en"], "de": family["text_de"]},
            "published": variant.get("published", True),
            "brandId": slug(family["brand"]),
            "taxClasses": {"DE": "STANDARD", "AT": "STANDARD", "CH": "STANDARD", "GB": "STANDARD"},
        }
        if "labels" in family:
            body["labelIds"] = family["labels"]
        if attributes:
            body["mixins"] = {"technicalData": attributes}
        bodies.append(body)
    return bodies
