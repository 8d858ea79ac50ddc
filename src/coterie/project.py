"""What a tenant is made of as its configurations say it: languages, currencies and country. Pure.

`project_lang` and `project_curr` are lists of objects with an `id`, one of them the `default`; they may come as JSON
text of such a list, as the reference writes them. `project_country` is a country code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

LANGUAGES, CURRENCIES, COUNTRY = "project_lang", "project_curr", "project_country"

LANGUAGE_ID = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}"
CURRENCY_ID = r"[A-Z]{3}"
COUNTRY_ID = r"[A-Z]{2}"

_MOST = 200


def ids(value: object, form: str) -> tuple[str, ...]:
    """The ids of such a list, the default one first; empty for what is none.

    Without a default the first one is. Ids that differ in case only are the same.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return ()
    if not isinstance(value, list) or not 0 < len(value) <= _MOST:
        return ()
    found: list[str] = []
    default: list[str] = []
    for each in value:
        name = each.get("id") if isinstance(each, dict) else None
        if not isinstance(name, str) or not re.fullmatch(form, name, re.ASCII):
            return ()
        found.append(name)
        if each.get("default") is True:
            default.append(name)
    if len({name.lower() for name in found}) < len(found) or len(default) > 1:
        return ()
    return tuple(dict.fromkeys((*default, *found)))


def languages(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The languages that the tenant's settings name, the default first; empty where they name none."""
    return ids(settings.get(LANGUAGES), LANGUAGE_ID)


def currencies(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The currencies that they name, the default first; empty where they name none."""
    return ids(settings.get(CURRENCIES), CURRENCY_ID)


def listed(labels: Mapping[str, str]) -> str:
    """The text of such a list, from ids and labels, the default first."""
    entries = [
        {"id": id, "label": label, "default": at == 0, "required": at == 0}
        for at, (id, label) in enumerate(labels.items())
    ]
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
