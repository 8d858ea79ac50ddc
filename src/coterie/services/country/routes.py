"""The operations of the country service: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.services.country.operations import countries, regions
from coterie.services.country.schemas import CountryView, RegionView

MANAGE = ("country.country_manage",)

SERVICE = Service(
    name="country",
    title="Country Service",
    prefix="/country/{tenant}",
    dialect=Dialect(
        id_name="entityId",
        details="strings",
        texts={
            "not_found.country": "The country with the requested code does not exist.",
            "not_found.region": "The region with the requested code does not exist.",
            "forbidden": "The access to the given resource is forbidden.",
            "missing_scopes": "The access to the given resource is forbidden.",
            "changed": "The object that you are trying to update has already changed. "
            "Please refresh and try again!",
        },
    ),
    rows=(
        op("GET", "/countries", countries.list_countries, ANY, 200, answer=list[CountryView]),
        op("GET", "/countries/{countryCode}", countries.get_country, ANY, 200, answer=CountryView),
        op("PATCH", "/countries/{countryCode}", countries.patch_country, MANAGE, 204),
        op("GET", "/regions", regions.list_regions, ANY, 200, answer=list[RegionView]),
        op("GET", "/regions/{regionCode}", regions.get_region, ANY, 200, answer=RegionView),
    ),
)
