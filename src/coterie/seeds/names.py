"""Names of countries and regions, currencies, languages and units from CLDR, in any language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.numbers import format_decimal
from babel.units import format_unit

CURRENCIES: frozenset[str] = frozenset(get_global("all_currencies"))
"""The codes of ISO 4217, those of withdrawn currencies included: old prices and orders are in them."""

_KNOWN_LANGUAGES = 128
_LENGTHS: tuple[Literal["long", "short"], ...] = ("long", "short")


@lru_cache(_KNOWN_LANGUAGES)
def territories(language: str) -> Mapping[str, str]:
    """Countries by ISO 3166-1 code and regions by UN M.49 number; in English where CLDR lacks the language."""
    return _over_english("territories", language)


@lru_cache(_KNOWN_LANGUAGES)
def currencies(language: str) -> Mapping[str, str]:
    """Currencies by ISO 4217 code; in English where CLDR lacks the language."""
    return _over_english("currencies", language)


@lru_cache(64 * _KNOWN_LANGUAGES)
def unit(key: str, language: str) -> str:
    """A unit, such as `mass-kilogram`, in the words for one of it; where a language has none, in its symbol there."""
    locale = _locale(language)
    digit = format_decimal(1, locale=locale)
    found = (format_unit(1, key, length, locale=locale).replace(digit, "", 1).strip() for length in _LENGTHS)
    # What is missing is formatted as the key itself.
    return next((text for text in found if text != key), None) or unit(key, "en")


@lru_cache(_KNOWN_LANGUAGES)
def language_name(tag: str) -> str:
    """The English name of a language."""
    name = _locale(tag).get_display_name("en")
    return name or tag


def currency_names(code: str, languages: Iterable[str]) -> dict[str, str]:
    """A currency in each of these languages; the code where CLDR has no name for it."""
    return {language: currencies(language).get(code, code) for language in languages}


def _over_english(kind: str, language: str) -> Mapping[str, str]:
    own, english = getattr(_locale(language), kind), getattr(_locale("en"), kind)
    return MappingProxyType({**english, **own})


@lru_cache(_KNOWN_LANGUAGES)
def _locale(tag: str) -> Locale:
    """The locale of a language tag, or of the language that it starts with, or English."""
    for name in (tag, tag.partition("-")[0]):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")
