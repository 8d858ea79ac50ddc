"""What other services may ask of countries."""

from __future__ import annotations

from collections.abc import Collection

from coterie.kit.call import Call
from coterie.services.country import rules
from coterie.services.country.operations import countries


async def active(call: Call, codes: Collection[str]) -> set[str]:
    """Those of `codes` that are countries and active for the tenant."""
    return set(codes) - await countries.unusable(call, codes)


async def refusals(call: Call, codes: Collection[str]) -> dict[str, str]:
    """Why those of `codes` can't be named that are no countries, or not active; no statement for none."""
    return {code: rules.refusal(code) for code in await countries.unusable(call, codes)}


def names(code: str, languages: Collection[str]) -> dict[str, str]:
    """A country's names by language; none for what is no country."""
    return dict(rules.named(tuple(languages)).get(code, {}))
