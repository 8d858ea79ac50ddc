"""The settings of a tenant that the engine acts on: name, allowed values, default, and what each is for.

They are changed as configurations of the tenant; every other configuration is only kept for its readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

_SWITCH = (True, False)


@dataclass(frozen=True)
class TenantSetting:
    """One setting, with the texts to choose from or, for a switch, true and false."""

    name: str
    default: Any
    values: tuple[Any, ...]
    help: str

    @property
    def allowed(self) -> str:
        """The allowed values as a sentence's end."""
        return " or ".join(str(each).lower() for each in self.values)

    def accepted(self, value: object) -> Any:
        """The allowed value that `value` stands for (a switch may come as text), or None."""
        if self.values == _SWITCH and isinstance(value, str):
            value = {"true": True, "false": False}.get(value.lower())
        return next((each for each in self.values if type(each) is type(value) and each == value), None)


_ALL = (
    TenantSetting(
        "segments.categoryScope",
        "assigned",
        ("assigned", "subtree"),
        "What a category that is assigned to a segment covers: its own products, or those of its descendants too. "
        "It counts in match, category trees, coupons and the category filter of segments alike.",
    ),
    TenantSetting(
        "references",
        "checked",
        ("checked", "open"),
        "Whether an assignment of a customer, company, product or category that is not here is refused; "
        "`open` is for tenants whose customers or catalogue live elsewhere.",
    ),
    TenantSetting(
        "mixins.unreachable",
        "accept",
        ("accept", "reject"),
        "What happens to a mixin whose schema can't be fetched.",
    ),
    TenantSetting(
        "customerActiveOnCreation", True, _SWITCH, "Whether a customer who signs up may sign in at once."
    ),
    TenantSetting(
        "companyContactPropagation",
        "UPWARD",
        ("UPWARD", "DOWNWARD", "DISABLED"),
        "Whether a customer who becomes a contact of a legal entity becomes one of those above it (`UPWARD`), of those "
        "below it (`DOWNWARD`), or of no other.",
    ),
    TenantSetting(
        "enableCouponCodeCaseSensitivity", False, _SWITCH, "Whether coupon codes that differ in case are two."
    ),
    TenantSetting(
        "couponPermanentDelete",
        False,
        _SWITCH,
        "Whether a deleted coupon is gone and its code free, instead of kept as deleted.",
    ),
)

TENANT_SETTINGS: Mapping[str, TenantSetting] = MappingProxyType({each.name: each for each in _ALL})
