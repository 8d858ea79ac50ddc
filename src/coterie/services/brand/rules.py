"""Pure decisions: the texts of a brand, once plain and once in languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coterie.kit.errors import Problem
from coterie.kit.language import Content

TEXTS = {"name": "localizedName", "description": "localizedDescription"}
"""The plain texts, each with the map of its translations."""


def completed(document: Mapping[str, Any], content: Content, default: str) -> dict[str, Any]:
    """A request's document, whole or a merge object, where each text and its map say the same.

    A plain text alone is also the translation in the language of the request; a map alone gives the plain text, if it
    has one in the tenant's default language.
    """
    texts = dict(document)
    for plain, localized in TEXTS.items():
        text, translations = document.get(plain), document.get(localized)
        if isinstance(text, str) and translations is None and localized not in document:
            texts[localized] = {content.text: text}
        elif isinstance(translations, dict) and plain not in document and default in translations:
            texts[plain] = translations[default]
    return texts


def named(document: Mapping[str, Any]) -> dict[str, Any]:
    """A whole document whose name is there in any language; the first one counts where the default lacks."""
    translations = document.get("localizedName") or {}
    name = document.get("name") or next(iter(translations.values()), "")
    return {**document, "name": name, "localizedName": translations}


def brand_problems(document: Mapping[str, Any], _before: Mapping[str, Any] | None) -> list[Problem]:
    """What a brand must not say."""
    if document["name"].strip():
        return []
    return [Problem.violation("name", "is empty; send name, or localizedName with a text")]
