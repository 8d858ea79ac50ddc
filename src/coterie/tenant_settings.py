"""The settings of a tenant that the engine acts on: name, allowed values, default, and what each is for.

They are changed as configurations of the tenant; every other configuration is only kept for its readers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from coterie import project

_SWITCH = (True, False)
_URL = r"https?://\S{1,1000}"
_HOST = r"(https?://)?[^\s/]{1,250}/?"


@dataclass(frozen=True)
class Ids:
    """The type of a list whose objects have an `id` of this form, one of them the default (`project.ids`)."""

    form: str


@dataclass(frozen=True)
class TenantSetting:
    """One setting, with the texts to choose from or, for a switch, true and false.

    Instead of `values` it may have a type: `dict`, `Ids`, or a regular expression that its text matches. One without a
    default, as all of these are, is not there until it is set.
    """

    name: str
    default: Any
    values: tuple[Any, ...]
    help: str
    type: str | type[dict[Any, Any]] | Ids = ""

    @property
    def allowed(self) -> str:
        """The allowed values as a sentence's end."""
        if isinstance(self.type, Ids):
            return 'a list of objects, or its text, such as `[{"id":"…","default":true}]`, with one default at most'
        if self.type:
            return "an object" if self.type is dict else f"a text like `{self.type}`"
        return " or ".join(str(each).lower() for each in self.values)

    def accepted(self, value: object) -> Any:
        """The allowed value that `value` stands for (a switch may come as text), or None."""
        if isinstance(self.type, str) and self.type:
            return value if isinstance(value, str) and re.fullmatch(self.type, value) else None
        if isinstance(self.type, Ids):
            return value if project.ids(value, self.type.form) else None
        if self.type:
            return value if isinstance(value, dict) else None
        if self.values == _SWITCH and isinstance(value, str):
            value = {"true": True, "false": False}.get(value.lower())
        return next((each for each in self.values if type(each) is type(value) and each == value), None)


_ALL = (
    TenantSetting(
        project.LANGUAGES,
        None,
        (),
        "The tenant's languages by tag, as far as sites need them.",
        Ids(project.LANGUAGE_ID),
    ),
    TenantSetting(
        project.CURRENCIES,
        None,
        (),
        "The currencies that the tenant has from the start, by ISO 4217 code; the currency service adds others.",
        Ids(project.CURRENCY_ID),
    ),
    TenantSetting(
        project.COUNTRY, None, (), "The country where a visit is that no site places.", project.COUNTRY_ID
    ),
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
        "enableProductCategoryAssignmentValidation",
        None,
        _SWITCH,
        "The same for products that are assigned to categories alone; until it is set, `references` decides.",
    ),
    TenantSetting(
        "mixins.unreachable",
        "accept",
        ("accept", "reject"),
        "What happens to a mixin whose schema can't be fetched.",
    ),
    TenantSetting(
        "allowToSkipRelatedProductsValidation",
        False,
        _SWITCH,
        "Whether a write with `skipRelatedItemsValidation=true` may relate products to some that do not exist yet.",
    ),
    TenantSetting(
        "customerActiveOnCreation",
        True,
        _SWITCH,
        "Whether a customer who signs up may sign in at once, or only once he opened the link that he is sent.",
    ),
    TenantSetting(
        "enableRecreationOfDeletedCustomer",
        False,
        _SWITCH,
        "Whether a customer may be created under the number of a deleted one.",
    ),
    TenantSetting(
        "ssoCustomerIdentifierField",
        "EMAIL",
        ("EMAIL", "SUBJECT"),
        "How a customer whom an identity provider names for the first time is found: by his verified e-mail address, "
        "or by the provider's subject.",
    ),
    TenantSetting(
        "ssoCustomerAutoprovisioningDisabled",
        False,
        _SWITCH,
        "Whether somebody whom an identity provider names, but who is no customer, is refused instead of made one.",
    ),
    TenantSetting("storefront.host", None, (), "The storefront, for links in mails.", _HOST),
    TenantSetting(
        "customer.passwordreset.redirecturl",
        None,
        (),
        "The storefront's page for a new password; the token is put after it. By default on `storefront.host`.",
        _URL,
    ),
    TenantSetting(
        "customer.changeemail.redirecturl",
        None,
        (),
        "The same for a new e-mail address.",
        _URL,
    ),
    TenantSetting("customer.optin.redirecturl", None, (), "The same for a new account.", _URL),
    TenantSetting(
        "employee.password.redirecturl",
        None,
        (),
        "The page on which employees set a password; the token is put after it.",
        _URL,
    ),
    TenantSetting("cust.notification.email.from", None, (), "The sender of mails.", r"[^@\s<>]+@[^@\s<>]+"),
    TenantSetting(
        "emailTemplates",
        None,
        (),
        "The tenant's own mails: by kind and language an object with `subject`, `text` and perhaps `html`.",
        dict,
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
