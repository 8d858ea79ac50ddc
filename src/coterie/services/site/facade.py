"""What other services may ask of sites."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from coterie.kit.call import Call
from coterie.kit.store import Document
from coterie.services.site.operations import sites


@dataclass(frozen=True)
class Site:
    """A site as other services need it. Currencies are ISO 4217, languages and countries have two letters.

    currencies: all that it sells in. country: where its home base is.
    """

    code: str
    currency: str
    currencies: tuple[str, ...]
    country: str
    languages: tuple[str, ...]
    default_language: str


async def existing(call: Call, codes: Collection[str]) -> set[str]:
    """Those of `codes` that are sites; none of them can be deleted until the transaction ends."""
    return await sites.existing(call, codes)


async def default_site(call: Call) -> Site | None:
    """The tenant's default site, or None while it has no site."""
    return _site(await sites.default_document(call))


async def get(call: Call, code: str) -> Site | None:
    """The site, whether active or not, or None."""
    return _site(await sites.document(call, code))


async def misfits(call: Call) -> list[str]:
    """What sites have that is not the tenant's, languages and currencies, each as a sentence's beginning."""
    return await sites.misfits(call)


def _site(document: Document | None) -> Site | None:
    if document is None:
        return None
    return Site(
        code=document["code"],
        currency=document["currency"],
        currencies=(document["currency"], *document.get("availableCurrencies", ())),
        country=document["homeBase"]["address"]["country"],
        languages=tuple(document["languages"]),
        default_language=document["defaultLanguage"],
    )
