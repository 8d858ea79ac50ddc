"""What other services may ask of units."""

from __future__ import annotations

from decimal import Decimal

from coterie.kit.call import Call
from coterie.services.unit_handling.operations import conversions


async def convert(call: Call, amount: Decimal, source: str, target: str) -> Decimal:
    """The amount of `source` units in `target` units: exact, or with 28 digits where it has no end.

    Raises NotFound for a code that is no unit, Invalid for units of different types.
    """
    return await conversions.converted(call, amount, source, target)
