"""The operations of the unit handling service: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.services.unit_handling.operations import conversions, units
from coterie.services.unit_handling.schemas import CodeView, ConversionView, FactorView, UnitView

MANAGE = ("unithandling.unit_manage",)

_UNIT = "/units/{unitCode}"

# Its document shows errors in the envelope of the newer services.
SERVICE = Service(
    name="unit_handling",
    title="Unit Handling Service",
    prefix="/unit-handling/{tenant}",
    dialect=Dialect(
        id_name="unitCode",
        details="strings",
        texts={
            "invalid": "There is a validation error. Please check the details.",
            "not_found.unit": "The unit with code {id} has not been found.",
            "exists.unit": "The unit with given code already exists.",
            "forbidden": "The access to the given resource is forbidden.",
            "missing_scopes": "The access to the given resource is forbidden.",
        },
    ),
    rows=(
        op("GET", "/types", units.list_types, ANY, 200, answer=list[str]),
        op("GET", "/units", units.list_units, ANY, 200, answer=list[UnitView]),
        op("POST", "/units", units.create_unit, MANAGE, 201, answer=CodeView),
        op("DELETE", "/units", units.delete_units, MANAGE, 204),
        op("GET", _UNIT, units.get_unit, ANY, 200, answer=UnitView),
        op("PUT", _UNIT, units.replace_unit, MANAGE, 204),
        op("DELETE", _UNIT, units.delete_unit, MANAGE, 204),
        # They change nothing, whatever their method says.
        op(
            "PUT",
            "/units/conversion-factor-commands",
            conversions.conversion_factor,
            ANY,
            201,
            answer=FactorView,
            mode="read",
        ),
        op(
            "PUT",
            "/units/convert-unit-commands",
            conversions.convert_unit,
            ANY,
            201,
            answer=ConversionView,
            mode="read",
        ),
    ),
)
