"""What travels: units and conversions. Numbers are decimals, exact to the last digit."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from coterie.kit.wire import Listed, MetadataView, Wire
from coterie.seeds.lists import SeedsQuery

Text = str | dict[str, str]
"""A localised text: in one language, or as a map from language to text (CONTRACT §2.6)."""

Codes = Listed[str]


class BasedOn(Wire):
    """The version that a change is based on."""

    version: int | None = None


class UnitCreation(Wire):
    """Body of POST; `factor` is how many base units of its type the unit is."""

    code: str
    name: Text
    type: str
    base_unit: bool
    factor: Decimal
    symbol: str | None = None


class UnitUpdate(UnitCreation):
    """Body of PUT; it replaces the unit completely, and its code is the path's."""

    metadata: BasedOn | None = None


class UnitView(Wire):
    """A unit as clients see it; its name is empty in a language that it lacks."""

    code: str
    name: Text
    type: str
    base_unit: bool
    factor: Decimal
    metadata: MetadataView
    symbol: str | None = None


class CodeView(Wire):
    """The answer of an operation that created a unit."""

    code: str


class UnitsQuery(SeedsQuery):
    """Query parameters of the list of units; each narrows it by the field it is named like."""

    code: str | None = None
    name: str | None = None
    type: str | None = None
    symbol: str | None = None
    base_unit: str | None = None
    factor: str | None = None
    version: str | None = msgspec.field(name="metadata.version", default=None)


class FactorInput(Wire):
    """Which units a factor is asked for."""

    source_unit: str
    target_unit: str
    source_unit_amount: Decimal | None = None


class FactorCommand(Wire):
    """Body of a command that asks for a factor; the id is the client's, to recognise the answer by."""

    input: FactorInput
    command_uuid: str | None = None


class ConversionInput(Wire):
    """What is to be converted."""

    source_unit: str
    target_unit: str
    source_unit_amount: Decimal


class ConversionCommand(Wire):
    """Body of a command that converts an amount."""

    input: ConversionInput
    command_uuid: str | None = None


class InputView(Wire):
    """What was asked for."""

    source_unit: str
    target_unit: str
    source_unit_amount: Decimal | None = None


class FactorOutput(Wire):
    """How many target units one source unit is."""

    conversion_factor: Decimal


class FactorView(Wire):
    """The answer to a command that asks for a factor."""

    command_uuid: str
    input: InputView
    output: FactorOutput


class ConversionOutput(Wire):
    """The amount in the target unit."""

    target_unit_amount: Decimal
    target_unit: str


class ConversionView(Wire):
    """The answer to a command that converts an amount."""

    command_uuid: str
    input: InputView
    output: ConversionOutput
