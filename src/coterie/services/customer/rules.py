"""What decides about customers, without acting: rules of profiles, addresses, scopes and views."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from coterie.kit.errors import Invalid, Problem

READ = "customer.customer_read"
READ_OWN = "customer.customer_read_own"
MANAGE = "customer.customer_manage"
MANAGE_OWN = "customer.customer_manage_own"

DEFAULTS: Mapping[str, Any] = {
    "preferredLanguage": "en_US",
    "preferredCurrency": "USD",
    "preferredSite": "main",
    "active": True,
    "onHold": False,
}

# What of a profile the tenant keeps to itself.
TENANT_ONLY = frozenset({"active", "onHold", "type", "restriction", "metadataCreatedAt"})

# What `GET /me` answers to a visitor who is not logged in.
ANONYMOUS: Mapping[str, Any] = {
    "id": "00000000",
    "customerNumber": "00000000",
    "firstName": "Anonymous",
    "lastName": "Anonymous",
    "preferredSite": "main",
    "accounts": [],
}

# The first customer number that a tenant gives out: the smallest of eight digits.
FIRST_NUMBER = 10_000_000
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def folded(email: str) -> str:
    """An e-mail address as it is compared: letter case makes no difference."""
    return email.casefold()


def email_problems(field: str, email: str | None) -> list[Problem]:
    """Problems of an e-mail address, if there is one."""
    if email is None or (len(email) <= 254 and _EMAIL.fullmatch(email)):
        return []
    return [Problem.violation(field, f"{email[:80]!r} is not an e-mail address")]


def profile_problems(document: dict[str, Any], before: dict[str, Any] | None) -> list[Problem]:
    """Problems of a profile beside the stored one."""
    problems = email_problems("contactEmail", document.get("contactEmail"))
    if before is not None and "contactEmail" in before and "contactEmail" not in document:
        problems.append(Problem.violation("contactEmail", "can't be removed; set another address"))
    return problems


def signup_profile(
    profile: dict[str, Any], email: str | None, login: str | None
) -> tuple[str, dict[str, Any]]:
    """The address that signs up, and the profile with its contact address. Raises Invalid.

    email: the contact address at the top of the request. login: the separate one to log in with, if any.
    """
    contact = profile.get("contactEmail") or email or login
    account = login or email
    if account is None or contact is None:
        raise Invalid(problems=(Problem.violation("email", "is required, here or in signup"),))
    problems = email_problems("email", account)
    if email is not None and folded(contact) != folded(email):
        problems.append(
            Problem.violation("customerDetails.contactEmail", "must be the same as email, or left out")
        )
    if (profile.get("b2b") or {}).get("companyRegistrationId"):
        problems += [
            Problem.violation(f"customerDetails.{name}", "is required with b2b.companyRegistrationId")
            for name in ("firstName", "lastName", "company")
            if not profile.get(name)
        ]
    if problems:
        raise Invalid(problems=problems)
    return account, {**profile, "contactEmail": contact}


def expansions(expand: str | None) -> frozenset[str]:
    """What `expand` names, of addresses, accounts and mixin (`mixin:*` and `mixin:name` alike)."""
    return frozenset(part.strip().split(":", 1)[0] for part in (expand or "").split(",") if part.strip())


def shown(view: dict[str, Any], companies: list[str], wanted: frozenset[str]) -> dict[str, Any]:
    """A stored profile as it is answered: B2B if it has a company, and with its mixins only when asked for."""
    shown = {**view, "customerNumber": view["id"], "businessModel": "B2B" if companies else "B2C"}
    if companies:
        shown["b2b"] = {**view.get("b2b", {}), "legalEntities": [{"id": each} for each in companies]}
    if "mixin" not in wanted:
        shown.pop("mixins", None)
    return shown


def default_address(addresses: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The address that is marked as the default one."""
    return next((each for each in addresses if each.get("isDefault")), None)


def shopping_country(addresses: list[dict[str, Any]]) -> str | None:
    """The country of the shipping address, else of the billing address; the default one before others."""
    for tag in ("SHIPPING", "BILLING"):
        tagged = [each for each in addresses if tag in map(str.upper, each.get("tags", ()))]
        countries = [each["country"] for each in sorted(tagged, key=_is_other) if each.get("country")]
        if countries:
            return str(countries[0])
    return None


def _is_other(address: dict[str, Any]) -> bool:
    return not address.get("isDefault")


def may_log_in(active: bool, on_hold: bool) -> bool:
    """Whether a customer with the right password may log in."""
    return active and not on_hold
