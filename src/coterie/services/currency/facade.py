"""What other services may ask of currencies."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from coterie.kit.call import Call
from coterie.services.currency import rules
from coterie.services.currency.operations import currencies, exchanges


async def defined(call: Call, codes: Collection[str]) -> set[str]:
    """Those of `codes` that are the tenant's currencies; none of them can be deleted until the transaction ends."""
    return await currencies.defined(call, codes)


async def refusals(call: Call, codes: Collection[str]) -> dict[str, str]:
    """Why those of `codes` can't be named that are not the tenant's currencies.

    No statement where all are what the tenant has from the start.
    """
    known = await currencies.defined(call, codes)
    return {code: rules.not_defined(code) for code in codes if code not in known}


async def rate(call: Call, source: str, target: str) -> Decimal | None:
    """How much of the target currency one of the source currency is; None without an exchange rate, 1 for itself."""
    return await exchanges.rate(call, source, target)
