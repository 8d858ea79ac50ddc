"""Pure decisions: what a configuration may say, what a change keeps, what storefronts may read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from coterie import project
from coterie.kit.caller import Caller
from coterie.kit.errors import CoterieError, Malformed, Problem
from coterie.kit.tenants import Tenant
from coterie.kit.wire import parse
from coterie.seeds import names
from coterie.services.configuration.schemas import Configuration
from coterie.tenant_settings import TENANT_SETTINGS

Document = dict[str, Any]

MASK = "********"
"""What a secured value reads as; sent back, it stands for the value that is stored."""

PUBLIC_KEYS = frozenset(
    {
        "project_country",
        "project_curr",
        "project_lang",
        "storefront.host",
        "storefront.htmlPage",
        "taxConfiguration",
        "unitConf",
        "packagingConf",
    }
)
"""What a storefront needs to show prices and texts. Other keys may hold what is nobody else's business."""

# A key is a part of a path and of the comma list `keys`.
_KEY = re.compile(r"[^\s/,?#%]{1,200}")


def is_storefront(caller: Caller) -> bool:
    """Whether the token is a storefront's, which has no scope for configurations but reads the public keys."""
    return caller.kind in ("anonymous", "customer")


def wanted(keys: str | None) -> set[str] | None:
    """The keys of a comma list; None: all."""
    return None if keys is None else {key.strip() for key in keys.split(",")} - {""}


def listed(value: Any) -> frozenset[str] | None:
    """What a configuration lists, as JSON or as a text of it; None when it is no list."""
    if isinstance(value, str):
        try:
            value = parse(value.encode())
        except Malformed:
            return None
    return frozenset(map(str, value)) if isinstance(value, list) else None


def initial(tenant: Tenant) -> dict[str, str]:
    """What the tenant is made of as configurations have it, for those that it never set."""
    tongues, english = tenant.languages, names.currencies("en")
    tags = dict.fromkeys((tongues.default, *tongues.supported))
    return {
        project.LANGUAGES: project.listed({tag: names.language_name(tag) for tag in tags}),
        project.CURRENCIES: project.listed({code: english.get(code, code) for code in tenant.currencies}),
    }


def with_settings(
    stored: Mapping[str, Document], settings: Mapping[str, Any], initial: Mapping[str, Any]
) -> dict[str, Document]:
    """The tenant's configurations by key: what is stored, and each tenant setting at its value of now.

    A setting that was never changed has its default and version 0; one without a default is not there then. `initial`
    are defaults that are the tenant's own.
    """
    unset = {name: initial.get(name, setting.default) for name, setting in TENANT_SETTINGS.items()}
    known = {
        name: {
            "key": name,
            "secured": False,
            "version": int(name in settings),
            **stored.get(name, {}),
            "value": settings.get(name, default),
        }
        for name, default in unset.items()
        if name in settings or default is not None
    }
    return {**stored, **known}


def defaults(keys: Collection[str] | None) -> list[Document]:
    """What holds for every tenant until it says otherwise."""
    return [
        {
            "key": each.name,
            "value": each.default,
            "version": 1,
            "secured": False,
            "readOnly": True,
            "description": each.help,
        }
        for each in sorted(TENANT_SETTINGS.values(), key=lambda setting: setting.name)
        if each.default is not None and (keys is None or each.name in keys)
    ]


def merged(body: Configuration, before: Document | None) -> Document:
    """The configuration that a request makes of the stored one.

    `secured`, `restricted` and `schemaUrl` stay once they are set; the mask keeps a secured value. The value of a
    switch that came as text becomes true or false, if it is allowed.
    """
    old = before or {}
    document: Document = {"key": body.key, "value": body.value, "version": old.get("version", 0) + 1}
    document["secured"] = bool(body.secured or old.get("secured"))
    if old.get("secured") and body.value == MASK:
        document["value"] = old["value"]
    optional = {
        "description": body.description,
        "restricted": body.restricted or old.get("restricted"),
        "readOnly": body.read_only,
        "schemaUrl": body.schema_url or old.get("schemaUrl"),
    }
    return document | {name: value for name, value in optional.items() if value is not None}


def problems(document: Document, before: Document | None, *, setting: bool) -> Iterator[Problem]:
    """What a configuration must not say; `setting`: its key may be one of a tenant setting."""
    key, value = document["key"], document["value"]
    if not _KEY.fullmatch(key):
        text = f"{key[:80]!r} is not a key; use 1 to 200 characters, none of them a space or one of / , ? # %"
        yield Problem.violation("key", text)
    if value is None:
        yield Problem.violation("value", "is required; delete the configuration to have none")
    if document["secured"] and not isinstance(value, str):
        yield Problem.violation("secured", "only a string can be secured; send the value as a string")
    known = TENANT_SETTINGS.get(key) if setting else None
    if known is not None and document["secured"]:
        yield Problem.violation("secured", f"{key} is a setting of the engine and can't be secured")
    if known is not None and value is not None and known.accepted(value) is None:
        yield Problem.violation("value", f"{str(value)[:80]!r} is not a value of {key}; use {known.allowed}")
    elif key == project.CURRENCIES and setting:
        for code in project.ids(value, project.CURRENCY_ID):
            if code not in names.CURRENCIES:
                yield Problem.violation("value", f"{code} is not a currency of ISO 4217")
    if before is not None and before.get("readOnly"):
        yield Problem.violation("readOnly", f"{key} is read-only; it can't be updated")
    url = (before or {}).get("schemaUrl")
    if url is not None and document["schemaUrl"] != url:
        yield Problem.violation("schemaUrl", f"is {url} and can't be changed")


def shown(document: Document, client: str) -> Document:
    """The configuration as clients see it; `client` is empty for one of the tenant itself."""
    view = {**document, "value": MASK} if document["secured"] else dict(document)
    return {"_id": f"{client}_{document['key']}", "client": client, **view} if client else view


def whose(client: str, tenant: str) -> str:
    """Whose configuration a message speaks of."""
    return f"the client '{client}' in the tenant '{tenant}'" if client else f"the tenant '{tenant}'"


def explained(error: CoterieError, text: str) -> CoterieError:
    """The error with a sentence of its own among the details, as this service words everything."""
    error.problems = (Problem("", "", text),)
    return error
