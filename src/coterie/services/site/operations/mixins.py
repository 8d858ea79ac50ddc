"""Site mixins as a resource of their own: the same that a site shows in `mixins`, one by one, each with its schema."""

from __future__ import annotations

from typing import Any

from coterie.kit.call import Call, Reply
from coterie.kit.errors import Conflict, Invalid, NotFound, Problem
from coterie.kit.patch import PatchError, patched
from coterie.kit.store import Change, Document
from coterie.services.site import rules
from coterie.services.site.operations.sites import KIND, default_locked, stored, write

_NOUN = "mixin"


async def list_mixins(call: Call, site_code: str) -> dict[str, Any]:
    """All mixins of a site, by name."""
    document = KIND.document_of(await stored(call, site_code))
    return {name: rules.mixin_view(document, name) for name in document.get("mixins", {})}


async def get_mixin(call: Call, site_code: str, mixin_name: str) -> dict[str, Any]:
    """One mixin: its values, and its schema's URL as `metadata.schema`."""
    document = KIND.document_of(await stored(call, site_code))
    _must_have(document, mixin_name)
    return rules.mixin_view(document, mixin_name)


async def create_mixin(call: Call, site_code: str, body: dict[str, Any]) -> Reply:
    """Add a mixin, given as an object with its name as the one key."""
    name, value = rules.named_mixin(body)
    current = await default_locked(call)
    document = KIND.document_of(await stored(call, site_code))
    if name in document.get("mixins", {}):
        raise Conflict(f"Mixin {name} already exists for site {site_code}")
    await _keep(call, site_code, rules.with_mixin(document, name, value), current)
    return Reply(201, {"id": name})


async def replace_mixin(call: Call, site_code: str, mixin_name: str, body: dict[str, Any]) -> None:
    """Replace the values of a mixin, and its schema where the body names one."""
    current = await default_locked(call)
    document = KIND.document_of(await stored(call, site_code))
    _must_have(document, mixin_name)
    value = rules.unwrapped(body, mixin_name)
    await _keep(call, site_code, rules.with_mixin(document, mixin_name, value), current)


async def patch_mixin(call: Call, site_code: str, mixin_name: str, body: dict[str, Any]) -> None:
    """Merge an object into a mixin; null removes a value."""
    current = await default_locked(call)
    document = KIND.document_of(await stored(call, site_code))
    _must_have(document, mixin_name)
    before = rules.mixin_view(document, mixin_name)
    try:
        value = patched(before, rules.unwrapped(body, mixin_name), frozenset())
    except PatchError as error:
        raise Invalid(problems=(Problem.violation(error.path or "", str(error)),)) from None
    await _keep(call, site_code, rules.with_mixin(document, mixin_name, value), current)


async def delete_mixin(call: Call, site_code: str, mixin_name: str) -> None:
    """Take a mixin off a site."""
    current = await default_locked(call)
    document = KIND.document_of(await stored(call, site_code))
    _must_have(document, mixin_name)
    await _keep(call, site_code, rules.without_mixin(document, mixin_name), current)


def _must_have(document: Document, name: str) -> None:
    if name not in document.get("mixins", {}):
        raise NotFound(_NOUN, name)


async def _keep(call: Call, site_code: str, document: Document, current: str | None) -> None:
    await write(call, Change((site_code,), document, "replace"), current)
