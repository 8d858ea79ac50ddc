"""What decides about customers, without acting: rules of profiles, addresses, scopes and views."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from coterie.kit.dialect import Dialect
from coterie.kit.errors import Invalid, Problem

DIALECT = Dialect(
    envelope="B",
    count_header="Count",
    always_count=True,
    types={502: "bad_gateway"},
    texts={
        "forbidden": "User not authorized.",
        "not_found.customer": "Customer not Found",
        "exists.account": "Duplicate account '{id}' for tenant '{tenant}'.",
    },
)

READ = "customer.customer_read"
READ_OWN = "customer.customer_read_own"
MANAGE = "customer.customer_manage"
MANAGE_OWN = "customer.customer_manage_own"

IMPORT_READ = "customer.import_read"
IMPORT_MANAGE = "customer.import_manage"
EDIT = "customer.customerprofile_edit"

# What mails with a link are for; also the names of their templates.
OPT_IN, RESET, EMAIL_CHANGE = "opt-in", "password-reset", "email-change"
# The tenant's setting with the page that a link leads to, and that page on its storefront without the setting.
_PAGES: Mapping[str, tuple[str, str]] = {
    OPT_IN: ("customer.optin.redirecturl", "/signup/optin?token="),
    RESET: ("customer.passwordreset.redirecturl", "/password-reset?token="),
    EMAIL_CHANGE: ("customer.changeemail.redirecturl", "/email-change?token="),
}

MOST_ADDRESSES = 500
MOST_TAGS = 50

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


def page(settings: Mapping[str, Any], purpose: str, token: str) -> str:
    """The link of a mail: only the tenant's settings say where it leads. Empty where they don't."""
    setting, path = _PAGES[purpose]
    start = settings.get(setting)
    if start is None:
        host = home(settings)
        start = f"{host}{path}" if host else None
    return f"{start}{token}" if start else ""


def shop(settings: Mapping[str, Any]) -> str:
    """The storefront's name in a mail."""
    return home(settings).rpartition("://")[2]


def home(settings: Mapping[str, Any]) -> str:
    """The storefront's address, or nothing."""
    host: str = settings.get("storefront.host", "").rstrip("/")
    return f"https://{host}" if host and "://" not in host else host


def retention(today: date, end: str, reminder: str | None) -> tuple[date, date]:
    """Until when passwords of another system count, and when those who have not signed in are reminded.

    The reminder is between today and the end: by default seven days before it, or tomorrow. Raises Invalid.
    """
    ends = _day("retentionEndDate", end)
    if ends <= today:
        raise Invalid(problems=(Problem.violation("retentionEndDate", f"must be after {today}"),))
    if reminder is None:
        week_before, tomorrow = ends - timedelta(days=7), today + timedelta(days=1)
        return ends, week_before if week_before > today else min(tomorrow, ends)
    reminds = _day("emailReminderDate", reminder)
    if not today <= reminds < ends:
        text = f"must be {today} or later, and before retentionEndDate"
        raise Invalid(problems=(Problem.violation("emailReminderDate", text),))
    return ends, reminds


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        problem = Problem.violation(field, f"{text[:80]!r} is not a day such as 2027-01-31")
        raise Invalid(problems=(problem,)) from None


def tags_of(text: str) -> list[str]:
    """The tags of a comma list. Raises Invalid."""
    tags = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not tags or any(len(tag) > 64 for tag in tags):
        raise Invalid(
            problems=(Problem.violation("tags", "name tags of 1 to 64 characters, comma separated"),)
        )
    return tags


def address_problems(document: dict[str, Any], _before: dict[str, Any] | None) -> list[Problem]:
    """Problems of a postal address."""
    if len(document.get("tags") or []) > MOST_TAGS:
        return [Problem.violation("tags", f"are more than {MOST_TAGS}")]
    return []


def may_log_in(active: bool, on_hold: bool) -> bool:
    """Whether a customer with the right password may log in."""
    return active and not on_hold
