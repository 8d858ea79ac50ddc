"""Pure decisions: with what a session starts, what a login makes of it, and what clients may say (CONTRACT §3.12)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from coterie.kit.errors import Problem
from coterie.kit.wire import encode
from coterie.services.customer.facade import DEFAULTS, Shopper
from coterie.services.site.facade import Site

Document = dict[str, Any]

OWN_FIELDS = ("siteCode", "currency", "targetLocation", "language", "context")
"""What a visitor may change of his own context."""
COMPANY = "legalEntityId"
"""The attribute that says for which company the customer acts: tokens decide it, no client may."""
MOST_BYTES = 64 * 1024
"""How large a context may get: every visitor has one, and writes to it."""

_SITE = re.compile(r"[^\s#]{1,66}")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9._:@-]{1,100}", re.ASCII)
_FORMS = {
    "siteCode": (_SITE, "the code of a site such as main"),
    "currency": (_CURRENCY, "a currency such as EUR"),
    "targetLocation": (_COUNTRY, "a country code such as DE"),
    "language": (_LANGUAGE, "a language such as en"),
    "customerId": (_ID, "the number of a customer"),
    "cartId": (_ID, "the id of a cart"),
}


def problems(document: Mapping[str, Any]) -> list[Problem]:
    """What a context must not say. A site, currency or cart that is unknown here is not asked about."""
    return list(_problems(document))


def _problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    for field, (form, what) in _FORMS.items():
        value = document.get(field)
        if value is not None and not form.fullmatch(value):
            yield Problem.violation(field, f"{value[:80]!r} is not {what}")
    for name in document.get("context", {}):
        if not 0 < len(name) <= 100:
            yield Problem.violation("context", "the name of an attribute has 1 to 100 characters")
    if len(encode(document)) > MOST_BYTES:
        yield Problem.violation("context", f"would be larger than {MOST_BYTES // 1024} KB; keep less in it")


def attribute_problems(name: str) -> list[Problem]:
    """What speaks against a client setting or removing an attribute."""
    if name == COMPANY:
        return [Problem.violation("key", f"{COMPANY} is decided by the token; ask for one of the company")]
    return []


def started(
    wanted: Mapping[str, Any], site: Site | None, currency: str, language: str, country: str | None = None
) -> Document:
    """The context of a new visit: what it wants, else what its site has.

    site: the one that the visit names, else the default one. currency, language, country: the tenant's, while it has
    no site.
    """
    document = {"currency": currency, "language": language}
    if country is not None:
        document["targetLocation"] = country
    if site is not None:
        document |= {
            "siteCode": site.code,
            "currency": site.currency,
            "targetLocation": site.country,
            "language": site.default_language,
        }
    return {**document, **wanted, "context": {}}


def logged_in(document: Document, customer_id: str, shopper: Shopper, site: Site | None) -> Document:
    """The context once the customer has logged in, as he prefers it.

    site: where he shops now. A preference that is only the default of all customers counts where the site has it.
    """
    result = acting_for({**document, "customerId": customer_id}, None)
    currency, language = _fitting("currency", shopper.currency), _fitting("language", shopper.language)
    if site is not None:
        if result.get("siteCode") != site.code:
            result |= {"siteCode": site.code, "currency": site.currency, "language": site.default_language}
        if currency == DEFAULTS["preferredCurrency"] and currency not in site.currencies:
            currency = None
        language = _spoken(language, site)
    wanted = {
        "currency": currency,
        "language": language,
        "targetLocation": _fitting("targetLocation", shopper.country),
    }
    return {**result, **{name: value for name, value in wanted.items() if value is not None}}


def site_wanted(shopper: Shopper, here: Site | None) -> str | None:
    """The site that a customer is taken to; the default of all customers takes nobody away from a site he is in."""
    if shopper.site == DEFAULTS["preferredSite"] and here is not None:
        return None
    return shopper.site


def _fitting(field: str, value: str | None) -> str | None:
    """A preference that a context can hold: a profile may say what no context can."""
    return value if value is not None and _FORMS[field][0].fullmatch(value) else None


def _spoken(preferred: str | None, site: Site) -> str | None:
    """A preferred language as the site writes it: `en` for `en_US` where that is what it has."""
    if preferred is None or preferred in site.languages:
        return preferred
    short = re.split("[-_]", preferred)[0].lower()
    if short in site.languages:
        return short
    return None if preferred == DEFAULTS["preferredLanguage"] else preferred


def logged_out(document: Document) -> Document:
    """The context once its customer has left: nothing of him is for who comes next."""
    kept = {name: value for name, value in document.items() if name not in ("customerId", "cartId")}
    return {**kept, "context": {}}


def acting_for(document: Document, company: str | None) -> Document:
    """The context of a customer who acts for a company, or for none."""
    rest = {name: value for name, value in document.get("context", {}).items() if name != COMPANY}
    return {**document, "context": rest if company is None else {**rest, COMPANY: company}}


def written(before: Mapping[str, Any], after: Document) -> Document:
    """What a client wrote, with the company that the tokens decided."""
    return acting_for(after, before.get("context", {}).get(COMPANY))


def may_put(stored: str | None, sent: str | None, proven: str | None) -> bool:
    """Whether a context may be written that is of, or becomes, a customer: only who proves to be that customer.

    stored, sent, proven: the customer of the stored context, of the request, and of its saas-token.
    """
    return all(each is None or each == proven for each in (stored, sent))
