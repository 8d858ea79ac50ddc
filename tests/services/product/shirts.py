"""A template of shirts, a parent with variants, and how to look at them."""

from __future__ import annotations

from typing import Any

from support.api import Api

SHIRT: dict[str, Any] = {
    "id": "shirt",
    "name": {"en": "T-shirt"},
    "attributes": [
        {
            "key": "color",
            "name": {"en": "Color", "de": "Farbe"},
            "type": "TEXT",
            "metadata": {"mandatory": False, "variantAttribute": True},
            "values": [{"key": "RED"}, {"key": "GREEN"}, {"key": "BLUE"}],
        },
        {
            "key": "size",
            "name": {"en": "Size"},
            "type": "NUMBER",
            "metadata": {"variantAttribute": True},
            "values": [{"key": 1}, {"key": 2}, {"key": 3}],
        },
        {
            "key": "fabric",
            "name": {"en": "Fabric"},
            "type": "TEXT",
            "metadata": {"mandatory": True, "defaultValue": "cotton"},
            "values": [{"key": "cotton"}, {"key": "linen"}],
        },
    ],
}
PARENT: dict[str, Any] = {
    "id": "tee",
    "code": "TEE",
    "name": {"en": "Tee"},
    "productType": "PARENT_VARIANT",
    "published": True,
    "template": {"id": "shirt", "version": 1},
    "variantAttributes": {"color": [{"key": "RED"}, {"key": "GREEN"}], "size": [{"key": 1}, {"key": 2}]},
}


def variants_of(api: Api, parent: str = "tee") -> dict[str, dict[str, Any]]:
    """The variants of a parent, by their values."""
    found = api.get(f"/product/{{tenant}}/products?q=parentVariantId:{parent}&pageSize=5000").json
    return {
        "-".join(str(value) for _, value in sorted(each["mixins"]["productVariantAttributes"].items())): each
        for each in found
    }
