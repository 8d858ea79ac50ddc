"""Conversions: of an amount, and the factor between two units."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from coterie.kit.call import Call, Reply
from coterie.kit.clock import new_uuid
from coterie.kit.errors import Invalid, Problem
from coterie.kit.store import Document
from coterie.services.unit_handling.operations.units import named
from coterie.services.unit_handling.rules import units
from coterie.services.unit_handling.schemas import (
    ConversionCommand,
    ConversionInput,
    FactorCommand,
    FactorInput,
)


async def factor(call: Call, source: str, target: str) -> Fraction:
    """How many target units one source unit is. Raises NotFound, or Invalid for units of different types."""
    found = await named(call, {source, target})
    types = [found[code]["type"] for code in (source, target)]
    if types[0] != types[1]:
        message = f"{source} measures {types[0]}, {target} {types[1]}"
        raise Invalid(
            "Units of different type cannot be converted.",
            problems=(Problem.violation("input.targetUnit", message),),
        )
    return units.factor(found[source]["factor"], found[target]["factor"])


async def converted(call: Call, amount: Decimal, source: str, target: str) -> Decimal:
    """The amount in the target unit: exact, or with 28 digits where it has no end. Raises as `factor` does."""
    return units.decimal_of(Fraction(amount) * await factor(call, source, target))


async def conversion_factor(call: Call, body: FactorCommand) -> Reply:
    """How many target units one source unit is."""
    asked = body.input
    if asked.source_unit_amount is not None:
        units.bounded(asked.source_unit_amount, "input.sourceUnitAmount")
    found = units.decimal_of(await factor(call, asked.source_unit, asked.target_unit))
    return _answer(body.command_uuid, asked, {"conversionFactor": units.number(found)})


async def convert_unit(call: Call, body: ConversionCommand) -> Reply:
    """Convert an amount."""
    asked = body.input
    amount = units.bounded(asked.source_unit_amount, "input.sourceUnitAmount")
    found = await converted(call, amount, asked.source_unit, asked.target_unit)
    output = {"targetUnitAmount": units.number(found), "targetUnit": asked.target_unit}
    return _answer(body.command_uuid, asked, output)


def _answer(command: str | None, asked: FactorInput | ConversionInput, output: Document) -> Reply:
    told: Document = {"sourceUnit": asked.source_unit, "targetUnit": asked.target_unit}
    if asked.source_unit_amount is not None:
        told["sourceUnitAmount"] = units.number(asked.source_unit_amount)
    return Reply(201, {"commandUuid": command or new_uuid(), "input": told, "output": output})
